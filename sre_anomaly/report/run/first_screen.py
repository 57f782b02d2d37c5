"""The first screen of a run's page: whether something is wrong now, how many pages there were, and the worst three."""

import html

import pandas as pd

from sre_anomaly.clock import in_words, nanoseconds
from sre_anomaly.page.thumbnail import bars
from sre_anomaly.pipeline.reasons import by_strength
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import Alert
from sre_anomaly.report.run import words
from sre_anomaly.report.run.afterwards import stayed
from sre_anomaly.report.run.alert_cards import card
from sre_anomaly.report.words import count

WORST = 3


def first_screen(run: Run) -> list[str]:
    """Return it as HTML; nothing where nothing was detected."""
    if run.detection is None:
        return []
    wrong, said = now(run)
    parts = [
        f"<p class='headline {'bad' if wrong else 'good'}'>{html.escape(said)}</p>",
        "<div class='facts'>",
    ]
    if counts := words.pages_by_week(run):
        budget = run.config["threshold"].get("pages_per_week")
        label = (
            f"Pages in each of the last {count(len(counts), 'week')}"
            if len(counts) > 1
            else "Pages in the last week"
        )
        against = f", budget {budget:g} a week" if budget is not None else ""
        parts.append(f"<div>{bars(counts, budget, label)}<div class='note'>{label}{against}</div></div>")
    parts.append(f"<div>{html.escape(words.found(run))}.</div></div>")
    if worst := by_strength(run.detection.alerts)[:WORST]:
        heading = "The worst" if len(worst) == 1 else f"The worst {len(worst)}"
        cards = "".join(card(run, alert, in_short=True) for alert in worst)
        parts.append(f"<h2>{heading}</h2><div class='cards'>{cards}</div>")
    return parts


def now(run: Run) -> tuple[bool, str]:
    """Return whether something is wrong at the end of the data, and the sentence that says it."""
    assert run.detection is not None
    alerts, frame = run.detection.alerts, run.frame
    if not frame.has_clock:
        return bool(alerts), f"{count(len(alerts), 'alert')} in {count(len(frame), 'data point')}."
    last = frame.time[-1].value
    end = words.when(run, last)
    going_on = [one for one in alerts if one.end > last or "still so" in stayed(run, one)]
    if going_on:
        worst = by_strength(going_on)[0]
        more = f" and {len(going_on) - 1} more" if len(going_on) > 1 else ""
        return (
            True,
            f"At the end of the data, {end}, something is wrong: {worst.metric} since {words.when(run, worst.start)}{more}.",
        )
    if not alerts:
        return False, f"Nothing would have paged you, up to the end of the data, {end}."
    latest: Alert = max(alerts, key=lambda one: one.end)
    ago = in_words(pd.Timedelta(last + nanoseconds(frame.step) - latest.end))
    return (
        False,
        f"Nothing is wrong at the end of the data, {end}: the last alert, of {latest.metric}, was over {ago} before.",
    )
