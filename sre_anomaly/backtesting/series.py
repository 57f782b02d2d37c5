"""Models and static thresholds over the series of a file, a fleet or a Prometheus: each series by itself, nothing of it kept but its alerts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any

import cloudpickle

from sre_anomaly.backtesting.changes import changes_of_rule
from sre_anomaly.backtesting.model_replay import watch
from sre_anomaly.backtesting.outcome import Change, Truth, in_time
from sre_anomaly.backtesting.rules.limit import comparison_of, replay_limit
from sre_anomaly.clock import nanoseconds, rows_in
from sre_anomaly.config.build import build_parts
from sre_anomaly.errors import DataError, UserError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.parallel.pool import Pool, answer_each
from sre_anomaly.promql.firing import Firing
from sre_anomaly.promql.rule_file import Rule
from sre_anomaly.sources import Corpus, DataSource

PRELOAD = ("sre_anomaly.backtesting.series",)
LARGEST_WARM_UP = 0.25
"""A warm-up never takes a larger part of a history than this."""


@dataclass(frozen=True)
class SeriesWork:
    """What is asked of each series."""

    data: Mapping[str, Any]
    """The configuration that has the source of the series."""
    models: Mapping[str, Mapping[str, Any]]
    """The configuration of each model by its name."""
    limits: Sequence[Rule]
    warm_up: timedelta


@dataclass
class SeriesFound:
    """What would have fired in one series."""

    name: str
    first: int = 0
    last: int = 0
    """The evaluated time, ns since 1970."""
    step: int = 0
    """Nanoseconds between two data points."""
    firings: dict[str, list[Firing]] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=dict)
    truth: list[Truth] | None = None
    error: str = ""


def replay_all(
    work: SeriesWork, source: DataSource, jobs: int, tell: Callable[[str], Any]
) -> list[SeriesFound]:
    """Return what would have fired in each series of a source, in its order.

    Raises
    ------
    UserError
        If none can be read.
    """
    if not isinstance(source, Corpus):
        return [_replayed(work, frame) for frame in source.frames()]
    names = source.names()
    found: dict[str, SeriesFound] = {}
    for done, one in enumerate(_each(work, names, jobs), start=1):
        found[one.name] = one
        tell(f"series {done} of {len(names)}: {one.name}")
    if all(one.error for one in found.values()):
        raise DataError(f"every series was refused; the first: {found[names[0]].error}")
    return [found[name] for name in names]


def _each(work: SeriesWork, names: Sequence[str], jobs: int) -> Iterator[SeriesFound]:
    run_one = partial(_one_of_many, work)
    if jobs == 1:
        yield from map(run_one, names)
        return
    with Pool(jobs, cloudpickle.dumps(lambda: run_one), PRELOAD) as pool:
        for name, answer in answer_each(pool, names):
            failed = SeriesFound(name, error=answer.error.strip().splitlines()[-1] if answer.error else "")
            yield failed if answer.value is None else answer.value


def _one_of_many(work: SeriesWork, name: str) -> SeriesFound:
    source = build_parts(work.data).data
    assert isinstance(source, Corpus)
    try:
        return replace(_replayed(work, source.read(name)), name=name)
    except UserError as error:
        return SeriesFound(name, error=str(error))


def _replayed(work: SeriesWork, frame: MetricFrame) -> SeriesFound:
    rows = len(frame)
    begin = min(rows_in(work.warm_up, frame.step), int(rows * LARGEST_WARM_UP))
    first = int(frame.time.asi8[begin])
    step = nanoseconds(frame.step)
    found = SeriesFound(frame.name, first, int(frame.time.asi8[-1]) + step, step)
    for rule in work.limits:
        replay = replay_limit(rule, frame, first)
        found.firings[rule.name] = in_time(replay.firings(), first)
        found.changes[rule.name] = changes_of_rule(replay, comparison_of(rule), first)
    for name, config in work.models.items():
        watched = watch(name, frame, lambda config=config: build_parts(config), begin)  # type: ignore[misc]
        found.firings[name] = watched.firings
        found.changes[name] = [
            Change("pages_per_week", budget, f"threshold.pages_per_week={budget:g}", firings)
            for budget, firings in watched.by_budget.items()
        ]
    if frame.incidents is not None:
        found.truth = [
            Truth(one.start.as_unit("ns").value, one.end.as_unit("ns").value, frame.name, one.type)
            for one in frame.incidents
            if one.end.as_unit("ns").value > first
        ]
    return found
