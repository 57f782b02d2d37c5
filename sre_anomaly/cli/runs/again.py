"""``sre-anomaly rerun`` and ``diff``: the same command once more, and what two runs were asked differently."""

import shlex
import sys
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from sre_anomaly.answers.memory import PastRun, one_run
from sre_anomaly.errors import ConfigError
from sre_anomaly.records import short
from sre_anomaly.report.terminal import print_sentences, print_table
from sre_anomaly.report.words import Table

OUTPUTS = Path("outputs")


def rerun(words: list[str]) -> None:
    """Type the command of a past run again, with more overrides if some are given.

    Raises
    ------
    ConfigError
        If there is no such run, or it has no command.
    """
    if not words:
        raise ConfigError("rerun: name a run: sre-anomaly rerun latest; sre-anomaly runs lists them")
    past = one_run(words[0], OUTPUTS)
    command = shlex.split(str(past.record.get("command") or ""))
    if len(command) < 1 or command[0] != "sre-anomaly":
        raise ConfigError(f"{words[0]}: has left no command to run again")
    added = words[1:]
    changed = {word.partition("=")[0].lstrip("+") for word in added}
    kept = [word for word in command[1:] if word.partition("=")[0].lstrip("+") not in changed]
    sys.stderr.write(f"sre-anomaly: {shlex.join(['sre-anomaly', *kept, *added])}\n")
    from sre_anomaly.cli.run.launch import launch

    launch([*kept, *added])


def diff(words: list[str]) -> None:
    """Print the settings in which two runs differ, and their measures.

    Raises
    ------
    ConfigError
        If there are not two runs.
    """
    if len(words) != 2:
        raise ConfigError("diff: name two runs: sre-anomaly diff RUN RUN; sre-anomaly runs lists them")
    first, second = (one_run(word, OUTPUTS) for word in words)
    console = Console(highlight=False)
    settings = [_flat(_config(one)) for one in (first, second)]
    rows = _different(*settings)
    print_sentences(console, "Settings", f"{len(rows)} differ" if rows else "all the same")
    if rows:
        print_table(Table(["key", first.name, second.name], rows), console, explained=False)
    measures = [one.measures for one in (first, second)]
    shared = [name for name in measures[0] if name in measures[1]]
    console.print()
    same = first.record.get("data", {}).get("fingerprint") == second.record.get("data", {}).get("fingerprint")
    print_sentences(
        console, "Measures", "of the same data" if same else "of different data: not to be compared"
    )
    table = [[name, short(measures[0][name]), short(measures[1][name])] for name in shared]
    print_table(Table(["measure", first.name, second.name], table), console, explained=False)


def _config(run: PastRun) -> dict[str, Any]:
    path = run.folder / "config.yaml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.is_file() else {}


def _flat(node: Any, before: str = "") -> dict[str, str]:
    if not isinstance(node, dict):
        return {before: str(node)}
    found: dict[str, str] = {}
    for key, value in node.items():
        found |= _flat(value, f"{before}.{key}" if before else str(key))
    return found


def _different(first: dict[str, str], second: dict[str, str]) -> list[list[str]]:
    keys = dict.fromkeys([*first, *second])
    return [
        [key, first.get(key, "-"), second.get(key, "-")] for key in keys if first.get(key) != second.get(key)
    ]
