"""``sre-anomaly export rules``: the model of a run as plain Prometheus rules, with unit tests and what they lose."""

import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from rich.console import Console
from rich.markup import escape

from sre_anomaly.clock import in_words, iso, nanoseconds, parse_duration
from sre_anomaly.errors import UserError, did_you_mean
from sre_anomaly.export.compiled import Compiled, Options, compiled, expressions_of, valid_name
from sre_anomaly.export.history import History, history_of
from sre_anomaly.export.pages import Timing, timing_of
from sre_anomaly.export.promtool_tests import tests_file
from sre_anomaly.export.rule_file import head_of, rule_file
from sre_anomaly.promql.text import duration
from sre_anomaly.records import write_json, write_text

KEYS = (
    "model", "to", "metrics", "for", "keep_firing_for", "severity", "labels", "runbook", "name", "alert", "overwrite",
)  # fmt: skip
USAGE = "sre-anomaly export rules model=outputs/latest/model to=rules.yml"
PROMETHEUS = "prometheus"
LABEL_NAME = re.compile(r"[a-zA-Z_]\w*")


def export_rules(words: list[str]) -> None:
    """Write rules, their unit tests and a record of what they lose, and say so.

    Raises
    ------
    UserError
        If a word is wrong, a file is there already, or the model or its data cannot be read.
    """
    given, data = _words(words)
    targets = _targets(given)
    options, lasting = _options(given), _lasting(given)
    history = history_of(Path(given["model"]).expanduser(), data)
    options = options if options.name else _named(options, _called(history))
    timing = replace(timing_of(history.model.alerts, history.step), **lasting)
    expressions = expressions_of(history, _metrics(given, history))
    rules = compiled(history, expressions, timing, options)
    about = _about(history, given["model"])
    rules_path, tests_path, record_path = targets
    try:
        write_text(rules_path, rule_file(rules, head_of(rules, about, tests_path.name, rules_path.name)))
        write_text(tests_path, tests_file(rules, history, rules_path.name))
        write_json(record_path, record_of(rules, about))
    except OSError as error:
        raise UserError(f"to={rules_path}: cannot be written ({error.strerror})") from None
    _say(rules, history, about, targets)


def _words(words: list[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the options, and other settings of the source of the data."""
    given, data = {}, {}
    for word in words:
        key, equals, value = word.partition("=")
        if key.startswith("data.") and equals:
            data[key.removeprefix("data.")] = yaml.safe_load(value)
        elif key not in KEYS and not key.startswith("metrics."):
            raise UserError(f"export rules: no key is called {key!r}; {did_you_mean(key, KEYS)}")
        elif not value:
            raise UserError(f"{key}=: has no value; write for example {USAGE}")
        else:
            given[key] = value
    for key, what in (("model", "the model of a run"), ("to", "the file to write")):
        if key not in given:
            raise UserError(f"export rules: name {what} with {key}=..., for example {USAGE}")
    return given, data


def _targets(given: Mapping[str, str]) -> tuple[Path, Path, Path]:
    """Return where rules, tests and record go: beside each other, and none where something is already."""
    if given.get("overwrite", "false") not in ("true", "false"):
        raise UserError(f"overwrite={given['overwrite']}: write overwrite=true or leave it out")
    path = Path(given["to"]).expanduser()
    if path.suffix not in (".yml", ".yaml"):
        raise UserError(f"to={path}: a rule file ends in .yml or .yaml, such as to=rules.yml")
    if not path.parent.is_dir():
        raise UserError(f"to={path}: there is no folder {path.parent}")
    begin = path.stem.removesuffix("rules")
    begin = begin if begin == "" or begin[-1] in "_-." else f"{begin}_"
    targets = path, path.with_name(f"{begin}tests.yml"), path.with_name(f"{begin}record.json")
    there = [target for target in targets if target.exists()]
    if there and given.get("overwrite") != "true":
        raise UserError(f"{there[0]}: is there already; choose another to=..., or add overwrite=true")
    return targets


def _options(given: Mapping[str, str]) -> Options:
    runbook = given.get("runbook", "")
    parts = urlsplit(runbook)
    if runbook and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise UserError(f"runbook={runbook}: is no address; write one such as https://wiki.example.com/cpu")
    labels = _mapping("labels", given.get("labels", "{}"))
    for label in labels:
        if not LABEL_NAME.fullmatch(label) or label in ("alertname", "metric", "model"):
            raise UserError(f"labels: {label!r} cannot be a label of an alert; write one such as team")
    alert = given.get("alert", "")
    if alert and not re.fullmatch(r"[\w.:-]+", alert):
        raise UserError(f"alert={alert}: is no name of an alert; write one such as CheckoutAnomaly")
    named = Options("", alert, given.get("severity", "page"), runbook, labels)
    return _named(named, given["name"]) if "name" in given else named


def _named(options: Options, name: str) -> Options:
    """Return options with a name for the model, and the alert's drawn from it."""
    camel = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^a-zA-Z0-9]+", name))
    return replace(options, name=name, alert=options.alert or f"{camel}Anomaly")


def _called(history: History) -> str:
    """Return what a model is called where no name is given: as its series, or, of a whole Prometheus, as its metric."""
    if history.frame.name != PROMETHEUS:
        return history.frame.name
    return history.frame.metrics[0] if len(history.frame.metrics) == 1 else "metrics"


def _lasting(given: Mapping[str, str]) -> dict[str, int]:
    """Return what `for` and `keep_firing_for` are to be instead of what the alert policy says."""
    found = {}
    for key, name in (("for", "hold"), ("keep_firing_for", "keep")):
        if key in given:
            try:
                found[name] = nanoseconds(parse_duration(given[key]))
            except ValueError as error:
                raise UserError(f"{key}: {error}") from None
    return found


def _mapping(key: str, text: str) -> dict[str, str]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict) or not all(
        isinstance(one, (str, int, float)) for one in content.values()
    ):
        raise UserError(
            f"""{key}={text}: is no mapping; write {key}='{{name: "value"}}', with the value in quotes"""
        )
    return {str(name): str(value) for name, value in content.items()}


def _metrics(given: Mapping[str, str], history: History) -> dict[str, str]:
    """Return the expressions given for metrics: ``metrics={cpu: "..."}`` or ``metrics.cpu=...``."""
    found = _mapping("metrics", given["metrics"]) if "metrics" in given else {}
    begin = "metrics."
    found |= {key.removeprefix(begin): value for key, value in given.items() if key.startswith(begin)}
    for metric in found:
        if metric not in history.frame.metrics:
            raise UserError(
                f"metrics: the model has no metric {metric!r}; {did_you_mean(metric, history.frame.metrics)}"
            )
    return found


def _about(history: History, folder: str) -> dict[str, str]:
    about, times = history.model.about, history.frame.time
    parts = " ".join(f"{kind}={name}" for kind, name in about["names"].items())
    rows = f"{history.span.stop - history.span.start:,} data points"
    first, last = times[history.span.start], times[history.span.stop - 1]
    return {
        "model": f"{folder} (experiment {about.get('experiment')}, config {about.get('config_hash')}, {parts})",
        "history": f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, {rows}, every {in_words(history.frame.step)}",
    }


def record_of(rules: Compiled, about: Mapping[str, str]) -> dict[str, Any]:
    """Return what a program would want to know of the rules."""
    timing: Timing = rules.timing
    return {
        **about,
        "exact": rules.exact,
        "statement": str(rules.whole),
        "statement_second_half": str(rules.later),
        "loss": {"whole": asdict(rules.whole), "second_half": asdict(rules.later)},
        "fixed_limits_on_second_half": asdict(rules.naive) if rules.naive else None,
        "metrics": [
            {
                "metric": one.metric, "expression": one.expression, "form": one.band.form.name,
                "factor": one.band.factor, "direction": one.band.direction, "exact": one.band.exact,
            }
            for one in rules.watched
        ],
        "without_rules": rules.silent,
        "interval": duration(rules.step),
        "for": duration(timing.hold),
        "keep_firing_for": duration(timing.keep),
        "pages": [{"start": iso(start), "end": iso(end)} for start, end in rules.pages],
    }  # fmt: skip


def _say(
    rules: Compiled, history: History, about: Mapping[str, str], targets: tuple[Path, Path, Path]
) -> None:
    console = Console(highlight=False, soft_wrap=True)

    def line(head: str, text: str) -> None:
        console.print(f"[bold]{head:10}[/] {escape(text)}")

    line("Model", about["model"])
    line("History", about["history"])
    if history.changed:
        console.print(
            "[yellow]careful: the data are not those that the model was trained on; the rules follow the new ones[/]"
        )
    for one in rules.watched:
        what = (
            "the very band of the model"
            if one.band.exact
            else f"closest form, {one.band.factor:g} times its usual error"
        )
        line("", f"{one.metric}: {one.band.form.name} ({what})")
    if history.model.about["config"]["data"].get("url") is None:
        named = [one for one in rules.watched if one.expression == valid_name(one.metric)]
        if named:
            line(
                "",
                f"They ask for {named[0].expression}: where Prometheus knows it by another name, metrics.{named[0].metric}='...'",
            )
    for metric in rules.silent:
        console.print(
            f"[yellow]careful: {escape(metric)} has no values in the first half of the history, and no rules[/]"
        )
    for number, sentence in enumerate(rules.statement):
        line("" if number else "Loss", sentence)
    line("Files", ", ".join(str(target) for target in targets))
    line("Next", f"promtool check rules {targets[0]}")
    line("", f"promtool test rules {targets[1]}")
