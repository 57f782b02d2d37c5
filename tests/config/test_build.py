"""A detector of one's own: a YAML file, a class of another library, a package installed elsewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sre_anomaly.config import catalogue
from sre_anomaly.config.build import build
from sre_anomaly.errors import ConfigError
from sre_anomaly.registry import lookup, names, register

ROOT = Path(__file__).parents[2]


def test_a_yaml_file_in_the_users_conf_is_found(command, tmp_path):
    """``./conf/detector/mine.yaml`` is listed, checked and run, with its own natural threshold."""
    folder = tmp_path / "conf" / "detector"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "# Local outlier factor of scikit-learn.\n"
        "defaults:\n  - override /threshold@_global_.threshold: contamination\n"
        "name: sklearn.mixture.GaussianMixture\nn_components: 2  # how many bell curves\n"
    )
    assert "mine" in command("list", "detector")[1]
    assert "how many bell curves" in command("list", "detector", "mine")[1]
    code, _, err = command("experiment=prometheus_week", "detector=mine")
    assert (code, err) == (0, "")
    record = json.loads((tmp_path / "outputs/latest/record.json").read_text())
    assert record["detection"]["threshold"]["name"] == "contamination"
    assert record["detection"]["detector"] == "mine"
    (folder / "other.yaml").write_bytes((folder / "mine.yaml").read_bytes())
    assert command("-m", "experiment=prometheus_week", "detector=mine,other")[0] == 0
    told = [json.loads(path.read_text()) for path in tmp_path.glob("outputs/*/*_multirun/*/record.json")]
    assert sorted(one["detection"]["detector"] for one in told) == ["mine", "other"]
    assert record["detection"]["measures"]["recall"] > 0.5


def test_the_examples_of_the_docs_work(command, tmp_path):
    """The preset and the detector that the docs show run as they are shown."""
    for kind, name, page in (("experiment", "checkout", "presets"), ("detector", "mine", "detectors")):
        shown = (ROOT / "docs" / "how-to" / f"{page}.md").read_text()
        (tmp_path / "conf" / kind).mkdir(parents=True)
        content = re.search(r"```yaml\n(.*?)```", shown, flags=re.DOTALL)[1]
        (tmp_path / "conf" / kind / f"{name}.yaml").write_text(content)
    command("generate", "to=checkout.csv", "data.days=14", "data.count=1", "data.hard_negative_count=1")
    for words in (["experiment=checkout"], ["experiment=checkout", "detector=mine"]):
        code, _, err = command(*words)
        assert (code, err) == (0, "")
    assert "Latency of the checkout service" in command("list", "experiment")[1]


def test_a_shadowed_file_is_told(command, tmp_path):
    """A user's file with the name of one of ours has no effect, and that is said; a copy of ours is no matter."""
    folder = tmp_path / "conf" / "detector"
    folder.mkdir(parents=True)
    (folder / "zscore.yaml").write_text("name: zscore\n")
    shutil.copy(catalogue.folders()[0] / "detector" / "iforest.yaml", folder)
    code, _, err = command("experiment=prometheus_week", "detector=zscore")
    assert code == 0
    assert "zscore.yaml: no effect" in err
    assert "iforest" not in err


def test_scikit_learns_sign_is_turned():
    """A foreign class scores higher for stranger rows."""
    rows = np.random.default_rng(0).normal(0, 1, (200, 2))
    detector = build("detector", {"name": "sklearn.ensemble.IsolationForest"}, seed=3).fit(rows)
    assert detector.score(np.array([[9.0, 9.0]]))[0] > detector.score(rows).max()


def test_unknown_argument_of_a_foreign_class():
    """A misspelt argument of another library's class is told with did-you-mean."""
    with pytest.raises(ConfigError, match=r"detector\.n_estimator: no such key; did you mean 'n_estimators'"):
        build("detector", {"name": "sklearn.ensemble.IsolationForest", "n_estimator": 5})


def test_a_detector_that_only_scores_its_own_rows():
    """What cannot score new rows is refused with the key that would change it."""
    with pytest.raises(ConfigError, match=r"set detector\.novelty=true"):
        build("detector", {"name": "sklearn.neighbors.LocalOutlierFactor"})
    assert build("detector", {"name": "sklearn.neighbors.LocalOutlierFactor", "novelty": True})


def test_a_name_is_held_once():
    """Two classes cannot register the same name."""

    @register("example", "held")
    class First:
        pass

    with pytest.raises(ValueError, match="already"):

        @register("example", "held")
        class Second:
            pass

    assert lookup("example", "held") is First


def test_names_are_listed_without_loading():
    """Every built-in detector is known by name."""
    assert set(names("detector")) >= {"zscore", "iforest", "gaussian", "xgboost"}


@pytest.mark.slow
def test_a_wheel_installed_elsewhere(tmp_path):
    """A wheel in an empty environment runs the default experiment and finds the user's own detector."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path / "dist", ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", wheel, "--constraint", ROOT / "constraints.txt"],
        check=True,
    )
    work = tmp_path / "work"
    (work / "conf" / "detector").mkdir(parents=True)
    (work / "conf" / "detector" / "mine.yaml").write_text(
        "# A bigger forest.\ndefaults:\n  - override /threshold@_global_.threshold: contamination\n"
        "name: sklearn.ensemble.IsolationForest\nn_estimators: 50  # trees\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for words in ([], ["detector=mine"]):
        done = subprocess.run(
            [tmp_path / "env" / "bin" / "sre-anomaly", *words],
            cwd=work, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads((work / "outputs/latest/record.json").read_text())["status"] == "completed"


def test_settings_that_are_no_group_are_listed(command):
    """The settings of corpora and forecasts are told with their comments, as an option's are."""
    code, out, _ = command("list", "corpus")
    assert code == 0
    assert "only for data with many series" in out
    assert "corpus.jobs=1" in out
    assert "how many series at a time" in out
    assert "forecast.horizon=1" in command("list", "forecast")[1]
    assert "did you mean 'corpus'" in command("list", "corpsu")[2]
