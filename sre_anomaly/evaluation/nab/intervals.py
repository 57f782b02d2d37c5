"""What a NAB score is worth: its threshold is fitted on the labels it is judged by, and 58 files are few."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre_anomaly.evaluation.nab.score import (
    PROFILES,
    Best,
    Judged,
    Labelled,
    Ranked,
    best_threshold,
    by_file,
    judged,
    normalised,
    optimise,
    points,
    ranked,
)

ROUNDS = 2000
DRAWS = 200
"""Random detectors that stand for chance: a single one is easily 5 points off, and a lucky one far more."""


@dataclass(frozen=True)
class Assessment:
    """A profile's best score, and beside it what chance of files and choice of the threshold make of it."""

    best: Best
    left_out: float
    """The score when each category is judged at the threshold chosen on the others; NaN for a single category."""
    interval: tuple[float, float]
    """95 % of resampled sets of files, at the same threshold."""


@dataclass(frozen=True)
class Chance:
    """What detectors reach whose scores are drawn at random, threshold and all chosen as for a real one."""

    score: float
    """The mean of `DRAWS` of them."""
    left_out: float
    interval: tuple[float, float]
    """95 % of them."""
    highest: float
    """What the luckiest of them reaches."""


def leave_one_category_out(corpus: Ranked) -> dict[str, float]:
    """Return the score of each profile when every category is judged at the threshold chosen on the others."""
    names = sorted(set(corpus.categories))
    if len(names) < 2:
        return {profile.name: float("nan") for profile in PROFILES}
    category = np.array([names.index(name) for name in corpus.categories])
    totals = {profile.name: np.zeros((3, len(category))) for profile in PROFILES}
    for number in range(len(names)):
        there = category == number
        kept = ~there[corpus.file]
        gains = np.where(kept, [corpus.hit, corpus.false, corpus.found], 0.0)
        curve = np.cumsum(gains, axis=1)[:, corpus.last]
        for profile in PROFILES:
            threshold = best_threshold(profile, corpus, curve)
            totals[profile.name][:, there] = by_file(corpus, threshold)[:, there]
    return {p.name: normalised(p, totals[p.name], corpus.windows) for p in PROFILES}


def bootstrap(corpus: Ranked, thresholds: Mapping[str, float], seed: int) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of each profile's score over files drawn anew, at fixed thresholds."""
    files = len(corpus.windows)
    draws = np.random.default_rng(seed).multinomial(files, np.full(files, 1 / files), ROUNDS)
    windows = draws @ corpus.windows
    found = {}
    for profile in PROFILES:
        worth = points(profile, by_file(corpus, thresholds[profile.name]))
        # A draw without any window has no score.
        drawn = (draws @ worth)[windows > 0] / windows[windows > 0]
        scores = 100 * drawn / (profile.hit + profile.missed)
        low, high = np.percentile(scores, [2.5, 97.5]) if len(scores) else (np.nan, np.nan)
        found[profile.name] = (float(low), float(high))
    return found


def assess(series: Sequence[Labelled], seed: int) -> dict[str, Assessment]:
    """Return everything about a detector's scores, per profile, from one sort."""
    corpus = ranked(series)
    best = optimise(corpus)
    left_out = leave_one_category_out(corpus)
    spread = bootstrap(corpus, {name: one.threshold for name, one in best.items()}, seed)
    return {name: Assessment(one, left_out[name], spread[name]) for name, one in best.items()}


def chance(series: Sequence[Labelled], seed: int) -> dict[str, Chance]:
    """Return what random scores reach on the same files, per profile.

    Scores drawn at random put the rows into a random order. Only its first rows are drawn: behind them the false flags
    would cost more than all windows together can bring, so no threshold down there is ever the best.
    """
    corpus = judged(series)
    draw = np.random.default_rng(seed)
    rows = len(corpus.worth)
    most = min(rows, _enough(corpus))
    scores = np.linspace(1, 0, most)
    draws = [corpus.in_order(draw.choice(rows, most, replace=False), scores) for _ in range(DRAWS)]
    best = [optimise(one) for one in draws]
    left_out = [leave_one_category_out(one) for one in draws]
    found = {}
    for profile in PROFILES:
        reached = [one[profile.name].score for one in best]
        without = float(np.mean([one[profile.name] for one in left_out]))
        low, high = np.percentile(reached, [2.5, 97.5])
        found[profile.name] = Chance(
            float(np.mean(reached)), without, (float(low), float(high)), float(max(reached))
        )
    return found


def _enough(corpus: Judged) -> int:
    """Return twice as many rows as cost on average what all windows can bring, which no order by chance comes near."""
    usual = float(-corpus.worth[corpus.window < 0].sum()) / max(1, len(corpus.worth))
    most = max(corpus.windows.sum() * (profile.hit + profile.missed) / profile.false for profile in PROFILES)
    return 1 + int(min(2 * most / usual if usual else np.inf, len(corpus.worth)))


def null_baseline(series: Sequence[Labelled]) -> list[Labelled]:
    """Return the same files with one score everywhere: to flag all or nothing is all it can do."""
    return [replace(one, scores=np.full(len(one.scores), 0.5)) for one in series]
