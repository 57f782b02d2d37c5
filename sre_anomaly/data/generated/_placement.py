"""Where each event goes, how strong it is, and the truth about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from sre_anomaly.clock import in_words, rows_in
from sre_anomaly.data.generated._incidents import ANOMALIES, AnomalyKind, AnomalyPlan, Scene
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array, Incident, Mask, MetricFrame

SHORTEST, LONGEST = 0.7, 1.3
"""Events last this much of their plan's length."""
SPREAD = 0.35
"""Standard deviation of the logarithm of an event's strength."""


@dataclass(frozen=True)
class Placed:
    """One event of a type, on these rows; ``strength`` is lognormal around 1."""

    type: str
    rows: slice
    root: str
    strength: float
    rng: np.random.Generator

    @property
    def severity(self) -> str:
        """How strong it is beside its type's usual intensity."""
        if self.strength < 0.8:
            return "minor"
        return "major" if self.strength < 1.25 else "critical"


def with_count(plans: Mapping[str, AnomalyPlan], count: int | None) -> dict[str, AnomalyPlan]:
    """Return the plans of the types that are on, each with this count where one is given."""
    on = {name: plan for name, plan in plans.items() if plan.count}
    return on if count is None else {name: replace(plan, count=count) for name, plan in on.items() if count}


def place(
    plans: Mapping[str, AnomalyPlan],
    frame: MetricFrame,
    free: Mask,
    placing: np.random.SeedSequence,
    shaping: np.random.SeedSequence,
) -> list[Placed]:
    """Deal the events to equal blocks of time, one each, at a random place inside the block.

    Every type is spread over the whole length: with equal counts, each round of blocks holds each type once.

    Raises
    ------
    ConfigError
        If an event does not fit into its block; says which type and what would fit.
    """
    rng = np.random.default_rng(placing)
    turns: list[tuple[float, str, str, float]] = []
    for name, plan in plans.items():
        order = (np.arange(plan.count) + rng.random(plan.count)) / max(1, plan.count)
        roots = rng.permutation(ANOMALIES[name].roots(frame.metrics))
        strengths = evenly_lognormal(plan.count, rng)
        turns += [(order[k], name, str(roots[k % len(roots)]), strengths[k]) for k in range(plan.count)]
    turns.sort()
    # Blocks of equally many free rows; without taken rows these are blocks of equal time.
    edges = np.append(np.flatnonzero(free), len(frame))[
        np.linspace(0, free.sum(), len(turns) + 1).astype(int)
    ]
    events = []
    for block, (_, name, root, strength) in enumerate(turns):
        plan = plans[name]
        inside = slice(edges[block] + 1, edges[block + 1] - 1)
        longest = rows_of(plan, frame.step, LONGEST)
        starts = open_starts(free[inside], longest)
        if not len(starts):
            raise ConfigError(_does_not_fit(name, plan, frame.step, int(free.sum()), len(turns)))
        start = int(inside.start + rng.choice(starts))
        rows = rows_of(plan, frame.step, rng.uniform(SHORTEST, LONGEST))
        child = np.random.default_rng(shaping.spawn(1)[0])
        events.append(Placed(name, slice(start, start + rows), root, strength, child))
    return events


def evenly_lognormal(count: int, rng: np.random.Generator) -> list[float]:
    """Return lognormal strengths around 1 such that every stretch of neighbours holds weak and strong ones.

    The golden ratio steps through the quantiles; drawn one by one, a short test span may by bad luck hold
    only faint events, and then a detector's measure says more about the seed than about the detector.
    """
    quantiles = (rng.random() + np.arange(count) * (np.sqrt(5) - 1) / 2) % 1
    return [float(strength) for strength in np.exp(SPREAD * ndtri(quantiles))]


def apply_anomaly(
    events: list[Placed],
    kinds: Mapping[str, AnomalyKind],
    plans: Mapping[str, AnomalyPlan],
    intensity: float,
    values: Array,
    metrics: tuple[str, ...],
    scatter: Array,
) -> None:
    """Let every event happen in ``values`` (n, m), in place."""
    for event in events:
        size = event.strength * plans[event.type].intensity * intensity
        kinds[event.type].shape(Scene(values, metrics, event.rows, event.root, size, scatter, event.rng))


def incidents_of(events: list[Placed], time: pd.DatetimeIndex, first_id: int = 1) -> tuple[Incident, ...]:
    """Return the truth about placed events, numbered in order of time."""
    step = time[1] - time[0]
    return tuple(
        Incident(
            time[event.rows.start],
            time[event.rows.stop - 1] + step,
            number,
            event.type,
            event.severity,
            event.root,
        )
        for number, event in enumerate(events, start=first_id)
    )


def rows_of(plan: AnomalyPlan, step: timedelta, share: float = 1.0) -> int:
    """Return how many rows an event lasts, at least one."""
    return max(1, rows_in(plan.length * share, step))


def open_starts(free: Mask, rows: int) -> npt.NDArray[np.intp]:
    """Return every row at which an event of this many rows finds only free rows.

    Examples
    --------
    >>> open_starts(np.array([True, True, True, False, True]), 2)
    array([0, 1])
    """
    taken = np.concatenate([[0], np.cumsum(~free)])
    return np.flatnonzero(taken[rows:] == taken[: max(0, len(taken) - rows)])


def _does_not_fit(name: str, plan: AnomalyPlan, step: timedelta, rows: int, events: int) -> str:
    longest, room = rows_of(plan, step, LONGEST), rows // events
    fits = in_words(max(0, int((room - 2) / LONGEST)) * step)
    return (
        f"data.types.{name}.length: {in_words(plan.length)} does not fit: {events} anomalies share "
        f"{in_words(rows * step)} of measured, unlabelled data, {in_words(room * step)} each, and one may "
        f"take {in_words(longest * step)}. What would fit: lengths up to {fits}, or at most "
        f"{rows // (longest + 3)} anomalies (data.count sets the count of every type), "
        f"or {in_words((longest + 3) * events * step)} of data"
    )
