"""Rows of mixed columns with an answer beside each: what classification and regression learn from."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sre_anomaly.contracts import Learner
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array, Times
from sre_anomaly.records import InUse

Rows = npt.NDArray[np.int64]
"""Row numbers."""
Words = npt.NDArray[np.object_]
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
    until : str
        What happens so many days after ``time`` as the target says, such as "full"; "" where it is no such number.
    """

    name: str
    numbers: Mapping[str, Array] = field(default_factory=dict)
    categories: Mapping[str, Words] = field(default_factory=dict)
    texts: Mapping[str, Words] = field(default_factory=dict)
    target: npt.NDArray[Any] | None = None
    target_name: str = "target"
    group: Words | None = None
    time: Times | None = None
    notes: tuple[str, ...] = ()
    until: str = ""

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

    def labels(self) -> Words:
        """Return the target as class names, (n,).

        Raises
        ------
        DataError
            If there is no target.
        """
        if self.target is None:
            raise DataError(f"{self.name}: has no column to learn; name it with table.target=...")
        return np.array([str(value) for value in self.target], dtype=object)

    def values(self) -> Array:
        """Return the target as finite numbers, (n,).

        Raises
        ------
        DataError
            If there is no target, or it holds something else.
        """
        if self.target is None:
            raise DataError(f"{self.name}: has no column to learn; name it with table.target=...")
        try:
            values = np.asarray(self.target, dtype=np.float64)
        except (TypeError, ValueError):
            wrong = next(value for value in self.target if not _is_number(value))
            raise DataError(
                f"{self.name}: table.target={self.target_name} holds {wrong!r}, and a regressor learns numbers; "
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


LEAKS = "Near copies of the judged rows were learned from: these measures flatter. Use folds=group or time."
"""What is said of measures under a rule that leaks."""


@dataclass(frozen=True)
class Fold:
    """Rows to learn from and rows to be judged, which have nothing in common."""

    name: str
    train: Rows
    test: Rows


@dataclass(frozen=True)
class Answers:
    """What a run told of a table of numbers: t judged rows, and how to ask the model for more."""

    table: Table
    rows: Rows
    """Which rows were judged, (t,)."""
    predicted: Array
    """(t,), told by what was learned from other rows."""
    predict: Callable[[Table], Array]
    """The model that learned from all rows: for rows that the table does not have."""
    bounds: Callable[[Table], tuple[Array, Array, Array]]
    """The same with the ends of the interval, predicted, lower and upper; it learns anew to know them."""


class TableSource(ABC):
    """Where a table comes from."""

    @abstractmethod
    def table(self) -> Table:
        """Read the table.

        Raises
        ------
        DataError
            If it cannot be read; says which file, row or column.
        """

    def template(self) -> tuple[Mapping[str, Any], str] | None:
        """Return the columns of a file to begin from and the lines of YAML that name them, where ``table=csv`` would not do."""
        return None

    def in_use(self, answers: Answers) -> InUse | None:  # noqa: ARG002 - optional
        """Return what the answers are worth where they are used, or None where nobody can say."""
        return None


class FoldRule(ABC):
    """Which rows of a table are learned from and which are judged, once or several times."""

    leaks: bool = False
    """True: rows of one group stand on both sides, so that the measures flatter."""
    goes_forward: bool = False
    """True: what is judged comes later than what was learned from."""

    @abstractmethod
    def folds(self, table: Table) -> list[Fold]:
        """Return the folds in a fixed order.

        Raises
        ------
        UserError
            If the table lacks what the rule goes by, or has too few rows.
        """

    def rule_for(self, table: Table) -> "FoldRule":  # noqa: ARG002 - a rule that chooses needs it
        """Return the rule that is meant for a table: this one, unless it is one that chooses."""
        return self

    def inner(self) -> "FoldRule":
        """Return the rule by which the training rows of one fold are divided again, to choose settings on them."""
        return self

    def caution(self, table: Table) -> str:  # noqa: ARG002 - most rules need none
        """Say what could leak although the rule does what it can; empty where nothing."""
        return ""

    def in_words(self) -> str:
        """Return how the rows are divided, in words."""
        return type(self).__name__


class TextEncoder(Learner):
    """What a model sees of a text."""

    @abstractmethod
    def fit(self, texts: Sequence[str]) -> "TextEncoder":
        """Learn a vocabulary from n training texts; those that differ in what varies alone count once."""

    @abstractmethod
    def transform(self, texts: Sequence[str]) -> Any:
        """Return (n, d) scipy CSR, float64; each row depends on its text alone, unknown words on nothing."""

    @abstractmethod
    def columns(self) -> list[str]:
        """Return the d names of the columns."""


class Classifier(Learner):
    """Which class a row belongs to, and how surely; ``classes_`` are the k names, sorted, the columns of `proba`."""

    classes_: list[str]
    export_name: str = "classifier"

    @abstractmethod
    def fit(self, X: Any, y: Any, weight: Array | None = None) -> Self:
        """Learn from (n, d) rows without NaN, dense or scipy CSR, and their (n,) class names, two at least."""

    @abstractmethod
    def proba(self, X: Any) -> Array:
        """Return (n, k) probabilities; each row adds up to 1 and depends on that row alone."""


class Regressor(Learner):
    """Which number belongs to a row."""

    export_name: str = "regressor"

    @abstractmethod
    def fit(self, X: Any, y: Array) -> Self:
        """Learn from (n, d) rows without NaN, dense or scipy CSR, and their (n,) finite numbers."""

    @abstractmethod
    def predict(self, X: Any) -> Array:
        """Return (n,) expected values; each depends on its row alone."""

    def quantiles(self, X: Any) -> Array | None:  # noqa: ARG002 - optional
        """Return (n, 2) lower and upper ends of its own interval, or None where it knows none."""
        return None
