"""Who hears of the scores of each of many series, and puts its alerts into words; most series never need either."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from sre_anomaly.contracts import AlertPolicy
from sre_anomaly.live.reasons import Teller, usual_of
from sre_anomaly.model.model import Model
from sre_anomaly.records import Alert


class Voices:
    """A policy and a teller for each series that has had something to report.

    Parameters
    ----------
    models : sequence of Model
        One for all series, or one per series.
    series : int
    step : int
        Nanoseconds.
    """

    def __init__(self, models: Sequence[Model], series: int, step: int) -> None:
        self._models, self._step = models, step
        self._usual = [usual_of(model) for model in models]
        self._policies: dict[int, AlertPolicy] = {}
        self._tellers: dict[int, Teller] = {}
        fresh = [copy.deepcopy(model.alerts) for model in models]
        for policy in fresh:
            policy.start(step)
        self.watchful = {one for one in range(series) if not fresh[one % len(fresh)].idle}
        """The series whose policies must hear of a quiet row too, such as those with an open alert."""

    def of(self, series: int) -> tuple[AlertPolicy, Teller]:
        """Return the policy of a series, and who puts its alerts into words."""
        if series not in self._policies:
            number = series if len(self._models) > 1 else 0
            policy = self._policies[series] = copy.deepcopy(self._models[number].alerts)
            policy.start(self._step)
            self._tellers[series] = Teller(self._models[number], self._usual[number])
        return self._policies[series], self._tellers[series]

    def note(self, series: int) -> None:
        """Note whether a series has to hear of a quiet row, after its policy took in a row."""
        (self.watchful.discard if self._policies[series].idle else self.watchful.add)(series)

    def finish(self, series: int) -> list[Alert]:
        """Close and return the open alert of a series, if it has paged."""
        policy, teller = self.of(series)
        alerts = policy.finish()
        teller.finish(alerts)
        self.note(series)
        return alerts

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as JSON can hold it."""
        return {
            "watchful": sorted(self.watchful),
            "policies": {str(series): policy.state() for series, policy in self._policies.items()},
            "tellers": {str(series): teller.state() for series, teller in self._tellers.items()},
        }

    def resume(self, kept: Mapping[str, Any], moved: Mapping[str, int]) -> None:
        """Go on from what `state` returned; ``moved`` has the place here of each series there that is here too."""
        self.watchful |= {moved[str(row)] for row in kept["watchful"] if str(row) in moved}
        for row, state in kept["policies"].items():
            if row in moved:
                policy, teller = self.of(moved[row])
                policy.resume(state)
                teller.resume(kept["tellers"][row])
