"""A static threshold in words, such as ``cpu > 90 for 10m``: what most alerts are."""

import re

import numpy as np

from sre_anomaly.backtesting.rules.replay import BEYOND, Replay
from sre_anomaly.clock import nanoseconds
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.frame import MetricFrame
from sre_anomaly.promql.rule_file import Rule, duration

LIMIT = re.compile(
    r"\s*(?P<metric>.+?)\s*(?P<sign>>=|<=|>|<)\s*(?P<number>[-+]?[\d.]+(?:e[-+]?\d+)?)\s*(?P<unit>%?)"
    r"(?:\s+for\s+(?P<hold>\w+))?(?:\s+keep\s+(?P<keep>\w+))?\s*",
    re.IGNORECASE,
)


def is_limit(text: str) -> bool:
    """Return whether a text is a static threshold.

    Examples
    --------
    >>> is_limit("cpu > 90 for 10m"), is_limit("baseline")
    (True, False)
    """
    return LIMIT.fullmatch(text) is not None


def read_limit(text: str) -> Rule:
    """Return a static threshold as an alerting rule; its expression is the text.

    Raises
    ------
    ConfigError
        If a duration is none.

    Examples
    --------
    >>> read_limit("cpu > 90 for 10m").hold // 10**9
    600
    """
    found = LIMIT.fullmatch(text)
    if found is None:
        raise ConfigError(f"with: {text!r} is no threshold; write one such as 'cpu > 90 for 10m'")
    try:
        hold, keep = (duration(found[key]) if found[key] else 0 for key in ("hold", "keep"))
    except ValueError as error:
        raise ConfigError(f"with: {text!r}: {error}") from None
    return Rule(" ".join(text.split()), records=False, expression=text, interval=0, hold=hold, keep=keep)


def replay_limit(rule: Rule, frame: MetricFrame, first: int) -> Replay:
    """Return when a metric of a frame was beyond a limit, from ``first`` on, ns since 1970.

    Raises
    ------
    ConfigError
        If the frame has no such metric.
    """
    found = LIMIT.fullmatch(rule.expression)
    assert found is not None
    if found["metric"] not in frame.metrics:
        raise ConfigError(
            f"with: {rule.name!r}: {frame.name} has no metric {found['metric']!r}; "
            f"{did_you_mean(found['metric'], frame.metrics)}"
        )
    values = frame.values[:, frame.metrics.index(found["metric"])]
    time, step = frame.time.asi8, nanoseconds(frame.step)
    own = Rule(
        rule.name, records=False, expression=rule.expression, interval=step, hold=rule.hold, keep=rule.keep
    )
    replay = Replay(own, end=int(time[-1]) + step)
    active = BEYOND[found["sign"]](values, float(found["number"])) & (time >= first - rule.hold - rule.keep)
    if active.any():
        labels = (("alertname", rule.name), ("series", frame.name))
        replay.take_in(labels, time[active], np.ascontiguousarray(values[active]))
    return replay


def comparison_of(rule: Rule) -> tuple[str, str, float] | None:
    """Return metric, sign and number of a static threshold; None where the rule is none."""
    found = LIMIT.fullmatch(rule.expression)
    return None if found is None else (found["metric"], found["sign"], float(found["number"]))
