"""Made-up servers behind a balancer, one request after the other: what is known when it is sent, and how long it takes."""

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

KINDS = ("read", "search", "report")
SHARES = np.array([0.7, 0.25, 0.05])
WORK_MS = np.array([10.0, 40.0, 200.0])
SERVERS = 8
BUSY = 0.4
"""Share of all servers' time that the work takes."""
LAST = 10
"""Answers that "recent" means."""
MONITORED_MS = 5000.0
SPELLS = 1000
SLOW_EVERY_MS, SLOW_MS, SLOWER = 60_000.0, 5_000.0, 3.0
"""A noisy neighbour comes once a minute on average, stays for five seconds, and makes all work so much slower."""


@dataclass
class Requests:
    """n requests that come one after the other."""

    at: npt.NDArray[np.float64]
    """Milliseconds."""
    kind: npt.NDArray[np.int64]
    kilobytes: npt.NDArray[np.float64]
    work: npt.NDArray[np.float64]
    """Milliseconds on an ordinary server; nobody knows them beforehand."""


def some_requests(draw: np.random.Generator, number: int, noise: float) -> Requests:
    """Draw requests that keep the servers busy for `BUSY` of their time."""
    kind = draw.choice(len(KINDS), number, p=SHARES)
    size = draw.lognormal(0, 0.6, number)
    work = WORK_MS[kind] * size * draw.lognormal(0, 0.3 * noise, number)
    gap = draw.exponential(work.mean() / (SERVERS * BUSY), number)
    return Requests(np.cumsum(gap), kind, np.round(20 * size, 1), work)


@dataclass
class Servers:
    """Servers of differing speed, each of which does one piece of work at a time, in the order of coming."""

    seed: int
    noise: float
    period: int
    """Which noisy neighbours come: 0 while the log is written, 1 when the ways are tried."""

    def __post_init__(self) -> None:
        """Draw how fast each server is, for each kind of work, and when a noisy neighbour comes."""
        draw = np.random.default_rng([self.seed, 1])
        old = np.linspace(0.75, 1.3, SERVERS)[:, np.newaxis]
        self.pace = old * draw.lognormal(0, 0.25, (SERVERS, len(KINDS)))
        # Together they do the work of so many ordinary ones.
        weights = SHARES * WORK_MS / (SHARES @ WORK_MS)
        self.pace *= np.mean(1 / (self.pace @ weights))
        luck = np.random.default_rng([self.seed, 2, self.period])
        self._slow = np.cumsum(luck.exponential(SLOW_EVERY_MS, (SERVERS, SPELLS)), axis=1)
        self._free = np.zeros(SERVERS)
        self._waiting: list[deque[tuple[float, float, int]]] = [deque() for _ in range(SERVERS)]
        self._recent = [deque([20.0], maxlen=LAST) for _ in range(SERVERS)]
        self._cpu = np.zeros(SERVERS)
        self._seen = -np.inf
        self._draw = luck

    def state(self, now: float) -> dict[str, npt.NDArray[np.float64]]:
        """Return what the balancer knows of each server: requests on the way, by kind, last answers, and a stale cpu."""
        for waiting, recent in zip(self._waiting, self._recent, strict=True):
            while waiting and waiting[0][0] <= now:
                recent.append(waiting.popleft()[1])
        if now >= self._seen + MONITORED_MS:
            busy = np.clip((self._free - now) / MONITORED_MS, 0, 1) * 100
            self._cpu = np.clip(busy + self._draw.normal(0, 10 * self.noise, SERVERS), 0, 100).round()
            self._seen = now
        counts = np.array(
            [
                [sum(1 for one in waiting if one[2] == kind) for kind in range(len(KINDS))]
                for waiting in self._waiting
            ]
        )
        return {
            "on_the_way": counts.sum(axis=1).astype(np.float64),
            **{f"{name}_on_the_way": counts[:, kind].astype(np.float64) for kind, name in enumerate(KINDS)},
            "recent_ms": np.array([np.mean(recent) for recent in self._recent]).round(1),
            "last_ms": np.array([recent[-1] for recent in self._recent]).round(1),
            "cpu": self._cpu.copy(),
        }

    def send(self, server: int, now: float, kind: int, work: float) -> float:
        """Send a request to a server, and return the milliseconds until its answer."""
        begins = max(now, self._free[server])
        took = work * self.pace[server, kind]
        slow = self._slow[server]
        spell = slow[np.searchsorted(slow, begins) - 1] if begins > slow[0] else -np.inf
        took *= SLOWER if begins < spell + SLOW_MS else 1.0
        self._free[server] = begins + took
        latency = float(begins + took - now)
        self._waiting[server].append((begins + took, latency, kind))
        return latency
