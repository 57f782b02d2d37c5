"""What tools of monitoring export gives the values that were measured, from the path alone."""

import io
import json
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from export_files import LEVELS, TIMES, VALUES, iso, json_lines, json_records, pairs, plain, query_range
from sre_anomaly.data.csv import CsvFile
from sre_anomaly.data.csv_folder import CsvFolder
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.io.samples import source as sources

TABLES = (json_lines, json_records)


def _frame(tmp_path, text, name="measured", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return next(CsvFile(path=str(path), **options).frames())


def _series(frame, name):
    return frame.values[:, frame.metrics.index(name)]


@pytest.mark.parametrize("export", LEVELS, ids=lambda export: export.__name__)
@pytest.mark.parametrize("ending", ["", ".csv", ".json"])
def test_values_and_names(tmp_path, export, ending):
    """Two hosts are two series of their own values, called by what tells them apart; the file's ending says nothing."""
    frame = _frame(
        tmp_path,
        export(),
        f"measured{ending}".replace(".json", "" if export.__name__ == "collectd" else ".json"),
    )
    assert frame.time.as_unit("s").asi8.tolist() == TIMES
    for host, name in zip("ab", LEVELS[export], strict=True):
        np.testing.assert_array_equal(_series(frame, name), VALUES[host])
    assert frame.notes == () if export in TABLES else frame.notes[0].startswith("read as ")


@pytest.mark.parametrize(
    "export", [one for one in LEVELS if LEVELS[one] == ("a", "b")], ids=lambda export: export.__name__
)
def test_a_fleet(tmp_path, export):
    """As a fleet, each host is a series of its own."""
    (tmp_path / "all").write_text(export())
    frames = list(CsvFolder(path=str(tmp_path / "*")).frames())
    assert [frame.name for frame in frames] == ["a", "b"]
    for frame in frames:
        np.testing.assert_array_equal(frame.values[:, 0], VALUES[frame.name])


def test_a_fleet_by_a_label(tmp_path):
    """data.host names the label that tells entities apart; one that is not there is told with those that are."""
    (tmp_path / "all").write_text(query_range())
    assert len(CsvFolder(path=str(tmp_path / "all"), host="instance").names()) == 2
    assert [frame.metrics for frame in CsvFolder(path=str(tmp_path / "all"), host="job").frames()] == [
        ("a", "b")
    ]
    assert CsvFolder(path=str(tmp_path / "all"), host="job").names() == [f"{tmp_path / 'all'}/node"]
    with pytest.raises(DataError, match=r"no series .* has a label 'instanc'; did you mean 'instance'"):
        CsvFolder(path=str(tmp_path / "all"), host="instanc").names()


@pytest.mark.parametrize("packed", ["gzip", "zstd"])
@pytest.mark.parametrize("name", ["measured", "measured.zip"])
def test_compressed(tmp_path, packed, name):
    """Gzip and zstd are known by their content, around an export as around a table."""
    table = "time,cpu\n" + "".join(f"{iso(t)},{v}\n" for t, v in pairs("a"))
    packs = _packed(query_range(), packed), _packed(table, packed)
    np.testing.assert_array_equal(_series(_frame(tmp_path, packs[0], name), "a"), VALUES["a"])
    np.testing.assert_array_equal(_series(_frame(tmp_path, packs[1], name), "cpu"), VALUES["a"])


def _packed(text, how):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, how) as stream:
        stream.write(text.encode())
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    "text", [query_range(), "time,cpu\n" + "".join(f"{iso(t)},{v}\n" for t, v in pairs("a"))]
)
def test_standard_input(monkeypatch, text):
    """data.path=- reads what is piped in, also when it is asked for twice."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    sources._standard_input.cache_clear()
    source = CsvFile(path="-")
    for _ in range(2):
        frame = next(source.frames())
        assert frame.name == "stdin"
        np.testing.assert_array_equal(frame.values[:, 0], VALUES["a"])
    sources._standard_input.cache_clear()


def test_arrow_and_parquet_by_their_content(tmp_path):
    """Feather, Arrow streams and Parquet are tables, whatever they are called."""
    table = pa.table({"time": pd.to_datetime(TIMES, unit="s", utc=True), "cpu": VALUES["a"]})
    pyarrow.feather.write_feather(table, tmp_path / "feather")
    pyarrow.parquet.write_table(table, tmp_path / "parquet.dat")
    with pa.OSFile(str(tmp_path / "stream"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    for name in ("feather", "parquet.dat", "stream"):
        frame = next(CsvFile(path=str(tmp_path / name)).frames())
        np.testing.assert_array_equal(_series(frame, "cpu"), VALUES["a"])


def _counter(rates, step=60, reset=None):
    total = np.concatenate([[7.0], 7 + np.cumsum(np.array(rates) * step)])
    if reset is not None:
        total[reset:] -= total[reset - 1] + 0.0
    return total


def test_counters_become_rates(tmp_path):
    """A cumulative monotonic sum, a TYPE counter and a name in _total are rates over a reset; a sum that falls is not."""
    rates = np.arange(1.0, 31.0)
    total = _counter(rates, reset=15)
    stamps = 1_700_000_040 + 60 * np.arange(31)
    points = [
        {"timeUnixNano": str(t * 10**9), "asInt": str(int(v))}
        for t, v in zip(stamps.tolist(), total, strict=True)
    ]
    data = {"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": True}
    metrics = [
        {"name": "up", "sum": data},
        {"name": "level", "sum": data | {"isMonotonic": False}},
        {"name": "delta", "sum": data | {"aggregationTemporality": 1}},
    ]
    frame = _frame(tmp_path, json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}))
    np.testing.assert_allclose(_series(frame, "up"), [np.nan, *rates])
    np.testing.assert_array_equal(_series(frame, "level"), total)
    np.testing.assert_array_equal(_series(frame, "delta"), total)
    text = "# TYPE things counter\n" + "".join(
        f"things {v} {t}\nother_total {v} {t}\nlevel {v} {t}\n" for t, v in zip(stamps, total, strict=True)
    )
    frame = _frame(tmp_path, text)
    np.testing.assert_allclose(_series(frame, "things"), [np.nan, *rates])
    np.testing.assert_allclose(_series(frame, "other_total"), [np.nan, *rates])
    np.testing.assert_array_equal(_series(frame, "level"), total)


def test_histograms_become_percentiles(tmp_path):
    """Cumulative buckets give the percentiles of each step, as PromQL does, from OpenMetrics as from OTLP."""
    per_step = np.array(
        [[10, 0, 0, 0], [0, 10, 0, 0], [5, 5, 0, 0], [0, 0, 0, 8], [0, 0, 0, 0], [0, 0, 20, 0]]
    )
    wanted = [np.nan, 0.1 / 2, 0.15, 0.1, 0.4, np.nan, 0.3]
    bounds = ["0.1", "0.2", "0.4", "+Inf"]
    counts = np.vstack([np.zeros(4), np.cumsum(per_step, axis=0)])
    stamps = 1_700_000_040 + 60 * np.arange(7)
    text = "# TYPE took histogram\n" + "".join(
        "".join(f'took_bucket{{le="{le}"}} {v} {t}\n' for le, v in zip(bounds, np.cumsum(row), strict=True))
        + f"took_count {row.sum()} {t}\ntook_sum 1 {t}\n"
        for t, row in zip(stamps, counts, strict=True)
    )
    frame = _frame(tmp_path, text, interpolate=pd.Timedelta(0))
    assert frame.metrics == ("took_p50", "took_p95", "took_p99", "took_rate")
    np.testing.assert_allclose(_series(frame, "took_p50"), wanted)
    np.testing.assert_allclose(_series(frame, "took_rate"), [np.nan, *(per_step.sum(axis=1) / 60)])
    for temporality, rows in ((2, counts), (1, np.vstack([[1, 0, 0, 0], per_step]))):
        points = [
            {
                "timeUnixNano": int(t) * 10**9,
                "explicitBounds": [0.1, 0.2, 0.4],
                "bucketCounts": [str(int(v)) for v in row],
            }
            for t, row in zip(stamps, rows, strict=True)
        ]
        metric = {
            "name": "took",
            "unit": "s",
            "histogram": {"dataPoints": points, "aggregationTemporality": temporality},
        }
        frame = _frame(
            tmp_path,
            json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}),
            interpolate=pd.Timedelta(0),
        )
        np.testing.assert_allclose(_series(frame, "took_p50")[1:], wanted[1:])


def test_large_counters_keep_their_differences(tmp_path):
    """Whole numbers beyond 2^53 are not read as floats."""
    points = [
        {"timeUnixNano": str((1_700_000_040 + 60 * at) * 10**9), "asInt": str(2**62 + 60 * at)}
        for at in range(9)
    ]
    metric = {
        "name": "bytes",
        "unit": "By",
        "sum": {"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": True},
    }
    frame = _frame(tmp_path, json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}))
    np.testing.assert_array_equal(frame.values[1:, 0], 1)
    assert "units: bytes (By/s)" in frame.notes


def test_series_sampled_some_seconds_apart(tmp_path):
    """Two hosts that are scraped at different seconds have rows in common."""
    text = "".join(
        f'up{{instance="{host}"}} {v} {t * 1000 + 1000 * late}\n'
        for late, host in ((3, "a"), (7, "b"))
        for t, v in pairs(host)
    )
    frame = _frame(tmp_path, text)
    assert frame.values.shape == (48, 2)
    np.testing.assert_array_equal(_series(frame, "b"), VALUES["b"])


def test_time_zones_are_asked_for(tmp_path):
    """Times of vmstat in a zone that is not UTC are never taken for UTC."""
    lines = [" r  b   swpd   free   si   so                 CET"]
    lines += [f" 1  0 {v} 5 0 0 {plain(t)}" for t, v in pairs("a")]
    with pytest.raises(DataError, match=r"times in CET.*data.timezone=Europe/Berlin"):
        _frame(tmp_path, "\n".join(lines))
    frame = _frame(tmp_path, "\n".join(lines), timezone="Europe/Berlin")
    assert frame.time.as_unit("s").asi8[0] == TIMES[0] - 3600


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"status": "success", "data": {"resultType": "vector", "result": []}}', "at one time.*query_range"),
        (
            '{"status": "error", "errorType": "bad_data", "error": "parse error"}',
            "error of the server: parse error",
        ),
        ('{"status": "success", "data": {"resultType": "matrix", "result": []}}', "holds no data point"),
        (query_range()[:900], "broken or cut short as JSON"),
        ('# TYPE cpu gauge\ncpu{host="a"} 1\n', "cpu has no time"),
        (" r  b   swpd   free   si   so\n 1  0 5 5 0 0\n", "has no time; write vmstat -t"),
        ("epoch,value\n1700000000,1\nx,2\n", "line 3: 'x' is not a number"),
        (",result,table,_time,_value,_field\n,,0,2024-01-31T00:00:00Z,1\n", "line 2: has 5 cells"),
        ('{"Label": "x", "Datapoints": [{"Average": 1, "Unit": "None"}]}', "'Timestamp' is missing"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, text, said):
    """What is wrong in a file is one line that says what and where."""
    with pytest.raises(DataError, match=said) as caught:
        _frame(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_settings_of_tables_are_refused(tmp_path):
    """What says how a table is read is not passed over where an export says so itself."""
    with pytest.raises(ConfigError, match=r"data.separator: .* is read as Prometheus query_range"):
        _frame(tmp_path, query_range(), separator=";")
    with pytest.raises(DataError, match=r"data.values: .* has no series 'c'"):
        _frame(tmp_path, query_range(), values=["c"])
    assert _frame(tmp_path, query_range(), values=["b"]).metrics == ("b",)


def test_series_without_the_label_of_entities_are_told(tmp_path):
    """What no entity has is left out of a fleet, and said."""
    text = query_range().replace(
        '"result": [', '"result": [{"metric": {"__name__": "all"}, "values": [[1700000100, "1"]]}, '
    )
    (tmp_path / "all").write_text(text)
    frame = next(iter(CsvFolder(path=str(tmp_path / "all"), host="instance").frames()))
    assert "series without a label instance were left out: all" in frame.notes


def test_too_many_series_for_one_frame(tmp_path):
    """More series than anybody looks at in one picture are pointed at the fleet."""
    for many in (100, 3000):
        text = "".join(f'up{{instance="{at}"}} 1 {t}000\n' for at in range(many) for t in TIMES[:2])
        with pytest.raises(DataError, match=rf"holds {many} series.*experiment=fleet data.path="):
            _frame(tmp_path, text)
    assert len(CsvFolder(path=str(tmp_path / "measured")).names()) == 3000


def test_braces_in_a_label(tmp_path):
    """A route template in a label does not end the labels."""
    frame = _frame(tmp_path, "".join(f'up{{route="/a/{{id}}"}} {v} {t}\n' for t, v in pairs("a")))
    np.testing.assert_array_equal(_series(frame, "up"), VALUES["a"])


HOSTS_AND_ITEMS = ("itemid,clock,ns,value,host,key_", ",web,system.cpu.load")


@pytest.mark.parametrize(("header", "more", "name"), [("itemid,clock,ns,value", "", "value"), (*HOSTS_AND_ITEMS, "system.cpu.load")])  # fmt: skip
def test_tables_of_zabbix(tmp_path, header, more, name):
    """History as CSV is a metric for each item, by its key where the table has it."""
    rows = [f"23296,{time},0,{value}{more}" for time, value in zip(TIMES, VALUES["a"], strict=True)]
    frame = _frame(tmp_path, "\n".join([header, *rows]))
    assert frame.metrics == (name,)
    assert frame.time.as_unit("s").asi8.tolist() == TIMES
    np.testing.assert_array_equal(frame.values[:, 0], VALUES["a"])


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", '"%m/%d/%Y, %I:%M:%S.000 %p"'])
def test_tables_of_azure(tmp_path, form):
    """AzureMetrics as CSV is a metric for each name and statistic, however the portal writes its times."""
    clock = pd.to_datetime(TIMES, unit="s", utc=True)
    header = f"TimeGenerated{' [UTC]' if ',' in form else ''},Resource,MetricName,Average,Maximum,UnitName"
    rows = [
        f"{time},WEB,{name},{value},{value + 1},Percent"
        for time, value in zip(clock.strftime(form), VALUES["a"], strict=True)
        for name in ("cpu", "disk")
    ]
    frame = _frame(tmp_path, "\n".join([header, *rows]))
    assert set(frame.metrics) == {
        f"{name} {what}" for name in ("cpu", "disk") for what in ("average", "maximum")
    }
    assert frame.time.as_unit("s").asi8.tolist() == TIMES
    np.testing.assert_array_equal(_series(frame, "cpu average"), VALUES["a"])
    np.testing.assert_array_equal(_series(frame, "disk maximum"), np.asarray(VALUES["a"]) + 1)


def test_a_broken_table_of_zabbix_is_one_line(tmp_path):
    """The line is that of the file."""
    with pytest.raises(DataError, match="line 3: 'x' is not a number"):
        _frame(tmp_path, "itemid,clock,value\n1,1709546400,1\n1,1709546460,x\n")
