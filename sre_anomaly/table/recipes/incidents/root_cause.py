"""Incidents that spread from service to service, and in which of them each began."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.frame import Array
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

SERVICES = ("database", "cache", "users", "orders", "gateway", "website")
ASKED_BY = {0: (2, 3), 1: (2, 4), 2: (4,), 3: (4, 5), 4: (5,), 5: ()}
"""Who suffers when a service does."""
WEIGHTS = (6, 3, 4, 5, 2, 2)
SILENT = 0.3
"""Share of the faults in which the guilty service raises no alert of its own."""
NEVER = 60.0
"""Minutes that stand for: no alert within the hour."""


@register("table", "root_cause")
@dataclass
class RootCause(TableSource):
    """A row an incident: when each service alerted and how far it was off; the same fault comes again."""

    rows: Annotated[int, Field(ge=100)] = 3000
    noise: Annotated[float, Field(ge=0)] = 1.0
    seed: int = 0

    def table(self) -> Table:
        """Draw the incidents."""
        draw = np.random.default_rng(self.seed)
        fault = made.episodes(draw, self.rows, 3.0)
        faults = int(fault[-1]) + 1
        root = draw.choice(len(SERVICES), faults, p=np.array(WEIGHTS) / sum(WEIGHTS))
        minutes, sigmas = (np.empty((faults, len(SERVICES))) for _ in range(2))
        for number in range(faults):
            minutes[number], sigmas[number] = self._spread(draw, int(root[number]))
        # Each time it takes its course a little faster or slower.
        minutes = np.round(minutes[fault] * (1 + draw.normal(0, 0.03, (self.rows, 1))), 1).clip(0, NEVER)
        sigmas = np.round(sigmas[fault] * (1 + draw.normal(0, 0.03, sigmas[fault].shape)), 2)
        names = np.array(SERVICES, dtype=object)
        columns = {
            **{f"minutes_until_{name}": minutes[:, at] for at, name in enumerate(SERVICES)},
            **{f"sigmas_of_{name}": sigmas[:, at] for at, name in enumerate(SERVICES)},
        }
        first = {"first_alert": names[minutes.argmin(axis=1)], "furthest_off": names[sigmas.argmax(axis=1)]}
        return Table(
            "incidents",
            columns,
            first,
            target=names[root[fault]],
            target_name="began_in",
            group=made.names("fault", fault),
        )

    def _spread(self, draw: np.random.Generator, root: int) -> tuple[Array, Array]:
        """Return (6,) minutes until each service alerts and how far each is off."""
        minutes = np.full(len(SERVICES), NEVER)
        sigmas = np.abs(draw.normal(0, 1.2 * self.noise, len(SERVICES)))
        reached, waiting = {root: (0.0, draw.lognormal(1.6, 0.4))}, [root]
        while waiting:
            here = waiting.pop(0)
            since, force = reached[here]
            for there in ASKED_BY[here]:
                if there not in reached and draw.random() < 0.75:
                    reached[there] = since + draw.exponential(2), force * draw.uniform(0.4, 1.1)
                    waiting.append(there)
        for service, (since, force) in reached.items():
            if service == root and draw.random() < SILENT:
                continue
            sigmas[service] += force
            # A weak sign is noticed late, and every alert waits for its own window.
            minutes[service] = since + draw.exponential(3 * self.noise) + 6 / max(force, 0.5)
        # Somebody else's deployment alerts as well, now and then.
        if draw.random() < 0.25:
            other = int(draw.integers(len(SERVICES)))
            minutes[other] = min(minutes[other], draw.uniform(0, 10))
        return minutes.clip(0, NEVER), sigmas
