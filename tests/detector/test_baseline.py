"""The adaptive baseline: causal, blind to unit and scale, bounded, and its band says what its score says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_anomaly.detector.baseline import Baseline
from sre_anomaly.frame import MetricFrame
from sre_anomaly.kernels.baseline.layout import SLOTS, new_surprise
from sre_anomaly.kernels.baseline.rows import CHANCE
from sre_anomaly.known import Known, Windows

STEP = 300_000_000_000


def _baseline(rows, columns=1, timezone="UTC"):
    clock = pd.date_range("2024-01-01", periods=rows, freq="5min", tz="UTC")
    frame = MetricFrame(
        "x", clock, np.zeros((rows, columns)), tuple(map(str, range(columns))), timezone=timezone
    )
    detector = Baseline()
    detector.meet(frame)
    return detector, frame.time.asi8


def _scores(values):
    rows = values.reshape(len(values), -1)
    detector, times = _baseline(len(rows), rows.shape[1])
    return detector.advance(detector.new_state(rows.shape[1])[np.newaxis], times, rows)


def _noise(rows, seed=0):
    return np.random.default_rng(seed).normal(100.0, 5.0, rows)


def test_state_is_small():
    """A metric takes less than 8 kB, whatever its history."""
    assert new_surprise(SLOTS).nbytes <= 8192


@given(st.floats(1e-6, 1e9), st.floats(-1e3, 1e3))
def test_unit_and_zero_do_not_matter(scale, shift):
    """Counted in another unit, or from another zero, the same metric has the same scores."""
    values = _noise(400)
    values[300:310] += 60.0
    moved = _scores(values * scale + shift * scale)
    np.testing.assert_allclose(moved, _scores(values), rtol=2e-2, atol=2e-2)


def test_the_first_rows_have_no_score():
    """Thirty data points come before the first answer."""
    scores = _scores(_noise(60))
    assert np.isnan(scores[:29]).all()
    assert np.isfinite(scores[30:]).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_flag_is_outside_the_band(seed):
    """At any level, a single metric is above it exactly where its value lies outside its bounds."""
    generator = np.random.default_rng(seed)
    values = generator.normal(100.0, 5.0, 600)[:, np.newaxis]
    values[generator.integers(100, 600, 12)] += generator.normal(0.0, 60.0, (12, 1))
    values[200:204] = np.nan
    detector, times = _baseline(600)
    scores = detector.advance(detector.new_state(1)[np.newaxis], times, values)
    levels = np.full(600, 4.0)
    bands = detector.bands(detector.new_state(1)[np.newaxis], times, values, levels)[:, 0]
    asked = np.isfinite(scores) & np.isfinite(values[:, 0]) & np.isfinite(bands).all(axis=1)
    outside = (values[:, 0] < bands[:, 1]) | (values[:, 0] > bands[:, 2])
    # What is still remembered of the rows before can be enough by itself: then the band has shrunk to its middle.
    shrunk = bands[:, 1] == bands[:, 2]
    assert asked.sum() > 500
    assert (scores > 4.0)[asked & ~shrunk].sum() > 2
    np.testing.assert_array_equal((scores > 4.0)[asked & ~shrunk], outside[asked & ~shrunk])


def test_one_metric_alone_is_enough():
    """An incident in one of eight metrics is not drowned by the others."""
    values = np.column_stack([_noise(900, seed) for seed in range(8)])
    values[600:606, 3] += 60.0
    scores = _scores(values)
    assert np.nanargmax(scores) in range(600, 606)
    assert np.nanmax(scores[600:606]) > 1.5 * np.nanmax(scores[:600])


def test_a_change_that_stays_becomes_usual():
    """A lasting shift stands out when it comes, and a day later no more."""
    values = _noise(2000)
    values[1000:] += 60.0
    scores = _scores(values)
    assert scores[1001] > 8.0
    assert np.nanmax(scores[1300:]) < 5.0


def test_a_trend_is_expected_and_a_jump_in_it_is_not():
    """Of a disk that fills evenly only the jump stands out."""
    values = 30.0 + 0.06 * np.arange(700) + np.random.default_rng(1).normal(0.0, 0.05, 700)
    values[500:512] += 4.0
    scores = _scores(values)
    assert np.nanmax(scores[100:500]) < 4.0
    assert scores[500] > 6.0


def test_silence_is_evidence_and_usual_silence_is_not():
    """A gap longer than any before stands out; the same gap every day does not in the second week."""
    values = _noise(288 * 14)
    values[3000:3072] = np.nan
    assert np.nanmax(_scores(values)[3000:3072]) > 5.0
    nightly = _noise(288 * 14)
    for day in range(14):
        nightly[288 * day : 288 * day + 72] = np.nan
    assert np.nanmax(_scores(nightly)[288 * 7 :]) < 5.0


def test_a_metric_that_never_moves():
    """A constant scores nothing; its first move does."""
    values = np.full(400, 7.0)
    values[300] = 8.0
    scores = _scores(values)
    assert np.nanmax(scores[:300]) < 1e-6
    assert scores[300] > 10.0


def test_the_time_of_day_is_the_owners():
    """After daylight saving began, the usual hours are those of the wall clock."""
    clock = pd.date_range("2024-03-10", "2024-04-10", freq="15min", tz="UTC", inclusive="left")
    hour = clock.tz_convert("Europe/Berlin").hour.to_numpy()
    values = np.where((hour >= 8) & (hour < 18), 200.0, 50.0) + np.random.default_rng(2).normal(
        0, 2, len(clock)
    )
    after = {}
    for zone in ("UTC", "Europe/Berlin"):
        detector = Baseline()
        frame = MetricFrame("x", clock, values[:, np.newaxis], ("x",), timezone=zone)
        detector.meet(frame)
        scores = detector.advance(detector.new_state(1)[np.newaxis], frame.time.asi8, frame.values)
        after[zone] = np.nanmean(scores[clock >= "2024-04-01"])
    assert after["Europe/Berlin"] < 0.9 * after["UTC"]


def _with_known(values, known):
    clock = pd.date_range("2024-01-01", periods=len(values), freq="5min", tz="UTC")
    frame = MetricFrame("x", clock, values[:, np.newaxis], ("x",), known={"x": known})
    detector = Baseline()
    detector.meet(frame)
    scores = detector.advance(detector.new_state(1)[np.newaxis], frame.time.asi8, frame.values)
    levels = np.full(len(values), 4.0)
    bands = detector.bands(detector.new_state(1)[np.newaxis], frame.time.asi8, frame.values, levels)
    return scores, bands[:, 0]


def test_only_the_side_that_matters():
    """Of a latency for which only more is bad, a fall is no matter, and a rise is as before."""
    values = _noise(900)
    values[500:505] -= 60.0
    values[700:705] += 60.0
    scores, bands = _with_known(values, Known(direction="above"))
    assert np.nanmax(scores[450:600]) < 4.0 < scores[701]
    assert (bands[100:, 1] == 0.0).all()


def test_a_change_too_small_to_matter():
    """However regular a metric is, a change below the least is none."""
    values = np.random.default_rng(4).normal(100.0, 0.01, 900)
    values[700:710] += 1.0
    assert np.nanmax(_with_known(values, Known())[0][690:720]) > 6.0
    assert np.nanmax(_with_known(values, Known(least_change=2.0))[0]) < 1e-6
    assert np.nanmax(_with_known(values, Known(least_share=0.02))[0]) < 1e-6


def test_what_cannot_be_is_always_reported():
    """A value outside what is possible stands out, and no bound is drawn there."""
    values = np.random.default_rng(5).uniform(0.0, 100.0, 900)
    values[800] = 101.0
    scores, bands = _with_known(values, Known(possible=(0.0, 100.0)))
    assert np.nanargmax(scores) == 800
    assert scores[800] > 20.0
    late = bands[100:800]
    assert (late[:, 1] >= -1e-6).all()
    assert (late[:, 2] <= 100.0 + 1e-6).all()


def _met(values, known=None, windows=None):
    """Return a detector that has met a frame of five-minute rows, and the frame."""
    rows = values.reshape(len(values), -1)
    clock = pd.date_range("2024-01-01", periods=len(rows), freq="5min", tz="UTC")
    names = tuple(map(str, range(rows.shape[1])))
    frame = MetricFrame("x", clock, rows, names, known=known or {}, windows=windows or Windows())
    detector = Baseline()
    detector.meet(frame)
    return detector, frame


def _run(detector, frame, level=4.0):
    """Return scores, shares and bands at a level."""
    states, columns = detector.new_state(len(frame.metrics))[np.newaxis], len(frame.metrics)
    shares = np.full(frame.values.shape, np.nan)
    scores = detector.advance(states.copy(), frame.time.asi8, frame.values, shares)
    bands = detector.bands(states.copy(), frame.time.asi8, frame.values, np.full(len(frame), level))
    assert bands.shape == (len(frame), columns, 3)
    return scores, shares, bands


@pytest.mark.parametrize("seed", range(3))
def test_a_band_among_several_metrics(seed):
    """A value is outside its band exactly where its metric alone, by its weight, puts the row above the level."""
    generator = np.random.default_rng(seed)
    values = generator.normal(100.0, 5.0, (700, 4))
    for column in range(4):
        values[generator.integers(100, 700, 10), column] += generator.normal(0.0, 60.0, 10)
    # One that appears later: until then there are three to choose from.
    values[:300, 3] = np.nan
    values[400:404, 0] = np.nan
    known = {"1": Known(weight=2.0), "2": Known(weight=0.0), "3": Known(weight=0.5)}
    scores, shares, bands = _run(*_met(values, known))
    counted = np.isfinite(shares) & (np.array([1.0, 2.0, 0.0, 0.5]) > 0)
    alone = shares / (1.0 + CHANCE * np.log(counted.sum(axis=1, keepdims=True).clip(1))) > 4.0
    asked = np.isfinite(shares) & np.isfinite(values) & np.isfinite(bands[..., 0])
    asked &= bands[..., 1] != bands[..., 2]
    outside = (values < bands[..., 1]) | (values > bands[..., 2])
    np.testing.assert_array_equal(outside[asked], alone[asked])
    assert (scores[(outside & asked).any(axis=1)] > 4.0).all()
    assert [bool((outside & asked)[:, column].any()) for column in range(3)] == [True, True, False]


def test_weight_narrows_the_band():
    """At the same level a metric that counts twice has a narrower band, and one that counts nothing has none."""
    values = np.tile(_noise(700)[:, np.newaxis], 3)
    _, shares, bands = _run(*_met(values, {"1": Known(weight=2.0), "2": Known(weight=0.0)}))
    wide, narrow, none = (bands[200:, column, 2] - bands[200:, column, 0] for column in range(3))
    assert (narrow < wide).all()
    assert np.isinf(none).all()
    np.testing.assert_allclose(shares[40:, 1], 2.0 * shares[40:, 0])


@pytest.mark.slow
def test_weight_zero_pages_nobody():
    """A metric of weight 0 leaves the scores of the others as they are, whatever it does; alone it gives none."""
    values = np.column_stack([_noise(700), _noise(700, 1)])
    values[500:510, 1] += 500.0
    ignored = {"1": Known(weight=0.0)}
    np.testing.assert_allclose(_run(*_met(values, ignored))[0], _scores(values[:, 0]))
    assert np.isnan(_run(*_met(values[:, 1:], {"0": Known(weight=0.0)}))[0]).all()


def _window(first, last):
    clock = pd.date_range("2024-01-01", periods=2000, freq="5min", tz="UTC").as_unit("ns").asi8
    return Windows(apart=np.array([[clock[first], clock[last]]]))


def test_nothing_in_a_window_becomes_usual():
    """Whatever happens in a window, the scores after it are the same; in it, rows are scored."""
    usual = _noise(1200)
    scores = {}
    for move in (0.0, 300.0):
        values = usual.copy()
        values[800:860] += move
        scores[move] = _run(*_met(values, windows=_window(800, 860)))[0]
    np.testing.assert_array_equal(scores[300.0][860:], scores[0.0][860:])
    np.testing.assert_array_equal(scores[300.0][:800], scores[0.0][:800])
    assert np.nanmax(scores[300.0][800:860]) > 8.0


def test_an_outage_in_a_window_hides_none_after_it():
    """An outage in a maintenance window does not make the next one usual, and its end is no alarm."""
    values = _noise(1200)
    values[800:860] = 0.0
    values[1000:1012] = 0.0
    learned, apart = _run(*_met(values))[0], _run(*_met(values, windows=_window(800, 860)))[0]
    assert np.nanmax(apart[860:1000]) < 4.0 < np.nanmax(learned[860:1000])
    assert np.nanmax(apart[1000:1012]) > np.nanmax(learned[1000:1012])


def test_silence_around_a_window():
    """A silence that begins in a window and goes on after it is evidence; one within it is not learned as usual."""
    values = _noise(1200)
    values[800:830] = np.nan
    values[1000:1030] = np.nan
    scores = _run(*_met(values, windows=_window(800, 830)))[0]
    assert np.nanmax(scores[1000:1030]) == pytest.approx(np.nanmax(_run(*_met(values))[0][800:830]), rel=0.2)
    values[830:840] = np.nan
    assert np.nanmax(_run(*_met(values, windows=_window(800, 830)))[0][830:840]) > 4.0


def test_a_hair_above_what_is_possible_is_rounding():
    """The mean of numbers that are all 100 may be a little more, which is not impossible."""
    values = np.random.default_rng(5).uniform(0.0, 100.0, 900)
    values[700:] = 100.0 + 1e-12
    assert np.nanmax(_with_known(values, Known(possible=(0.0, 100.0)))[0][700:]) < 20.0


def test_a_look_back_leaves_the_state_and_fills_the_shares():
    """What is known after the last row stays as it is; a column's share is its own score, judged by both sides."""
    values = np.column_stack([_noise(900, seed) for seed in range(3)])
    values[500:506, 1] += 60.0
    detector, times = _baseline(900, 3)
    state = detector.new_state(3)[np.newaxis]
    causal = detector.advance(state, times, values)
    before, shares = state.tobytes(), np.empty(values.shape)
    scores = detector.hindsight(state, times, values, shares)
    assert state.tobytes() == before
    assert np.isfinite(scores[:30]).all()
    assert np.isnan(causal[:29]).all()
    assert np.nanargmax(scores) in range(500, 506)
    assert (np.argmax(shares[500:506], axis=1) == 1).all()
    bands = detector.hindsight_bands(state, times, values, np.where(scores > 6.0, 6.0, np.nan))
    assert state.tobytes() == before
    assert np.isnan(bands[:490]).all()
    assert (values[500:503, 1] > bands[500:503, 1, 2]).all()


def test_a_look_back_covers_what_a_look_forth_forgets():
    """Of an outage longer than a memory the end stands out too, and no data point before its begin does."""
    values = _noise(2000, 4)
    values[1000:1060] -= 60.0
    detector, times = _baseline(2000)
    rows = values[:, np.newaxis]
    state = detector.new_state(1)[np.newaxis]
    causal = detector.advance(state, times, rows)
    scores = detector.hindsight(state, times, rows, np.empty(rows.shape))
    assert causal[1050:1060].max() < 5.0 < scores[1050:1060].min()
    assert scores[1000] > 5.0
    assert scores[950:1000].max() < 5.0
