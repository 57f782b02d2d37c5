"""How a job is: what it says of itself on its page and in the metrics."""

import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sre_anomaly.errors import UserError
from sre_anomaly.io.prometheus import AwayError
from sre_anomaly.live.fleet_monitor import FleetResult
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
    refits: Counter[str] = field(default_factory=lambda: Counter(ok=0, failed=0))
    last_refit: int = 0
    """The newest row that the model was fitted on, ns since 1970; 0: it needs no fitting."""

    def take(self, answers: Answers) -> None:
        """Take in what was odd about what a source answered."""
        self.odd += answers.odd
        self.news += answers.said

    def refitted(self, last: int) -> None:
        """Take in that the model was fitted on the past until a row."""
        self.refits["ok"] += 1
        self.last_refit = last

    def refit_failed(self, error: Exception) -> None:
        """Take in that it could not be fitted again."""
        self.refits["failed"] += 1
        self.news.append(f"could not be fitted again, the old model goes on: {_text(error)}")

    def failed(self, error: Exception) -> str | None:
        """Take in what went wrong; return what is to be said of it, None where it has been said."""
        self.errors += 1
        text = _text(error)
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


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"


def standing(result: FleetResult | None, place: int) -> dict[str, Any]:
    """Return what is known of an entity at the newest row, for the page and the metrics."""
    score = level = math.nan
    if result is not None and place < len(result.scores):
        score, level = float(result.scores[place]), float(result.levels[place])
    return {"score": score, "level": level, "share": score / level if level > 0 else math.nan}
