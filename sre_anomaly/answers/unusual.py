"""What a run found in a span, why it alerted, and a metric's band, as small dictionaries."""

import math
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.answers.run import AskedRun
from sre_anomaly.answers.said import LONGEST_REASON, cannot_tell, data
from sre_anomaly.errors import DataError, did_you_mean

LOOKS_BACK = 12
"""So many data points before an alert may belong to it: a metric may leave its band before enough of them have."""
MOVED = 5
UNIT = "values are in the metric's own unit, as its source gives them"
NOT_NEAR = "no metric left its band when it began: several together, or their course, were unusual"
CANNOT_SAY = 0.5
"""Where fewer data points than this share could be evaluated, that nothing was found says nothing."""


def time_of(text: str | None, key: str, otherwise: pd.Timestamp) -> pd.Timestamp:
    """Return a time as UTC.

    Raises
    ------
    DataError
        If it is none.
    """
    if not text:
        return otherwise
    try:
        time = pd.Timestamp(text)
        return time.tz_localize("UTC") if time.tz is None else time.tz_convert("UTC")
    except (ValueError, TypeError, OverflowError):
        raise DataError(f"{key}: is no time; write 2026-01-31T12:00Z") from None


def stamp(time: pd.Timestamp) -> str:
    """Return a time as answers say it."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def unusual_in(run: AskedRun, since: str | None, until: str | None) -> dict[str, Any]:
    """Return what was unusual in a span: the alerts that touch it, the strongest first; or that it cannot be told, and why."""
    scores = run.scores
    if scores.empty:
        return cannot_tell("this run has no data points")
    first, last = scores.index[0], scores.index[-1]
    start = time_of(since, "since", first)
    end = time_of(until, "until", max(start, last))
    if start > end:
        raise DataError("since is after until")
    asked: dict[str, Any] = {"run": data(run.name), "since": stamp(start), "until": stamp(end)}
    span = scores[(scores.index >= start) & (scores.index <= end)]
    if span.empty:
        why = f"the run has no data points in this span; it has those from {stamp(first)} to {stamp(last)}"
        return cannot_tell(why, **asked)
    alerts = run.alerts
    touched = alerts[(alerts["start"] <= end) & (alerts["end"] > start)]
    evaluated = _evaluated(span)
    asked |= {
        "evaluated_share": round(evaluated, 4),
        "sure_of": _sureness(run),
        "units": UNIT,
        "evaluated_from": stamp(span.index[0]),
        "evaluated_to": stamp(span.index[-1]),
    }
    if touched.empty:
        if evaluated < CANNOT_SAY:
            return cannot_tell(
                f"{evaluated:.0%} of the data points in this span could be evaluated: gaps, too little history before them, or the training period",
                **asked,
            )
        return {"answer": "nothing unusual", **asked}
    peaks: list[list[float]] = touched[["peak_score", "peak_level"]].to_numpy(dtype=float).tolist()
    strength = [_times(score, level) for score, level in peaks]
    order = np.argsort([-(one or 0.0) for one in strength], kind="stable")
    found = [alert_in(run, touched.iloc[int(place)], briefly=True) for place in order]
    earliest = pd.Timestamp(touched["start"].min())
    return {
        "answer": "unusual",
        "since_when": stamp(earliest),
        "alerts_in_span": len(found),
        **asked,
        "alerts": found,
    }


def why(run: AskedRun, number: int) -> dict[str, Any]:
    """Return why an alert came, by its number in the run."""
    alerts = run.alerts
    chosen = alerts[alerts["id"] == number]
    if chosen.empty:
        raise DataError(f"there is no alert {number} in this run; it has {len(alerts)}")
    one = alert_in(run, chosen.iloc[0], briefly=False)
    return {"answer": "unusual", "run": data(run.name), **one, "sure_of": _sureness(run), "units": UNIT}


def alert_in(run: AskedRun, alert: pd.Series, *, briefly: bool) -> dict[str, Any]:
    """Return an alert: when, which metric moved first, seen and expected there, and how far above the threshold."""
    moved = _moved(run, alert)
    said = {
        "alert": int(alert["id"]),
        "start": stamp(alert["start"]),
        "end": stamp(alert["end"]),
        "named_metric": data(alert["metric"]),
        "reason": data(alert["reason"], LONGEST_REASON),
        "times_the_threshold": _times(float(alert["peak_score"]), float(alert["peak_level"])),
    }
    if isinstance(moved, str):
        said["moved_first"] = cannot_tell(moved)
    else:
        said["moved_first"] = moved[0] if _near(run, alert, moved[0]) else cannot_tell(NOT_NEAR)
    if not briefly and not isinstance(moved, str):
        said |= {
            "moved": moved[:MOVED],
            "left_off": {"moved": len(moved) - MOVED} if len(moved) > MOVED else {},
        }
    if not briefly:
        said |= {
            "paged": stamp(alert["fired"]),
            "peak": stamp(alert["peak"]) if "peak" in alert else None,
            "peak_score": round(float(alert["peak_score"]), 4),
            "threshold": round(float(alert["peak_level"]), 4),
        }
    return said


def band_at(run: AskedRun, metric: str, at: str | None, rows: int) -> dict[str, Any]:
    """Return a metric's values and band around a time, the nearest data points first."""
    if not run.metrics:
        return cannot_tell(
            "a run of many entities keeps scores and alerts of each, not values; run this one alone"
        )
    if metric not in run.metrics:
        hint = did_you_mean(metric[:80], run.metrics)[:LONGEST_REASON]
        return cannot_tell("this run has no such metric", hint=data(hint, LONGEST_REASON))
    if not 1 <= rows <= 60:
        raise DataError("rows: is from 1 to 60")
    band = run.band(metric)
    asked = {"run": data(run.name), "metric": data(metric), "units": UNIT}
    if band is None:
        return cannot_tell("the detector of this run draws no band", **asked)
    middle = time_of(at, "at", band.index[-1])
    step = float((run.record.get("data") or {}).get("step_s") or 0)
    away = max((band.index[0] - middle).total_seconds(), (middle - band.index[-1]).total_seconds())
    if away > max(step, 1.0):
        reach = f"{stamp(band.index[0])} to {stamp(band.index[-1])}"
        return cannot_tell(f"the run has data points from {reach} alone", **asked)
    place = int(band.index.get_indexer(pd.DatetimeIndex([middle]), method="nearest")[0])
    near = sorted(
        range(max(0, place - rows), min(len(band), place + rows + 1)), key=lambda one: abs(one - place)
    )
    points = [{"time": stamp(band.index[one]), **_values(band.iloc[one])} for one in near[:rows]]
    return {"answer": "band", **asked, "at": stamp(band.index[place]), "points": points}


def _evaluated(rows: pd.DataFrame) -> float:
    known = rows["score"].notna()
    if "span" in rows.columns and (rows["span"] == "test").any():
        known &= rows["span"] == "test"
    elif "span" in rows.columns and (rows["span"] == "train").all():
        known &= False
    return float(known.mean())


def _times(score: float, level: float) -> float | None:
    return round(score / level, 3) if level > 0 and math.isfinite(score) else None


def _values(row: pd.Series) -> dict[str, Any]:
    """Return the numbers of a data point with how far outside of its band it is; a bound that there is not is null."""
    seen, expected, lower, upper = (float(row[key]) for key in ("seen", "expected", "lower", "upper"))
    outside = seen - upper if seen > upper else seen - lower if seen < lower else 0.0
    if not math.isfinite(seen) or not (math.isfinite(lower) or math.isfinite(upper)):
        outside = math.nan
    numbers = {"seen": seen, "expected": expected, "lower": lower, "upper": upper, "outside_by": outside}
    return {key: float(f"{one:.5g}") if math.isfinite(one) else None for key, one in numbers.items()}


def _near(run: AskedRun, alert: pd.Series, moved: dict[str, Any]) -> bool:
    """Say whether a metric left its band when the alert began, not hours later."""
    index = run.scores.index
    begun, left = (int(index.searchsorted(pd.Timestamp(one))) for one in (alert["start"], moved["since"]))
    return left <= begun + LOOKS_BACK


def _moved(run: AskedRun, alert: pd.Series) -> list[dict[str, Any]] | str:
    """Return the metrics that left their bands or lost their values, in the order in which they did; or why it cannot be told."""
    bands = {metric: band for metric in run.metrics if (band := run.band(metric)) is not None}
    if not bands:
        return "no bands are kept here, so which metric moved first is not known; named_metric is the one with most surprise"
    found = []
    for metric, band in bands.items():
        begin = max(0, int(band.index.searchsorted(alert["start"])) - LOOKS_BACK)
        rows = band.iloc[begin : int(band.index.searchsorted(alert["end"]))]
        outside = (rows["seen"] > rows["upper"]) | (rows["seen"] < rows["lower"]) | rows["seen"].isna()
        # What was outside and came back before the alert began is another matter.
        before = np.asarray(outside[rows.index < alert["start"]])
        tail = len(before) - (int(np.flatnonzero(~before)[-1]) + 1 if (~before).any() else 0)
        within = np.asarray(outside)[len(before) - tail :]
        if within.any():
            place = len(before) - tail + int(np.argmax(within))
            at = pd.Timestamp(rows.index[place])
            found.append((at, {"metric": data(metric), "since": stamp(at), **_values(rows.iloc[place])}))
    if not found:
        return "no metric left its band: several together, or their course, were unusual"
    return [one for _, one in sorted(found, key=lambda pair: (pair[0], -abs(pair[1]["outside_by"] or 0.0)))]


def _sureness(run: AskedRun) -> dict[str, Any]:
    """Return how far the alerts of a run can be trusted, from what was measured."""
    found = run.record.get("detection") or {}
    measures = found.get("measures") or {}
    alerts, false = measures.get("alerts"), measures.get("false_alerts")
    if isinstance(alerts, int) and isinstance(false, int) and alerts:
        said: dict[str, Any] = {"alerts": alerts, "outside_of_known_incidents": false}
    else:
        said = cannot_tell("the data have no known incidents to measure against")
    if found.get("could_not_tell"):
        said["could_not_tell"] = data("; ".join(map(str, found["could_not_tell"])), LONGEST_REASON)
    return said
