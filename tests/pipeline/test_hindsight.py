"""A look back stands beside what would have paged and changes nothing of it; it keeps a budget of its own."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import Incident, MetricFrame
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.pipeline.hindsight import NO_PAGE, live, look_back

RUN = ("experiment=csv", "data.path=metrics.csv", "forecaster=none")
WEEK = 7 * 288


@cache
def _shipped():
    """Return the settings of the threshold as they ship; composing them takes longer than a test should."""
    return composed(["detector=baseline"])["threshold"]


def _noise(rows, seed=0):
    return np.random.default_rng(seed).normal(100.0, 5.0, rows)


def _frame(values, incidents=None):
    rows = values.reshape(len(values), -1)
    clock = pd.date_range("2024-01-01", periods=len(rows), freq="5min", tz="UTC")
    return MetricFrame("x", clock, rows, tuple(f"m{n}" for n in range(rows.shape[1])), incidents)


def _looked(frame, *overrides):
    """Return what would have paged, and what is found in hindsight."""
    parts = build_parts(composed(["experiment=csv", "data.path=x", "forecaster=none", *overrides]))
    split, stage = parts.split.split(frame), Stages().stage
    prepared = prepare(frame, split, parts.features, stage)
    detected = detect(frame, split, prepared, parts, stage)
    return detected, look_back(frame, split, prepared, detected, parts, stage)


def _rows(frame, alerts):
    """Return first and last row of each alert."""
    return [tuple((frame.time.asi8.searchsorted([one.start, one.end]) - [0, 1]).tolist()) for one in alerts]


def test_nothing_of_it_reaches_what_would_have_paged(command, tmp_path):
    """With and without a look back scores, bands, levels, flags, alerts, measures and the model are the same to the byte."""
    values = _noise(2 * WEEK)
    values[3000:3008] += 60.0
    table = pd.DataFrame({"time": _frame(values).time, "cpu": values})
    table.to_csv(tmp_path / "metrics.csv", index=False)
    (tmp_path / "known.json").write_text(json.dumps([[str(table["time"][3000]), str(table["time"][3008])]]))
    kept = []
    for switch in ("true", "false"):
        code, _, err = command(*RUN, "data.incidents=known.json", f"hindsight={switch}")
        assert (code, err) == (0, "")
        run = tmp_path / "outputs/latest"
        scores = pd.read_parquet(run / "scores.parquet")
        assert ("hindsight" in scores) == (switch == "true")
        record = json.loads((run / "record.json").read_text())
        assert (record["hindsight"] is not None) == (switch == "true")
        arrays = {
            path.name: path.read_bytes() for path in (run / "model").iterdir() if path.suffix != ".json"
        }
        assert arrays
        kept.append(
            {
                "scores": scores.drop(columns=["hindsight", "hindsight_level"], errors="ignore").to_csv(),
                "alerts": (run / "alerts.csv").read_bytes(),
                "strongest": (run / "artifacts/top_50_anomalies.csv").read_bytes(),
                "picture": (run / "images/anomaly_plot.png").read_bytes(),
                "detection": record["detection"],
                "model": arrays,
            }
        )
    assert kept[0] == kept[1]


@pytest.mark.parametrize("length", [1, 4, 12, 36, 5000])
def test_it_begins_where_the_incident_does(length):
    """Neither a row early nor late, be it a blip, an hour or a change that stays, and there is one alert for it."""
    values = _noise(2 * WEEK)
    values[2500 : 2500 + length] += 80.0
    frame = _frame(values)
    _, back = _looked(frame, "threshold.pages_per_week=3")
    starts = [start for start, _ in _rows(frame, back.found.alerts)]
    assert starts == [2500]


def test_a_quiet_history_has_nothing():
    """Where nothing happened the level is no lower than what other series showed, so nothing is found."""
    detected, back = _looked(_frame(_noise(2 * WEEK, 5)), "threshold.pages_per_week=2")
    assert not back.found.alerts
    assert back.level == pytest.approx(detected.levels[0])


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 2.0, 4.0]))
def test_it_has_a_budget_of_its_own(seed, budget):
    """The level leaves no more pages than the budget of all weeks, and a larger budget never has a higher level."""
    generator = np.random.default_rng(seed)
    scores = np.zeros(3 * WEEK)
    at = generator.integers(0, len(scores), 60)
    scores[at] = generator.exponential(8.0, len(at)) + 2.0
    levels = []
    for pages in (budget, 2 * budget):
        threshold = build("threshold", _shipped() | {"pages_per_week": pages})
        threshold.start(pd.Timedelta("5min"))
        levels.append(threshold.hindsight(scores))
        flagged = np.flatnonzero(scores > levels[-1])
        assert 1 + (np.diff(flagged) > 24).sum() <= max(1, 3 * pages)
    assert levels[1] <= levels[0]


def test_what_live_could_not_know_is_found_and_said():
    """An anomaly before there is much of a history pages nobody at the time; in hindsight it is unusual, and both is said."""
    values = _noise(2 * WEEK, 3)
    values[40:44] += 60.0
    values[3000:3004] += 80.0
    frame = _frame(values, (Incident(_frame(values).time[40], _frame(values).time[44], 1),))
    detected, back = _looked(frame, "threshold.pages_per_week=2")
    assert [row for row, _ in _rows(frame, detected.alerts)] == [3000]
    first, second = zip(back.found.alerts, back.paged, strict=True)
    assert [row for row, _ in _rows(frame, back.found.alerts)] == [40, 3000]
    assert live(frame, *first) == NO_PAGE
    assert live(frame, *second) == "paged at 2024-01-11 10:00, at the start"
    assert back.missed_first()[0][0] is first[0]
    assert back.caught == (1, 1, 0)
    assert first[0].reason.startswith("m0 = 1")


def test_silence_and_a_metric_that_came_later():
    """Missing data are found in hindsight too; the time before a metric's first value is none of that."""
    values = np.column_stack([_noise(2 * WEEK, 1), _noise(2 * WEEK, 2)])
    values[:1500, 1] = np.nan
    values[3000:3040] = np.nan
    frame = _frame(values)
    detected, back = _looked(frame, "threshold.pages_per_week=2")
    (live_start, _), (start, end) = (
        _rows(frame, alerts)[0] for alerts in (detected.alerts, back.found.alerts)
    )
    assert len(back.found.alerts) == 1
    assert 3000 <= start <= live_start
    assert 3038 <= end <= 3045
    assert np.nanmax(back.found.scores[:1500]) < back.level


def test_only_where_a_detector_can(command, tmp_path):
    """Another detector, or another threshold, leaves it out; a wrong switch is one line."""
    pd.DataFrame({"time": _frame(_noise(600)).time, "cpu": _noise(600)}).to_csv(
        tmp_path / "metrics.csv", index=False
    )
    for other in ("detector=gaussian", "threshold=contamination"):
        assert command(*RUN, other)[0] == 0
        assert json.loads((tmp_path / "outputs/latest/record.json").read_text())["hindsight"] is None
    code, _, err = command(*RUN, "hindsight=perhaps")
    assert code == 2
    assert "hindsight" in err
    assert "'perhaps'" in err


def test_it_is_told_apart(command, tmp_path):
    """Screen and page say what would have paged first, then what is found in hindsight, and that it is no estimate."""
    values = _noise(2 * WEEK)
    values[3000:3008] += 60.0
    pd.DataFrame({"time": _frame(values).time, "cpu": values}).to_csv(tmp_path / "metrics.csv", index=False)
    _, out, _ = command(*RUN, "threshold.pages_per_week=2")
    said = " ".join(out.split())
    assert "Looking back (with what came later known): 1 unusual stretch; live would have paged for 1" in said
    assert said.index("1 alert in") < said.index("Looking back")
    page = (tmp_path / "outputs/latest/report.html").read_text()
    assert page.index("Alerts, strongest first") < page.index("Looking back, with what came later known")
    assert "no estimate of what a live monitor does" in page
