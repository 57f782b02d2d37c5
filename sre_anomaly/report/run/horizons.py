"""What a run tells of forecasts of several horizons."""

from math import isfinite

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
