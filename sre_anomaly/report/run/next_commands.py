"""What to do after a run: commands that can be copied."""

import re
from collections import Counter

import numpy as np

from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import short
from sre_anomaly.report.run.words import again

FEWEST_ALIKE, MUCH_MORE, ABOVE_USUAL = 4, 5.0, 1.5
"""Pages of one metric over little: so many, another so many times as large, and what leaves the usual ones out."""
ENOUGH_TO_LEARN = 20  # known incidents from which learning is worth a try


def next_commands(run: Run) -> list[tuple[str, str]]:
    """Return three commands that are useful after this run, each with what it is for."""
    config, options = run.config, []
    detector = config["detector"]["name"]
    known = len(run.frame.incidents or ())
    if detector != "xgboost" and known >= ENOUGH_TO_LEARN and config["split"]["name"] == "none":
        taught = again(run, "detector=xgboost", "features=system", "split=chronological")
        options.append((taught, "train on the known incidents"))
    if small := _too_little(run):
        options.append(small)
    options += _of_threshold(run)
    if config["data"]["name"] == "prometheus" and run.model is not None:
        live = f"sre-anomaly monitor model={config['outputs']}/latest/model input=prometheus"
        options.append((live, "watch new data points from now on"))
    elif config["data"]["name"] not in ("csv", "cloudwatch"):
        options.append(("sre-anomaly experiment=csv data.path=YOUR_METRICS.csv", "your own metrics"))
    return [*options[:-1][:2], options[-1]]


def _of_threshold(run: Run) -> list[tuple[str, str]]:
    """Return what to try with the threshold that was used."""
    config, options = run.config, []
    detector, threshold = config["detector"]["name"], config["threshold"]["name"]
    if threshold == "pages":
        budget = config["threshold"]["pages_per_week"]
        return [
            (again(run, f"threshold.pages_per_week={budget * factor:g}"), f"{words} as many pages at most")
            for factor, words in ((0.5, "quieter: half"), (2.0, "louder: twice"))
        ]
    other = "gaussian" if detector == "iforest" else "iforest"
    options.append((again(run, f"detector={other}"), "another detector"))
    if threshold == "contamination":
        share = config["threshold"]["contamination"]
        factor, words = (
            (2, "about twice as many flags") if _misses_most(run) else (0.5, "about half as many flags")
        )
        options.append((again(run, f"threshold.contamination={short(min(0.5, share * factor))}"), words))
    elif threshold == "horizon":
        options.append((again(run, "threshold=conformal"), "about one false alert a week"))
    elif threshold == "sigma":
        options.append((again(run, f"threshold.sigmas={config['threshold']['sigmas'] + 1:g}"), "fewer flags"))
    if config["alerts"]["name"] != "every_flag":
        options.append((again(run, "alerts=every_flag"), "every flagged data point as an alert of its own"))
    return options


def _too_little(run: Run) -> tuple[str, str] | None:
    """Return how to silence a metric of which most pages are, each over little, where another one shows what much is."""
    found, frame = run.detection, run.frame
    if found is None or found.bands is None or run.config["data"].get("known") != {} or not found.alerts:
        return None
    metric = Counter(alert.metric for alert in found.alerts).most_common(1)[0][0]
    column = frame.metrics.index(metric)
    rows = frame.time.asi8.searchsorted([alert.peak for alert in found.alerts if alert.metric == metric])
    apart = np.abs(frame.values[rows, column] - found.bands[rows, column, 0])
    apart = apart[np.isfinite(apart) & (apart > 0)]
    # A name with other signs would have to be quoted.
    if len(apart) < max(FEWEST_ALIKE, len(found.alerts) / 2) or not re.fullmatch(r"[A-Za-z_]\w*", metric):
        return None
    usual = float(np.median(apart))
    if apart.max() < MUCH_MORE * usual:
        return None
    least = short(usual * ABOVE_USUAL).replace(",", "")
    command = again(run, f"data.known={{{metric}:{{least_change:{least}}}}}")
    return (
        command,
        f"{len(apart)} pages are of {metric}, mostly {short(usual)} from what was expected: leave such out",
    )


def _misses_most(run: Run) -> bool:
    measures = (run.record.detection or {}).get("measures", {})
    return bool(measures.get("incidents")) and measures["incidents_caught"] * 2 < measures["incidents"]
