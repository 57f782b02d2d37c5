"""What was tried to raise cknn's nested score on NAB, and what each gave.

Usage: python experiments/cknn/tries.py     (some five minutes the first time; prints and writes tries.csv)

Each try keeps the choice of `nested.py`, level, mixture and alerts on the other categories, and changes one thing:

- the mean of the best twentieth of the settings instead of the best one: a peak may be luck, a hill is not;
- fewer constants to choose: the level and the mixture, all others at round numbers;
- averages over neighbouring constants of the distance, so that none has to be chosen;
- the plain distance from a rolling median in the beginning, fading as the history grows;
- the log rank of an isolation forest, fitted anew on the past at rows 64, 128, 256, ...;
- one mean log p of novelty, seasonal residual and forest, with no weights to choose;
- the mixture ranked once more, so that a level means the same with any weight.
"""

import os
from collections.abc import Iterator
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from corpus_grid import KEPT, Rows, all_rows, evidence, keep
from nested import ALL, HERE, Mix, all_points, grid, halves, line, mixed, nested, nested_mean, shipped

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.kernels.ranks import at_least, count, new_ranks, remember

RANKS = 4096
ROUND = np.array([0.5, 0.5, 0.1, 0.01])
"""Penalty, rest, repeat and quiet, to the nearest half or power of ten."""


@compiled
def _log_ranks(scores: Array, number: Array, store: Array) -> Array:
    out = np.zeros(len(scores))
    for row in range(len(scores)):
        if number[row] == 1.0:
            store[:] = 0.0
        out[row] = np.log((count(store) + 1.0) / (at_least(store, scores[row]) + 1.0))
        remember(store, scores[row])
    return out


def ranked(rows: Rows, scores: Array) -> Array:
    """Return log(rows / rank among the past) of each score."""
    return np.asarray(_log_ranks(scores, rows.number, new_ranks(RANKS)))


def from_median(rows: Rows) -> Array:
    """Return the log ranks of the distance from the median of the last 300 values."""
    far = []
    for one in rows.corpus:
        values = pd.Series(one.values)
        far.append((values - values.rolling(300, min_periods=1).median().shift(1)).abs().fillna(0.0))
    return ranked(rows, np.concatenate(far))


def forest(rows: Rows) -> Array:
    """Return the log ranks of isolation forests on means over 2, 10 and 50 rows, each fitted on the past alone."""
    path = KEPT / "forest.npy"
    if path.is_file():
        return np.load(path)
    from sklearn.ensemble import IsolationForest

    told = []
    for one in rows.corpus:
        values = pd.Series(one.values)
        looks = np.column_stack([values.rolling(width, min_periods=1).mean() for width in (2, 10, 50)])
        scores = np.full(len(looks), -1.0)
        at = 64
        while at < len(looks):
            learned = IsolationForest(n_estimators=100, random_state=0).fit(looks[:at])
            scores[at : 2 * at] = -learned.score_samples(looks[at : 2 * at])
            at *= 2
        told.append(scores)
    keep(path, ranked(rows, np.concatenate(told)))
    return np.load(path)


def blended(usual: Mix, other: Array, share: Array | float, weight: float) -> Array:
    """Return the scores with a share of something else."""
    return (1 - share) * usual(weight) + share * other


def tries(rows: Rows) -> Iterator[tuple[str, Mix, Array]]:
    """Yield what was tried, the scores and the settings to choose from."""
    novel, seasonal = evidence(rows, ["detector.seasonal=0"]), evidence(rows, ["detector.seasonal=1"])
    usual, settings = partial(mixed, novel, seasonal), grid(ALL)
    yield "nothing", usual, settings
    few = grid(["seasonal"])
    few[:, 4:] = ROUND
    yield "level and mixture alone, the rest at round numbers", usual, few
    for name, key, values in (
        ("window lengths", "windows", ("[2,8,40]", "[2,10,50]", "[2,12,60]")),
        ("weights of the hour", "hour", (0.7, 1.0, 1.4)),
        ("quarantines", "quarantine", (0.003, 0.005, 0.01)),
    ):
        each = [evidence(rows, ["detector.seasonal=0", f"detector.{key}={value}"]) for value in values]
        yield f"mean over three {name}", partial(mixed, np.mean(each, axis=0), seasonal), settings
    median = from_median(rows)
    for fading in (25, 50, 100, 200):
        share = fading / (rows.number + fading)
        yield f"rolling median, fading over {fading} rows", partial(blended, usual, median, share), settings
    trees = forest(rows)
    for share in (0.05, 0.1, 0.3):
        yield f"isolation forest, {share:.0%}", partial(blended, usual, trees, share), settings
    third = grid([name for name in ALL if name != "seasonal"])
    yield "mean log p of three", lambda _: (novel + seasonal + trees) / 3, third
    yield "ranked once more", lambda weight: ranked(rows, usual(weight)), settings


def main() -> None:
    """Print and write the table."""
    rows = all_rows()
    print("shipped", shipped())
    lines = []
    for name, mix, settings in tries(rows):
        worth = all_points(rows, mix, settings)
        told = line(name, worth, nested(rows, worth))
        smooth = nested_mean(rows, mix, settings, worth)
        half, error = halves(rows, worth)
        told |= {"mean of best twentieth": round(float(smooth[0]), 2)}
        told |= {"halves": round(half, 2), "error": round(error, 2)}
        lines.append(told)
        print(told, flush=True)
    pd.DataFrame(lines).rename(columns={"chosen anew": "tried"}).to_csv(HERE / "tries.csv", index=False)


if __name__ == "__main__":
    main()
