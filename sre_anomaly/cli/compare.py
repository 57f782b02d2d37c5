"""``sre-anomaly compare``: finished runs side by side."""

import json
from pathlib import Path

from rich.console import Console

from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.pipeline.run_folder import LATEST, as_typed

RECORD = "record.json"
OPTIONS = ("to",)
USAGE = "name two or more run folders, or a folder of runs: sre-anomaly compare FOLDER FOLDER"


def compare(words: list[str]) -> None:
    """Compare runs: their configurations, measures and scores.

    Each word is a run folder, a multirun's folder (all of its runs), a sweep's folder (its best run) or a link to one;
    ``to=FOLDER`` says where the files go.

    Raises
    ------
    ConfigError
        If a folder holds no finished run, there are fewer than two, or an option does not exist.
    """
    target, folders = _read_words(words)
    if not folders:
        raise ConfigError(f"compare: nothing to compare; {USAGE}")
    records = list(dict.fromkeys(record for folder in folders for record in _records(folder)))
    if len(records) < 2:
        raise ConfigError(f"compare: only one run, {as_typed(records[0].parent)}; {USAGE}")
    if target.exists() and not target.is_dir():
        raise ConfigError(f"to={target}: is a file; name a folder")
    from sre_anomaly.report.comparison.comparison import print_comparison, read_runs, write_comparison

    runs = read_runs(records)
    if sum(run.completed for run in runs) < 2:
        raise ConfigError("compare: fewer than two of these runs are complete; there is nothing to compare")
    try:
        files = write_comparison(runs, target)
    except OSError as error:
        raise ConfigError(f"to={target}: cannot be written ({error.strerror})") from None
    console = Console(highlight=False)
    print_comparison(runs, console)
    console.print(
        f"\n[bold]Files[/]     {as_typed(target)}/{files[0]} (open it in a browser), {', '.join(files[1:])}"
    )


def _read_words(words: list[str]) -> tuple[Path, list[str]]:
    target, folders = Path("outputs/comparison"), []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or Path(word).exists():
            folders.append(word)
        elif key not in OPTIONS:
            raise ConfigError(f"{word}: compare has no such option; {did_you_mean(key, OPTIONS)}")
        elif not value:
            raise ConfigError("to=: name a folder")
        else:
            target = Path(value).expanduser()
    return target, folders


def _records(word: str) -> list[Path]:
    """Return the records of the runs that a word names."""
    folder = Path(word).expanduser()
    if not folder.exists() and word == LATEST:
        folder = Path("outputs") / LATEST
    if not folder.is_dir():
        near = [path.name for path in folder.parent.glob("*/")] if folder.parent.is_dir() else []
        raise ConfigError(f"{word}: there is no such folder; {did_you_mean(folder.name, near)}")
    folder = folder.resolve()
    if (folder / "sweep.json").is_file():
        best = (folder / "best").resolve()
        if not best.is_dir():
            raise ConfigError(f"{word}: this sweep has no best run: no trial of it has a value")
        return [_finished(best, word)]
    if (folder / RECORD).is_file():
        return [_finished(folder, word)]
    inside = [path for path in folder.glob(f"*/{RECORD}") if not path.parent.is_symlink()]
    if not inside:
        raise ConfigError(f"{word}: is no run and holds none: there is no {RECORD} in it")
    return sorted(inside, key=lambda path: (path.parent.name.zfill(9), path.parent.name))


def _finished(folder: Path, word: str) -> Path:
    """Return a run's record.

    Raises
    ------
    ConfigError
        If the run did not end, or is only a trial.
    """
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        status, error = record["status"], str(record.get("error") or "").splitlines()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(f"{word}: its {RECORD} is no record of a run") from None
    if status != "completed":
        why = f": {error[0]}" if error else ""
        raise ConfigError(f"{word}: this run is not complete ({status}{why})")
    if not (folder / "config.yaml").is_file():
        raise ConfigError(
            f"{word}: is a trial of a sweep, evaluated on validation data; compare the sweep's folder, or run it as a whole: "
            f"{record['command']}"
        )
    return path
