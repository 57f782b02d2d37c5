"""The history that a model was trained on, and the pages that it gave there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.clock import nanoseconds
from sre_anomaly.config.build import NOTHING, build
from sre_anomaly.errors import UserError
from sre_anomaly.export.pages import Span
from sre_anomaly.frame import Array, MetricFrame, Times
from sre_anomaly.model.model import Model, load_model
from sre_anomaly.pipeline.runner import run
from sre_anomaly.progress import Stages
from sre_anomaly.records import RunRecord
from sre_anomaly.sources import Corpus


@dataclass(frozen=True)
class History:
    """What a model saw, and what it said of it."""

    model: Model
    frame: MetricFrame
    pages: list[tuple[str, Span]]
    """The metric that each page names first, and from when until when it was."""
    span: slice
    """The rows that were evaluated."""
    changed: bool
    """Whether the data are other ones than when the model was trained."""

    @property
    def times(self) -> Times:
        """The clock, (n,)."""
        return self.frame.time.asi8

    @property
    def step(self) -> int:
        """Nanoseconds between two rows."""
        return nanoseconds(self.frame.step)

    def values(self, metric: int) -> Array:
        """Return the values of a metric, (n,)."""
        return np.ascontiguousarray(self.frame.values[:, metric])

    @property
    def middle(self) -> int:
        """The row at which the second half of what was evaluated begins."""
        return (self.span.start + self.span.stop) // 2


def history_of(folder: Path, data: dict[str, Any]) -> History:
    """Read the data of a model once more, and run what it was trained by over it.

    ``data`` are settings of the source that are other ones by now, such as its path.

    Raises
    ------
    UserError
        If the folder holds no model of metrics with a clock, or its data cannot be read.
    """
    model = load_model(folder)
    if not model.has_clock:
        raise UserError(f"model={folder}: its data have no times, and Prometheus rules need them")
    config = dict(model.about["config"])
    left_out = {kind: {"name": NOTHING} for kind in ("forecaster", "table", "classifier", "regressor")}
    config |= left_out | {"hindsight": False, "data": {**config["data"], **data}}
    try:
        many = isinstance(build("data", config["data"], seed=int(config["seed"])), Corpus)
        with Stages() as stages:
            found = None if many else run(config, RunRecord(), stages)
    except UserError as error:
        raise UserError(
            f"model={folder}: the data that it was trained on cannot be read any more: {error}; "
            "where they moved, say so: data.path=..."
        ) from None
    if found is None:
        raise UserError(f"model={folder}: is of many series; export rules from the model of one")
    frame, split = found.frame, found.split
    alerts = found.detection.alerts if found.detection is not None else []
    return History(
        model, frame, [(alert.metric, (alert.fired, alert.end)) for alert in alerts], split.test,
        changed=frame.fingerprint != model.about["fingerprint"],
    )  # fmt: skip
