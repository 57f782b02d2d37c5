"""A detector's scores on the Numenta benchmark: beside chance, beside the published ones, on screen."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from sre_anomaly.benchmark.nab_stored import Stored
from sre_anomaly.evaluation.nab.intervals import DRAWS, Assessment, Chance, assess, null_baseline
from sre_anomaly.evaluation.nab.score import PROFILES, Labelled, Profile
from sre_anomaly.report.nab.leaderboard import BASELINE, INTERVALS, Line, ordered

TITLE = "Numenta Anomaly Benchmark"
SAME = 5e-4
"""Scores that differ by less are printed alike."""


def baseline_lines(series: list[Labelled], drawn: Mapping[str, Chance], seed: int) -> list[Line]:
    """Return chance, a lucky chance and never flagging, as lines of the table."""
    random = Line(
        f"random: mean of {DRAWS}",
        BASELINE,
        {name: one.score for name, one in drawn.items()},
        {name: one.left_out for name, one in drawn.items()},
        {name: one.interval for name, one in drawn.items()},
        {},
    )
    highest = {name: one.highest for name, one in drawn.items()}
    lucky = Line(f"random: best of {DRAWS}", BASELINE, highest, {}, {}, {})
    return [random, lucky, measured_line("no flag at all", BASELINE, assess(null_baseline(series), seed))]


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


def print_measured(console: Console, lines: list[Line]) -> None:
    """Print what was measured here, every profile with its doubts."""
    drawn = Table(title=f"{TITLE}: measured here", title_justify="left", box=None, header_style="dim")
    drawn.add_column("detector")
    drawn.add_column("profile")
    for column in ("score", "95 %", "left out", "threshold"):
        drawn.add_column(column, justify="right")
    for line in ordered(lines):
        for number, profile in enumerate(PROFILES):
            low, high = line.intervals.get(profile.name, (None, None))
            drawn.add_row(
                "" if number else line.detector,
                _short(profile),
                f"{line.scores[profile.name]:.2f}",
                "" if low is None else f"{low:.1f} to {high:.1f}",
                f"{line.left_out[profile.name]:.2f}" if line.left_out else "",
                f"{line.thresholds[profile.name]:.6g}" if line.thresholds else "",
            )
    console.print(drawn)
    console.print(
        "The threshold is chosen in hindsight, on the labels that it is evaluated with. Left out: each category is "
        f"evaluated at the threshold chosen on the others. 95 %: {INTERVALS}. A single lucky draw of random scores may "
        f"exceed the best of {DRAWS}.",
        style="dim",
    )


def print_stored(console: Console, found: Stored | None, measured: Sequence[Line]) -> None:
    """Say what the benchmark itself makes of the detectors, and why that may be less."""
    why = "NAB's own search goes in coarse steps and may stop short of the best threshold; this one tries every one."
    if found is None:
        console.print(f"{why}\n", style="dim")
        return
    best = {line.detector: line.scores for line in measured}
    differ = [
        f"{name} {_short(profile)} {score:.3f} where {best[name][profile.name]:.3f} can be reached"
        for name, scores in found.scores.items()
        for profile in PROFILES
        if abs((score := scores[profile.name]) - best[name][profile.name]) >= SAME
    ]
    which = ", ".join(found.scores)
    told = f"As NAB scored {which} ({found.path}): " + ("; ".join(differ) or "the same to three digits")
    rest = "; all else the same" if differ else ""
    console.print(f"{told}{rest}. {why if differ else ''}\n", style="dim", markup=False)


def print_leaderboard(console: Console, lines: list[Line]) -> None:
    """Print all detectors, measured and published, best first."""
    drawn = Table(
        title="Compared with the published scores", title_justify="left", box=None, header_style="dim"
    )
    drawn.add_column("")
    drawn.add_column("detector")
    for profile in PROFILES:
        drawn.add_column(_short(profile), justify="right")
    drawn.add_column("source")
    for place, line in enumerate(ordered(lines), start=1):
        scores = [f"{line.scores[profile.name]:.1f}" for profile in PROFILES]
        drawn.add_row(str(place), line.detector, *scores, line.source)
    console.print(drawn)


def _short(profile: Profile) -> str:
    return profile.name.removeprefix("reward_").replace("_", " ")
