"""``sre-anomaly prune``: removes old run folders, after it has said which and asked."""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from sre_anomaly.answers.memory import PastRun, past_runs
from sre_anomaly.cli.runs.listed import read_settings
from sre_anomaly.clock import parse_duration
from sre_anomaly.errors import ConfigError
from sre_anomaly.pipeline.run_folder import LATEST

KEYS = ("older", "keep", "experiment", "status", "outputs")
YES = "--yes"
MOST_SHOWN = 20


def prune(words: list[str]) -> None:
    """Remove runs older than a time, or all but the newest few; ``--yes`` does not ask.

    The run that ``outputs/latest`` points at stays.

    Raises
    ------
    ConfigError
        If neither ``older`` nor ``keep`` is given, or nobody can be asked.
    """
    sure = YES in words
    asked = read_settings([word for word in words if word != YES], KEYS, "prune")
    if "older" not in asked and "keep" not in asked:
        raise ConfigError(
            "prune: say which: older=30d, or keep=10 for all but the newest ten; experiment=, status= narrow it"
        )
    outputs = Path(asked.get("outputs", "outputs")).expanduser()
    chosen = _chosen(past_runs(outputs), asked, (outputs / LATEST).resolve())
    if not chosen:
        print("nothing to remove")
        return
    size = sum(_size(one.folder) for one in chosen)
    for one in chosen[:MOST_SHOWN]:
        print(f"  {one.name}")
    if len(chosen) > MOST_SHOWN:
        print(f"  and {len(chosen) - MOST_SHOWN} more")
    what = f"{len(chosen)} run{'s' * (len(chosen) > 1)}, {size / 1e6:,.1f} MB"
    if not sure:
        if not sys.stdin.isatty():
            raise ConfigError(f"prune: {what}; add {YES} to remove them without being asked")
        if input(f"Remove {what}? [y/N] ").strip().lower() not in ("y", "yes"):
            print("nothing was removed")
            return
    for one in chosen:
        shutil.rmtree(one.folder)
    print(f"removed {what}")


def _chosen(found: list[PastRun], asked: dict[str, str], latest: Path) -> list[PastRun]:
    kept = [
        one
        for one in found
        if all(str(one.record.get(key, "")) == asked[key] for key in ("experiment", "status") if key in asked)
    ]
    if "keep" in asked:
        if not asked["keep"].isdigit():
            raise ConfigError(f"keep={asked['keep']}: write a number, such as keep=10")
        kept = kept[int(asked["keep"]) :]
    if "older" in asked:
        try:
            before = datetime.now(UTC) - parse_duration(asked["older"])
        except ValueError as error:
            raise ConfigError(f"older: {error}") from None
        kept = [one for one in kept if one.started is not None and one.started < before]
    return [one for one in kept if one.folder.resolve() != latest]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
