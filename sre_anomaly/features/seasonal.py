"""What is left of each value after its usual daily and weekly course."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field

from sre_anomaly.clock import Duration, wall_clock
from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.kernels.seasonal import Harmonics, Profile
from sre_anomaly.registry import register


@register("features", "seasonal")
@dataclass
class Seasonal(Features):
    """Value minus what is usual at this time of the day and week, learned from the training rows.

    ``profile`` takes the median of the training rows in the same slot of the day, weekends apart where there
    are two weeks to learn from: it follows sharp daily jobs. ``harmonics`` fits smooth daily (and weekly)
    waves by robust least squares: it needs fewer days.
    """

    shape: Literal["profile", "harmonics"] = "profile"
    slot: Duration = timedelta(minutes=15)
    harmonics: Annotated[int, Field(ge=1, le=24)] = 3

    dimensions = (("season_", 2), ("season_", 3))
    season_: Array = field(init=False, repr=False)
    """(m, 2, slots) of the profile or (m, waves) of the harmonics."""
    size_: int = field(init=False, repr=False)
    """Seconds in a slot of the profile, or how many of the harmonics are weekly."""
    zone_: str = field(init=False, default="UTC", repr=False)
    """Whose wall clock tells the time of the day and the weekend."""

    def fit(self, frame: MetricFrame) -> Self:
        """Learn the usual course of every metric."""
        self.zone_ = frame.timezone
        time = wall_clock(frame.time.asi8, self.zone_)
        if self.shape == "profile":
            profiles = [Profile.learn(time, values, self.slot) for values in frame.values.T]
            self.season_ = np.stack([profile.usual for profile in profiles])
            self.size_ = profiles[0].slot_seconds
        else:
            waves = [Harmonics.learn(time, values, self.harmonics) for values in frame.values.T]
            self.season_ = np.stack([one.coefficients for one in waves])
            self.size_ = waves[0].weekly
        return self

    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return one residual per metric."""
        return [(f"{metric}.residual", metric) for metric in metrics]

    def new_state(self, metrics: int) -> Array:
        """Return an empty state: all that is needed was learned."""
        del metrics
        return np.empty(0)

    def advance(self, states: Array, times: Times, rows: Array, out: Array) -> None:
        """Write (k, m) residuals in the metrics' own units."""
        del states
        times = wall_clock(times, self.zone_)
        for metric, season in enumerate(self.season_):
            if self.shape == "profile":
                usual = Profile(self.size_, season).expected(times)
            else:
                usual = Harmonics(self.harmonics, self.size_, season).expected(times)
            out[:, metric] = rows[:, metric] - usual
