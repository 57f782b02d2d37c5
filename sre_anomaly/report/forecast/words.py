"""What a run tells of forecasts of several horizons."""

from collections.abc import Callable
from math import isfinite
from typing import Any

from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import short
from sre_anomaly.report.words import Table, title


def horizon_table(run: Run) -> Table | None:
    """Return one row for each horizon: the error beside the naive forecasts', and how good the interval is; None for a single one."""
    found = run.record.forecast
    if found is None or len(found["horizons"]) == 1:
        return None
    # The measure without a unit where there are several metrics; else the error in the metric's own.
    measure = "mase" if len(found["metrics"]) > 1 else "mae"
    naive = list(dict.fromkeys(name for one in found["horizons"] for name in one["baselines"]))
    rows = []
    for one in found["horizons"]:
        numbers = one["measures"]
        others = [
            short(one["baselines"][name][measure]) if name in one["baselines"] else "" for name in naive
        ]
        less = f"{numbers['skill']:+.0%}" if isfinite(numbers["skill"]) else ""
        if isfinite(numbers["skill_low"]):
            less += f" ({numbers['skill_low']:+.0%} to {numbers['skill_high']:+.0%})"
        inside = f"{numbers['coverage']:.0%}" if isfinite(numbers["coverage"]) else "no interval"
        rows.append([one["horizon"], short(numbers[measure]), *others, less, inside, short(numbers["width"])])
    names = [title(name) for name in naive]
    return Table(
        [
            f"{measure}, ahead",
            str(found["forecaster"]),
            *names,
            "better than the best naive by",
            "inside",
            "width",
        ],
        rows,
    )


def coming(run: Run, when: Callable[[Run, int], str]) -> list[str]:
    """Return what comes after the data end, in a sentence for each metric, and how likely a limit is passed; ``when`` says a time."""
    if run.forecasts is None or run.forecasts.coming is None:
        return []
    found = run.forecasts.coming
    said = []
    for metric, name in enumerate(found.metrics):
        mean, low, high = (
            float(values[0, -1, metric])
            for values in (found.ahead.mean, found.ahead.lower, found.ahead.upper)
        )
        band = f" ({short(low)} to {short(high)})" if isfinite(low) and isfinite(high) else ""
        said.append(f"{name}, {when(run, found.time[-1].value)}: {short(mean)}{band}")
    return said + [_limit(run, one, when) for one in found.limits]


def _limit(run: Run, one: dict[str, Any], when: Callable[[Run, int], str]) -> str:
    beyond = f"{one['metric']} {one['side']} {short(one['limit'])}"
    if one["already"]:
        return f"{beyond}: it is already"
    if not one["courses"]:
        return f"{beyond} within {one['words']}: cannot say, the history is too short"
    text = f"{beyond} within {one['words']}: probability {one['probability']:.0%}"
    if one["earliest"] is not None:
        text += f", at the earliest {when(run, one['earliest'].value)}"
    if one["likely"] is not None:
        text += f", most likely by {when(run, one['likely'].value)}"
    if one["latest"] is not None:
        text += f", at the latest {when(run, one['latest'].value)}"
    return text
