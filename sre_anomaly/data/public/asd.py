"""Application servers of a large internet company: 19 metrics each, every 5 minutes (Li et al., 2021; MIT licence)."""

from dataclasses import dataclass
from datetime import timedelta

from sre_anomaly.data.public._train_test import TrainTest
from sre_anomaly.registry import register


@register("data", "asd")
@dataclass
class Asd(TrainTest):
    """Training data without labels, then labelled test data, of each machine in a folder."""

    data = "asd"
    step = timedelta(minutes=5)
