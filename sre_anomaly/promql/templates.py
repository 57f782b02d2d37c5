"""Labels and annotations of an alert filled in: what of Go's templates rules use most; the rest stands as it is written."""

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from sre_anomaly.clock import in_words

ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
LABEL = re.compile(r"\$labels\.(\w+)|\.Labels\.(\w+)|\(?\s*index\s+\$labels\s+\"(\w+)\"\s*\)?")
PRINTF = re.compile(r'printf\s+"%\.?(\d*)[fgv](.*?)"')
VALUE = ("$value", ".Value")
LARGE_FROM = 6
"""Numbers of more digits before the point are written with an exponent."""
SMALL = ("", "m", "u", "n", "p", "f", "a", "z", "y")
LARGE = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
BINARY = ("", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")


def filled(template: str, labels: Mapping[str, str], value: float) -> str:
    """Return a template with the labels and the value of an alert in it.

    ``$labels.name``, ``$value``, ``printf`` with one number, and the functions ``humanize``, ``humanize1024``,
    ``humanizeDuration``, ``humanizePercentage``, ``title``, ``toUpper`` and ``toLower`` are known; any other action stays as
    it stands.

    Examples
    --------
    >>> filled('{{ $labels.job }}: {{ $value | humanizePercentage }} fail', {"job": "api"}, 0.0534)
    'api: 5.34% fail'
    """
    return ACTION.sub(lambda found: _answer(found[1], found[0], labels, value), template)


def _answer(action: str, written: str, labels: Mapping[str, str], value: float) -> str:
    first, *functions = (part.strip() for part in action.split("|"))
    got: str | float = value
    if found := LABEL.fullmatch(first):
        got = labels.get(next(name for name in found.groups() if name), "")
    elif first not in VALUE:
        # A function written before its argument.
        head, _, argument = first.rpartition(" ")
        if argument not in VALUE:
            return written
        functions.insert(0, head)
    for name in functions:
        if (printf := PRINTF.fullmatch(name)) and not isinstance(got, str):
            got = f"{got:{f'.{printf[1]}f' if printf[1] else '.6g'}}{printf[2].replace('%%', '%')}"
        elif name in FUNCTIONS:
            got = FUNCTIONS[name](got)
        else:
            return written
    return got if isinstance(got, str) else as_go_writes(got)


def as_go_writes(value: float) -> str:
    """Return a number as Prometheus shows one that no function has formatted.

    Examples
    --------
    >>> as_go_writes(2.0), as_go_writes(0.25), as_go_writes(1234567.0), as_go_writes(float("inf"))
    ('2', '0.25', '1.234567e+06', '+Inf')
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    size = len(digits) + int(exponent) - 1
    if value == 0 or -4 <= size < LARGE_FROM:
        return (
            repr(value).removesuffix(".0")
            if abs(value) >= 1e-4 or value == 0
            else f"{Decimal(repr(value)):f}"
        )
    rest = "".join(map(str, digits[1:]))
    return f"{'-' if sign else ''}{digits[0]}{'.' if rest else ''}{rest}e{'+' if size >= 0 else '-'}{abs(size):02d}"


def humanize(value: float) -> str:
    """Return a number with a metric prefix, as Prometheus writes it.

    Examples
    --------
    >>> humanize(1234567.0), humanize(0.0025)
    ('1.235M', '2.5m')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:.4g}"
    if abs(value) >= 1:
        return _scaled(value, 1000.0, LARGE)
    step = 0
    while abs(value) < 1 and step < len(SMALL) - 1:
        value, step = value * 1000, step + 1
    return f"{value:.4g}{SMALL[step]}"


def _scaled(value: float, base: float, prefixes: tuple[str, ...]) -> str:
    step = 0
    while abs(value) >= base and step < len(prefixes) - 1:
        value, step = value / base, step + 1
    return f"{value:.4g}{prefixes[step]}"


def _number(got: str | float) -> float:
    try:
        return float(got)
    except ValueError:
        return math.nan


FUNCTIONS = {
    "humanize": lambda got: humanize(_number(got)),
    "humanize1024": lambda got: _scaled(_number(got), 1024.0, BINARY),
    "humanizeDuration": lambda got: in_words(timedelta(seconds=_number(got))),
    "humanizePercentage": lambda got: f"{100 * _number(got):.4g}%",
    "title": lambda got: str(got).title(),
    "toUpper": lambda got: str(got).upper(),
    "toLower": lambda got: str(got).lower(),
}
