"""Made-up server metrics whose anomalies are known: the place to try a detector before trusting it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from sre_anomaly.clock import Duration, in_words, rows_in
from sre_anomaly.data.generated._incidents import (
    ANOMALIES,
    HARD_NEGATIVES,
    AnomalyPlan,
    check_names,
    check_needs,
    usual_plans,
)
from sre_anomaly.data.generated._load import METRICS, clip_to_physics, follow_load, latent_load, usual_scatter
from sre_anomaly.data.generated._placement import (
    LONGEST,
    SHORTEST,
    Placed,
    apply_anomaly,
    evenly_lognormal,
    incidents_of,
    open_starts,
    place,
    rows_of,
    with_count,
)
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.frame import Array, Mask, MetricFrame, rows_inside
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource

FIVE_MINUTES = timedelta(minutes=5)

BACKUP_HOUR = 2
"""The hour (UTC) at which the healthy nightly job starts."""

Share = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0)]


@register("data", "generator")
@dataclass
class Generator(DataSource):
    """Metrics of one server, driven by one latent load, with labelled anomalies and unlabelled oddities.

    The same arguments give the same bytes. Each concern has a random stream of its own: another intensity
    leaves every anomaly where it was, and leaving out a metric leaves the noise of the others as it was.

    Parameters
    ----------
    days : float
        Length of the history.
    step : Duration
        Time between two rows.
    start : str
        First day, as an ISO date (UTC).
    metrics : list of str
        Any of cpu, memory, disk (%), network_in, network_out (MB/s), latency (ms), error_rate (%),
        requests (per second).
    daily, weekly, drift, noise : float
        Strengths of the daily and weekly season, the slow drift and the noise: 0 none, 1 typical.
    correlation : float
        1: all metrics follow the shared load. 0: each has a life of its own.
    types : mapping of str to Plan
        Anomaly types; a count of 0 turns one off.
    count : int or None
        In place of the count of every type that is on; 0 makes healthy data.
    intensity : float
        Multiplies every type's intensity.
    hard_negatives : mapping of str to Plan
        What looks strange and is normal; it is not labelled, and leaves out metrics that are not there.
    hard_negative_count : int or None
        In place of the count of every hard negative that is on; 0 makes calm data.
    seed : int

    Examples
    --------
    >>> frame = next(Generator(days=10, count=1, hard_negative_count=1, seed=7).frames())
    >>> frame.values.shape, len(frame.incidents)
    ((2880, 8), 12)
    """

    days: Annotated[float, Field(gt=0)] = 120
    step: Duration = FIVE_MINUTES
    start: str = "2024-01-01"
    metrics: list[str] = field(default_factory=lambda: list(METRICS))
    daily: Strength = 1.0
    weekly: Strength = 1.0
    drift: Strength = 1.0
    noise: Strength = 1.0
    correlation: Share = 0.97
    types: dict[str, AnomalyPlan] = field(default_factory=lambda: usual_plans(ANOMALIES))
    count: Annotated[int, Field(ge=0)] | None = None
    intensity: Annotated[float, Field(gt=0)] = 1.0
    hard_negatives: dict[str, AnomalyPlan] = field(default_factory=lambda: usual_plans(HARD_NEGATIVES))
    hard_negative_count: Annotated[int, Field(ge=0)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0

    def __post_init__(self) -> None:
        for name in self.metrics:
            if name not in METRICS:
                raise ConfigError(
                    f"data.metrics: no metric is called {name!r}: {did_you_mean(name, METRICS)}"
                )
        if not self.metrics or len(set(self.metrics)) < len(self.metrics):
            raise ConfigError("data.metrics: name at least one metric, and each only once")
        check_names("data.types", self.types, ANOMALIES)
        check_names("data.hard_negatives", self.hard_negatives, HARD_NEGATIVES)
        check_needs("data.types", with_count(self.types, self.count), ANOMALIES, tuple(self.metrics))

    def frames(self) -> Iterator[MetricFrame]:
        """Yield one frame with its incidents; without any anomaly it is known to be healthy.

        Raises
        ------
        ConfigError
            If the anomalies do not fit into the length.
        """
        time, metrics = self._clock(), tuple(self.metrics)
        placing, shaping, calm, loading, *noises = np.random.SeedSequence(self.seed).spawn(4 + len(METRICS))
        own = dict(zip(METRICS, noises, strict=True))
        empty = MetricFrame("generator", time, np.empty((len(time), len(metrics))), metrics)

        plans = with_count(self.types, self.count)
        events = place(plans, empty, np.ones(len(time), dtype=bool), placing, shaping)
        oddities = self._place_oddities(empty, events, calm)

        load = latent_load(
            time, np.random.default_rng(loading), daily=self.daily, weekly=self.weekly, drift=self.drift
        )[:, None]
        surges = [oddity for oddity in oddities if oddity.type == "planned_surge"]
        self._happen(surges, load, ("load",), usual_scatter(time, load))
        follow = {"noise": self.noise, "correlation": self.correlation}
        columns = [
            follow_load(name, time, load[:, 0], np.random.default_rng(own[name]), **follow)
            for name in metrics
        ]
        values = clip_to_physics(np.column_stack(columns), metrics)
        scatter = usual_scatter(time, values)
        self._happen([oddity for oddity in oddities if oddity not in surges], values, metrics, scatter)
        apply_anomaly(events, ANOMALIES, plans, self.intensity, values, metrics, scatter)
        incidents = incidents_of(events, time)
        yield MetricFrame("generator", time, clip_to_physics(values, metrics), metrics, incidents)

    def _clock(self) -> pd.DatetimeIndex:
        try:
            start = pd.Timestamp(self.start)
        except ValueError:
            raise ConfigError(f"data.start: {self.start!r} is not a date; write it as 2024-01-31") from None
        start = start.tz_localize("UTC") if start.tz is None else start.tz_convert("UTC")
        rows = rows_in(timedelta(days=self.days), self.step) if self.step > timedelta(0) else 0
        if rows < 2:
            raise ConfigError(
                f"data.step: {in_words(self.step)} does not divide {self.days:g} days into rows"
            )
        return pd.date_range(start, periods=rows, freq=self.step)

    def _place_oddities(
        self, frame: MetricFrame, events: list[Placed], seeds: np.random.SeedSequence
    ) -> list[Placed]:
        """Spread the hard negatives where nothing else happens; the nightly job keeps its hour."""
        rng = np.random.default_rng(seeds)
        free = ~rows_inside(frame.time, incidents_of(events, frame.time))
        placed: list[Placed] = []
        for name, plan in with_count(self.hard_negatives, self.hard_negative_count).items():
            longest = rows_of(plan, frame.step, LONGEST)
            for turn, strength in enumerate(evenly_lognormal(plan.count, rng)):
                # One free row on either side keeps neighbours apart.
                starts = open_starts(free, longest + 2) + 1
                if name == "backup":
                    starts = starts[_opens(frame, BACKUP_HOUR)[starts]]
                if not len(starts):
                    raise ConfigError(
                        f"data.hard_negatives.{name}.count: {plan.count} of {in_words(plan.length)} do not "
                        f"fit beside the anomalies into {self.days:g} days; {turn} would. "
                        "For a short history set all counts at once: data.count=1 data.hard_negative_count=1"
                    )
                # In its own share of the length where there is room, else wherever there is.
                near = starts[starts * plan.count // len(frame) == turn]
                start = int(rng.choice(near if len(near) else starts))
                rows = rows_of(plan, frame.step, rng.uniform(SHORTEST, LONGEST))
                free[start : start + longest] = False
                root = str(rng.choice(HARD_NEGATIVES[name].roots(frame.metrics)))
                placed.append(Placed(name, slice(start, start + rows), root, strength, rng))
        return placed

    def _happen(
        self, oddities: list[Placed], values: Array, metrics: tuple[str, ...], scatter: Array
    ) -> None:
        apply_anomaly(oddities, HARD_NEGATIVES, self.hard_negatives, 1.0, values, metrics, scatter)


def _opens(frame: MetricFrame, hour: int) -> Mask:
    """Return the first row at or after this hour of every day."""
    since = (frame.time - frame.time.normalize() - pd.Timedelta(hours=hour)).to_numpy()
    return np.asarray((since >= np.timedelta64(0)) & (since < np.timedelta64(frame.step)))
