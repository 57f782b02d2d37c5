"""The course of a series in little memory says what a look at all of its rows says."""

import numpy as np
import pytest

from sre_anomaly.kernels.course import (
    BLOCK,
    BLOCKS,
    CHANGE,
    MISSED,
    MISSED_MOST,
    MISSING,
    VALUE,
    follow,
    new_course,
    summary,
)


@pytest.mark.parametrize("rows", [1, 40, 64, 700, 5000])
def test_it_is_what_all_rows_say(rows):
    """Silences of the whole past, changes of the last 32 blocks, however the rows come."""
    draw = np.random.default_rng(rows)
    values = draw.normal(0, 1, (rows, 3))
    values[draw.random((rows, 3)) < 0.3] = np.nan
    state, cuts = new_course(3)[np.newaxis], np.sort(draw.integers(0, rows + 1, 5))
    for part in np.split(values, cuts):
        follow(state, part)
    one_by_one = np.tile(new_course(3), (2, 1))
    for row in values:
        follow(one_by_one, np.tile(row, (2, 1)))
    np.testing.assert_array_equal(one_by_one, np.vstack([state, state]))
    for column, said in zip(values.T, summary(state[0]), strict=True):
        *ended, now = [
            len(run) for run in "".join("-" if np.isnan(one) else "x" for one in column).split("x")
        ]
        gaps = [length for length in ended if length]
        assert said[MISSING] == now
        assert said[MISSED] == (gaps[-1] if gaps else 0)
        assert said[MISSED_MOST] == max(gaps, default=0)
        np.testing.assert_equal(said[VALUE], column[-1])
        changes = np.abs(np.diff(column, prepend=np.nan))
        largest = [
            np.nanmax(part)
            for part in np.split(changes, range(BLOCK, rows, BLOCK))
            if np.isfinite(part).any()
        ]
        kept = largest[-BLOCKS - (rows % BLOCK > 0) :]
        np.testing.assert_equal(said[CHANGE], np.median(kept) if kept else np.nan)
