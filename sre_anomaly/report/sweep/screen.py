"""A sweep in plain words: what was tried, what was best, how far to believe it; and the same on screen."""

import math
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from sre_anomaly.evaluation.anomaly.evaluate import FEW_INCIDENTS
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import short
from sre_anomaly.report.run import words
from sre_anomaly.report.sweep.data import Sweep, plain_name, read_sweep
from sre_anomaly.report.table import words as table_words
from sre_anomaly.report.terminal import print_sentences, print_table
from sre_anomaly.report.words import count

TRIALS_PER_PARAMETER = 10  # fewer, and a search has hardly looked anywhere: a rule of thumb
ERRORS_TOLD = 5


def chosen(params: dict[str, Any]) -> str:
    """Return parameters as they would be typed, numbers shortened.

    Examples
    --------
    >>> chosen({"detector": "iforest", "threshold.contamination": 0.0217454})
    'detector=iforest threshold.contamination=0.02175'
    """
    return " ".join(f"{key}={_typed(value)}" for key, value in params.items())


def _typed(value: Any) -> str:
    return short(value).replace(",", "") if type(value) in (int, float) else str(value)


def tried(sweep: Sweep) -> str:
    """Return how many trials there were, how they ended, and what they varied."""
    counts = sweep.outcome["trials"]
    ended = ", ".join(f"{count} {state}" for state, count in counts.items())
    text = f"{count(len(sweep.trials), 'trial')} of {', '.join(sweep.params)}: {ended}"
    left = sweep.outcome["target"] - sum(counts.get(state, 0) for state in ("completed", "pruned", "failed"))
    return text + (f"; {left} more were asked for" if left > 0 else "")


def winner(sweep: Sweep) -> list[str]:
    """Return the best value, how it was reached, and how much that gained."""
    best = sweep.outcome["best"]
    if not best:
        kept = " that meets the constraints" if sweep.outcome["constraints"] else ""
        return [f"No trial{kept} has a value"]
    if len(sweep.objectives) > 1:
        names = " and ".join(plain_name(name) for name in sweep.objectives)
        first = ", ".join(
            f"{plain_name(name)} {short(value)}"
            for name, value in zip(sweep.objectives, best[0]["values"], strict=True)
        )
        return [
            f"{count(len(best), 'trial')} on the Pareto front of {names} (no trial is better in both): choose your trade-off",
            f"Evaluated: trial {best[0]['trial']} ({first}), {chosen(best[0]['params'])}",
        ]
    name, value = plain_name(sweep.objectives[0]), best[0]["values"][0]
    said = (
        f"{name} {short(value)} on {sweep.chosen_on} (trial {best[0]['trial']}), {chosen(best[0]['params'])}"
    )
    return [said, _gained(sweep, name, value)]


def _gained(sweep: Sweep, name: str, value: float) -> str:
    gain, default = gained(sweep), sweep.outcome["default"]
    if gain is None:
        return "The gain is not known: the default configuration is not among the finished trials"
    before = default["values"][0]
    if gain <= 0:
        return f"No trial was better than the default configuration (trial 0: {name} {short(before)})"
    times = f", {value / before:.2g} times as much" if before > 0 and value / before >= 1.5 else ""
    return f"The default configuration has {name} {short(before)} (trial 0): {short(gain)} {'higher' if sweep.maximize() else 'lower'} now{times}"


def gained(sweep: Sweep) -> float | None:
    """Return by how much the best trial beats the configuration without a sweep, in the first objective."""
    best, default = sweep.outcome["best"], sweep.outcome["default"]
    if not best or not default or not default["values"] or len(sweep.objectives) > 1:
        return None
    sign = 1.0 if sweep.maximize() else -1.0
    return sign * float(best[0]["values"][0] - default["values"][0])


def flattered(sweep: Sweep) -> list[str]:
    """Return how the winner did on data that no trial had seen, or that there are none."""
    value = sweep.tested()
    if value is None or not sweep.outcome["best"]:
        return []
    name, promised = plain_name(sweep.objectives[0]), sweep.outcome["best"][0]["values"][0]
    low, high = sweep.tested_interval()
    text = f"{name} {short(value)}" + (
        f" (95 % interval {low:.2f} to {high:.2f})" if math.isfinite(low) else ""
    )
    if not sweep.never_seen:
        return [
            f"No labelled data were held back: {name} {short(value)} is from {sweep.chosen_on} again, on which the best of "
            f"{count(len(sweep.completed), 'trial')} was chosen. How much of it is luck is not known; new labelled data would tell"
        ]
    told = [f"On the test data, which no trial has seen: {text}"]
    lost = promised - value if sweep.maximize() else value - promised
    if lost > 0:
        told.append(
            f"The validation data gave {short(promised)}, {short(lost)} better: the best of many trials is always "
            "partly luck. Expect the value of the test data"
        )
    else:
        told.append(f"The validation data gave {short(promised)}: that was not too optimistic")
    return told


def mattered(sweep: Sweep) -> str:
    """Return which parameters mattered; empty where that is not known or there is one only."""
    shares = {name: share for name, share in sweep.outcome["importance"].items() if share >= 0.01}
    if len(sweep.outcome["importance"]) < 2 or not shares:
        return ""
    return "Importance of the parameters: " + ", ".join(
        f"{name} {share:.0%}" for name, share in shares.items()
    )


def failures(sweep: Sweep) -> list[str]:
    """Return why trials failed, equal errors together."""
    # A trial that somebody stopped is counted above as lost, and is made again: nothing to mend.
    mendable = sweep.trials["error"] != "interrupted"
    failed = sweep.trials[sweep.trials["state"].isin(["failed", "lost"]) & mendable]
    errors = failed.groupby(failed["error"].fillna("no error was left"), sort=False)["trial"].apply(list)
    said = [
        f"Trial{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}: {error}"
        for error, numbers in errors.items()
    ]
    more = len(said) - ERRORS_TOLD
    return said[:ERRORS_TOLD] + ([f"{more} other errors are in trials.csv"] if more > 0 else [])


def caveats(sweep: Sweep) -> Iterator[str]:
    """Yield what keeps the winner from being believed."""
    if not sweep.outcome["best"]:
        return
    completed, wanted = len(sweep.completed), TRIALS_PER_PARAMETER * len(sweep.params)
    if completed < wanted and completed > 1:
        yield (
            f"{completed} finished trials are few for {count(len(sweep.params), 'parameter')}: as a rule of thumb, "
            f"{wanted}. Unless they are all possible values, more trials may find better ones"
        )
    gain, (low, high) = gained(sweep), sweep.tested_interval()
    if gain is not None and 0 < gain < (high - low) / 2:
        yield (
            f"The gain of {short(gain)} is not significant: chance alone moves {plain_name(sweep.objectives[0])} by "
            f"{short((high - low) / 2)} either way"
            + (" on the test data. Compare both on the test data (below)" if sweep.never_seen else "")
        )
    known = (sweep.trial_record(sweep.outcome["best"][0]["trial"]).get("detection") or {}).get("measures", {})
    if known.get("incidents", FEW_INCIDENTS) < FEW_INCIDENTS:
        yield f"The trials were evaluated on {count(known['incidents'], 'known incident')} only: another week may prefer other values"


def next_commands(sweep: Sweep, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield commands that are useful after a sweep, each with what it is for."""
    if sweep.record is not None:
        yield str(sweep.record["command"]), "the best trial again, as a run of its own"
        default = sweep.trial_record(0).get("command") if sweep.outcome["default"] else None
        if default and sweep.outcome["best"][0]["trial"] != 0:
            both = shlex.join(map(str, [folder.parent.parent / "latest", folder / "best"]))
            yield f"{default} && sre-anomaly compare {both}", "is it better than the default configuration?"
    target = max(2 * int(sweep.outcome["target"]), 2 * len(sweep.completed), 20)
    yield f"the same command with hydra.sweeper.n_trials={target}", "continue this sweep"


def print_sweep(outcome: dict[str, Any], found: Run | None, folder: Path, console: Console) -> None:
    """Say what was tried, what won, how far to believe it, where the files are and what to do next."""
    sweep = read_sweep(folder, outcome, None if found is None else found.record)
    console.print()
    print_sentences(console, "Tried", tried(sweep))
    print_sentences(console, "Best", *winner(sweep))
    if told := flattered(sweep):
        print_sentences(console, "Tested", *told)
    if found is not None and found.learned is not None:
        print_table(table_words.measures_table(found.record), console)
    if found is not None and (table := words.detection_table(found)) is not None:
        for sentence in words.incidents_caught(found)[:1]:
            print_sentences(console, "", sentence)
        print_table(table, console)
    mattering = [text] if (text := mattered(sweep)) else []
    every = (
        ("Important", "", mattering),
        ("Failed", "red", failures(sweep)),
        ("Careful", "yellow", caveats(sweep)),
    )
    for title, style, said in every:
        for sentence in said:
            print_sentences(console, title, sentence, style=style)
    console.print()
    best = [] if found is None else ["best/ (the run of the best trial)"]
    print_sentences(
        console, "Files", ", ".join([f"{folder}/report.html (open it in a browser)", "trials.csv", *best])
    )
    print_sentences(console, "Next")
    for command, purpose in next_commands(sweep, folder):
        console.print(f"  {escape(command)}   [dim]# {purpose}[/]", soft_wrap=True)
