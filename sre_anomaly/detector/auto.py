"""Looks at a series and chooses the detector by rules that can be read, and says why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.clock import Duration, in_words, rows_in
from sre_anomaly.contracts import Detector
from sre_anomaly.detector._series_facts import Facts, advice, facts_of
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.registry import register

COMMON = {"surprise", "evidence"}
"""Units that are put in one: evidence e counts as a surprise of 2 ** (e - EVEN), which changes no order."""
EVEN = 2.0
"""Where both leave about as many pages a week: evidence of 3, 4 and 5 as a surprise of 2, 4 and 8, on labelled servers."""


@register("detector", "auto")
@dataclass
class Auto(Detector):
    """Score of the detector that suits the series, chosen anew for each series when it is fitted.

    The rules, in this order:

    1. Fewer than ``fewest_rows`` training rows: it abstains, with an error that says so.
    2. At least ``many_metrics`` metrics that move, and ``many_rows`` training rows: ``many``. How metrics go together
       shows more than each alone, and there are rows enough to learn it.
    3. Else ``few``, which needs no training rows.

    Where rows that it is fitted on are evaluated too, a row is still judged by those before it alone: the second rule looks at the
    first rows only, those of ``learn_from`` and no fewer than ``many_rows``; ``many`` learns from these, ``few`` scores them, and from
    then on ``many`` scores. What was said of a row stays as it is when more rows are added.

    Where all metrics hardly ever change, it says that a static threshold would suit them better, and still runs what the
    rules choose: on such series that found more than silence or `flatline`, which reads a limit off the training rows.
    Daily courses, gaps, metrics that hardly ever change and known incidents decide nothing, because all three take them
    in, but they are told, with what suits them better where there is something. It never learns from labels. Evidence beside
    surprise is told as surprise, so that one threshold serves both; other choices that score in different units need a
    threshold that goes by each series' own past, as contamination does.
    """

    few: Detector
    many: Detector
    fewest_rows: Annotated[int, Field(ge=2)] = 50
    many_metrics: Annotated[int, Field(ge=2)] = 4
    many_rows: Annotated[int, Field(ge=2)] = 500
    learn_from: Duration = timedelta(days=14)

    export_name = "auto"

    chosen_: str = field(init=False, default="", repr=False)
    first_: int = field(init=False, default=0, repr=False)
    """So many rows are scored by ``few`` before it is ``many``'s turn; 0 where the chosen one scores all."""

    _seen: MetricFrame | None = field(init=False, default=None, repr=False)
    _sizes: dict[int, int] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        options = self._options()
        for name, option in options.items():
            if option.needs_labels:
                raise ConfigError(f"detector.{name}: needs labels; choose one that needs none")
        units = {option.unit for option in options.values()}
        self.unit = "surprise" if units == COMMON else units.pop() if len(units) == 1 else "own"
        self.handles_missing = all(option.handles_missing for option in options.values())
        self.handles_nothing = all(option.handles_nothing for option in options.values())

    def meet(self, history: MetricFrame) -> None:
        """Look at the training rows as they were measured."""
        self._seen = history

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Choose, then let the chosen one learn.

        Raises
        ------
        DataError
            If there are too few rows to say what is ordinary.
        """
        del y, validation
        facts = facts_of(X, self._seen)
        if facts.rows < self.fewest_rows:
            raise DataError(
                f"detector=auto abstains: {facts.rows} training data points are too few to say what is usual; wait until "
                f"there are {self.fewest_rows}, or name a detector, such as detector=cknn"
            )
        part = self._part()
        first = X if self.evaluated_before is None else X[self.evaluated_before < part]
        known = facts_of(first, None)
        enough = known.moving >= self.many_metrics and known.rows >= self.many_rows
        # Where all rows are among the first, none would be left for `many`.
        left = self.evaluated_before is None or len(first) < len(X)
        self.chosen_ = "many" if enough and left else "few"
        self.first_ = part if self.chosen_ == "many" else 0
        for detector in self._at_work().values():
            detector.columns_in_sigmas = self.columns_in_sigmas
            if self._seen is not None:
                detector.meet(self._seen)
            detector.fit(first if self.chosen_ == "many" else X)
        self._take_promises()
        notes = [detector.note for detector in self._at_work().values() if detector.note]
        self.note = "; ".join([self._why(facts, part, left=left), *advice(facts), *notes])
        self._seen = None
        return self

    def _part(self) -> int:
        """Return how many of the first rows `many` learns from and `few` scores; 0 where none of them is evaluated."""
        if self.evaluated_before is None:
            return 0
        rows = rows_in(self.learn_from, self._seen.step) if self._seen is not None else 0
        return max(self.many_rows, rows)

    @property
    def chosen(self) -> Detector:
        """The detector that was chosen."""
        return self._options()[self.chosen_ or "few"]

    def _options(self) -> dict[str, Detector]:
        return {"few": self.few, "many": self.many}

    def _at_work(self) -> dict[str, Detector]:
        """Return who scores the first rows, and who those after them, where that is another."""
        return {"few": self.few, "chosen": self.many} if self.first_ else {"chosen": self.chosen}

    def _take_promises(self) -> None:
        self.prequential = next(iter(self._at_work().values())).prequential
        self.bounded = self.chosen.bounded and not self.first_

    def new_state(self, columns: int) -> Array:
        """Return the state of the chosen detector, or of both and before them the rows so far; before one is chosen, that of `few`."""
        if not self.first_:
            return self.chosen.new_state(columns)
        return np.concatenate([np.zeros(1), self.few.new_state(columns), self.many.new_state(columns)])

    def advance(self, states: Array, times: Times, rows: Array, shares: Array | None = None) -> Array:
        """Return (k,) scores of the detector whose turn it is; `many` takes in the rows before its turn too."""
        if not self.first_:
            return self._in_unit(self.chosen, self.chosen.advance(states, times, rows, shares))
        if len(states) > 1:
            each = [slice(series, series + 1) for series in range(len(states))]
            together = [(one, None if shares is None else shares[one]) for one in each]
            return np.concatenate([self.advance(states[i], times[i], rows[i], own) for i, own in together])
        seen, end = int(states[0, 0]), 1 + self._few_size(rows.shape[1])
        states[0, 0] += len(rows)
        scores = self._in_unit(self.many, self.many.advance(states[:, end:], times, rows, shares))
        if seen < self.first_:
            first = slice(0, self.first_ - seen)
            told = None if shares is None else shares[first]
            found = self.few.advance(states[:, 1:end], times[first], rows[first], told)
            scores[first] = self._in_unit(self.few, found)
        return scores

    def bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array | None:
        """Return the bounds of the one detector that was chosen, None where it has none."""
        return None if self.first_ else self.chosen.bands(states, times, rows, levels)

    def hindsight(self, states: Array, times: Times, rows: Array, shares: Array) -> Array | None:
        """Return the scores of the chosen detector's second look, None where it has none."""
        second = None if self.first_ else self.chosen.hindsight(states, times, rows, shares)
        return None if second is None else self._in_unit(self.chosen, second)

    def hindsight_bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array | None:
        """Return the bounds of the chosen detector's second look, None where it has none."""
        return None if self.first_ else self.chosen.hindsight_bands(states, times, rows, levels)

    def _few_size(self, columns: int) -> int:
        if columns not in self._sizes:
            self._sizes[columns] = len(self.few.new_state(columns))
        return self._sizes[columns]

    def _in_unit(self, scorer: Detector, scores: Array) -> Array:
        if self.unit == "surprise" and scorer.unit == "evidence":
            return np.asarray(np.exp2(scores - EVEN))
        return scores

    def contributions(self, X: Array) -> Array | None:
        """Return the shares that the chosen detector gives."""
        return self.chosen.contributions(X)

    def learned(self) -> dict[str, Any]:
        """Return which was chosen, and what those at work learned, theirs by who they are."""
        each = {f"{name}.{k}": v for name, one in self._at_work().items() for k, v in one.learned().items()}
        return super().learned() | each

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put back what `learned` returned; before there was `first_` the chosen one scored all."""
        super().restore({"first_": 0} | {k: v for k, v in learned.items() if "." not in k})
        for name, one in self._at_work().items():
            begin = f"{name}."
            one.restore({k.removeprefix(begin): v for k, v in learned.items() if k.startswith(begin)})
        self._take_promises()
        return self

    def native(self) -> Any:
        """Return the chosen detector's own object."""
        return self.chosen.native()

    def _why(self, facts: Facts, part: int, *, left: bool) -> str:
        step = f" every {in_words(facts.step)}" if facts.step is not None else ""
        moving = "1 metric that moves" if facts.moving == 1 else f"{facts.moving} metrics that move"
        seen = f"{facts.rows:,} training data points{step}, {moving}"
        few, name = (type(one).__name__.lower() for one in (self.few, self.chosen))
        if facts.all_still:
            return (
                f"auto would rather abstain: {seen}, and nearly all data points are alike, so a static threshold suits this better; "
                f"until you set one, {name} reports data points unlike those before"
            )
        if self.chosen_ == "many":
            taught = f"; it was trained on the first {part:,}, which {few} evaluated" if part else ""
            return f"auto chose {name}: {seen}, enough to learn how they are related{taught}"
        if facts.moving < self.many_metrics:
            return f"auto chose {name}: {seen}, each compared with its own past"
        if facts.rows < self.many_rows:
            why = f"fewer than {self.many_rows:,} data points"
        else:
            why = f"too few of them moved in the first {part:,}" if left else f"none after the first {part:,}"
        return f"auto chose {name}: {seen}, but {why} to learn how they are related"
