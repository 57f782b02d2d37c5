"""What became of requests, as series."""

from sre_anomaly.clock import in_words
from sre_anomaly.io.counts.requests import Requests
from sre_anomaly.io.samples.series import Export, Series

MILLISECOND = 1e-3


def export_of(requests: Requests, label: str, unit: float = MILLISECOND) -> Export:
    """Return a series of each measure for each label; durations, given in so many seconds, in seconds.

    Raises
    ------
    ValueError
        If there was no request.
    """
    from datetime import timedelta

    found = requests.summaries()
    if not found:
        raise ValueError("holds no request")
    series = []
    for one in found:
        labels = {label: one.label}
        series.append(Series("requests", labels, one.time, one.count))
        series.append(Series("error_share", labels, one.time, one.error_share))
        series += [
            Series(f"duration_{name}", labels, one.time, values * unit, "s")
            for name, values in one.percentiles.items()
        ]
        if one.bytes is not None:
            series.append(Series("bytes", labels, one.time, one.bytes, "B"))
    step = in_words(timedelta(seconds=requests.step_ns / 1e9))
    return Export(series, [f"{requests.lines:,} requests were counted in steps of {step}"])
