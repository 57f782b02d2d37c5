"""Damaged tables: the right values, or one line."""

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.data.csv import CsvFile
from sre_anomaly.data.csv_folder import CsvFolder
from sre_anomaly.errors import UserError

ROWS = 60
CLOCK = pd.date_range("2024-03-18 22:30", periods=ROWS, freq="1min", tz="UTC")
CPU = (20 + np.arange(ROWS) * 7 % 31 + 0.25).round(2)
ROW = [f"{time:%Y-%m-%d %H:%M:%S}" for time in CLOCK]
PER_HOST = [f"{time},{host},{cpu + add}" for time, cpu in zip(ROW, CPU, strict=True) for host, add in (("a", 0), ("b", 500))]  # fmt: skip
TABLES = {
    "plain": ["time,cpu", *[f"{time},{cpu}" for time, cpu in zip(ROW, CPU, strict=True)]],
    "german": ["Zeit;cpu", *[f"{pd.Timestamp(time):%d.%m.%y %H:%M};{str(cpu).replace('.', ',')}" for time, cpu in zip(ROW, CPU, strict=True)]],
    "preamble": ["a report", "made up", "", "time\tcpu", *[f"{time}\t{cpu} %" for time, cpu in zip(ROW, CPU, strict=True)]],
    "apart": ["Date,Time,cpu", *[f"{time.replace(' ', ',')},{cpu}" for time, cpu in zip(ROW, CPU, strict=True)]],
    "hosts": ["time,host,cpu", *PER_HOST],
    "long": ["time,host,metric,value", *[row.replace(",a,", ",a,cpu,").replace(",b,", ",b,cpu,") for row in PER_HOST]],
}  # fmt: skip


def _cut(text, draw):
    return text[: draw.integers(1, len(text))]


def _lose_lines(text, draw):
    lines = text.splitlines()
    gone = draw.choice(np.arange(6, len(lines)), 3, replace=False)
    return "\n".join(line for at, line in enumerate(lines) if at not in gone)


def _swap(text, draw):
    lines = text.splitlines()
    a, b = draw.integers(8, len(lines), 2)
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


def _other_separator(text, draw):
    return text.replace(",", str(draw.choice([";", "\t", "|"])))


def _quote(text, draw):
    at = int(draw.integers(0, len(text)))
    return text[:at] + '"' + text[at:]


def _noise(text, draw):
    at = int(draw.integers(0, len(text)))
    return (
        text[:at] + str(draw.choice(["\0", "ü", "x", ",", ";", "\n", "\n\n", "'", "99:99", "-"])) + text[at:]
    )


MUTATIONS = {
    "cut": _cut,
    "lost lines": _lose_lines,
    "swapped": _swap,
    "separator": _other_separator,
    "quote": _quote,
    "noise": _noise,
    "crlf": lambda text, _: text.replace("\n", "\r\n"),
    "mark": lambda text, _: "\ufeff" + text,
    "utf-16": lambda text, _: text.encode("utf-16"),
    "latin": lambda text, _: text.replace("cpu", "größe").encode("latin-1"),
    "binary": lambda _, draw: draw.bytes(400),
    "empty": lambda *_: "",
    "blank": lambda *_: "\n\n \n",
    "header alone": lambda text, _: text.splitlines()[0],
    "header twice": lambda text, _: text + "\n" + next(line for line in text.splitlines() if "cpu" in line or "value" in line),
    "a closing line": lambda text, _: text + "\nEnd of report",
}  # fmt: skip
KNOWN = {round(float(cpu) + add, 2) for cpu in CPU for add in (0, 500)}


def _frames(path):
    series = CsvFolder(path=str(path))
    names = series.names()
    return [series.read(name) for name in names] if len(names) > 1 else list(CsvFile(path=str(path)).frames())


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", MUTATIONS)
def test_damaged_tables(tmp_path, table, kind):
    """Never a traceback, a mean over hosts, or a day that is not in the file."""
    draw = np.random.default_rng(len(table) * 100 + len(kind))
    for number in range(3):
        content = MUTATIONS[kind]("\n".join(TABLES[table]) + "\n", draw)
        path = tmp_path / f"{number}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            frames = _frames(path)
        except UserError as refused:
            assert len(str(refused).splitlines()) == 1, str(refused)  # noqa: PT017 - either is right
            continue
        for frame in frames:
            if kind != "noise":
                # What is halfway between the hosts is the mean of both.
                assert not ((frame.values > 60) & (frame.values < 500)).any(), (content, frame.notes)
            if kind not in ("noise", "cut"):
                assert frame.time[0] >= CLOCK[0] - pd.Timedelta("1min"), content
                assert frame.time[-1] <= CLOCK[-1] + pd.Timedelta("1min"), content
            if kind in ("crlf", "mark", "utf-16", "swapped", "header twice", "a closing line"):
                assert set(frame.values[:, 0].round(2)) <= KNOWN, (content, frame.notes)
