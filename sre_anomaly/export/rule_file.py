"""A rule file as a person would write it into git: what it is, how good it is, and a comment at each rule."""

from collections.abc import Iterator, Mapping

from sre_anomaly import __version__
from sre_anomaly.export.compiled import Compiled, Watched, as_yaml
from sre_anomaly.export.forms import SCORE, Y
from sre_anomaly.export.formula import Binary, Constant, Formula, Over, Recorded, Series
from sre_anomaly.promql.text import duration

FLAG = "anomaly_flag"
TOLD = '{{ with query (printf "%s{metric=%%q,model=%%q}" $labels.metric $labels.model) }}{{ . | first | value | humanize }}{{ end }}'
SUMMARY = f"{{{{ $labels.metric }}}} is {TOLD % 'y'}, expected {TOLD % 'yhat'}"
MEANING = {
    "y": "the metric itself; neither NaN nor infinite, which would spoil every window that it is in",
    "yhat": "expected: {form}",
    "yhat_error": "how far off that was",
    "yhat_upper": "{factor} times its usual error above",
    "yhat_lower": "as far below",
    "anomaly_score": "0 as expected, 1 at the edge of the band, above it outside",
}


def rule_file(rules: Compiled, head: list[str]) -> str:
    """Return the file of rules of a model, with some lines at its head."""
    name, step = rules.options.name, rules.step
    lines = [f"# {line}".rstrip() for line in head]
    lines += [
        "groups:",
        f"  - name: {as_yaml('sre-anomaly-' + name)}",
        "    # The step of the model: windows count evaluations. They are half a step short, so that they hold the same ones in",
        "    # Prometheus 2, where both ends belong to a window, and in Prometheus 3, where one does.",
        f"    interval: {duration(step)}",
        "    rules:",
    ]
    for one in rules.watched:
        lines += ["", f"      # {one.metric}", *_recording(rules, one)]
    return "\n".join([*lines, "", *_alerting(rules), ""])


def _recording(rules: Compiled, one: Watched) -> Iterator[str]:
    """Yield the rules that record a metric and its band."""
    labels = rules.labels(one.metric)
    series, band = Series(labels, rules.step), one.band
    expression = one.expression if one.input else f"({one.expression})"
    yield from _rule(Y.name, f"{expression} > -Inf < +Inf", labels, MEANING["y"])
    for name, formula in band.records():
        meaning = MEANING[name].format(form=band.form.name, factor=f"{band.factor:g}")
        if name == "yhat_lower" and band.direction == "below":
            meaning = MEANING["yhat_upper"].format(factor=f"{band.factor:g}").replace("above", "below")
        if name == "yhat_upper" and band.exact:
            meaning = "at the threshold of the model"
        yield from _rule(name, formula.text(series), labels, meaning)
    if rules.timing.among > 1:
        formula = Binary("> bool", SCORE, Constant(1.0))
        yield from _rule(FLAG, formula.text(series), labels, "1 outside the band")


def _rule(name: str, expression: str, labels: Mapping[str, str], meaning: str) -> Iterator[str]:
    yield f"      - record: {as_yaml(name)}  # {meaning}"
    yield "        expr: |-"
    yield from (f"          {line}" for line in expression.splitlines())
    yield f"        labels: {flow(labels)}"


def flow(pairs: Mapping[str, str]) -> str:
    """Return a mapping on one line of YAML.

    Examples
    --------
    >>> flow({"severity": "page", "team": "web: eu"})
    '{severity: page, team: "web: eu"}'
    """
    return "{" + ", ".join(f"{as_yaml(key)}: {as_yaml(value)}" for key, value in pairs.items()) + "}"


def condition(rules: Compiled) -> tuple[Formula, str]:
    """Return the expression of the alert, and what it means."""
    timing = rules.timing
    if timing.among == 1:
        return Binary(">", Recorded(SCORE.name), Constant(1.0)), "a metric is outside its band"
    flags = Over("sum", FLAG, timing.among)
    meaning = f"{timing.needed} of the last {timing.among} evaluations were outside the band"
    return Binary(">=", flags, Constant(float(timing.needed))), meaning


def _alerting(rules: Compiled) -> Iterator[str]:
    """Yield the alert."""
    options, timing = rules.options, rules.timing
    formula, meaning = condition(rules)
    yield f"      # The alert: {meaning}. One for each metric; `group_by: [alertname, model]` makes them one notification."
    yield f"      - alert: {as_yaml(options.alert)}"
    yield "        expr: |-"
    yield f"          {formula.text(Series({'model': options.name}, rules.step))}"
    if timing.hold:
        yield f"        for: {duration(timing.hold)}"
    if timing.keep:
        yield f"        keep_firing_for: {duration(timing.keep)}  # anomalies that are no further apart are one page"
    yield "        labels:"
    yield from (f"          {as_yaml(key)}: {as_yaml(value)}" for key, value in alert_labels(rules).items())
    yield "        annotations:"
    yield from (f"          {key}: {as_yaml(value)}" for key, value in annotations(rules).items())


def alert_labels(rules: Compiled) -> dict[str, str]:
    """Return the labels that the alert adds."""
    return {"severity": rules.options.severity, **(rules.options.labels or {})}


def annotations(rules: Compiled) -> dict[str, str]:
    """Return the annotations, as templates."""
    told = {"summary": SUMMARY}
    return told | ({"runbook_url": rules.options.runbook} if rules.options.runbook else {})


def head_of(rules: Compiled, about: Mapping[str, str], tests: str, rules_name: str) -> list[str]:
    """Return the lines at the head of the file: what it is, what it loses, and how to check it."""
    kind = "its very bands" if rules.exact else "the closest that PromQL can say, not the model itself"
    lines = [
        f"Prometheus rules of the model {rules.options.name!r}, by sre-anomaly {__version__}: {kind}.",
        f"Model: {about['model']}",
        f"History: {about['history']}",
        "",
        *rules.statement,
        "",
    ]
    if rules.begins:
        lines.append(f"They say nothing until y has been recorded for {duration(rules.begins)}.")
    lines += [f"Check: promtool check rules {rules_name}; promtool test rules {tests}"]
    return lines
