"""The rules of a whole model: a band for each metric, one alert, and what they give on a history."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sre_anomaly.errors import UserError
from sre_anomaly.export.closest import closest, exact
from sre_anomaly.export.forms import FIXED, Band, begins, short
from sre_anomaly.export.history import History
from sre_anomaly.export.pages import Loss, Span, Timing, lost, together, within
from sre_anomaly.io.asked.prometheus_metrics import expressions_of as expressions_asked

NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_:]+")
PLAIN = re.compile(r'\s*([a-zA-Z_:][\w:]*)\s*(?:\{((?:\s*\w+\s*=\s*"[^"\\]*"\s*,?)*)\})?\s*')
LABEL = re.compile(r'(\w+)\s*=\s*"([^"]*)"')
WIDER = (1.0, 1.12, 1.25, 1.4, 1.6, 2.0, 2.5)
"""Factors by which all bands of a model of several metrics are tried wider ..."""
NEARLY = 0.1
"""... and the widest is taken whose pages are less than so much less alike than the best: what holds on days to come."""


@dataclass(frozen=True)
class Watched:
    """A metric and the band that the rules record of it."""

    metric: str
    expression: str
    """PromQL."""
    band: Band
    column: int

    @property
    def input(self) -> tuple[str, dict[str, str]] | None:
        """Name and labels of the one series that the expression is, or None where it is more than a selector."""
        found = PLAIN.fullmatch(self.expression)
        return (found[1], dict(LABEL.findall(found[2] or ""))) if found else None


@dataclass(frozen=True)
class Options:
    """What the rules of a model are called and say beside its numbers."""

    name: str
    """The value of the label ``model``."""
    alert: str
    severity: str = "page"
    runbook: str = ""
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Compiled:
    """Everything that the files say."""

    options: Options
    watched: list[Watched]
    timing: Timing
    step: int
    whole: Loss
    later: Loss
    naive: Loss | None
    """What fixed limits, chosen the same way, give of the second half; None where the rules are such limits themselves."""
    pages: list[Span]
    """Those of the rules on the history that was evaluated."""
    silent: list[str]
    """Metrics without values to learn from."""

    @property
    def exact(self) -> bool:
        """Whether all bands are those of the model itself."""
        return all(one.band.exact for one in self.watched)

    @property
    def begins(self) -> int:
        """Nanoseconds of values that there must be before the last of the bands says anything."""
        return max(begins(one.band) for one in self.watched) * self.step

    @property
    def statement(self) -> list[str]:
        """What the rules lose of the model, in sentences."""
        said = [
            f"On this history: {self.whole}.",
            f"On its second half, on which nothing was chosen: {self.later}.",
        ]
        if self.whole.pages == self.later.pages and not self.exact:
            said.append(
                "In the first half the model has no page to learn from: the bands are wide enough to be quiet there."
            )
        naive = str(self.naive).replace("the rules", "they")
        return [*said, f"Fixed limits instead, on that second half: {naive}."] if self.naive else said

    def labels(self, metric: str) -> dict[str, str]:
        """Return the labels of the series that are recorded of a metric."""
        return {"metric": metric, "model": self.options.name}


def compiled(history: History, expressions: Mapping[str, str], timing: Timing, options: Options) -> Compiled:
    """Choose a band for each metric, and count what the rules give.

    The rows before the second half of what was evaluated decide on forms and widths.

    Raises
    ------
    UserError
        If no metric has values to learn from.
    """
    times, step = history.times, history.step
    begin, end = int(times[history.span.start]), int(times[history.span.stop - 1]) + step
    half = int(times[history.middle])
    watched = _chosen(history, expressions, timing)
    if not watched:
        raise UserError(
            "no metric has a value in the first half of the history: there is nothing to learn from"
        )
    model = [_kept(span, timing) for _, span in history.pages]

    def loss(watched: list[Watched], since: int) -> Loss:
        pages = replayed(history, watched, timing, history.span.stop)
        return lost(within(model, since, end), within(pages, since, end))

    naive = None
    if any(one.band.form.name != FIXED and not one.band.exact for one in watched):
        limits = _chosen(history, expressions, timing, among=FIXED)
        naive = loss(limits, half) if limits else None
    heard = {one.metric for one in watched}
    return Compiled(
        options, watched, timing, step, loss(watched, begin), loss(watched, half), naive,
        within(replayed(history, watched, timing, history.span.stop), begin, end),
        [metric for metric in history.frame.metrics if metric not in heard],
    )  # fmt: skip


def _chosen(
    history: History, expressions: Mapping[str, str], timing: Timing, among: str = ""
) -> list[Watched]:
    """Return the metrics that have values to learn from, each with its band."""
    times, middle = history.times[: history.middle], history.middle
    begin, half = int(times[history.span.start]), int(history.times[middle])
    watched = []
    for column, metric in enumerate(history.frame.metrics):
        values = history.values(column)[:middle]
        band = None if among else exact(history.model, column)
        if band is None and np.isfinite(values).any():
            pages = [_kept(span, timing) for named, span in history.pages if named == metric]
            known = history.frame.known.get(metric)
            direction = (known.direction if known is not None else None) or "both"
            pages = within(pages, begin, half)
            band = closest(values, times, history.step, begin, pages, timing, direction, among)
        if band is not None:
            watched.append(Watched(metric, expressions[metric], band, column))
    return _widened(history, watched, timing, [_kept(span, timing) for _, span in history.pages])


def replayed(history: History, watched: list[Watched], timing: Timing, rows: int) -> list[Span]:
    """Return the pages that the rules give on the first rows of a history: the replay that decides what is stated."""
    times, step = history.times[:rows], history.step
    return together(
        timing.firings(one.band.flags(history.values(one.column)[:rows], times, step), times, step)
        for one in watched
    )


def _widened(history: History, watched: list[Watched], timing: Timing, pages: list[Span]) -> list[Watched]:
    """Return the metrics with bands so many times as wide that all of them together are most like some pages.

    Each was chosen by itself, and chance finds something in one of many. Nearly as good is good enough for wider bands.
    """
    if len(watched) < 2 or all(one.band.exact for one in watched):
        return watched
    begin, half = int(history.times[history.span.start]), int(history.times[history.middle])
    pages = within(pages, begin, half)
    found = []
    for times_as_wide in WIDER:
        wider = [
            one
            if one.band.exact
            else replace(one, band=replace(one.band, factor=short(one.band.factor * times_as_wide, 3)))
            for one in watched
        ]
        given = within(replayed(history, wider, timing, history.middle), begin, half)
        found.append((lost(pages, given).alike, wider))
    best = max(alike for alike, _ in found)
    return [wider for alike, wider in found if alike >= best - NEARLY][-1]


def _kept(page: Span, timing: Timing) -> Span:
    """Return a page of a model as long as a rule would keep it firing."""
    return page[0], page[1] + timing.keep


def expressions_of(history: History, given: Mapping[str, str]) -> dict[str, str]:
    """Return the PromQL of each metric: as given, else as the model asked a Prometheus, else its name made valid."""
    asked = history.model.about["config"]["data"].get("metrics")
    known = expressions_asked(asked) if asked is not None else {}
    return {
        metric: given.get(metric) or known.get(metric) or valid_name(metric)
        for metric in history.frame.metrics
    }


def valid_name(metric: str) -> str:
    """Return a metric's name as a Prometheus can have it; one that is PromQL already stays as it is.

    Examples
    --------
    >>> valid_name("CPU usage (%)"), valid_name('up{job="web"}')
    ('CPU_usage', 'up{job="web"}')
    """
    if PLAIN.fullmatch(metric):
        return metric.strip()
    name = NOT_IN_A_NAME.sub("_", metric).strip("_") or "metric"
    return name if not name[0].isdigit() else f"_{name}"


def as_yaml(value: str) -> str:
    """Return a text as YAML that no reader takes for anything else.

    Examples
    --------
    >>> as_yaml("page"), as_yaml("a: b"), as_yaml("yes")
    ('page', '"a: b"', '"yes"')
    """
    if re.fullmatch(r"[A-Za-z][\w./-]*", value) and value.lower() not in YAML_WORDS:
        return value
    single = '"' in value and value.isprintable()
    return "'" + value.replace("'", "''") + "'" if single else json.dumps(value, ensure_ascii=False)


YAML_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
