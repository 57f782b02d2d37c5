"""Which alert sources say the same thing, and what one of them caught that no other did."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sre_anomaly.backtest.card import against, spans_of
from sre_anomaly.backtest.outcome import AlertSource, Truth

ALIKE = 0.8
"""Share of the pages of one source that came while another was firing, from which on it says nothing new."""
FEW = 3


@dataclass(frozen=True)
class Overlap:
    """Nearly all pages of one source came while another was firing too."""

    name: str
    other: str
    together: int
    pages: int


def overlaps(sources: Sequence[AlertSource]) -> list[Overlap]:
    """Return the sources whose pages mostly came while another of another name was firing, most pages first."""
    spans = [spans_of(source.firings) for source in sources]
    found = []
    for source in sources:
        if len(source.pages) < FEW:
            continue
        for other, firing in zip(sources, spans, strict=True):
            together = sum(
                _inside(page.time, firing.get(page.series, ())) or _inside(page.time, firing.get("", ()))
                for page in source.pages
            )
            if other is not source and together >= ALIKE * len(source.pages):
                found.append(Overlap(source.name, other.name, together, len(source.pages)))
    return sorted(found, key=lambda one: -one.pages)


def caught_alone(sources: Sequence[AlertSource], truth: Sequence[Truth]) -> dict[str, int]:
    """Return for each source how many incidents it caught that no other source did."""
    caught = np.array(
        [[delay is not None for delay in against(source.pages, truth)[0]] for source in sources], dtype=bool
    ).reshape(len(sources), len(truth))
    alone = caught & (caught.sum(axis=0) == 1)
    return {source.name: int(row.sum()) for source, row in zip(sources, alone, strict=True)}


def _inside(time: int, spans: Sequence[tuple[int, int]]) -> bool:
    place = bisect_right(spans, (time, float("inf"))) - 1
    return place >= 0 and spans[place][1] > time
