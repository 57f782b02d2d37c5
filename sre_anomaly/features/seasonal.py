"""What is left of each value after its usual daily and weekly course."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field

from sre_anomaly.clock import Duration
from sre_anomaly.contracts import Features
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.registry import register
from sre_anomaly.seasons import Harmonics, Profile


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

    season_: list[Profile] | list[Harmonics] = field(init=False, repr=False)

    def fit(self, frame: MetricFrame) -> Self:
        """Learn the usual course of every metric."""
        if self.shape == "profile":
            self.season_ = [Profile.learn(frame.time.asi8, values, self.slot) for values in frame.values.T]
        else:
            self.season_ = [
                Harmonics.learn(frame.time.asi8, values, self.harmonics) for values in frame.values.T
            ]
        return self

    def columns(self, metrics: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return one residual per metric."""
        return [(f"{metric}.residual", metric) for metric in metrics]

    def transform(self, frame: MetricFrame) -> Array:
        """Return (n, m) residuals in the metrics' own units."""
        usual = [season.expected(frame.time.asi8) for season in self.season_]
        return frame.values - np.column_stack(usual)
