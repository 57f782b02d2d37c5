"""Finished runs side by side: what they share, what they differ in, and what may be said about it."""

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from sre_anomaly.errors import UserError
from sre_anomaly.report.comparison.comparison import print_comparison, read_runs, write_comparison

TINY = ("data.days=14", "data.count=1", "data.hard_negative_count=1", "forecaster=none", "features=raw")
ROWS = 400


def _made(folder, *words, fingerprint="a", noise=1.0, seed=0):
    """Write what a run leaves, as far as a comparison reads it: three incidents, and a score that sees them."""
    rng = np.random.default_rng(seed)
    time = pd.date_range("2024-01-01", periods=ROWS, freq="1h", tz="UTC")
    label = np.zeros(ROWS)
    label[[*range(120, 130), *range(220, 240), *range(330, 340)]] = 1
    table = pd.DataFrame(
        {"time": time, "score": label + rng.normal(0, noise, ROWS), "level": 0.6, "label": label}
    )
    table["flag"] = table["score"] > table["level"]
    folder.mkdir(parents=True)
    table.to_parquet(folder / "scores.parquet", index=False)
    alert = dict.fromkeys(("start", "fired", "peak"), "2024-01-06T02:00:00Z")
    pd.DataFrame([alert | {"end": "2024-01-06T04:00:00Z"}]).to_csv(folder / "alerts.csv", index=False)
    (folder / "config.yaml").write_text("\n".join(word.replace("=", ": ") for word in words))
    detection = {
        "measured_on": "test",
        "measures": {
            "f1": 0.5,
            "pr_auc": 0.6,
            "incident_recall": 1 / 3,
            "incidents": 3,
            "incidents_caught": 1,
        },
        "intervals": {"f1": [0.4, 0.6], "pr_auc": [None, None]},
        "baselines": {"random": {"f1": 0.1, "pr_auc": 0.1, "precision": 0.1}},
    }
    data = {"fingerprint": fingerprint, "split": {"test": [100, ROWS]}, "step_s": 3600.0}
    record = {"status": "completed", "command": " ".join(["sre-anomaly", *words]), "seed": 1, "data": data}
    (folder / "record.json").write_text(json.dumps({**record, "detection": detection, "forecast": None}))
    return folder


@pytest.fixture
def compare():
    """Return the command's function; matplotlib and the rest are loaded by the first that uses it."""
    from sre_anomaly.cli.compare import compare

    return compare


def test_side_by_side(command, compare, capsys, tmp_path):
    """Two real runs on the same rows: measures, what differs, paired differences, nothing but what was promised."""
    for number, detector in enumerate(("zscore", "gaussian")):
        code, _, err = command(*TINY, f"detector={detector}", f"hydra.run.dir=outputs/run{number}")
        assert (code, err) == (0, "")
    compare(["outputs/run0", "outputs/run1", "to=out"])
    told = " ".join(capsys.readouterr().out.split())
    assert "detector=gaussian against detector=zscore:" in told
    assert re.search(r"pr_auc [+-]0\.\d+ \(95 % interval .* to .*\): (better|worse|not significant)", told)
    assert "(random)" in told
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "comparison.csv",
        "comparison.html",
        "comparison.png",
    ]
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "data:image/png;base64," in page
    assert not re.search(r"(src|href)=['\"]?(https?:)?//", page)
    differing = page.partition("Differences in configuration")[2].partition("The runs")[0]
    assert "threshold.sigmas" in differing
    assert "data.days" not in differing
    with (tmp_path / "out" / "comparison.csv").open() as file:
        first, second = csv.DictReader(file)
    assert first["pr_auc_gain"] == ""
    gain = float(second["pr_auc"]) - float(first["pr_auc"])
    assert float(second["pr_auc_gain"]) == pytest.approx(gain)
    assert float(second["f1_gain"]) == pytest.approx(float(second["f1"]) - float(first["f1"]))


def test_pairs(tmp_path):
    """A copy does not differ; a far better score does; every difference is that of the measures themselves."""
    made = [_made(tmp_path / f"run{n}", f"detector=a{n}", noise=(1.0, 1.0, 0.1)[n]) for n in range(3)]
    first, same, better = read_runs([folder / "record.json" for folder in made])
    assert first.differences == []
    assert [difference.verdict for difference in same.differences[:2]] == ["no difference"] * 2
    verdicts = {difference.measure: difference.verdict for difference in better.differences}
    assert verdicts == {
        "f1": "better",
        "pr_auc": "better",
        "incident_recall": "too few days or incidents to compare",
    }
    for one in better.differences[:2]:
        assert one.low <= one.value <= one.high
        assert one.low > 0


def _told(folder, *words, noise=0.5, numbers=False, seed=0):
    """Write what a run over a table leaves, as far as a comparison reads it."""
    draw = np.random.default_rng(seed)
    truth = np.random.default_rng(9).normal(0, 1, ROWS)
    guess = truth + draw.normal(0, noise, ROWS)
    table = pd.DataFrame({"row": np.arange(ROWS) + 1, "group": [f"g{n // 4}" for n in range(ROWS)]})
    if numbers:
        table["slow"], table["predicted"] = truth, guess
        task = {"regression": {"measures": {"mae": float(np.abs(guess - truth).mean()), "folds": 5}}}
    else:
        table["slow"], table["told"] = np.where(truth > 1, "01", "NA"), np.where(guess > 1, "01", "NA")
        measures = {"macro_f1": 0.5, "macro_f1_pooled": 0.5, "accuracy": 0.7, "pr_auc": 0.6, "folds": 1}
        intervals = {"macro_f1_pooled": [0.4, 0.6]}
        task = {"classification": {"measures": measures, "intervals": intervals, "classes": ["01", "NA"]}}
    folder.mkdir(parents=True)
    table.to_csv(folder / "predictions.csv", index=False)
    (folder / "config.yaml").write_text("\n".join(word.replace("=", ": ") for word in words))
    record = {"status": "completed", "command": "sre-anomaly experiment=mine", "seed": 1, "detection": None}
    record |= {"data": {"fingerprint": "a", "target": "slow"}, **task}
    (folder / "record.json").write_text(json.dumps(record))
    return folder / "record.json"


@pytest.mark.parametrize("numbers", [True, False])
def test_runs_over_a_table_are_paired(tmp_path, numbers):
    """A twin does not differ, another draw of the same is noise, a sharper one is better; named by their settings."""
    made = [
        _told(tmp_path / f"run{n}", f"seed={n}", noise=noise, numbers=numbers, seed=seed)
        for n, (noise, seed) in enumerate([(0.5, 0), (0.5, 0), (0.5, 3), (0.05, 2)])
    ]
    first, twin, other, better = read_runs(made)
    assert [run.name for run in (first, twin, other, better)] == ["seed=0", "seed=1", "seed=2", "seed=3"]
    assert first.differences == []
    verdicts = [run.differences[0].verdict for run in (twin, other, better)]
    assert verdicts == ["no difference", "not significant", "better"]
    one = better.differences[0]
    assert one.measure == ("mae" if numbers else "macro_f1")
    assert one.low <= one.value <= one.high
    assert (one.value < 0) == numbers


def test_tables_are_not_told_as_detectors_are(tmp_path, compare, capsys, monkeypatch):
    """Page and screen of runs over a table speak of rows and classes; a baseline that has no value ends in no error."""
    monkeypatch.chdir(tmp_path)
    records = [_told(tmp_path / f"run{n}", f"seed={n}", seed=n) for n in range(2)]
    for path in records:
        record = json.loads(path.read_text())
        record["classification"]["baselines"] = {"majority": {"macro_f1": 0.4, "pr_auc": None}}
        path.write_text(json.dumps(record))
    compare(["run0", "run1", "to=out"])
    assert "(majority)" in capsys.readouterr().out
    page = (tmp_path / "out/comparison.html").read_text()
    assert "Names in brackets are baselines, evaluated on the same data" in page
    assert "F1, mean over classes" in page
    assert "same rows (or groups of rows) were resampled" in page
    for word in ("flag", "incident", "days", "anomalous"):
        assert word not in page.partition("<body")[2], word
    _made(tmp_path / "run2", "detector=zscore")
    compare(["run0", "run2", "to=both"])
    page = (tmp_path / "both/comparison.html").read_text()
    assert "those of detectors flag as many data points" in page
    assert "evaluated on other data" in page


def test_no_column_is_lost_on_a_narrow_terminal(tmp_path):
    """At 80 signs the last measure is there and whole; the intervals give way."""
    runs = read_runs([_told(tmp_path / f"run{n}", f"classifier.imbalance=sort{n}", seed=n) for n in range(3)])
    for width in (60, 80, 120):
        console = Console(width=width, file=io.StringIO())
        print_comparison(runs, console)
        lines = console.file.getvalue().splitlines()
        assert lines[1].split()[-2:] == ["pr", "auc"]
        assert lines[2].split()[-1] == "0.6"
        assert ("(0.40-0.60)" in lines[2]) == (width > 60)


@pytest.mark.parametrize("lost", ["config.yaml", "scores.parquet", "alerts.csv"])
def test_a_lost_file(lost, tmp_path):
    """A run that has lost a file is named with it."""
    folder = _made(tmp_path / "one", "seed=1")
    (folder / lost).unlink()
    with pytest.raises(UserError, match=f"one: a file of this run cannot be read: .*{lost}"):
        read_runs([folder / "record.json"])


def test_other_data_are_not_paired(tmp_path, compare, capsys, monkeypatch):
    """Runs on different data are listed, and nothing is said about their difference."""
    monkeypatch.chdir(tmp_path)
    _made(tmp_path / "one", "seed=1")
    _made(tmp_path / "two", "seed=2", fingerprint="b")
    compare(["one", "two"])
    told = " ".join(capsys.readouterr().out.split())
    assert "seed=2: evaluated on other data than seed=1" in told
    assert "against" not in told


def test_failed_run_is_listed(tmp_path):
    """A run that failed is named with its error and left out of the measures."""
    made = [_made(tmp_path / name, f"detector={name}") for name in ("one", "two")]
    record = {
        "status": "failed",
        "error": "ValueError: no [luck]",
        "command": "sre-anomaly detector=odd",
        "data": {},
    }
    found = read_runs([folder / "record.json" for folder in (_record(tmp_path / "broken", **record), *made)])
    assert write_comparison(found, tmp_path / "out") == [
        "comparison.html",
        "comparison.csv",
        "comparison.png",
    ]
    console = Console(width=100, file=io.StringIO())
    print_comparison(found, console)
    told = console.file.getvalue()
    assert "detector=odd: failed: ValueError: no [luck]" in told
    assert "no [luck]" in (tmp_path / "out" / "comparison.html").read_text()
    assert "detector=two against detector=one" in told


def test_forecasts_alone(tmp_path):
    """Runs without a detector have forecast measures and no picture."""
    made = [_made(tmp_path / name, f"forecaster={name}") for name in ("one", "two")]
    for folder in made:
        record = json.loads((folder / "record.json").read_text())
        record |= {"detection": None, "forecast": {"measures": {"mae": 0.25, "mase": 0.9}}}
        (folder / "record.json").write_text(json.dumps(record))
    found = read_runs([folder / "record.json" for folder in made])
    assert write_comparison(found, tmp_path / "out") == ["comparison.html", "comparison.csv"]
    assert "0.25" in (tmp_path / "out" / "comparison.html").read_text()


def test_a_sweep_is_its_winner(tmp_path, compare, capsys, monkeypatch):
    """A sweep's folder stands for its best run, and a multirun's for all of its runs."""
    monkeypatch.chdir(tmp_path)
    refit = _made(
        tmp_path / "sweep" / "refit_10", "threshold.contamination=0.0217454709", "data.path=" + "x" * 50
    )
    (tmp_path / "sweep" / "sweep.json").write_text("{}")
    (tmp_path / "sweep" / "best").symlink_to(refit)
    for number in (0, 1, 10, 2):
        _made(tmp_path / "many" / str(number), f"seed={number}")
    compare(["sweep", "many"])
    told = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "1 of 3" in line]
    assert told == ["sweep", "seed=0", "seed=1", "seed=2", "seed=10"]


def _record(folder, **content):
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(json.dumps(content))
    return folder


BAD = {
    "nothing": ([], "nothing to compare"),
    "no such folder": (["run", "fialed"], "no such folder; did you mean 'failed'?"),
    "no run": (["empty", "failed"], "empty: is no run and holds none"),
    "a failed run": (["failed"], "failed: this run is not complete (failed: ValueError: boom)"),
    "a trial": (["trial"], "trial: is a trial of a sweep"),
    "no record": (["broken"], "broken: its record.json is no record of a run"),
    "only one": (["run", "run"], "only one run, run;"),
    "unknown option": (["run", "tp=x"], "tp=x: compare has no such option; there are: to"),
    "no folder": (["run", "to="], "to=: name a folder"),
    "a file": (["many", "to=many/file"], "to=many/file: is a file"),
    "all failed": (["many"], "fewer than two of these runs are complete"),
    "a sweep without a winner": (["sweep"], "sweep: this sweep has no best run"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case, compare, tmp_path, monkeypatch):
    """Each is one clear line, and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (_record(tmp_path / "run", status="completed", data={}, detection=None) / "config.yaml").write_text(
        "seed: 1\n"
    )
    _record(tmp_path / "failed", status="failed", error="ValueError: boom\nmore")
    _record(tmp_path / "trial", status="completed", command="sre-anomaly detector=zscore")
    (_record(tmp_path / "broken") / "record.json").write_text("[]")
    for number in "01":
        _record(tmp_path / "many" / number, status="refused", error="no", command="sre-anomaly")
    (tmp_path / "many" / "file").write_text("")
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "sweep.json").write_text("{}")
    before = sorted(tmp_path.rglob("*"))
    words, said = BAD[case]
    with pytest.raises(UserError) as caught:
        compare(words)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
