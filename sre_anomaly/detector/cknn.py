"""How unlike everything before a row is, learned while it runs: contextual nearest-neighbour novelty, ranked."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field

from sre_anomaly.clock import Duration
from sre_anomaly.contracts import Detector
from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array, Times
from sre_anomaly.kernels.conformal_neighbours import FACES, Parameters, borders, score_rows
from sre_anomaly.kernels.ranks import new_ranks
from sre_anomaly.registry import register


@register("detector", "cknn")
@dataclass
class Cknn(Detector):
    """Score = evidence: 0 for an ordinary row, log(rows so far) for one unlike all before it.

    Each metric by itself: moving means are compared with those of all earlier rows, the time of the day being one
    more coordinate, and the distance to the nearest is the row's novelty. Beside it stands the distance of the value
    from its median at this time on recent days. Both are replaced by L = log(rows / rank), the rank among their own
    past, so that neither unit nor scale is left, and mixed. A row among the most novel of its past is quarantined:
    it may be a neighbour only after a while, so that a first anomaly does not hide a second one.

    Several metrics: the mean evidence of the ``strongest``, ranked once more among its own past so that the same level
    suits any number of metrics. One distance over all metrics would drown what shows in a few.

    It learns from every row after it was scored, with no labels, no training span and in constant memory. ``face``
    chooses what is told. ``evidence`` makes series comparable, and one level suits all of them, but it does not tell
    two records apart. ``novelty`` is the distance itself, the mean of the ``strongest`` metrics. ``ranking`` orders the
    rows of one series best: (evidence + log(1 + novelty)) * n / (n + ``settle``), because in the first rows, n, all
    is new.

    Notes
    -----
    Contextual and conformal nearest neighbours: Burnaev and Ishimtsev (2016). In a row with gaps the
    metrics that are there are scored.
    """

    windows: tuple[int, ...] = (2, 10, 50)
    weights: tuple[float, ...] = (1.0, 0.5, 1.0)
    hour: Annotated[float, Field(ge=0)] = 1.0
    exclude: Annotated[int, Field(ge=0)] = 20
    quarantine: Annotated[float, Field(ge=0, lt=1)] = 0.005
    accept: Annotated[float, Field(ge=0, lt=1)] = 0.3
    seasonal: Annotated[float, Field(ge=0, le=1)] = 0.15
    same_time: Duration = timedelta(minutes=15)
    days: Annotated[int, Field(ge=1)] = 8
    recent: Annotated[int, Field(ge=1)] = 300
    strongest: Annotated[int, Field(ge=1)] = 3
    face: Literal["evidence", "novelty", "ranking"] = "evidence"
    settle: Annotated[float, Field(ge=0)] = 400.0
    most_neighbours: Annotated[int, Field(ge=48)] = 24_000
    most_ranks: Annotated[int, Field(ge=512)] = 4096

    handles_missing = True
    export_name = "cknn"

    def __post_init__(self) -> None:
        self.unit = "evidence" if self.face == "evidence" else "own"
        if not self.windows or min(self.windows) < 1 or any(a >= b for a, b in pairwise(self.windows)):
            raise ConfigError(
                f"detector.windows: {list(self.windows)} must be rows, 1 or more, each longer than the one before"
            )
        if len(self.weights) != len(self.windows) or min(self.weights) <= 0:
            raise ConfigError(
                f"detector.weights: {list(self.weights)} must be one number above 0 for each of detector.windows"
            )
        if self.same_time > timedelta(minutes=30):
            raise ConfigError("detector.same_time: must be 30m or less")

    def fit(self, X: Array, y: Array | None = None, validation: tuple[Array, Array] | None = None) -> Self:
        """Learn nothing: every row is learned from when it has been scored."""
        del X, y, validation
        return self

    def new_state(self, columns: int) -> Array:
        """Return the state of one series: that of each metric, and the ranks of their common evidence."""
        return np.zeros(columns * int(self._borders[-1]) + len(new_ranks(self.most_ranks)))

    def advance(self, states: Array, times: Times, rows: Array, shares: Array | None = None) -> Array:
        """Return (k,) scores and learn from the rows; the share of a metric is its own evidence or novelty."""
        out = np.empty(len(rows))
        score_rows.for_rows(len(rows))(
            states,
            self._borders,
            times,
            rows,
            np.array(self.windows),
            np.array(self.weights),
            self._numbers,
            out,
            np.empty(rows.shape) if shares is None else shares,
        )
        return out

    @cached_property
    def _borders(self) -> Parameters:
        return borders(self.windows, self.recent, self.most_neighbours, self.most_ranks)

    @cached_property
    def _numbers(self) -> Array:
        return np.array(
            [
                self.exclude,
                self.quarantine,
                self.accept,
                self.seasonal,
                self.hour / 3600.0,
                self.same_time.total_seconds(),
                self.days,
                self.strongest,
                FACES.index(self.face),
                self.settle,
            ]
        )
