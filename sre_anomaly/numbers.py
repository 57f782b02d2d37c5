"""Numbers as people write them."""

from math import floor, isfinite, log10

DIGITS = 3
"""Significant digits of a number that nothing stands beside."""
MOST_DECIMALS = 9


def together(*values: float) -> list[str]:
    """Return numbers of one sentence: three significant digits each, and more where two of them would read alike.

    NaN and infinity become ``n/a``.

    Examples
    --------
    >>> together(74.7132, 43.659, 36.93), together(99.953, 99.987, 100.0), together(66777.0, 0.3518)
    (['74.7', '43.7', '36.9'], ['99.95', '99.99', '100'], ['66,777', '0.352'])
    """
    known = sorted({value for value in values if isfinite(value)})
    return [_written(value, known) for value in values]


def percent(share: float) -> str:
    """Return a fraction as a percentage.

    Examples
    --------
    >>> percent(0.002326), percent(0.5), percent(1.0), percent(0.0)
    ('0.23%', '50%', '100%', '0%')
    """
    if not isfinite(share):
        return "n/a"
    size = abs(100 * share)
    decimals = (
        0 if size >= 10 or size == 0 else 1 if size >= 1 else min(MOST_DECIMALS, 1 - floor(log10(size)))
    )
    return f"{100 * share:.{decimals}f}".rstrip("0" if decimals else "").rstrip("." if decimals else "") + "%"


def _written(value: float, known: list[float]) -> str:
    if not isfinite(value):
        return "n/a"
    if value != 0 and abs(value) < 1e-4:
        return f"{value:.{DIGITS}g}"
    decimals = 0 if value == 0 else DIGITS - 1 - floor(log10(abs(value)))
    if (gap := min((abs(value - other) for other in known if other != value), default=0.0)) > 0:
        decimals = max(decimals, -floor(log10(gap)))
        if value != 0:  # beyond seven significant digits nothing was measured
            decimals = min(decimals, max(0, 6 - floor(log10(abs(value)))))
    decimals = min(max(decimals, 0), MOST_DECIMALS)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
