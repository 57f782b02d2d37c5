"""What a state from disk says of alerts is looked at before it is gone on from."""

from collections.abc import Mapping
from typing import Any

from sre_anomaly.records import Alert

LARGEST = 2**62
"""Nanoseconds since 1970, and numbers of alerts, at most: sums of two stay whole numbers of 64 bits."""
KINDS = {"closed": bool, "metric": str, "reason": str, "metrics": list}
SCORES = ("peak_score", "peak_level")


def whole(kept: Any, name: str) -> int:
    """Return a whole number that was kept.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not isinstance(kept, int) or isinstance(kept, bool) or abs(kept) > LARGEST:
        raise ValueError(f"{name}: {str(kept)[:40]!r} is no whole number of 64 bits")
    return kept


def number(kept: Any, name: str) -> float:
    """Return a number that was kept; NaN is one.

    Raises
    ------
    TypeError
        If it is none.
    """
    if not isinstance(kept, int | float) or isinstance(kept, bool):
        raise TypeError(f"{name}: {str(kept)[:40]!r} is no number")
    return float(kept)


def kept_alert(kept: Mapping[str, Any] | None) -> Alert | None:
    """Return the open alert that was kept, if one was.

    Raises
    ------
    ValueError, TypeError
        If it is none.
    """
    if kept is None:
        return None
    alert = Alert(**kept)
    for name, value in vars(alert).items():
        if name in SCORES:
            number(value, name)
        elif name in KINDS:
            if not isinstance(value, KINDS[name]):
                raise ValueError(f"{name}: {str(value)[:40]!r} is of another kind")
        else:
            whole(value, name)
    return alert
