"""Which alert sources say the same thing, and what one of them caught that no other did."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sre_anomaly.backtesting.card import against, spans_of
from sre_anomaly.backtesting.outcome import AlertSource, Truth

ALIKE = 0.8
"""Share of the pages of one source that came while another was firing, from which on it says nothing new."""
FEW = 3
MOSTLY = 0.5
"""Share of the time from which on a source fires while anything happens."""


@dataclass(frozen=True)
class Overlap:
    """Nearly all pages of one source came while another was firing too."""

    name: str
    other: str
    together: int
    pages: int


def overlaps(sources: Sequence[AlertSource], span: int) -> list[Overlap]:
    """Return the sources whose pages mostly came while another was firing, most pages first.

    The other is the one that fires least, of another alert: a warning that comes before its critical is meant so. One that fires
    most of the ``span`` nanoseconds is with every page by chance.
    """
    spans = [spans_of(source.firings) for source in sources]
    share = [max(map(_length, firing.values()), default=0) / span for firing in spans]
    found: dict[str, Overlap] = {}
    usual = {source.name for source, part in zip(sources, share, strict=True) if part > MOSTLY}
    for source in sorted(sources, key=lambda one: -len(one.pages)):
        if len(source.pages) < FEW or source.name in usual:
            continue
        for at in sorted(range(len(sources)), key=share.__getitem__):
            other = sources[at]
            if (
                other.name in usual
                or _alert(other) == _alert(source)
                or _leads(other.name, source.name, found)
            ):
                continue
            together = sum(
                _inside(page.time, spans[at].get(page.series, ()))
                or _inside(page.time, spans[at].get("", ()))
                for page in source.pages
            )
            if together >= ALIKE * len(source.pages):
                found[source.name] = Overlap(source.name, other.name, together, len(source.pages))
                break
    return list(found.values())


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


def _leads(name: str, to: str, found: Mapping[str, Overlap]) -> bool:
    """Return whether it has been said that one source says nothing that another does not, through others too."""
    while name in found and name != to:
        name = found[name].other
    return name == to


def _length(spans: Sequence[tuple[int, int]]) -> int:
    return sum(stop - start for start, stop in spans)


def _alert(source: AlertSource) -> str:
    return source.firings[0].name if source.firings and source.kind == "rule" else source.name
