"""Cells and times as tools write them: read as they are meant, or refused, and never dropped or guessed in silence."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.data.csv import CsvFile
from sre_anomaly.errors import DataError

ROWS = 48
CLOCK = pd.date_range("2024-03-01", periods=ROWS, freq="1h")
NUMBERS = np.linspace(20, 40, ROWS).round(2)


def _read(tmp_path, columns, **options):
    table = pd.DataFrame(columns)
    table.to_csv(tmp_path / "x.csv", index=False)
    return next(CsvFile(path=str(tmp_path / "x.csv"), **options).frames())


CELLS = {
    "a unit": [f"{number} %" for number in NUMBERS],
    "a unit right behind": [f"{number}MiB" for number in NUMBERS],
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
