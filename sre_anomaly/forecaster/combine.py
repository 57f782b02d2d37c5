"""Several simple forecasts as one, each weighted by how far it was from what came."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sre_anomaly.contracts import Forecaster
from sre_anomaly.forecaster.seasonal import mixed
from sre_anomaly.frame import Array
from sre_anomaly.kernels.forecast.buckets import buckets, some_origins, some_steps
from sre_anomaly.kernels.forecast.experts import EXPERTS, ask_each
from sre_anomaly.kernels.forecast.tracks import Clock, tracks_of
from sre_anomaly.kernels.forecast.weights import weigh
from sre_anomaly.registry import register

STEPS = 6
"""Steps ahead of each bucket that are tried out."""
FEWEST = 4


@register("forecaster", "combine")
@dataclass
class Combine(Forecaster):
    """Mix `EXPERTS`, such as the same time yesterday and the level now, by weights of their own for each metric and horizon.

    The weights are those with which the mix would have been nearest to what came, from ``origins`` past moments of the last
    ``days`` days, the later ones counting more. The median of rules is hard to beat and a weighted mean harder (Bates and
    Granger, 1969); weights that are positive and add up to one cannot run away.
    """

    days: Annotated[float, Field(gt=0)] = 28.0
    half_life: Annotated[float, Field(gt=0)] = 10.0
    origins: Annotated[int, Field(ge=4)] = 40
    export_name = "combine_forecaster"
    dimensions = (("weights_", 3), ("edges_", 1))

    weights_: Array = field(init=False, repr=False)
    """(m, b, e)."""
    edges_: npt.NDArray[np.int64] = field(init=False, repr=False)

    def start(self, step: timedelta) -> None:
        """Count the rows of a day."""
        self.clock, self.step = Clock.of(step), step

    def fit(self, values: Array) -> Self:
        """Find the weights of each metric."""
        self.edges_ = buckets(self.step, self.farthest or min(self.clock.week, max(1, len(values) // 3)))
        self.weights_ = np.stack([self._weights(np.ascontiguousarray(column)) for column in values.T])
        return self

    def _weights(self, column: Array) -> Array:
        tracks = tracks_of(column, self.clock)
        weights = np.zeros((len(self.edges_), len(EXPERTS)))
        begin = int(np.argmax(np.isfinite(column)))
        for bucket, edge in enumerate(self.edges_):
            steps = some_steps(self.edges_, bucket, STEPS)
            # A near bucket has few steps, so more moments are needed to have seen as much.
            number = self.origins * -(-STEPS // len(steps))
            first, last = self._first(begin, len(column), int(edge)), len(column) - int(edge)
            found = self._tried(column, tracks, some_origins(first, last, number), steps)
            if found is not None:
                weights[bucket] = found
            elif bucket:
                # The history cannot tell: what is best a little nearer will do.
                weights[bucket] = weights[bucket - 1]
            else:
                weights[bucket, 0] = 1.0
        return weights

    def _first(self, begin: int, rows: int, ahead: int) -> int:
        """Return the first origin to learn from: where the rules know a week, else two days, else half of what there is."""
        day = self.clock.day
        last = rows - ahead
        known = (
            self.clock.week if last - begin >= self.clock.week + day else min(2 * day, (rows - begin) // 2)
        )
        return max(begin + max(known, 1), last - int(self.days * day))

    def _tried(
        self, column: Array, tracks: Array, origins: npt.NDArray[np.int64], steps: npt.NDArray[np.int64]
    ) -> Array | None:
        if len(origins) < FEWEST:
            return None
        said = np.empty((len(origins), len(steps), len(EXPERTS)))
        ask_each(tracks, origins, steps, self.clock.day, self.clock.width, said)
        came = column[origins[:, np.newaxis] + steps - 1]
        age = (len(column) - origins) / self.clock.day
        counts = np.broadcast_to(0.5 ** (age / self.half_life)[:, np.newaxis], came.shape)
        there = np.isfinite(came) & np.isfinite(said).all(axis=2)
        if there.sum() < 2 * FEWEST:
            return None
        answer: Array = weigh(said[there], came[there], np.ascontiguousarray(counts[there]))
        return answer

    def predict(self, history: Array, horizon: int) -> Array:
        """Return (h, m) expected values."""
        return self.predict_each(history, [len(history)], horizon)[0]

    def predict_each(self, values: Array, origins: Sequence[int], horizon: int) -> Array:
        """Return the same for many origins at once, (k, h, m)."""
        return mixed(values, origins, horizon, self.clock, list(self.weights_), self.edges_)
