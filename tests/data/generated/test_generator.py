import inspect
import json
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import ConfigDict, ValidationError, create_model

from sre_anomaly.cli.generate import incident_windows, label_table
from sre_anomaly.data.generated._incidents import ANOMALIES, HARD_NEGATIVES, AnomalyPlan, usual_plans
from sre_anomaly.data.generated._load import METRICS
from sre_anomaly.data.generated.generator import Generator
from sre_anomaly.data.generated.inject import Inject
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Incident, MetricFrame
from sre_anomaly.registry import lookup
from sre_anomaly.sources import DataSource

CONF = Path(__file__).parents[3] / "conf" / "data"
SMALL = {"days": 14, "count": 1, "hard_negative_count": 1}


def frame_of(**arguments):
    return next(Generator(**arguments).frames())


def checked(cls):
    """Return a pydantic model of a constructor's signature, as `build` makes one."""
    hints = get_type_hints(cls.__init__, include_extras=True)
    fields = {
        name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(cls).parameters.items()
    }
    return create_model("_", __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=True), **fields)


class Series(DataSource):
    """Two metrics with names of their own, one gap and perhaps one known incident."""

    def __init__(self, incidents=None, rows=288 * 20):
        rng = np.random.default_rng(1)
        clock = pd.date_range("2024-03-01", periods=rows, freq="5min", tz="UTC")
        values = np.column_stack([rng.gamma(3.0, 10.0, rows), 1e6 + rng.normal(0, 50, rows)])
        values[100:160, 0] = np.nan
        self.frame = MetricFrame("series", clock, values, ("queue_depth", "bytes"), incidents)

    def frames(self):
        yield self.frame


def test_default_is_what_the_yaml_says():
    """The YAML lists every option and every type, and equals the constructor's defaults."""
    written = yaml.safe_load((CONF / "generator.yaml").read_text())
    assert written.pop("name") == "generator"
    assert written.pop("seed") == "${seed}"
    built = Generator(**{name: getattr(checked(Generator)(**written), name) for name in written})
    assert built == Generator()
    assert set(written) | {"seed"} == set(inspect.signature(Generator).parameters)
    assert list(built.types) == list(ANOMALIES)


def test_inject_yaml_equals_the_defaults():
    """The inject YAML lists every type with the constructor's defaults."""
    written = yaml.safe_load((CONF / "inject.yaml").read_text())
    base = Series()
    assert {
        name: AnomalyPlan(**plan | {"length": pd.Timedelta(plan["length"])})
        for name, plan in written["types"].items()
    } == (Inject(base).types)
    assert set(written) - {"name", "defaults"} | {"base"} == set(inspect.signature(Inject).parameters)
    assert checked(Inject)(base=base, types=written["types"]).base is base


def test_registered_under_their_names():
    """The short names lead to the classes."""
    assert lookup("data", "generator") is Generator
    assert lookup("data", "inject") is Inject


def test_default_frame_is_big_and_four_percent_anomalous():
    """The default: 120 days of 8 metrics, 96 anomalies, about 4 % of the rows."""
    frame_of(**SMALL)
    frame = frame_of()
    assert frame.values.shape == (120 * 288, 8)
    assert len(frame.incidents) == 96
    assert 0.035 < frame.labels.mean() < 0.05


def test_same_seed_same_bytes_and_another_seed_another_server():
    """The seed alone decides the data."""
    assert frame_of(**SMALL, seed=3).fingerprint == frame_of(**SMALL, seed=3).fingerprint
    assert frame_of(**SMALL, seed=3).fingerprint != frame_of(**SMALL, seed=4).fingerprint


@pytest.mark.parametrize("seed", range(3))
def test_one_incident_in_each_block_and_each_type_in_each_round(seed):
    """Every twelve blocks hold each type once, and no incident touches the edge of its block."""
    frame = frame_of(seed=seed)
    edges = np.linspace(0, len(frame), 97).astype(int)
    for number, incident in enumerate(frame.incidents):
        start, stop = frame.time.searchsorted(incident.start), frame.time.searchsorted(incident.end)
        assert edges[number] < start < stop < edges[number + 1]
    types = [incident.type for incident in frame.incidents]
    for first in range(0, 96, 12):
        assert sorted(types[first : first + 12]) == sorted(ANOMALIES)


def test_rare_type_is_spread_over_the_whole_length():
    """A type with few events has one in each third, not all of them at the beginning."""
    types = usual_plans(ANOMALIES) | {"spike": AnomalyPlan(3, pd.Timedelta("10m"), 5.0)}
    frame = frame_of(types=types)
    thirds = [
        int(3 * frame.time.searchsorted(i.start) / len(frame)) for i in frame.incidents if i.type == "spike"
    ]
    assert thirds == [0, 1, 2]


def test_intensity_moves_no_incident():
    """The dial makes anomalies stronger where they are; nothing else moves."""
    faint, strong = frame_of(**SMALL, intensity=0.5), frame_of(**SMALL, intensity=2.0)
    assert faint.incidents == strong.incidents
    healthy = faint.labels == 0
    np.testing.assert_array_equal(faint.values[healthy], strong.values[healthy])
    assert (faint.values[~healthy] != strong.values[~healthy]).any()


def test_leaving_out_a_metric_leaves_the_others_as_they_were():
    """Each metric has a random stream of its own."""
    calm = {"days": 7, "count": 0, "hard_negative_count": 0}
    whole, part = frame_of(**calm), frame_of(**calm, metrics=["latency", "cpu"])
    columns = [whole.metrics.index("latency"), whole.metrics.index("cpu")]
    np.testing.assert_array_equal(part.values, whole.values[:, columns])


def test_values_are_physically_possible():
    """Nothing is negative and no percentage exceeds 100, however strong the anomalies."""
    frame = frame_of(**SMALL, intensity=30.0)
    assert np.nanmin(frame.values) >= 0
    for column, name in enumerate(frame.metrics):
        assert np.nanmax(frame.values[:, column]) <= METRICS[name].ceiling


def test_healthy_data():
    """Without anomalies the frame is known to be healthy, and hard negatives are not labelled."""
    healthy = frame_of(count=0)
    assert healthy.incidents == ()
    assert not healthy.labels.any()
    assert not np.isnan(healthy.values).any()
    calm = frame_of(count=0, hard_negative_count=0)
    # Memory and disk follow a surge with a lag that dies away, so only what can be seen counts.
    changed = (~np.isclose(healthy.values, calm.values, rtol=1e-3)).any(axis=1).mean()
    assert 0.01 < changed < 0.5


def test_hard_negatives_leave_incidents_alone():
    """Removing the hard negatives changes no incident, and backups happen at two in the night."""
    plans = {"backup": HARD_NEGATIVES["backup"].plan}
    calm = frame_of(hard_negatives={})
    busy = frame_of(hard_negatives=plans)
    assert busy.incidents == calm.incidents
    moved = np.abs(busy.values - calm.values)[:, busy.metrics.index("disk")] > 1
    assert moved.any()
    assert set(busy.time[moved].hour) <= {2, 3}
    assert not busy.labels[moved].any()


def test_season_and_correlation_do_what_they_say():
    """Days are busier than nights, weekdays than weekends, and less correlation means less."""
    calm = {"days": 28, "count": 0, "hard_negative_count": 0, "metrics": ["cpu", "requests", "network_in"]}
    frame = frame_of(**calm)
    requests = frame.values[:, 1]
    assert requests[frame.time.hour == 13].mean() > 1.5 * requests[frame.time.hour == 4].mean()
    assert requests[frame.time.day_of_week < 5].mean() > requests[frame.time.day_of_week >= 5].mean()
    alone = frame_of(**calm, correlation=0.0)
    assert np.corrcoef(frame.values.T).min() > 0.8
    assert np.abs(np.corrcoef(alone.values.T) - np.eye(3)).max() < 0.4


@pytest.mark.parametrize("name", ANOMALIES)
def test_every_type_changes_its_root_metric_inside_its_window_only(name):
    """What a type does begins in the metric that the truth names, and stays inside the window."""
    plan = AnomalyPlan(4, pd.Timedelta("1h"), ANOMALIES[name].intensity)
    arguments = {"days": 10, "hard_negatives": {}}
    healthy, sick = frame_of(**arguments, count=0), frame_of(**arguments, types={name: plan})
    changed = (healthy.values != sick.values) | np.isnan(sick.values)
    assert not changed[sick.labels == 0].any()
    assert {incident.type for incident in sick.incidents} == {name}
    for incident in sick.incidents:
        inside = (sick.time >= incident.start) & (sick.time < incident.end)
        assert changed[inside, sick.metrics.index(incident.metric)].any()
        assert incident.severity in {"minor", "major", "critical"}


def test_stuck_sensor_repeats_its_last_value():
    """A stuck metric equals the row before it exactly, while the others move."""
    frame = frame_of(days=10, types={"stuck_sensor": ANOMALIES["stuck_sensor"].plan}, hard_negatives={})
    for incident in frame.incidents:
        start, stop = frame.time.searchsorted(incident.start), frame.time.searchsorted(incident.end)
        stuck = frame.metrics.index(incident.metric)
        assert (frame.values[start:stop, stuck] == frame.values[start - 1, stuck]).all()
        others = np.delete(frame.values[start:stop], stuck, axis=1)
        assert (np.ptp(others, axis=0) > 0).all()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"types": {"spyke": AnomalyPlan(1, pd.Timedelta("5m"))}}, "did you mean 'spike'"),
        ({"hard_negatives": {"backups": AnomalyPlan(1, pd.Timedelta("5m"))}}, "did you mean 'backup'"),
        ({"metrics": ["cpu", "latncy"]}, "did you mean 'latency'"),
        ({"metrics": []}, "at least one"),
        ({"metrics": ["cpu", "latency"]}, "data.types.error_burst.count=0"),
    ],
)
def test_wrong_names_are_refused_at_once(arguments, says):
    """An unknown type or metric, or a type without its metric, is refused with what would be right."""
    with pytest.raises(ConfigError, match=says):
        Generator(**arguments)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"days": 10}, r"data\.types\.\w+\.length: .* does not fit.*or at most \d+ anomalies"),
        ({"days": 10, "count": 1}, r"data\.hard_negatives\.backup\.count: 20 .* would"),
        ({"start": "soon"}, "is not a date"),
        ({"step": pd.Timedelta(0)}, r"data\.step"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, says):
    """Nothing is dropped in silence: the message names the type and what would fit."""
    with pytest.raises(ConfigError, match=says):
        frame_of(**arguments)


def test_what_the_message_says_would_fit_does_fit():
    """Following the advice about how much data is needed works."""
    types = {"slow_leak": AnomalyPlan(8, pd.Timedelta("24h"), 3.0)}
    with pytest.raises(ConfigError) as refused:
        frame_of(days=5, types=types, hard_negatives={})
    needed = pd.Timedelta(str(refused.value).rsplit("or ", 1)[1].removesuffix(" of data").replace("d", "D"))
    assert len(frame_of(days=needed / pd.Timedelta("24h"), types=types, hard_negatives={}).incidents) == 8


def test_misspelt_plan_is_refused():
    """A key that a plan does not have, or a value out of range, does not pass pydantic."""
    model = checked(Generator)
    with pytest.raises(ValidationError, match="lenght"):
        model(types={"spike": {"count": 1, "lenght": "5m"}})
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        model(types={"spike": {"count": -1, "length": "5m"}})
    with pytest.raises(ValidationError, match="is not a duration"):
        model(types={"spike": {"count": 1, "length": "long"}})


def test_tables_say_what_the_frame_says():
    """The label table has a row per tick, every incident can be found in it, and the windows are JSON."""
    frame = frame_of(**SMALL)
    table = label_table(frame)
    assert list(table) == ["time", *frame.metrics, "label", "incident", "type", "severity", "root_metric"]
    np.testing.assert_array_equal(table["label"], frame.labels)
    for incident in frame.incidents:
        rows = table[table["incident"] == f"incident-{incident.id}"]
        assert rows["time"].iloc[0] == incident.start
        assert rows["time"].iloc[-1] + frame.step == incident.end
        assert set(rows["root_metric"]) == {incident.metric}
    assert (table.loc[table["incident"] == "", "type"] == "").all()
    windows = json.loads(json.dumps(incident_windows(frame)))
    assert pd.Timestamp(windows[0]["start"]) == frame.incidents[0].start


def test_tables_of_healthy_data():
    """Without incidents the tables keep their columns."""
    frame = frame_of(days=2, count=0, hard_negative_count=0)
    assert label_table(frame)["type"].eq("").all()
    assert incident_windows(frame) == []


def test_inject_plants_into_real_metrics():
    """Planted anomalies change labelled rows only, at the scale of the metric they are in."""
    base = Series()
    frame = next(Inject(base, seed=5).frames())
    assert len(frame.incidents) == 16
    assert frame.metrics == base.frame.metrics
    same = (frame.values == base.frame.values) | (np.isnan(frame.values) & np.isnan(base.frame.values))
    assert same[frame.labels == 0].all()
    assert not same[frame.labels == 1].all()
    assert np.nanmin(frame.values) >= 0
    gap = (frame.time >= base.frame.time[110]) & (frame.time < base.frame.time[150])
    assert not frame.labels[gap].any()
    assert "16 anomalies planted" in frame.notes


def test_inject_keeps_what_is_known():
    """The base's own incidents stay as they are, and nothing is planted over them."""
    clock = Series().frame.time
    known = (Incident(clock[1000], clock[1500], id=7, type="outage"),)
    base = Series(known)
    frame = next(Inject(base, seed=5).frames())
    assert known[0] in frame.incidents
    np.testing.assert_array_equal(frame.values[1000:1500], base.frame.values[1000:1500])
    assert len({incident.id for incident in frame.incidents}) == 17
    assert list(frame.incidents) == sorted(frame.incidents, key=lambda incident: incident.start)


def test_inject_says_which_type_needs_what():
    """A type whose metric the base lacks is named together with the option that turns it off."""
    types = {"error_burst": ANOMALIES["error_burst"].plan}
    with pytest.raises(ConfigError, match=r"error_burst needs error_rate.*data\.types\.error_burst\.count=0"):
        next(Inject(Series(), types=types).frames())
