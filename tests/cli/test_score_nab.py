"""The command ``score-nab``: results go out and come back unchanged, and mistakes in them are told in one line."""

import gzip
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.benchmark.nab_corpus import read_corpus
from sre_anomaly.benchmark.nab_results import read_detectors, read_layout, write_layout, write_stored
from sre_anomaly.cli.score_nab import KEYS
from sre_anomaly.errors import DataError

DATA = Path(os.environ.get("SRE_ANOMALY_DATA", "/nowhere"))


def _small(folder):
    """Write a corpus of two files, one with a time that occurs twice."""
    (folder / "labels").mkdir(parents=True)
    windows = {"one/a.csv": [["2024-01-01 00:20:00.000000", "2024-01-01 00:25:00.000000"]], "two/b.csv": []}
    for number, name in enumerate(windows):
        clock = pd.date_range("2024-01-01", periods=40, freq="1min").astype(str).tolist()
        clock[30] = clock[29]
        path = folder / "data" / name
        path.parent.mkdir(parents=True)
        pd.DataFrame({"timestamp": clock, "value": np.arange(40.0) + number}).to_csv(path, index=False)
    (folder / "labels/combined_windows.json").write_text(json.dumps(windows))
    return folder


def test_results_come_back_as_written(tmp_path):
    """NAB's layout and the stored form give back every score to the last bit, alone or among other detectors."""
    files = read_corpus(_small(tmp_path / "corpus"))
    assert files[0].windows.tolist() == [[20, 26]]
    scores = {one.name: np.random.default_rng(0).random(40) for one in files}
    results = tmp_path / "results"
    write_layout(results, "mine", files, scores)
    write_stored(results, "packed", files, scores)
    table = pd.read_csv(results / "mine/one/mine_a.csv")
    assert list(table.columns) == ["timestamp", "value", "anomaly_score", "label"]
    assert table["label"].sum() == 6
    together = read_detectors(results, files)
    assert list(together) == ["packed", "mine"]
    for series in [*together.values(), read_layout(results / "mine", files)]:
        assert all((one.scores == scores[one.name]).all() for one in series)
    assert list(read_detectors(results / "mine", files)) == ["mine"]
    assert list(read_detectors(results / "packed.csv.gz", files)) == ["packed"]
    before = (results / "packed.csv.gz").read_bytes()
    write_stored(results, "packed", files, scores)
    assert (results / "packed.csv.gz").read_bytes() == before
    with pytest.raises(DataError, match=r"mine: has no two/b.csv"):
        write_layout(results, "mine", files, {"one/a.csv": np.zeros(40)})


def test_times_may_be_written_otherwise_or_sorted(tmp_path):
    """The same times in another form are the same; so are the corpus's sorted by time, where it goes back in time."""
    folder = _small(tmp_path / "corpus")
    path = folder / "data/one/a.csv"
    table = pd.read_csv(path)
    table.iloc[[*range(10), 11, 10, *range(12, 40)]].to_csv(path, index=False)
    files = read_corpus(folder)
    write_layout(tmp_path, "mine", files, {one.name: np.arange(40.0) for one in files})
    written = tmp_path / "mine/one/mine_a.csv"
    results = pd.read_csv(written)
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S"):
        times = pd.to_datetime(results["timestamp"]).dt.strftime(form)
        results.assign(timestamp=times).to_csv(written, index=False)
        assert (read_layout(tmp_path / "mine", files)[0].scores == np.arange(40.0)).all()
    results.assign(timestamp=results["timestamp"].sort_values().to_numpy()).to_csv(written, index=False)
    assert (read_layout(tmp_path / "mine", files)[0].scores == np.arange(40.0)).all()


@pytest.fixture
def small(tmp_path):
    """Write a small corpus and one detector's results for it; return their folder."""
    _small(tmp_path / "corpus")
    files = read_corpus(tmp_path / "corpus")
    write_layout(tmp_path / "results", "mine", files, {one.name: np.linspace(0, 1, 40) for one in files})
    return tmp_path


def test_the_command_prints_and_writes(command, small):
    """Scores, baselines and published scores are printed; the leaderboard is written, and not overwritten unasked."""
    code, out, err = command("score-nab", "results", "data=corpus", "to=board")
    assert (code, err) == (0, "")
    said = " ".join(out.split())
    for word in (
        "mine",
        "random: mean of 200",
        "random: best of 200",
        "for random scores, of the draws",
        "no flag at all",
        "left out",
        "ARTime",
        "74.9",
        "low FP rate",
    ):
        assert word in said, word
    table = pd.read_csv(small / "board/leaderboard.csv")
    assert set(table["source"]) == {"measured here", "baseline", "published"}
    assert table["standard"].is_monotonic_decreasing
    assert (small / "board/leaderboard.png").read_bytes().startswith(b"\x89PNG")
    page = (small / "board/leaderboard.html").read_text()
    assert "data:image/png" in page
    assert "for random scores, of the draws" in page
    assert "http:" not in page
    assert "https:" not in page
    code, _, err = command("score-nab", "results", "data=corpus", "to=board")
    assert code == 2
    assert "leaderboard.csv is there already" in err
    assert command("score-nab", "results", "data=corpus", "to=board", "overwrite=true")[0] == 0


def _windows(*windows):
    return lambda at: (at / "corpus/labels/combined_windows.json").write_text(
        json.dumps({"one/a.csv": list(windows)})
    )


def _table(change):
    def apply(at):
        path = at / "results/mine/one/mine_a.csv"
        change(pd.read_csv(path)).to_csv(path, index=False)

    return apply


def _broken_gzip(at):
    (at / "results/packed.csv.gz").write_bytes(b"no gzip")


def _short_gzip(at):
    with gzip.open(at / "results/packed.csv.gz", "wt") as file:
        file.write("file,timestamp,anomaly_score\none/a.csv,x,0\ntwo/b.csv,x,0\n")


def _packed_reversed(at):
    files = read_corpus(at / "corpus")
    write_stored(at / "results", "packed", files, {one.name: np.zeros(40) for one in files})
    path = at / "results/packed.csv.gz"
    table = pd.read_csv(path)
    table.iloc[[*range(40), *range(79, 39, -1)]].to_csv(path, index=False)


MINUTE = "2024-01-01 00:{:02}:00".format
BAD = {
    "no results": (lambda at: shutil.rmtree(at / "results"), "results: is not there"),
    "empty results": (lambda at: shutil.rmtree(at / "results/mine"), "no results are there; expected"),
    "missing file": (lambda at: (at / "results/mine/two/mine_b.csv").unlink(), "mine: has no two/mine_b.csv"),
    "extra file": (
        lambda at: (at / "results/mine/two/mine_c.csv").write_text("x"),
        "beside the files of the corpus, two/mine_c.csv",
    ),
    "too few rows": (_table(lambda t: t[:39]), "mine_a.csv: has 39 rows for one/a.csv, which has 40"),
    "no score": (
        _table(lambda t: t.assign(anomaly_score=t["anomaly_score"].where(t.index != 7))),
        "row 9 has no score",
    ),
    "not a number": (_table(lambda t: t.assign(anomaly_score="high")), "row 2: 'high' is not a number"),
    "infinite": (_table(lambda t: t.assign(anomaly_score=np.inf)), "row 2: is infinite"),
    "reversed": (
        _table(lambda t: t[::-1]),
        "mine_a.csv: row 2: is of 2024-01-01 00:39:00, where one/a.csv has",
    ),
    "another year": (
        _table(lambda t: t.assign(timestamp=t["timestamp"].str.replace("2024", "2025"))),
        "mine_a.csv: row 2: is of 2025-01-01 00:00:00, where one/a.csv has 2024-01-01 00:00:00",
    ),
    "two rows swapped": (
        _table(lambda t: t.iloc[[*range(10), 11, 10, *range(12, 40)]]),
        "mine_a.csv: row 12: is of 2024-01-01 00:11:00",
    ),
    "no time": (
        _table(lambda t: t.assign(timestamp=t["timestamp"].where(t.index != 7, "soon"))),
        "row 9: 'soon'",
    ),
    "no times": (_table(lambda t: t.drop(columns="timestamp")), "has no column 'timestamp'"),
    "packed and reversed": (
        _packed_reversed,
        "packed.csv.gz: row 42: is of 2024-01-01 00:39:00, where two/b.csv has 2024-01-01 00:00:00",
    ),
    "no score column": (_table(lambda t: t.drop(columns="anomaly_score")), "has no column 'anomaly_score'"),
    "broken archive": (_broken_gzip, "packed.csv.gz: cannot be read as CSV"),
    "short archive": (_short_gzip, "packed.csv.gz: has 1 rows for one/a.csv, which has 40"),
    "twice": (
        lambda at: write_stored(
            at / "results",
            "mine",
            (files := read_corpus(at / "corpus")),
            {f.name: np.zeros(40) for f in files},
        ),
        "has mine twice",
    ),
    "no labels": (lambda at: shutil.rmtree(at / "corpus/labels"), "combined_windows.json is not there"),
    "broken labels": (
        lambda at: (at / "corpus/labels/combined_windows.json").write_text("[1]"),
        'expected {"category',
    ),
    "no window": (_windows(), "has no window"),
    "no data": (lambda at: (at / "corpus/data/one/a.csv").unlink(), "is not there, but"),
    "name with a way out": (
        lambda at: (at / "corpus/labels/combined_windows.json").write_text('{"../a.csv": [["x", "y"]]}'),
        "is not of the form category/file.csv",
    ),
    "window outside": (
        _windows([MINUTE(20), "2024-01-02"]),
        "one/a.csv: window 1: 2024-01-02 is not a time of the file",
    ),
    "window is no time": (_windows([MINUTE(20), "later"]), "window 1: 'later' is not a time"),
    "window backwards": (_windows([MINUTE(25), MINUTE(20)]), "one/a.csv: window 1 ends before it starts"),
    "windows overlap": (
        _windows([MINUTE(10), MINUTE(20)], [MINUTE(20), MINUTE(22)]),
        "one/a.csv: window 2 overlaps or precedes window 1",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_results_get_one_line(command, small, case):
    """A mistake in results or corpus is told in one line that names the file, with exit code 2."""
    spoil, expected = BAD[case]
    spoil(small)
    code, out, err = command("score-nab", "results", "data=corpus")
    assert code == 2
    assert expected in err
    assert len(err.splitlines()) == 1
    assert out == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "takes one folder of results"),
        (["results", "more"], "takes one folder of results"),
        (["results", "dta=x"], "no key 'dta'; did you mean 'data'?"),
        (["results", "seed=-1"], "seed=-1: write a whole number"),
        (["results", "to="], "to=: write a value"),
        (["results", "overwrite=maybe"], "overwrite=maybe: write true or false"),
        (["results", "data=nowhere"], "data=nowhere: "),
    ],
)
def test_bad_words_get_one_line(command, small, words, expected):
    """A word that the command does not know is refused before anything is read."""
    assert small.is_dir()
    code, _, err = command("score-nab", *words)
    assert code == 2
    assert expected in err
    assert len(err.splitlines()) == 1


def test_a_misspelled_command_is_told(command):
    """A hyphenated command is guessed too."""
    code, _, err = command("score-nap", "x")
    assert code == 2
    assert "did you mean 'score-nab'" in err


def test_without_a_corpus_it_says_where_to_put_one(command, small, monkeypatch):
    """Where NAB is neither here nor to be had, the line says where it belongs."""
    monkeypatch.delenv("SRE_ANOMALY_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(small / "cache"))
    monkeypatch.setattr("sre_anomaly.data.public.nab.ADDRESS", "http://127.0.0.1:9/")
    code, _, err = command("score-nab", "results")
    assert code == 2
    assert "SRE_ANOMALY_DATA" in err
    assert len(err.splitlines()) == 1


def test_results_of_nab_itself(command, needs):
    """The corpus is found by itself, and a published detector scores what was published."""
    needs("nab")
    stored = DATA / "nab/results/ARTime.csv.gz"
    code, out, _ = command("score-nab", stored)
    assert code == 0
    assert "74.85" in out
    assert "0.317486" in out
    assert "config/thresholds.json): the same" in "".join(out.split("\n"))


def test_the_score_at_the_published_threshold(command, needs):
    """Where NAB's own threshold is not the best one, the score at it stands beside the best."""
    needs("nab")
    code, out, _ = command("score-nab", DATA / "nab/results/numenta.csv.gz")
    assert code == 0
    assert "numenta low FP rate 63.117 where 63.209 can be reached; all else the same" in " ".join(
        out.split()
    )


def test_scores_that_nab_wrote_down(command, small):
    """Without thresholds its final results do; with neither it is said that NAB may find less; a broken file is named."""
    out = " ".join(command("score-nab", "results", "data=corpus")[1].split())
    assert "may stop short of the best threshold" in out
    assert "As NAB scored" not in out
    profiles = ("standard", "reward_low_FP_rate", "reward_low_FN_rate")
    final = {"mine": dict.fromkeys(profiles, -12.5), "another": {}}
    (small / "results/final_results.json").write_text(json.dumps(final))
    out = " ".join(command("score-nab", "results/mine", "data=corpus")[1].split())
    assert "mine standard -12.500 where 0.000 can be reached" in out
    (small / "results/thresholds.json").write_text(json.dumps({"mine": {"standard": 1}}))
    code, _, err = command("score-nab", "results", "data=corpus")
    assert code == 2
    assert "thresholds.json: expected" in err
    assert len(err.splitlines()) == 1


def test_a_run_folder_is_hinted_at(command, small):
    """The folder of a run is not taken for results; the line says where in it they are."""
    (small / "results").rename(small / "nab_results")
    (small / "series" / "one").mkdir(parents=True)
    (small / "series" / "one" / "alerts.csv").write_text("start")
    code, _, err = command("score-nab", small, "data=corpus")
    assert code == 2
    assert f"its results are in {small / 'nab_results'}" in err


def test_its_own_help(command):
    """The command's help names every key that it takes."""
    code, out, _ = command("score-nab", "--help")
    assert code == 0
    assert all(f"{key}=" in out for key in KEYS)
