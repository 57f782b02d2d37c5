"""Sweeps: nothing is lost or repeated, whatever is killed; the test rows are put away; mistakes are told in one line."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sre_anomaly.config.compose import composed
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Split
from sre_anomaly.parallel.cache import ResultCache
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.records import RunRecord, plain
from sre_anomaly.sweeps.space import read_space
from sre_anomaly.sweeps.trial import run_trial

SMALL = ["data.days=20", "data.count=1", "data.hard_negative_count=1", "forecaster=none", "features=raw"]
CHEAP = [*SMALL, "detector=zscore", "hydra.sweeper.objective=detection.measures.roc_auc"]
SWEEP = ["sweep=custom", *CHEAP, "threshold.sigmas=interval(1,8)"]


def _sweep_folder(root):
    return next((Path(root) / "outputs" / "system_metrics").glob("sweep_*"))


def _trials(root):
    with (_sweep_folder(root) / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def _outcome(root):
    return json.loads((_sweep_folder(root) / "sweep.json").read_text())


def test_a_sweep_leaves_its_outcome(command, tmp_path):
    """A sweep writes its outcome, its trials and the winner's whole run, judged once on the test rows."""
    code, out, err = command(*SWEEP, "hydra.sweeper.n_trials=6")
    assert code == 0, err
    folder = _sweep_folder(tmp_path)
    outcome = _outcome(tmp_path)
    assert outcome["trials"] == {"completed": 6}
    assert outcome["objective"] == ["detection.measures.roc_auc"]
    best = outcome["best"][0]
    refit = json.loads((folder / "best" / "record.json").read_text())
    assert (folder / "best").resolve().name == f"refit_{best['trial']}"
    assert refit["detection"]["measured_on"] == "test"
    for number in range(6):
        record = json.loads((folder / str(number) / "record.json").read_text())
        assert record["detection"]["measured_on"] == "validation"
    assert (folder / "report.html").is_file()
    assert "6 trials" in out or "6 of 6" in err


def test_the_first_trial_is_the_config_without_a_sweep(command, tmp_path):
    """What a sweep finds is measured against what there was before it."""
    assert command(*SWEEP, "hydra.sweeper.n_trials=3")[0] == 0
    assert _trials(tmp_path)[0]["threshold.sigmas"] == "3.0"


def test_the_test_rows_are_put_away(monkeypatch):
    """A trial's values do not change when everything in the test span does."""
    from sre_anomaly.data.generated.generator import Generator

    config = composed([*CHEAP[:-1], "detector=gaussian"])
    real = Generator.frames
    found = []
    for corrupt in (False, True):

        def frames(self, corrupt=corrupt):
            for frame in real(self):
                if corrupt:
                    frame.values[-len(frame) // 4 + 400 :] = 1e6
                yield frame

        monkeypatch.setattr(Generator, "frames", frames)
        record = RunRecord()
        run_trial(config, record, Stages(), ResultCache())
        found.append(plain(record.detection["measures"]))
    assert found[0] == found[1]


def test_without_validation_rows_there_is_no_trial():
    """Judging on the test rows is refused where the split holds nothing back for the choice."""
    with pytest.raises(ConfigError, match="validation"):
        run_trial(composed([*CHEAP[:-1], "split.validation=0"]), RunRecord(), Stages(), ResultCache())
    assert Split(slice(0, 5), slice(3, 8), slice(3, 8)).in_sample


def test_more_trials_go_on_from_those_there_are(command, tmp_path):
    """The same command with a higher total keeps every finished trial and its folder as they are."""
    assert command(*SWEEP, "hydra.sweeper.n_trials=4")[0] == 0
    before = {path: path.read_bytes() for path in _sweep_folder(tmp_path).glob("[0-9]*/record.json")}
    code, _, err = command(*SWEEP, "hydra.sweeper.n_trials=7")
    assert code == 0
    assert "going on: 4 of 7" in err
    assert len(_trials(tmp_path)) == 7
    assert all(path.read_bytes() == content for path, content in before.items())
    values = [trial["threshold.sigmas"] for trial in _trials(tmp_path)]
    assert len(set(values)) == 7, "a resumed sampler must not draw the same numbers again"


def test_same_seed_same_trials(command, tmp_path):
    """With one worker, two sweeps with the same seed make the same trials in the same order."""
    one = [*SWEEP, "hydra.launcher.n_jobs=1", "hydra.sweeper.n_trials=11"]
    found = []
    for name in ("a", "b"):
        assert command(*one, f"outputs={name}")[0] == 0
        with next(Path(tmp_path, name).glob("*/sweep_*/trials.csv")).open() as file:
            found.append([[row["trial"], row["threshold.sigmas"]] for row in csv.DictReader(file)])
    assert found[0] == found[1]


def _start(root, *words):
    environment = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.Popen(
        [sys.executable, "-c", "from sre_anomaly.cli.main import main; main()", *words],
        cwd=root,
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _wait_for_records(root, count, process):
    for _ in range(600):
        if len(list(Path(root).glob("outputs/*/sweep_*/[0-9]*/record.json"))) >= count:
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    pytest.fail("the sweep makes no progress")


@pytest.mark.slow
def test_a_killed_sweep_goes_on(tmp_path):
    """After kill -9 the same command, typed twice at once, finishes the study; nothing is lost or made again."""
    words = [*SWEEP, "hydra.sweeper.n_trials=60"]
    first = _start(tmp_path, *words)
    _wait_for_records(tmp_path, 8, first)
    first.kill()
    first.communicate()
    time.sleep(0.5)
    before = {path: path.read_bytes() for path in _sweep_folder(tmp_path).glob("[0-9]*/record.json")}
    both = [_start(tmp_path, *words), _start(tmp_path, *words)]
    for process in both:
        _, err = process.communicate(timeout=180)
        assert process.returncode == 0, err
    assert all(path.read_bytes() == content for path, content in before.items())
    told = {int(trial["trial"]): trial["state"] for trial in _trials(tmp_path)}
    assert all(told[int(path.parent.name)] == "completed" for path in before)
    assert 60 <= sum(state == "completed" for state in told.values()) <= 62
    assert set(told.values()) <= {"completed", "lost"}
    values = [trial["threshold.sigmas"] for trial in _trials(tmp_path) if trial["state"] == "completed"]
    assert len(set(values)) == len(values)


DEADLY = """
import os, signal
from pathlib import Path
from sklearn.neighbors import KernelDensity

class Deadly(KernelDensity):
    def fit(self, X, y=None):
        try:  # making the marker is the test for it: of two workers that come at once, one alone dies
            Path("died").touch(exist_ok=False)
        except FileExistsError:
            return super().fit(X[:50])
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_worker_is_replaced(tmp_path):
    """A worker that dies takes its trial with it; the trial is made again and the sweep ends as it should."""
    (tmp_path / "deadly.py").write_text(DEADLY)
    (tmp_path / "conf" / "detector").mkdir(parents=True)
    (tmp_path / "conf" / "detector" / "deadly.yaml").write_text("name: deadly.Deadly\nbandwidth: 1.0\n")
    words = ["sweep=custom", *SMALL, "detector=deadly", "detector.bandwidth=interval(0.5,5)"]
    process = _start(tmp_path, *words, "hydra.sweeper.n_trials=4", "hydra.launcher.n_jobs=2")
    _, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    states = [trial["state"] for trial in _trials(tmp_path)]
    assert sorted(states) == ["completed"] * 4 + ["lost"]
    assert f"signal {signal.SIGKILL.value}" in next(
        t["error"] for t in _trials(tmp_path) if t["state"] == "lost"
    )


BAD = [
    (["hydra.sweeper.objective=detection.measures.f2"], "no measure 'detection.measures.f2'; did you mean"),
    (
        ["threshold.sigma=interval(1,2)"],
        "threshold.sigma: no such key (threshold is 'sigma' here); did you mean",
    ),
    (["threshold.sigmas=interval(5,2)"], "the interval is empty"),
    (["threshold.sigmas=range(5,5)"], "the range is empty"),
    (["threshold.sigmas=tag(log,interval(0,2))"], "threshold.sigmas=tag(log,interval(0,2)):"),
    (["threshold.sigmas=interval(1,"], "interval(1,"),
    (["hydra.sweeper.storage=sqlite:////nowhere/at/all.db"], "hydra.sweeper.storage: sqlite:////nowhere"),
    (
        ["hydra.sweeper.storage=postgresql://me:secret@127.0.0.1:1/x"],
        "hydra.sweeper.storage: postgresql://...@",
    ),
    (
        ["hydra.sweeper.sampler.name=tpee"],
        "hydra.sweeper.sampler.name: 'tpee' does not exist; did you mean 'tpe'",
    ),
    (
        ["hydra.sweeper.pruner.name=medium"],
        "hydra.sweeper.pruner.name: 'medium' does not exist; did you mean",
    ),
    (["+hydra.sweeper.sampler.trees=3"], "hydra.sweeper.sampler.trees: tpe has no such option"),
    (["hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials:"),
    (["hydra.sweeper.n_trials=many"], "hydra.sweeper.n_trials: is a number (integer), not 'many'"),
    (["hydra.sweeper.n_trails=3"], "hydra.sweeper.n_trails: no such key; did you mean 'n_trials'"),
    (["+hydra.sweeper.trials=5"], "hydra.sweeper.trials: no such key; did you mean 'n_trials'"),
    (["hydra.sweeper.direction=up"], "hydra.sweeper.direction"),
    (["hydra.sweeper.direction=[maximize,minimize]"], "one each"),
    (["hydra.sweeper.constraints=['alerts few']"], "is not of the form"),
    (["+hydra.sweeper.when={detektor=iforest:{a:1}}"], "hydra.sweeper.when"),
    (["features=raw,sytem"], "features=sytem: no such option; did you mean 'system'"),
    (["sweep=contamnation"], "sweep=contamnation: no such option; did you mean 'contamination'"),
    (["split.validation=0"], "split: a sweep is evaluated on validation data"),
]


@pytest.mark.parametrize(("words", "said"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_a_mistake_is_told_in_one_line(command, tmp_path, words, said):
    """A user's mistake ends a sweep with one clear line and exit code 2, and leaves nothing behind."""
    spaced = any(word.startswith("threshold.sigma") for word in words)
    usual = ["sweep=custom", *CHEAP] if spaced else SWEEP
    usual = [word for word in usual if word.split("=")[0] not in {w.split("=")[0] for w in words}]
    code, _, err = command(*usual, "hydra.sweeper.n_trials=3", *words)
    lines = [line for line in err.splitlines() if line.startswith("sre-anomaly: ")]
    assert code == 2, err
    assert len(lines) == 1
    assert said in lines[0]
    assert "Traceback" not in err
    assert "secret" not in err
    assert not list(tmp_path.glob("outputs/*/sweep_*"))


@pytest.mark.slow
def test_a_study_of_another_kind_is_not_mixed(command, tmp_path):
    """A named study whose space, objective or data have changed is refused, and stays as it is."""
    named = [*CHEAP, "sweep=custom", "hydra.sweeper.study_name=mine", "hydra.sweeper.n_trials=2"]
    assert command(*named, "threshold.sigmas=interval(1,8)")[0] == 0
    before = (_sweep_folder(tmp_path) / "trials.csv").read_bytes()
    for words, changed in (
        (["threshold.sigmas=interval(1,9)"], "params was"),
        (["threshold.sigmas=interval(1,8)", "seed=7"], "config was"),
        (
            ["threshold.sigmas=interval(1,8)", "hydra.sweeper.objective=detection.measures.f1"],
            "objective was",
        ),
    ):
        code, _, err = command(*named, *words)
        assert code == 2
        assert changed in err
        assert "start a new study with hydra.sweeper.study_name=NAME" in err
    assert (_sweep_folder(tmp_path) / "trials.csv").read_bytes() == before


def test_parameters_exist_only_where_their_choice_is_made():
    """A branch's parameters belong to its choice alone, and are told apart where branches share a key."""
    import optuna

    space = read_space(
        {"detector": "choice(a,b,c)"},
        {"detector=a": {"x": "interval(0,1)"}, "detector=b": {"x": "int(interval(5,9))", "y": "choice(u,v)"}},
        [],
    )
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    seen = set()
    for _ in range(30):
        trial = study.ask()
        chosen = dict(word.split("=") for word in space.suggest(trial))
        seen.add(chosen["detector"])
        expected = {"a": {"detector", "x"}, "b": {"detector", "x", "y"}, "c": {"detector"}}[
            chosen["detector"]
        ]
        assert set(chosen) == expected
        if chosen["detector"] == "b":
            assert 5 <= int(chosen["x"]) <= 9
    assert seen == {"a", "b", "c"}


def test_the_command_line_wins_over_the_space():
    """A value given on the command line is fixed, whatever the YAML would vary."""
    space = read_space({"a": "interval(0,1)", "b": "range(0,3)"}, {}, ["a=0.5", "b=choice(7,8)"])
    assert space.fixed == {"a": "0.5"}
    assert space.free["b"].choices == (7, 8)


def test_constraints_and_two_objectives(command, tmp_path):
    """The front of two objectives holds no trial that another beats in both, and none that breaks a constraint."""
    code, _, err = command(
        "sweep=custom",
        *CHEAP[:-1],
        "threshold.sigmas=interval(1,8)",
        "hydra.sweeper.objective=[detection.measures.recall,detection.measures.flags]",
        "hydra.sweeper.direction=[maximize,minimize]",
        "hydra.sweeper.constraints=['detection.measures.flags <= 300']",
        "hydra.sweeper.n_trials=12",
    )
    assert code == 0, err
    front = [trial["values"] for trial in _outcome(tmp_path)["best"]]
    assert front
    assert all(flags <= 300 for _, flags in front)
    assert not any(
        other != one and other[0] >= one[0] and other[1] <= one[1] for one in front for other in front
    )


@pytest.mark.slow
def test_hopeless_trials_are_pruned(command, tmp_path):
    """Boosted trees report as they grow, and a trial that cannot win is ended early and recorded as pruned."""
    code, _, err = command(
        "sweep=xgboost",
        "data.days=40",
        "data.count=2",
        "data.hard_negative_count=2",
        "forecaster=none",
        "features=raw",
        "detector.n_estimators=60",
        "detector.learning_rate=choice(0.05,0.00001)",
        "hydra.sweeper.pruner.n_startup_trials=2",
        "hydra.sweeper.pruner.n_warmup_steps=9",
        "hydra.sweeper.n_trials=8",
        "hydra.launcher.n_jobs=1",
        "hydra.sweeper.sampler.name=random",
    )
    assert code == 0, err
    states = [trial["state"] for trial in _trials(tmp_path)]
    assert "pruned" in states
    number = states.index("pruned")
    record = json.loads((_sweep_folder(tmp_path) / str(number) / "record.json").read_text())
    assert record["status"] == "pruned"


@pytest.mark.slow
def test_dask_survives_a_killed_worker(tmp_path):
    """A cluster of two loses a worker in mid-sweep: every trial is there, with the values of a local sweep."""
    (tmp_path / "deadly.py").write_text(DEADLY)
    (tmp_path / "conf" / "detector").mkdir(parents=True)
    (tmp_path / "conf" / "detector" / "deadly.yaml").write_text("name: deadly.Deadly\nbandwidth: 1.0\n")
    words = ["sweep=custom", *SMALL, "detector=deadly", "detector.bandwidth=interval(0.5,5)"]
    words += ["hydra.sweeper.n_trials=6", "hydra.sweeper.sampler.name=random"]
    found = {}
    for launcher in (["hydra/launcher=dask", "hydra.launcher.n_workers=2"], ["hydra.launcher.n_jobs=2"]):
        process = _start(tmp_path, *words, *launcher, f"outputs=to_{len(found)}")
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        with next((tmp_path / f"to_{len(found)}").glob("*/sweep_*/trials.csv")).open() as file:
            trials = list(csv.DictReader(file))
        assert [trial["state"] for trial in trials] == ["completed"] * 6
        found[len(found)] = [(t["detector.bandwidth"], t["detection.measures.pr_auc"]) for t in trials]
    assert (tmp_path / "died").exists()
    assert found[0] == found[1]


def test_a_history_without_a_split_is_looked_back_on(command, tmp_path):
    """Where nothing is held back the trials look back over the labelled history, and it is said that nothing was held back."""
    code, out, err = command("sweep=contamination", "experiment=prometheus_week", "hydra.sweeper.n_trials=3")
    assert code == 0, err
    said = " ".join(out.split())
    assert "on the labelled history itself (looking back)" in said
    assert "No labelled data were held back" in said
    assert "which no trial has seen" not in said
    (tmp_path / "plain.csv").write_text(
        "time,cpu\n" + "".join(f"2024-01-31 14:{m:02d},{m % 7}\n" for m in range(60))
    )
    code, out, err = command("sweep=contamination", "experiment=csv", "data.path=plain.csv")
    assert code == 2
    assert "these have no labels" in err
    assert "trial 0" not in out + err
