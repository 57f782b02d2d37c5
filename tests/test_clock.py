"""The clock on the wall: one time alone has the same answer as among others."""

import numpy as np
import pytest

from sre_anomaly.clock import wall_clock


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("Europe/Berlin", "2024-03-31T01:00"),
        ("Europe/Berlin", "2024-10-27T01:00"),
        ("Australia/Lord_Howe", "2024-04-06T15:00"),
        ("Africa/Monrovia", "1972-01-07T00:44:30"),
        ("America/New_York", "2024-01-01T00:00"),
    ],
)
def test_one_time_as_among_many(zone, around):
    """Around a change of the clocks, also one that is not on the hour, each time by itself is as in a batch."""
    times = np.datetime64(around, "ns").astype(np.int64) + np.arange(-200, 200) * 45 * 10**9
    alone = [int(wall_clock(times[at : at + 1], zone)[0]) for at in range(len(times))]
    assert alone == wall_clock(times, zone).tolist()
