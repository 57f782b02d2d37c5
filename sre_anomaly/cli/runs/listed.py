"""``sre-anomaly runs``: past runs and sweeps, filtered and sorted."""

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from sre_anomaly.answers.memory import PastRun, main_measure, past_runs
from sre_anomaly.clock import parse_duration
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.records import short

KEYS = ("experiment", "detector", "status", "since", "sort", "best", "outputs", "last")
SMALLER_IS_BETTER = (
    "mae",
    "rmse",
    "mase",
    "false_alerts",
    "false_alerts_per_week",
    "time_in_alert",
    "median_time_to_detect_s",
    "alerts_per_week",
)
SHOWN = 20


def runs(words: list[str]) -> None:
    """Print past runs, the newest first, or the best by a measure.

    Raises
    ------
    ConfigError
        If a word is no setting, or a measure is not there.
    """
    asked = read_settings(words, KEYS, "runs")
    found = [
        one for one in past_runs(Path(asked.get("outputs", "outputs")).expanduser()) if _wanted(one, asked)
    ]
    console = Console(highlight=False)
    measure = asked.get("best") or asked.get("sort")
    if measure is not None:
        found = _by(found, measure)
    if not found:
        console.print("no such run")
        return
    most = 1 if "best" in asked else int(asked.get("last", SHOWN))
    table = RichTable(box=None, header_style="dim", pad_edge=False)
    for column in ("run", "detector", "status", "measure"):
        table.add_column(column, overflow="fold")
    for one in found[:most]:
        table.add_row(*(escape(cell) for cell in _line(one, measure)))
    console.print(table)
    if len(found) > most:
        console.print(f"[dim]{len(found) - most} older: last={len(found)} shows all[/]")
    console.print(
        f"\n[dim]sre-anomaly rerun {escape(found[0].name)}   # the same command again[/]", soft_wrap=True
    )


def read_settings(words: list[str], keys: tuple[str, ...], command: str) -> dict[str, str]:
    """Return words such as ``experiment=csv`` as settings.

    Raises
    ------
    ConfigError
        If a word is none of them.
    """
    asked: dict[str, str] = {}
    for word in words:
        key, equals, value = word.lstrip("-").partition("=")
        if not equals or key not in keys:
            raise ConfigError(
                f"{word}: {command} has no such setting; {did_you_mean(key, keys)}, each as KEY=VALUE"
            )
        asked[key] = value
    return asked


def _wanted(run: PastRun, asked: dict[str, str]) -> bool:
    for key in ("experiment", "detector", "status"):
        if key in asked and str(run.record.get(key, "")) != asked[key]:
            return False
    if "since" in asked:
        try:
            begin = datetime.now(UTC) - parse_duration(asked["since"])
        except ValueError:
            try:
                begin = datetime.fromisoformat(asked["since"]).replace(tzinfo=UTC)
            except ValueError:
                raise ConfigError(
                    f"since={asked['since']}: write how long ago, such as since=7d, or a date, such as 2024-03-01"
                ) from None
        return run.started is not None and run.started >= begin
    return True


def _by(found: list[PastRun], measure: str) -> list[PastRun]:
    having = [one for one in found if measure in one.measures]
    if found and not having:
        known = sorted({name for one in found for name in one.measures})
        raise ConfigError(f"{measure}: no run has this measure; {did_you_mean(measure, known)}")
    return sorted(having, key=lambda one: one.measures[measure], reverse=measure not in SMALLER_IS_BETTER)


def _line(run: PastRun, measure: str | None) -> tuple[str, str, str, str]:
    shown = (measure, run.measures[measure]) if measure else main_measure(run)
    told = f"{shown[0]} {short(shown[1])}" if shown else ""
    status = str(run.record.get("status", run.kind))
    return run.name, str(run.record.get("detector") or run.kind), status, told
