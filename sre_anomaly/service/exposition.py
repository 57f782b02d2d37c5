"""What the service tells a Prometheus that scrapes it: scores and bands of each entity, and its own health."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping

from sre_anomaly import __version__
from sre_anomaly.service.job import Job

TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SERIES = {
    "y": "The newest value of a metric of an entity.",
    "yhat": "What was expected of it.",
    "yhat_lower": "The lower bound of what was expected: below it the entity alerts.",
    "yhat_upper": "The upper bound of what was expected: above it the entity alerts.",
}
TRIED = {
    "alertmanager": ("sre_anomaly_notifications", "Requests to the Alertmanager."),
    "alerts_file": ("sre_anomaly_alerts_file_writes", "Writes to the file of alerts."),
    "state": ("sre_anomaly_state_writes", "Times that a job's state was put on disk."),
    "reload": ("sre_anomaly_reloads", "Times that the settings were read again."),
}
Line = tuple[Mapping[str, str], float]


def exposition(jobs: Iterable[Job], now: int, counts: Mapping[str, Mapping[str, float]]) -> str:
    """Return all metrics as OpenMetrics text.

    Parameters
    ----------
    jobs : iterable of Job
    now : int
        ns since 1970.
    counts : mapping of str to mapping
        What became of what was tried: for ``alertmanager``, ``state`` and others how often it was ``ok`` or ``failed``.
    """
    jobs = list(jobs)
    parts = [
        _family(
            "anomaly_score",
            "gauge",
            "Score of an entity as a share of its threshold: above 1 it alerts.",
            _scores(jobs),
        )
    ]
    parts += [_family(name, "gauge", help_, _bands(jobs, name)) for name, help_ in SERIES.items()]
    parts.append(
        _family("sre_anomaly_build", "info", "The version that runs.", [({"version": __version__}, 1.0)])
    )
    health: dict[str, tuple[str, str, Callable[[Job], float]]] = {
        "sre_anomaly_entities": ("gauge", "Entities that are watched.", lambda job: len(job.entities)),
        "sre_anomaly_step_duration_seconds": ("gauge", "How long the newest step took.", lambda job: job.health.step_seconds),
        "sre_anomaly_lag_seconds": ("gauge", "How far the newest step is behind the clock.", lambda job: _lag(job, now)),
        "sre_anomaly_last_step_timestamp_seconds": ("gauge", "The time of the newest step.", lambda job: job.health.last_step / 1e9),
        "sre_anomaly_steps": ("counter", "Steps taken in since the start.", lambda job: job.health.steps),
        "sre_anomaly_errors": ("counter", "Questions to the source that failed.", lambda job: job.health.errors),
        "sre_anomaly_alerts": ("counter", "Alerts that opened since the start.", lambda job: job.health.alerts),
        "sre_anomaly_learning": ("gauge", "1 while the past is gone over.", lambda job: float(job.health.learning)),
    }  # fmt: skip
    for name, (kind, text, value) in health.items():
        parts.append(
            _family(name, kind, text, [({"job": job.settings.name}, float(value(job))) for job in jobs])
        )
    odd = [
        ({"job": job.settings.name, "why": why}, float(n))
        for job in jobs
        for why, n in job.health.odd.items()
    ]
    parts.append(_family("sre_anomaly_series_left_out", "counter", "Series that could not be used.", odd))
    for what, (name, text) in TRIED.items():
        told = [({"outcome": outcome}, number) for outcome, number in counts[what].items()]
        parts.append(_family(name, "counter", text, told))
    return "".join(parts) + "# EOF\n"


def escaped(text: str) -> str:
    r"""Return a label's value as the exposition format writes it.

    Examples
    --------
    >>> print(escaped('a"b\\c'))
    a\"b\\c
    """
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", " ")


def _family(name: str, kind: str, text: str, lines: Iterable[Line]) -> str:
    ending = {"counter": "_total", "info": "_info"}.get(kind, "")
    out = [f"# TYPE {name} {kind}\n# HELP {name} {text}\n"]
    for labels, value in lines:
        pairs = ",".join(f'{key}="{escaped(text)}"' for key, text in labels.items())
        out.append(f"{name}{ending}{{{pairs}}} {_number(value)}\n")
    return "".join(out)


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _scores(jobs: Iterable[Job]) -> Iterator[Line]:
    for job in jobs:
        result = job.result
        if result is None:
            continue
        for place, (score, level) in enumerate(
            zip(result.scores.tolist(), result.levels.tolist(), strict=True)
        ):
            if level > 0 and math.isfinite(score):
                yield {"job": job.settings.name, "entity": job.entities.title(place)}, score / level


def _bands(jobs: Iterable[Job], name: str) -> Iterator[Line]:
    """Yield a line for each entity and metric that has a value; what a detector cannot say is left out."""
    for job in jobs:
        values = (
            job.values
            if name == "y"
            else None
            if job.bands is None
            else job.bands[..., list(SERIES).index(name) - 1]
        )
        if values is None:
            continue
        metrics = list(job.settings.metrics)
        for place, of_entity in enumerate(values.tolist()):
            entity = job.entities.title(place)
            for metric, value in zip(metrics, of_entity, strict=True):
                if math.isfinite(value):
                    yield {"job": job.settings.name, "entity": entity, "metric": metric}, value


def _lag(job: Job, now: int) -> float:
    return (now - job.health.last_step) / 1e9 if job.health.last_step else math.nan
