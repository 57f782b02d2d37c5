"""``sre-anomaly backtest``: what rules, static thresholds and models would have paged over the last weeks."""

import json
import re
import shlex
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_anomaly.errors import ConfigError, DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from sre_anomaly.backtest.asked import Asked
    from sre_anomaly.backtest.outcome import Truth
    from sre_anomaly.backtest.run import Backtest, History, Team

FAIL_OVER = "--fail-over"
BOUNDS: "dict[str, Callable[[Team], float | None]]" = {
    "pages_per_week": lambda team: team.card.per_week,
    "pages": lambda team: team.card.pages,
    "night_pages_per_week": lambda team: team.card.night / team.scope.weeks,
    "false_pages_per_week": lambda team: (
        None if team.card.false is None else team.card.false / team.scope.weeks
    ),
    "missed": lambda team: team.card.missed,
}
"""What a pipeline can refuse."""
MINUTE = 60 * 10**9
INTERVAL = re.compile(r"evaluation_interval:\s*(\w+)")


def backtest_words(words: list[str]) -> None:
    """Replay what the words ask for, print what would have paged, and leave a folder; exit code 1 where a bound is passed.

    Raises
    ------
    UserError
        If a word, a rule or the data are wrong.
    """
    bounds, words = _bounds(words)
    from rich.console import Console

    from sre_anomaly.backtest.asked import read_words
    from sre_anomaly.backtest.run import backtest
    from sre_anomaly.parallel.progress import Stages
    from sre_anomaly.pipeline.run_folder import LATEST, as_typed, point_at
    from sre_anomaly.report.backtest.folder import write_backtest
    from sre_anomaly.report.backtest.screen import print_backtest

    asked = read_words(words)
    folder = _target(asked)
    with Stages() as stages:
        found = backtest(history_of(asked, say=lambda text: sys.stderr.write(f"{text}\n")), stages.tell)
    failed = _passed(found, bounds)
    budgets = {name: config["threshold"].get("pages_per_week") for name, config in asked.models.items()}
    record = {
        "command": shlex.join(["sre-anomaly", "backtest", *words]),
        "overrides": asked.overrides,
        "chosen": asked.chosen,
        "budgets": budgets,
    }
    write_backtest(found, record, failed, folder)
    if "to" not in asked.own:
        point_at(folder.parent / LATEST, folder)
    print_backtest(found, as_typed(folder), Console(highlight=False))
    for line in failed:
        sys.stderr.write(f"sre-anomaly: {line}\n")
    if failed:
        sys.exit(1)


def history_of(asked: "Asked", say: Any) -> "History":
    """Return what is to be replayed, everything that the words name read and checked."""
    from sre_anomaly.backtest.rules.asking import Asking
    from sre_anomaly.backtest.run import History
    from sre_anomaly.backtest.series import SeriesWork
    from sre_anomaly.config.build import build_parts
    from sre_anomaly.promql.rule_file import Rule, read_rules

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


def _burn_rates(asked: "Asked", interval: int) -> Any:
    """Return the rules of an SLO, where the words name one."""
    given = [key for key in ("slo", "errors", "total") if key in asked.own]
    if not given:
        return []
    if len(given) < 3:
        raise ConfigError(
            "slo: give all three: slo=99.9 errors='http_requests_total{code=~\"5..\"}' total=http_requests_total"
        )
    from sre_anomaly.promql.burn_rate import burn_rate_rules
    from sre_anomaly.promql.rule_file import rules_in
    from sre_anomaly.promql.rule_text import as_text

    try:
        target = float(asked.own["slo"])
    except ValueError:
        raise ConfigError(f"slo={asked.own['slo']}: write percent, such as slo=99.9") from None
    made = burn_rate_rules(target, asked.own["errors"], asked.own["total"])
    return rules_in(as_text(made, ""), "slo", interval)


def _as_rule(rule: Any, interval: int) -> Any:
    from dataclasses import replace

    from sre_anomaly.backtest.rules.limit import comparison_of

    metric, sign, number = comparison_of(rule) or ("", "", 0.0)
    return replace(rule, expression=f"{metric} {sign} {number:g}", interval=interval)


def _interval(asked: "Asked", source: Any) -> int:
    """Return how often rules are evaluated where their group does not say: as the server says, or each minute."""
    from sre_anomaly.promql.rule_file import duration

    if "interval" in asked.own:
        try:
            return duration(asked.own["interval"]) or MINUTE
        except ValueError as error:
            raise ConfigError(f"interval: {error}") from None
    found = INTERVAL.search(source.server.own_config())
    return duration(found[1]) if found else MINUTE


def _routing(asked: "Asked") -> Any:
    if "alertmanager" not in asked.own:
        return None
    from sre_anomaly.backtest.alertmanager.alertmanager_config import read_alertmanager

    return read_alertmanager(Path(asked.own["alertmanager"]).expanduser())


def _truth(asked: "Asked", timezone: str) -> "list[Truth] | None":
    """Return the incidents of a file that the words name, None where they name none."""
    if "incidents" not in asked.own:
        return None
    from sre_anomaly.backtest.outcome import Truth
    from sre_anomaly.io.incident_windows import windows_listed

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


def _target(asked: "Asked") -> Path:
    if "to" in asked.own:
        folder = Path(asked.own["to"]).expanduser()
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError(f"to={folder}: is there already; name a new folder")
        return folder
    begun = datetime.fromtimestamp(time.time()).astimezone()
    base = Path(str(asked.config["outputs"])) / "backtest"
    for number in range(1, 1000):
        folder = base / (f"{begun:%Y-%m-%d_%H-%M-%S}" + ("" if number == 1 else f"_{number}"))
        if not folder.exists():
            return folder
    raise ConfigError(f"outputs: {base} has too many folders of this second")


def _bounds(words: list[str]) -> tuple[dict[str, float], list[str]]:
    """Take ``--fail-over KEY=NUMBER`` out of the words, however often it stands there."""
    bounds, rest = {}, []
    waiting = False
    for word in words:
        if word == FAIL_OVER:
            waiting = True
            continue
        joined = word.startswith(f"{FAIL_OVER}=")
        if not (waiting or joined):
            rest.append(word)
            continue
        key, _, number = word.removeprefix(f"{FAIL_OVER}=").partition("=")
        if key not in BOUNDS:
            raise ConfigError(f"{FAIL_OVER} {key}: is no measure; {did_you_mean(key, BOUNDS)}")
        try:
            bounds[key] = float(number)
        except ValueError:
            raise ConfigError(
                f"{FAIL_OVER} {key}: write a number behind it, such as {FAIL_OVER} {key}=2"
            ) from None
        waiting = False
    if waiting:
        raise ConfigError(f"{FAIL_OVER}: of what? write {FAIL_OVER} pages_per_week=2")
    return bounds, rest


def _passed(found: "Backtest", bounds: dict[str, float]) -> list[str]:
    """Return a line for each bound that is passed."""
    failed = []
    for key, bound in bounds.items():
        for team in found.teams:
            value = BOUNDS[key](team)
            if value is None:
                raise ConfigError(f"{FAIL_OVER} {key}: needs known incidents; give incidents=FILE")
            if value > bound:
                failed.append(f"{team.name}: {key} is {value:.3g}, more than {bound:g}")
    return failed
