"""What requests weigh and how long they take, added up step by step in bounded memory."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, log
from operator import attrgetter

NAN, INFINITE = float("nan"), float("inf")
FINENESS = log(1.02)
"""Durations within 2 % of one another are counted together."""
SHORTEST = 1e-6


class Request(bytes):
    """The message of a request, with what the line says of it: bytes sent, and seconds, or milliseconds as ``34ms``."""

    size: bytes | None = None
    took: bytes | None = None


def seconds(took: bytes) -> float:
    """Return how long a request took; NaN for what is no duration.

    Examples
    --------
    >>> seconds(b"0.034"), seconds(b"34ms"), seconds(b"-")
    (0.034, 0.034, nan)
    """
    try:
        return float(took[:-2]) / 1000 if took[-2:] == b"ms" else float(took)
    except ValueError:
        return NAN


SIZE, TOOK = attrgetter("size"), attrgetter("took")


@lru_cache(maxsize=50_000)
def _bucket(took: bytes) -> int | None:
    """Return the power of 1.02 microseconds that a request took; None for what is no duration."""
    lasted = seconds(took)
    return ceil(log(max(lasted, SHORTEST) / SHORTEST) / FINENESS) if 0 <= lasted < INFINITE else None


@dataclass
class Amounts:
    """Bytes and durations by step."""

    bytes_: Counter[int] = field(default_factory=Counter)
    durations: defaultdict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """How many requests took as long as each power of 1.02 microseconds."""

    def add(self, tick: int, requests: Sequence[Request]) -> None:
        """Count the requests of a step, or some of them."""
        sizes = Counter(map(SIZE, requests))
        for size, count in sizes.items():
            if size and size.isdigit():
                self.bytes_[tick] += int(size) * count
        for took, count in Counter(map(TOOK, requests)).items():
            if took and (bucket := _bucket(took)) is not None:
                self.durations[tick][bucket] += count

    def quantile(self, tick: int, share: float) -> float:
        """Return a duration that a share of a step's requests did not exceed, within 2 %; NaN where there was none.

        Examples
        --------
        >>> amounts = Amounts()
        >>> for n in range(1, 101):
        ...     request = Request(b"GET /")
        ...     request.took = b"%d.0" % n
        ...     amounts.add(0, [request])
        >>> round(amounts.quantile(0, 0.95)), amounts.quantile(1, 0.95)
        (95, nan)
        """
        counts = self.durations.get(tick)
        if not counts:
            return NAN
        rest = ceil(share * counts.total())
        for bucket in sorted(counts):
            rest -= counts[bucket]
            if rest <= 0:
                # The middle of what is counted together.
                return float(SHORTEST * 2 ** ((bucket - 0.5) * FINENESS / log(2)))
        return NAN
