"""Planting anomalies into metrics: where each goes, how strong it is, and the truth about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from scipy.special import ndtri

from sre_anomaly.clock import in_words, rows_in
from sre_anomaly.contracts import DataSource
from sre_anomaly.data._incidents import (
    ANOMALIES,
    Kind,
    Plan,
    Scene,
    check_names,
    check_needs,
    usual_plans,
)
from sre_anomaly.data._load import usual_scatter
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array, Incident, Mask, MetricFrame, rows_inside
from sre_anomaly.registry import register

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


@register("data", "inject")
@dataclass
class Inject(DataSource):
    """Real metrics with known anomalies planted into them, so that detectors can be judged on your data.

    The first frame of ``base`` is used. Its own incidents are kept, and nothing is planted over them.
    Where nobody knows what is wrong in it, rows without a planted anomaly count as normal.

    Parameters
    ----------
    base : DataSource
        Where the real metrics come from; any metric names.
    types : mapping of str to Plan
        Anomaly types; a count of 0 turns one off.
    count : int or None
        In place of the count of every type that is on; 0 plants nothing.
    intensity : float
        Multiplies every type's intensity.
    seed : int
    """

    base: DataSource
    types: dict[str, Plan] = field(
        default_factory=lambda: {
            name: replace(plan, count=0 if ANOMALIES[name].needs else 2)
            for name, plan in usual_plans(ANOMALIES).items()
        }
    )
    count: Annotated[int, Field(ge=0)] | None = None
    intensity: Annotated[float, Field(gt=0)] = 1.0
    seed: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        check_names("data.types", self.types, ANOMALIES)

    def frames(self) -> Iterator[MetricFrame]:
        """Yield the base's first frame with anomalies in it.

        Raises
        ------
        ConfigError
            If a type needs a metric that the base lacks, or the anomalies do not fit into its length.
        """
        frame = next(iter(self.base.frames()), None)
        if frame is None:
            return
        plans = with_count(self.types, self.count)
        check_needs("data.types", plans, ANOMALIES, frame.metrics)
        placing, shaping = np.random.SeedSequence(self.seed).spawn(2)
        free = _mostly_measured(frame) & ~rows_inside(frame.time, frame.incidents or ())
        events = place(plans, frame, free, placing, shaping)
        values = np.array(frame.values)
        act(
            events, ANOMALIES, plans, self.intensity, values, frame.metrics, usual_scatter(frame.time, values)
        )
        # A metric that was never negative stays so.
        lowest = np.where(np.fmin.reduce(frame.values, axis=0) >= 0, 0.0, -np.inf)
        first_id = 1 + max((incident.id for incident in frame.incidents or ()), default=0)
        planted = incidents_of(events, frame.time, first_id)
        labels = None
        if frame.labels is not None:
            labels = np.where(rows_inside(frame.time, planted), 1.0, frame.labels)
        yield replace(
            frame,
            values=np.maximum(values, lowest),
            incidents=tuple(sorted((frame.incidents or ()) + planted, key=lambda incident: incident.start)),
            labels=labels,
            notes=(*frame.notes, f"{len(planted)} anomalies planted"),
        )


def with_count(plans: Mapping[str, Plan], count: int | None) -> dict[str, Plan]:
    """Return the plans of the types that are on, each with this count where one is given."""
    on = {name: plan for name, plan in plans.items() if plan.count}
    return on if count is None else {name: replace(plan, count=count) for name, plan in on.items() if count}


def place(
    plans: Mapping[str, Plan],
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


def act(
    events: list[Placed],
    kinds: Mapping[str, Kind],
    plans: Mapping[str, Plan],
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


def rows_of(plan: Plan, step: pd.Timedelta, share: float = 1.0) -> int:
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


def _mostly_measured(frame: MetricFrame) -> Mask:
    """Return the rows around which no metric is mostly missing: an anomaly inside a gap would not show."""
    measured = pd.DataFrame(np.isfinite(frame.values))
    share = measured.loc[:, measured.any()].rolling(12, min_periods=1, center=True).mean()
    return (share >= 0.5).all(axis=1).to_numpy(dtype=bool)


def _does_not_fit(name: str, plan: Plan, step: pd.Timedelta, rows: int, events: int) -> str:
    longest, room = rows_of(plan, step, LONGEST), rows // events
    fits = in_words(max(0, int((room - 2) / LONGEST)) * step)
    return (
        f"data.types.{name}.length: {in_words(plan.length)} does not fit: {events} anomalies share "
        f"{in_words(rows * step)} of measured, unlabelled data, {in_words(room * step)} each, and one may "
        f"take {in_words(longest * step)}. What would fit: lengths up to {fits}, or at most "
        f"{rows // (longest + 3)} anomalies (data.count sets the count of every type), "
        f"or {in_words((longest + 3) * events * step)} of data"
    )
