"""Connections of a network: ordinary traffic, or which kind of attack."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

KINDS = ("normal", "scan", "password guessing", "flood", "data theft")
WEIGHTS = (80, 6, 6, 5, 3)
COLUMNS = (
    "seconds",
    "bytes_out",
    "bytes_in",
    "connections_last_minute",
    "ports_last_minute",
    "failed_logins",
)
LOGS = np.array(
    [
        [0.0, 7.0, 8.5, 1.5, 0.4, 0.1],
        [-2.0, 4.5, 3.5, 2.7, 2.2, 0.1],
        [0.3, 6.0, 6.0, 2.3, 0.4, 1.1],
        [-1.5, 5.5, 3.0, 3.6, 0.6, 0.1],
        [1.2, 8.8, 7.0, 1.6, 0.5, 0.3],
    ]
)
"""Logarithm of the usual value of each column for each kind."""
OF_SOURCE = np.array([0.9, 1.0, 1.0, 0.8, 0.6, 0.35])
OF_CONNECTION = np.array([0.8, 0.8, 0.9, 0.4, 0.4, 0.25])
PROTOCOLS = ("tcp", "udp", "icmp")


@register("table", "intrusion")
@dataclass
class Intrusion(TableSource):
    """A source sends many connections, nearly alike; some normal sources (backups, monitors) behave like attacks."""

    rows: Annotated[int, Field(ge=100)] = 6000
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Draw the connections."""
        draw = np.random.default_rng(self.seed)
        source = made.episodes(draw, self.rows, 10.0)
        sources = int(source[-1]) + 1
        kind = draw.choice(len(KINDS), sources, p=np.array(WEIGHTS) / sum(WEIGHTS))
        behaves = np.where(
            (kind == 0) & (draw.random(sources) < 0.06), draw.integers(1, len(KINDS), sources), kind
        )
        # Careful attackers stay near to what is normal.
        strength = np.where(behaves > 0, draw.uniform(0.3, 1.1, sources), 1.0)[:, np.newaxis]
        usual = LOGS[0] + strength * (LOGS[behaves] - LOGS[0])
        usual = usual + draw.normal(0, self.noise, usual.shape) * OF_SOURCE
        logs = usual[source] + draw.normal(0, 0.5 * self.noise, (self.rows, len(COLUMNS))) * OF_CONNECTION
        values = np.exp(logs)
        values[:, 3:] = np.floor(values[:, 3:])
        chance = np.where((behaves == 3)[:, np.newaxis], [0.45, 0.35, 0.2], [0.75, 0.22, 0.03])
        protocol = (draw.random((sources, 1)) > chance.cumsum(axis=1)).sum(axis=1).clip(0, 2)
        return Table(
            "connections",
            {name: np.round(values[:, number], 2) for number, name in enumerate(COLUMNS)},
            {"protocol": np.array(PROTOCOLS, dtype=object)[protocol][source]},
            target=np.array(KINDS, dtype=object)[kind[source]],
            target_name="kind",
            group=made.names("source", source),
        )
