"""What a source answers: the values of some steps, of all entities."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sre_anomaly.frame import Array, Times
from sre_anomaly.service.source.entities import Entities

MOST_VALUES, MOST_STEPS, UNKNOWN = 500_000, 240, 10_000
"""Of one question while the past is gone over, so that an answer has some 15 MB; as long as nobody has come, so many may."""


@dataclass
class Answers:
    """The values of some steps, and what was odd about them."""

    times: Times
    """(k,) ns since 1970."""
    values: Array
    """(k, n, m) NaN where there is none; n grows as entities come."""
    odd: Counter[str] = field(default_factory=Counter)
    """How many series were left out, by why."""
    said: list[str] = field(default_factory=list)
    """What a person should read of it, once."""


def spans(first: int, last: int, step: int, entities: Entities) -> Iterator[Times]:
    """Yield the steps from ``first`` to ``last``, ns since 1970, so many at a time as one answer should hold."""
    while first <= last:
        # Those of other processes are in each answer too.
        series = len(entities) * entities.share.of // entities.share.replicas or UNKNOWN
        most = min(MOST_STEPS, max(1, MOST_VALUES // series))
        yield np.arange(first, min(first + most * step, last + step), step, dtype=np.int64)
        first += most * step
