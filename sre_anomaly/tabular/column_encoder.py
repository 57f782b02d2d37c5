"""Numbers, categories and texts of a table side by side, as a model wants them."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from sre_anomaly.contracts import Learner
from sre_anomaly.dataset import Table, TextColumn
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array
from sre_anomaly.table_contracts import TextEncoder

MOST_LEVELS = 200
"""A category with more levels has the rarer ones in common; they look like one never seen."""

FARTHEST = 1e6
"""Spreads from the mean; what is further counts as this far, since learners of single precision fail at 1e38."""


@dataclass
class ColumnEncoder(Learner):
    """Encodes a table: numbers standardised, a missing one as the median and a 1 beside it, categories one-hot,
    texts by the text encoder, one for each text column.

    What was not in the training rows is all zeros: a category or a word that is new says nothing.

    Parameters
    ----------
    text : TextEncoder
        Copied for each text column; itself never fitted.
    """  # noqa: D205 - one sentence

    text: TextEncoder
    numbers_: dict[str, list[float]] = field(init=False, repr=False)
    """Median, mean, scale, and 1 where a value was missing, of each column of numbers."""
    levels_: dict[str, list[str]] = field(init=False, repr=False)
    encoders_: dict[str, TextEncoder] = field(init=False, repr=False)

    def fit(self, table: Table) -> Self:
        """Learn from the training rows."""
        self.numbers_ = {name: _summary(column) for name, column in table.numbers.items()}
        self.levels_ = {name: _levels(column) for name, column in table.categories.items()}
        self.encoders_ = {}
        for name, column in table.texts.items():
            encoder = copy.deepcopy(self.text)
            encoder.fit(column.tolist())
            self.encoders_[name] = encoder
        if not self.columns():
            raise DataError(f"{table.name}: its columns hold nothing to train on")
        return self

    def transform(self, table: Table) -> Any:
        """Return (n, d): CSR where there is a text or a category, else dense.

        Raises
        ------
        DataError
            If a column that was learned from is not there.
        """
        from scipy import sparse

        blocks: list[Any] = []
        for name, (median, mean, scale, missing) in self.numbers_.items():
            column = _of(table, table.numbers, name)
            absent = np.isnan(column)
            standard = (np.where(absent, median, column) - mean) / scale
            blocks.append(standard.clip(-FARTHEST, FARTHEST)[:, np.newaxis])
            if missing:
                blocks.append(absent.astype(np.float64)[:, np.newaxis])
        if not self.levels_ and not self.encoders_:
            return np.hstack(blocks)
        for name, levels in self.levels_.items():
            place = {level: number for number, level in enumerate(levels)}
            at = np.array(
                [place.get(value, -1) for value in _of(table, table.categories, name)], dtype=np.int64
            )
            rows = np.flatnonzero(at >= 0)
            blocks.append(
                sparse.csr_matrix((np.ones(len(rows)), (rows, at[rows])), shape=(len(at), len(levels)))
            )
        blocks += [
            encoder.transform(_of(table, table.texts, name).tolist())
            for name, encoder in self.encoders_.items()
        ]
        return blocks[0].tocsr() if len(blocks) == 1 else sparse.hstack(blocks, format="csr")

    def columns(self) -> list[str]:
        """Return the d names of the columns."""
        names = []
        for name, (*_, missing) in self.numbers_.items():
            names += [name, f"{name} is missing"] if missing else [name]
        names += [f"{name} = {level}" for name, levels in self.levels_.items() for level in levels]
        several = len(self.encoders_) > 1
        for name, encoder in self.encoders_.items():
            names += [f"{name}, {column}" if several else column for column in encoder.columns()]
        return names

    def learned(self) -> dict[str, Any]:
        """Return what was learned; that of each text encoder under its column's number."""
        texts = {
            f"text{number}.{key}": value
            for number, encoder in enumerate(self.encoders_.values())
            for key, value in encoder.learned().items()
        }
        return {"numbers_": self.numbers_, "levels_": self.levels_, "texts": list(self.encoders_), **texts}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put it back."""
        self.numbers_, self.levels_ = dict(learned["numbers_"]), dict(learned["levels_"])
        self.encoders_ = {}
        for number, name in enumerate(learned["texts"]):
            prefix = f"text{number}."
            own = {
                key.removeprefix(prefix): value for key, value in learned.items() if key.startswith(prefix)
            }
            encoder = copy.deepcopy(self.text)
            encoder.restore(own)
            self.encoders_[name] = encoder
        return self


def _of(table: Table, columns: Mapping[str, Any], name: str) -> Any:
    if name not in columns:
        raise DataError(
            f"{table.name}: has no column {name!r}, which the model was trained on, or of another kind"
        )
    return columns[name]


def _summary(column: Array) -> list[float]:
    present = column[np.isfinite(column)]
    if not len(present):
        return [0.0, 0.0, 1.0, 1.0]
    median = float(np.median(present))
    filled = np.where(np.isfinite(column), column, median)
    return [median, float(filled.mean()), float(filled.std()) or 1.0, float(len(present) < len(column))]


def _levels(column: TextColumn) -> list[str]:
    levels, counts = np.unique(column.astype(str), return_counts=True)
    kept = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    return sorted(str(level) for level in levels[kept])
