"""Deployments of software, and which of them fail."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

FAILING = 0.09
KINDS = ("code", "configuration", "dependency", "database migration")
RISK = np.array([0.0, 0.3, 0.5, 1.1])


@register("table", "deployment_failure")
@dataclass
class DeploymentFailure(TableSource):
    """One change goes out several times, to one region after another: what ails it, ails all of these."""

    rows: Annotated[int, Field(ge=100)] = 4000
    noise: Annotated[float, Field(ge=0)] = 1.2
    seed: int = 0

    def table(self) -> Table:
        """Draw the deployments."""
        draw = np.random.default_rng(self.seed)
        episode = made.episodes(draw, self.rows, 3.0)
        kind = made.pick(draw, episode, KINDS, [6, 3, 2, 1])
        lines = made.near_copies(draw, episode, draw.lognormal(4, 1.3, self.rows), 0)
        tested = made.near_copies(draw, episode, draw.beta(6, 3, self.rows), 3).clip(0, 1)
        files = np.asarray(np.maximum(1, lines / draw.lognormal(3, 0.4, self.rows)).round(), dtype=np.float64)
        days = made.near_copies(draw, episode, draw.exponential(4, self.rows), 1)
        load = np.round(draw.beta(2, 4, self.rows), 2)
        reviewers = made.of_first(episode, draw.integers(0, 4, self.rows)).astype(np.float64)
        time = made.moments(draw, episode, 70)
        evening = ((time // (60 * made.MINUTE)) % 24 >= 17).astype(np.float64)
        score = (
            0.8 * made.standard(np.log1p(lines))
            - 0.7 * made.standard(tested)
            + RISK[[KINDS.index(name) for name in kind]]
            + 0.5 * (reviewers == 0)
            + 0.5 * made.standard(load) * evening
            + 0.3 * made.standard(days)
            + made.unexplained(draw, episode, self.noise)
            + draw.normal(0, 0.4, self.rows)
        )
        return Table(
            "deployments",
            {
                "lines_changed": lines, "files_changed": files, "share_tested": tested, "reviewers": reviewers,
                "days_since_last": days, "load_at_start": load, "after_17h": evening,
            },
            {"kind": kind},
            target=made.classes_of(score, {"no": 1 - FAILING, "yes": FAILING}),
            target_name="failed",
            group=made.names("change", episode),
            time=time,
        )  # fmt: skip
