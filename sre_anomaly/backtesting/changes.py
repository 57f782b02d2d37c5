"""What another `for`, another `keep_firing_for` or a stricter limit would have given, from one and the same history."""

from sre_anomaly.backtesting.outcome import Change, in_time
from sre_anomaly.backtesting.rules.replay import BEYOND, Replay

MINUTE = 60 * 10**9
HOLDS = (1, 5, 10, 15, 30, 60)
"""`for` in minutes."""
KEEPS = (10, 30, 60)
"""`keep_firing_for` in minutes."""
FACTORS = (1.05, 1.1, 1.25, 1.5, 2.0)
"""A limit so many times stricter."""


def changes_of_rule(replay: Replay, compared: tuple[str, str, float] | None, first: int) -> list[Change]:
    """Return the changes of a rule from mild to strong, each with the alerts that it would have given from ``first`` on.

    ``compared`` is the comparison that the rule makes, None where its expression is not so simple.
    """
    rule = replay.rule
    found = [
        Change(
            "keep_firing_for",
            minutes * MINUTE,
            f"keep_firing_for: {_minutes(minutes)}",
            replay.firings(keep=minutes * MINUTE),
        )
        for minutes in KEEPS
        if minutes * MINUTE > rule.keep
    ]
    found += [
        Change("for", minutes * MINUTE, f"for: {_minutes(minutes)}", replay.firings(hold=minutes * MINUTE))
        for minutes in HOLDS
        if minutes * MINUTE > rule.hold and minutes * MINUTE >= rule.interval
    ]
    if compared is not None and compared[1] in BEYOND and compared[2] != 0 and replay.has_values:
        _, sign, limit = compared
        upwards = (sign[0] == ">") == (limit > 0)
        for factor in FACTORS:
            stricter = float(f"{limit * factor if upwards else limit / factor:.3g}")
            change = Change("limit", stricter, f"{sign} {stricter:g}", replay.firings(limit=(sign, stricter)))
            found.append(change)
    return [Change(one.key, one.value, one.text, in_time(one.firings, first)) for one in found]


def _minutes(minutes: int) -> str:
    return f"{minutes}m" if minutes % 60 else f"{minutes // 60}h"
