"""Tables with lines before their header, without one, or as one tool writes them."""

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.data.csv import CsvFile
from sre_anomaly.errors import DataError

ROWS = 40
CLOCK = pd.date_range("2024-03-20 12:00", periods=ROWS, freq="1min", tz="UTC")
CPU = np.linspace(20, 60, ROWS).round(2)
LINES = [f"{time:%Y-%m-%d %H:%M:%S},{cpu}" for time, cpu in zip(CLOCK, CPU, strict=True)]
PLAIN = ["time,cpu", *LINES]


def _read(tmp_path, lines, encoding="utf-8", **options):
    path = tmp_path / "x.csv"
    path.write_bytes("\n".join([*lines, ""]).encode(encoding))
    return next(CsvFile(path=str(path), **options).frames())


LAID_OUT = {
    "a title": (["Report: CPU", "Generated: 2024-03-21 10:00", "", *PLAIN], "2 lines before the header"),
    "a padded title": (
        ["Report,,", "time,cpu,", *[f"{line}," for line in LINES]],
        "1 line before the header",
    ),
    "a comment": (["# from the monitoring", *PLAIN], "1 line before the header"),
    "the header again": ([*PLAIN[:20], "time,cpu", *PLAIN[20:]], "1 row repeats the header"),
    "a closing line": ([*PLAIN, "Total of 40 rows"], "1 closing line"),
    "Excel's own line": (["sep=;", "time;cpu", *[line.replace(",", ";") for line in LINES]], ""),
    "an upper case one": (["SEP=\t", "time\tcpu", *[line.replace(",", "\t") for line in LINES]], ""),
    "CRLF": ([f"{line}\r" for line in PLAIN], ""),
    "a comment sign": (["# time,cpu", *LINES], ""),
    "a blank line first": (["", *PLAIN], ""),
}


@pytest.mark.parametrize(("lines", "said"), LAID_OUT.values(), ids=LAID_OUT)
def test_a_table_is_found(tmp_path, lines, said):
    """All rows, the name, and a word of what was left out."""
    frame = _read(tmp_path, lines)
    assert (frame.metrics, frame.time.tolist()) == (("cpu",), CLOCK.tolist())
    np.testing.assert_allclose(frame.values[:, 0], CPU)
    assert said in "; ".join(frame.notes)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_letters_of_two_bytes(tmp_path, encoding):
    """What Windows writes is read as it is."""
    np.testing.assert_allclose(_read(tmp_path, PLAIN, encoding).values[:, 0], CPU)


def test_no_header(tmp_path):
    """No row is lost as a header; a third column may hold a word."""
    frame = _read(tmp_path, LINES)
    assert (len(frame), frame.metrics) == (ROWS, ("column_2",))
    assert "the first line holds values" in frame.notes[0]
    frame = _read(tmp_path, [f"cpu,{line}" for line in LINES])
    assert (frame.time[0], frame.metrics) == (CLOCK[0], ("column_3",))


def test_a_broken_row_below_a_title_keeps_its_number(tmp_path):
    """The number is what an editor shows."""
    lines = ["a title", "", *PLAIN]
    lines[10] = lines[10].split(",")[0] + ",x"
    with pytest.raises(DataError, match="row 11: 'x' is not a number"):
        _read(tmp_path, lines)


def test_two_lines_of_header(tmp_path):
    """Groups are a part of the names, and the year stands before them."""
    rows = [f"{time:%d-%m %H:%M:%S},{cpu},1,7" for time, cpu in zip(CLOCK, CPU, strict=True)]
    head = ['"Host:","h",,,"Date:","20 Mar 2024"', '"system","cpu usage",,"net"', '"time","usr","sys","recv"']
    frame = _read(tmp_path, [*head, *rows])
    assert frame.metrics == ("cpu usage usr", "cpu usage sys", "net recv")
    assert frame.time.tolist() == CLOCK.tolist()


def test_performance_monitor(tmp_path):
    """Times are local, month first, with the bias of the header; a blank sample is none."""
    local = CLOCK.tz_localize(None) + pd.Timedelta(hours=1)
    rows = [f'"{time:%m/%d/%Y %H:%M:%S}.000","{cpu}"' for time, cpu in zip(local, CPU, strict=True)]
    rows[0] = rows[0].rpartition(",")[0] + '," "'
    head = r'"(PDH-CSV 4.0) (W. Europe Standard Time)(-60)","\\H1\Processor(_Total)\% Processor Time"'
    frame = _read(tmp_path, [head, *rows])
    assert frame.metrics == ("Processor(_Total) % Processor Time",)
    assert frame.time.tolist() == CLOCK.tolist()
    assert np.isnan(frame.values[0, 0])
    assert "UTC+01:00" in "; ".join(frame.notes)


def test_sadf(tmp_path):
    """What only identifies a row is no metric, and a restart no row."""
    rows = [f"h1;60;{time:%Y-%m-%d %H:%M:%S} UTC;-1;{cpu}" for time, cpu in zip(CLOCK, CPU, strict=True)]
    rows.insert(7, "h1;-1;2024-03-20 12:06:30 UTC;LINUX-RESTART\t(4 CPU)")
    frame = _read(tmp_path, ["# hostname;interval;timestamp;CPU;%user", *rows])
    assert (len(frame), frame.metrics) == (ROWS, ("%user",))
    np.testing.assert_allclose(frame.values[:, 0], CPU)
