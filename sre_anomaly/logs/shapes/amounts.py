"""What requests weigh and how long they take, added up step by step in bounded memory."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import ceil, log

NAN = float("nan")
FINENESS = log(1.02)
"""Durations within 2 % of one another are counted together."""
SHORTEST = 1e-6


class Request(bytes):
    """The message of a request, which knows how many bytes were sent and how many seconds it took; NaN where that is not written.

    Examples
    --------
    >>> Request.of(b"GET /", b"512", b"0.034").seconds, Request.of(b"GET /", b"-", b"34ms").seconds
    (0.034, 0.034)
    """

    size: float = NAN
    seconds: float = NAN

    @classmethod
    def of(cls, message: bytes, size: bytes | None, took: bytes | None) -> "Request":
        """Return a message with what the line says: whole bytes, and seconds, or milliseconds as ``34ms``."""
        request = cls(message)
        if size is not None and size.isdigit():
            request.size = int(size)
        if took is not None:
            try:
                request.seconds = float(took[:-2]) / 1000 if took[-2:] == b"ms" else float(took)
            except ValueError:
                request.seconds = NAN
        return request


@dataclass
class Amounts:
    """Bytes and durations by step."""

    bytes_: Counter[int] = field(default_factory=Counter)
    durations: defaultdict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """How many requests took as long as each power of 1.02 microseconds."""

    def add(self, tick: int, request: Request) -> None:
        """Count one request."""
        size, seconds = request.size, request.seconds
        if size >= 0:
            self.bytes_[tick] += int(size)
        if seconds >= 0:
            self.durations[tick][ceil(log(max(seconds, SHORTEST) / SHORTEST) / FINENESS)] += 1

    def quantile(self, tick: int, share: float) -> float:
        """Return a duration that a share of a step's requests did not exceed, within 2 %; NaN where there was none.

        Examples
        --------
        >>> amounts = Amounts()
        >>> for n in range(1, 101):
        ...     amounts.add(0, Request.of(b"GET /", None, b"%d.0" % n))
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
