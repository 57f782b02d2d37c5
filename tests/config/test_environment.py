"""A secret from the environment is used, and never written: no file of a run, a fleet or a sweep, and no screen has it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "hunter2-s3cret"
SMALL = [
    "data.days=20",
    "data.count=1",
    "data.hard_negative_count=1",
    "forecaster=none",
    "features=raw",
    "detector=zscore",
]
NOTE = "+note=${oc.env:MY_TOKEN}"


@pytest.mark.parametrize(
    "words",
    [
        [*SMALL, NOTE],
        ["-m", *SMALL, NOTE, "threshold.sigmas=3,4"],
        ["sweep=custom", *SMALL, NOTE, "threshold.sigmas=interval(1,8)", "hydra.sweeper.n_trials=2"],
    ],
    ids=["a run", "several", "a sweep"],
)
def test_a_secret_is_never_written(tmp_path, words):
    """What stands in files, pages and commands is the name of the variable."""
    whole = [sys.executable, "-c", "from sre_anomaly.cli.main import main; main()", *words]
    environment = {**os.environ, "MY_TOKEN": SECRET}
    done = subprocess.run(whole, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    written = [Path(folder) / name for folder, _, names in os.walk(tmp_path) for name in names]
    assert written
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    assert any(
        b"oc.env:MY_TOKEN" in path.read_bytes() for path in written if path.suffix in (".yaml", ".json")
    )
