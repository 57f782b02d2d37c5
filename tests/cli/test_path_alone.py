"""A path alone, or standard input: what a file holds decides how it is read, whatever it is called."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.cli.run.path_alone import with_preset
from sre_anomaly.io.samples import source

CLOCK = pd.date_range("2024-03-04 10:00", periods=60, freq="1min", tz="UTC")
VALUES = np.random.default_rng(0).normal(50, 2, len(CLOCK)).round(2)


def table(separator, form, names=("time", "cpu"), before=""):
    rows = [separator.join((f"{at:{form}}", str(value))) for at, value in zip(CLOCK, VALUES, strict=True)]
    return (
        "\n".join([*([before] if before else []), *([separator.join(names)] if names else []), *rows]) + "\n"
    )


def lines(form):
    return "".join(form.format(at=at, n=n) + "\n" for n, at in enumerate(CLOCK))


HELD = {
    "a table with commas": (table(",", "%Y-%m-%d %H:%M"), "csv"),
    "one with semicolons": (table(";", "%d.%m.%Y %H:%M"), "csv"),
    "one with tabs and seconds": (table("\t", "%s"), "csv"),
    "one without names": (table(",", "%Y-%m-%dT%H:%M:%SZ", names=()), "csv"),
    "lines with commas": (lines("{at:%Y-%m-%d %H:%M:%S},123 INFO took {n}, then {n}"), "log_metrics"),
    "lines with tabs": (lines("{at:%Y-%m-%dT%H:%M:%SZ}\tINFO\tapi\ttook {n} ms"), "log_metrics"),
    "lines between bars": (lines("{at:%Y-%m-%d %H:%M:%S} | INFO | main | order {n}"), "log_metrics"),
    "records of JSON": (lines('{{"time": "{at:%Y-%m-%dT%H:%M:%SZ}", "level": "info", "msg": "took {n}"}}'), "log_metrics"),
    "requests": (lines('10.0.0.1 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET /a/{n} HTTP/1.1" 200 5'), "log_metrics"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["data", "data.txt"])
@pytest.mark.parametrize(("text", "preset"), HELD.values(), ids=HELD)
def test_what_a_file_holds_decides(tmp_path, text, preset, name):
    """A table is one without an ending that says so, and lines of a log are no table for their commas."""
    path = tmp_path / name
    path.write_text(text)
    assert with_preset([str(path)])[0] == f"experiment={preset}"


@pytest.mark.parametrize(("text", "preset"), HELD.values(), ids=HELD)
def test_standard_input_is_read_as_a_file_is(tmp_path, monkeypatch, capsys, text, preset):
    """What comes from a pipe has no name at all."""
    (tmp_path / "standard_input").write_text(text)
    monkeypatch.setattr(source, "_standard_input", lambda: tmp_path / "standard_input")
    assert with_preset(["-", "seed=1"]) == [f"experiment={preset}", "data.path=-", "seed=1"]
    assert capsys.readouterr().err == f"sre-anomaly: reading standard input with experiment={preset}\n"


def test_several_hosts_from_a_pipe_are_a_fleet(tmp_path, monkeypatch):
    """They are run each by itself, as those in a file are."""
    path = tmp_path / "standard_input"
    path.write_text(
        "time,host,cpu\n"
        + "".join(f"{at:%Y-%m-%d %H:%M},{host},{value}\n" for at, value in zip(CLOCK, VALUES, strict=True) for host in "ab")
    )  # fmt: skip
    monkeypatch.setattr(source, "_standard_input", lambda: path)
    assert with_preset(["-"]) == ["experiment=fleet", f"data.path={path}"]


def test_a_log_from_a_pipe(tmp_path):
    """The real command counts its lines and finds the burst of errors."""
    calm, loud = ("{at} INFO took {n} ms", "{at} ERROR gateway timed out after {n} ms")
    clock = pd.date_range("2024-03-04", periods=600, freq="20s")
    text = "".join(
        (loud if 450 <= n < 470 else calm).format(at=f"{at:%Y-%m-%d %H:%M:%S}", n=n % 7) + "\n"
        for n, at in enumerate(clock)
    )
    words = [sys.executable, "-c", "from sre_anomaly.cli.main import main; main()", "-"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "600 lines of 1 file(s), 2 templates" in done.stdout
    assert "2024-03-04 02:30 level_ERROR" in done.stdout
