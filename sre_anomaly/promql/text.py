"""How PromQL writes numbers, durations and series."""

import math
from collections.abc import Mapping

from sre_anomaly.promql.rule_text import quoted

UNITS = (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def duration(nanoseconds: int) -> str:
    """Return a duration as PromQL writes it, to the millisecond.

    Examples
    --------
    >>> duration(3_570 * 10**9), duration(0), duration(86_400 * 10**9)
    ('59m30s', '0s', '1d')
    """
    rest, parts = int(nanoseconds) // 10**6, []
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def number(value: float) -> str:
    """Return a number as PromQL writes it, to the last bit and without a needless point.

    Examples
    --------
    >>> number(3.0), number(0.1), number(math.inf)
    ('3', '0.1', '+Inf')
    """
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def series_text(name: str, labels: Mapping[str, str]) -> str:
    """Return a series as PromQL writes it.

    Examples
    --------
    >>> series_text("up", {"job": "web"}), series_text("up", {})
    ('up{job="web"}', 'up')
    """
    inside = ", ".join(f"{label}={quoted(value)}" for label, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name
