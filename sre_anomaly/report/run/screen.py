"""What a run tells on screen."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from sre_anomaly.pipeline.reasons import by_strength
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.report.forecast.words import coming, horizon_table
from sre_anomaly.report.run import words
from sre_anomaly.report.run.first_screen import now
from sre_anomaly.report.run.hindsight import print_hindsight
from sre_anomaly.report.run.next_commands import next_commands as metric_commands
from sre_anomaly.report.table import words as table_words
from sre_anomaly.report.terminal import print_dated, print_notes, print_sentences, print_table

STRONGEST = 5
CLOSE_CALLS = 3
BLIND_SPOTS = 5


def print_run(run: Run, folder: Path, console: Console) -> None:
    """Say what was read, what is anomalous and why, how good that is, where the files are and what to do next."""
    if len(run.frame):
        print_sentences(console, "Read", words.reading(run), words.spans(run))
    if run.learned is not None:
        print_sentences(
            console, "Read" if not len(run.frame) else "", table_words.headline(run), table_words.judged(run)
        )
    print_notes(console, run.record.notes)
    if run.detection is not None:
        _print_detection(run, console)
    if (table := words.forecast_table(run)) is not None:
        assert run.forecasts is not None
        console.print()
        print_sentences(console, "Forecast", words.forecast_heading(run))
        print_table(horizon_table(run) or table, console)
        if said := coming(run, words.when):
            print_sentences(console, "Coming", *said)
    if run.learned is not None:
        _print_table_task(run, console)
    console.print()
    rows = [
        name for name, there in (("alerts.csv", run.detection), ("predictions.csv", run.learned)) if there
    ]
    print_sentences(
        console, "Files", ", ".join([f"{folder}/report.html (open it in a browser)", "images/", *rows])
    )
    print_sentences(console, "Next")
    for command, purpose in next_commands(run):
        console.print(f"  {escape(command)}   [dim]# {purpose}[/]", soft_wrap=True)


def _print_detection(run: Run, console: Console) -> None:
    assert run.detection is not None
    console.print()
    print_sentences(console, "Found", now(run)[1], *filter(None, [words.by_week(run)]), words.found(run))
    strongest = by_strength(run.detection.alerts)[:STRONGEST]
    print_dated(console, [(words.when(run, one.start), words.alert_line(run, one)) for one in strongest])
    if (more := len(run.detection.alerts) - STRONGEST) > 0:
        console.print(f"  [dim]{more} more on the page[/]")
    if not run.detection.alerts:
        console.print(f"  {escape(words.no_alert(run))}", soft_wrap=True)
    if near := words.close_calls(run)[:CLOSE_CALLS]:
        console.print()
        print_sentences(console, "Close", "to paging, but not enough:")
        print_dated(console, near, style="yellow")
    if run.blind_spots:
        console.print()
        more = len(run.blind_spots) - BLIND_SPOTS
        rest = [f"{more} more on the page"] if more > 0 else []
        print_sentences(console, "Unknown", *run.blind_spots[:BLIND_SPOTS], *rest)
    print_hindsight(run, console)
    console.print()
    for title, sentence in zip(["Incidents", ""], words.incidents_caught(run), strict=False):
        print_sentences(console, title, sentence)
    if (table := words.detection_table(run)) is not None:
        print_sentences(
            console, "Measures", *(words.in_short(run) or ["no known incident in the evaluation period"])
        )
        print_table(table, console)
    for caveat in run.judgement.caveats if run.judgement else []:
        print_sentences(console, "", caveat, style="yellow")


def _print_table_task(run: Run, console: Console) -> None:
    console.print()
    title = "Predicted" if run.record.regression else "Classified"
    print_sentences(console, title, *table_words.in_short(run))
    print_table(table_words.measures_table(run.record), console)
    if (classes := table_words.class_table(run.record)) is not None:
        console.print()
        print_table(classes, console)
    if (used := table_words.in_use_table(run.record)) is not None:
        console.print()
        print_sentences(console, "In use", run.record.regression["in_use"]["in_short"])  # type: ignore[index]
        print_table(used, console, explained=False)
    for caveat in table_words.task(run.record)["caveats"]:
        print_sentences(console, "", caveat, style="yellow")


def next_commands(run: Run) -> list[tuple[str, str]]:
    """Return what to do next: of metrics where some were read, else of the table."""
    return metric_commands(run) if len(run.frame) else table_words.next_steps(run, words.again)
