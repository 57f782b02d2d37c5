"""Nightly loads of data, and which of them are broken."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

BROKEN = 0.06
FEEDS = 20
DAY = 24 * 60 * made.MINUTE
FAULTS = ("half of it", "empty cells", "twice", "another unit", "late")
LASTING = 2.5
"""Nights until somebody mends what is broken, on average."""


@register("table", "data_quality")
@dataclass
class DataQuality(TableSource):
    """Each feed is loaded once a night; what breaks, stays so for some nights."""

    rows: Annotated[int, Field(ge=100)] = 6000
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Draw the loads."""
        draw = np.random.default_rng(self.seed)
        night, feed = np.divmod(np.arange(self.rows), FEEDS)
        nights = int(night[-1]) + 1
        fault = np.full((nights, FEEDS), -1)
        for number in range(FEEDS):
            for at in range(1, nights):
                if fault[at - 1, number] >= 0 and draw.random() > 1 / LASTING:
                    fault[at, number] = fault[at - 1, number]
                elif draw.random() < BROKEN / LASTING:
                    fault[at, number] = draw.integers(len(FAULTS))
        which = fault[night, feed]
        strength = draw.lognormal(-0.4, 0.7, self.rows)
        hit = [strength * (which == number) for number in range(len(FAULTS))]
        wild = draw.lognormal(0, 0.5, FEEDS)[feed] * self.noise
        usual_empty = draw.beta(1, 20, FEEDS)[feed]
        rough = draw.normal(0, 1, (5, self.rows)) * wild
        # A promotion or a holiday moves the rows of all feeds without anything being broken.
        holiday = (draw.random(nights) < 0.05)[night] * draw.normal(0, 0.4, nights)[night]
        columns = {
            "rows_to_usual": np.round(np.exp(0.12 * rough[0] + holiday - 0.7 * hit[0] + 0.5 * hit[2]), 3),
            "share_empty": np.round(np.clip(usual_empty + 0.015 * rough[1] + 0.12 * hit[1], 0, 1), 4),
            "share_twice": np.round(np.clip(0.01 + 0.008 * rough[2] + 0.1 * hit[2], 0, 1), 4),
            "mean_moved_by_sigmas": np.round(0.5 * rough[3] + 2.0 * hit[3], 2),
            "minutes_late": np.round(np.clip(12 + 14 * rough[4] + 45 * hit[4], 0, None)),
        }
        return Table(
            "loads",
            columns,
            {"feed": made.names("feed", feed)},
            target=np.where(which >= 0, "yes", "no").astype(object),
            target_name="broken",
            group=made.names("feed", feed),
            time=made.START + night * DAY,
        )
