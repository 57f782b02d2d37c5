"""All 58 series of the Numenta Anomaly Benchmark, row by row as they stand in their files."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sre_anomaly.data.public._nab_rows import read_rows, stated_windows
from sre_anomaly.data.public.nab import WINDOWS, nab_file
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.frame import Incident, MetricFrame
from sre_anomaly.registry import register
from sre_anomaly.sources import Corpus


@register("data", "nab_corpus")
@dataclass
class NabCorpus(Corpus):
    """Every series, or those of one category (Lavin and Ahmad, 2015; MIT licence).

    The benchmark counts rows, not times, and some of its files repeat times or run backwards. So nothing is put
    right here: the clock of a frame counts its rows at the commonest distance, and `MetricFrame.stamps` has the
    times that are written in the file.
    """

    category: str | None = None

    benchmark = "nab"

    def __post_init__(self) -> None:
        if self.category is not None:
            # Judged as a whole only where it is whole.
            self.benchmark = ""

    @cached_property
    def _stated(self) -> dict[str, list[tuple[str, str]]]:
        stated = stated_windows(nab_file(WINDOWS))
        categories = {name.split("/")[0] for name in stated}
        if self.category is not None and self.category not in categories:
            raise ConfigError(
                f"data.category: NAB has no category {self.category!r}; {did_you_mean(self.category, categories)}"
            )
        return {name: stated[name] for name in stated if self.category in (None, name.split("/")[0])}

    def names(self) -> list[str]:
        """Return ``<category>/<file>.csv`` of each series."""
        return list(self._stated)

    def read(self, name: str) -> MetricFrame:
        """Return one series."""
        rows = read_rows(name, nab_file(f"data/{name}"), self._stated[name], nab_file(WINDOWS))
        gaps = np.diff(rows.stamps)
        step = int(np.median(gaps[gaps > 0]))
        time = pd.DatetimeIndex(rows.stamps[0] + step * np.arange(len(rows.stamps)), tz="UTC")
        ends = time + pd.Timedelta(step, "ns")
        return MetricFrame(
            name=name,
            time=time,
            values=rows.values[:, np.newaxis],
            metrics=("value",),
            incidents=tuple(
                Incident(time[start], ends[stop - 1], id=number)
                for number, (start, stop) in enumerate(rows.windows.tolist(), start=1)
            ),
            stamps=rows.stamps,
        )
