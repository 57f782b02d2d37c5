"""Application servers of a large internet company: 19 metrics each, every 5 minutes (Li et al., 2021; MIT licence)."""

from dataclasses import dataclass
from datetime import timedelta

from sre_anomaly.corpus import Corpus
from sre_anomaly.data.public._train_test import folder_of, read_series, series_in
from sre_anomaly.frame import MetricFrame
from sre_anomaly.registry import register

STEP = timedelta(minutes=5)


@register("data", "asd")
@dataclass
class Asd(Corpus):
    """Training rows without labels, then labelled test rows, of each machine in a folder."""

    folder: str | None = None

    def names(self) -> list[str]:
        """Return the machines in the folder."""
        return series_in("asd", folder_of("asd", self.folder))

    def read(self, name: str) -> MetricFrame:
        """Return one machine."""
        return read_series(folder_of("asd", self.folder), name, STEP)
