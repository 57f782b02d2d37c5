"""A path alone is enough: which preset a file, a folder, a pattern or standard input is read with."""

import glob
import re
import sys
from collections import Counter
from pathlib import Path

from sre_anomaly.errors import DataError, UserError, missing, printable

LOGS = re.compile(r"\.(log|jsonl|ndjson|syslog|out)(\.\d+)?(\.gz|\.zst)?$", re.IGNORECASE)
TABLES = re.compile(r"\.(csv|tsv|parquet|pq|arrow|feather|xlsx?|ods)(\.gz|\.zst)?$", re.IGNORECASE)
STDIN = "-"
NOT_DATA = re.compile(r"(^\.)|\.(md|py|yaml|yml|toml|html|png|txt~)$", re.IGNORECASE)
LOOKS_LIKE_PATH = re.compile(r"[/\\*?]|^~|\.[A-Za-z]{2,7}(\.gz|\.zst)?$")


def with_preset(words: list[str]) -> list[str]:
    """Return the words of a run whose first one is a path with the preset that reads it; other words as they are.

    What is taken is said on standard error, because it can be overridden.

    Raises
    ------
    UserError
        If the path is not there, or a folder has nothing to read.
    """
    first, rest = (words[0], words[1:]) if words else ("", [])
    if not is_path(first):
        return each_by_itself(words)
    preset, path = _preset_of(first)
    if any(word.startswith("experiment=") for word in rest):
        chosen = []
    else:
        chosen = [f"experiment={preset}"]
        shown = "standard input" if path == STDIN else printable(path)
        sys.stderr.write(f"sre-anomaly: reading {shown} with experiment={preset}\n")
    return each_by_itself([*chosen, f"data.path={_quoted(path)}", *rest])


def each_by_itself(words: list[str]) -> list[str]:
    """Return the words of a run over one file that holds several hosts as those of a fleet; other words as they are.

    What is taken is said on standard error. What cannot be read is left to the run, which says so.
    """
    said = dict(word.split("=", 1) for word in words if "=" in word)
    path = said.get("data.path", "").strip("'\"")
    if said.get("experiment") != "csv" or "data" in said:
        return words
    from sre_anomaly.io.samples.source import on_disk

    file = on_disk(path)
    if not file.is_file():
        return words
    from sre_anomaly.data.csv_folder import CsvFolder

    host = said.get("data.entity")
    try:
        source = CsvFolder(
            path=str(file), time=said.get("data.time"), metric=said.get("data.metric"), entity=host,
            separator=said.get("data.separator"), timezone=said.get("data.timezone", "UTC"),
            day_first={"true": True, "false": False}.get(said.get("data.day_first", "")),
            year=int(said["data.year"]) if said.get("data.year", "").isdigit() else None,
        )  # fmt: skip
        series = source.tables(file)
    except UserError:
        return words
    if len(series) < 2:
        return words
    shown = "standard input" if path == STDIN else printable(path)
    sys.stderr.write(
        f"sre-anomaly: {shown} holds {len(series)} series ({printable(', '.join(series[:4]))}{', ...' if len(series) > 4 else ''}): "
        "each is run by itself, with experiment=fleet\n"
    )
    # A forecast is for one series.
    kept = [word for word in words if not word.startswith(("forecaster=", "experiment=", "data.path="))]
    return ["experiment=fleet", f"data.path={_quoted(str(file))}", *kept]


def is_path(word: str) -> bool:
    """Return whether a word names a file, and is neither an override nor a flag.

    Examples
    --------
    >>> is_path("metrics.csv"), is_path("detector=iforest"), is_path("-m"), is_path("-"), is_path("compare")
    (True, False, False, True, False)
    """
    if word == STDIN:
        return True
    if not word or word.startswith(("-", "+", "~=")) or re.match(r"[\w.@/+~]+=", word):
        return False
    return bool(LOOKS_LIKE_PATH.search(word)) or Path(word).exists()


def _preset_of(word: str) -> tuple[str, str]:
    if word == STDIN:
        from sre_anomaly.io.samples.source import on_disk

        return ("log_metrics" if _is_log(on_disk(word)) else "csv"), word
    path = Path(word).expanduser()
    if path.is_dir():
        return _of_folder(path)
    if not path.exists() and glob.has_magic(word):
        found = glob.glob(str(path), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        if not found:
            raise DataError(f"{word}: no file matches it")
        return ("log_metrics" if _is_log(Path(found[0])) else "fleet"), str(path)
    if not path.exists():
        raise UserError(missing("data.path", path))
    return ("log_metrics" if _is_log(path) else "csv"), str(path)


def _is_log(path: Path) -> bool:
    """Return whether a file holds lines of a log, and no measurements, whatever it is called."""
    called_so = bool(LOGS.search(path.name))
    if not called_so and TABLES.search(path.name):
        return False
    from sre_anomaly.io.files.found import holds_measurements
    from sre_anomaly.io.layout.header import is_table
    from sre_anomaly.io.samples.source import source
    from sre_anomaly.logs.files import looks_like_log

    if holds_measurements(path):
        return False
    return called_so or (not is_table(source(path).head) and looks_like_log(path))


def _of_folder(folder: Path) -> tuple[str, str]:
    """Return what most files of a folder are."""
    names = [path for path in sorted(folder.iterdir()) if path.is_file() and not NOT_DATA.search(path.name)]
    if not names:
        raise DataError(f"{folder}: has no file of metrics or logs")
    if sum(bool(LOGS.search(path.name)) for path in names) > len(names) / 2:
        return "log_metrics", str(folder)
    (suffix, _), *_ = Counter(path.suffix for path in names if not LOGS.search(path.name)).most_common(1)
    of_kind = [path for path in names if path.suffix == suffix]
    if len(of_kind) == 1:
        return "csv", str(of_kind[0])
    return "fleet", str(folder / f"*{suffix}")


def _quoted(path: str) -> str:
    """Return a path as an override can hold it, whatever signs are in it."""
    if re.fullmatch(r"[\w./*-]+", path):
        return path
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
