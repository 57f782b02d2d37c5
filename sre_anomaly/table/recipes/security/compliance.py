"""Cloud resources that auditors have looked at, and which of them are set up against the rules."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

KINDS = ("bucket", "database", "virtual machine", "firewall rule", "key")
DATA = ("public", "internal", "personal")
YES_NO = ("no", "yes")
OVERSEEN = 0.04
"""Share of the resources at which an auditor was wrong, either way."""


@register("table", "compliance")
@dataclass
class Compliance(TableSource):
    """Resources come from templates, and who copies a template copies its mistakes."""

    rows: Annotated[int, Field(ge=100)] = 4000
    noise: Annotated[float, Field(ge=0)] = 0.7
    seed: int = 0

    def table(self) -> Table:
        """Draw the resources."""
        draw = np.random.default_rng(self.seed)
        template = made.episodes(draw, self.rows, 8.0)
        kind = made.pick(draw, template, KINDS, [4, 3, 5, 3, 2])
        holds = made.pick(draw, template, DATA, [3, 5, 2])
        reachable, encrypted, logged = (
            made.pick(draw, template, YES_NO, weights) for weights in ([7, 3], [3, 7], [4, 6])
        )
        ports = made.of_first(template, draw.poisson(2, self.rows)).astype(np.float64)
        readers = made.near_copies(draw, template, draw.lognormal(2, 1, self.rows), 0)
        days = np.round(draw.exponential(200, self.rows))
        yes = {"reachable": reachable == "yes", "plain": encrypted == "no", "unlogged": logged == "no"}
        risky = (
            # No single setting is a fault: a public bucket may be public, one with personal data may not.
            2.0 * (yes["reachable"] & (holds != "public"))
            + 1.6 * (yes["plain"] & (holds == "personal"))
            + 0.8 * (yes["unlogged"] & (kind == "database"))
            + 0.5 * np.log1p(ports) * yes["reachable"]
            + 0.3 * made.standard(np.log1p(readers))
            + 0.2 * made.standard(days)
            + made.unexplained(draw, template, self.noise)
        )
        truth = made.classes_of(risky, {"no": 0.88, "yes": 0.12})
        wrong = draw.random(self.rows) < OVERSEEN
        verdict = np.where(wrong, np.where(truth == "yes", "no", "yes"), truth).astype(object)
        return Table(
            "resources",
            {"open_ports": ports, "readers": readers, "days_unchanged": days},
            {
                "kind": kind, "data": holds, "reachable_from_outside": reachable, "encrypted": encrypted,
                "access_logged": logged,
            },
            target=verdict,
            target_name="against_the_rules",
            group=made.names("template", template),
        )  # fmt: skip
