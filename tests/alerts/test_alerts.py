"""How flags become alerts."""

import json

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.alerts.every_flag import EveryFlag
from sre_anomaly.alerts.fatigue import Fatigue
from sre_anomaly.alerts.incident import IncidentPolicy

STEP = pd.Timedelta("5m").value


def _alerts(policy, flags, scores=None):
    policy.start(STEP)
    seen = {}
    for row, flag in enumerate(flags):
        score = (scores[row] if scores is not None else 1.0) if flag else 0.0
        for alert in policy.step(row * STEP, score, 0.5):
            seen[alert.id] = alert
    for alert in policy.finish():
        seen[alert.id] = alert
    return [(a.start // STEP, a.fired // STEP, a.end // STEP, a.flags) for a in seen.values()]


def _rows(*flagged, length=60):
    flags = np.zeros(length, dtype=bool)
    flags[list(flagged)] = True
    return flags


def _policy(needed=2, within=3, cooldown="30m"):
    return IncidentPolicy(needed=needed, within=within, cooldown=pd.Timedelta(cooldown))


@pytest.mark.parametrize(
    ("flagged", "expected"),
    [
        ((10,), []),
        ((10, 12), [(10, 12, 13, 2)]),
        ((10, 13), []),
        ((10, 11, 16, 17), [(10, 11, 18, 4)]),
        ((10, 11, 17, 18), [(10, 11, 19, 4)]),
        ((10, 11, 18, 19), [(10, 11, 20, 4)]),
        ((10, 11, 19, 20), [(10, 11, 12, 2), (19, 20, 21, 2)]),
        ((58, 59), [(58, 59, 60, 2)]),
    ],
)
def test_incident_policy(flagged, expected):
    """Two of three rows open an alert, half an hour of quiet closes it, flags in between belong to it."""
    assert _alerts(_policy(), _rows(*flagged)) == expected


def test_a_single_flag_is_enough_when_one_is_needed():
    """One of one opens at once, also right after an alert has closed."""
    policy = _policy(needed=1, within=1, cooldown="0m")
    assert _alerts(policy, _rows(3, 5)) == [(3, 3, 4, 1), (5, 5, 6, 1)]


def test_peak_is_the_row_furthest_above_its_level():
    """The peak is where score minus level is largest, whichever row opened the alert."""
    policy = _policy()
    policy.start(STEP)
    for row, (score, level) in enumerate([(2.0, 1.0), (3.0, 1.0), (9.0, 8.5), (5.0, 1.0)]):
        policy.step(row * STEP, score, level)
    (alert,) = policy.finish()
    assert alert.peak == 3 * STEP
    assert (alert.peak_score, alert.peak_level) == (5.0, 1.0)


def test_an_alert_is_told_when_it_opens_changes_and_closes():
    """Each step returns the alert as it stands, and says when it is closed."""
    policy = _policy(needed=1, within=1, cooldown="10m")
    policy.start(STEP)
    told = [policy.step(row * STEP, score, 0.5) for row, score in enumerate([1.0, 1.0, 0.0, 0.0, 0.0])]
    assert [len(alerts) for alerts in told] == [1, 1, 0, 0, 1]
    assert told[4][0].closed


def test_a_gap_in_time_closes_the_alert():
    """A flag long after the last row does not belong to the alert that was open."""
    policy = _policy(needed=1, within=1)
    policy.start(STEP)
    policy.step(0, 1.0, 0.5)
    closed, opened = policy.step(100 * STEP, 1.0, 0.5)
    assert closed.closed
    assert closed.end == STEP
    assert (opened.id, opened.start) == (2, 100 * STEP)


def test_every_flag():
    """Each flagged row is an alert of one row."""
    assert _alerts(EveryFlag(), _rows(4, 5)) == [(4, 4, 5, 1), (5, 5, 6, 1)]


def _recipe(margins, penalty=0.4, rest=0.6, repeat=0.1, quiet=0.01):
    """Return the rows that alert, as the rule is written down."""
    alerted = exceeded = -np.inf
    bar, since, fired = 0.0, 1.0, []
    for row, margin in enumerate(margins):
        n = row + 1.0
        now = bar * np.exp(-(n - since) / (rest * n))
        if margin > now:
            if n - alerted > max(repeat * n, 20) or n - exceeded > max(quiet * n, 10):
                fired.append(row)
                alerted, bar, since = n, now + penalty, n
            exceeded = n
    return fired


def test_fatigue_follows_its_rule():
    """Alerts, the excess above 0 and the rule written down agree on every row."""
    margins = np.random.default_rng(0).normal(-1.2, 0.8, 4000)
    margins[1000:1080] += 2
    expected = _recipe(margins)
    policy = Fatigue()
    assert [fired for _, fired, _, _ in _alerts_of(policy, margins)] == expected
    assert np.flatnonzero(policy.excess(margins, np.zeros(4000)) > 0).tolist() == expected
    assert 5 < len(expected) < 200


def _alerts_of(policy, margins):
    policy.start(STEP)
    seen = {}
    for row, margin in enumerate(margins):
        for alert in policy.step(row * STEP, margin, 0.0):
            seen[alert.id] = alert
    seen |= {alert.id: alert for alert in policy.finish()}
    return [(a.start // STEP, a.fired // STEP, a.end // STEP, a.flags) for a in seen.values()]


def test_fatigue_tires_and_rests():
    """What would alert alone does not soon after an alert, and does again later in life."""
    margins = np.full(3000, -1.0)
    margins[[500, 600, 2500]] = 0.3
    assert [alert[1] for alert in _alerts_of(Fatigue(), margins)] == [500, 2500]
    assert [alert[1] for alert in _alerts_of(Fatigue(penalty=0), margins)] == [500, 600, 2500]


def test_fatigue_takes_neighbouring_flags_together():
    """One alert holds the flags of its incident, and closes when it has been quiet."""
    margins = np.full(400, -1.0)
    margins[[100, 103, 108]] = 2.0
    assert _alerts_of(Fatigue(), margins) == [(100, 100, 109, 3)]


def test_fatigue_goes_on_from_its_state():
    """Saved and resumed at any row, it alerts as if nothing had happened."""
    margins = np.random.default_rng(1).normal(-1, 0.8, 600)
    expected = _alerts_of(Fatigue(), margins)
    for cut in (0, 1, 50, 300):
        first, second = Fatigue(), Fatigue()
        first.start(STEP)
        seen = {a.id: a for row in range(cut) for a in first.step(row * STEP, margins[row], 0.0)}
        second.start(STEP)
        second.resume(json.loads(json.dumps(first.state())))
        seen |= {a.id: a for row in range(cut, 600) for a in second.step(row * STEP, margins[row], 0.0)}
        seen |= {alert.id: alert for alert in second.finish()}
        assert [(a.start // STEP, a.fired // STEP, a.end // STEP, a.flags) for a in seen.values()] == expected
