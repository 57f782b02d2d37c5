"""Looks at a series and chooses the detector by rules that can be read, and says why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.clock import in_words
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

    export_name = "auto"

    chosen_: str = field(init=False, default="", repr=False)

    _seen: MetricFrame | None = field(init=False, default=None, repr=False)

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
        enough = facts.moving >= self.many_metrics and facts.rows >= self.many_rows
        self.chosen_ = "many" if enough else "few"
        chosen = self.chosen
        chosen.columns_in_sigmas = self.columns_in_sigmas
        if self._seen is not None:
            chosen.meet(self._seen)
        chosen.fit(X)
        self.prequential = chosen.prequential
        self._seen = None
        self.note = "; ".join([self._why(facts), *advice(facts), *([chosen.note] if chosen.note else [])])
        return self

    @property
    def chosen(self) -> Detector:
        """The detector that was chosen."""
        return self._options()[self.chosen_ or "few"]

    def _options(self) -> dict[str, Detector]:
        return {"few": self.few, "many": self.many}

    def score(self, X: Array) -> Array:
        """Return (n,) scores of the chosen detector."""
        return self._in_unit(self.chosen.score(X))

    def new_state(self, columns: int) -> Array:
        """Return the state of the chosen detector; before one is chosen, that of the one for few metrics."""
        return self.chosen.new_state(columns)

    def advance(self, states: Array, times: Times, rows: Array, shares: Array | None = None) -> Array:
        """Return (k,) scores of the chosen detector, which takes each row into its state."""
        return self._in_unit(self.chosen.advance(states, times, rows, shares))

    def bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array | None:
        """Return the bounds of the chosen detector, None where it has none."""
        return self.chosen.bands(states, times, rows, levels)

    def hindsight(self, states: Array, times: Times, rows: Array, shares: Array) -> Array | None:
        """Return the scores of the chosen detector's second look, None where it has none."""
        second = self.chosen.hindsight(states, times, rows, shares)
        return None if second is None else self._in_unit(second)

    def hindsight_bands(self, states: Array, times: Times, rows: Array, levels: Array) -> Array | None:
        """Return the bounds of the chosen detector's second look, None where it has none."""
        return self.chosen.hindsight_bands(states, times, rows, levels)

    def _in_unit(self, scores: Array) -> Array:
        if self.unit == "surprise" and self.chosen.unit == "evidence":
            return np.asarray(np.exp2(scores - EVEN))
        return scores

    def contributions(self, X: Array) -> Array | None:
        """Return the shares that the chosen detector gives."""
        return self.chosen.contributions(X)

    def learned(self) -> dict[str, Any]:
        """Return which was chosen, and what it learned."""
        return {"chosen_": self.chosen_, **{f"chosen.{k}": v for k, v in self.chosen.learned().items()}}

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put back what `learned` returned."""
        self.chosen_ = learned["chosen_"]
        self.prequential = self.chosen.prequential
        begin = "chosen."
        self.chosen.restore({k.removeprefix(begin): v for k, v in learned.items() if k.startswith(begin)})
        return self

    def native(self) -> Any:
        """Return the chosen detector's own object."""
        return self.chosen.native()

    def _why(self, facts: Facts) -> str:
        step = f" every {in_words(facts.step)}" if facts.step is not None else ""
        moving = "1 metric that moves" if facts.moving == 1 else f"{facts.moving} metrics that move"
        seen = f"{facts.rows:,} training data points{step}, {moving}"
        name = type(self.chosen).__name__.lower()
        if facts.all_still:
            return (
                f"auto would rather abstain: {seen}, and nearly all data points are alike, so a static threshold suits this better; "
                f"until you set one, {name} reports data points unlike those before"
            )
        if self.chosen_ == "many":
            return f"auto chose {name}: {seen}, enough to learn how they are related"
        if facts.moving >= self.many_metrics:
            return f"auto chose {name}: {seen}, but fewer than {self.many_rows:,} data points to learn how they are related"
        return f"auto chose {name}: {seen}, each compared with its own past"
