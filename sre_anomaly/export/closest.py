"""The band that a model is, where PromQL can say it, or else the one whose pages are most like the model's."""

from collections.abc import Iterator, Sequence

import numpy as np

from sre_anomaly.detector.zscore import ZScore
from sre_anomaly.export.forms import Band, Form, candidates, fixed, short, z_residual
from sre_anomaly.export.pages import Loss, Span, Timing, lost, within
from sre_anomaly.features.raw import Raw
from sre_anomaly.features.zresidual import TINY, ZResidual
from sre_anomaly.frame import Array, Times
from sre_anomaly.model.model import Model

TRIED = 40
"""Widths tried for each form, from the widest that flags anything."""
FINER = 1.12
MOST = 4
"""Widths that page more than so many times as often as the model, and once more, are not looked at."""
BETTER = 0.15
"""By so much more alike must the pages of another form be than those of the first, which holds up best on days to come."""
SAFE, UNSEEN = 1.05, 2.0
"""The widest band is so many times as wide as what was furthest off; more where nothing of it was a page."""
WIDE = 10.0
"""The factor of a band whose metric was never off what was expected."""


def exact(model: Model, metric: int) -> Band | None:
    """Return the very band of a model, or None where PromQL cannot say it."""
    detector, features, threshold = model.detector, model.features, model.threshold
    if not isinstance(detector, ZScore) or not threshold.fixed:
        return None
    centre, spread = float(detector.centre_[metric]), float(detector.spread_[metric])
    level = float(threshold.level_)
    if isinstance(features, Raw):
        return Band(fixed(centre, level * spread), level, exact=True)
    if isinstance(features, ZResidual) and (centre, spread) == (0.0, 1.0):
        return Band(z_residual(features.window, level, TINY), level, exact=True)
    return None


def closest(
    values: Array, times: Times, step: int, begin: int, pages: Sequence[Span], timing: Timing,
    direction: str, among: str = "",
) -> Band | None:  # fmt: skip
    """Return the band whose pages are most like some pages on a history (n,), all of which may be learned from.

    Only pages from ``begin`` on count, and only forms with the words ``among`` in their names; None where there is none.
    """
    spread = float(np.nanstd(values))
    least = short(0.05 * spread, 2) or short(1e-6 * max(1.0, abs(float(np.nanmean(values)))), 2)
    first: float | None = None
    best: tuple[tuple[float, int], Band] | None = None
    forms = [form for form in candidates(values, times, step, least) if among in form.name]
    for form in forms:
        of_form = [
            ((loss.alike, -abs(loss.given + loss.more - loss.pages)), band)
            for band, loss in _tried(form, values, times, step, begin, pages, timing, direction)
        ]
        if not of_form:
            continue
        # Among equals the widest band, which comes first.
        top = max(of_form, key=lambda one: one[0])
        if best is None:
            best, first = top, top[0][0]
        elif first is not None and top[0][0] > first + BETTER and top[0] > best[0]:
            best = top
    return best[1] if best is not None else Band(forms[0], WIDE, direction) if forms else None


def _tried(
    form: Form, values: Array, times: Times, step: int, begin: int, pages: Sequence[Span], timing: Timing,
    direction: str,
) -> Iterator[tuple[Band, Loss]]:  # fmt: skip
    """Yield bands from the widest on, each with its loss."""
    score = Band(form, 1.0, direction).replay(values, times, step)["anomaly_score"]
    largest = float(np.nanmax(score, initial=0.0))
    if not 0 < largest < np.inf:
        return
    for factor in (
        short(largest * (SAFE if pages else UNSEEN) / FINER**number, 3) for number in range(TRIED)
    ):
        band = Band(form, factor, direction)
        given = within(
            timing.firings(band.flags(values, times, step), times, step), begin, int(times[-1]) + step
        )
        if len(given) > MOST * len(pages) + 1:
            return
        yield band, lost(pages, given)
