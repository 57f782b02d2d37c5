"""Past runs are listed, run again, set against each other and removed; a path alone is enough to run."""

import json

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def metrics(tmp_path):
    """Write four days of a metric with an incident."""
    values = 40 + np.random.default_rng(1).normal(0, 1, 1200)
    values[900:908] += 40
    clock = pd.date_range("2024-03-04", periods=1200, freq="5min", tz="UTC")
    path = tmp_path / "my metrics.csv"
    pd.DataFrame({"time": clock, "cpu": values}).to_csv(path, index=False)
    return path


def test_a_path_is_enough(command, metrics, tmp_path):
    """A file is read with the preset for files, a folder of several with that for fleets, and it is said which."""
    code, out, err = command("my metrics.csv", "forecaster=none", "hindsight=false")
    assert code == 0, err
    assert "experiment=csv" in err
    assert "cpu = " in out
    folder = tmp_path / "hosts"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_bytes(metrics.read_bytes())
    code, out, err = command("hosts", "hindsight=false")
    assert code == 0, err
    assert "experiment=fleet" in err
    assert "2 of 2 series" in " ".join(out.split())
    code, _, err = command("hosts/*.csv", "hindsight=false")
    assert code == 0, err


def test_a_path_that_is_not_there_is_a_mistake(command, metrics):
    """One line, with the name that was meant."""
    code, _, err = command("my_metrics.csv")
    assert code == 2
    assert err.count("\n") == 1
    assert f"did you mean '{metrics.name}'" in err


def test_runs_are_remembered(command, metrics, tmp_path):
    """Runs are listed by detector and measure, run again with a change, compared by settings, and removed when told."""
    for detector in ("zscore", "gaussian"):
        command(metrics.name, "forecaster=none", "hindsight=false", f"detector={detector}")
    _, out, _ = command("runs")
    assert out.count("csv/") >= 2
    assert "zscore" in out
    _, out, _ = command("runs", "detector=zscore")
    assert "gaussian" not in out
    code, _, err = command("runs", "sort=f7")
    assert code == 2
    assert "no run has this measure" in err
    code, _, err = command("rerun", "latest", "seed=7")
    assert code == 0, err
    assert json.loads((tmp_path / "outputs/latest/record.json").read_text())["seed"] == 7
    names = [path.parent.name for path in sorted((tmp_path / "outputs/csv").glob("*/record.json"))]
    assert len(names) == 3
    code, out, err = command("diff", names[0], names[1])
    assert code == 0, err
    assert "detector.name" in out
    assert "of the same data" in out
    code, _, err = command("prune", "keep=1")
    assert code == 2
    assert "--yes" in err
    code, out, _ = command("prune", "keep=0", "--yes")
    assert code == 0
    assert "removed 2 runs" in out
    assert (tmp_path / "outputs/latest/record.json").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs", "detectr=x"), "did you mean 'detector'"),
        (("runs",), "nothing has run here yet"),
        (("rerun", "nothing"), "is no run"),
        (("diff", "one"), "name two runs"),
        (("prune",), "say which"),
    ],
)
def test_a_mistake_is_one_line(command, words, said):
    """A wrong word is told in one line, exit code 2."""
    code, _, err = command(*words)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
