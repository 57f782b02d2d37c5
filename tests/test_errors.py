"""Text from data is text: nothing in it moves a cursor, colours a screen or turns a line round."""

import subprocess
import sys

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sre_anomaly.errors import printable
from sre_anomaly.frame import MetricFrame

HOSTILE = "c\x1b[31mpu\x1b[2J\u202eabc\x9b1A"


@given(st.text())
def test_what_is_shown_has_no_sign_of_control(text):
    """What is plain stays as it is, and blanks of any width do."""
    shown = printable(text)
    assert all(sign.isprintable() or sign.isspace() for sign in shown)
    assert not any(sign < " " or "\x7f" <= sign < "\xa0" for sign in shown)
    if text.isprintable():
        assert shown == text


def test_names_of_a_frame_can_be_shown():
    """What is known of a metric goes by the name that is shown."""
    time = pd.date_range("2024-01-01", periods=3, freq="1min", tz="UTC")
    frame = MetricFrame(HOSTILE, time, np.zeros((3, 1)), (HOSTILE,), units={HOSTILE: "s"})
    assert frame.metrics == (printable(HOSTILE),)
    assert dict(frame.units) == {printable(HOSTILE): "s"}


def test_a_hostile_header_and_path_reach_no_terminal(tmp_path):
    """Neither a run, nor what is said of a mistake, nor any file of the run has a sign of control."""
    rows = "".join(f"2024-01-01 {n // 60:02}:{n % 60:02},{n % 7 + 40 * (n == 500)}\n" for n in range(600))
    (tmp_path / "m.csv").write_text(f'time,"{HOSTILE}"\n{rows}')
    for words in (["m.csv"], [f"no{HOSTILE}.csv"], ["m.csv", f"data.values=['{HOSTILE[:4]}']"]):
        command = [sys.executable, "-c", "from sre_anomaly.cli.main import main; main()", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        assert not [sign for sign in said if not sign.isprintable() and sign != "\n"], said
    run = (tmp_path / "outputs" / "latest").resolve()
    for path in (run / "report.html", run / "alerts.csv", run / "record.json", run / "config.yaml"):
        text = path.read_text()
        assert "\x1b" not in text
        assert "\u202e" not in text
