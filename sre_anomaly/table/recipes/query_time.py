"""Database queries, and how many seconds each takes, by what is known before it is run."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table_contracts import TableSource

PLANS = ("index lookup", "index range", "hash join", "nested loop", "full scan")
COST = np.array([-2.0, -1.0, 0.3, 0.9, 1.2])


@register("table", "query_time")
@dataclass
class QueryTime(TableSource):
    """A few hundred kinds of query, each run many times; what a kind costs is partly in no column."""

    rows: Annotated[int, Field(ge=100)] = 5000
    noise: Annotated[float, Field(ge=0)] = 0.5
    seed: int = 0

    def table(self) -> Table:
        """Draw the runs."""
        draw = np.random.default_rng(self.seed)
        kinds = max(20, self.rows // 25)
        kind = np.sort(draw.integers(0, kinds, self.rows))
        kind = np.unique(kind, return_inverse=True)[1]
        plan = made.pick(draw, kind, PLANS, [5, 4, 3, 2, 2])
        joins = made.of_first(kind, draw.poisson(1.2, self.rows)).astype(np.float64)
        usual = made.of_first(kind, draw.lognormal(8, 2, self.rows)).astype(np.float64)
        # The planner's guess of the rows is off by a factor that belongs to the kind, and a bit each time.
        scanned = usual * draw.lognormal(0, 0.3, self.rows)
        guessed = scanned * np.exp(made.unexplained(draw, kind, self.noise))
        sorted_rows = made.of_first(kind, draw.random(self.rows) < 0.4).astype(np.float64)
        running = draw.poisson(6, self.rows).astype(np.float64)
        cached = np.round(draw.beta(5, 2, self.rows), 2)
        log_seconds = (
            -5.5
            + 0.55 * np.log(scanned)
            + COST[[PLANS.index(name) for name in plan]]
            + 0.25 * joins
            + 0.4 * sorted_rows
            + 0.05 * running
            - 1.1 * cached
            + made.unexplained(draw, kind, self.noise)
            + draw.normal(0, 0.3, self.rows)
        )
        return Table(
            "queries",
            {
                "rows_guessed": np.round(guessed),
                "tables_joined": joins,
                "sorts": sorted_rows,
                "queries_running": running,
                "share_cached": cached,
            },
            {"plan": plan},
            target=np.round(np.exp(log_seconds), 4),
            target_name="seconds",
            group=made.names("query", kind),
        )
