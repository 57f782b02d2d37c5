"""``sre-anomaly export grafana``: a dashboard for the model of a run."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sre_anomaly.errors import UserError, did_you_mean
from sre_anomaly.export.dashboard import VALUE, Watched, dashboard, kept_from_grafana
from sre_anomaly.io.asked.prometheus_metrics import expressions_of
from sre_anomaly.model.folder import read_manifest
from sre_anomaly.records import write_json

FLEET = "prometheus_fleet"
SOURCES = ("prometheus", FLEET)
ENTITY = "\ue000"
"""Holds the place of the entity for a moment: a character for private use."""
RULES_LABELS = ("model",)
"""What `sre-anomaly export rules` says in each series beside the metric."""
SERVICE_LABELS = ("job", "entity")
KEYS = ("model", "to", "source", "labels", "alert", "datasource", "title", "overwrite")
CHOICES = {"source": ("rules", "service"), "overwrite": ("true", "false")}
LABEL = re.compile(r"[a-zA-Z]\w*", re.ASCII)
TAKEN = {"metric", "alertname", "alertstate", "datasource"}
"""No variables: the dashboard has another use for these."""


def export_grafana(words: list[str]) -> None:
    """Write a dashboard for the model of a run: ``model=DIR to=FILE.json``.

    ``source=service`` shows the series of a service instead of those of exported rules. ``labels=instance`` lets one choose
    by other labels than ``model``, ``alert=NAME`` marks alerts of that name alone. ``datasource`` is the name of Grafana's
    data source, ``title`` the dashboard's, and ``overwrite=true`` replaces a file.

    Raises
    ------
    UserError
        If a word is wrong, or the model or the file cannot be used.
    """
    asked = _asked(words)
    target = Path(asked["to"]).expanduser()
    if target.suffix != ".json":
        raise UserError(f"to={target}: a dashboard is a .json file")
    if not target.parent.is_dir():
        raise UserError(f"to={target}: there is no folder {target.parent}")
    if target.exists() and (asked["overwrite"] != "true" or not target.is_file()):
        raise UserError(f"to={target}: is there already; choose another name, or add overwrite=true")
    folder = Path(asked["model"]).expanduser()
    manifest = read_manifest(folder)
    if "metrics" not in manifest:
        raise UserError(f"model={folder}: was trained on a table, and has no metrics to show")
    watched = _watched(manifest, asked)
    title = (
        asked["title"] or f"Anomalies: {manifest['about'].get('experiment') or folder.resolve().parent.name}"
    )
    try:
        write_json(target, dashboard(watched, title, asked["datasource"]))
    except OSError as error:
        raise UserError(f"to={target}: cannot be written ({error.strerror})") from None
    count = len(watched.metrics)
    print(f"{target}: {title!r}, {count} metric{'s' * (count > 1)}; in Grafana: Dashboards, New, Import")
    if asked["source"] == "service" and not watched.expressions:
        print(
            f"Careful: the model was not trained on a Prometheus, so values are asked for as {VALUE}{{metric=...}}"
        )


def _asked(words: list[str]) -> dict[str, str]:
    asked = dict.fromkeys(KEYS, "") | {"to": "dashboard.json", "source": "rules"}
    for word in words:
        key, _, value = word.partition("=")
        if key not in asked:
            raise UserError(f"export grafana: no key is called {key!r}; {did_you_mean(key, asked)}")
        if not value.strip() or value not in CHOICES.get(key, (value,)):
            raise UserError(f"{key}={value}: write {key}={'|'.join(CHOICES.get(key, ('...',)))}")
        asked[key] = value
    if not asked["model"]:
        raise UserError("export grafana: name the model of a run, for example model=outputs/latest/model")
    return asked


def _watched(manifest: Mapping[str, Any], asked: Mapping[str, str]) -> Watched:
    """Return what a model watches."""
    metrics, step = tuple(manifest["metrics"]), int(manifest["step_ns"])
    data = manifest["about"]["config"]["data"]
    if asked["source"] == "rules":
        labels = _labels(asked["labels"]) if asked["labels"] else RULES_LABELS
        return Watched(metrics, step, labels, alert=asked["alert"])
    for key, why in {"labels": f"have {' and '.join(SERVICE_LABELS)}", "alert": "are no alerts"}.items():
        if asked[key]:
            raise UserError(f"{key}={asked[key]}: the series of a service {why}; leave this out")
    known = expressions_of(data["metrics"]) if data["name"] in SOURCES else {}
    own = (data["label"],) if data["name"] == FLEET else ()
    values = {metric: _of_entity(text, *own) for metric, text in known.items()}
    return Watched(metrics, step, SERVICE_LABELS, values, alert=None)


def _of_entity(expression: str, label: str = "") -> str:
    r"""Return an expression with the entity that is chosen where ``$label`` stands, and nothing else that Grafana fills in.

    Examples
    --------
    >>> print(_of_entity('x{host="$host",path="/$job"}', "host"))
    x{host="$entity",path="/\u0024job"}
    """
    parts = expression.replace(f"${label}", ENTITY) if label else expression
    return kept_from_grafana(parts).replace(ENTITY, "$entity")


def _labels(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in text.removeprefix("[").removesuffix("]").split(",")]
    for name in names:
        if not LABEL.fullmatch(name) or name in TAKEN or names.count(name) > 1:
            raise UserError(
                f"labels={text}: {name!r} cannot be chosen by; write labels such as labels=instance or labels=job,instance"
            )
    return tuple(names)
