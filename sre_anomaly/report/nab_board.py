"""A detector's scores on the Numenta benchmark: beside chance, beside the published ones, on screen."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from sre_anomaly.evaluation.nab import PROFILES, Labelled
from sre_anomaly.evaluation.nab_spread import Assessment, Chance, assess, null_baseline
from sre_anomaly.report.leaderboard import BASELINE, Line, ordered

TITLE = "Numenta Anomaly Benchmark"


def baseline_lines(series: list[Labelled], drawn: Mapping[str, Chance], seed: int) -> list[Line]:
    """Return chance and never flagging, as lines of the table."""
    random = Line(
        "random scores",
        BASELINE,
        {name: one.score for name, one in drawn.items()},
        {name: one.left_out for name, one in drawn.items()},
        {name: one.interval for name, one in drawn.items()},
        {},
    )
    return [random, measured_line("no flag at all", BASELINE, assess(null_baseline(series), seed))]


def measured_line(detector: str, source: str, found: Mapping[str, Assessment]) -> Line:
    """Return a detector's line of the table."""
    return Line(
        detector,
        source,
        {name: one.best.score for name, one in found.items()},
        {name: one.left_out for name, one in found.items()},
        {name: one.interval for name, one in found.items()},
        {name: one.best.threshold for name, one in found.items()},
    )


def tell_measured(console: Console, lines: list[Line]) -> None:
    """Print what was measured here, every profile with its doubts."""
    drawn = Table(title=f"{TITLE}: measured here", title_justify="left", box=None, header_style="dim")
    drawn.add_column("detector")
    drawn.add_column("profile")
    for column in ("score", "95 % of files", "left out", "threshold"):
        drawn.add_column(column, justify="right")
    for line in ordered(lines):
        for number, profile in enumerate(PROFILES):
            low, high = line.intervals[profile.name]
            drawn.add_row(
                "" if number else line.detector,
                profile.name,
                f"{line.scores[profile.name]:.2f}",
                f"{low:.1f} to {high:.1f}",
                f"{line.left_out[profile.name]:.2f}",
                f"{line.thresholds[profile.name]:.6g}" if line.thresholds else "",
            )
    console.print(drawn)
    console.print(
        "The threshold is fitted on the labels that judge it. Left out: each category is judged at the threshold chosen "
        "on the others. 95 % of files: resampled files, same threshold. Random scores: mean of ten detectors, and the "
        "lowest to the highest of them.\n",
        style="dim",
    )


def tell_leaderboard(console: Console, lines: list[Line]) -> None:
    """Print all detectors, measured and published, best first."""
    drawn = Table(title="Beside the published scores", title_justify="left", box=None, header_style="dim")
    drawn.add_column("")
    drawn.add_column("detector")
    for profile in PROFILES:
        drawn.add_column(profile.name.removeprefix("reward_").replace("_", " "), justify="right")
    drawn.add_column("source")
    for place, line in enumerate(ordered(lines), start=1):
        scores = [f"{line.scores[profile.name]:.1f}" for profile in PROFILES]
        drawn.add_row(str(place), line.detector, *scores, line.source)
    console.print(drawn)
