"""The history that a model was trained on, and the pages that it gave there."""

from collections.abc import Mapping
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
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.runner import run
from sre_anomaly.records import RunRecord
from sre_anomaly.sources import Corpus, DataSource


@dataclass(frozen=True)
class History:
    """What a model saw, and what it said of it."""

    model: Model
    frame: MetricFrame
    pages: list[tuple[str, Span]]
    """The metric that each page names first, and from when until when it was."""
    span: slice
    """The rows that were evaluated."""
    measured: Array
    """(n, m) what there was at each tick: gaps that were filled for the model are gaps, as they are for a Prometheus."""
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
        return np.ascontiguousarray(self.measured[:, metric])

    @property
    def middle(self) -> int:
        """The row at which the second half of what was evaluated begins."""
        return (self.span.start + self.span.stop) // 2


def _source(config: Mapping[str, Any]) -> DataSource:
    source: DataSource = build("data", config["data"], seed=int(config["seed"]))
    return source


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
        many = isinstance(_source(config), Corpus)
        with Stages() as stages:
            found = None if many else run(config, RunRecord(), stages)
    except UserError as error:
        raise UserError(
            f"model={folder}: the data that it was trained on cannot be read any more: {'; '.join(str(error).splitlines())}; "
            f"where they moved, say so: data.{'url' if 'url' in config['data'] else 'path'}=..."
        ) from None
    if found is None:
        raise UserError(f"model={folder}: is of many series; export rules from the model of one")
    frame, split = found.frame, found.split
    alerts = found.detection.alerts if found.detection is not None else []
    measured = frame.values
    if "interpolate" in config["data"]:
        with_gaps = next(iter(_source({**config, "data": {**config["data"], "interpolate": "0s"}}).frames()))
        measured = with_gaps.values if with_gaps.time.equals(frame.time) else measured
    return History(
        model, frame, [(alert.metric, (alert.fired, alert.end)) for alert in alerts], split.test,
        measured, changed=frame.fingerprint != model.about["fingerprint"],
    )  # fmt: skip
