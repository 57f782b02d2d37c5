"""Exported rules: what Prometheus makes of the written files is what our replay says, at every evaluation."""

import json
import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

from sre_anomaly.clock import in_nanoseconds, nanoseconds, parse_duration
from sre_anomaly.export import closest
from sre_anomaly.export.compiled import Compiled, Options, Watched, expressions_of
from sre_anomaly.export.forms import (
    Band,
    candidates,
    fixed,
    z_residual,
)
from sre_anomaly.export.pages import Loss, Timing, lost
from sre_anomaly.export.rule_file import rule_file

SECOND = 10**9
HOUR = 3600 * SECOND
DAY = 24
NOW = Loss(0, 0, 0)
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def history(rows=32 * DAY, seed=0):
    """Return a metric with days, weeks, noise, incidents and gaps, every hour from a Thursday on."""
    dice, hours = np.random.default_rng(seed), np.arange(rows)
    values = 100 + 20 * np.sin(hours * 2 * np.pi / 24) + 8 * ((hours // 24) % 7 < 2)
    values += dice.normal(0, 2, rows)
    for at in dice.integers(DAY, rows - 10, 14):
        values[at : at + dice.integers(1, 9)] += dice.choice([-40.0, 35.0, 60.0])
    for at in dice.integers(DAY, rows - 10, 5):
        values[at : at + dice.integers(1, 9)] = np.nan
    values = values.round(3)
    values[5:9] = values[4]
    return np.arange(rows, dtype=np.int64) * HOUR, values


def promtool(folder, *words):
    done = subprocess.run(
        ["promtool", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def words_of(values):
    """Return values as promtool reads them; a series that is gone is stale."""
    words, there = [], False
    for value in values.tolist():
        words.append(repr(value) if np.isfinite(value) else "stale" if there else "_")
        there = np.isfinite(value)
    return " ".join(words)


def fires_exactly(folder, series, values, step, spans):
    """Return whether Prometheus has the alert of rules.yml firing in just these spans of rows of each metric, and what it says.

    It fires at as many evaluations as a span is long while that lasts, at each of them that is, and at no more in all.
    """
    seconds = step // SECOND

    def asked(metric, rows, last, count):
        fires = f'ALERTS{{alertstate="firing",metric="{metric}"}}[{rows * seconds - seconds // 2}s]'
        return {
            "expr": f"sum(count_over_time({fires})) or vector(0)",
            "eval_time": f"{last * seconds}s",
            "exp_samples": [{"labels": "{}", "value": count}],
        }

    rows, questions = len(values), []
    for metric, of_metric in spans.items():
        questions += [asked(metric, end - first, end - 1, end - first) for first, end in of_metric]
        questions.append(asked(metric, rows, rows - 1, sum(end - first for first, end in of_metric)))
    test = {
        "interval": f"{seconds}s",
        "input_series": [{"series": series, "values": words_of(values)}],
        "promql_expr_test": questions,
    }
    whole = {"rule_files": ["rules.yml"], "evaluation_interval": f"{seconds}s", "tests": [test]}
    (folder / "whole.yml").write_text(json.dumps(whole))
    code, said = promtool(folder, "test", "rules", "whole.yml")
    return code == 0, said[:2000]


def rows_of(spans, times, step):
    return [((start - int(times[0])) // step, (end - int(times[0])) // step) for start, end in spans]


def forms():
    times, values = history()
    half = len(values) // 2
    found = {form.name: (form, 2.5) for form in candidates(values[:half], times[:half], HOUR, 0.25)}
    return found | {
        "fixed limits of a model": (fixed(101.37, 29.123456789), 1.0),
        "rolling z-score": (z_residual(24, 2.5, 1e-8), 2.5),
    }


TIMINGS = [
    Timing(),
    Timing(hold=HOUR, keep=4 * HOUR),
    Timing(keep=2 * HOUR, needed=2, among=3),
]


@needs_promtool
@pytest.mark.parametrize(
    ("timing", "names", "days"),
    [
        pytest.param(
            TIMINGS[0], [name for name in forms() if "week (" not in name], 22, marks=pytest.mark.slow
        ),
        (TIMINGS[0], ["the mean of the hour before", "fixed limits"], 22),
        pytest.param(TIMINGS[0], [name for name in forms() if "week (" in name], 8, marks=pytest.mark.slow),
        (TIMINGS[1], ["the mean of the hour before", "fixed limits"], 22),
        (TIMINGS[2], ["the mean of the hour before", "fixed limits"], 22),
    ],
    ids=["all", "at once", "hours of the week", "for", "two of three"],
)
def test_prometheus_fires_where_the_replay_does(timing, names, days, tmp_path):
    """Every form on a metric with gaps: Prometheus evaluates the written rules, and fires just when the replay does."""
    times, values = (one[: days * DAY] for one in history())
    sides = [
        (name, side)
        for name in names
        for side in ("both", "above", "below")
        if side == "both" or name == "fixed limits"
    ]
    watched, firing = [], {}
    for name, side in sides:
        (form, factor), metric = forms()[name], f"{name}, {side}"
        band = Band(form, factor, side)
        watched.append(Watched(metric, "cpu", band, 0))
        flags = band.flags(values, times, HOUR)
        firing[metric] = rows_of(timing.firings(flags, times, HOUR), times, HOUR)
        assert firing[metric], metric
    rules = Compiled(Options("web", "WebAnomaly"), watched, timing, HOUR, NOW, NOW, None, [], [])
    (tmp_path / "rules.yml").write_text(rule_file(rules, ["a test"]))
    assert promtool(tmp_path, "check", "rules", "rules.yml")[0] == 0
    same, said = fires_exactly(tmp_path, "cpu", values, HOUR, firing)
    assert same, said
    # A difference of one evaluation is told.
    metric, ((first, end), *others) = next(iter(firing.items()))
    assert not fires_exactly(tmp_path, "cpu", values, HOUR, {metric: [(first + 1, end), *others]})[0]


@pytest.fixture
def exported(command, tmp_path, monkeypatch):
    """Return a function that trains on a CSV of a made history and exports the rules."""

    def run(*overrides, words=(), rows=32 * DAY, form=""):
        found = closest.candidates
        monkeypatch.setattr(
            closest, "candidates", lambda *given: (one for one in found(*given) if form in one.name)
        )
        times, values = history(rows)
        if not (tmp_path / "cpu.csv").exists():
            table = pd.DataFrame(
                {
                    "time": pd.to_datetime(times + 3 * 86_400 * SECOND + 10**18 // HOUR * HOUR),
                    "cpu": values,
                }
            )
            table.to_csv(tmp_path / "cpu.csv", index=False)
        code, out, err = command(
            "experiment=csv",
            "data.path=cpu.csv",
            "hindsight=false",
            "forecaster=none",
            "data.interpolate=0s",
            *overrides,
        )
        assert code == 0, err
        code, out, err = command("export", "rules", "model=outputs/latest/model", "to=rules.yml", *words)
        assert code == 0, err
        return out

    return run


@needs_promtool
@pytest.mark.parametrize(
    ("overrides", "form"),
    [
        ((), ""),
        (("data.interpolate=4h",), "3 hours"),
        ((), "same time last week"),
        # A sum of 168 terms takes a Prometheus a while.
        pytest.param((), "hours of the week", marks=pytest.mark.slow),
        (("threshold.pages_per_week=10",), "hours of the day"),
        (("detector=zscore", "features=raw", "threshold.sigmas=2", "alerts=page"), ""),
        (("detector=zscore", "features=zresidual", "features.window=48", "alerts=page"), ""),
        pytest.param(("detector=gaussian", "threshold.contamination=0.01"), "", marks=pytest.mark.slow),
    ],
    ids=[
        "baseline",
        "gaps filled for the model",
        "last week",
        "hours of the week",
        "hours of the day",
        "static",
        "sigma",
        "gaussian",
    ],
)
def test_what_is_stated_is_what_the_written_file_gives(overrides, form, exported, tmp_path):
    """The sentence on the screen, in the file and in the record is what Prometheus gives of the model's own alerts."""
    out = exported(*overrides, words=("name=web", "runbook=https://wiki.example.com/cpu"), form=form)
    for words in (("check", "rules", "rules.yml"), ("test", "rules", "tests.yml")):
        code, said = promtool(tmp_path, *words)
        assert code == 0, said
    record = json.loads((tmp_path / "record.json").read_text())
    table = pd.read_csv(tmp_path / "cpu.csv")
    times = pd.to_datetime(table["time"], utc=True).dt.as_unit("ns").astype("int64").to_numpy()
    pages = [(in_nanoseconds(page["start"]), in_nanoseconds(page["end"])) for page in record["pages"]]
    keep = nanoseconds(parse_duration(" ".join(re.findall(r"\d+[a-z]+", record["keep_firing_for"]))))
    values = table["cpu"].to_numpy()
    begin = int(times[0]) % (7 * 86_400 * SECOND) // HOUR
    padded = np.concatenate([np.full(begin, np.nan), values])
    firing = [(first + begin, end + begin) for first, end in rows_of(pages, times, HOUR)]
    same, said = fires_exactly(tmp_path, "cpu", padded, HOUR, {"cpu": firing})
    assert same, said
    alerts = pd.read_csv(tmp_path / "outputs" / "latest" / "alerts.csv")
    fired, end = (
        pd.to_datetime(alerts[key], utc=True).dt.as_unit("ns").astype("int64") for key in ("fired", "end")
    )
    model = [(a, b + keep) for a, b in zip(fired, end, strict=True)]
    half = int(times[len(times) // 2])
    whole, later = (
        lost(model, pages),
        lost(*([one for one in side if one[0] >= half] for side in (model, pages))),
    )
    assert (record["loss"]["whole"]["given"], record["loss"]["whole"]["more"]) == (whole.given, whole.more)
    assert whole.pages == len(alerts) > 0
    rules = (tmp_path / "rules.yml").read_text()
    for sentence in (f"On this history: {whole}.", f"on which nothing was chosen: {later}."):
        assert sentence in out
        assert sentence in rules
    assert record["statement"] == str(whole)
    assert (
        ("Fixed limits instead" in rules)
        == ("Fixed limits instead" in out)
        == (not record["exact"] and not form)
    )
    if "detector=zscore" in overrides:
        assert record["exact"]
        assert (whole.given, whole.more) == (whole.pages, 0)


@needs_promtool
@pytest.mark.slow
def test_other_names_and_labels(exported, tmp_path):
    """A selector keeps its labels, and any expression can be had; both with tests that pass."""
    for number, expression in enumerate(
        ('node_load1{instance="a:9100", job="node"}', 'sum(rate(requests_total{code=~"5.."}[5m]))')
    ):
        words = (
            f"metrics.cpu={expression}",
            "name=web",
            "severity=ticket",
            "labels={team: web}",
            "for=1h",
            "overwrite=true",
        )
        exported(words=words)
        content = yaml.safe_load((tmp_path / "rules.yml").read_text())
        first, *_, alert = content["groups"][0]["rules"]
        assert expression in first["expr"]
        assert first["labels"] == {"metric": "cpu", "model": "web"}
        assert alert["labels"] == {"severity": "ticket", "team": "web"}
        assert (alert["for"], alert["alert"]) == ("1h", "WebAnomaly")
        code, said = promtool(tmp_path, "test", "rules", "tests.yml")
        assert code == 0, said
        told = (tmp_path / "tests.yml").read_text()
        assert ('instance: "a:9100"' in told) == (number == 0)
        assert len(told.splitlines()) < 120


@pytest.mark.parametrize(
    ("asked", "given", "expected"),
    [
        (None, {}, "CPU_usage"),
        ({"CPU usage": "avg(cpu)"}, {}, "avg(cpu)"),
        ({"CPU usage": "avg(cpu)"}, {"CPU usage": "max(cpu)"}, "max(cpu)"),
        (["CPU usage"], {}, "CPU usage"),
        ("CPU usage", {}, "CPU usage"),
    ],
)
def test_the_promql_of_a_metric(asked, given, expected):
    """It is what is given, else what the model asked its Prometheus for, else the name of the metric made valid."""
    data = {} if asked is None else {"metrics": asked}
    model = SimpleNamespace(about={"config": {"data": data}})
    history = SimpleNamespace(model=model, frame=SimpleNamespace(metrics=("CPU usage",)))
    assert expressions_of(history, given) == {"CPU usage": expected}


def test_mistakes_are_one_line(exported, command, tmp_path):
    """What a user gets wrong is told in a line, and nothing is written."""
    exported("detector=zscore")
    begin = ("export", "rules", "model=outputs/latest/model")
    cases = [
        (("export",), "export: what?"),
        (("export", "rulez"), "did you mean 'rules'"),
        (("export", "rules", "to=x.yml"), "name the model of a run"),
        (("export", "rules", "model=nowhere", "to=x.yml"), "model=nowhere: is no model folder"),
        ((*begin, "to=rules.yml"), "rules.yml: is there already"),
        ((*begin, "to=x.txt"), "ends in .yml"),
        ((*begin, "to=none/x.yml"), "there is no folder none"),
        ((*begin, "to=x.yml", "for=soon"), "for: is not a duration: 'soon'"),
        ((*begin, "to=x.yml", "runbook=wiki/cpu"), "runbook=wiki/cpu: is no address"),
        ((*begin, "to=x.yml", 'metrics={cpuu: "up"}'), "has no metric 'cpuu'; did you mean 'cpu'"),
        ((*begin, "to=x.yml", "metrics={cpu: sum(rate(x[5m]))"), "is no mapping"),
        ((*begin, "to=x.yml", "labels={model: x}"), "cannot be a label"),
        ((*begin, "to=x.yml", "fro=1h"), "no key is called 'fro'; did you mean 'for'"),
    ]
    for words, said in cases:
        code, _, err = command(*words)
        assert (code, said in err, len(err.splitlines())) == (2, True, 1), (words, err)
    (tmp_path / "cpu.csv").rename(tmp_path / "moved.csv")
    code, _, err = command(*begin, "to=x.yml")
    assert (code, "cannot be read any more" in err, len(err.splitlines())) == (2, True, 1), err
    code, _, err = command(*begin, "to=x.yml", "data.path=moved.csv")
    assert (code, err) == (0, "")
    names = {path.name for path in tmp_path.iterdir()}
    assert {"x.yml", "x_tests.yml", "x_record.json"} < names
    assert re.search("rule_files:\n  - x.yml", (tmp_path / "x_tests.yml").read_text())
