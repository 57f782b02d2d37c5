"""``sre-anomaly new``: writes a file to edit."""

from importlib import import_module

from sre_anomaly.errors import UserError, did_you_mean

KINDS = {
    "recipe": "recipe:new_recipe",
    "budget": "budget:new_budget",
    "service": "service:new_service",
    "remediation": "remediation:new_remediation",
}


def new(words: list[str]) -> None:
    """Write what the first word names.

    Raises
    ------
    UserError
        If a word is wrong, or a file of that name is there already.
    """
    kind = words[0] if words else ""
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS)
        raise UserError(
            f"new: what is to be new? write sre-anomaly new recipe NAME from=RECIPE, new budget NAME from=BACKTEST, new "
            f"service or new remediation NAME ({hint})"
        )
    module, _, function = KINDS[kind].partition(":")
    getattr(import_module(f"sre_anomaly.cli.new.{module}"), function)(words[1:])
