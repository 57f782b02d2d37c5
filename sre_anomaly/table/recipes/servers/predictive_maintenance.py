"""Disks, day by day, and whether each fails within the next seven days."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.frame import Array
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

DAYS = 40
"""Days that are known of each disk, the last ones before it failed or was looked at for the last time."""
WARNED = 7
FAILING = 0.25
SILENT = 0.35
"""Share of the failures that nothing announces."""


@register("table", "predictive_maintenance")
@dataclass
class PredictiveMaintenance(TableSource):
    """A row for every disk and day; a disk's days are alike, so a disk is a group."""

    rows: Annotated[int, Field(ge=100)] = 8000
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Draw the days."""
        draw = np.random.default_rng(self.seed)
        disks = -(-self.rows // DAYS)
        disk, day = np.divmod(np.arange(disks * DAYS), DAYS)
        fails = draw.random(disks) < FAILING
        announced = fails & (draw.random(disks) >= SILENT)
        left = DAYS - day
        onset = draw.integers(5, 15, disks)
        wear = np.clip((onset[disk] - left) / onset[disk], 0, 1) * announced[disk]
        # Healthy disks have bad weeks as well, which end without a failure.
        scare = (draw.random(disks) < 0.12)[disk] * np.exp(
            -0.5 * ((day - draw.integers(5, 35, disks)[disk]) / 3) ** 2
        )
        felt = (4 * wear + 2 * scare) / max(self.noise, 0.01)
        own = draw.normal(0, 1, (4, disks))[:, disk]
        noisy = draw.normal(0, 1, (4, len(disk)))
        seen = np.floor(np.exp(0.8 * own[0] + 0.9 * felt + 0.3 * noisy[0]) - 0.5).clip(0)
        # A sector that was given up is never taken back.
        bad_sectors = np.maximum.accumulate(seen.reshape(disks, DAYS), axis=1)
        errors = np.floor(np.exp(1 + 0.7 * own[1] + 0.6 * felt + 0.7 * noisy[1]))
        columns = {
            "reallocated_sectors": bad_sectors.ravel(),
            "reallocated_last_week": _since(bad_sectors).ravel(),
            "read_errors": errors,
            "read_errors_more_than_a_week_ago": _since(errors.reshape(disks, DAYS)).ravel(),
            "celsius": np.round(38 + 3 * own[2] + 1.2 * felt + 1.5 * noisy[2], 1),
            "milliseconds_to_seek": np.round(8 + 0.8 * own[3] + 0.5 * felt + 0.4 * noisy[3], 2),
            "thousand_hours_on": np.round(draw.gamma(4, 6, disks)[disk] + day * 0.024, 2),
        }
        age = made.standard(columns["thousand_hours_on"])
        maker = made.pick(draw, disk, ("north", "east", "south"), [4, 4, 2])
        soon = (fails[disk] & (left <= WARNED)) | ((draw.random(len(disk)) < 0.002) & (age > 1))
        every = Table(
            "disks",
            columns,
            {"maker": maker},
            target=np.where(soon, "yes", "no").astype(object),
            target_name="fails_within_7_days",
            group=made.names("disk", disk),
        )
        return every.rows(np.arange(self.rows))


def _since(values: Array) -> Array:
    """Return how much (disks, days) values have grown in seven days, or since the first day."""
    before = np.concatenate([np.repeat(values[:, :1], WARNED, axis=1), values[:, :-WARNED]], axis=1)
    return np.asarray(values - before)
