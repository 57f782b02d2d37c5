"""Requests by route: a method and a path, without the parts of it that tell one object from another."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.logs.shapes.amounts import Amounts, Request

MOST = 200
"""So many routes are counted one by one, the first that come; in a log of nonsense paths the rest is ``OTHER``."""
OTHER = "other routes"
ONE = ":id"
OBJECT = re.compile(r"\d+|.*\d.*\d.*\d.*|(?=.*\d)[0-9a-f-]{6,}|.*(?:@|%[0-9A-F]{2}).*", re.IGNORECASE)
"""A part of a path that is one object: a number, an address, what has three digits, or hexadecimal ones."""
DEEPEST = 6
"""Parts of a path that are told apart."""
LONGEST = 60


@lru_cache(maxsize=50_000)
def route_of(message: bytes) -> str:
    """Return the route of a request from its message.

    Examples
    --------
    >>> route_of(b"GET /v1/users/1734/orders answered"), route_of(b"no answer")
    ('GET /v1/users/:id/orders', 'other routes')
    """
    method, _, rest = message.decode(errors="replace").partition(" ")
    path = rest.partition(" ")[0]
    if not method.isupper() or not path.startswith("/"):
        return OTHER
    parts = [ONE if OBJECT.fullmatch(part) else part for part in path.split("/")]
    more = ["..."] if len(parts) > DEEPEST + 1 else []
    return f"{method} {'/'.join(parts[: DEEPEST + 1] + more)[:LONGEST]}"


@dataclass
class Route:
    """What was counted of one route, by step."""

    requests: Counter[int] = field(default_factory=Counter)
    errors: Counter[int] = field(default_factory=Counter)
    """Answers with a status of 500 or more, and none at all."""
    amounts: Amounts = field(default_factory=Amounts)

    @classmethod
    def together(cls, routes: Sequence["Route"]) -> "Route":
        """Return several routes as one."""
        out = cls()
        for one in routes:
            out.requests += one.requests
            out.errors += one.errors
            for tick, counts in one.amounts.durations.items():
                out.amounts.durations[tick] += counts
        return out


@dataclass
class Routes:
    """What was counted of each route."""

    found: dict[str, Route] = field(default_factory=dict)

    def add(self, tick: int, requests: Sequence[Request], levels: Sequence[bytes]) -> None:
        """Count the requests of a step, or some of them."""
        together: defaultdict[str, list[Request]] = defaultdict(list)
        errors: Counter[str] = Counter()
        for request, level in zip(requests, levels, strict=True):
            name = route_of(request)
            together[name].append(request)
            errors[name] += level == b"ERROR"
        for name, own in together.items():
            there = name in self.found or len(self.found) < MOST
            route = self.found.setdefault(name if there else OTHER, Route())
            route.requests[tick] += len(own)
            route.errors[tick] += errors[name]
            route.amounts.add(tick, own)

    def metrics(self, most: int, start: int, ticks: int, cut: int) -> dict[str, Array]:
        """Return requests, the share of errors and the duration of the ``most`` routes that had the most requests before a cut.

        All others together are ``OTHER``. In a step without a request there is no share and no duration.
        """
        early = {
            name: sum(count for tick, count in route.requests.items() if tick < cut)
            for name, route in self.found.items()
            if name != OTHER
        }
        ranked = sorted((name for name in early if early[name]), key=lambda name: (-early[name], name))
        chosen = {name: self.found[name] for name in ranked[:most]}
        if rest := [route for name, route in self.found.items() if name not in chosen]:
            chosen[OTHER] = Route.together(rest)
        columns: dict[str, Array] = {}
        steps = range(start, start + ticks)
        for name, route in chosen.items():
            requests = np.array([route.requests[tick] for tick in steps], dtype=np.float64)
            errors = np.array([route.errors[tick] for tick in steps], dtype=np.float64)
            columns[f"{name} requests"] = requests
            columns[f"{name} error_share"] = np.divide(
                errors, requests, out=np.full(ticks, np.nan), where=requests > 0
            )
            if route.amounts.durations:
                columns[f"{name} duration_p95"] = np.array(
                    [route.amounts.quantile(tick, 0.95) for tick in steps]
                )
        return columns
