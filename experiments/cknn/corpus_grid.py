"""What NAB says of thousands of settings: its points, file by file, for each of them.

A setting is the weight of the seasonal residual, then the constants of `threshold=horizon` and `alerts=fatigue`. An
alert is taken as the run itself would raise it: nothing is fitted afterwards.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sre_anomaly.alerts.fatigue import NEVER, NEW, judged
from sre_anomaly.benchmark.nab_corpus import CorpusFile, read_corpus
from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.evaluation.nab.score import PROFILES, row_worths
from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled

KEPT = Path(__file__).parent / "outputs"
"""Scores that were computed before, so that a study goes on where it stopped; delete it to compute them anew."""
UNJUDGED, OUTSIDE = -2, -1


@dataclass(frozen=True)
class Rows:
    """All rows of the corpus, one file after the other."""

    corpus: list[CorpusFile]
    file: Array
    number: Array
    """Rows so far in the file, this one included."""
    worth: Array
    """What an alert is worth."""
    window: Array
    """In which window of all; `OUTSIDE` of them, or `UNJUDGED`."""
    windows: Array
    """(f,) how many each file has."""
    categories: Array
    """(f,) of each file."""


def all_rows() -> Rows:
    """Return the rows of NAB."""
    corpus = read_corpus()
    worth, window, windows, before = [], [], [], 0
    for one in corpus:
        told, inside = row_worths(one.scored(np.zeros(len(one.values))))
        unjudged = np.zeros(len(one.values) - len(told))
        worth.append(np.concatenate([unjudged, told]))
        window.append(np.concatenate([unjudged + UNJUDGED, np.where(inside >= 0, inside + before, OUTSIDE)]))
        windows.append(len(np.unique(inside[inside >= 0])))
        before += len(one.windows)
    return Rows(
        corpus,
        np.repeat(np.arange(len(corpus)), [len(one.values) for one in corpus]),
        np.concatenate([np.arange(1.0, len(one.values) + 1.0) for one in corpus]),
        np.concatenate(worth),
        np.concatenate(window).astype(np.int64),
        np.array(windows),
        np.unique([one.category for one in corpus], return_inverse=True)[1],
    )


def evidence(rows: Rows, overrides: Sequence[str]) -> Array:
    """Return the scores of all rows with some of cknn's constants changed; kept for the next time."""
    node = composed(["detector=cknn", *overrides])["detector"]
    path = KEPT / f"{hashlib.sha256(str(sorted(node.items())).encode()).hexdigest()[:16]}.npy"
    if path.is_file():
        return np.load(path)
    detector = build("detector", node)
    parts = [
        detector.advance(
            detector.new_state(1)[np.newaxis], one.stamps, np.ascontiguousarray(one.values[:, np.newaxis])
        )
        for one in rows.corpus
    ]
    keep(path, np.concatenate(parts))
    return np.concatenate(parts)


def keep(path: Path, scores: Array) -> None:
    """Keep scores for the next time."""
    path.parent.mkdir(exist_ok=True)
    half = path.with_suffix(".part.npy")
    np.save(half, scores)
    half.rename(path)


def points(rows: Rows, scores: Array, settings: Array) -> Array:
    """Return what each setting of level and alerts gets from each file, (profiles, settings, files).

    In per cent of a perfect score, so that the sum over all files is NAB's score.

    Parameters
    ----------
    settings : (s, 7)
        theta, growth, warmup, penalty, rest, repeat, quiet.
    """
    logs = np.log(rows.number)
    found = np.zeros((len(settings), 3, len(rows.windows)))
    for growth in np.unique(settings[:, 1]):
        there = np.flatnonzero(settings[:, 1] == growth)
        # Only rows above the lowest level can alert or change what is remembered.
        kept = scores > settings[there, 0].min() + growth * logs
        found[there] = _totals(
            scores[kept],
            rows.file[kept],
            rows.number[kept],
            logs[kept],
            rows.worth[kept],
            rows.window[kept],
            settings[there],
            found[there],
            np.zeros(int(rows.window.max()) + 1),
        )
    each = [one.hit * found[:, 0] + one.false * found[:, 1] + one.missed * found[:, 2] for one in PROFILES]
    perfect = [rows.windows.sum() * (one.hit + one.missed) / 100 for one in PROFILES]
    return np.array(each, dtype=np.float32) / np.array(perfect, dtype=np.float32)[:, np.newaxis, np.newaxis]


@compiled
def _totals(
    scores: Array,
    file: Array,
    number: Array,
    logs: Array,
    worth: Array,
    window: Array,
    settings: Array,
    out: Array,
    found: Array,
) -> Array:
    """Return hits, false alerts and windows found of each setting and file, (s, 3, f)."""
    state = np.zeros(4)
    for s in range(len(settings)):
        theta, growth, warmup, penalty, rest, repeat, quiet = settings[s]
        numbers = (penalty, rest, repeat, 20.0, quiet, 10.0)
        found[:] = 0.0
        before = -1
        for row in range(len(scores)):
            if file[row] != before:
                before = file[row]
                state[0], state[1], state[2], state[3] = NEVER, NEVER, 0.0, 0.0
            margin = scores[row] - theta - growth * logs[row]
            if number[row] <= warmup or not margin > 0.0:
                continue
            _, what = judged(state, number[row], margin, numbers)
            at = window[row]
            if what == NEW and at == OUTSIDE:
                out[s, 1, before] += worth[row]
            elif what == NEW and at >= 0 and found[at] == 0.0:
                found[at] = 1.0
                out[s, 0, before] += worth[row]
                out[s, 2, before] += 1.0
    return out
