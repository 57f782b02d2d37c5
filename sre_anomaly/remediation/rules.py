"""The file in which a user says what may be done, when, and how often at most."""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sre_anomaly.clock import Duration
from sre_anomaly.errors import did_you_mean

LONGEST_SECONDS = 600
PREDICTED = "predicted"
ALERTED = ("opened", "closed")


@dataclass(frozen=True)
class Event:
    """Something that rules may be for."""

    when: str
    target: str
    """The metric of an alert, the class of a prediction."""
    strength: float
    """The peak score of an alert so far, the probability of a prediction."""
    time: int | None = None
    """Nanoseconds since 1970; None where nobody knows, as with a line of text."""
    about: dict[str, Any] = field(default_factory=dict)
    """What an action is told, as JSON holds it."""


def _argv(value: Any) -> Any:
    if not isinstance(value, list) or not value:
        raise ValueError(
            "is a list in brackets, such as [/usr/bin/systemctl, restart, my_service]; no shell reads it"
        )
    words = [word for word in value if isinstance(word, str)]
    if any("\0" in word for word in words):
        raise ValueError("holds a NUL character")
    if len(words) == len(value) and not os.path.isabs(words[0]):  # noqa: PTH117 - of a text that may be no path
        raise ValueError(f"begins with the whole path of a program, such as /usr/bin/env, not {words[0]!r}")
    return value


def _address(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"is no web address ({error})") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a name or password; it would stand in logs. Use secret_env")
    if not host or any(not "!" <= sign <= "~" for sign in value):
        raise ValueError("is no web address; write https://host/path")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ValueError(
            "begins with https://; http:// goes to this machine alone, such as http://localhost:8080/"
        )
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Action(BaseModel):
    """One thing that may be done: run a program, or send JSON to a web address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Annotated[list[str] | None, BeforeValidator(_argv)] = None
    url: Annotated[str | None, BeforeValidator(_address)] = None
    seconds: Annotated[float, Field(gt=0, le=LONGEST_SECONDS)] = 10
    secret_env: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("has either a command or a url")
        if self.secret_env is not None and self.url is None:
            raise ValueError("secret_env signs what is sent to a url; a command has no use for it")
        return self

    def lacks(self) -> str:
        """Say what is missing on this machine to do it; empty where nothing is."""
        if self.command is not None and not (
            os.access(self.command[0], os.X_OK) and Path(self.command[0]).is_file()
        ):
            return f"{self.command[0]} is no program that can be run here"
        if self.secret_env is not None and not os.environ.get(self.secret_env):
            return f"the environment variable {self.secret_env} is not set"
        return ""


class Rule(BaseModel):
    """When what is done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: Literal["opened", "closed", "predicted"]
    do: str
    metric: str | None = None
    peak: Annotated[float, Field(allow_inf_nan=False)] | None = None
    class_name: Annotated[str | None, Field(alias="class")] = None
    probability: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _only_its_own(self) -> Self:
        predicted = self.when == PREDICTED
        foreign = ("metric", "peak") if predicted else ("class_name", "probability")
        for name in foreign:
            if getattr(self, name) is not None:
                word = name.removesuffix("_name")
                raise ValueError(f"{word} says nothing of when: {self.when}; leave it out")
        if predicted and self.class_name is None:
            raise ValueError("class has to be given with when: predicted")
        return self

    @property
    def target(self) -> str | None:
        """The metric or class that it is for, None for any."""
        return self.class_name if self.when == PREDICTED else self.metric

    def fits(self, event: Event) -> bool:
        """Return whether an event is one of those that the rule is for."""
        least = self.probability if self.when == PREDICTED else self.peak
        return (
            event.when == self.when
            and self.target in {None, event.target}
            # Written so that a score of NaN never fits.
            and (least is None or event.strength >= least)
        )


class Limits(BaseModel):
    """The envelope: how much is done at most, whatever the rules say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_hour: Annotated[int, Field(ge=0, le=1000, strict=True)] = 3
    per_day: Annotated[int, Field(ge=0, le=1000, strict=True)] = 10
    cooldown: Duration = timedelta(minutes=10)
    cooldown_same_target: Duration = timedelta(hours=1)
    at_once: Annotated[int, Field(ge=1, le=100, strict=True)] = 1
    max_age: Duration = timedelta(hours=1)


class Rules(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turned_on: Annotated[bool, Field(strict=True)] = False
    audit_log: Annotated[str, Field(min_length=1)]
    kill_switch: Annotated[str, Field(min_length=1)]
    limits: Limits = Limits()
    actions: dict[Annotated[str, Field(pattern=r"^[\w.-]+$")], Action]
    rules: Annotated[list[Rule], Field(min_length=1)]

    def for_event(self, event: Event) -> list[tuple[int, Rule]]:
        """Return the rules that an event fits, numbered from 0, as in messages."""
        return [(number, rule) for number, rule in enumerate(self.rules) if rule.fits(event)]

    def unfit(self, whens: Sequence[str], targets: Sequence[str], what: str) -> list[str]:
        """Say which rules can never meet events of these sorts and targets, which ``what`` names."""
        own = [(number, rule) for number, rule in enumerate(self.rules) if rule.when in whens]
        if not own:
            return [f"rules: none has when: {' or '.join(whens)}, so nothing could ever be done here"]
        return [
            f"rules.{number}.{what}: the model has no {what} {rule.target!r}; {did_you_mean(rule.target, targets)}"
            for number, rule in own
            if rule.target is not None and rule.target not in targets
        ]

    def lacking(self) -> list[str]:
        """Say what is missing on this machine to do the actions."""
        return [
            f"actions.{name}: {lack}" for name, action in self.actions.items() if (lack := action.lacks())
        ]
