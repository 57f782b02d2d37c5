"""``sre-anomaly export``: what leaves with the user, to be run by other programs."""

from importlib import import_module
from pathlib import Path

from sre_anomaly.errors import UserError, did_you_mean

KINDS = {
    "slo": "cli.export:export_slo",
    "rules": "export.rules:export_rules",
    "grafana": "export.grafana:export_grafana",
}
"""The module and function of each kind: only the one that is asked for is imported."""
SLO_KEYS = ("slo", "errors", "total", "to", "period", "name", "overwrite")
SLO_USAGE = "write sre-anomaly export slo slo=99.9 'errors=http_requests_total{code=~\"5..\"}' total=http_requests_total to=slo.yml"
USAGE = "write sre-anomaly export rules model=outputs/latest/model to=rules.yml"


def export(words: list[str]) -> None:
    """Hand on to what the first word names.

    Raises
    ------
    UserError
        If it names nothing.
    """
    if not words:
        raise UserError(f"export: what? {USAGE}")
    kind, *rest = words
    if kind not in KINDS:
        raise UserError(f"export: {kind!r} is nothing to export; {did_you_mean(kind, KINDS)}")
    module, _, function = KINDS[kind].partition(":")
    getattr(import_module(f"sre_anomaly.{module}"), function)(rest)


def export_slo(words: list[str]) -> None:
    """Write the burn-rate alerts of an SLO as a rule file.

    Raises
    ------
    UserError
        If a word is wrong, or the file is there already.
    """
    from sre_anomaly.promql.burn_rate import burn_rate_comment, burn_rate_rules
    from sre_anomaly.promql.rule_text import as_text
    from sre_anomaly.records import write_text

    given = {}
    for word in words:
        key, equals, value = word.partition("=")
        if key not in SLO_KEYS or not equals:
            raise UserError(f"export slo: no key is called {key!r}; {did_you_mean(key, SLO_KEYS)}")
        given[key] = value
    if lacking := [key for key in ("slo", "errors", "total", "to") if not given.get(key)]:
        raise UserError(f"export slo: {', '.join(f'{key}=' for key in lacking)} is missing; {SLO_USAGE}")
    try:
        target = float(given["slo"])
    except ValueError:
        raise UserError(f"slo={given['slo']}: write percent, such as slo=99.9") from None
    about = {key: given[key] for key in ("period", "name") if key in given}
    rules = burn_rate_rules(target, given["errors"], given["total"], **about)
    path = Path(given["to"]).expanduser()
    if path.exists() and given.get("overwrite") != "true":
        raise UserError(f"to={path}: is there already; add overwrite=true to replace it")
    try:
        write_text(path, as_text(rules, burn_rate_comment(target, **about)))
    except OSError as error:
        raise UserError(f"to={path}: cannot be written ({error.strerror})") from None
    print(f"{path}: {len(rules['groups'][0]['rules'])} rules")
    print("Then:")
    print(f"  promtool check rules {path}")
    print(
        f"  sre-anomaly backtest rules={path} data.url=http://localhost:9090   # what they would have paged"
    )
