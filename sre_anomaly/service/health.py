"""How a job is: what it says of itself on its page and in the metrics."""

import time
from collections import Counter
from dataclasses import dataclass, field

from sre_anomaly.errors import DataError
from sre_anomaly.io.prometheus import AwayError
from sre_anomaly.service.source.answers import Answers


@dataclass
class Health:
    """What a job says of itself."""

    last_step: int = 0
    """The newest row, ns since 1970."""
    step_seconds: float = 0.0
    steps: int = 0
    errors: int = 0
    last_error: str = ""
    away_since: float | None = None
    odd: Counter[str] = field(default_factory=Counter)
    """What could not be used, by why."""
    news: list[str] = field(default_factory=list)
    """What a person should read and has not yet."""
    alerts: int = 0
    learning: bool = True

    def take(self, answers: Answers) -> None:
        """Take in what was odd about what a source answered."""
        self.odd += answers.odd
        self.news += answers.said

    def failed(self, error: Exception) -> str | None:
        """Take in what went wrong; return what is to be said of it, None where it has been said."""
        self.errors += 1
        text = str(error) if isinstance(error, DataError) else f"{type(error).__name__}: {error}"
        known = self.away_since is not None and (text == self.last_error or isinstance(error, AwayError))
        self.last_error = text
        if self.away_since is None:
            self.away_since = time.monotonic()
        return None if known else text

    def works(self) -> str | None:
        """Take in that all went well; return what is to be said of it."""
        if self.away_since is None:
            return None
        away, self.away_since = time.monotonic() - self.away_since, None
        return f"goes on after {away:.0f} s"
