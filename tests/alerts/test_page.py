"""One page per incident, in times and not in rows."""

import numpy as np
import pytest

from sre_anomaly.alerts.page import Page
from sre_anomaly.clock import parse_duration

MINUTE = 60 * 10**9


def _pages(flags, step=MINUTE, **settings):
    policy = Page(
        **{name: parse_duration(text) if name != "at_once" else text for name, text in settings.items()}
    )
    policy.start(step)
    found = {}
    for row, score in enumerate(flags):
        for alert in policy.step(row * step, float(score), 1.0):
            found[alert.id] = (alert.start // step, alert.fired // step, alert.end // step)
    for alert in policy.finish():
        found[alert.id] = (alert.start // step, alert.fired // step, alert.end // step)
    return list(found.values())


def test_flags_near_in_time_are_one_page():
    """Quiet of less than two hours goes on with the page; more begins another."""
    flags = np.zeros(400)
    flags[[10, 11, 100, 300]] = 2.0
    assert _pages(flags) == [(10, 10, 101), (300, 300, 301)]


def test_a_long_incident_is_renewed():
    """What goes on for days is a page a day."""
    assert len(_pages(np.full(3 * 1440, 2.0))) == 3


def test_it_may_have_to_last():
    """With hold, flags page once they have lasted; what ends before pages nobody."""
    flags = np.zeros(100)
    flags[10:13] = 1.5
    flags[50:60] = 1.5
    assert _pages(flags, hold="5m") == [(50, 54, 60)]


def test_one_enormous_point_does_not_wait():
    """A score many times its level pages at once, also where flags have to last."""
    flags = np.zeros(100)
    flags[10] = 9.0
    assert _pages(flags, hold="5m") == [(10, 10, 11)]


@pytest.mark.parametrize("hold", ["0m", "3m"])
def test_excess_is_positive_where_a_page_begins(hold):
    """Benchmarks that count rows see one row a page, the one at which someone would have been paged."""
    scores = np.random.default_rng(0).random(4000) + 0.1 * np.sin(np.arange(4000) / 40)
    policy = Page(hold=parse_duration(hold), bridge=parse_duration("20m"))
    policy.start(MINUTE)
    fired = set()
    for row, score in enumerate(scores):
        fired |= {alert.fired // MINUTE for alert in policy.step(row * MINUTE, float(score), 0.9)}
    assert len(fired) > 3
    assert set(np.flatnonzero(policy.excess(scores, np.full(4000, 0.9)) > 0).tolist()) == fired


@pytest.mark.parametrize("step", [MINUTE, 60 * MINUTE])
def test_lengths_are_times(step):
    """The same hours are one page or two whatever the step is."""
    rows = 180 * MINUTE // step
    flags = np.zeros(rows + 2)
    flags[[0, rows]] = 2.0
    assert len(_pages(flags, step)) == 2
