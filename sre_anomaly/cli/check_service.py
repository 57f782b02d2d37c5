"""Looks at a ``watch.yaml`` before it runs: asks each source once, and says what would be watched."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np

from sre_anomaly.clock import iso, nanoseconds
from sre_anomaly.errors import DataError
from sre_anomaly.service.job import Job
from sre_anomaly.service.reading import read_settings
from sre_anomaly.service.source.file import FileOfEntities
from sre_anomaly.service.telling.acting import Acting

STEPS = 10
"""So many of the newest steps are asked for."""
SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """A sentence, and whether it is about something wrong."""

    text: str
    wrong: bool = False


def look_at(path: Path) -> Iterator[Finding]:
    """Yield what would be watched and what is wrong.

    Raises
    ------
    ConfigError
        If the file itself is wrong.
    """
    settings = read_settings(path)
    for one in settings.jobs:
        yield from _job(Job(one))
    # Opened as the service does, so that a rule that does not suit is found here.
    said: list[str] = []
    Acting(
        [(one.name, one.remediation, one.metrics, nanoseconds(one.step)) for one in settings.jobs],
        said.append,
    )
    yield from map(Finding, said)
    if settings.alertmanager is None:
        yield Finding("alertmanager: none; nobody is told but the page and alerts_file")
    else:
        try:
            with urlopen(f"{settings.alertmanager.rstrip('/')}/-/ready", timeout=SECONDS):  # noqa: S310 - http alone, checked
                yield Finding(f"alertmanager: {settings.alertmanager} is ready")
        except (URLError, OSError) as error:
            why = getattr(error, "reason", error)
            yield Finding(f"alertmanager: {settings.alertmanager} does not answer ({why})", wrong=True)


def _job(job: Job) -> Iterator[Finding]:
    name, metrics = job.settings.name, list(job.settings.metrics)
    end = job.due
    try:
        answers = list(job.source.between(end - (STEPS - 1) * job.step, end))
    except DataError as error:
        yield Finding(f"job {name}: {error}" if not str(error).startswith("job") else str(error), wrong=True)
        return
    count = len(job.entities)
    yield Finding(
        f"job {name}: {count:,} entities by {', '.join(job.settings.by)}, {len(metrics)} metrics",
        wrong=not count,
    )
    known = np.isfinite(answers[-1].values).any(axis=0).sum(axis=0).tolist()
    for metric, with_values in zip(metrics, known, strict=True):
        if not with_values:
            yield Finding(
                f"job {name}: metric {metric} has no value of the last {STEPS} steps; is its name right?",
                wrong=True,
            )
        elif with_values < count:
            yield Finding(f"job {name}: metric {metric} has values of {with_values:,} of {count:,} entities")
    if isinstance(job.source, FileOfEntities):
        newest = f"its newest line is of {iso(job.source.newest)}" if job.source.newest else "it has no line"
        yield Finding(f"job {name}: {job.source.lines.path}: {newest}", wrong=not job.source.newest)
        for text in (text for answer in answers for text in answer.said):
            yield Finding(f"job {name}: {text}", wrong=True)
        return
    for why, several in answers[-1].odd.items():
        by = ", ".join(job.settings.entity)
        yield Finding(
            f"job {name}: {why} ({several}); make it one each, as with sum by ({by}) (...)", wrong=True
        )
