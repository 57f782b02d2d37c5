"""What a backtest finds: alert sources, the pages of each, and the incidents that they are held against."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from sre_anomaly.clock import in_words
from sre_anomaly.frame import WEEK
from sre_anomaly.io.prometheus import Labels
from sre_anomaly.promql.firing import Firing

MINUTE = 60 * 10**9
SERIES = "series"
"""The label that names the series of a file or a fleet."""

SHORT = 2 * 86_400 * 10**9
"""Less time than this is not told of in days."""


@dataclass(frozen=True)
class Page:
    """A person is told that something is wrong; times in ns since 1970."""

    time: int
    end: int
    """When the last of its alerts was over."""
    names: tuple[str, ...]
    """The alert sources that had a part in it."""
    labels: Labels
    """Those that all of its alerts share."""
    summary: str = ""
    repeats: bool = False
    """Whether nothing is new in it: the same alerts are told again."""

    @property
    def series(self) -> str:
        """The series that it is about; empty where it is about no single one."""
        return dict(self.labels).get(SERIES, "")


@dataclass(frozen=True)
class Scope:
    """The time over which an alert source is looked at."""

    span: tuple[int, int]
    """First and last, ns since 1970."""
    observed: int
    """Nanoseconds: those of all series together where it watches each by itself."""
    series: int = 1
    timezone: str = "UTC"

    @property
    def weeks(self) -> float:
        """Weeks of observation."""
        return timedelta(microseconds=self.observed / 1000) / WEEK

    def __str__(self) -> str:
        """Say how much was looked at."""
        if self.observed < SHORT:
            long = in_words(timedelta(minutes=max(1, round(self.observed / 60e9))))
        else:
            long = f"{round(self.weeks * 7):,} days"
        return long if self.series == 1 else f"{long} of {self.series} series"


@dataclass(frozen=True)
class Change:
    """A setting of an alert source that could be another one, and what would have fired then."""

    key: Literal["for", "keep_firing_for", "limit", "pages_per_week"]
    value: float
    """Nanoseconds, the limit, or pages a week."""
    text: str
    """As the user would write it, such as ``for: 10m``."""
    firings: list[Firing]


@dataclass
class AlertSource:
    """Something that pages: a rule, a static threshold, or a model."""

    name: str
    kind: Literal["rule", "limit", "model"]
    says: str = ""
    """The expression, the threshold, or the words that choose the model."""
    where: str = ""
    """File and line of a rule."""
    firings: list[Firing] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    interval: int = MINUTE
    """Nanoseconds from one evaluation to the next."""
    lacking: str = ""
    """The metrics that it asks for and the server does not have."""
    cannot: bool = False
    """Whether it can never fire for lack of these."""
    pages: list[Page] = field(default_factory=list)


@dataclass(frozen=True)
class Truth:
    """Something was wrong, in one series or in all of them."""

    start: int
    end: int
    series: str = ""
    what: str = ""

    def concerns(self, page: Page) -> bool:
        """Whether a page can be about it: it is of the same series, or one of the two names none."""
        return not self.series or not page.series or self.series == page.series


def shared_labels(labels: Sequence[Labels]) -> Labels:
    """Return the labels that all alerts of a page have.

    Examples
    --------
    >>> shared_labels([(("job", "api"), ("pod", "a")), (("job", "api"), ("pod", "b"))])
    (('job', 'api'),)
    """
    first, *rest = map(set, labels)
    return tuple(sorted(first.intersection(*rest)))


def in_time(firings: Iterable[Firing], first: int) -> list[Firing]:
    """Return the alerts that fire at or after a time."""
    return [one for one in firings if one.end > first]
