"""What was found, in plain words: the same sentences on screen and on the page."""

import math
import shlex
from collections import Counter

import pandas as pd

from sre_anomaly.clock import in_words, nanoseconds
from sre_anomaly.frame import WEEK, Incident
from sre_anomaly.numbers import measured, together
from sre_anomaly.pipeline.record import IN_SAMPLE
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import Alert, short
from sre_anomaly.report.run.afterwards import furthest, stayed
from sre_anomaly.report.words import FORECAST_MEANINGS, MEANINGS, Table, count, rate, title

WEEKS_SHOWN = 8
DAY = pd.Timedelta("1D")  # of less a rate a week says nothing
ALSO = 0.2  # share of the surprise from which on another metric is named on screen


def reading(run: Run) -> str:
    """Return what was read, in one sentence."""
    frame, data = run.frame, run.record.data
    metrics = ", ".join(frame.metrics[:8]) + (", ..." if len(frame.metrics) > 8 else "")
    what = f"{frame.name}: {count(len(frame), 'data point')} of {count(len(frame.metrics), 'metric')} ({metrics})"
    if frame.has_clock:
        first, last = (when(run, frame.time[row].value) for row in (0, -1))
        what += f", {first} to {last} {frame.timezone}, every {in_words(frame.step)}"
    if data["missing"]:
        what += f"; {count(data['missing'], 'value')} missing"
    if frame.incidents is not None:
        what += f"; {count(len(frame.incidents), 'known incident')}"
    return what


def spans(run: Run) -> str:
    """Return the periods of training, of the choice of a threshold, and of evaluation."""
    train, chosen, test = run.split.train, run.split.validation, run.split.test
    parts = [("training period", train), ("threshold chosen on", chosen), ("evaluation period", test)]
    if train == test:
        learned = IN_SAMPLE in run.record.notes or run.detection is None
        parts = [("training and evaluation period" if learned else "evaluation period", test), parts[1]]
    return "; ".join(f"{name}: {_period(run, span)}" for name, span in parts if span is not None)


def _period(run: Run, span: slice) -> str:
    if span == slice(0, len(run.frame)):
        return f"all {count(len(run.frame), 'data point')}"
    if not run.frame.has_clock:
        return f"data points {span.start:,} to {span.stop:,}"
    first, last = (when(run, run.frame.time[row].value) for row in (span.start, span.stop - 1))
    return f"{first} to {last} ({count(span.stop - span.start, 'data point')})"


def when(run: Run, time: int) -> str:
    """Return a time as the user's clock shows it, or the number of the data point where there is no clock."""
    if not run.frame.has_clock:
        return f"data point {run.frame.time.asi8.searchsorted(time)}"
    return f"{pd.Timestamp(time, tz='UTC').tz_convert(run.frame.timezone):%Y-%m-%d %H:%M}"


def no_alert(run: Run) -> str:
    """Say why nothing would have paged anyone, and what would change that."""
    flags = run.record.detection["flags"] if run.record.detection else 0
    if not flags:
        return "no data point exceeded the threshold"
    return f"{count(flags, 'data point')} above the threshold, but not close enough together for an alert: try alerts=every_flag"


def forecast_heading(run: Run) -> str:
    """Return what was forecast, and how to forecast more."""
    assert run.forecasts is not None
    text = f"{', '.join(run.forecasts.metrics)}, {', '.join(one.ahead.horizon.words for one in run.forecasts.each)}"
    others = len(run.frame.metrics) - len(run.forecasts.metrics)
    return text + (f" ({others} more with forecast.metrics=[...])" if others else "")


def found(run: Run) -> str:
    """Return how much was found, in one sentence."""
    assert run.record.detection is not None
    detection = run.record.detection
    points = run.split.test.stop - run.split.test.start
    text = count(detection["alerts"], "alert")
    if run.frame.has_clock:
        text += f" in {in_words(run.frame.step * points)}"
        weekly, long = detection["measures"].get("alerts_per_week"), run.frame.step * points >= DAY
        if weekly is not None and long and detection["measured_on"] != "validation":
            text += f" ({rate(weekly)} a week)"
    share = f"{detection['flags'] / max(1, points):.1%}"
    text += f"; {detection['flags']:,} of {count(points, 'data point')} ({share}) above the threshold"
    if (level := detection["threshold"].get("level")) is not None:
        text += f" {short(level)} ({detection['threshold']['name']})"
    epsilon = detection["threshold"].get("epsilon")
    return text + (f", epsilon {epsilon:.4g}" if epsilon is not None else "")


def pages_by_week(run: Run) -> list[int]:
    """Return how many pages each of the last weeks of the data had, the latest last; empty where there is no full week."""
    weeks = int(run.frame.step * len(run.frame) / WEEK) if run.frame.has_clock else 0
    if run.detection is None or not weeks:
        return []
    ago = [(run.frame.time[-1].value - one.fired) // nanoseconds(WEEK) for one in run.detection.alerts]
    evaluated = max(1, int(run.frame.step * (run.split.test.stop - run.split.test.start) / WEEK))
    return [ago.count(number) for number in range(min(weeks, evaluated, WEEKS_SHOWN) - 1, -1, -1)]


def by_week(run: Run) -> str:
    """Return how many pages each of the last weeks had, beside the budget; empty where there is no budget or no full week."""
    budget, counts = run.config["threshold"].get("pages_per_week"), pages_by_week(run)
    if budget is None or not counts:
        return ""
    shown = ", ".join(map(str, counts))
    return f"Pages in the last {count(len(counts), 'week')}, the latest last: {shown} (budget: about {budget:g} a week)"


def alert_line(run: Run, alert: Alert) -> str:
    """Return an alert's reason, how long it lasted, and which other metrics took a substantial part."""
    lasted = f", for {in_words(pd.Timedelta(alert.end - alert.start))}" if run.frame.has_clock else ""
    if "no value for" in alert.reason:
        lasted = lasted.replace(", for", "; alert open for")
    also = [one["metric"] for one in alert.metrics if one["share"] >= ALSO and one["metric"] != alert.metric]
    all_told = "several metrics" in alert.reason or "any other metric" in alert.reason
    told = "" if all_told or not also else f"; also: {', '.join(also)}"
    return alert.reason + furthest(run, alert) + lasted + stayed(run, alert) + told


def took_part(alert: Alert) -> str:
    """Return the metrics of an alert by their own surprise, with share, value and expected."""
    numbers = [together(one["value"], one["expected"]) for one in alert.metrics]
    return "; ".join(
        f"{one['metric']} {one['share']:.0%} ({value}, expected {expected})"
        for one, (value, expected) in zip(alert.metrics, numbers, strict=True)
    )


def close_calls(run: Run) -> list[tuple[str, str]]:
    """Return when something came near to paging and did not, and how near."""
    said = []
    for call in run.close_calls:
        one = call.reason
        numbers = (one.seen, one.expected, one.usual_low, one.usual_high)
        (seen, expected, low, high), unit = measured(one.unit, *numbers)
        text = f"{one.metric} = {seen}{unit}, expected {expected}"
        if math.isfinite(one.usual_low) and math.isfinite(one.usual_high):
            text += f" ({low} to {high})"
        if not math.isfinite(one.seen):
            text = f"{one.metric}: no value"
        time = when(run, run.frame.time[call.row].value)
        said.append((time, f"{text}: reached {call.reached:.0%} of the threshold"))
    return said


def incidents_caught(run: Run) -> list[str]:
    """Return the incident measures in sentences; empty where there are none."""
    measures = (run.record.detection or {}).get("measures", {})
    if not measures.get("incidents"):
        return []
    low, high = run.judgement.intervals["incident_recall"] if run.judgement else (math.nan, math.nan)
    said = [
        f"{measures['incidents_caught']} of {measures['incidents']} incidents detected "
        f"(95 % interval {low:.0%} to {high:.0%}), "
        f"{rate(measures['false_alerts_per_week'])} false alerts a week; an alert is open "
        f"{measures['time_in_alert']:.1%} of the time"
    ]
    delay = measures["median_time_to_detect_s"]
    if math.isfinite(delay):
        soon = in_words(pd.Timedelta(delay, "s")) if delay else "0, at the first data point"
        said.append(f"Median time to detection: {soon}")
    return said


def known_incident(run: Run, alert: Alert) -> str:
    """Return the known incidents that an alert matches, or that it is a false alert."""
    met = [
        f"{incident.type} of {incident.metric}" if incident.metric else incident.type
        for incident in run.frame.incidents or ()
        if alert.fired < incident.end.value and alert.end > incident.start.value
    ]
    times = Counter(met)
    each = (name if number == 1 else f"{number} times {name}" for name, number in times.items())
    return ", ".join(each) or "none (false alert)"


def missed_incidents(run: Run) -> list[Incident]:
    """Return the incidents of the evaluation period that no alert matches."""
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
        f"Of the flagged data points {measures['precision']:.0%} were {bad}; of those {bad} "
        f"{measures['recall']:.0%} were flagged."
    ]


def detection_table(run: Run) -> Table | None:
    """Return the measures by data point beside the baselines, or None without labels."""
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
    names = [title(name) for name in baselines]
    return Table(["measure", str(detection["detector"]), *names, "meaning"], rows)


def forecast_table(run: Run) -> Table | None:
    """Return the forecast measures beside the baselines, or None without a forecast.

    For several metrics only what has no unit is averaged, and each metric has its own error.
    """
    forecast = run.record.forecast
    if forecast is None:
        return None
    baselines = forecast["baselines"]
    several = len(forecast["metrics"]) > 1
    rows: list[list[str]] = []
    for measure, meaning in FORECAST_MEANINGS.items():
        if several and measure != "mase":
            continue
        others = [short(numbers[measure]) for numbers in baselines.values()]
        rows.append([measure, short(forecast["measures"][measure]), *others, meaning])
    if several:
        blank = [""] * len(baselines)
        for metric, numbers in forecast["per_metric"].items():
            rows.append([f"mae of {metric}", short(numbers["mae"]), *blank, FORECAST_MEANINGS["mae"]])
    names = [title(name) for name in baselines]
    return Table(["measure", str(forecast["forecaster"]), *names, "meaning"], rows)


def again(run: Run, *overrides: str) -> str:
    """Return this run's own command with some overrides changed or added."""
    words = shlex.split(run.record.command)
    for override in overrides:
        key = override.split("=", 1)[0]
        words = [word for word in words if word.split("=", 1)[0] != key]
        if "." not in key:
            # Another option of a group has other keys: what was set of the old one would not fit.
            old = (f"{key}.", "threshold") if key == "detector" else (f"{key}.",)
            words = [word for word in words if not word.startswith(old)]
    return shlex.join([*words, *overrides])
