"""What the service tells a Prometheus that scrapes it: scores and bands of each entity, and its own health."""

import math
from collections.abc import Callable, Iterable, Mapping

from sre_anomaly import __version__
from sre_anomaly.service.job import Job

OPENMETRICS = "application/openmetrics-text"
TYPES = {
    True: f"{OPENMETRICS}; version=1.0.0; charset=utf-8",
    False: "text/plain; version=0.0.4; charset=utf-8",
}
"""By whether it is OpenMetrics, or the text that Prometheus read before."""
SERIES = {
    "y": "The newest value of a metric of an entity.",
    "yhat": "What was expected of it.",
    "yhat_lower": "The lower bound of what was expected: below it the entity alerts.",
    "yhat_upper": "The upper bound of what was expected: above it the entity alerts.",
}
SCORE = "Score of an entity as a share of its threshold: above 1 it alerts."
TRIED = {
    "alertmanager": ("sre_anomaly_notifications", "Requests to the Alertmanager."),
    "alerts_file": ("sre_anomaly_alerts_file_writes", "Writes to the file of alerts."),
    "state": ("sre_anomaly_state_writes", "Times that a job's state was put on disk."),
    "reload": ("sre_anomaly_reloads", "Times that the settings were read again."),
}
HEALTH: dict[str, tuple[str, str, Callable[[Job], float]]] = {
    "sre_anomaly_entities": ("gauge", "Entities that are watched.", lambda job: len(job.entities)),
    "sre_anomaly_step_duration_seconds": ("gauge", "How long the newest step took.", lambda job: job.health.step_seconds),
    "sre_anomaly_last_step_timestamp_seconds": ("gauge", "The time of the newest step.", lambda job: job.health.last_step / 1e9),
    "sre_anomaly_steps": ("counter", "Steps taken in since the start.", lambda job: job.health.steps),
    "sre_anomaly_errors": ("counter", "Times that a job could not go on, such as a source that is away.", lambda job: job.health.errors),
    "sre_anomaly_alerts": ("counter", "Alerts that opened since the start.", lambda job: job.health.alerts),
    "sre_anomaly_learning": ("gauge", "1 while the past is gone over.", lambda job: float(job.health.learning)),
    "sre_anomaly_last_refit_timestamp_seconds": ("gauge", "The newest row that the model was fitted on; 0: it needs no fitting.", lambda job: job.health.last_refit / 1e9),
}  # fmt: skip


def exposition(
    jobs: Iterable[Job], now: int, counts: Mapping[str, Mapping[str, float]], *, openmetrics: bool = True
) -> str:
    """Return all metrics as text.

    Parameters
    ----------
    jobs : iterable of Job
    now : int
        ns since 1970.
    counts : mapping of str to mapping
        What became of what was tried: for ``alertmanager``, ``state`` and others how often it was ``ok`` or ``failed``.
    openmetrics : bool
        False: as Prometheus read it before there was OpenMetrics.
    """
    jobs = list(jobs)
    families: list[tuple[str, str, str, list[str]]] = [
        (name, "gauge", text, []) for name, text in {"anomaly_score": SCORE, **SERIES}.items()
    ]
    for job in jobs:
        for family, lines in zip(families, _of_entities(job), strict=True):
            family[-1].extend(lines)
    # Not of the type info, which only OpenMetrics has.
    version = _line({"version": __version__}, 1.0)
    families.append(("sre_anomaly_build_info", "gauge", "The version that runs.", [version]))
    for name, (kind, text, value) in HEALTH.items():
        lines = [_line({"job": job.settings.name}, float(value(job))) for job in jobs]
        families.append((name, kind, text, lines))
    lags = [_line({"job": job.settings.name}, _lag(job, now)) for job in jobs]
    families.append(
        ("sre_anomaly_lag_seconds", "gauge", "How far the newest step is behind the clock.", lags)
    )
    refits = [
        _line({"job": job.settings.name, "outcome": outcome}, float(number))
        for job in jobs
        for outcome, number in job.health.refits.items()
    ]
    families.append(
        ("sre_anomaly_refits", "counter", "Times that a model was fitted, the first included.", refits)
    )
    odd = [
        _line({"job": job.settings.name, "why": why}, float(n))
        for job in jobs
        for why, n in job.health.odd.copy().items()
    ]
    families.append(
        ("sre_anomaly_series_left_out", "counter", "Series, or lines of a file, that could not be used.", odd)
    )
    for what, (name, text) in TRIED.items():
        told = [_line({"outcome": outcome}, number) for outcome, number in counts[what].items()]
        families.append((name, "counter", text, told))
    said = "".join(_family(*family, openmetrics=openmetrics) for family in families)
    return said + ("# EOF\n" if openmetrics else "")


def escaped(text: str) -> str:
    r"""Return a label's value as the exposition format writes it.

    Examples
    --------
    >>> print(escaped('a"b\\c'))
    a\"b\\c
    """
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", " ")


def _family(name: str, kind: str, text: str, lines: list[str], *, openmetrics: bool) -> str:
    sample = f"{name}_total" if kind == "counter" else name
    called = name if openmetrics else sample
    return f"# HELP {called} {text}\n# TYPE {called} {kind}\n" + "".join(f"{sample}{line}" for line in lines)


def _line(labels: Mapping[str, str], value: float) -> str:
    """Return a sample without the name before it."""
    return f"{{{_pairs(labels)}}} {_number(value)}\n"


def _pairs(labels: Mapping[str, str]) -> str:
    return ",".join(f'{key}="{escaped(text)}"' for key, text in labels.items())


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _of_entities(job: Job) -> list[list[str]]:
    """Return the lines of scores, then of `SERIES`, of what can be said of each entity; an entity's labels are written once."""
    with job.lock:
        titles, result, values, bands = job.entities.titles(), job.result, job.values, job.bands
    lines: list[list[str]] = [[] for _ in range(1 + len(SERIES))]
    if result is None:
        return lines
    heads = [f"{{{_pairs({'job': job.settings.name, 'entity': title})}" for title in titles]
    for head, score, level in zip(heads, result.scores.tolist(), result.levels.tolist(), strict=False):
        if level > 0 and math.isfinite(score):
            lines[0].append(f"{head}}} {score / level!r}\n")
    shown = [values, *(() if bands is None else (bands[..., part] for part in range(bands.shape[-1])))]
    for metric, name in enumerate(job.settings.metrics):
        tail = f",{_pairs({'metric': name})}}}"
        for own, numbers in zip(lines[1:], shown, strict=False):
            column = numbers[:, metric].tolist()
            own += [
                f"{head}{tail} {number!r}\n"
                for head, number in zip(heads, column, strict=False)
                if math.isfinite(number)
            ]
    return lines


def _lag(job: Job, now: int) -> float:
    return (now - job.health.last_step) / 1e9 if job.health.last_step else math.nan
