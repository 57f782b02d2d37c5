"""A Grafana dashboard: each metric in its band, the scores beside their threshold, the alerts.

It is Grafana's classic JSON, which every Grafana since version 8 reads. Nothing in it changes from one run to the next.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sre_anomaly.promql.rule_text import escaped, quoted
from sre_anomaly.promql.tokens import tokens

SCHEMA = 42
"""The version of the dashboard's JSON that Grafana 12 and 13 write; older ones read it too."""
VALUE, EXPECTED, LOWER, UPPER, SCORE = "y", "yhat", "yhat_lower", "yhat_upper", "anomaly_score"
"""The series' names: those of the exported rules and of the service."""
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
VARIABLE = re.compile(r"\$(?=[\w{])|\[\[(?=\w)")
"""Where Grafana may see one of its variables."""
WIDTH, HALF = 24, 12
"""Of Grafana's grid, in its columns."""
BAND = {"mode": "fixed", "fixedColor": "green"}
LINE = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "never", "spanNulls": False}


@dataclass(frozen=True)
class Watched:
    """What a dashboard shows, and how its series are asked for."""

    metrics: tuple[str, ...]
    step: int
    """Nanoseconds between two values."""
    labels: tuple[str, ...] = ()
    """Those that tell one entity from another: a variable for each."""
    expressions: Mapping[str, str] = field(default_factory=dict)
    """Of a metric's value, where it is not recorded as ``y``."""
    alert: str | None = ""
    """The alerts' name in Prometheus, empty for any; None where there are none, and scores above 1 take their place."""

    def selector(self, name: str, *more: str, labels: tuple[str, ...] | None = None) -> str:
        """Return what asks for a series of the entity that is chosen."""
        chosen = [f'{label}="${label}"' for label in (self.labels if labels is None else labels)]
        return f"{name}{{{','.join([*more, *chosen])}}}"

    def of(self, name: str, metric: str) -> str:
        """Return what asks for a series of one metric."""
        return self.selector(name, kept_from_grafana(f"metric={quoted(metric)}"))

    @property
    def any_metric(self) -> str:
        """The matcher for all of the metrics, and none of another model's."""
        return kept_from_grafana(f"metric=~{quoted('|'.join(map(escaped, self.metrics)))}")


def dashboard(watched: Watched, title: str, datasource: str = "") -> dict[str, Any]:
    """Return a dashboard in the shape of Grafana's JSON.

    Examples
    --------
    >>> made = dashboard(Watched(("cpu",), 60_000_000_000), "Web")
    >>> made["uid"], [target["expr"] for target in made["panels"][1]["targets"]][:2]
    ('sre-anomaly-2975104784a4', ['y{metric="cpu"}', 'yhat_upper{metric="cpu"}'])
    """
    return {
        "id": None,
        # The same for the same title, so that importing it again replaces what is there.
        "uid": f"sre-anomaly-{hashlib.sha256(title.encode()).hexdigest()[:12]}",
        "title": title,
        "description": "Each metric with the band in which it was expected. A score above 1 is beyond the threshold.",
        "tags": ["sre-anomaly"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "links": [],
        "templating": {
            "list": [_datasource(datasource), *(_variable(watched, at) for at in range(len(watched.labels)))]
        },
        "annotations": {"list": [_annotation(watched)]},
        "panels": [
            _score_panel(watched),
            *(_metric_panel(watched, at) for at in range(len(watched.metrics))),
        ],
    }


def kept_from_grafana(expression: str) -> str:
    r"""Return an expression in whose strings Grafana finds no variable of its own: no ``$name``, ``${name}`` or ``[[name]]``.

    Examples
    --------
    >>> print(kept_from_grafana('x{a="$job", b=~"5..$"}'))
    x{a="\u0024job", b=~"5..$"}
    """
    for word in reversed(tokens(expression)):
        if word.kind == "string" and VARIABLE.search(word.text):
            text = quoted(word.text[1:-1]) if word.text[0] == "`" else word.text
            said = VARIABLE.sub(lambda mark: r"\u0024" if mark[0] == "$" else r"[\u005b", text)
            expression = expression[: word.start] + said + expression[word.end :]
    return expression


def _datasource(name: str) -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        **({"current": {"text": name, "value": name}} if name else {}),
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
    }


def _variable(watched: Watched, at: int) -> dict[str, Any]:
    """Return the choice of a label's value, among those that go with what was chosen before."""
    label = watched.labels[at]
    asked = (
        f"label_values({watched.selector(SCORE, watched.any_metric, labels=watched.labels[:at])}, {label})"
    )
    return {
        "name": label,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": asked,
        "query": {"query": asked, "refId": "StandardVariableQuery"},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 2,
        "regex": "",
        "skipUrlSync": False,
        "sort": 1,
    }


def _annotation(watched: Watched) -> dict[str, Any]:
    if watched.alert is None:
        asked = f"{watched.selector(SCORE, watched.any_metric)} > 1"
        name, title = "Above the threshold", "{{metric}}"
    else:
        named = [f"alertname={quoted(watched.alert)}"] if watched.alert else []
        asked = watched.selector("ALERTS", *named, 'alertstate="firing"', watched.any_metric)
        name, title = "Alerts", "{{alertname}} {{metric}}"
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "target": {"expr": asked, "interval": _seconds(watched.step), "refId": "Anno"},
        # Before Grafana 12 they stood here.
        "expr": asked,
        "step": _seconds(watched.step),
        "titleFormat": title,
        "tagKeys": ",".join(["metric", "severity", *watched.labels]),
    }


def _score_panel(watched: Watched) -> dict[str, Any]:
    steps = [{"color": "transparent", "value": None}, {"color": "red", "value": 1}]
    defaults = {
        "color": {"mode": "palette-classic"},
        "custom": {**LINE, "axisSoftMin": 0, "axisSoftMax": 1.2, "thresholdsStyle": {"mode": "line"}},
        "thresholds": {"mode": "absolute", "steps": steps},
    }
    asked = [_target("A", watched.selector(SCORE, watched.any_metric), "{{metric}}")]
    place = {"x": 0, "y": 0, "w": WIDTH, "h": 7}
    return _panel(watched, 1, "Anomaly score; above 1 is beyond the threshold", place, defaults, asked)


def _metric_panel(watched: Watched, at: int) -> dict[str, Any]:
    metric, alone = watched.metrics[at], len(watched.metrics) == 1
    value = watched.expressions.get(metric) or watched.of(VALUE, metric)
    asked = [
        _target("A", value, "value"),
        _target("B", watched.of(UPPER, metric), "upper"),
        _target("C", watched.of(LOWER, metric), "lower"),
        _target("D", watched.of(EXPECTED, metric), "expected"),
    ]
    band = {
        "color": BAND,
        "custom.lineWidth": 0,
        "custom.hideFrom": {"legend": True, "tooltip": False, "viz": False},
    }
    overrides = {
        "value": {"color": {"mode": "fixed", "fixedColor": "blue"}, "custom.lineWidth": 2},
        "expected": {"color": BAND, "custom.lineStyle": {"fill": "dash", "dash": [6, 4]}},
        "upper": {**band, "custom.fillBelowTo": "lower", "custom.fillOpacity": 20},
        "lower": band,
    }
    x, row = (0, at) if alone else (HALF * (at % 2), at // 2)
    place = {"x": x, "y": 7 + 8 * row, "w": WIDTH if alone else HALF, "h": 8}
    defaults = {"color": {"mode": "palette-classic"}, "custom": LINE}
    return _panel(watched, 2 + at, metric, place, defaults, asked, overrides)


def _target(ref: str, expression: str, legend: str) -> dict[str, Any]:
    return {
        "refId": ref,
        "datasource": DATASOURCE,
        "expr": expression,
        "legendFormat": legend,
        "editorMode": "code",
        "range": True,
        "instant": False,
    }


def _panel(
    watched: Watched,
    number: int,
    title: str,
    place: Mapping[str, int],
    defaults: Mapping[str, Any],
    asked: list[dict[str, Any]],
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    changes = [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": key, "value": value} for key, value in properties.items()],
        }
        for name, properties in (overrides or {}).items()
    ]
    return {
        "id": number,
        "type": "timeseries",
        "title": title,
        "datasource": DATASOURCE,
        "gridPos": dict(place),
        "interval": _seconds(watched.step),
        "fieldConfig": {"defaults": dict(defaults), "overrides": changes},
        "options": {
            "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
        "targets": asked,
    }


def _seconds(step: int) -> str:
    return f"{max(1, step // 10**9)}s"
