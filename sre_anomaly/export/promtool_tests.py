"""Unit tests for promtool, from the user's own history: stretches in which the rules page, and some in which they do not."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sre_anomaly.export.compiled import Compiled, Watched, as_yaml
from sre_anomaly.export.forms import Band, short
from sre_anomaly.export.formula import HOUR
from sre_anomaly.export.history import History
from sre_anomaly.export.rule_file import alert_labels, flow
from sre_anomaly.export.stretch import ROWS, Stretch, stretch
from sre_anomaly.frame import Array
from sre_anomaly.promql.templates import humanize
from sre_anomaly.promql.text import duration, number, series_text

MOST = 4
"""Metrics that are tested: a file of tests should be read."""
TRIED = 200
SPIKE = 6.0
"""Where nothing pages in the history, a value is made up so many half-widths of the band away."""


@dataclass(frozen=True)
class Case:
    """One test of one metric."""

    name: str
    stretch: Stretch
    fires: list[int]
    """Rows of the stretch at which it is asked whether the alert fires, and it does."""
    quiet: list[int]
    """Those at which it does not."""


def tests_file(rules: Compiled, history: History, rules_name: str) -> str:
    """Return the file of unit tests."""
    lines = [
        f"# Unit tests of {rules_name}, made from the history of the model: promtool test rules FILE",
        "# Rows near a page are as they were measured; what led up to them is drawn through some of the values (a+bxN).",
        "rule_files:",
        f"  - {as_yaml(rules_name)}",
        f"evaluation_interval: {duration(rules.step)}",
        "tests:",
    ]
    # Metrics that page first.
    order = sorted(rules.watched, key=lambda one: -sum(named == one.metric for named, _ in history.pages))
    for one in order[:MOST]:
        for case in cases(rules, one, history):
            lines += _test(rules, one, case)
    return "\n".join(lines) + "\n"


def cases(rules: Compiled, one: Watched, history: History) -> Iterator[Case]:
    """Yield a test in which the metric pages and one in which it does not."""
    form, rows = one.band.form, range(len(history.times))
    flags = one.band.flags(history.values(one.column), history.times, history.step)
    firings = rules.timing.firings(flags, history.times, history.step)
    fired = [int(np.searchsorted(history.times, start)) for start, _ in firings]
    every = max(1, len(rows) // TRIED)
    calm = [row for row in rows[::every] if not flags[max(0, row - 2 * ROWS) : row + ROWS].any()]
    quiet: Stretch | None = None
    for row in _soonest(calm, history, form.hours):
        found = stretch(history, one.column, row, form.needs, form.hours)
        if found is not None and not _firing_rows(rules, one.band, found):
            quiet = found
            break
    paged = _paging(rules, one, history, fired)
    if paged is None and quiet is not None:
        paged = _made_up(rules, one.band, quiet)
    if paged is not None:
        yield paged
    if quiet is not None:
        last = len(quiet.values) - 1
        yield Case(f"{one.metric} is quiet", quiet, [], [last - ROWS // 2, last])


def _paging(rules: Compiled, one: Watched, history: History, fired: list[int]) -> Case | None:
    """Return a test of the last page that a stretch of the history gives by itself."""
    form = one.band.form
    for row in _soonest(fired, history, form.hours):
        found = stretch(history, one.column, row, form.needs, form.hours)
        if found is None:
            continue
        at, rows = found.first + row - found.row, _firing_rows(rules, one.band, found)
        if at in rows and at - 1 not in rows:
            when = str(np.datetime64(int(history.times[row]), "ns").astype("datetime64[m]")).replace("T", " ")
            return Case(f"{one.metric} pages, as on {when} UTC", found, [at], [at - 1])
    return None


def _soonest(rows: list[int], history: History, hours: int) -> list[int]:
    """Return rows, the latest first; for a table of hours those that come soonest after its beginning, as a test waits for its hour."""
    latest = rows[::-1]
    if not hours:
        return latest[:TRIED]
    soon = sorted(latest, key=lambda row: int(history.times[max(0, row - ROWS)]) % (hours * HOUR))
    return soon[:TRIED]


def _made_up(rules: Compiled, band: Band, quiet: Stretch) -> Case | None:
    """Return a quiet stretch whose last values are made up so that they page."""
    lasting = int(rules.timing.hold // rules.step) + rules.timing.needed
    values, words = quiet.values.copy(), list(quiet.words)
    recorded = band.replay(values, quiet.times, quiet.step)
    begin = len(values) - lasting
    if lasting >= ROWS:
        return None
    edge = recorded.get("yhat_upper", recorded.get("yhat_lower", values))[begin]
    spike = short(float(recorded["yhat"][begin] + SPIKE * (edge - recorded["yhat"][begin])), 6)
    values[begin:], words[begin - len(values) :] = spike, [number(spike)] * lasting
    found = Stretch(words, values, quiet.first, quiet.row, quiet.step)
    rows = _firing_rows(rules, band, found)
    last = len(values) - 1
    name = "pages at a made-up value, as it never did in the history"
    return Case(name, found, [last], [begin - 1]) if last in rows and begin - 1 not in rows else None


def _firing_rows(rules: Compiled, band: Band, found: Stretch) -> set[int]:
    """Return the rows of a stretch at which the alert fires."""
    spans = rules.timing.firings(band.flags(found.values, found.times, found.step), found.times, found.step)
    return {row for start, end in spans for row in range(start // found.step, end // found.step)}


def _test(rules: Compiled, one: Watched, case: Case) -> Iterator[str]:
    """Yield the lines of a test."""
    found, step = case.stretch, rules.step
    name, labels = one.input or ("y", rules.labels(one.metric))
    yield f"  - name: {as_yaml(case.name)}"
    yield f"    interval: {duration(step)}"
    yield "    input_series:"
    yield f"      - series: {as_yaml(series_text(name, labels))}"
    yield "        values: >-"
    yield from textwrap.wrap(" ".join(found.words), 110, initial_indent=" " * 10, subsequent_indent=" " * 10)
    yield "    alert_rule_test:"
    recorded = one.band.replay(found.values, found.times, step)
    for row in sorted([*case.fires, *case.quiet]):
        yield f"      - eval_time: {duration(row * step)}"
        yield f"        alertname: {as_yaml(rules.options.alert)}"
        if row in case.quiet:
            yield "        exp_alerts: []"
            continue
        yield "        exp_alerts:"
        given = one.input[1] if one.input else {}
        yield f"          - exp_labels: {flow({**given, **rules.labels(one.metric), **alert_labels(rules)})}"
        yield "            exp_annotations:"
        yield f"              summary: {as_yaml(summary(one.metric, recorded, row))}"
        if rules.options.runbook:
            yield f"              runbook_url: {as_yaml(rules.options.runbook)}"


def summary(metric: str, recorded: dict[str, Array], row: int) -> str:
    """Return the summary of an alert as the template of the rule gives it."""
    return f"{metric} is {humanize(float(recorded['y'][row]))}, expected {humanize(float(recorded['yhat'][row]))}"
