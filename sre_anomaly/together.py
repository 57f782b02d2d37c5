"""One detector for all series: it learns from the training rows of every one of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sre_anomaly.build import Parts, build_parts
from sre_anomaly.corpora import Corpus
from sre_anomaly.detection import prepare, scorable
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import Array
from sre_anomaly.stages import Stages

MOST_ROWS = 500_000
"""Rows that are learned from, of all series together: more would not fit, and teach nothing new."""


def learn_together(config: Mapping[str, Any], names: list[str]) -> Parts:
    """Return detector and threshold, fitted on the training rows of all series; each gives an equal share.

    Raises
    ------
    ConfigError
        If the detector or threshold needs labels, or learns while it runs and so has nothing to share.
    DataError
        If the series do not have the same metrics.
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
            f"corpus.model: {config['detector']['name']} learns from each series while it runs; use corpus.model=own"
        )
    share = max(1, MOST_ROWS // len(names))
    learned: list[Array] = []
    metrics: tuple[str, ...] | None = None
    with Stages() as stages:
        for name in names:
            source = build_parts(config)
            assert isinstance(source.data, Corpus)
            frame = source.data.read(name)
            metrics = metrics or frame.metrics
            if frame.metrics != metrics:
                raise DataError(
                    f"{name}: has the metrics {', '.join(frame.metrics)}, not {', '.join(metrics)} as {names[0]}: a "
                    "shared model needs the same in every series; use corpus.model=own, or choose data.values"
                )
            split = source.split.split(frame)
            prepared = prepare(frame, split, source.features, stages.stage)
            usable = scorable(prepared.X, prepared.features, detector)
            rows = prepared.X[split.train][usable[split.train]]
            learned.append(rows[:: max(1, len(rows) // share)])
    stacked = np.vstack(learned)
    if len(stacked) < 2:
        raise DataError("data: all series together have fewer than two complete training rows")
    detector.fit(stacked)
    threshold.fit(detector.score(stacked))
    return parts
