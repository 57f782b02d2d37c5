"""What an operator would do without a model to know when a volume is full, beside what the recipe makes of it.

Usage: python experiments/recipes/rules.py

Prints the straight line beside the learned days, and some answers as dates.
"""

from contextlib import nullcontext

import numpy as np
import pandas as pd

from sre_anomaly.config.build_table import build_all
from sre_anomaly.config.compose import composed
from sre_anomaly.dataset import Table
from sre_anomaly.tabular.regression import RegressionResult, regress


def regressed(recipe: str) -> tuple[Table, RegressionResult]:
    """Return a recipe's table and the answers to its judged rows."""
    config = composed([f"experiment={recipe}"])
    parts = build_all(config)[1]
    assert parts is not None
    table = parts.table.table()
    return table, regress(table, parts.folds, parts, lambda _: nullcontext(), seed=int(config["seed"]))


def capacity() -> None:
    """Print the mean error in days of the straight line and of the recipe, and three answers as dates."""
    table, found = regressed("capacity")
    line = table.numbers["days_left_by_straight_line"][found.rows]
    print(f"straight line: off by {np.abs(line - found.actual).mean():.1f} days")
    print(f"learned:       off by {np.abs(found.predicted - found.actual).mean():.1f} days")
    today = pd.Timestamp("2025-06-02")
    for row in np.linspace(0, len(found.rows) - 1, 3).astype(int):
        days = [found.predicted[row], max(found.lower[row], 0), found.upper[row], found.actual[row]]
        full = [f"{today + pd.Timedelta(float(number), 'D'):%Y-%m-%d}" for number in days]
        name = table.group[found.rows[row]] if table.group is not None else row
        print(f"{name}: full at {full[0]} (90 %: {full[1]} to {full[2]}), was full at {full[3]}")


if __name__ == "__main__":
    capacity()
