"""``sre-anomaly backtest``: what rules, static thresholds and models would have paged over the last weeks."""

import shlex
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sre_anomaly.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from sre_anomaly.backtesting.asked import Asked
    from sre_anomaly.backtesting.run import Backtest, Team

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


def backtest_words(words: list[str]) -> None:
    """Replay what the words ask for, print what would have paged, and leave a folder; exit code 1 where a bound is passed.

    Raises
    ------
    UserError
        If a word, a rule or the data are wrong.
    """
    bounds, words = _bounds(words)
    from rich.console import Console

    from sre_anomaly.backtesting.asked import read_words
    from sre_anomaly.backtesting.history import history_of
    from sre_anomaly.backtesting.run import backtest
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
