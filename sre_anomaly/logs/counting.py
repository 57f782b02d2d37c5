"""Log lines become metrics: how many there were of each template and level in every step of a clock."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from sre_anomaly.clock import in_words
from sre_anomaly.errors import DataError
from sre_anomaly.frame import Array
from sre_anomaly.logs.clock import LogClock
from sre_anomaly.logs.levels import LEVELS, standard_level
from sre_anomaly.logs.lines import Tally
from sre_anomaly.logs.shapes.amounts import Amounts, Request
from sre_anomaly.logs.shapes.inside import Entry
from sre_anomaly.logs.shapes.routes import Routes
from sre_anomaly.logs.templates import TemplateMiner

MOST_TICKS = 5_000_000
MOST_REQUESTS = 1_000
"""So many are held before they are added up."""
FEWEST_STEPS = 10
"""Of fewer steps none is left out."""
QUANTILES = (50, 95)
NAME = 60
"""Signs of a template that make a metric's name."""


@dataclass
class LogCounts:
    """What was counted, tick by tick of ``step`` seconds since 1970."""

    step: int
    miner: TemplateMiner = field(default_factory=TemplateMiner)
    per_template: defaultdict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """Lines of each template (-1: too many templates) by tick."""
    per_level: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    span: tuple[int, int] = (0, 0)
    """Seconds since 1970 of the earliest and the latest line."""
    level_of: dict[int, bytes] = field(default_factory=dict)
    """The level of the first line of each template."""
    calm: list[str] = field(default_factory=list)
    """Metrics of ordinary lines, once `metrics` has named them."""
    amounts: Amounts = field(default_factory=Amounts)
    """What requests weigh and how long they take."""
    routes: Routes | None = None
    """The same of each route, where that is asked for."""
    first_seen: dict[int, int] = field(default_factory=dict)
    """The tick at which each template first came."""

    def add(self, entries: Iterable[Entry], clock: LogClock, tally: Tally) -> None:
        """Count every entry that has a time."""
        # The loop that decides how fast a log is read: every name is looked up once, before it, and what falls into one
        # step is added up before it is kept.
        step, seconds, number_of = self.step, clock.seconds, self.miner.add
        earliest, latest = self.span if self.per_template else (2**62, -(2**62))
        current: int | None = None
        together: defaultdict[tuple[int, bytes], int] = defaultdict(int)
        requests: list[Request] = []
        levels: list[bytes] = []
        for time, level, message in entries:
            stamp = seconds(time)
            if stamp is None:
                tally.timeless += 1
                continue
            tick = stamp // step
            if tick != current or len(requests) >= MOST_REQUESTS:
                self._keep(current, together, requests, levels)
                together.clear()
                requests.clear()
                levels.clear()
                current = tick
            if stamp > latest:  # noqa: PLR1730 - max and min cost a tenth of the time
                latest = stamp
            if stamp < earliest:  # noqa: PLR1730
                earliest = stamp
            together[number_of(message), level] += 1
            if type(message) is Request:
                requests.append(message)
                levels.append(level)
        self._keep(current, together, requests, levels)
        self.span = (earliest, latest)

    def _keep(
        self,
        tick: int | None,
        together: Mapping[tuple[int, bytes], int],
        requests: Sequence[Request],
        levels: Sequence[bytes],
    ) -> None:
        """Keep how many lines of each template and level there were in a step, and what its requests weigh."""
        if tick is None:
            return
        if requests:
            self.amounts.add(tick, requests)
            if self.routes is not None:
                self.routes.add(tick, requests, levels)
        for (number, level), count in together.items():
            self.per_template[number][tick] += count
            # Lines of several files come out of order; the earliest tick is the first.
            self.first_seen[number] = min(tick, self.first_seen.get(number, tick))
            self.level_of.setdefault(number, level)
            if level and (name := standard_level(level)) is not None:
                self.per_level[name][tick] += count

    @property
    def lines(self) -> int:
        """How many lines were counted."""
        return sum(sum(counts.values()) for counts in self.per_template.values())

    def cut(self, ticks: int) -> tuple[int, int]:
        """Return how many steps at the beginning and at the end the log covers in part only, 0 or 1 of each.

        A step is covered where it misses no more than a line or two would leave.
        """
        usual = 2 * (self.span[1] - self.span[0]) / max(1, self.lines - 1)
        before = self.span[0] % self.step
        after = self.step - 1 - self.span[1] % self.step
        return (int(before > usual), int(after > usual)) if ticks > FEWEST_STEPS else (0, 0)

    def metrics(
        self, name: str, most: int, learn: float, routes: int = 0
    ) -> tuple[int, tuple[str, ...], Array]:
        """Return the first tick, the metrics' names and their values (n, m).

        The metrics: ``lines``, all of them (0 in a silent tick); ``new_templates``, first seen in this tick;
        ``level_...`` of each level there is; of requests ``bytes`` and ``duration_p50``, ``duration_p95`` in seconds,
        where they are written, and the same of each of the most frequent ``routes``; ``rare_burst``, the most lines of one template without a metric of
        its own; then the ``most`` templates with the most lines in the first share ``learn`` of the clock, the
        earlier found before the later among equals.

        Raises
        ------
        DataError
            If no line has a time, or they lie too far apart for the step.
        """
        if not self.per_template:
            raise DataError(f"{name}: not one line has a time that can be read; is data.format right?")
        start = min(min(counts) for counts in self.per_template.values())
        ticks = max(max(counts) for counts in self.per_template.values()) - start + 1
        if ticks > MOST_TICKS:
            raise DataError(
                f"{name}: its times span {ticks} steps of {in_words(timedelta(seconds=self.step))}: is a time wrong, "
                "or is data.step too short?"
            )
        cut = start + max(1, int(learn * ticks))
        early = {
            number: sum(count for tick, count in counts.items() if tick < cut)
            for number, counts in self.per_template.items()
        }
        ranked = sorted(
            (number for number in early if number >= 0 and early[number]), key=lambda n: (-early[n], n)
        )
        chosen = ranked[:most]
        columns: dict[str, Array] = {
            "lines": np.zeros(ticks),
            "new_templates": np.bincount(
                [tick - start for tick in self.first_seen.values()], minlength=ticks
            ).astype(float),
        }
        columns |= {
            f"level_{level}": _column(self.per_level[level], start, ticks)
            for level in LEVELS
            if level in self.per_level
        }
        if self.amounts.bytes_:
            columns["bytes"] = _column(self.amounts.bytes_, start, ticks)
        if self.amounts.durations:
            # In a step without a request nothing is known of how long one takes.
            columns |= {
                f"duration_p{share}": np.array(
                    [self.amounts.quantile(tick, share / 100) for tick in range(start, start + ticks)]
                )
                for share in QUANTILES
            }
        if self.routes is not None:
            columns |= self.routes.metrics(routes, start, ticks, cut)
        rare = columns["rare_burst"] = np.zeros(ticks)
        texts = self.miner.templates
        wanted = set(chosen)
        for number, counts in self.per_template.items():
            column = _column(counts, start, ticks)
            columns["lines"] += column
            if number not in wanted:
                np.maximum(rare, column, out=rare)
        self.calm = ["level_INFO"] if "level_INFO" in columns else []
        for number in chosen:
            metric = _name(number, texts[number])
            columns[metric] = _column(self.per_template[number], start, ticks)
            if standard_level(self.level_of[number]) == "INFO":
                self.calm.append(metric)
        return start, tuple(columns), np.column_stack(list(columns.values()))


def _column(counts: Counter[int], start: int, ticks: int) -> Array:
    column = np.zeros(ticks)
    column[np.fromiter(counts, dtype=np.int64, count=len(counts)) - start] = list(counts.values())
    return column


def _name(number: int, text: str) -> str:
    return f"t{number}: {text if len(text) <= NAME else text[:NAME] + '...'}"
