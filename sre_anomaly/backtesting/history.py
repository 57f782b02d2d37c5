"""What the words of a backtest ask for is read and checked: rules, models, incidents, routing, and the server that has the past."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from sre_anomaly.backtesting.alertmanager.alertmanager_config import read_alertmanager
from sre_anomaly.backtesting.asked import Asked
from sre_anomaly.backtesting.outcome import MINUTE, Truth
from sre_anomaly.backtesting.rules.asking import Asking
from sre_anomaly.backtesting.rules.limit import comparison_of
from sre_anomaly.backtesting.run import History
from sre_anomaly.backtesting.series import SeriesWork
from sre_anomaly.config.build import build_parts
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.io.incident_windows import windows_listed
from sre_anomaly.promql.burn_rate import burn_rate_rules
from sre_anomaly.promql.rule_file import Rule, duration, read_rules, rules_in
from sre_anomaly.promql.rule_text import as_text

INTERVAL = re.compile(r"evaluation_interval:\s*(\w+)")


def history_of(asked: Asked, say: Any) -> History:
    """Return what is to be replayed, everything that the words name read and checked."""
    data = asked.config["data"]
    source: Any = build_parts(asked.config).data
    timezone = str(data.get("timezone", "UTC"))
    rules: list[Rule] = []
    asking, span = None, (0, 0)
    limits = asked.limits
    if asked.from_prometheus:
        asked.config["data"] = source.settled(data)
        asking, span = Asking(source.server, say), source.span
        interval = _interval(asked, source)
        rules = read_rules(Path(asked.own["rules"]).expanduser(), interval) if "rules" in asked.own else []
        rules += _burn_rates(asked, interval)
        if not asked.metrics:
            # The server evaluates a threshold on any expression.
            rules += [_as_rule(rule, interval) for rule in asked.limits]
            limits = []
    work = None
    if asked.metrics and (asked.models or limits):
        work = SeriesWork(asked.config, asked.models, limits, asked.warm_up)
    return History(
        rules=rules,
        asking=asking,
        span=span,
        work=work,
        source=source if work is not None else None,
        routing=_routing(asked),
        truth=_truth(asked, timezone),
        timezone=timezone,
        jobs=int(asked.config["corpus"]["jobs"]),
    )


def _burn_rates(asked: Asked, interval: int) -> Any:
    """Return the rules of an SLO, where the words name one."""
    given = [key for key in ("slo", "errors", "total") if key in asked.own]
    if not given:
        return []
    if len(given) < 3:
        raise ConfigError(
            "slo: give all three: slo=99.9 errors='http_requests_total{code=~\"5..\"}' total=http_requests_total"
        )
    try:
        target = float(asked.own["slo"])
    except ValueError:
        raise ConfigError(f"slo={asked.own['slo']}: write percent, such as slo=99.9") from None
    made = burn_rate_rules(target, asked.own["errors"], asked.own["total"])
    return rules_in(as_text(made, ""), "slo", interval)


def _as_rule(rule: Any, interval: int) -> Any:
    metric, sign, number = comparison_of(rule) or ("", "", 0.0)
    return replace(rule, expression=f"{metric} {sign} {number:g}", interval=interval)


def _interval(asked: Asked, source: Any) -> int:
    """Return how often rules are evaluated where their group does not say: as the server says, or each minute."""
    if "interval" in asked.own:
        try:
            return duration(asked.own["interval"]) or MINUTE
        except ValueError as error:
            raise ConfigError(f"interval: {error}") from None
    found = INTERVAL.search(source.server.own_config())
    return duration(found[1]) if found else MINUTE


def _routing(asked: Asked) -> Any:
    if "alertmanager" not in asked.own:
        return None
    return read_alertmanager(Path(asked.own["alertmanager"]).expanduser())


def _truth(asked: Asked, timezone: str) -> list[Truth] | None:
    """Return the incidents of a file that the words name, None where they name none."""
    if "incidents" not in asked.own:
        return None
    path = Path(asked.own["incidents"]).expanduser()
    names: list[str] = [""]
    if path.is_file():
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(f"{path}: is not JSON: {error}") from None
        names = list(content) if isinstance(content, dict) else names
    return [
        Truth(one.start.as_unit("ns").value, one.end.as_unit("ns").value, name, one.type)
        for name in names
        for one in windows_listed(path, timezone, name, "incidents", everyone=False)
    ]
