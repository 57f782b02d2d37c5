"""Server Machine Dataset: 38 metrics of each machine, every minute (Su et al., 2019; MIT licence)."""

from dataclasses import dataclass
from datetime import timedelta

from sre_anomaly.data.public._train_test import TrainTest
from sre_anomaly.registry import register


@register("data", "smd")
@dataclass
class Smd(TrainTest):
    """Training data without labels, then labelled test data, of each machine in a folder."""

    data = "smd"
    step = timedelta(minutes=1)
