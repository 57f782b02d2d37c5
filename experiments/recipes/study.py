"""Every recipe from its preset: the honest number, the best rule without learning, and what a random split claims.

Usage: python experiments/recipes/study.py

Writes table.csv beside this file; some five minutes on one core.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from sre_anomaly.cli.new.recipe import recipes

HERE = Path(__file__).parent


def measured(recipe: str, folder: Path) -> dict[str, object]:
    """Run a preset and return its line of the table."""
    started = time.perf_counter()
    command = [sys.executable, "-c", "from sre_anomaly.cli.main import main; main()", f"experiment={recipe}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    record = json.loads((folder / "outputs" / "latest" / "record.json").read_text())
    found = record["classification"] or record["regression"]
    measure = "macro_f1" if record["classification"] else "mae"
    better = max if measure == "macro_f1" else min
    rule = better(found["baselines"], key=lambda name: found["baselines"][name][measure])
    low, high = found["intervals"].get(measure) or found["intervals"]["macro_f1_pooled"]
    return {
        "recipe": recipe,
        "measure": measure,
        "learned": found["measures"][measure],
        "low": low,
        "high": high,
        "best_rule": rule,
        "rule": found["baselines"][rule][measure],
        "random_split": found["random_split"][measure],
        "coverage": found["measures"].get("coverage"),
        "judged": found["folds"]["in_words"],
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Run all and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        lines = []
        for recipe in recipes():
            lines.append(measured(recipe, Path(folder)))
            print(lines[-1], flush=True)
    pd.DataFrame(lines).round(4).to_csv(HERE / "table.csv", index=False)


if __name__ == "__main__":
    main()
