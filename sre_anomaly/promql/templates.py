"""Labels and annotations of an alert filled in as a Prometheus does; what asks a server stands as it is written."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sre_anomaly.promql.go_template import UnknownError, is_true, render
from sre_anomaly.promql.re2 import compile_re2

VERB = re.compile(r"%(?:%|([-+0]*)(\d*)(?:\.(\d+))?([a-zA-Z]))")
EXPAND = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")
LETTER = re.compile(r"(?<!\w)[^\W\d_]")
PORT = re.compile(r"\[([^\]]*)\]:\d+|([^:]*):\d+")
LARGE_FROM = 6
"""Numbers of more digits before the point are written with an exponent."""
SMALL = ("", "m", "u", "n", "p", "f", "a", "z", "y")
LARGE = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
BINARY = ("", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")


def filled(template: str, labels: Mapping[str, str], value: float) -> str:
    """Return a template with the labels and the value of an alert in it.

    Known are ``$labels``, ``$value``, ``if`` and ``with``, variables, comparisons, ``printf`` and the functions of Prometheus
    that need no server; any other action, such as one that asks a query, stays as it stands.

    Examples
    --------
    >>> filled('{{ $labels.job }}: {{ $value | humanizePercentage }} fail', {"job": "api"}, 0.0534)
    'api: 5.34% fail'
    >>> filled('{{ if gt $value 0.9 }}page{{ else }}ticket{{ end }}', {}, 0.95)
    'page'
    """
    if "{{" not in template:
        return template
    variables = {"$labels": labels, "$value": value, ".": {"Labels": labels, "Value": value}}
    return render(template, variables, FUNCTIONS, as_go_writes)


def as_go_writes(value: Any) -> str:
    """Return a value as Prometheus shows one that no function has formatted.

    Examples
    --------
    >>> as_go_writes(2.0), as_go_writes(0.25), as_go_writes(1234567.0), as_go_writes(float("inf"))
    ('2', '0.25', '1.234567e+06', '+Inf')
    >>> as_go_writes({"job": "api", "instance": "a:1"})
    'map[instance:a:1 job:api]'
    """
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{value[key]}' for key in sorted(value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return _not_finite(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    size = len(digits) + int(exponent) - 1
    if value == 0 or -4 <= size < LARGE_FROM:
        plain = repr(value) if abs(value) >= 1e-4 or value == 0 else f"{Decimal(repr(value)):f}"
        return plain.removesuffix(".0")
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
        return _short(value)
    if abs(value) >= 1:
        return _scaled(value, 1000.0, LARGE)
    return _enlarged(value)


def humanize_duration(value: float) -> str:
    """Return seconds as Prometheus writes them.

    Examples
    --------
    >>> humanize_duration(43200.0), humanize_duration(90061.0), humanize_duration(7.25), humanize_duration(0.002)
    ('12h 0m 0s', '1d 1h 1m 1s', '7.25s', '2ms')
    """
    if value == 0 or not math.isfinite(value):
        return f"{_short(value)}s" if value == 0 else _short(value)
    if abs(value) < 1:
        return f"{_enlarged(value)}s"
    whole = int(abs(value))
    parts = {"d": whole // 86400, "h": whole // 3600 % 24, "m": whole // 60 % 60, "s": whole % 60}
    units = list(parts)
    largest = next((place for place, unit in enumerate(units[:3]) if parts[unit]), None)
    if largest is None:
        return f"{_short(value)}s"
    return ("-" if value < 0 else "") + " ".join(f"{parts[unit]}{unit}" for unit in units[largest:])


def printf(form: str, *values: Any) -> str:
    """Return a text in a form of Go's, with one value for each verb.

    Examples
    --------
    >>> printf("%s is at %.1f%%", "a", 93.25)
    'a is at 93.2%'
    """
    waiting = list(values)

    def written(found: re.Match[str]) -> str:
        return "%" if found[0] == "%%" else _formatted(waiting.pop(0), *found.groups(""))

    try:
        text = VERB.sub(written, form)
    except IndexError:
        raise UnknownError from None
    if waiting:
        raise UnknownError
    return text


def _formatted(value: Any, flags: str, width: str, digits: str, verb: str) -> str:
    point = f".{digits}" if digits else ""
    if verb in "feg" and point and isinstance(value, float) and math.isfinite(value):
        return f"%{flags}{width}{point}{verb}" % value
    if verb in "fe" and isinstance(value, float) and math.isfinite(value):
        return f"%{flags}{width}{verb}" % value
    if verb == "d" and type(value) is int:
        return f"%{flags}{width}d" % value
    if verb == "v" or (verb in "feg" and isinstance(value, float)):
        text = as_go_writes(value)
    elif verb in "sq" and isinstance(value, str):
        text = value[: int(digits)] if digits else value
        text = f'"{text}"' if verb == "q" else text
    else:
        raise UnknownError
    return text.ljust(int(width or 0)) if "-" in flags else text.rjust(int(width or 0))


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"


def _short(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else _not_finite(value)


def _enlarged(value: float) -> str:
    step = 0
    while abs(value) < 1 and step < len(SMALL) - 1:
        value, step = value * 1000, step + 1
    return f"{_short(value)}{SMALL[step]}"


def _scaled(value: float, base: float, prefixes: tuple[str, ...]) -> str:
    step = 0
    while math.isfinite(value) and abs(value) >= base and step < len(prefixes) - 1:
        value, step = value / base, step + 1
    return f"{_short(value)}{prefixes[step]}"


def _timestamp(value: float) -> str:
    if not math.isfinite(value):
        return _short(value)
    text = datetime.fromtimestamp(round(value, 3), UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    return f"{text.rstrip('0').rstrip('.')} +0000 UTC"


def _number(got: Any) -> float:
    if isinstance(got, bool) or not isinstance(got, str | int | float):
        raise UnknownError
    return float(got)


def _of_number(function: Callable[[float], str]) -> Callable[[Any], str]:
    return lambda got: function(_number(got))


def _compared(test: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    def function(one: Any, *others: Any) -> bool:
        # Go compares no whole number with one that is none.
        if not others or any(type(one) is not type(other) for other in others):
            raise UnknownError
        return any(test(one, other) for other in others)

    return function


def _replaced(pattern: str, by: str, text: str) -> str:
    def expand(found: re.Match[str]) -> str:
        def part(name: re.Match[str]) -> str:
            wanted = name[1] or name[2]
            if wanted is None:
                return "$"
            known = int(wanted) <= len(found.groups()) if wanted.isdecimal() else wanted in found.groupdict()
            return (found[int(wanted) if wanted.isdecimal() else wanted] or "") if known else ""

        return EXPAND.sub(part, by)

    return compile_re2(pattern).sub(expand, text)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = value.get(key, "") if isinstance(value, Mapping) else value[key]
    return value


def _host(text: str) -> str:
    found = PORT.fullmatch(text)
    return text if found is None else found[1] if found[1] is not None else found[2]


def _without_domain(text: str) -> str:
    host, port = _host(text), text[len(_host(text)) :]
    return text if re.fullmatch(r"[\d.]+|.*:.*", host) else host.partition(".")[0] + port


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "humanize": _of_number(humanize),
    "humanize1024": _of_number(lambda got: _scaled(got, 1024.0, BINARY)),
    "humanizeDuration": _of_number(humanize_duration),
    "humanizePercentage": _of_number(lambda got: f"{_short(100 * got)}%"),
    "humanizeTimestamp": _of_number(_timestamp),
    "title": lambda got: LETTER.sub(lambda found: found[0].upper(), got),
    "toUpper": str.upper,
    "toLower": str.lower,
    "stripPort": _host,
    "stripDomain": _without_domain,
    "match": lambda pattern, text: compile_re2(pattern).search(text) is not None,
    "reReplaceAll": _replaced,
    "printf": printf,
    "print": lambda *got: "".join(map(as_go_writes, got)),
    "len": len,
    "index": _index,
    "not": lambda got: not is_true(got),
    "and": lambda *got: next((one for one in got if not is_true(one)), got[-1]),
    "or": lambda *got: next((one for one in got if is_true(one)), got[-1]),
    "eq": _compared(lambda one, other: one == other),
    "ne": _compared(lambda one, other: one != other),
    "lt": _compared(lambda one, other: one < other),
    "le": _compared(lambda one, other: one <= other),
    "gt": _compared(lambda one, other: one > other),
    "ge": _compared(lambda one, other: one >= other),
}
