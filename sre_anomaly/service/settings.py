"""What ``watch.yaml`` says: which metrics of which entities are watched, with which model, and who is told."""

import json
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from sre_anomaly.clock import Duration
from sre_anomaly.errors import ConfigError
from sre_anomaly.service.source.cloudwatch import refuse_unasked
from sre_anomaly.service.source.entities import Share
from sre_anomaly.service.source.settings import (
    GrowingFile,
    InCloudWatch,
    Server,
    Source,
    address,
)

NAME = r"^[a-zA-Z_][\w-]*$"
LABEL = re.compile(r"[a-zA-Z_]\w*")
FILE = "file"
"""The label of an entity that is a whole file."""
LEAST_REFIT = timedelta(minutes=5)
"""What is on disk is of the newest models but one, and is written each minute."""
OWN_LABELS = ("alertname", "job", "metric", "entity")
"""Labels of an alert that we set ourselves."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_text(given: Any) -> Any:
    return json.dumps(given, sort_keys=True) if isinstance(given, dict) else given


class JobSettings(_Strict):
    """Entities that are watched alike."""

    name: Annotated[str, Field(pattern=NAME)]
    source: Source
    metrics: Annotated[dict[str, Annotated[str, BeforeValidator(_as_text)]], Field(min_length=1)]
    """PromQL, each giving one series for each entity; of a file, the columns, or the names in the column of names; of CloudWatch what `Asked` has, as JSON."""
    entity: list[str] = []
    """The labels, or columns of a file, that together name an entity; none: a file is one entity."""
    strip: dict[str, str] = {}
    """For a label a regular expression; what it matches is taken out, so that a restarted pod stays the same entity."""
    step: Duration = timedelta(minutes=1)
    wait: Duration = timedelta(seconds=15)
    """So long after a step its values are asked for."""
    learn: Duration = timedelta(days=14)
    """So much of the past is gone over at the first start."""
    forget: Duration = timedelta(days=2)
    """An entity without any value for so long is no longer watched."""
    vanished: Literal["page", "ignore", "resolve"] = "page"
    """What it means that an entity has no value at all: page: an alert where that is unusual; ignore: nothing; resolve: its alert is over."""
    siblings: bool = True
    """Whether a new entity is compared with what the others usually show, once it has its first 30 values."""
    model: str = "baseline"
    refit: Duration | None = timedelta(days=1)
    """How often a model that is fitted beforehand is fitted again; None: never."""
    pages_per_week: Annotated[float, Field(gt=0)] = 2.0
    """Of each entity."""
    overrides: list[str] = []
    """More of the model, as on the command line."""
    known: dict[str, dict[str, Any]] = {}
    """What is known of each metric, as ``data.known`` has it."""
    calendar: list[Any] = []
    """Holidays, maintenance, deploys, as ``data.calendar`` has them."""
    timezone: str = "UTC"
    labels: dict[str, str] = {}
    """Put on each alert, so that an Alertmanager can route it."""
    remediation: str | None = None
    """A file of rules of what an alert may set off, as ``new remediation`` writes one."""
    most_alerts: Annotated[int, Field(ge=1)] = 20
    """So many alerts at once; where more would fire, one alert says so."""

    @property
    def by(self) -> list[str]:
        """The labels of an entity; where a file is one, its name is its label."""
        return list(self.entity) or [FILE]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not isinstance(self.source, GrowingFile) and not self.entity:
            raise ValueError("entity: name the labels that tell one entity from another, such as [instance]")
        if isinstance(self.source, InCloudWatch):
            refuse_unasked(self.metrics, self.step)
        elif any(text.startswith('{"') for text in self.metrics.values()):
            raise ValueError(
                "metrics: an expression each; namespace and metric are of source: {cloudwatch: {}}"
            )
        for label in (*self.entity, *self.strip, *self.labels):
            if not LABEL.fullmatch(label):
                raise ValueError(f"{label!r} is no name of a label")
        for label in self.labels:
            if label in OWN_LABELS:
                raise ValueError(f"labels: {label!r} is set by the service itself")
        for label, pattern in self.strip.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"strip: {label}: {pattern!r} is no regular expression ({error})") from None
        return self

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.step < timedelta(seconds=1):
            raise ValueError("step: at least 1s")
        if self.refit is not None and self.refit < LEAST_REFIT:
            raise ValueError("refit: at least 5m, or null for never")
        if self.learn < 2 * self.step:
            raise ValueError("learn: is shorter than two steps")
        return self

    def within(self, folder: Path) -> Self:
        """Return the same with its files as they are seen from a folder."""
        rules = self.remediation and str(folder / Path(self.remediation).expanduser())
        return self.model_copy(update={"source": self.source.within(folder), "remediation": rules})


class Web(_Strict):
    """Where the service shows itself."""

    listen: str = "127.0.0.1:9880"
    url: str | None = None
    """What people open, where it is another address: links in alerts lead there."""
    user: str | None = None
    secret_env: str | None = None
    """The environment variable that has the password of ``user``, or without one a bearer token."""
    tls_certificate: str | None = None
    tls_key: str | None = None

    @field_validator("url")
    @classmethod
    def _isaddress(cls, url: str | None) -> str | None:
        return None if url is None else address(url)

    @property
    def page(self) -> str:
        """Where people find the page."""
        return self.url or f"{'https' if self.tls_key else 'http'}://{self.listen}/"

    @property
    def host_and_port(self) -> tuple[str, int]:
        """The address to bind to."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65_535:
            raise ValueError(f"listen: {self.listen!r} is no address; write one such as 127.0.0.1:9880")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key: give both or none")
        if self.user is not None and self.secret_env is None:
            raise ValueError("user: name the environment variable that has the password: secret_env")
        return self


class Settings(_Strict):
    """All of ``watch.yaml``."""

    state: str = "watch.state"
    """The folder that keeps what was learned and which alerts are open."""
    shard: Annotated[str, Field(pattern=r"^\d{1,4}/\d{1,4}$")] = "1/1"
    """Which of how many processes this is: each answers for the entities that hash to it."""
    replicas: Annotated[int, Field(ge=1)] = 1
    """So many of the processes answer for each entity, so that one may die."""
    alertmanager: str | None = None
    alerts_file: str | None = None
    """Each alert as it opens and closes, a line of JSON each."""
    web: Web = Web()
    jobs: Annotated[list[JobSettings], Field(min_length=1)]

    @field_validator("alertmanager")
    @classmethod
    def _isaddress(cls, url: str | None) -> str | None:
        return None if url is None else address(url)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        names = [job.name for job in self.jobs]
        if len(set(names)) < len(names):
            raise ValueError("jobs: two have the same name")
        share = self.share
        if not 1 <= share.number <= share.of:
            raise ValueError(f"shard: {self.shard} is none; write one such as 2/5")
        if share.replicas > share.of:
            raise ValueError(f"replicas: {self.replicas} are more than the {share.of} of shard")
        return self

    @property
    def share(self) -> Share:
        """The entities that this process answers for."""
        number, of = map(int, self.shard.split("/"))
        return Share(number, of, self.replicas)

    def refuse_other_web(self, path: Path, old: "Settings") -> None:
        """Refuse, as `ConfigError`, to go on from settings with another address."""
        if old.web != self.web:
            raise ConfigError(f"{path}: web: cannot be changed by a reload; restart the service")

    def missing_secrets(self) -> list[str]:
        """Return the environment variables that are named and not there."""
        servers = [job.source for job in self.jobs if isinstance(job.source, Server)]
        named = [self.web.secret_env, *(server.secret_env for server in servers)]
        return sorted({name for name in named if name and not os.environ.get(name)})
