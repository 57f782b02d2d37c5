"""Which metrics of a table are counters: by their name, or because they only grow and begin again near zero."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.errors import DataError, did_you_mean
from sre_anomaly.frame import Array, Times
from sre_anomaly.io.counts.counters import rate_since_last

TOTAL = "_total"
FEWEST = 20
"""Of fewer samples it cannot be said that they only grow."""
GROWING = 0.8
"""A counter that is known by its samples grows from nearly every one to the next ..."""
RESETS = 0.05
"""... and of no counter does a larger share fall."""
NEAR_ZERO = 0.1
"""After a reset a counter is below this share of what it was, or grew no more than usual since."""
USUAL = 3


def is_counter(name: str, values: Any) -> bool:
    """Return whether samples in the order of time, (n,), are those of a counter.

    Examples
    --------
    >>> restarted = np.concatenate([np.arange(0, 900, 9), np.arange(0, 900, 9)])
    >>> is_counter("requests", restarted), is_counter("requests", np.arange(100)), is_counter("requests_total", np.arange(100))
    (True, False, True)
    """
    samples = np.asarray(values)
    if samples.dtype.kind == "f":
        samples = samples[np.isfinite(samples)]
    if len(samples) < 2 or samples.min() < 0:
        return False
    later, sooner = samples[1:], samples[:-1]
    grown, fallen = later > sooner, later < sooner
    if not grown.any() or fallen.sum() > max(RESETS * len(later), 1):
        return False
    usual = float(np.median((later[grown] - sooner[grown]).astype(np.float64)))
    if not ((later[fallen] <= NEAR_ZERO * sooner[fallen]) | (later[fallen] <= USUAL * usual)).all():
        return False
    if name.endswith(TOTAL):
        return True
    return bool(len(samples) >= FEWEST and fallen.any() and grown.mean() >= GROWING)


def in_order(time: Times) -> Times:
    """Return the places of samples in the order of time, of those at one time the last alone."""
    order = np.argsort(time, kind="stable")
    return order[np.append(np.diff(time[order]) != 0, True)[: len(order)]]


def rates(time: Times, values: Any) -> Array:
    """Return what a counter grew a second before each of its samples, (n,), in the order that they are given in."""
    places = in_order(time)
    out = np.full(len(time), np.nan)
    out[places] = rate_since_last(time[places], np.asarray(values)[places])
    return out


def watched(
    path: Path,
    kinds: Mapping[str, str],
    names: Sequence[str],
    columns: Sequence[Any],
    units: Sequence[str],
    time: Times,
) -> tuple[Array, list[str], tuple[str, ...], list[str]]:
    """Return the values to watch, (n, m): counters as rates; their units, which of them are counters, and in words what was done.

    Raises
    ------
    DataError
        If a kind is stated of what is no metric.
    """
    for name in kinds:
        if name not in names:
            raise DataError(f"data.kind: {path} has no metric {name!r}; {did_you_mean(name, names)}")
    places = in_order(time)
    out, counted, infinite, told_units = [], [], 0, []
    watched_units: list[str] = []
    for name, one, unit in zip(names, columns, units, strict=True):
        stated = kinds.get(name)
        if stated == "counter" or (
            stated is None and not unit.endswith("/s") and is_counter(name, one[places])
        ):
            counted.append(name)
            one, unit = rates(time, one), f"{unit}/s"  # noqa: PLW2901
        values = np.asarray(one, dtype=np.float64)
        infinite += int(np.isinf(values).sum())
        out.append(np.where(np.isinf(values), np.nan, values))
        told_units += [f"{name} ({unit})"] if unit else []
        watched_units.append(unit)
    notes = []
    if counted:
        notes.append(
            f"counters, of which the rate a second is watched: {', '.join(counted)} (data.kind={{NAME: gauge}} if it is none)"
        )
    if infinite:
        notes.append(f"{infinite} infinite {'value' if infinite == 1 else 'values'} taken as missing")
    if told_units:
        notes.append(f"read with their units: {', '.join(told_units)}")
    return np.column_stack(out), watched_units, tuple(counted), notes
