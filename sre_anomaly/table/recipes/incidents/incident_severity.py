"""Tickets of incidents, and how severe each is, by what is known when it opens."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

SHARES = {"low": 0.55, "medium": 0.3, "high": 0.12, "critical": 0.03}
SERVICES = ("search", "checkout", "login", "billing", "reports", "mail")
WEIGHT = np.array([0.2, 0.9, 0.8, 0.6, -0.6, -0.3])
"""How much a failure of each service matters."""
SAID = {
    0: ("user sees an old page sometimes", "question about a report", "slow answer for one user"),
    1: ("errors for some users", "timeouts now and then", "queue is growing slowly"),
    2: ("many users cannot log in", "payments fail", "site is down for everybody"),
}
CLEAR = 0.55
"""Share of the tickets whose text says how bad it is; the others are written before anybody knows."""


@register("table", "incident_severity")
@dataclass
class IncidentSeverity(TableSource):
    """One outage opens several tickets: near copies, of one severity."""

    rows: Annotated[int, Field(ge=100)] = 4000
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Draw the tickets."""
        draw = np.random.default_rng(self.seed)
        episode = made.episodes(draw, self.rows, 4.0)
        service = made.pick(draw, episode, SERVICES, [5, 3, 2, 2, 4, 4])
        error_rate = draw.lognormal(-4.5, 1.2, self.rows)
        slower = draw.lognormal(0.3, 0.5, self.rows)
        alerts = draw.poisson(3 * (1 + slower / 2)).astype(np.float64)
        customers = draw.lognormal(3, 1.4, self.rows)
        shown = {
            name: made.near_copies(draw, episode, values, digits)
            for name, values, digits in (
                ("error_rate", error_rate, 4),
                ("times_slower", slower, 2),
                ("alerts_firing", alerts, 1),
                ("customers_affected", customers, 0),
            )
        }
        score = (
            made.standard(np.log(shown["error_rate"] + 1e-4))
            + 0.6 * made.standard(np.log(shown["times_slower"] + 0.01))
            + 0.8 * made.standard(np.log(shown["customers_affected"] + 1))
            + WEIGHT[[SERVICES.index(name) for name in service]]
            + made.unexplained(draw, episode, self.noise)
        )
        bad = np.searchsorted(np.quantile(score, [0.5, 0.85]), score)
        heard = np.where(draw.random(self.rows) < CLEAR, bad, draw.integers(0, 3, self.rows))
        text = [
            f"{draw.choice(SAID[int(level)])}, {name}" for level, name in zip(heard, service, strict=True)
        ]
        return Table(
            "incidents",
            shown,
            {"service": service},
            {"title": np.array(text, dtype=object)},
            made.classes_of(score, SHARES),
            "severity",
            made.names("outage", episode),
            made.moments(draw, episode, 90),
        )
