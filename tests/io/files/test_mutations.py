"""Files that were damaged on their way: the right values, or one line that says what is wrong."""

import random

import numpy as np
import pandas as pd
import pytest

from export_files import EVENTS, LEVELS, VALUES
from sre_anomaly.data.csv import CsvFile
from sre_anomaly.errors import UserError

TRIES = 3
HEADERS = ("#", ",result", "procs", " r", "epoch", "Timestamp", "timeStamp", "Linux")
KNOWN = np.array(sorted({*VALUES["a"], *VALUES["b"]}))


def _cut_short(text, rng):
    return text[: rng.randrange(1, len(text))]


def _line_lost(text, rng):
    lines = text.split("\n")
    del lines[rng.randrange(len(lines))]
    return "\n".join(lines)


def _line_cut(text, rng):
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    lines[at] = lines[at][: len(lines[at]) // 2]
    return "\n".join(lines)


def _other_separator(text, _rng):
    return text.replace(",", ";")


def _a_cell_of_words(text, rng):
    number = str(rng.choice(VALUES["a"]))
    return text.replace(number, "broken", 1)


def _quote_opened(text, rng):
    at = rng.randrange(len(text))
    return text[:at] + '"' + text[at:]


def _bytes_flipped(text, rng):
    letters = list(text)
    for _ in range(5):
        letters[rng.randrange(len(letters))] = chr(rng.randrange(1, 128))
    return "".join(letters)


def _nulls(text, rng):
    at = rng.randrange(len(text))
    return text[:at] + "\0\0" + text[at:]


def _nested_deep(text, _rng):
    return "[" * 100_000 + text


def _key_renamed(text, rng):
    words = [
        word
        for word in (
            "time",
            "value",
            "values",
            "metric",
            "Timestamps",
            "Label",
            "dataPoints",
            "data",
            "name",
            "timestamp",
            "labels",
            "_time",
            "host",
        )
        if word in text
    ]
    word = rng.choice(words or ["e"])
    return text.replace(word, "renamed", rng.choice([1, 1000]))


def _value_of_another_kind(text, rng):
    number = str(rng.choice(VALUES["a"]))
    return text.replace(number, rng.choice(["null", "{}", "[1]", "true", "1e999", '""']), 1)


def _huge_time(text, rng):
    return text.replace("1700", rng.choice(["9" * 30, "-1", "0"]), rng.choice([1, 10**6]))


DAMAGES = (
    *(_cut_short, _line_lost, _line_cut, _other_separator, _a_cell_of_words, _quote_opened, _bytes_flipped),
    *(_nulls, _nested_deep, _key_renamed, _value_of_another_kind, _huge_time),
)
MAY_CHANGE_NUMBERS = (
    _bytes_flipped,
    _cut_short,
    _line_cut,
    _huge_time,
    _quote_opened,
    _value_of_another_kind,
)


def _read(path):
    try:
        return next(CsvFile(path=str(path), interpolate=pd.Timedelta(0)).frames())
    except UserError as error:
        told = str(error)
    assert "\n" not in told
    assert str(path) in told or "data." in told
    return None


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("export", [*LEVELS, *EVENTS], ids=lambda one: one.__name__)
def test_damaged_files(tmp_path, export, damage):
    """No traceback, no line of several, and never a value that was not measured, such as a mean of two hosts."""
    rng = random.Random(f"{export.__name__} {damage.__name__}")
    text = export()
    for number in range(TRIES):
        path = tmp_path / f"measured{number}"
        path.write_text(damage(text, rng))
        frame = _read(path)
        if frame is not None and export in LEVELS and damage not in MAY_CHANGE_NUMBERS:
            column = [at for at, name in enumerate(frame.metrics) if name in LEVELS[export]]
            values = frame.values[:, column]
            assert np.isin(values[np.isfinite(values)], KNOWN).all()


HARMLESS = {
    "CRLF": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n").encode(),
    "BOM": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "blank end": lambda text: (text + "\n\n").encode(),
}


@pytest.mark.parametrize("harmless", HARMLESS)
@pytest.mark.parametrize("export", LEVELS, ids=lambda one: one.__name__)
def test_harmless_changes(tmp_path, export, harmless):
    """Line ends, marks of the encoding and blank lines change nothing."""
    (tmp_path / "measured").write_bytes(HARMLESS[harmless](export()))
    frame = next(CsvFile(path=str(tmp_path / "measured")).frames())
    for host, name in zip("ab", LEVELS[export], strict=True):
        np.testing.assert_array_equal(frame.values[:, frame.metrics.index(name)], VALUES[host])


@pytest.mark.parametrize(
    "export",
    [one for one in LEVELS if one.__name__ in ("openmetrics", "tsdb_dump", "collectd", "locust", "otlp")],
    ids=lambda one: one.__name__,
)
def test_lines_in_any_order(tmp_path, export):
    """The order of time does not matter."""
    lines = export().split("\n")
    fixed = [line for line in lines if line.startswith(HEADERS)]
    rest = [line for line in lines if line and not line.startswith(HEADERS)]
    random.Random(0).shuffle(rest)
    (tmp_path / "measured").write_text("\n".join([*fixed, *rest]))
    frame = next(CsvFile(path=str(tmp_path / "measured")).frames())
    for host, name in zip("ab", LEVELS[export], strict=True):
        np.testing.assert_array_equal(frame.values[:, frame.metrics.index(name)], VALUES[host])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"\x1f\x8b",
        b"\x28\xb5\x2f\xfd12",
        b"PAR1",
        b"ARROW1",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe",
        b"[1,2]",
    ],
)
def test_next_to_nothing(tmp_path, data):
    """What is empty, binary or only the beginning of something is told in one line."""
    (tmp_path / "measured").write_bytes(data)
    assert _read(tmp_path / "measured") is None
