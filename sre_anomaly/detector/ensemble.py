"""Several detectors as one: the mean of how rare each finds a row among its own past."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from sre_anomaly.contracts import Detector
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.kernels.compiled import compiled
from sre_anomaly.kernels.neighbours import mixed
from sre_anomaly.kernels.ranks import at_least, count, new_ranks, remember
from sre_anomaly.registry import register


@register("detector", "ensemble")
@dataclass
class Ensemble(Detector):
    """Score = mean over members of log(rows so far / rank of the member's score among them).

    Ranks have no unit, so any detectors can be members; their logarithms make an agreement of several count for more
    than one member's alarm (Fisher, 1932, for p-values; Aggarwal and Sathe, 2015, for detectors). The ranks are learned
    while it runs, in constant memory: from every row of the first so many as it was fitted on, then from one in
    ``learn_every``, lest an incident of hours make itself usual before it is over. Which one is drawn by row number: of
    a job that runs every ten rows, every tenth row would show all or nothing. A member that cannot say leaves the
    others to say it.
    """

    members: dict[str, Detector]
    most_ranks: Annotated[int, Field(ge=512)] = 4096
    learn_every: Annotated[int, Field(ge=1)] = 100

    unit = "evidence"
    export_name = "ensemble"

    rows_: int = field(init=False, default=0, repr=False)
    """How many rows it was fitted on."""

    def __post_init__(self) -> None:
        if not self.members:
            raise ConfigError("detector.members: has to name at least one detector")
        for name, member in self.members.items():
            if member.needs_labels:
                raise ConfigError(f"detector.members.{name}: needs labels; choose one that learns without")
        self.handles_missing = all(member.handles_missing for member in self.members.values())
        self.handles_nothing = all(member.handles_nothing for member in self.members.values())

    def meet(self, history: MetricFrame) -> None:
        """Let each member look at the training rows."""
        for member in self.members.values():
            member.meet(history)

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Fit each member on the same rows."""
        del y, validation
        for member in self.members.values():
            member.columns_in_sigmas = self.columns_in_sigmas
            member.fit(X)
        self.rows_ = len(X)
        self.note = "; ".join(member.note for member in self.members.values() if member.note)
        return self

    def new_state(self, columns: int) -> Array:
        """Return the rows so far, then each member's state and the ranks of its scores, one member after the other."""
        parts = [[member.new_state(columns), new_ranks(self.most_ranks)] for member in self.members.values()]
        return np.concatenate([np.zeros(1), *(part for of_member in parts for part in of_member)])

    def advance(self, states: Array, times: Times, rows: Array, shares: Array | None = None) -> Array:
        """Return (k,) scores and learn from the rows; a column's share is the mean of those in the members."""
        if len(states) > 1:
            # A part of several states is not one piece of memory, and members change theirs in place.
            each = [slice(series, series + 1) for series in range(len(states))]
            told = [None if shares is None else shares[one] for one in each]
            together = zip(each, told, strict=True)
            return np.concatenate([self.advance(states[i], times[i], rows[i], own) for i, own in together])
        total, said = np.zeros(len(rows)), np.zeros(len(rows))
        if shares is not None:
            shares[:] = 0.0
        seen, end = int(states[0, 0]), 1
        states[0, 0] += len(rows)
        for member, size in zip(self.members.values(), self._sizes(rows.shape[1]), strict=True):
            begin, end = end, end + size + self._rank_size
            own = None if shares is None else np.full(rows.shape, np.nan)
            scores = member.advance(states[:, begin : begin + size], times, rows, own)
            ranks = states[0, begin + size : end]
            rarity = _log_ranks.for_rows(len(rows))(ranks, scores, seen, self.rows_, self.learn_every)
            known = np.isfinite(rarity)
            total[known] += rarity[known]
            said += known
            if shares is not None and own is not None:
                shares += _parts(member, rows, own, size) * np.nan_to_num(rarity)[:, np.newaxis]
        if shares is not None:
            shares /= len(self.members)
        return np.asarray(np.divide(total, said, out=np.full(len(rows), np.nan), where=said > 0))

    def learned(self) -> dict[str, Any]:
        """Return how many rows it was fitted on, and what each member learned, its name before it."""
        each = {f"{n}.{k}": v for n, member in self.members.items() for k, v in member.learned().items()}
        return super().learned() | each

    def restore(self, learned: Mapping[str, Any]) -> Self:
        """Put back what `learned` returned."""
        super().restore({k: v for k, v in learned.items() if "." not in k})
        for name, member in self.members.items():
            begin = f"{name}."
            member.restore({k.removeprefix(begin): v for k, v in learned.items() if k.startswith(begin)})
        return self

    def native(self) -> Any:
        """Return the members' own objects."""
        return {name: member.native() for name, member in self.members.items()}

    def _sizes(self, columns: int) -> list[int]:
        if columns not in self._known_sizes:
            self._known_sizes[columns] = [len(m.new_state(columns)) for m in self.members.values()]
        return self._known_sizes[columns]

    @cached_property
    def _known_sizes(self) -> dict[int, list[int]]:
        return {}

    @cached_property
    def _rank_size(self) -> int:
        return len(new_ranks(self.most_ranks))


def _parts(member: Detector, rows: Array, told: Array, size: int) -> Array:
    """Return how a member's score is made up of the columns, (k, d), each row summing to 1; 0 where it cannot say."""
    found = told if size else member.contributions(rows)
    if found is None:
        return np.zeros(rows.shape)
    parts = np.maximum(np.nan_to_num(found, nan=0.0, posinf=0.0), 0.0)
    total = parts.sum(axis=1, keepdims=True)
    return np.divide(parts, total, out=np.zeros(rows.shape), where=total > 0)


@compiled
def _log_ranks(ranks: Array, scores: Array, seen: int, all_of: int, then_every: int) -> Array:
    """Return log(rows / rank) of each score among those before it, NaN for no score.

    After it is ranked a score is learned: ``all_of`` the first, then one in ``then_every``, drawn by its row number;
    ``seen`` rows came before.
    """
    out = np.full(len(scores), np.nan)
    for row in range(len(scores)):
        if not np.isnan(scores[row]):
            out[row] = np.log((count(ranks) + 1.0) / (at_least(ranks, scores[row]) + 1.0))
            if seen + row < all_of or mixed(seen + row) % then_every == 0:
                remember(ranks, scores[row])
    return out
