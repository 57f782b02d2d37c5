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


SCALES: dict[str, tuple[tuple[float, float, str], ...]] = {
    "B": tuple((1024.0**n, 1024.0**n, f"{sign}iB") for n, sign in enumerate("KMGTP", start=1)),
    "bps": tuple((1e3**n, 1e3**n, f"{sign}bps") for n, sign in enumerate("kMGT", start=1)),
    "Hz": tuple((1e3**n, 1e3**n, f"{sign}Hz") for n, sign in enumerate("kMGT", start=1)),
    "W": ((1e3, 1e3, "kW"), (1e6, 1e6, "MW")),
    "s": (
        (0.0, 1e-6, "µs"),
        (1e-3, 1e-3, "ms"),
        (1.0, 1.0, "s"),
        (120.0, 60.0, "min"),
        (7200.0, 3600.0, "h"),
    ),
}
"""From which size on a base unit is written by which factor and name."""


def scale_of(unit: str, largest: float) -> tuple[float, str]:
    """Return by which factor numbers of a base unit are divided, and what they are counted in then.

    Examples
    --------
    >>> scale_of("B", 5.1e9), scale_of("s", 0.12), scale_of("B/s", 2048.0), scale_of("%", 95.0)
    ((1073741824.0, 'GiB'), (0.001, 'ms'), (1024.0, 'KiB/s'), (1.0, '%'))
    """
    base, slash, per = unit.partition("/")
    best = (1.0, unit)
    if isfinite(largest) and largest != 0:
        for least, factor, name in SCALES.get(base, ()):
            if abs(largest) >= least:
                best = (factor, f"{name}{slash}{per}")
    return best


def measured(unit: str, *values: float) -> tuple[list[str], str]:
    """Return numbers of one sentence as `together` does, in one unit, and that unit as it stands behind a number.

    Examples
    --------
    >>> measured("B", 5.1e9, 2.9e9), measured("%", 95.0, 54.2), measured("", 3.0), measured("/s", 290.0)
    ((['4.75', '2.7'], ' GiB'), (['95', '54.2'], '%'), (['3'], ''), (['290'], '/s'))
    """
    factor, name = scale_of(unit, max((abs(value) for value in values if isfinite(value)), default=0.0))
    texts = together(*(value / factor for value in values))
    return texts, name if not name or name[0] in "%/" else f" {name}"


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
