"""``sre-anomaly export``: what leaves with the user, to be run by other programs."""

from importlib import import_module

from sre_anomaly.errors import UserError, did_you_mean

KINDS = {
    "rules": "export.rules:export_rules",
    "grafana": "export.grafana:export_grafana",
}
"""The module and function of each kind: only the one that is asked for is imported."""
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
