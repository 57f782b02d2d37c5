"""Rows of mixed columns with an answer beside each: what classification and regression learn from."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, Times

Rows = npt.NDArray[np.int64]
"""Row numbers."""
TextColumn = npt.NDArray[np.object_]
"""One text a row."""


@dataclass(frozen=True)
class Table:
    """n rows of numbers, categories and texts.

    Parameters
    ----------
    name : str
    numbers : mapping of name to float64 (n,)
        NaN: not known.
    categories : mapping of name to (n,) texts
        A few words that come again and again; "" is one of them.
    texts : mapping of name to (n,) texts
        Sentences, such as log messages.
    target : (n,) or None
        Class names or finite numbers; None where nobody knows, as with new rows.
    group : (n,) texts or None
        What must not stand on both sides of a split: a template, a host, a customer.
    time : int64 (n,) or None
        Nanoseconds since 1970, UTC.
    notes : tuple of str
        What reading did to the data.
    until : (n,) texts or None
        What is reached so many days after ``time`` as the target says, such as "full"; None where it is no such number.
    between : (float, float)
        What a target of numbers can be; of days until something, the upper end stands for all that takes longer.
    """

    name: str
    numbers: Mapping[str, Array] = field(default_factory=dict)
    categories: Mapping[str, TextColumn] = field(default_factory=dict)
    texts: Mapping[str, TextColumn] = field(default_factory=dict)
    target: npt.NDArray[Any] | None = None
    target_name: str = "target"
    group: TextColumn | None = None
    time: Times | None = None
    notes: tuple[str, ...] = ()
    until: TextColumn | None = None
    between: tuple[float, float] = (-np.inf, np.inf)

    def __len__(self) -> int:
        columns = [*self.numbers.values(), *self.categories.values(), *self.texts.values()]
        return len(columns[0]) if columns else 0

    def rows(self, which: Rows) -> "Table":
        """Return some rows as a table of its own."""
        return replace(
            self,
            numbers={name: column[which] for name, column in self.numbers.items()},
            categories={name: column[which] for name, column in self.categories.items()},
            texts={name: column[which] for name, column in self.texts.items()},
            target=None if self.target is None else self.target[which],
            group=None if self.group is None else self.group[which],
            time=None if self.time is None else self.time[which],
            until=None if self.until is None else self.until[which],
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything in the table; changes when any cell does."""
        content = hashlib.sha256()
        parts = [(self.target_name, self.target), ("group", self.group), ("time", self.time)]
        parts += [*self.numbers.items(), *self.categories.items(), *self.texts.items()]
        for name, column in parts:
            content.update(f"\x1e{name}\x1e".encode())
            if column is not None:
                whole = column.dtype == object
                content.update("\x1f".join(map(str, column)).encode() if whole else column.tobytes())
        return content.hexdigest()

    def clusters(self) -> Rows:
        """Return the number of each row's group, (n,); without groups every row is its own."""
        if self.group is None:
            return np.arange(len(self))
        return np.unique(self.group.astype(str), return_inverse=True)[1]

    def labels(self) -> TextColumn:
        """Return the target as class names, (n,).

        Raises
        ------
        DataError
            If there is no target.
        """
        if self.target is None:
            raise DataError(f"{self.name}: has no target column; name it with table.target=...")
        return np.array([str(value) for value in self.target], dtype=object)

    def values(self) -> Array:
        """Return the target as finite numbers, (n,).

        Raises
        ------
        DataError
            If there is no target, or it holds something else.
        """
        if self.target is None:
            raise DataError(f"{self.name}: has no target column; name it with table.target=...")
        try:
            values = np.asarray(self.target, dtype=np.float64)
        except (TypeError, ValueError):
            wrong = next(value for value in self.target if not _is_number(value))
            raise DataError(
                f"{self.name}: table.target={self.target_name} holds {wrong!r}, and a regressor predicts numbers; "
                "use a classifier, or another target"
            ) from None
        if not np.isfinite(values).all():
            raise DataError(
                f"{self.name}: table.target={self.target_name} holds infinity; leave these rows out"
            )
        return values


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
