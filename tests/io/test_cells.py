"""Cells and times as tools write them: read as they are meant, or refused, and never dropped or guessed in silence."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.data.csv import CsvFile
from sre_anomaly.errors import DataError
from sre_anomaly.io.cells import measured

ROWS = 48
CLOCK = pd.date_range("2024-03-01", periods=ROWS, freq="1h")
NUMBERS = np.linspace(20, 40, ROWS).round(2)


def _read(tmp_path, columns, **options):
    table = pd.DataFrame(columns)
    table.to_csv(tmp_path / "x.csv", index=False)
    return next(CsvFile(path=str(tmp_path / "x.csv"), **options).frames())


CELLS = {
    "a unit": [f"{number} %" for number in NUMBERS],
    "a unit right behind": [f"{number}W" for number in NUMBERS],
    "units of one kind": [f"{1000 * n:.0f} ms" if row == 5 else f"{n} s" for row, n in enumerate(NUMBERS)],
    "words for nothing": ["n/a" if row in (3, 30) else str(n) for row, n in enumerate(NUMBERS)],
    "an apostrophe": [f"'{number}" for number in NUMBERS],
}


@pytest.mark.parametrize("cells", CELLS.values(), ids=CELLS)
def test_numbers_as_tools_write_them(tmp_path, cells):
    """Each column is the metric that its numbers say."""
    frame = _read(tmp_path, {"time": CLOCK, "cpu": cells}, interpolate=timedelta(0))
    present = np.isfinite(frame.values[:, 0])
    assert present.sum() >= ROWS - 2
    np.testing.assert_allclose(frame.values[present, 0], NUMBERS[present])


def test_thousands(tmp_path):
    """A comma between thousands is no decimal one."""
    frame = _read(tmp_path, {"time": CLOCK, "bytes": [f"{1000 * number:,.0f}" for number in NUMBERS]})
    np.testing.assert_allclose(frame.values[:, 0], np.round(1000 * NUMBERS))


@pytest.mark.parametrize(
    ("cells", "value", "unit"),
    [
        (["1.234,5", "7,25"], 1234.5, ""),
        (["1\u202f234,5", "7,25"], 1234.5, ""),
        (["1'234.5", "7.25"], 1234.5, ""),
        (["12,34,567", "1,00,000"], 1_234_567, ""),
        (["1,234 kB", "2 MB"], 1_234_000, "B"),
        (["1.5 KiB", "2 MiB"], 1536, "B"),
        (["2m30s", "45s"], 150, "s"),
        (["1.5 mins", "2 hours"], 90, "s"),
        (["250 µs", "1 ms"], 0.00025, "s"),
        (["1.2 K", "800"], 1200, ""),
        (["3 Mb/s", "1 Gbps"], 3e6, "bps"),
    ],
)
def test_base_units(cells, value, unit):
    """Whatever people's locale and a tool's unit are, a number is in base units."""
    values, found = measured(Path("x.csv"), pd.Series(cells, name="x"))
    assert (values[0], found) == (pytest.approx(value), unit)


def test_a_cell_without_its_unit():
    """It is not known which of the units it is in."""
    with pytest.raises(DataError, match="row 3: '512' has no unit"):
        measured(Path("x.csv"), pd.Series(["512 MiB", "512"], name="x"))


def test_units_that_do_not_go_together(tmp_path):
    """A cell of another kind is refused with its row; names that begin with a number stay text."""
    cells = [f"{number} MiB" for number in NUMBERS]
    cells[7] = "3 %"
    with pytest.raises(DataError, match="row 9: '3 %' has no unit like MiB"):
        _read(tmp_path, {"time": CLOCK, "memory": cells})
    frame = _read(
        tmp_path, {"time": CLOCK, "cpu": NUMBERS, "version": "3rd", "zone": ["1a"] * 20 + ["2b"] * 28}
    )
    assert frame.metrics == ("cpu",)


TIMES = {
    "date and time apart": {"Date": CLOCK.strftime("%Y-%m-%d"), "Time": CLOCK.strftime("%H:%M:%S")},
    "minutes without signs": {"time": CLOCK.strftime("%Y%m%d%H%M")},
    "seconds without signs": {"time": CLOCK.strftime("%Y%m%d%H%M%S")},
    "years of two digits": {"time": CLOCK.strftime("%d.%m.%y %H:%M")},
    "offsets that change": {
        "time": [
            str(stamp.tz_localize("UTC").tz_convert("Europe/Berlin" if row < 20 else "Europe/Kyiv"))
            for row, stamp in enumerate(CLOCK)
        ]
    },
    "row numbers beside": {"Unnamed: 0": range(ROWS), "time": CLOCK},
}


@pytest.mark.parametrize("columns", TIMES.values(), ids=TIMES)
def test_times_as_tools_write_them(tmp_path, columns):
    """Each file has the same clock, and one metric."""
    frame = _read(tmp_path, {**columns, "cpu": NUMBERS})
    assert frame.metrics == ("cpu",)
    assert frame.time.tolist() == CLOCK.tz_localize("UTC").tolist()


REFUSED = {
    "no date": ({"time": CLOCK.strftime("%H:%M:%S"), "cpu": NUMBERS}, "'00:00:00' has no date"),
    "no times": ({"time": np.arange(ROWS) * 300_000 + 5 * 10**13, "cpu": NUMBERS}, "no times since 1970"),
    "no year": (
        {"time": CLOCK.strftime("%b %d %H:%M:%S"), "cpu": NUMBERS},
        "has no year; say which with data.year",
    ),
}


@pytest.mark.parametrize(("columns", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_known_is_refused(tmp_path, columns, said):
    """Never the date of today, a traceback, or a metric called by its first value."""
    with pytest.raises(DataError, match=said):
        _read(tmp_path, columns)
