"""The five questions, each answered from run folders or from a service."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sre_anomaly.answers.memory import past_runs
from sre_anomaly.answers.run import asked_run, entities_of, inside
from sre_anomaly.answers.said import bounded, cannot_tell, data
from sre_anomaly.answers.unusual import band_at, stamp, unusual_in, why
from sre_anomaly.answers.watching import now, watched_in
from sre_anomaly.errors import DataError, UserError


@dataclass(frozen=True)
class Answers:
    """What can be asked; each answer is JSON of at most 2,000 tokens, and nothing is changed by asking."""

    outputs: Path
    service: str | None = None
    alerts: Path | None = None

    def what_is_there(self, run: str | None = None) -> str:
        """Say what runs there are, the newest first, or of one run its metrics, its entities and its span."""
        return _said(lambda: self._there(run))

    def what_was_unusual(
        self,
        since: str | None = None,
        until: str | None = None,
        run: str | None = None,
        entity: str | None = None,
    ) -> str:
        """Say what was unusual in a span."""

        def found() -> dict[str, Any]:
            if run is None and self.alerts is not None:
                return watched_in(self.alerts, since, until, entity)
            return unusual_in(asked_run(self.outputs, run, entity), since, until)

        return _said(found)

    def metric_band(
        self,
        metric: str,
        at: str | None = None,
        run: str | None = None,
        entity: str | None = None,
        rows: int = 12,
    ) -> str:
        """Say what was expected and seen of a metric around a time."""
        return _said(lambda: band_at(asked_run(self.outputs, run, entity), metric, at, rows))

    def why_alert(self, alert: int, run: str | None = None, entity: str | None = None) -> str:
        """Say why an alert came."""
        return _said(lambda: why(asked_run(self.outputs, run, entity), alert))

    def unusual_now(self) -> str:
        """Say whether something is unusual now."""
        return _said(self._now)

    def _there(self, run: str | None) -> dict[str, Any]:
        watched = {"service": self.service is not None, "alerts_file": self.alerts is not None}
        if run is None:
            runs = [
                one
                for one in past_runs(self.outputs)
                if one.kind == "run" and _is_inside(self.outputs, one.folder)
            ]
            shown = [
                {
                    "run": data(one.name),
                    "status": data(one.record.get("status", "")),
                    "entities": len(entities_of(one.folder)) or 1,
                }
                for one in runs
            ]
            return {"answer": "runs", "watched": watched, "number_of_runs": len(runs), "runs": shown}
        one = asked_run(self.outputs, run)
        entities = entities_of(one.folder)
        about = {"answer": "run", "run": data(one.name), "status": data(one.record.get("status", ""))}
        if entities:
            return {
                **about,
                "number_of_entities": len(entities),
                "entities": [data(name) for name in entities],
            }
        index = one.scores.index
        span = {"first": stamp(index[0]), "last": stamp(index[-1])} if len(index) else {}
        return {
            **about, **span, "alerts": len(one.alerts), "number_of_metrics": len(one.metrics),
            "metrics": [data(name) for name in one.metrics],
        }  # fmt: skip

    def _now(self) -> dict[str, Any]:
        if self.service or self.alerts:
            return now(self.service, self.alerts)
        run = asked_run(self.outputs, None)
        try:
            newest = f"its newest data point is of {stamp(run.scores.index[-1])}"
        except (DataError, IndexError):
            newest = "it has no scores of its own"
        return cannot_tell(
            f"no service is asked (service= or alerts=), and a run tells of the past alone; {newest}",
            run=data(run.name),
        )


def _is_inside(outputs: Path, folder: Path) -> bool:
    try:
        inside(outputs, folder)
    except DataError:
        return False
    return True


def _said(question: Callable[[], dict[str, Any]]) -> str:
    """Return an answer, or what was wrong with the question: both are JSON."""
    try:
        return bounded(question())
    except UserError as error:
        return bounded({"answer": "error", "error": data(error, 300)})
