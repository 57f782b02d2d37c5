"""Dashboards: what Grafana's schema says of them, what a real Prometheus answers to their queries, what goes wrong."""

import copy
import json
import re
import time
import urllib.parse
import urllib.request
from pathlib import Path

import jsonschema
import pytest

from prometheus_server import needs_prometheus, prometheus
from sre_anomaly.errors import UserError
from sre_anomaly.export.dashboard import Watched, dashboard, kept_from_grafana
from sre_anomaly.export.grafana import export_grafana
from sre_anomaly.model.folder import Contents
from sre_anomaly.promql.rule_text import quoted

SCHEMA = json.loads(Path(__file__).with_name("grafana_dashboard.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
MINUTE = 60_000_000_000
AWKWARD = ["cpu", 'p99 "latency" \\ $job [[entity]] ${datasource}', "a.b|c", "ünï {{instance}}"]
VARIABLE = re.compile(r"\$(\w+)|\[\[(\w+?)\]\]|\$\{(\w+)[^}]*\}")
"""As Grafana looks for its variables."""


def model(folder, names, **data):
    """Write a model folder with what a dashboard needs to know of it."""
    config = {"data": {"name": "csv", "path": "x.csv"} | data}
    about = {"experiment": "web", "config": config}
    Contents().write(folder, {"metrics": list(names), "step_ns": MINUTE, "about": about})
    return f"model={folder}"


def exported(tmp_path, *words):
    export_grafana([f"to={tmp_path / 'dashboard.json'}", "overwrite=true", *words])
    made = json.loads((tmp_path / "dashboard.json").read_text(encoding="utf-8"))
    VALIDATOR.validate(made)
    return made


def queries(made):
    """Return each panel's queries by what they are called in its legend."""
    return {
        panel["title"]: {target["legendFormat"]: target["expr"] for target in panel["targets"]}
        for panel in made["panels"]
    }


def filled(text, chosen):
    """Return a query as Grafana sends it, with what is chosen."""
    return VARIABLE.sub(lambda found: chosen.get(found[1] or found[2] or found[3], found[0]), text)


def ask(url, what, **asked):
    with urllib.request.urlopen(f"{url}/api/v1/{what}?{urllib.parse.urlencode(asked)}", timeout=10) as reply:
        return json.load(reply)["data"]


def test_the_schema_says_no():
    """The schema is no rubber stamp: it is one itself, and refuses what Grafana would not understand."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    right = dashboard(Watched(("cpu",), MINUTE, ("instance",)), "Web")
    VALIDATOR.validate(right)
    for path, value in {
        ("schemaVersion",): 16,
        ("uid",): "short",
        ("panels", 0, "type"): "graph",
        ("panels", 0, "gridPos", "w"): 30,
        ("panels", 1, "fieldConfig", "defaults", "color", "mode"): "blue",
        ("panels", 1, "fieldConfig", "overrides", 0, "properties", 0, "value"): 3,
        ("panels", 1, "targets", 0, "expression"): "up",
        ("panels", 0, "fieldConfig", "defaults", "thresholds", "steps", 0, "value"): 0,
        ("templating", "list", 1, "query"): {"query": "up"},
        ("annotations", "list", 0, "enable"): "yes",
    }.items():
        wrong = copy.deepcopy(right)
        place = wrong
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        assert not VALIDATOR.is_valid(wrong), path


def test_a_panel_for_each_metric(tmp_path):
    """The score and its threshold line at 1 come first, then each metric with its band, side by side, none over another."""
    made = exported(tmp_path, model(tmp_path / "model", ["cpu", "errors", "latency"]))
    score, *panels = made["panels"]
    assert [panel["title"] for panel in panels] == ["cpu", "errors", "latency"]
    assert queries(made)["errors"] == {
        "value": 'y{metric="errors",model="$model"}',
        "upper": 'yhat_upper{metric="errors",model="$model"}',
        "lower": 'yhat_lower{metric="errors",model="$model"}',
        "expected": 'yhat{metric="errors",model="$model"}',
    }
    assert [target["expr"] for target in score["targets"]] == [
        'anomaly_score{metric=~"cpu|errors|latency",model="$model"}'
    ]
    assert score["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] == 1
    assert score["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] == {"mode": "line"}
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in made["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in made["panels"]}) == 4


def test_the_band_is_filled_between_its_bounds(tmp_path):
    """What the upper bound is filled down to is a series of the same panel, and every override finds its own."""
    for panel in exported(tmp_path, model(tmp_path / "model", AWKWARD))["panels"][1:]:
        legends = {target["legendFormat"] for target in panel["targets"]}
        changes = {
            change["matcher"]["options"]: change["properties"] for change in panel["fieldConfig"]["overrides"]
        }
        assert set(changes) == legends
        fills = {
            name: one["value"]
            for name, all_ in changes.items()
            for one in all_
            if one["id"] == "custom.fillBelowTo"
        }
        assert fills == {"upper": "lower"}


def test_alerts_are_marked(tmp_path):
    """Of rules those that fire; a service has no alerts in Prometheus, so its scores above 1."""
    name = model(tmp_path / "model", ["cpu"])
    (alerts,) = exported(tmp_path, name)["annotations"]["list"]
    assert alerts["target"]["expr"] == 'ALERTS{alertstate="firing",metric=~"cpu",model="$model"}'
    (alerts,) = exported(tmp_path, name, "labels=host", "alert=Odd")["annotations"]["list"]
    expected = 'ALERTS{alertname="Odd",alertstate="firing",metric=~"cpu",host="$host"}'
    assert alerts["target"]["expr"] == expected
    (above,) = exported(tmp_path, name, "source=service")["annotations"]["list"]
    assert above["target"]["expr"] == 'anomaly_score{metric=~"cpu",job="$job",entity="$entity"} > 1'
    assert above["expr"] == above["target"]["expr"]


def test_a_service_shows_the_metrics_own_expressions(tmp_path, capsys):
    """The service does not repeat the value: it is asked for as it was for the model, of the entity that is chosen."""
    asked = {"cpu": 'avg(rate(cpu{instance="$instance"}[5m]))'}
    fleet = model(tmp_path / "fleet", asked, name="prometheus_fleet", metrics=asked, label="instance")
    made = exported(tmp_path, fleet, "source=service")
    assert queries(made)["cpu"]["value"] == 'avg(rate(cpu{instance="$entity"}[5m]))'
    assert queries(made)["cpu"]["expected"] == 'yhat{metric="cpu",job="$job",entity="$entity"}'
    own = model(tmp_path / "own", ["up"], name="prometheus", metrics=["up"])
    assert queries(exported(tmp_path, own, "source=service"))["up"]["value"] == "up"
    assert "Careful" not in capsys.readouterr().out
    exported(tmp_path, model(tmp_path / "csv", ["cpu"]), "source=service")
    assert "Careful: the model was not trained on a Prometheus" in capsys.readouterr().out


def test_variables_choose_the_entity(tmp_path):
    """The model of exported rules is one, or what is asked for; each offers what goes with those before it."""
    name = model(tmp_path / "model", ["cpu"])
    assert [one["name"] for one in exported(tmp_path, name)["templating"]["list"]] == ["datasource", "model"]
    made = exported(tmp_path, name, "labels=[job,instance]", "datasource=Thanos")
    data, job, instance = made["templating"]["list"]
    assert data["current"] == {"text": "Thanos", "value": "Thanos"}
    assert job["definition"] == 'label_values(anomaly_score{metric=~"cpu"}, job)'
    assert instance["query"]["query"] == 'label_values(anomaly_score{metric=~"cpu",job="$job"}, instance)'
    assert queries(made)["cpu"]["value"] == 'y{metric="cpu",job="$job",instance="$instance"}'


def test_written_again_it_is_the_same(tmp_path):
    """Same model and title, same bytes; another title is another dashboard to Grafana."""
    name = model(tmp_path / "model", AWKWARD)
    texts = []
    for title in ("A", "A", "B"):
        made = exported(tmp_path, name, f"title={title}")
        texts.append((tmp_path / "dashboard.json").read_bytes())
        assert made["title"] == title
    assert texts[0] == texts[1]
    assert len({json.loads(text)["uid"] for text in texts}) == 2


def test_strings_that_know_no_escapes_are_kept_from_grafana_too():
    """In backticks nothing can be escaped: the string gets quotes, and a variable outside of strings stays one."""
    assert kept_from_grafana("x{a=~`$job\\d`}[$job]") == r'x{a=~"\u0024job\\d"}[$job]'


@needs_prometheus
@pytest.mark.parametrize(
    ("words", "entity"),
    [
        (["source=rules"], {"model": "shop"}),
        (["source=rules"], {}),
        (["labels=job,instance"], {"job": "shop", "instance": "web1"}),
        (["source=service"], {"job": "shop", "entity": "web1"}),
    ],
)
def test_a_prometheus_answers_its_queries(tmp_path, words, entity):
    """Every query returns the series it is about and no other, whatever metrics are called and with or without a label to choose by."""
    asked = {metric: f"raw{{n={quoted(metric)}}}" for metric in AWKWARD}
    name = model(tmp_path / "model", AWKWARD, name="prometheus", metrics=asked)
    made = exported(tmp_path, name, *words)
    # Grafana fills in nothing for a variable without values.
    chosen = {one["name"]: entity.get(one["name"], "") for one in made["templating"]["list"]}

    now = int(time.time()) // 60 * 60
    series = {}

    def add(measure, value, **labels):
        said = ",".join(f"{label}={quoted(text)}" for label, text in labels.items())
        series[f"{measure}{{{said}}}"] = [(at, value) for at in range(now - 3600, now, 60)]

    values = {"y": 5, "yhat": 4, "yhat_lower": 3, "yhat_upper": 6, "anomaly_score": 1.5}
    for one in (*AWKWARD, "aXb", "other"):
        for measure, value in values.items():
            if "source=service" not in words or measure != "y":
                add(measure, value, metric=one, **entity)
            if entity:
                add(measure, 100, metric=one, **dict.fromkeys(entity, "another"))
        add("raw", 5, n=one)
        add("ALERTS", 1, alertname="UnusualMetric", alertstate="firing", metric=one, **entity)
    with prometheus(tmp_path, series) as url:
        span = {"start": now - 1800, "end": now - 60, "step": 60}
        for title, said in queries(made).items():
            for legend, expression in said.items():
                found = ask(url, "query_range", query=filled(expression, chosen), **span)["result"]
                metrics = {one["metric"].get("metric") or one["metric"]["n"] for one in found}
                assert metrics == ({title} if title in AWKWARD else set(AWKWARD)), (title, legend)
                expected = {"value": "5", "expected": "4", "lower": "3", "upper": "6", "{{metric}}": "1.5"}[
                    legend
                ]
                assert all(value == expected for one in found for _, value in one["values"])
                assert all(len(one["values"]) == 30 for one in found)
        (marks,) = made["annotations"]["list"]
        found = ask(url, "query_range", query=filled(marks["target"]["expr"], chosen), **span)["result"]
        assert {one["metric"]["metric"] for one in found} == set(AWKWARD)
        for variable in made["templating"]["list"][1:]:
            matched, label = re.fullmatch(
                r"label_values\((.+), (\w+)\)", filled(variable["query"]["query"], chosen)
            ).groups()
            offered = ask(
                url, f"label/{label}/values", **{"match[]": matched, "start": now - 1800, "end": now}
            )
            assert (chosen[label] in offered) if entity else offered == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["to=x.json"], "name the model of a run"),
        (["model=MODEL", "to=x.yml"], "to=x.yml: a dashboard is a .json file"),
        (["model=MODEL", "to=nowhere/x.json"], "to=nowhere/x.json: there is no folder nowhere"),
        (
            ["model=MODEL", "to=there.json"],
            "to=there.json: is there already; choose another name, or add overwrite=true",
        ),
        (["model=MODEL", "to=folder.json", "overwrite=true"], "to=folder.json: is there already"),
        (["model=MODEL", "titel=x"], "export grafana: no key is called 'titel'; did you mean 'title'?"),
        (["model=MODEL", "source=prometheus"], "source=prometheus: write source=rules|service"),
        (["model=MODEL", "title="], "title=: write title=..."),
        (["model=MODEL", "labels=job,metric"], "labels=job,metric: 'metric' cannot be chosen by"),
        (["model=MODEL", "labels=a b"], "labels=a b: 'a b' cannot be chosen by"),
        (
            ["model=MODEL", "alert=A", "source=service"],
            "alert=A: the series of a service are no alerts",
        ),
        (
            ["model=MODEL", "labels=job", "source=service"],
            "labels=job: the series of a service have job and entity",
        ),
        (["model=elsewhere"], "model=elsewhere: is no model folder"),
    ],
)
def test_mistakes_are_one_clear_line(tmp_path, monkeypatch, words, said):
    """What is wrong is named as it was typed, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    name = model(tmp_path / "model", ["cpu"])
    (tmp_path / "there.json").write_text("mine")
    (tmp_path / "folder.json").mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UserError) as caught:
        export_grafana([word.replace("model=MODEL", name) for word in words])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "there.json").read_text() == "mine"
