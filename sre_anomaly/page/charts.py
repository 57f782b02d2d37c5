"""What the charts of a page are drawn from: lines with their bands, thinned and packed, and what is marked on them."""

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.page.thinning import Rows, extremes

NUMBERS = 240_000
"""Numbers on a page: about 1.3 MB. A screen shows two thousand points of a line at once."""
FEWEST, MOST_CHARTS = 400, 60


@dataclass(frozen=True)
class Line:
    """One chart: a metric, and where it was expected.

    Parameters
    ----------
    name, unit : str
        What stands above the chart.
    values : float64 (n,)
        NaN is a gap.
    band : float64 (n, 3), optional
        Expected, lower and upper; NaN where there is none.
    dashed : bool
        Whether the first column of ``band`` is a threshold: drawn dashed, without bounds.
    """

    name: str
    values: Array
    band: Array | None = None
    unit: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Mark:
    """A stretch of time that stands out on the charts, in seconds since 1970.

    ``kind`` is alert, incident, event or training; an alert with a ``chart`` is strong on that one and faint on the others.
    """

    start: float
    end: float
    kind: str
    text: str = ""
    chart: str = ""
    id: str = ""


def charts(
    lines: Sequence[Line],
    start: float,
    step: float,
    marks: Sequence[Mark] = (),
    closely: Sequence[tuple[int, int]] = (),
    zone: str = "UTC",
    shown: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Return the charts as data for a page.

    Parameters
    ----------
    lines : sequence of Line
        On the same clock; of more than `MOST_CHARTS` the first.
    start, step : float
        Seconds since 1970 of the first row, and from each to the next.
    closely : sequence of (first, last) rows
        Stretches of which every row is kept, the most important first, as far as there is room.
    zone : str
        In which times are shown.
    shown : pair of float, optional
        What is shown at first, in seconds since 1970; everything else can be scrolled to.
    """
    lines = lines[:MOST_CHARTS]
    columns = max([2 if one.band is None else 3 if one.dashed else 5 for one in lines], default=2)
    room = max(FEWEST, NUMBERS // max(1, len(lines) * columns))
    total = len(lines[0].values) if lines else 0
    return {
        "start": start,
        "step": step,
        "rows": total,
        "zone": "Etc/UTC" if zone == "UTC" else zone,
        "shown": shown,
        "thinned": total > room,
        "lines": [_packed(one, _kept(one.values, room, closely)) for one in lines],
        "marks": [asdict(one) for one in marks],
    }


def _kept(values: Array, room: int, closely: Sequence[tuple[int, int]]) -> Rows:
    """Return the rows that are drawn: every one where it matters, else the extremes, and each begin and end of a gap."""
    if len(values) <= room:
        return np.arange(len(values))
    near: list[Rows] = []
    for first, last in closely:
        near.append(np.arange(max(0, first), min(len(values), last + 1)))
        if sum(map(len, near)) > room // 2:
            near.pop()
            break
    turns = np.flatnonzero(np.diff(np.isnan(values).astype(np.int8)))[: room // 4]
    ends = np.array([0, len(values) - 1])
    return np.unique(np.concatenate([extremes(values, room // 2), *near, turns, turns + 1, ends]))


def _packed(line: Line, rows: Rows) -> dict[str, Any]:
    columns: list[Array] = [rows.astype(np.float64), line.values[rows]]
    if line.band is not None:
        columns += list(line.band[rows, : 1 if line.dashed else 3].T)
    with np.errstate(over="ignore"):
        numbers = np.concatenate(columns).astype("<f4")
    return {
        "name": line.name,
        "unit": line.unit,
        "dashed": line.dashed,
        "points": len(rows),
        "columns": len(columns),
        "data": base64.b64encode(numbers.tobytes()).decode(),
    }
