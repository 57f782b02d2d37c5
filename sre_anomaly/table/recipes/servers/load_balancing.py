"""Requests behind a balancer, and how long each server takes for them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from sre_anomaly.dataset import Table, TextColumn
from sre_anomaly.frame import Array
from sre_anomaly.records import InUse
from sre_anomaly.registry import register
from sre_anomaly.table.recipes import _made_up as made
from sre_anomaly.table.recipes.servers._servers import KINDS, SERVERS, Requests, Servers, some_requests
from sre_anomaly.table_contracts import Answers, TableSource

WARM = 200
"""The first of them, while the servers fill up, are not counted."""
State = dict[str, Array]
Choice = Callable[[int, State], int]
"""From the number of a request and what is known of the servers to one of them."""
NAMES = np.array([f"server-{number + 1}" for number in range(SERVERS)], dtype=object)


@register("table", "load_balancing")
@dataclass
class LoadBalancing(TableSource):
    """The log of a round-robin balancer: what was known when a request was sent, and the milliseconds it took."""

    rows: Annotated[int, Field(ge=100)] = 8000
    noise: Annotated[float, Field(ge=0)] = 1.0
    tried: Annotated[int, Field(ge=300)] = 5000
    seed: int = 0

    def table(self) -> Table:
        """Draw requests, and send each to the next server."""
        requests = self._requests(0, self.rows)
        servers, sent, took = Servers(self.seed, self.noise, 0), [], []
        for row in range(self.rows):
            server = row % SERVERS
            sent.append({name: column[server] for name, column in servers.state(requests.at[row]).items()})
            took.append(servers.send(server, requests.at[row], requests.kind[row], requests.work[row]))
        known = {name: np.array([one[name] for one in sent]) for name in sent[0]}
        table = _rows(requests, np.arange(self.rows), np.arange(self.rows) % SERVERS, known)
        at = made.START + (requests.at * 1e6).astype(np.int64)
        return Table(
            "requests",
            table.numbers,
            table.categories,
            target=np.round(took, 1),
            target_name="latency_ms",
            time=at,
        )

    def in_use(self, answers: Answers) -> InUse:
        """Send later requests to the very same servers in several ways, the learned one among them."""
        requests = self._requests(1, self.tried)
        dice = np.random.default_rng([self.seed, 4]).integers(0, SERVERS, (self.tried, 2))

        def least(row: int, state: State, among: npt.NDArray[np.int64]) -> int:
            busy = state["on_the_way"][among]
            # Of several the first after the last one that was chosen, as balancers do.
            return int(among[np.lexsort(((among - row) % SERVERS, busy))[0]])

        def learned(row: int, state: State) -> int:
            asked = _rows(requests, np.full(SERVERS, row), np.arange(SERVERS), state)
            return int(np.argmin(answers.predict(asked)))

        ways: dict[str, Choice] = {
            "round robin": lambda row, _: row % SERVERS,
            "random": lambda row, _: int(dice[row, 0]),
            "better of two at random": lambda row, state: least(row, state, dice[row]),
            "least connections": lambda row, state: least(row, state, np.arange(SERVERS)),
            # What takes many requests at a time and how long the last ones took: known as peak EWMA, and not learned.
            "recent latency x requests": lambda _, state: int(
                np.argmin(state["recent_ms"] * (state["on_the_way"] + 1))
            ),
            "lowest predicted latency": learned,
        }
        took = {name: self._sent(requests, way) for name, way in ways.items()}
        lines: list[list[str | float]] = [
            [
                name,
                *(float(np.round(number, 1)) for number in (each.mean(), *np.percentile(each, [50, 95, 99]))),
            ]
            for name, each in took.items()
        ]
        mean = {name: each.mean() for name, each in took.items()}
        best = mean.pop("lowest predicted latency")
        rival = min(mean, key=lambda name: float(mean[name]))
        verdict = "better" if best < mean[rival] else "no better"
        return InUse(
            f"{self.tried - WARM:,} later requests sent by the lowest predicted latency: {best:.0f} ms on average, {verdict} than "
            f"{rival} with {mean[rival]:.0f} ms; round robin has {mean['round robin']:.0f} ms",
            ["way of balancing", "mean ms", "median ms", "p95 ms", "p99 ms"],
            lines,
        )

    def _requests(self, part: int, number: int) -> Requests:
        return some_requests(np.random.default_rng([self.seed, 3, part]), number, self.noise)

    def _sent(self, requests: Requests, way: Choice) -> Array:
        """Return the milliseconds that each request took, (n,), the first ones left out."""
        servers = Servers(self.seed, self.noise, 1)
        took = np.empty(len(requests.at))
        for row, now in enumerate(requests.at):
            server = way(row, servers.state(now))
            took[row] = servers.send(server, now, requests.kind[row], requests.work[row])
        return took[WARM:]


def _rows(
    requests: Requests, rows: npt.NDArray[np.int64], servers: npt.NDArray[np.int64], known: State
) -> Table:
    """Return what is known of requests and the servers they could go to, a row each."""
    kinds: TextColumn = np.array(KINDS, dtype=object)[requests.kind[rows]]
    return Table(
        "requests",
        {"kilobytes": requests.kilobytes[rows], **known},
        {"server": NAMES[servers], "request": kinds},
    )
