"""The laws of detectors, thresholds and alert policies, as checks; `sre_anomaly.testing` hands them on."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from sre_anomaly.config.build import build
from sre_anomaly.testing.examples import (
    CUT,
    ROWS,
    Node,
    assert_equal_alerts,
    example_flags,
    example_scores,
    fitted,
    replay,
    same,
)

Checks = list[Callable[[Node], None]]


# Detectors


def detector_never_looks_ahead(node: Node) -> None:
    """Score rows with and without those that follow: equal, so nothing later can reach a score."""
    X, detector = fitted(node)
    same(detector.score(X[:40])[:15], detector.score(X[:15]), "a prefix is scored differently")


def detector_goes_row_by_row(node: Node) -> None:
    """Give the same scores and end in the same state row by row and all at once, also beside another series."""
    X, detector = fitted(node)
    rows, times = np.ascontiguousarray(X[:150]), 900_000_000_000 * np.arange(1, 151)
    state, other = detector.new_state(X.shape[1])[np.newaxis], detector.new_state(X.shape[1])[np.newaxis]
    pair = np.tile(other, (2, 1))
    together = detector.advance(state, times, rows)
    each = [slice(row, row + 1) for row in range(len(rows))]
    alone = [detector.advance(other, times[one], rows[one])[0] for one in each]
    same(together, np.array(alone), "a row by itself is scored differently")
    assert state.tobytes() == other.tobytes(), "a stream ends in another state than a batch"
    both = [detector.advance(pair, times[[row, row]], rows[[row, (row + 40) % 150]])[0] for row in range(150)]
    same(together, np.array(both), "a second series changes the scores of the first")


def detector_goes_on_from_a_state(node: Node) -> None:
    """Restore what was learned and the state: it goes on as if nothing had happened."""
    X, detector = fitted(node)
    state = detector.new_state(X.shape[1])[np.newaxis]
    times = 900_000_000_000 * np.arange(1, 121)
    detector.advance(state, times[:80], X[:80])
    kept = state.copy()
    restored = build("detector", node, seed=1).restore(detector.learned())
    expected = detector.advance(state, times[80:], X[80:120])
    same(expected, restored.advance(kept, times[80:], X[80:120]), "a restored detector goes on differently")


def detector_keeps_its_shape(node: Node) -> None:
    """One finite float64 score a row; contributions, if any, one a column."""
    X, detector = fitted(node)
    scores = detector.score(X[:40])
    assert scores.shape == (40,), f"shape {scores.shape}"
    assert scores.dtype == np.float64, f"dtype {scores.dtype}"
    # One that is scored by earlier rows alone cannot say anything of the first.
    first = int(np.argmax(np.isfinite(scores))) if detector.prequential else 0
    assert np.isfinite(scores[first:]).all(), "scores of complete rows must be finite"
    shares = detector.contributions(X[:40])
    assert shares is None or shares.shape == (40, X.shape[1]), "contributions need a column per feature"


def detector_higher_is_stranger(node: Node) -> None:
    """Rows far outside of everything seen score above the ordinary ones."""
    X, detector = fitted(node)
    scores = detector.score(np.concatenate([X[:CUT], X[:5] + 60.0]))
    assert (scores[CUT:] > np.nanmedian(scores[:CUT])).all(), "a row far outside does not score higher"


def detector_is_deterministic(node: Node) -> None:
    """Two fits on the same rows give the same bytes."""
    X, detector = fitted(node)
    _, other = fitted(node)
    assert detector.score(X[:40]).tobytes() == other.score(X[:40]).tobytes(), "two equal fits differ"


def detector_only_answers(node: Node) -> None:
    """Scoring twice gives the same and leaves the input untouched."""
    X, detector = fitted(node)
    original = X.copy()
    first = detector.score(X[:40])
    same(first, detector.score(X[:40]), "asking changed the answer")
    same(original, X, "the input was changed")


# Thresholds


def threshold_never_looks_ahead(node: Node) -> None:
    """Change later scores: no earlier level changes; and there is one for every row."""
    scores, labels = example_scores()
    threshold = build("threshold", node)
    threshold.fit(scores[:CUT], labels[:CUT] if threshold.needs_labels else None)
    levels = threshold.level(scores)
    assert levels.shape == scores.shape, f"shape {levels.shape}"
    later = scores.copy()
    later[CUT:] = 1 - later[CUT:]
    same(levels[: CUT + 1], threshold.level(later)[: CUT + 1], "a changed future changed the level")


def threshold_only_answers(node: Node) -> None:
    """Fitting twice gives the same level, asking changes nothing, the input stays."""
    scores, labels = example_scores()
    original = scores.copy()
    threshold = build("threshold", node)
    first = threshold.fit(scores, labels if threshold.needs_labels else None).level(scores)
    again = threshold.fit(scores, labels if threshold.needs_labels else None).level(scores)
    same(first, again, "fitting twice gives another level")
    same(original, scores, "the input was changed")
    assert np.isfinite(threshold.describe()["level"]), "describe() must give the level"


def threshold_goes_row_by_row(node: Node) -> None:
    """Give the same levels row by row and all at once; a row without a score changes nothing."""
    scores, labels = example_scores()
    threshold = build("threshold", node)
    threshold.fit(scores, labels if threshold.needs_labels else None)
    state = threshold.new_state()[np.newaxis]
    alone = []
    for row in range(len(scores)):
        alone.append(threshold.advance(state, scores[row : row + 1])[0])
        threshold.advance(state, np.array([np.nan]))
    same(threshold.level(scores), np.array(alone), "a score by itself meets another level")


# Alert policies


def alerts_skip_only_what_changes_nothing(node: Node) -> None:
    """Skipping quiet rows while idle gives the same alerts as feeding every row."""
    flags = example_flags()
    assert_equal_alerts(replay(build("alerts", node), flags), replay(build("alerts", node), flags, skip=True))


def alerts_never_look_ahead(node: Node) -> None:
    """Change later rows: nothing that was said before changes."""
    flags = example_flags()
    changed = flags.copy()
    changed[CUT:] = ~changed[CUT:]
    policy, other = build("alerts", node), build("alerts", node)
    assert_equal_alerts(replay(policy, flags, until=CUT), replay(other, changed, until=CUT))


def alerts_make_sense(node: Node) -> None:
    """Alerts are ordered, closed in the end, hold their peak, and never come from rows without a score."""
    alerts = replay(build("alerts", node), example_flags())
    assert alerts, "no alert at all"
    for alert in alerts:
        assert alert.closed, "an alert stays open after finish()"
        assert alert.start <= alert.fired < alert.end, "an alert fires inside its own window"
        assert alert.start <= alert.peak < alert.end, "an alert holds its peak"
    assert all(a.end <= b.start for a, b in pairwise(alerts)), "alerts overlap"
    assert not replay(build("alerts", node), np.zeros(ROWS, dtype=bool), score=np.nan), "NaN opened an alert"


DETECTOR: Checks = [
    detector_never_looks_ahead,
    detector_goes_row_by_row,
    detector_goes_on_from_a_state,
    detector_keeps_its_shape,
    detector_higher_is_stranger,
    detector_is_deterministic,
    detector_only_answers,
]
THRESHOLD: Checks = [threshold_never_looks_ahead, threshold_goes_row_by_row, threshold_only_answers]
ALERTS: Checks = [alerts_skip_only_what_changes_nothing, alerts_never_look_ahead, alerts_make_sense]
