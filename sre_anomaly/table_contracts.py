"""What each plugin for tables promises: where rows come from, how they are divided, and what learns from them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sre_anomaly.contracts import Learner
from sre_anomaly.dataset import Rows, Table
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array
from sre_anomaly.records import InUse

LEAKS = "Near copies of the evaluated rows were trained on: these measures are too optimistic. Use folds=group or time."
"""What is said of measures under a rule that leaks."""
ENOUGH = 1000
"""Rows of a table below which a model that finds nothing proves nothing."""


def no_better(rows: int, told: str) -> str:
    """Return what is said where a baseline was not beaten, from the rows of the table and what was to be told.

    Examples
    --------
    >>> no_better(300, "number")
    'No better than a baseline (see the table): 300 rows are too few to say whether more can be known.'
    """
    why = (
        f"{rows} rows are too few to say whether more can be known"
        if rows < ENOUGH
        else f"what this model makes of a row does not predict its {told}"
    )
    return f"No better than a baseline (see the table): {why}."


def all_alike(table: Table) -> str:
    """Return what is said of a table whose rows all have one number to tell; empty where they differ.

    At the end of what is possible, such as days of which 120 stand for whatever took longer, that is an answer.

    Raises
    ------
    DataError
        If it is any other number.
    """
    values = table.values()
    low, high = float(values.min()), float(values.max())
    if low != high:
        return ""
    if low not in table.between:
        raise DataError(f"table.target={table.target_name}: is always {low:g}; there is nothing to predict")
    return f"{table.target_name} is {low:g} in every row: there was nothing to learn, and this is all that can be said."


@dataclass(frozen=True)
class Fold:
    """Rows to learn from and rows to be judged, which have nothing in common."""

    name: str
    train: Rows
    test: Rows


@dataclass(frozen=True)
class Answers:
    """What a run told of a table of numbers: t evaluated rows, and how to ask the model for more."""

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
