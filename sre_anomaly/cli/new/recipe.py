"""``sre-anomaly new recipe``: a problem of one's own begun from a preset."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.config.build import NOTHING, build
from sre_anomaly.config.catalogue import option_file, options, read_option
from sre_anomaly.config.compose import composed
from sre_anomaly.dataset import Table
from sre_anomaly.errors import UserError, did_you_mean
from sre_anomaly.records import write_text
from sre_anomaly.table_contracts import TableSource

NAME = re.compile(r"[a-z][a-z0-9_]*")
MARK = "Recipe."
MINUTE = 60 * 10**9
ROWS = 600
"""Rows of the data template: few enough to look at, enough to try it on: of rare classes each fold needs some."""
YAML = """\
# @package _global_
# {name}, from the recipe {recipe}. It runs as it is, on made-up rows; edit the lines marked <-- for your data.
#   sre-anomaly check experiment={name}   checks your table and says what is wrong
#   sre-anomaly experiment={name}         trains, evaluates and writes a report
defaults:
  - override /data: none
  - override /detector: none
  - override /forecaster: none
  - override /table: {read}
  - override /{kind}: {learner}   # `sre-anomaly list {kind}` shows others
name: {name}
table:
"""
LINES = """\
  path: {csv}   # <-- your table, CSV or Parquet, one row for each case
  target: {target}   # <-- the column to predict from the others: {meaning}
  {key}: {column}   # <-- {why}; null: there is no such column
  leave_out: null   # columns not to train on, such as [id, closed_by]: an id, or what is known only afterwards
"""
LEFT_BEHIND = """\
# The recipe's "value in use" is not part of this: it can be simulated for made-up rows, not for yours.
"""
WHY = {
    "time": "time of each row: trained on the earliest, evaluated on what came after",
    "group": "what belongs together, such as a host or a customer: none is used both for training and for evaluation",
}


def new_recipe(words: list[str]) -> None:
    """Write ``conf/experiment/NAME.yaml`` and ``NAME.csv`` where the user works.

    Raises
    ------
    UserError
        If a word is wrong, or a file of that name is there already.
    """
    name, recipe = _asked(words)
    config = composed([f"experiment={recipe}"])
    yaml, data = Path("conf") / "experiment" / f"{name}.yaml", Path(f"{name}.csv")
    for path in (yaml, data):
        if path.exists():
            raise UserError(f"{path}: is there already; choose another name")
    kind = "classifier" if config["classifier"]["name"] != NOTHING else "regressor"
    source: TableSource = build("table", dict(config["table"]) | {"rows": ROWS}, seed=int(config["seed"]))
    given = source.template()
    table = source.table()
    key = "group" if config["folds"]["name"] == "group" or table.time is None else "time"
    column, content = columns_of(table, key)
    lines = LINES.format(
        csv=data, target=table.target_name, key=key, column=column, why=WHY[key],
        meaning="classes such as yes and no" if kind == "classifier" else "numbers",
    )  # fmt: skip
    if key == "time":
        lines += folds_of(recipe)
    if type(source).in_use is not TableSource.in_use:
        lines += LEFT_BEHIND
    read = "csv"
    if given is not None:
        import pandas as pd

        content, lines = pd.DataFrame(given[0]), given[1].format(path=data)
        read = f"{config['table']['name']}\n  - override /folds: {config['folds']['name']}"
    try:
        yaml.parent.mkdir(parents=True, exist_ok=True)
        content.to_csv(data, index=False)
        head = YAML.format(name=name, recipe=recipe, kind=kind, learner=config[kind]["name"], read=read)
        write_text(yaml, head + lines)
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be written ({error.strerror})") from None
    print(f"{yaml}: edit the lines marked <--")
    print(f"{data}: {len(content)} made-up rows that show what a table looks like; replace them with yours")
    print("Then:")
    print(f"  sre-anomaly check experiment={name}   # what is wrong with my table?")
    print(f"  sre-anomaly experiment={name}")


def _asked(words: list[str]) -> tuple[str, str]:
    usage = "write sre-anomaly new recipe NAME from=RECIPE"
    given = dict(word.split("=", 1) for word in words if "=" in word)
    names = [word for word in words if "=" not in word]
    if unknown := set(given) - {"from"}:
        word = min(unknown)
        raise UserError(f"new recipe: no key is called {word!r}; {did_you_mean(word, ['from'])}")
    if len(names) != 1:
        raise UserError(f"new recipe: {'more than one name' if names else 'no name'}; {usage}")
    if not NAME.fullmatch(names[0]):
        raise UserError(
            f"new recipe: a name is of small letters, digits and _, such as my_incidents; {usage}"
        )
    if names[0] in options("experiment"):
        raise UserError(f"new recipe: a preset is called {names[0]} already; choose another name")
    recipe = given.get("from", "")
    if recipe in options("experiment") and recipe not in recipes():
        metrics = composed([f"experiment={recipe}"])["data"]["name"] != NOTHING
        own = "csv data.path=FILE" if metrics else "table table.path=FILE table.target=COLUMN"
        raise UserError(
            f"from={recipe}: is a preset and no recipe; for {'metrics' if metrics else 'a table'} of your own run "
            f"sre-anomaly experiment={own}"
        )
    if recipe not in recipes():
        raise UserError(f"from={recipe}: no such recipe; {did_you_mean(recipe, recipes())}")
    return names[0], recipe


def recipes() -> list[str]:
    """Return the presets that say they are recipes, in the first word of their file."""
    return [
        name for name in options("experiment") if read_option("experiment", name).meaning.startswith(MARK)
    ]


def example(config: dict[str, Any]) -> Table:
    """Return some rows of a recipe's table."""
    node = dict(config["table"]) | {"rows": ROWS}
    source: TableSource = build("table", node, seed=int(config["seed"]))
    return source.table()


def folds_of(recipe: str) -> str:
    """Return how a recipe says that rows are divided, as it stands in its file, comments and all; empty where it says nothing."""
    text = option_file("experiment", recipe).read_text(encoding="utf-8")
    said = re.search(r"^folds:\n(?:[ #].*\n)+", text, flags=re.MULTILINE)
    return said.group() if said else ""


def columns_of(table: Table, key: str) -> tuple[str, Any]:
    """Return the name of the column of times or groups, and the table as its file has it."""
    import pandas as pd

    columns: dict[str, Any] = {}
    if key == "time":
        assert table.time is not None
        far = np.median(np.diff(np.sort(table.time))) > MINUTE / 2
        moments = table.time.astype("datetime64[ns]").astype("datetime64[m]" if far else "datetime64[ms]")
        columns["time"] = np.char.replace(np.datetime_as_string(moments), "T", " ")
    else:
        columns["group"] = table.group
    columns |= {**table.categories, **table.numbers, **table.texts, table.target_name: table.target}
    return key, pd.DataFrame(columns)
