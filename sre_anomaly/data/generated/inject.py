"""Your own metrics with known anomalies planted into them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from sre_anomaly.data.generated._incidents import (
    ANOMALIES,
    AnomalyPlan,
    check_names,
    check_needs,
    usual_plans,
)
from sre_anomaly.data.generated._load import usual_scatter
from sre_anomaly.data.generated._placement import apply_anomaly, incidents_of, place, with_count
from sre_anomaly.frame import Mask, MetricFrame, rows_inside
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource


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
    types: dict[str, AnomalyPlan] = field(
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
        apply_anomaly(
            events, ANOMALIES, plans, self.intensity, values, frame.metrics, usual_scatter(frame.time, values)
        )
        # A metric that was never negative stays so.
        lowest = np.where(np.fmin.reduce(frame.values, axis=0) >= 0, 0.0, -np.inf)
        first_id = 1 + max((incident.id for incident in frame.incidents or ()), default=0)
        planted = incidents_of(events, frame.time, first_id)
        labels = None
        if frame.labels is not None:
            labels = np.where(rows_inside(frame.time, planted), 1.0, frame.labels)
        notes = [f"{len(planted)} anomalies planted"]
        if not frame.incidents and frame.labels is None:
            notes.append(
                "What happened in these metrics besides is not known: an alert on it counts as false"
            )
        yield replace(
            frame,
            values=np.maximum(values, lowest),
            incidents=tuple(sorted((frame.incidents or ()) + planted, key=lambda incident: incident.start)),
            labels=labels,
            notes=(*frame.notes, *notes),
        )


def _mostly_measured(frame: MetricFrame) -> Mask:
    """Return the rows around which no metric is mostly missing: an anomaly inside a gap would not show."""
    measured = pd.DataFrame(np.isfinite(frame.values))
    share = measured.loc[:, measured.any()].rolling(12, min_periods=1, center=True).mean()
    return (share >= 0.5).all(axis=1).to_numpy(dtype=bool)
