"""``sre-anomaly new budget``: the pages a week that somebody has chosen from a backtest, as a preset."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from sre_anomaly.config.catalogue import GROUPS, options
from sre_anomaly.errors import UserError, did_you_mean
from sre_anomaly.records import write_text

NAME = re.compile(r"[a-z][a-z0-9_]*")
KEYS = ("from", "pages_per_week", "model")
USAGE = "write sre-anomaly new budget NAME from=outputs/backtest/latest pages_per_week=2"
HEAD = """\
# @package _global_
# {name}: as {model} was replayed from {begin} to {end}, where {said}.
#   sre-anomaly experiment={name}
"""


def new_budget(words: list[str]) -> None:
    """Write ``conf/experiment/NAME.yaml``: the data and the model of a backtest, with the budget that was chosen.

    Raises
    ------
    UserError
        If a word is wrong, the backtest has no such budget, or a preset of that name is there already.
    """
    name, given = _asked(words)
    path = Path(given["from"]) / "record.json"
    if not path.is_file():
        raise UserError(f"from={given['from']}: is no folder of a backtest; {USAGE}")
    record = json.loads(path.read_text(encoding="utf-8"))
    models = {
        one["name"]: one for one in record.get("sources", ()) if one["kind"] == "model" and one["changes"]
    }
    if not models:
        raise UserError(f"from={given['from']}: no model in it has a budget of pages; replay with=[baseline]")
    model = given.get("model", next(iter(models)))
    if model not in models:
        raise UserError(f"model={model}: was not replayed; {did_you_mean(model, models)}")
    pages = _number(given["pages_per_week"])
    replayed = {float(one["setting"].rpartition("=")[2]): one for one in models[model]["changes"]}
    if own := record["budgets"].get(model):
        replayed[float(own)] = models[model]
    allowed = min(replayed, key=lambda budget: abs(budget - pages))
    near = replayed[allowed]
    said = f"{near['per_week']:.3g} a week came with {allowed:g} allowed"
    if allowed != pages:
        said += f", the nearest to {pages:g} that was replayed"
    if near["caught"] is not None:
        said += f", {near['caught']} of {record['incidents']} incidents caught"
    head = HEAD.format(name=name, model=model, begin=record["from"][:10], end=record["to"][:10], said=said)
    content = _content(name, [*record["overrides"], *record["chosen"][model]], pages)
    target = Path("conf") / "experiment" / f"{name}.yaml"
    if target.exists():
        raise UserError(f"{target}: is there already; choose another name")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be written ({error.strerror})") from None
    print(f"{target}: {said}")
    print("Then:")
    print(f"  sre-anomaly experiment={name}")


def _asked(words: list[str]) -> tuple[str, dict[str, str]]:
    given = dict(word.split("=", 1) for word in words if "=" in word)
    names = [word for word in words if "=" not in word]
    if unknown := set(given) - set(KEYS):
        word = min(unknown)
        raise UserError(f"new budget: no key is called {word!r}; {did_you_mean(word, KEYS)}")
    if len(names) != 1 or not NAME.fullmatch(names[0]):
        raise UserError(f"new budget: a name is of small letters, digits and _; {USAGE}")
    if names[0] in options("experiment"):
        raise UserError(f"new budget: a preset is called {names[0]} already; choose another name")
    for key in ("from", "pages_per_week"):
        if key not in given:
            raise UserError(f"new budget: {key}= is missing; {USAGE}")
    return names[0], given


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not number > 0:
        raise UserError(f"pages_per_week={text}: write a number above 0, such as pages_per_week=2")
    return number


def _content(name: str, overrides: list[str], pages: float) -> dict[str, Any]:
    """Return the overrides of a command as the content of a preset."""
    preset = "csv"
    chosen: dict[str, str] = {}
    content: dict[str, Any] = {}
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if key == "experiment":
            preset = value
        elif key in GROUPS:
            chosen[key] = value
        elif not key.startswith("corpus."):
            _put(content, key.split("."), yaml.safe_load(value))
    _put(content, ["threshold", "pages_per_week"], pages)
    defaults = [preset, *({f"override /{group}": value} for group, value in chosen.items()), "_self_"]
    return {"defaults": defaults, "name": name, **content}


def _put(content: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        content = content.setdefault(part, {})
    content[path[-1]] = value
