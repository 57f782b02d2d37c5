"""``sre-anomaly score-nab``: judge detectors' results as the Numenta Anomaly Benchmark does."""

from pathlib import Path

from rich.console import Console

from sre_anomaly.benchmark.nab_corpus import read_corpus
from sre_anomaly.benchmark.nab_results import read_detectors
from sre_anomaly.benchmark.nab_stored import stored
from sre_anomaly.errors import ConfigError, UserError, did_you_mean
from sre_anomaly.evaluation.nab.intervals import assess, chance
from sre_anomaly.report.nab.board import (
    TITLE,
    baseline_lines,
    measured_line,
    print_leaderboard,
    print_measured,
    print_stored,
)
from sre_anomaly.report.nab.leaderboard import HERE, published, refuse_overwriting, write_leaderboard

KEYS = ("data", "to", "overwrite", "seed")
SEED = 42


def score_nab(words: list[str]) -> None:
    """Print the scores of every detector in a folder, beside chance and the published ones.

    ``data=FOLDER`` has the corpus (default: NAB, found or fetched as ``data=nab`` does), ``to=FOLDER`` takes the
    leaderboard as CSV, PNG and HTML (``overwrite=true`` replaces one), ``seed=NUMBER`` is that of the random baseline
    and of the intervals.

    Raises
    ------
    UserError
        If a word or a file is wrong.
    """
    results, options = _read(words)
    target = Path(options["to"]).expanduser() if "to" in options else None
    if target is not None and options.get("overwrite") != "true":
        refuse_overwriting(target)
    seed = int(options.get("seed", SEED))
    corpus = read_corpus(Path(options["data"]).expanduser() if "data" in options else None)
    detectors = read_detectors(results, corpus)
    lines = [measured_line(name, HERE, assess(series, seed)) for name, series in detectors.items()]
    by_nab = stored(results, detectors)
    files = next(iter(detectors.values()))
    lines += baseline_lines(files, chance(files, seed), seed)
    console = Console(highlight=False)
    print_measured(console, lines)
    print_stored(console, by_nab, lines)
    lines += published()
    print_leaderboard(console, lines)
    if target is not None:
        paths = write_leaderboard(lines, target, TITLE)
        console.print(f"Written: {', '.join(str(path) for path in paths)}", soft_wrap=True, markup=False)


def _read(words: list[str]) -> tuple[Path, dict[str, str]]:
    options: dict[str, str] = {}
    folders = []
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            folders.append(word)
        elif key not in KEYS:
            raise ConfigError(f"score-nab has no key {key!r}; {did_you_mean(key, KEYS)}")
        elif not value:
            raise ConfigError(f"{key}=: write a value behind it")
        else:
            options[key] = value
    if len(folders) != 1:
        raise UserError(
            "score-nab takes one folder of results: sre-anomaly score-nab DIR [data=FOLDER] [to=FOLDER]"
        )
    if not options.get("seed", "0").isdecimal():
        raise ConfigError(f"seed={options['seed']}: write a whole number, 0 or more")
    if options.get("overwrite", "true") not in {"true", "false"}:
        raise ConfigError(f"overwrite={options['overwrite']}: write true or false")
    return Path(folders[0]).expanduser(), options
