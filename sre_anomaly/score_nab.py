"""``sre-anomaly score-nab``: judge detectors' results as the Numenta Anomaly Benchmark does."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from sre_anomaly.errors import ConfigError, UserError, did_you_mean
from sre_anomaly.evaluation.nab import PROFILES, Labelled, optimise, ranked
from sre_anomaly.evaluation.nab_spread import (
    Assessment,
    assess,
    leave_one_category_out,
    null_baseline,
    random_baseline,
)
from sre_anomaly.nab_corpus import read_corpus
from sre_anomaly.nab_results import read_detectors
from sre_anomaly.report.leaderboard import (
    BASELINE,
    HERE,
    Line,
    ordered,
    published,
    refuse_overwriting,
    write_leaderboard,
)

KEYS = ("data", "to", "overwrite", "seed")
SEED = 42
DRAWS = 10
TITLE = "Numenta Anomaly Benchmark"


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
    lines = [_line(name, HERE, assess(series, seed)) for name, series in detectors.items()]
    lines += _baselines(next(iter(detectors.values())), seed)
    console = Console(highlight=False)
    _print_measured(console, lines)
    lines += published()
    _print_leaderboard(console, lines)
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


def _baselines(series: list[Labelled], seed: int) -> list[Line]:
    """Return never flagging, and the mean of ten random detectors: a single one is easily 5 points off."""
    draws = [ranked(random_baseline(series, seed + number)) for number in range(DRAWS)]
    best = [optimise(draw) for draw in draws]
    left_out = [leave_one_category_out(draw) for draw in draws]
    random: dict[str, list[float]] = {p.name: [one[p.name].score for one in best] for p in PROFILES}
    chance = Line(
        "random scores",
        BASELINE,
        {name: float(np.mean(scores)) for name, scores in random.items()},
        {name: float(np.mean([one[name] for one in left_out])) for name in random},
        {name: (min(scores), max(scores)) for name, scores in random.items()},
        {},
    )
    return [chance, _line("no flag at all", BASELINE, assess(null_baseline(series), seed))]


def _line(detector: str, source: str, found: Mapping[str, Assessment]) -> Line:
    return Line(
        detector,
        source,
        {name: one.best.score for name, one in found.items()},
        {name: one.left_out for name, one in found.items()},
        {name: one.interval for name, one in found.items()},
        {name: one.best.threshold for name, one in found.items()},
    )


def _print_measured(console: Console, lines: list[Line]) -> None:
    drawn = Table(title=f"{TITLE}: measured here", title_justify="left", box=None, header_style="dim")
    drawn.add_column("detector")
    drawn.add_column("profile")
    for column in ("score", "95 % of files", "left out", "threshold"):
        drawn.add_column(column, justify="right")
    for line in ordered(lines):
        for number, profile in enumerate(PROFILES):
            low, high = line.intervals[profile.name]
            drawn.add_row(
                "" if number else line.detector,
                profile.name,
                f"{line.scores[profile.name]:.2f}",
                f"{low:.1f} to {high:.1f}",
                f"{line.left_out[profile.name]:.2f}",
                f"{line.thresholds[profile.name]:.6g}" if line.thresholds else "",
            )
    console.print(drawn)
    console.print(
        "The threshold is fitted on the labels that judge it. Left out: each category is judged at the threshold chosen "
        "on the others. 95 % of files: resampled files, same threshold. Random scores: mean of ten detectors, and the "
        "lowest to the highest of them.\n",
        style="dim",
    )


def _print_leaderboard(console: Console, lines: list[Line]) -> None:
    drawn = Table(title="Beside the published scores", title_justify="left", box=None, header_style="dim")
    drawn.add_column("")
    drawn.add_column("detector")
    for profile in PROFILES:
        drawn.add_column(profile.name.removeprefix("reward_").replace("_", " "), justify="right")
    drawn.add_column("source")
    for place, line in enumerate(ordered(lines), start=1):
        scores = [f"{line.scores[profile.name]:.1f}" for profile in PROFILES]
        drawn.add_row(str(place), line.detector, *scores, line.source)
    console.print(drawn)
