"""Every number on a run's page comes from record.json or the tables beside it."""

import html
import json
import re

import pandas as pd
import pytest

from sre_anomaly.records import short
from sre_anomaly.report.words import FORECAST_MEANINGS, MEANINGS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of a run over generated metrics with known incidents."""
    from sre_anomaly.cli.main import main

    where = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        main(["data.days=40", "data.count=12", "detector=iforest", "forecaster=seasonal_naive"])
    return where / "outputs" / "latest"


@pytest.fixture(scope="module")
def page(folder):
    """Return its page as text, tags left out but those that divide."""
    return (folder / "report.html").read_text()


def rows_of(page):
    """Return the cells of every row of every table, by the first cell."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, flags=re.DOTALL)
    cells = [
        [html.unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", row, flags=re.DOTALL)] for row in rows
    ]
    return {row[0]: row for row in cells if row}


def test_measures_are_those_of_the_record(folder, page):
    """Each measure, each baseline and each interval of the tables."""
    record = json.loads((folder / "record.json").read_text())
    rows = rows_of(page)
    detection = record["detection"]
    for name in MEANINGS:
        shown = rows[name]
        assert shown[1].split("  ")[0] == short(detection["measures"][name])
        assert shown[2:-1] == [short(numbers[name]) for numbers in detection["baselines"].values()]
        if interval := detection["intervals"].get(name):
            assert f"({interval[0]:.2f} to {interval[1]:.2f})" in shown[1]
    for name in set(FORECAST_MEANINGS) & set(record["forecast"]["measures"]):
        assert rows[name][1] == short(record["forecast"]["measures"][name])


def test_alerts_are_those_of_the_tables(folder, page):
    """A card for each line of alerts.csv, with its reason; counts and bars are of the same alerts."""
    record = json.loads((folder / "record.json").read_text())
    alerts, scores = pd.read_csv(folder / "alerts.csv"), pd.read_parquet(folder / "scores.parquet")
    cards = re.findall(r"<div class='card' id='alert-(\d+)'(.*?)</div>", page, flags=re.DOTALL)
    assert sorted(int(number) for number, _ in cards) == sorted(alerts["id"])
    by_id = alerts.set_index("id")
    for number, body in cards:
        assert by_id.loc[int(number), "reason"] in html.unescape(body)
    flags = int(scores.loc[scores["span"] == "test", "flag"].sum())
    assert record["detection"]["flags"] == flags
    assert f"{len(alerts)} alerts in" in page
    assert f"{flags:,} of " in page
    (bars,) = re.findall(r"<svg class='bars'.*?</svg>", page, flags=re.DOTALL)
    shown = [int(number) for number in re.findall(r"text-anchor='middle'>(\d+)<", bars)]
    weeks = (scores["time"].iloc[-1] - pd.to_datetime(alerts["fired"])) // pd.Timedelta("7D")
    assert shown == [int((weeks == ago).sum()) for ago in reversed(range(len(shown)))]
