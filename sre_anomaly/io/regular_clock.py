"""Rows at any times become rows of a regular clock, and it is said what was done to them."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from sre_anomaly.clock import in_words, rows_in
from sre_anomaly.errors import DataError
from sre_anomaly.frame import NANOSECONDS, Array
from sre_anomaly.io.times.steps import SECOND, nearest, of_the_calendar, origin_of, usual_step

MOST_EMPTY = 100
"""A clock with this many times more ticks than there are rows has the wrong step."""

WHOLE_SECONDS = 10 * SECOND
"""A clock of at least this step needs no fractions of a second."""

MOST_REPEATED = 0.4
"""Where more rows than this share a time with another, the mean of all of them means nothing."""


@dataclass
class Regular:
    """Values on a regular clock, and in words what had to be done."""

    time: pd.DatetimeIndex
    values: Array
    labels: Array | None
    notes: list[str]


def regularise(
    name: str,
    time: pd.DatetimeIndex,
    values: Array,
    labels: Array | None = None,
    *,
    resample: timedelta | None = None,
    interpolate: timedelta = timedelta(0),
) -> Regular:
    """Put (n, m) values at UTC times onto a regular clock.

    Disorder is sorted. The step is ``resample``, or the commonest distance between two rows, or the round one that they
    jitter about; then each row belongs to the tick that it is nearest to. All rows of
    one tick, duplicates among them, become their mean (a tick is labelled anomalous if any of its rows is).
    Ticks without rows are gaps: up to ``interpolate`` long they are filled on a straight line, which looks
    ahead to the next measurement; longer ones stay NaN.

    Raises
    ------
    DataError
        If there are fewer than two different times, or the step does not suit the times.
    """
    notes: list[str] = []
    stamps = time.as_unit(NANOSECONDS).asi8
    if (np.diff(stamps) < 0).any():
        notes.append(f"{int((np.diff(stamps) < 0).sum())} rows were out of time order; all rows were sorted")
        order = np.argsort(stamps, kind="stable")
        stamps, values = stamps[order], values[order]
        labels = None if labels is None else labels[order]
    steps = np.diff(stamps)
    moves = steps[steps > 0]
    if not len(moves):
        raise DataError(
            f"{name}: needs rows at two different times at least, and has {len(stamps)} row(s) at one"
        )
    duplicates = int((steps == 0).sum())
    if resample is None and duplicates > MOST_REPEATED * len(stamps):
        raise DataError(
            f"{name}: {duplicates} of {len(stamps)} rows have duplicate timestamps: several hosts or metrics in one "
            "file? Give each host a file and each metric a column (data.resample would take the mean of them all)"
        )
    if duplicates:
        notes.append(
            f"{duplicates} duplicate timestamps; rows with the same time were replaced by their mean"
        )
    if resample is None and (part := of_the_calendar(moves)):
        raise DataError(
            f"{name}: has a row for each {part}, and these are not equally long: a regular clock cannot hold them; give daily rows"
        )
    step = pd.Timedelta(resample) if resample else pd.Timedelta(usual_step(moves), NANOSECONDS)
    if (steps == step.value).all():
        behind = stamps[0] % SECOND if step.value >= WHOLE_SECONDS and step.value % SECOND == 0 else 0
        if behind:
            notes.append(f"all times lie {behind / SECOND:.3g} s after a whole second, which was taken off")
        clock = pd.DatetimeIndex(stamps - behind, tz="UTC")
    else:
        clock, values, labels = _on_ticks(
            name, stamps, values, labels, step, notes, resampled=resample is not None
        )
    values = _bridge_gaps(values, rows_in(interpolate, step), step, notes)
    return Regular(clock, values, labels, notes)


def _on_ticks(
    name: str,
    stamps: npt.NDArray[np.int64],
    values: Array,
    labels: Array | None,
    step: pd.Timedelta,
    notes: list[str],
    *,
    resampled: bool,
) -> tuple[pd.DatetimeIndex, Array, Array | None]:
    # A stated step has its ticks at round times, and rows belong to the one before; those of a found step jitter about it.
    origin = stamps[0] // step.value * step.value if resampled else origin_of(stamps, step.value)
    tick = (stamps - origin) // step.value if resampled else nearest(stamps, origin, step.value)
    if tick[0] != 0:
        origin, tick = origin + tick[0] * step.value, tick - tick[0]
    ticks = int(tick[-1]) + 1
    if ticks > MOST_EMPTY * len(stamps) + MOST_EMPTY:
        raise DataError(
            f"{name}: {len(stamps)} rows over {in_words(pd.Timedelta(stamps[-1] - stamps[0]))} would need {ticks} "
            f"ticks of {in_words(step)}: set data.resample to the usual distance between rows"
        )
    if not resampled and (between := int(((stamps - origin) % step.value != 0).sum())):
        merged = int((np.diff(tick) == 0).sum()) - int((np.diff(stamps) == 0).sum())
        notes.append(
            f"{between} rows were off the regular clock (every {in_words(step)}) and were moved to the nearest tick"
            + (
                f"; {merged} {'shares its' if merged == 1 else 'share their'} tick with another row: the mean was taken"
                if merged
                else ""
            )
        )
    out = np.full((ticks, values.shape[1]), np.nan)
    for column in range(values.shape[1]):
        present = np.isfinite(values[:, column])
        count = np.bincount(tick[present], minlength=ticks)
        total = np.bincount(tick[present], weights=values[present, column], minlength=ticks)
        out[count > 0, column] = total[count > 0] / count[count > 0]
    marked = None
    if labels is not None:
        marked = np.zeros(ticks)
        np.maximum.at(marked, tick, labels)
    clock = pd.DatetimeIndex(origin + np.arange(ticks, dtype=np.int64) * step.value, tz="UTC")
    return clock, out, marked


def _bridge_gaps(values: Array, longest: int, step: pd.Timedelta, notes: list[str]) -> Array:
    missing = np.isnan(values)
    if not missing.any():
        return values
    out = values.copy()
    bridged = 0
    for column in range(values.shape[1]):
        edges = np.flatnonzero(
            np.diff(np.concatenate([[False], missing[:, column], [False]]).astype(np.int8))
        )
        for start, end in edges.reshape(-1, 2):
            if start > 0 and end < len(values) and end - start <= longest:
                before, after = values[start - 1, column], values[end, column]
                share = np.arange(1, end - start + 1) / (end - start + 1)
                out[start:end, column] = before + share * (after - before)
                bridged += end - start
    left = int(missing.sum()) - bridged
    if bridged:
        notes.append(
            f"{bridged} missing values in gaps of up to {in_words(longest * step)} were interpolated"
        )
    if left:
        notes.append(f"{left} {'value is' if left == 1 else 'values are'} missing and left as gaps")
    return out
