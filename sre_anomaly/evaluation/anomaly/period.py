"""The period of a series, as TSB-AD finds it for VUS."""

import numpy as np

from sre_anomaly.frame import Array

FALLBACK = 125
"""What is taken where no period is found, as in TSB-AD."""
MOST_ROWS = 20_000
LAGS = 400
SHORTEST, LONGEST = 6, 303


def period(values: Array) -> int:
    """Return the lag, in rows, of the highest local maximum of the autocorrelation (TSB-AD's `find_length_rank`).

    Of (n,) values the first 20,000 are used, of the lags those from 3 to 400. 125 where there is no maximum, the
    highest lies below 6 or above 303 rows, a value is missing, or nothing ever changes.

    Examples
    --------
    >>> period(np.sin(2 * np.pi * np.arange(1000) / 24))
    24
    """
    values = values[:MOST_ROWS]
    rows = len(values)
    if rows < SHORTEST or not np.isfinite(values).all() or np.ptp(values) == 0:
        return FALLBACK
    centred = values - values.mean()
    size = 2 ** int(np.ceil(np.log2(2 * rows + 1)))
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    covariance = np.fft.irfft(power, size)[: min(LAGS, rows - 1) + 1]
    correlation = covariance[3:] / covariance[0]
    peaks = 1 + np.flatnonzero((correlation[1:-1] > correlation[:-2]) & (correlation[1:-1] > correlation[2:]))
    if not len(peaks):
        return FALLBACK
    found = int(peaks[np.argmax(correlation[peaks])]) + 3
    return found if SHORTEST <= found <= LONGEST else FALLBACK
