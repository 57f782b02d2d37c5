"""`for` and `keep_firing_for`, beside the state machine of a Prometheus written out evaluation by evaluation."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sre_anomaly.promql.firing import firing_intervals, runs_at


def by_evaluation(times, active, interval, hold, keep):
    """Return the same, one evaluation after the other, as rules/alerting.go does it."""
    state, since, lapsed, fired, found = "inactive", 0, None, 0, []
    for time, holds in zip(times.tolist(), active.tolist(), strict=True):
        if holds:
            lapsed = None
            if state == "inactive":
                state, since = "pending", time
        elif state == "firing":
            lapsed = time if lapsed is None else lapsed
            if not (keep > 0 and time - lapsed < keep):
                found.append((since, fired, time, True))
                state = "inactive"
        else:
            state = "inactive"
        if state == "pending" and time - since >= hold:
            state, fired = "firing", time
    if state == "firing":
        found.append((since, fired, int(times[-1]) + interval, False))
    return found


@given(
    st.lists(st.booleans(), max_size=60),
    st.integers(1, 3),
    st.integers(0, 12),
    st.integers(0, 12),
)
def test_as_a_prometheus_does(active, interval, hold, keep):
    """Every history, `for` and `keep_firing_for` gives what a Prometheus gives, evaluation by evaluation."""
    times = 1000 + interval * np.arange(len(active), dtype=np.int64)
    held = np.array(active, dtype=bool)
    end = int(times[-1]) + interval if len(times) else 0
    found = firing_intervals(runs_at(times[held], interval), interval, end, hold, keep)
    assert found == by_evaluation(times, held, interval, hold, keep)
