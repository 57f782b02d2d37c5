"""The page of a running service: what is paging now and why, and the fleet at a glance."""

import html
import math
from typing import TYPE_CHECKING

import pandas as pd

from sre_anomaly.page.document import document
from sre_anomaly.service.health import standing
from sre_anomaly.service.job import Job

if TYPE_CHECKING:
    from sre_anomaly.service.watch import Service

MOST_ENTITIES = 200
MOST_ALERTS = 50
NEAR = 0.6
"""Share of the threshold from which on an entity is shown as near to paging."""
STYLE = (
    "<style>.near{color:#a86a00}.fleet{display:flex;flex-wrap:wrap;gap:3px;margin:.6rem 0}"
    ".fleet span{width:14px;height:14px;border-radius:3px;background:var(--line)}.fleet .bad{background:var(--alert)}"
    ".fleet .near{background:#e0a83a}.fleet .good{background:var(--good)}"
    "@media (prefers-color-scheme:dark){.near{color:#f0b44c}}</style><meta http-equiv='refresh' content='30'>"
)


def page(service: "Service") -> str:
    """Return the whole page; nothing in it is fetched from anywhere."""
    with service.lock:
        firing = service.outbox.firing()
    silence = service.settings.alertmanager
    answer = (
        f"<p class='headline bad'>{len(firing)} alert{'s' if len(firing) != 1 else ''} firing.</p>"
        if firing
        else "<p class='headline good'>Nothing is firing.</p>"
    )
    rows = "".join(
        f"<tr><td>{_at(one.start)}</td><td>{_text(one.entity)}<br><span class='dim'>{_text(one.job)}</span></td>"
        f"<td>{_text(one.summary)}</td><td>{_silence(silence, one.labels)}</td></tr>"
        for one in firing[:MOST_ALERTS]
    )
    table = f"<div class='wide'><table><tr><th>since (UTC)</th><th>entity</th><th>what</th><th></th></tr>{rows}</table></div>"
    body = [answer, table if firing else "", *(_job(job) for job in service.jobs)]
    return document("sre-anomaly", [STYLE, *body, "<p class='dim'><a href='/metrics'>/metrics</a></p>"])


def _job(job: Job) -> str:
    health, settings = job.health, job.settings
    said = f"{len(job.entities)} entities, {len(settings.metrics)} metrics, model {settings.model}, {settings.pages_per_week:g} pages a week each"
    if health.learning:
        said += f"; going over the past, at {_at(job.last)}" if job.last else "; going over the past"
    elif health.last_step:
        said += f"; newest step {_at(health.last_step)}"
    trouble = f"<p class='bad'>{_text(health.last_error)}</p>" if health.away_since is not None else ""
    odd = "".join(
        f"<p class='near'>{_text(why)}: left out {number} times</p>" for why, number in health.odd.items()
    )
    states = [(place, standing(job.result, place)["share"]) for place in range(len(job.entities))]
    ordered = sorted(states, key=lambda pair: -pair[1] if math.isfinite(pair[1]) else 1.0)[:MOST_ENTITIES]
    squares = "".join(
        f"<span class='{_grade(part)}' title='{_text(job.entities.title(place))}'></span>"
        for place, part in ordered
    )
    near = "".join(
        f"<tr><td>{_text(job.entities.title(place))}</td><td class='{_grade(part)}'>{part:.0%} of its threshold</td><td>{_values(job, place)}</td></tr>"
        for place, part in ordered
        if math.isfinite(part) and part >= NEAR
    )
    table = (
        f"<div class='wide'><table><tr><th>near or above</th><th></th><th>now (expected)</th></tr>{near}</table></div>"
        if near
        else ""
    )
    return f"<h2>{_text(settings.name)}</h2><p class='dim'>{_text(said)}</p>{trouble}{odd}<div class='fleet'>{squares}</div>{table}"


def _values(job: Job, place: int) -> str:
    if place >= len(job.values):
        return ""
    said = []
    for number, metric in enumerate(job.settings.metrics):
        value = job.values[place, number]
        usual = ""
        if job.bands is not None and place < len(job.bands) and math.isfinite(job.bands[place, number, 0]):
            expected, lower, upper = job.bands[place, number].tolist()
            usual = f" ({expected:.4g}, {lower:.4g} to {upper:.4g})"
        said.append(
            f"{_text(metric)} {value:.4g}{usual}" if math.isfinite(value) else f"{_text(metric)} no value"
        )
    return "<br>".join(said)


def _silence(alertmanager: str | None, labels: dict[str, str]) -> str:
    if alertmanager is None:
        return ""
    chosen = ",".join(
        f'{key}="{value}"' for key, value in labels.items() if key in ("alertname", "job", "entity")
    )
    address = f"{alertmanager.rstrip('/')}/#/silences/new?filter={{{chosen}}}"
    return f"<a href='{_text(address)}' rel='noreferrer'>silence</a>"


def _grade(part: float) -> str:
    return "" if not math.isfinite(part) else "bad" if part > 1 else "near" if part >= NEAR else "good"


def _at(time: int) -> str:
    return f"{pd.Timestamp(time, tz='UTC'):%Y-%m-%d %H:%M}"


def _text(text: str) -> str:
    return html.escape(text, quote=True)
