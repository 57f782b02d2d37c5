"""The NAB score agrees with scoring row by row, and with the published results of NAB itself."""

import functools
import json
import os
from pathlib import Path

import numpy as np
import pytest

from sre_anomaly.benchmark.nab_corpus import read_corpus
from sre_anomaly.benchmark.nab_results import read_stored
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.nab.intervals import (
    _enough,
    assess,
    bootstrap,
    chance,
    leave_one_category_out,
    null_baseline,
)
from sre_anomaly.evaluation.nab.score import PROFILES, Labelled, judged, optimise, ranked, score_at

DATA = Path(os.environ.get("SRE_ANOMALY_DATA", "/nowhere"))
STORED = ("ARTime", "null", "numenta", "random", "randomCutForest", "windowedGaussian")


def _sigmoid(x):
    return -1.0 if x > 3 else 2 / (1 + np.exp(5 * x)) - 1


def _points(one, threshold, profile):
    """Return the points of one file above never flagging, and its judged windows, row after row."""
    rows = len(one.scores)
    first = min(int(0.15 * rows), 750)
    best, false = {}, 0.0
    for row in range(first, rows):
        if one.scores[row] < threshold:
            continue
        here = [w for w in one.windows.tolist() if w[0] <= row < w[1]]
        past = [w for w in one.windows.tolist() if w[1] <= row]
        if here:
            (start, stop), width = here[0], here[0][1] - here[0][0]
            worth = _sigmoid(-(stop - 1 - row + 1) / width) / _sigmoid(-1)
            best[start] = max(best.get(start, 0.0), worth)
        elif past:
            width = past[-1][1] - past[-1][0]
            false += _sigmoid((row - past[-1][1] + 1) / (width - 1)) if width > 1 else -1.0
        else:
            false -= 1.0
    judged = sum(stop > first for _, stop in one.windows.tolist())
    return profile.hit * sum(best.values()) + profile.missed * len(best) + profile.false * false, judged


def _literal(series, threshold, profile):
    parts = [_points(one, threshold, profile) for one in series]
    windows = sum(judged for _, judged in parts)
    return 100 * sum(points for points, _ in parts) / windows / (profile.hit + profile.missed)


def _candidates(series):
    """Return every threshold that makes a difference, highest first."""
    return [1.1, *sorted({score for one in series for score in one.scores.tolist()}, reverse=True)]


def _corpus(seed):
    draw = np.random.default_rng(seed)
    series = []
    for number in range(draw.integers(1, 6)):
        rows = int(draw.integers(20, 60))
        edges = np.sort(draw.choice(np.arange(rows + 1), 2 * int(draw.integers(0, 4)), replace=False))
        scores = draw.integers(0, 6, rows) / 5 if seed % 2 else draw.random(rows)
        series.append(Labelled(f"{number}.csv", "abc"[number % 3], scores, edges.reshape(-1, 2)))
    rows = np.array([[8, 14], [14, 15], [15, 20]])
    return [*series, Labelled("touching.csv", "d", draw.random(20).round(1), rows)]


def test_every_threshold_is_scored_as_by_hand():
    """The score at each threshold equals scoring row by row: ties, touching and one-row windows, edges, probation."""
    for seed in range(16):
        series = _corpus(seed)
        corpus = ranked(series)
        for threshold in [*_candidates(series), 0.333, -1.0]:
            found = score_at(corpus, {profile.name: threshold for profile in PROFILES})
            expected = {profile.name: _literal(series, threshold, profile) for profile in PROFILES}
            assert found == pytest.approx(expected, abs=1e-9)


def test_the_best_threshold_is_the_best_and_the_highest_of_equals():
    """No other threshold scores more, and none above it as much."""
    for seed in range(16):
        series = _corpus(seed)
        for name, best in optimise(ranked(series)).items():
            profile = next(p for p in PROFILES if p.name == name)
            scores = [_literal(series, threshold, profile) for threshold in _candidates(series)]
            assert best.score == pytest.approx(max(scores), abs=1e-9)
            equal = [t for t, s in zip(_candidates(series), scores, strict=True) if s > max(scores) - 1e-9]
            assert best.threshold == max(equal)


def test_left_out_categories_are_judged_by_the_others():
    """Each category is judged at the threshold that is best on the others; a single one cannot be."""
    for seed in range(10):
        series = _corpus(seed)
        found = leave_one_category_out(ranked(series))
        for profile in PROFILES:
            points = windows = 0.0
            for category in {one.category for one in series}:
                others = [one for one in series if one.category != category]
                if not sum(_points(one, 2.0, profile)[1] for one in others):
                    break
                chosen = max(_candidates(others), key=lambda t: _literal(others, t, profile))
                for one in series:
                    if one.category == category:
                        gained, judged = _points(one, chosen, profile)
                        points, windows = points + gained, windows + judged
            else:
                expected = 100 * points / windows / (profile.hit + profile.missed)
                assert found[profile.name] == pytest.approx(expected, abs=1e-9)
    alone = [one for one in _corpus(1) if one.category == "d"]
    assert np.isnan(list(leave_one_category_out(ranked(alone)).values())).all()


def test_scores_above_one_and_the_threshold_of_nothing():
    """Scores need not lie in [0, 1]; never flagging has a threshold that no score reaches."""
    windows = np.array([[30, 40]])
    found = optimise(ranked([Labelled("a.csv", "a", np.where(np.arange(50) == 30, 7.0, 3.0), windows)]))
    assert found["standard"].threshold == 7
    assert found["standard"].score == pytest.approx(100)
    wrong = optimise(
        ranked(
            [
                Labelled(
                    "a.csv", "a", np.where(np.arange(50) == 10, 7.0, 3.0), windows[:, ::1] * 0 + [[49, 50]]
                )
            ]
        )
    )
    assert wrong["standard"].score == 0
    assert wrong["standard"].threshold > 7
    assert (wrong["standard"].found, wrong["standard"].windows, wrong["standard"].false_rows) == (0, 1, 0)


def test_intervals_hold_the_score_and_repeat():
    """The interval over files holds the score, repeats with its seed, and baselines stay near 0."""
    draw = np.random.default_rng(0)
    windows = np.array([[60, 90]])
    series = [
        Labelled(f"{n}.csv", "ab"[n % 2], draw.random(200) + 0.3 * (np.abs(np.arange(200) - 70) < 9), windows)
        for n in range(12)
    ]
    found = assess(series, seed=1)
    for name, one in found.items():
        low, high = one.interval
        assert low < one.best.score < high, name
    assert assess(series, seed=1) == found
    corpus = ranked(null_baseline(series))
    assert {name: best.score for name, best in optimise(corpus).items()} == dict.fromkeys(found, 0.0)
    assert bootstrap(corpus, dict.fromkeys(found, 1.1), 0) == dict.fromkeys(found, (0.0, 0.0))
    assert chance(series, 3)["standard"].score < found["standard"].best.score
    assert np.isnan(optimise(ranked([Labelled("a", "a", np.zeros(9), np.empty((0, 2)))]))["standard"].score)


def test_chance_draws_as_many_rows_as_matter():
    """The first rows of a random order give the scores of the whole order, at a small part of its cost."""
    windows = np.array([[500, 520], [5000, 5030]])
    series = [Labelled(f"{n}.csv", "ab"[n % 2], np.zeros(9000), windows) for n in range(4)]
    corpus = judged(series)
    rows = len(corpus.worth)
    enough = _enough(corpus)
    assert enough < rows / 10
    draw = np.random.default_rng(0)
    for _ in range(20):
        order, scores = draw.permutation(rows), np.linspace(1, 0, rows)
        whole, part = (corpus.in_order(order[:k], scores[:k]) for k in (rows, enough))
        assert optimise(whole) == optimise(part)
    found = chance(series, 0)["standard"]
    low, high = found.interval
    assert low <= found.score <= high <= found.highest
    assert chance(series, 0)["standard"] == found


@pytest.mark.parametrize(
    ("scores", "windows", "expected"),
    [
        ([0.0, np.nan], [], "score 2 of 2 is nan"),
        ([0.0, np.inf], [], "score 2 of 2 is inf"),
        ([0.0] * 5, [[3, 3]], "window 1 ends before it starts"),
        ([0.0] * 5, [[3, 6]], "window 1 lies outside the file's 5 rows"),
        ([0.0] * 5, [[0, 2], [1, 3]], "window 2 overlaps or precedes window 1"),
    ],
)
def test_files_that_cannot_be(scores, windows, expected):
    """A file with a missing score or an impossible window is refused by name."""
    with pytest.raises(DataError, match=f"^x.csv: {expected}$"):
        Labelled("x.csv", "a", np.array(scores), np.array(windows))


@functools.cache
def _nab():
    """Read NAB once."""
    return read_corpus(DATA / "nab")


@pytest.mark.parametrize("detector", STORED)
def test_published_results_to_the_last_digit(needs, detector):
    """At the stored thresholds the stored scores come out; the best threshold is at least as good."""
    needs("nab")
    folder = DATA / "nab"
    published = json.loads((folder / "results/final_results.json").read_text())[detector]
    stored = json.loads((folder / "config/thresholds.json").read_text())[detector]
    ready = ranked(read_stored(folder / f"results/{detector}.csv.gz", _nab()))
    found = score_at(ready, {name: stored[name]["threshold"] for name in published})
    assert found == pytest.approx(published, abs=1e-9, rel=0)
    best = optimise(ready)
    assert all(best[name].score >= score - 1e-9 for name, score in published.items())
    if detector not in {"numenta", "random"}:
        # The stored thresholds of these two come from a search that stopped short of the best.
        assert {name: one.score for name, one in best.items()} == pytest.approx(published, abs=1e-9, rel=0)
