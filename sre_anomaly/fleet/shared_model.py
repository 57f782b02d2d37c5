"""One detector for all series: it learns from the training rows of every one of them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sre_anomaly.config.build import build_parts
from sre_anomaly.contracts import Detector, Threshold
from sre_anomaly.errors import ConfigError, DataError, UserError
from sre_anomaly.frame import Array, MetricFrame
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import prepare, scorable
from sre_anomaly.sources import Corpus

MOST_ROWS = 500_000
"""Rows that are learned from, of all series together: more would not fit, and teach nothing new."""


@dataclass(frozen=True)
class SharedModel:
    """What was learned from all series."""

    detector: Detector
    threshold: Threshold
    metrics: tuple[str, ...]
    """Which every series must have to be asked about."""

    def check(self, name: str, frame: MetricFrame) -> None:
        """Refuse a series with other metrics.

        Raises
        ------
        DataError
            Names both.
        """
        if frame.metrics != self.metrics:
            raise DataError(
                f"{name}: has the metrics {', '.join(frame.metrics)}, not {', '.join(self.metrics)} as the others: a shared "
                "model needs the same in every series; use corpus.model=own, or choose data.values"
            )


def fit_shared_model(config: Mapping[str, Any], names: list[str]) -> SharedModel:
    """Return detector and threshold, fitted on the training rows of all series; each gives an equal share.

    A series that cannot be read, or has other metrics than most, is left out here, and refused when its turn comes.

    Raises
    ------
    ConfigError
        If the detector or threshold needs labels, or learns while it runs and so has nothing to share.
    DataError
        If too little can be learned from.
    """
    parts = build_parts(config)
    detector, threshold = parts.detector, parts.threshold
    if detector is None or detector.needs_labels or threshold.needs_labels:
        raise ConfigError(
            "corpus.model: shared needs a detector and a threshold without labels; use corpus.model=own, or "
            "detector=iforest threshold=contamination"
        )
    if len(detector.new_state(1)):
        raise ConfigError(
            f"corpus.model: {config['detector']['name']} learns while it runs, from each series; use corpus.model=own"
        )
    share = max(1, MOST_ROWS // len(names))
    learned: dict[tuple[str, ...], list[Array]] = defaultdict(list)
    with Stages() as stages:
        for name in names:
            source = build_parts(config)
            assert isinstance(source.data, Corpus)
            try:
                frame = source.data.read(name)
                split = source.split.split(frame)
                prepared = prepare(frame, split, source.features, stages.stage)
            except UserError:
                continue
            usable = scorable(prepared.X, prepared.features, detector) & ~frame.apart
            rows = prepared.X[split.train][usable[split.train]]
            learned[frame.metrics].append(rows[:: max(1, len(rows) // share)])
    metrics = max(learned, key=lambda names: len(learned[names]), default=())
    stacked = np.vstack(learned[metrics]) if metrics else np.empty((0, 0))
    if len(stacked) < 2:
        raise DataError("data: all series together have fewer than two complete training data points")
    detector.fit(stacked)
    threshold.fit(detector.score(stacked))
    return SharedModel(detector, threshold, metrics)
