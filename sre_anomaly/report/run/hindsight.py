"""What a look back found, on screen and on the page, apart from what would have paged."""

import html

from rich.console import Console

from sre_anomaly.pipeline.hindsight import live, live_in_short
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.report.html import table_tag
from sre_anomaly.report.run.words import alert_line, when
from sre_anomaly.report.terminal import print_dated, print_sentences
from sre_anomaly.report.words import Table, count

SHOWN = 5
MOST_ROWS = 100
MEANING = (
    "Here each data point was evaluated by those before it and those after it: good for finding what to look at, and no estimate of "
    "what a live monitor does. Alerts, threshold and measures elsewhere on this page know nothing of it."
)


def found(stretches: int, paged: int, where: str = "") -> str:
    """Say how much was found in hindsight, and how much of it would have paged.

    Examples
    --------
    >>> found(3, 2), found(1, 0, " in 1 series"), found(0, 0)
    ('3 unusual stretches; live would have paged for 2 of them', '1 unusual stretch in 1 series; live would have paged for 0', 'nothing unusual')
    """
    if not stretches:
        return "nothing unusual"
    text = "1 unusual stretch" if stretches == 1 else f"{stretches:,} unusual stretches"
    return f"{text}{where}; live would have paged for {paged:,}" + " of them" * (stretches > 1)


def incidents(caught: tuple[int, int, int] | None) -> str:
    """Say how many known incidents each of the two caught, in hindsight and live; empty where nobody knows any."""
    if caught is None:
        return ""
    known, second, first = caught
    return f"Of {count(known, 'known incident')} hindsight meets {second}; live would have detected {first}"


def print_hindsight(run: Run, console: Console) -> None:
    """Say what was found with what came later known, what a live monitor missed first."""
    back = run.hindsight
    if back is None:
        return
    paged = sum(one is not None for one in back.paged)
    said = f"Looking back (with what came later known): {found(len(back.paged), paged)}"
    console.print()
    print_sentences(console, "Hindsight", said, *filter(None, [incidents(back.caught)]))
    # Those that a live monitor reports in time are above already.
    pairs = [(alert, at) for alert, at in back.missed_first() if at is None or at > alert.start]
    lines = [
        (when(run, alert.start), f"{alert_line(run, alert)}; live: {live_in_short(run.frame, alert, at)}")
        for alert, at in pairs[:SHOWN]
    ]
    print_dated(console, lines, style="blue")
    if len(pairs) > SHOWN:
        console.print(f"  [dim]{len(pairs) - SHOWN} more on the page[/]")


def hindsight_section(run: Run) -> list[str]:
    """Return the section of the page; nothing where nobody looked back."""
    back = run.hindsight
    if back is None:
        return []
    paged = sum(one is not None for one in back.paged)
    parts = [
        "<h2>Looking back, with what came later known</h2>",
        f"<p class='caveat'>{html.escape(MEANING)}</p>",
    ]
    parts.append(f"<p><b>{html.escape(found(len(back.paged), paged))}.</b></p>")
    if said := incidents(back.caught):
        parts.append(f"<p>{html.escape(said)}.</p>")
    rows = [
        [when(run, alert.start), when(run, alert.end), alert_line(run, alert), live(run.frame, alert, at)]
        for alert, at in back.missed_first()
    ]
    if rows:
        columns = ["from", "to", "reason, expected from both sides", "a live monitor"]
        parts.append(table_tag(Table(columns, rows[:MOST_ROWS])))
    if len(rows) > MOST_ROWS:
        parts.append(f"<p class='note'>{len(rows) - MOST_ROWS} more are in record.json.</p>")
    return parts
