"""What a source may be told of its metrics: by metric, by plain names, and by a calendar."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict

from sre_anomaly.clock import time_zone
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.frame import MetricFrame
from sre_anomaly.io.calendars import calendar_files, windows_of
from sre_anomaly.known import Known

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+[a-z]*")
"""A word of a name, however it is written: snake_case, camelCase, or with dots, colons and slashes."""
PERCENT = frozenset(["percent", "pct", "percentage"])
ENDINGS = PERCENT | {
    "seconds", "second", "secs", "sec", "s", "milliseconds", "millis", "ms", "microseconds", "micros",
    "us", "nanoseconds", "nanos", "ns", "minutes", "min", "hours", "bytes", "byte", "kb", "mb", "gb",
    "tb", "kib", "mib", "gib", "tib", "p", "avg", "average", "mean", "median", "max", "maximum",
    "quantile",
}  # fmt: skip
"""Units and statistics, which may stand behind the words that say what is measured."""


@dataclass
class Names:
    """What the name of a metric says of it: phrases of whole words in which the name ends, but for units and statistics.

    Examples
    --------
    >>> names = Names(above=["request duration"], below=["disk free"], unless=["budget"])
    >>> [names.known(name).direction for name in ("http_request_duration_seconds", "requestDurationP99", "requests")]
    ['above', 'above', None]
    """

    above: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    percent: list[str] = field(default_factory=list)
    unless: list[str] = field(default_factory=list)

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    def known(self, name: str) -> Known:
        """Return what a name says; nothing where it is not plain."""
        words = [word.lower() for word in WORD.findall(name)]
        if any(_holds(words, phrase.split()) for phrase in self.unless):
            return Known()
        above, below = (_ends(words, phrases) for phrases in (self.above, self.below))
        side: Literal["above", "below"] | None = (
            "above" if above and not below else "below" if below and not above else None
        )
        percent = PERCENT.intersection(words) and _ends(
            [one for one in words if one not in PERCENT], self.percent
        )
        return Known(side, possible=(0.0, 100.0) if percent else None)


def _holds(words: list[str], phrase: list[str]) -> bool:
    return any(words[at : at + len(phrase)] == phrase for at in range(len(words)))


def _ends(words: list[str], phrases: Iterable[str]) -> bool:
    """Return whether words end in one of some phrases, but for units and statistics such as p99 or 5m."""
    wanted = [phrase.split() for phrase in phrases]
    for end in range(len(words), 0, -1):
        if any(words[:end][-len(phrase) :] == phrase for phrase in wanted):
            return True
        if words[end - 1] not in ENDINGS and not words[end - 1][0].isdigit():
            return False
    return False


def _keys_of_known(said: Any) -> Any:
    """Refuse a key that says nothing of a metric."""
    names = [one.name for one in fields(Known)]
    for key in said if isinstance(said, Mapping) else ():
        if key not in names:
            raise ValueError(f"no such key: {key}; {did_you_mean(str(key), names)}")
    return said


@dataclass(kw_only=True)
class OwnerKnows:
    """What the owner may say of the metrics of a source; all of it may be left out."""

    timezone: str = "UTC"
    known: dict[str, Annotated[Known, BeforeValidator(_keys_of_known)] | None] | None = None
    by_name: Names | None = None
    calendar: Any = None

    def __post_init__(self) -> None:
        time_zone(self.timezone)
        self._files = calendar_files(self.calendar)

    @property
    def calendar_paths(self) -> list[Path]:
        """The files of the calendar."""
        return [file.path for file in self._files]

    def told(self, frame: MetricFrame) -> MetricFrame:
        """Return a frame with what is known of its metrics and its time.

        Raises
        ------
        ConfigError
            If something is known of a metric that is not there.
        DataError
            If a file of the calendar is missing or broken.
        """
        for name in self.known or ():
            if name not in frame.metrics:
                raise ConfigError(
                    f"data.known.{name}: no metric is called so; {did_you_mean(name, frame.metrics)}"
                )
        given = {name: said for name, said in (self.known or {}).items() if said is not None}
        known = dict(given)
        guessed: dict[str, Known] = {}
        for name in frame.metrics if self.by_name else ():
            assert self.by_name is not None
            own, plain = given.get(name, Known()), self.by_name.known(name)
            taken = {
                key: getattr(plain, key) for key in ("direction", "possible") if getattr(own, key) is None
            }
            if any(taken.values()):
                guessed[name] = Known(**taken)
                known[name] = replace(own, **taken)
        frame = replace(frame, known=known, by_name=_in_words(guessed))
        if not self._files or not len(frame):
            return frame
        time = frame.time.asi8
        windows, notes = windows_of(
            self._files, frame.name, time_zone(self.timezone), int(time[0]), int(time[-1])
        )
        return replace(frame, windows=windows, notes=(*frame.notes, *notes))


def _in_words(guessed: Mapping[str, Known]) -> str:
    """Return a line on what is taken from names alone; empty where nothing is.

    Examples
    --------
    >>> _in_words({"latency": Known("above"), "disk_free": Known("below")})
    'By their names: latency (only above matters), disk_free (only below matters); data.known overrides, data.by_name=null ignores names'
    """
    alike = {
        "only above matters": [name for name, known in guessed.items() if known.direction == "above"],
        "only below matters": [name for name, known in guessed.items() if known.direction == "below"],
        "always 0 to 100": [name for name, known in guessed.items() if known.possible],
    }
    told = [f"{', '.join(names)} ({says})" for says, names in alike.items() if names]
    return (
        f"By their names: {', '.join(told)}; data.known overrides, data.by_name=null ignores names"
        if told
        else ""
    )
