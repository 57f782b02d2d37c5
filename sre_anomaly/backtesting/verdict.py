"""What to say of an alert source in one line, and which other setting would be better."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sre_anomaly.backtesting.card import Card
from sre_anomaly.backtesting.outcome import AlertSource, Change, Scope
from sre_anomaly.promql.tokens import selectors

Changes = Sequence[tuple[Change, Card]]

OFTEN = 7.0
"""Pages a week from which on a source is noisy whoever it pages."""
ALWAYS = 0.5
"""Share of the time in alert from which on nobody looks any more."""
ORDER = ("keep_firing_for", "for", "limit", "pages_per_week")
"""From what costs least to what costs most."""
KEPT, LEFT = 2 / 3, 0.2
"""A change that keeps two thirds of what was caught, and a fifth of the false pages, is worth saying."""
OFTEN_ON = 0.1
"""Share of the time in alert from which on incidents are caught by chance too."""
FEW = 4
"""Fewer pages than these say little about what a change would do."""


@dataclass(frozen=True)
class Verdict:
    """One line, how bad it is, and the change that would help; None where none does."""

    text: str
    grade: str
    """``good``, ``quiet``, ``noisy``, ``broken`` or ``unknown``."""
    change: Change | None = None
    after: Card | None = None


def verdict(source: AlertSource, found: Card, changes: Changes, scope: Scope) -> Verdict:
    """Return what to say of a source; ``changes`` are what other settings would have given."""
    if source.cannot:
        return Verdict(f"can never fire: the server has no metric {source.lacking}", "broken")
    over = f"in {scope}"
    if not source.firings:
        missed = f"; it missed {found.missed} of {_all(found)} incidents" if found.missed else ""
        lacks = f"; the server has no metric {source.lacking}" if source.lacking else ""
        return Verdict(f"never fired {over}{missed}{lacks}", "quiet")
    if found.in_alert > ALWAYS and source.kind == "rule" and not any(selectors(source.says)):
        return Verdict("always fires, as a dead man's switch is meant to: it asks for no metric", "quiet")
    if found.in_alert > ALWAYS:
        return Verdict(f"fires {found.in_alert:.0%} of the time: nobody looks any more", "noisy")
    said = f"pages {_times(found.pages)} {over}"
    if found.false is not None:
        return _with_truth(found, said, changes)
    if found.pages >= FEW and found.flapping > found.pages / 3:
        better = _best(found, changes, lambda one: one.pages <= 0.6 * found.pages)
        return _noisy(f"{said}; its alerts were back within an hour {_times(found.flapping)}", better, found)
    if found.pages >= FEW and found.per_week > OFTEN:
        better = _best(found, changes, lambda one: one.pages <= 0.5 * found.pages)
        return _noisy(said, better, found)
    return Verdict(said, "unknown" if found.pages else "quiet")


def _with_truth(found: Card, said: str, changes: Changes) -> Verdict:
    assert found.false is not None
    assert found.caught is not None
    if found.in_alert > OFTEN_ON:
        said = f"{said} and fires {found.in_alert:.0%} of the time"
    caught = f"caught {found.caught} of {_all(found)} incidents" + (
        f", {found.late} late" if found.late else ""
    )
    if found.pages and found.false > found.pages / 2:
        text = f"{said}, {found.false} of them with nothing wrong; {caught}"
        fewer = found.false - max(1, found.false // 3)
        better = _best(
            found,
            changes,
            lambda one: (one.caught or 0) >= (found.caught or 0) and (one.false or 0) <= fewer,
        )
        if better is None and found.caught:
            # Much quieter for little lost is worth saying, with what is lost.
            least, most = math.ceil(found.caught * KEPT), found.false * LEFT
            better = _best(
                found, changes, lambda one: (one.caught or 0) >= least and (one.false or 0) <= most
            )
        if better is None and not found.caught and found.pages >= FEW:
            return Verdict(f"{text}: nothing would be missed without it", "noisy")
        return _noisy(text, better, found)
    wrong = f", {found.false} with nothing wrong" if found.false else ""
    return Verdict(f"{said}{wrong}; {caught}", "good" if found.caught else "quiet")


def _noisy(text: str, better: tuple[Change, Card] | None, found: Card) -> Verdict:
    if better is None:
        return Verdict(text, "noisy")
    change, after = better
    left = f"{_pages(after.pages)} left"
    if after.false is not None and found.false is not None:
        lost = (found.caught or 0) - (after.caught or 0)
        missed = (
            "nothing more is missed" if lost <= 0 else f"{lost} of the {found.caught} caught would be missed"
        )
        left = f"{after.false} of the {found.false} false ones are left, and {missed}"
    return Verdict(f"{text}: with {change.text}, {left}", "noisy", change, after)


def _best(found: Card, changes: Changes, enough: Callable[[Card], bool]) -> tuple[Change, Card] | None:
    """Return the mildest change that is enough; of those of one kind the first, as they are ordered from mild to strong."""
    if found.pages < FEW:
        return None
    good = [(change, after) for change, after in changes if enough(after)]
    return max(good, key=lambda pair: (pair[1].caught or 0, -ORDER.index(pair[0].key)), default=None)


def _all(found: Card) -> int:
    return (found.caught or 0) + (found.missed or 0)


def _pages(count: int) -> str:
    return "no page is" if not count else "1 page is" if count == 1 else f"{count:,} pages are"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
