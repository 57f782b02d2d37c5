"""What was found, in plain words: the same sentences on screen and on the page."""

import math
import shlex
from dataclasses import dataclass

import pandas as pd

from sre_anomaly.clock import in_words
from sre_anomaly.frame import Incident
from sre_anomaly.records import Alert, short
from sre_anomaly.runner import Run

MEANINGS = {
    "precision": "of the flagged rows, this share was inside a known incident",
    "recall": "of the rows inside known incidents, this share was flagged",
    "f1": "balance of the two: 1 is perfect, 0 is useless",
    "pr_auc": "how well the score ranks, whatever the level; chance gives the share of anomalous rows",
    "roc_auc": "chance that an anomalous row outranks a normal one; 0.5 is guessing",
}
FORECAST_MEANINGS = {
    "mae": "average distance from what came, in the metric's own unit",
    "rmse": "the same, with large misses counting more",
    "mase": "average error relative to repeating the last value on the training rows; below 1 is better than that",
}


@dataclass
class Table:
    """A heading and rows of words and numbers."""

    columns: list[str]
    rows: list[list[str]]


def reading(run: Run) -> str:
    """Return what was read, in one sentence."""
    frame, data = run.frame, run.record.data
    metrics = ", ".join(frame.metrics[:8]) + (", ..." if len(frame.metrics) > 8 else "")
    what = f"{frame.name}: {len(frame):,} rows of {len(frame.metrics)} metric(s) ({metrics})"
    if frame.has_clock:
        what += f", {frame.time[0]:%Y-%m-%d %H:%M} to {frame.time[-1]:%Y-%m-%d %H:%M} UTC, every {in_words(frame.step)}"
    if data["missing"]:
        what += f"; {data['missing']:,} values missing"
    if frame.incidents is not None:
        what += f"; {len(frame.incidents)} known incident(s)"
    return what


def spans(run: Run) -> str:
    """Return which rows were learned from and which were judged."""
    parts = [
        ("learned from", run.split.train),
        ("chose the level on", run.split.validation),
        ("judged", run.split.test),
    ]
    said = [f"{name} rows {span.start:,} to {span.stop:,}" for name, span in parts if span is not None]
    return ", ".join(said)


def found(run: Run) -> str:
    """Return how much was found, in one sentence."""
    assert run.record.detection is not None
    detection = run.record.detection
    rows = run.split.test.stop - run.split.test.start
    text = f"{detection['flags']:,} of {rows:,} judged rows flagged, {detection['alerts']:,} alert(s)"
    rate = detection["measures"].get("alerts_per_week")
    if rate is not None and detection["measured_on"] != "validation":
        text += f" ({short(rate)} a week)"
    level = detection["threshold"].get("level")
    return text + (f"; level {short(level)} ({detection['threshold']['name']})" if level is not None else "")


def incidents_caught(run: Run) -> list[str]:
    """Return the incident measures in sentences; empty where there are none."""
    measures = (run.record.detection or {}).get("measures", {})
    if not measures.get("incidents"):
        return []
    low, high = run.judgement.intervals["incident_recall"] if run.judgement else (math.nan, math.nan)
    said = [
        f"{measures['incidents_caught']} of {measures['incidents']} incidents caught "
        f"(95 % interval {low:.0%} to {high:.0%}), "
        f"{short(measures['false_alerts_per_week'])} false alert(s) a week"
    ]
    delay = measures["median_time_to_detect_s"]
    if math.isfinite(delay):
        soon = (
            f"within {in_words(pd.Timedelta(delay, 's'))} of their start" if delay else "in their first row"
        )
        said.append(f"Half of those caught were caught {soon}")
    return said


def known_incident(run: Run, alert: Alert) -> str:
    """Return the known incidents that an alert met, or that it met none."""
    met = [
        f"{incident.type} of {incident.metric}" if incident.metric else incident.type
        for incident in run.frame.incidents or ()
        if alert.fired < incident.end.value and alert.end > incident.start.value
    ]
    return ", ".join(met) or "none"


def missed_incidents(run: Run) -> list[Incident]:
    """Return the incidents of the judged span that no alert met."""
    if run.judgement is None or not run.judgement.measures.get("incidents"):
        return []
    judged = run.frame.rows(run.split.test).incidents or ()
    return [incident for incident in judged if incident.id not in run.judgement.caught_ids]


def in_short(run: Run) -> list[str]:
    """Return what precision and recall mean for this run; empty without labels."""
    measures = (run.record.detection or {}).get("measures", {})
    if "f1" not in measures or not math.isfinite(measures["recall"]):
        return []
    bad = "inside a known incident" if run.frame.has_clock else "labelled anomalous"
    return [
        f"Of the flagged rows {measures['precision']:.0%} were {bad}; of the rows {bad} "
        f"{measures['recall']:.0%} were flagged."
    ]


def detection_table(run: Run) -> Table | None:
    """Return the row measures beside the baselines, or None without labels."""
    detection = run.record.detection
    if detection is None or "f1" not in detection["measures"]:
        return None
    baselines = detection["baselines"]
    rows = []
    for measure, meaning in MEANINGS.items():
        value = short(detection["measures"][measure])
        low, high = detection["intervals"].get(measure, (math.nan, math.nan))
        if math.isfinite(low):
            value += f"  ({low:.2f} to {high:.2f})"
        rows.append([measure, value, *(short(numbers[measure]) for numbers in baselines.values()), meaning])
    names = [name.replace("_", " ") for name in baselines]
    return Table(["measure", str(detection["detector"]), *names, "in words"], rows)


def forecast_table(run: Run) -> Table | None:
    """Return the forecast measures beside the baselines, or None without a forecast."""
    forecast = run.record.forecast
    if forecast is None:
        return None
    rows: list[list[str]] = []
    for measure, meaning in FORECAST_MEANINGS.items():
        others = [short(numbers[measure]) for numbers in forecast["baselines"].values()]
        rows.append([measure, short(forecast["measures"][measure]), *others, meaning])
    names = [name.replace("_", " ") for name in forecast["baselines"]]
    return Table(["measure", str(forecast["forecaster"]), *names, "in words"], rows)


def next_commands(run: Run) -> list[tuple[str, str]]:
    """Return three commands that are useful after this run, each with what it is for."""
    config = run.config
    other = "gaussian" if config["detector"]["name"] == "iforest" else "iforest"
    commands = [(_again(run, f"detector={other}"), "the same data through another detector")]
    threshold = config["threshold"]["name"]
    if threshold == "contamination":
        half = short(config["threshold"]["contamination"] / 2)
        commands.append((_again(run, f"threshold.contamination={half}"), "about half as many flags"))
    elif threshold == "sigma":
        more = f"threshold.sigmas={config['threshold']['sigmas'] + 1:g}"
        commands.append((_again(run, more), "fewer flags"))
    else:
        commands.append((_again(run, "alerts=every_flag"), "every flagged row as an alert of its own"))
    if config["data"]["name"] != "csv":
        commands.append(("sre-anomaly experiment=csv data.path=YOUR_METRICS.csv", "your own metrics"))
    else:
        commands.append((_again(run, "features=rolling"), "look at change instead of time of day"))
    return commands


def _again(run: Run, override: str) -> str:
    """Return this run's own command with one override changed or added."""
    key = override.split("=", maxsplit=1)[0]
    words = [word for word in shlex.split(run.record.command) if word.split("=")[0] != key]
    if "=" in override and "." not in key:
        # Another option of a group has other keys: what was set of the old one would not fit.
        words = [
            word
            for word in words
            if not word.startswith((f"{key}.", "threshold" if key == "detector" else "="))
        ]
    return shlex.join([*words, override])
