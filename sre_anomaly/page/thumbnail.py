"""Small pictures that need no script: a stretch of a metric with its band, bars of pages a week, a usual day."""

import html
from collections.abc import Sequence

import numpy as np

from sre_anomaly.frame import Array, Mask
from sre_anomaly.page.thinning import Rows, extremes

WIDTH, HEIGHT, EDGE, POINTS = 320, 84, 3.0, 160


def thumbnail(
    values: Array, band: Array | None = None, parts: Sequence[tuple[int, int]] = (), label: str = ""
) -> str:
    """Return a stretch of a metric as SVG: the band, the line, the part that is meant.

    Parameters
    ----------
    values : float64 (n,)
    band : float64 (n, 3), optional
        Expected, lower and upper.
    parts : sequence of (first, last) rows
        What is marked.
    label : str
        What the picture shows, for who cannot see it.
    """
    inside = values if band is None else np.concatenate([values, band[:, 1:].ravel()])
    finite = inside[np.isfinite(inside)]
    shown = html.escape(label, quote=True)
    head = f"<svg class='thumb' viewBox='0 0 {WIDTH} {HEIGHT}' role='img' aria-label='{shown}' preserveAspectRatio='none'>"
    if not len(finite):
        return f"{head}<text x='8' y='20'>no values</text></svg>"
    low, high = _range(values, finite)
    x = np.linspace(0, WIDTH, max(2, len(values)))[: len(values)]
    scale = (HEIGHT - 2 * EDGE) / (high - low)

    def y(numbers: Array) -> Array:
        return np.asarray(HEIGHT - EDGE - (np.clip(numbers, low, high) - low) * scale)

    drawn = [head]
    for part in parts:
        left, right = (x[min(max(row, 0), len(x) - 1)] for row in part)
        drawn.append(
            f"<rect class='part' x='{left:.1f}' y='0' width='{max(2.0, right - left):.1f}' height='{HEIGHT}'/>"
        )
    if band is not None:
        rows = extremes(band[:, 2], POINTS)
        for piece in _runs(rows, np.isfinite(band[rows, 1]) & np.isfinite(band[rows, 2])):
            edge = [*_points(x[piece], y(band[piece, 2])), *_points(x[piece][::-1], y(band[piece[::-1], 1]))]
            drawn.append(f"<polygon class='band' points='{' '.join(edge)}'/>")
    rows = extremes(values, POINTS)
    for piece in _runs(rows, np.isfinite(values[rows])):
        dots = piece if len(piece) > 1 else np.repeat(piece, 2)
        points = _points(x[dots] + (np.arange(len(dots)) * 2.0 if len(piece) == 1 else 0), y(values[dots]))
        drawn.append(f"<polyline class='line' points='{' '.join(points)}'/>")
    return "".join(drawn) + "</svg>"


def bars(counts: Sequence[int], budget: float | None, label: str) -> str:
    """Return numbers as bars with a line at the budget, as SVG.

    Examples
    --------
    >>> bars([1, 3], 2, "pages a week").count("<rect")
    2
    """
    high = max([*counts, budget or 0, 1])
    wide = min(28.0, WIDTH / max(1, len(counts)))
    parts = [
        f"<svg class='bars' viewBox='0 0 {wide * len(counts):.0f} 48' role='img' aria-label='{html.escape(label, quote=True)}'>"
    ]
    for number, value in enumerate(counts):
        tall = 36 * value / high
        style = "over" if budget is not None and value > budget else "bar"
        parts.append(
            f"<rect class='{style}' x='{number * wide + 2:.1f}' y='{48 - max(1.0, tall):.1f}' width='{wide - 4:.1f}' height='{max(1.0, tall):.1f}'/>"
            f"<text x='{(number + 0.5) * wide:.1f}' y='{44 - tall:.1f}' text-anchor='middle'>{value}</text>"
        )
    if budget is not None:
        level = 48 - 36 * budget / high
        parts.append(
            f"<line class='budget' x1='0' x2='{wide * len(counts):.1f}' y1='{level:.1f}' y2='{level:.1f}'/>"
        )
    return "".join(parts) + "</svg>"


def _range(values: Array, finite: Array) -> tuple[float, float]:
    """Return what the picture spans: the values, and of a band that is far wider only so much."""
    seen = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    if len(seen) and seen.max() > seen.min():
        room = float(seen.max() - seen.min())
        low, high = max(low, float(seen.min()) - room), min(high, float(seen.max()) + room)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _runs(rows: Rows, there: Mask) -> list[Rows]:
    """Return the rows that follow one another without a gap, a piece for each run."""
    # Where it changes from there to not there, or back, a piece ends.
    pieces = np.split(np.arange(len(rows)), np.flatnonzero(np.diff(there.astype(np.int8))) + 1)
    return [rows[piece] for piece in pieces if len(piece) and there[piece[0]]]


def _points(x: Array, y: Array) -> list[str]:
    return [f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
