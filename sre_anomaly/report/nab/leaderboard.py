"""Detectors side by side, best first: as a table, a picture and a page that opens offline."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from sre_anomaly.errors import UserError
from sre_anomaly.page.document import document
from sre_anomaly.records import write_text
from sre_anomaly.report.html import picture_tag, table_tag
from sre_anomaly.report.words import Table

HERE, PUBLISHED, BASELINE = "measured here", "published", "baseline"
FILES = ("leaderboard.csv", "leaderboard.png", "leaderboard.html")
INTERVALS = "of resampled sets of files, same threshold; for random scores, of the draws"
"""What the 95 % are of."""
COLOURS = {HERE: "#0072B2", PUBLISHED: "#999999", BASELINE: "#E69F00"}


@dataclass(frozen=True)
class Line:
    """One detector: what it scored under each profile, and what is known about how sure that is."""

    detector: str
    source: str
    scores: dict[str, float]
    left_out: dict[str, float]
    """As `scores`, at thresholds chosen without the category that is judged; empty where nobody measured it."""
    intervals: dict[str, tuple[float, float]]
    thresholds: dict[str, float]


def published() -> list[Line]:
    """Return the published NAB scores."""
    text = files("sre_anomaly.report.nab").joinpath("published.csv")
    with text.open(encoding="utf-8") as source:
        table = pd.read_csv(source, comment="#")
    return [
        Line(str(row.pop("detector")), PUBLISHED, {str(k): float(v) for k, v in row.items()}, {}, {}, {})
        for row in table.to_dict("records")
    ]


def ordered(lines: Sequence[Line]) -> list[Line]:
    """Return the lines, highest score under the first profile first."""
    return sorted(lines, key=lambda line: -next(iter(line.scores.values())))


def table(lines: Sequence[Line]) -> pd.DataFrame:
    """Return one row a detector, best first, with every number there is."""
    rows = []
    for line in ordered(lines):
        row: dict[str, object] = {"detector": line.detector, "source": line.source}
        for name, score in line.scores.items():
            low, high = line.intervals.get(name, (np.nan, np.nan))
            row[name] = score
            row[f"{name}_low"], row[f"{name}_high"] = low, high
            row[f"{name}_left_out"] = line.left_out.get(name, np.nan)
            row[f"{name}_threshold"] = line.thresholds.get(name, np.nan)
        rows.append(row)
    return pd.DataFrame(rows)


def refuse_overwriting(folder: Path) -> None:
    """Say so before anything is computed.

    Raises
    ------
    UserError
        If a leaderboard is there already.
    """
    if folder.is_file():
        raise UserError(f"to={folder}: is a file; name a folder")
    for name in FILES:
        if (folder / name).exists():
            raise UserError(
                f"to={folder}: {name} is there already; choose another folder, or add overwrite=true"
            )


def write_leaderboard(lines: Sequence[Line], folder: Path, title: str) -> list[Path]:
    """Write ``leaderboard.csv``, ``.png`` and ``.html`` into a folder.

    Raises
    ------
    UserError
        If they cannot be written.
    """
    csv, png, page = (folder / name for name in FILES)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(csv, table(lines).to_csv(index=False, float_format="%.6f"))
        _draw(lines, png, title)
        write_text(page, _page(lines, png, title))
    except OSError as error:
        raise UserError(f"to={folder}: cannot be written ({error.strerror})") from None
    return [csv, png, page]


def _draw(lines: Sequence[Line], path: Path, title: str) -> None:
    """Draw one bar a detector for the first profile, with its interval and the left-out score as a mark."""
    from matplotlib.figure import Figure

    shown = ordered(lines)[::-1]
    profile = next(iter(shown[0].scores))
    figure = Figure(figsize=(9, 1.3 + 0.32 * len(shown)), layout="constrained")
    axis = figure.subplots()
    for place, line in enumerate(shown):
        axis.barh(place, line.scores[profile], color=COLOURS[line.source], height=0.7)
        if profile in line.intervals:
            axis.plot(line.intervals[profile], [place, place], color="black", linewidth=1.2)
        if profile in line.left_out:
            axis.plot(line.left_out[profile], place, marker="D", color="black", markersize=4)
    axis.set_yticks(range(len(shown)), [line.detector for line in shown])
    axis.set_xlabel(f"{profile} score; diamond: threshold from other categories\nline: 95 % {INTERVALS}")
    handles = [axis.barh(0, 0, color=colour, label=source) for source, colour in COLOURS.items()]
    axis.legend(handles=handles, loc="lower right", fontsize=9)
    axis.margins(y=0.01)
    axis.grid(axis="x", color="#999999", alpha=0.25, linewidth=0.5)
    axis.set_title(title, fontsize=11)
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _page(lines: Sequence[Line], picture: Path, title: str) -> str:

    profiles = list(next(iter(lines)).scores)
    rows = [
        [str(place), line.detector, line.source, *(told(line, name) for name in profiles)]
        for place, line in enumerate(ordered(lines), start=1)
    ]
    note = (
        "<p class='note'>Every threshold is fitted on the labels that the detector is evaluated with. In brackets: 95 % "
        f"{INTERVALS}; then the score with each category evaluated at the threshold of the others.</p>"
    )
    table = table_tag(Table(["", "detector", "source", *profiles], rows))
    return document(title, [table, note, picture_tag(picture)])


def told(line: Line, profile: str) -> str:
    """Return a score in words, with its interval and left-out score where they are known."""
    text = f"{line.scores[profile]:.1f}"
    if profile in line.intervals:
        low, high = line.intervals[profile]
        text += f" [{low:.1f} to {high:.1f}]"
    if np.isfinite(line.left_out.get(profile, np.nan)):
        text += f", {line.left_out[profile]:.1f}"
    return text
