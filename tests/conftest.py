"""What several tests need."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from sre_anomaly.cli.main import main

# The first example pays for imports and compilation; a time limit would only measure that.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

DATA = Path(os.environ.get("SRE_ANOMALY_DATA", "/nowhere"))


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Return a function that types a command in an empty folder and returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    monkeypatch.setattr("sys.argv", ["sre-anomaly"])

    def run(*words):
        code = 0
        try:
            main([str(word) for word in words])
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def needs():
    """Return a function that skips a test whose data set is not on this machine."""

    def check(name):
        if not (DATA / name).is_dir():
            pytest.skip(f"SRE_ANOMALY_DATA has no folder {name!r}")

    return check
