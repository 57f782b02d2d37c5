"""What is watched of counters and histograms: rates and percentiles."""

from collections import defaultdict
from dataclasses import replace

import numpy as np

from sre_anomaly.io.counts.counters import rate_since_last
from sre_anomaly.io.counts.histograms import PERCENTILES, quantile
from sre_anomaly.io.samples.series import Export, Series, floats

BUCKET, BOUND = "_bucket", "le"
MOST_NAMED = 6


def watched(export: Export) -> Export:
    """Return an export of levels alone: counters as rates a second, histograms as percentiles and rates.

    Raises
    ------
    ValueError
        If a bucket's bound is no number.
    """
    notes = list(export.notes)
    infinite = sum(int(np.isinf(floats(one.values)).sum()) for one in export.series)
    series = [one.in_order() for one in export.series]
    lost = sum(int(np.isfinite(floats(one.values)).sum()) for one in export.series) - sum(
        len(one.time) for one in series
    )
    notes += [f"{infinite} infinite values were left out"] if infinite else []
    notes += (
        [f"{lost} samples had the time of another one of their series; the last of them was taken"]
        if lost
        else []
    )
    series = [one for one in series if len(one.time)]
    histograms: dict[tuple[str, tuple[tuple[str, str], ...]], list[Series]] = defaultdict(list)
    for one in series:
        if _is_bucket(one):
            rest = tuple(sorted((name, value) for name, value in one.labels.items() if name != BOUND))
            histograms[one.metric.removesuffix(BUCKET), rest].append(one)
    families = {name for name, _ in histograms}
    out, rates = [], []
    for one in series:
        if _is_bucket(one) or one.metric.removesuffix("_count").removesuffix("_sum") in families:
            continue
        if one.kind == "counter" or one.metric.endswith("_total"):
            rates.append(one.metric)
            out.append(_rate_of(one))
        else:
            out.append(one)
    for (name, rest), buckets in histograms.items():
        out += _percentiles(name, dict(rest), buckets)
    if rates:
        told = list(dict.fromkeys(rates))
        notes.append(
            f"counters, of which the rate a second is watched: {', '.join(told[:MOST_NAMED])}{', ...' if len(told) > MOST_NAMED else ''}"
        )
    if families:
        notes.append(
            f"histograms, of which p50, p95, p99 and the rate are watched: {', '.join(sorted(families)[:MOST_NAMED])}"
        )
    return Export([replace(one, values=floats(one.values)) for one in out], notes)


def _rate_of(one: Series) -> Series:
    unit = "" if one.unit == "1" or one.unit.startswith("{") else one.unit
    return replace(one, values=rate_since_last(one.time, one.values), unit=f"{unit}/s", kind="gauge")


def _is_bucket(one: Series) -> bool:
    return one.metric.endswith(BUCKET) and BOUND in one.labels


def _percentiles(name: str, labels: dict[str, str], buckets: list[Series]) -> list[Series]:
    """Return percentiles and how many were measured, of which all buckets are known."""
    try:
        bounds = {float(one.labels[BOUND]): one for one in buckets}
    except ValueError:
        raise ValueError(f"{name}: le={buckets[0].labels[BOUND]!r} is not a number") from None
    ordered = [bounds[bound] for bound in sorted(bounds)]
    if max(bounds) != np.inf:
        raise ValueError(f'{name}: has no bucket with le="+Inf"')
    counted = ordered[0].kind == "counter"
    time = ordered[-1].time
    counts = np.full((len(time), len(ordered)), np.nan)
    for column, one in enumerate(ordered):
        values = rate_since_last(one.time, one.values) if counted else floats(one.values)
        place = np.searchsorted(time, one.time)
        there = (place < len(time)) & (time[np.minimum(place, len(time) - 1)] == one.time)
        counts[place[there], column] = values[there]
    whole = np.isfinite(counts).all(axis=1)
    series = []
    for called, share in PERCENTILES.items():
        out = np.full(len(time), np.nan)
        out[whole] = quantile(share, np.array(sorted(bounds)), counts[whole])
        series.append(Series(f"{name}_{called}", labels, time, out, ordered[0].unit))
    how_often = "rate" if counted else "count"
    series.append(Series(f"{name}_{how_often}", labels, time, counts[:, -1], "/s" if counted else ""))
    return series
