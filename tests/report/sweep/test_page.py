"""What a sweep tells: its page, its pictures and its screen."""

import io
import json
import re

import pandas as pd
import pytest
from rich.console import Console

from sre_anomaly.report.sweep.data import read_sweep
from sre_anomaly.report.sweep.page import write_sweep_page
from sre_anomaly.report.sweep.plots import trade_off_table
from sre_anomaly.report.sweep.screen import caveats, chosen, failures, flattered, print_sweep, winner

TINY = ("data.days=14", "data.count=1", "data.hard_negative_count=1", "forecaster=none", "features=raw")
F1 = "detection.measures.f1"
ALERTS = "detection.measures.alerts_per_week"
LEVEL = "threshold.contamination"


@pytest.fixture
def made(tmp_path):
    """Return a function that makes the folder of a sweep from its trials: (state, values, params, error)."""

    def make(
        trials, *, objective=(F1,), direction=("maximize",), best=None, default=0, importance=None, **more
    ):
        told = [
            {"trial": number, "values": list(values) or None, "params": params, "state": state}
            for number, (state, values, params, _) in enumerate(trials)
        ]
        names = list(dict.fromkeys(name for _, _, params, _ in trials for name in params))
        pd.DataFrame(
            [
                [
                    number,
                    state,
                    *(values or [None] * len(objective)),
                    *(params.get(n) for n in names),
                    0.5,
                    error,
                ]
                for number, (state, values, params, error) in enumerate(trials)
            ],
            columns=["trial", "state", *objective, *names, "seconds", "error"],
        ).to_csv(tmp_path / "trials.csv", index=False)
        outcome = {
            "study": "sweep_<odd>",
            "storage": "journal.log",
            "objective": list(objective),
            "direction": list(direction),
            "constraints": [],
            "trials": pd.Series([state for state, *_ in trials]).value_counts().to_dict(),
            "target": len(trials),
            "best": [told[number] for number in best or ()],
            "default": None if default is None else told[default],
            "space": {"fixed": {}, "params": {}, "when": {}},
            "importance": importance or {},
        }
        return tmp_path, outcome | more

    return make


def _trials(values):
    return [
        ("completed", [value], {LEVEL: 0.01 * (n + 1), "detector": "ab"[n % 2]}, "")
        for n, value in enumerate(values)
    ]


def test_a_sweep_end_to_end(command, tmp_path):
    """The real command leaves a page that opens offline, its pictures, and ten lines on screen."""
    code, out, _ = command(
        *TINY,
        "detector=gaussian",
        "sweep=contamination",
        "hydra.sweeper.n_trials=3",
        "hydra.launcher.n_jobs=1",
    )
    assert code == 0
    folder = next((tmp_path / "outputs" / "system_metrics").glob("sweep_*"))
    page = (folder / "report.html").read_text()
    assert {path.name for path in (folder / "images").iterdir()} == {
        "history.png",
        "slices.png",
        "trade_off.png",
    }
    assert page.count("data:image/png;base64,") == 3
    assert not re.search(r"(src|href)=['\"]?(https?:)?//", page)
    assert "The default configuration has f1" in page or "No trial was better" in page
    told = " ".join(out.split())
    for word in (
        "3 trials of threshold.contamination: 3 completed",
        "largest change",
        "report.html",
        "n_trials=20",
    ):
        assert word in told
    sweep = read_sweep(folder, json.loads((folder / "sweep.json").read_text()), None)
    assert sweep.by_factors() == {LEVEL}
    table = trade_off_table(sweep)
    assert table[LEVEL].is_monotonic_increasing
    assert {"precision", "recall", "f1", "alerts_per_week"} <= set(table.columns)


def test_every_ending_is_told(made):
    """Failed, pruned and lost trials: counted, with equal errors told once, on the page and on screen."""
    trials = [
        *_trials([0.2, 0.3]),
        ("failed", [], {LEVEL: 0.1}, "ValueError: <b>"),
        ("failed", [], {LEVEL: 0.2}, "ValueError: <b>"),
        ("pruned", [], {LEVEL: 0.3}, ""),
        ("lost", [], {LEVEL: 0.4}, "killed"),
    ]
    folder, outcome = made(trials, best=[1], importance={LEVEL: 0.7, "detector": 0.3})
    assert failures(read_sweep(folder, outcome, None)) == ["Trials 2, 3: ValueError: <b>", "Trial 5: killed"]
    write_sweep_page(folder, outcome, None)
    page = (folder / "report.html").read_text()
    assert "ValueError: &lt;b&gt;" in page
    assert "sweep_<odd>" not in page
    assert {path.name for path in (folder / "images").iterdir()} == {
        "history.png",
        "importance.png",
        "slices.png",
    }
    console = Console(width=90, file=io.StringIO())
    print_sweep(outcome, None, folder, console)
    told = " ".join(console.file.getvalue().split())
    assert "2 completed, 2 failed, 1 pruned, 1 lost" in told
    assert "threshold.contamination 70%" in told


def test_two_objectives(made):
    """The front is drawn, and nobody is told that one of its points is the best."""
    trials = [
        ("completed", pair, {LEVEL: 0.01 * (n + 1)}, "")
        for n, pair in enumerate([[0.1, 1], [0.5, 5], [0.1, 1]])
    ]
    folder, outcome = made(trials, objective=(F1, ALERTS), direction=("maximize", "minimize"), best=[0, 1, 2])
    write_sweep_page(folder, outcome, None)
    assert (folder / "images" / "pareto_front.png").is_file()
    assert "3 trials on the Pareto front of f1 and alerts_per_week" in (folder / "report.html").read_text()


SAYINGS = {
    "a gain": (_trials([0.2, 0.5]), {"best": [1]}, ["The default configuration has f1 0.2 (trial 0): 0.3 higher now, 2.5 times as much"]),
    "nothing better": (_trials([0.5, 0.2]), {"best": [0]}, ["No trial was better than the default configuration"]),
    "less is better": (_trials([0.5, 0.2]), {"best": [1], "direction": ["minimize"]}, ["0.3 lower now"]),
    "no default": (_trials([0.5, 0.2]), {"best": [0], "default": None}, ["The gain is not known"]),
    "a failed default": (
        [("failed", [], {LEVEL: 0.1}, "x"), *_trials([0.5])], {"best": [1]}, ["The gain is not known"],
    ),
    "no winner": ([("failed", [], {LEVEL: 0.1}, "x")], {}, ["No trial has a value"]),
    "constraints": (_trials([0.5]), {"constraints": ["a <= 1"]}, ["No trial that meets the constraints has a value"]),
    "few trials": (_trials([0.2, 0.5]), {"best": [1]}, ["2 finished trials are few for 2 parameters"]),
}  # fmt: skip


@pytest.mark.parametrize("case", SAYINGS)
def test_what_is_said(case, made):
    """Each outcome in plain words, and a page for each."""
    trials, more, said = SAYINGS[case]
    folder, outcome = made(trials, **more)
    sweep = read_sweep(folder, outcome, None)
    told = " ".join([*winner(sweep), *caveats(sweep)])
    for sentence in said:
        assert sentence in told
    write_sweep_page(folder, outcome, None)
    assert "</html>" in (folder / "report.html").read_text()


def test_flattery_and_noise(made):
    """The test rows say less than the validation rows did, and the gain is smaller than chance."""
    from sre_anomaly.records import RunRecord

    detection = {
        "detector": "gaussian",
        "measures": {"f1": 0.3, "precision": 0.5, "recall": float("nan")},
        "intervals": {"f1": (0.1, 0.5)},
        "baselines": {"random": {"f1": 0.01}},
        "caveats": [],
    }
    record = RunRecord(command="sre-anomaly detector=gaussian", detection=detection)
    folder, outcome = made(_trials([0.4, 0.5]), best=[1])
    sweep = read_sweep(folder, outcome, record)
    assert "0.2 better: the best of many" in flattered(sweep)[1]
    assert any("The gain of 0.1 is not significant" in caveat for caveat in caveats(sweep))
    write_sweep_page(folder, outcome, record)
    page = (folder / "report.html").read_text()
    assert "0.3  (0.10 to 0.50)" in page
    assert "sre-anomaly detector=gaussian" in page


def test_parameters_as_typed():
    """Numbers are shortened, without signs that a command line could not read back."""
    assert chosen({"a": 12345.678, "b": "x", "c": True, "d": 1e-12}) == "a=12346 b=x c=True d=1e-12"
