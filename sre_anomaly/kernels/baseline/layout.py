"""The state of one metric: numbers in an array of a fixed size, what is looked at in every row first."""

import numpy as np

from sre_anomaly.frame import Array

EXPECTATIONS, FACES, BINS, SPAN = 6, 5, 33, 6.0
LONG, SHORT, FACE, OFFSETS = 101, 15, 12, 31
SAME_TIME = 4  # the expectation of the same time of day; the one after it adds the recent deviation from it
WARM, FEW = 30, 15.0  # rows before the first answer; rows at which evidence counts half of what it will
SLOTS = 240  # of the day, at most: six minutes each
YOUNG = 10.0  # errors before an expectation counts: the first say nothing of how far it is usually off
LEAST = 1e-3  # a change by this share of the value is never more than one scale
ORDINARY = 3.0  # mean errors of fewer scales hardly count, of more by their logarithm
FADE_DAYS = 30.0  # after which the longest silence so far counts a third, so that one outage does not hide all later ones
KEEP = 0.5 ** (1.0 / 30.0)  # of the exponential mean after a row: a value counts half after thirty
QUANTILE = 0.8  # the share of its errors that an expectation's scale holds
SILENCE = 0.9  # what a missing value weighs against one that is far off
CLIP = 3.0  # how many scales one row may move the usual time of day
ROWS, CLOCK, LAST, MEAN, WEIGHT, EVIDENCE, UNIT = range(7)
GAP, LONGEST, GAPS, KEPT, N_LONG, N_SHORT, LOWEST, DAY, APART, WITHIN = range(7, 17)
PLACED_AT, PLACED = 17, 18  # the row and the value that the places below are of
SCALES = 19  # where each part of the state begins
ERRORS = SCALES + EXPECTATIONS
COUNTS = ERRORS + EXPECTATIONS
EXPECTED = COUNTS + EXPECTATIONS
PLACES = EXPECTED + EXPECTATIONS  # the centre and width of each face's bins
FOUND = PLACES + 2 * FACES  # in which bin the last value looked at lies
# The order of what is in a window, a byte each: a fleet's step waits for memory, so what is looked at is kept small.
ORDER_LONG = FOUND + FACES
ORDER_SHORT = ORDER_LONG + (LONG + 7) // 8
ORDER_RECENT = ORDER_SHORT + (SHORT + 7) // 8
HISTOGRAMS = ORDER_RECENT + (OFFSETS + 7) // 8  # how many lie in each bin or below it, four bytes each
RING = HISTOGRAMS + (FACES * BINS + 1) // 2
RECENT = RING + LONG
PROFILE = RECENT + OFFSETS


def new_surprise(slots: int, rows_a_day: int = 0) -> Array:
    """Return the state of a metric before its first row; ``slots`` parts of the day, 0 where there is no time of day."""
    state = np.zeros(PROFILE + slots)
    for begin, size in ((RING, LONG), (RECENT, OFFSETS), (EXPECTED, EXPECTATIONS), (PROFILE, slots)):
        state[begin : begin + size] = np.nan
    state[PLACED_AT] = -1.0
    state[LAST], state[UNIT], state[LOWEST], state[DAY] = np.nan, np.inf, np.inf, rows_a_day
    return state
