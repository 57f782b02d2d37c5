"""Alerts on the speed at which a service uses up its error budget: several windows, several burn rates.

As the workbook of Google's SREs has them in its chapter Alerting on SLOs: a page where 2 % of the budget went in an hour or
5 % in six hours, a ticket where 10 % went in a day or in three. Each looks at a window twelve times shorter too, so that it
ends soon after the errors do.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sre_anomaly.clock import parse_duration
from sre_anomaly.errors import ConfigError
from sre_anomaly.promql.rule_text import quoted
from sre_anomaly.promql.tokens import selectors, tokens

WINDOW = re.compile(r"\$window\b|\$\{window\}")
VARIABLE = re.compile(r"\$\{?(\w+)\}?")
RECORD = "slo:error_ratio:rate"
"""The name of a recorded error ratio, before its window."""
ALERT = "ErrorBudgetBurn"
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


@dataclass(frozen=True)
class Burn:
    """One row of the workbook's table."""

    severity: str
    long: str
    short: str
    percent: int
    """Of the budget, used up in the long window, where the period is long enough for that to be too fast."""

    def rate(self, period: timedelta) -> Decimal:
        """Return how many times as fast as it lasts the budget is used up; never below 1, which is what it is there for.

        Examples
        --------
        >>> [str(one.rate(timedelta(days=30))) for one in BURNS]
        ['14.4', '6', '3', '1']
        """
        share = Decimal(self.percent) / 100
        return max(Decimal(1), round(share * Decimal(period / parse_duration(self.long)), 4).normalize())

    def burned(self, period: timedelta) -> Decimal:
        """Return the percentage of the budget that goes in the long window at that rate.

        Examples
        --------
        >>> [str(one.burned(timedelta(days=7))) for one in BURNS]
        ['2', '5', '14.3', '42.9']
        """
        return round(100 * self.rate(period) / Decimal(period / parse_duration(self.long)), 1).normalize()


BURNS = (
    Burn("page", "1h", "5m", 2),
    Burn("page", "6h", "30m", 5),
    Burn("ticket", "1d", "2h", 10),
    Burn("ticket", "3d", "6h", 10),
)


def burn_rate_rules(
    slo: float, errors: str, total: str, *, period: str = "30d", name: str = "slo"
) -> dict[str, Any]:
    """Return the rules of an SLO, in the shape of a rule file: its error ratio over each window, and the alerts.

    A rate that even a full outage does not reach has no alert: at ``slo=90`` it is 10 times the budget, and 14.4 is out
    of reach. `burn_rate_comment` says so.

    Parameters
    ----------
    slo : float
        The percentage of events that have to be good, such as 99.9.
    errors, total : str
        Of bad events and of all: the selector of a counter, or an expression with ``$window`` in it. That of a latency
        SLO is all minus those that were quick enough, such as
        ``sum(rate(x_count[$window])) - sum(rate(x_bucket{le="0.5"}[$window]))``.
    period : str
        For which the budget has to last.
    name : str
        Of the SLO; the label ``slo`` of all that comes of these rules.

    Raises
    ------
    ConfigError
        If one of them cannot be.

    Examples
    --------
    >>> rules = burn_rate_rules(99.9, 'http_requests_total{code=~"5.."}', "http_requests_total")["groups"][0]["rules"]
    >>> [rule.get("record") or f'{rule["labels"]["severity"]} after {rule["labels"]["long"]}' for rule in rules][5:9]
    ['slo:error_ratio:rate1d', 'slo:error_ratio:rate3d', 'page after 1h', 'page after 6h']
    """
    budget, lasts = _budget(slo), _period(period)
    if not name.strip():
        raise ConfigError("name: the SLO needs one, such as name=checkout")
    bad, every = _rate("errors", errors), _rate("total", total)
    if bad == every:
        raise ConfigError("errors: is the same as total, so that every event would be an error")
    alerts = [
        _alert(burn, budget, lasts, period.strip(), name) for burn in BURNS if _reachable(burn, budget, lasts)
    ]
    used = {window for rule in alerts for window in (rule["labels"]["long"], rule["labels"]["short"])}
    recorded = [
        {
            "record": f"{RECORD}{window}",
            "expr": WINDOW.sub(window, f"(\n  {bad}\n)\n/\n(\n  {every}\n)"),
            "labels": {"slo": name},
        }
        for window in WINDOWS
        if window in used
    ]
    # One group: the alerts see the ratios of the same moment.
    return {"groups": [{"name": f"slo {name}", "rules": [*recorded, *alerts]}]}


def burn_rate_comment(slo: float, *, period: str = "30d", name: str = "slo") -> str:
    """Return what the head of a rule file says of the SLO and its alerts.

    Examples
    --------
    >>> print(burn_rate_comment(99.9, name="checkout").splitlines()[0])
    checkout: 99.9 % of the events of 30d are to be good, so that 0.1 % may be bad: the error budget.
    """
    budget, lasts = _budget(slo), _period(period)
    lines = [
        f"{name}: {_plain(100 - 100 * budget)} % of the events of {period.strip()} are to be good, so that "
        f"{_plain(100 * budget)} % may be bad: the error budget."
    ]
    for burn in BURNS:
        said = f"{burn.severity} at a burn rate above {_plain(burn.rate(lasts))} over {burn.long} and over {burn.short}"
        if _reachable(burn, budget, lasts):
            lines.append(f"A {said}: {_plain(burn.burned(lasts))} % of the budget gone in {burn.long}.")
        else:
            lines.append(f"No {said}: that of a full outage is {_plain(round(1 / budget, 1))}.")
    return "\n".join(lines)


def _alert(burn: Burn, budget: Decimal, lasts: timedelta, period: str, name: str) -> dict[str, Any]:
    rate, share = _plain(burn.rate(lasts)), _plain(burn.burned(lasts))
    ratios = [
        f"{RECORD}{window}{{slo={quoted(name)}}} > ({rate} * {_plain(budget)})"
        for window in (burn.long, burn.short)
    ]
    return {
        "alert": ALERT,
        "expr": "\nand\n".join(ratios),
        "labels": {"severity": burn.severity, "long": burn.long, "short": burn.short},
        "annotations": {
            "summary": f"{{{{ $labels.slo }}}}: the error budget of {period} burns at more than {rate} times the rate it allows",
            "description": f"{{{{ $value | humanizePercentage }}}} of the events of the last {burn.long} were bad, where "
            f"{_plain(100 * budget)}% may be. At a burn rate of {rate}, {share}% of the budget is gone in {burn.long}.",
            "budget_burned": f"{share}%",
        },
    }


def _reachable(burn: Burn, budget: Decimal, lasts: timedelta) -> bool:
    """Return whether a full outage is faster than this."""
    return burn.rate(lasts) * budget < 1


def _budget(slo: Any) -> Decimal:
    """Return the share of events that may be bad, in the digits in which people think of it."""
    if isinstance(slo, bool) or not isinstance(slo, int | float) or not 0 < slo < 100:
        raise ConfigError(f"slo={slo}: write the percentage of events that have to be good, such as slo=99.9")
    if slo < 1:
        raise ConfigError(f"slo={slo}: is a percentage; did you mean slo={_plain(Decimal(str(slo)) * 100)}?")
    return 1 - Decimal(str(slo)) / 100


def _period(text: str) -> timedelta:
    try:
        period = parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"period={text}: {error}") from None
    if period < parse_duration(BURNS[-1].long):
        raise ConfigError(
            f"period={text}: is shorter than the longest window, {BURNS[-1].long}; write one such as 30d"
        )
    return period


def _rate(key: str, text: str) -> str:
    """Return the rate of a counter as an expression with ``$window``, or an expression that has it already."""
    text = text.strip()
    if not text:
        raise ConfigError(f"{key}: name the counter, such as {key}=http_requests_total")
    if unknown := [word for word in VARIABLE.findall(WINDOW.sub("", text)) if not word.isdecimal()]:
        raise ConfigError(
            f"{key}: {text!r} has a ${unknown[0]}, and the one word with a $ that is filled in here is $window"
        )
    if _is_selector(text):
        return f"sum(rate({text}[$window]))"
    if not WINDOW.search(text):
        raise ConfigError(
            f'{key}: {text!r} is no selector of a counter, such as http_requests_total{{code=~"5.."}}, and has no $window '
            "where its window should be, as in rate(http_requests_total[$window])"
        )
    return text


def _is_selector(text: str) -> bool:
    """Return whether an expression is the selector of a counter and nothing else.

    Examples
    --------
    >>> [_is_selector(text) for text in ('x{a="}"}', "x", "rate(x[5m])", "x[5m]", "x{")]
    [True, True, False, False, False]
    """
    found = list(selectors(text))
    alone = len(found) == 1 and (found[0].start, found[0].end, found[0].shift_end) == (
        0,
        len(text),
        len(text),
    )
    return alone and ("{" in [word.text for word in tokens(text)]) == text.endswith("}")


def _plain(number: Decimal) -> str:
    """Return a number without an exponent and without zeros at its end.

    Examples
    --------
    >>> _plain(Decimal("1E+1")), _plain(Decimal("0.0010"))
    ('10', '0.001')
    """
    rounded = round(number, 12)
    return f"{rounded.normalize():f}"
