"""The templates of sixteen systems, found with one configuration for all.

Usage: python experiments/log_templates/study.py

Prints the grouping accuracy of each system's 2,000 lines in loghub and writes it beside this file.
"""

import csv
import os
import time
from pathlib import Path

from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.table.classification import grouping_accuracy
from sre_anomaly.logs.templates import TemplateMiner

HERE = Path(__file__).parent


def main() -> None:
    """Mine each system's templates afresh."""
    root = Path(os.environ.get("SRE_ANOMALY_DATA", "/nowhere")) / "loghub"
    files = sorted(root.glob("*/*_2k.log_structured.csv"))
    if not files:
        raise DataError(f"{root}: is not there; set SRE_ANOMALY_DATA to the folder that holds loghub")
    table = []
    for path in files:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = list(csv.DictReader(file))
        messages, truth = [row["Content"].encode() for row in rows], [row["EventId"] for row in rows]
        miner = TemplateMiner()
        started = time.process_time()
        found = [miner.add(message) for message in messages]
        taken = time.process_time() - started
        accuracy = grouping_accuracy(found, truth)
        table.append([path.parent.name, round(accuracy, 3), len(miner.words_), len(set(truth))])
        print(f"{path.parent.name:12} {accuracy:.3f}  {len(miner.words_):4} templates, {len(set(truth)):4} in truth"
              f"  {len(rows) / taken:9,.0f} lines a second")  # fmt: skip
    mean = sum(row[1] for row in table) / len(table)
    print(f"{'mean':12} {mean:.3f}")
    with (HERE / "table.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows(
            [
                ["system", "grouping_accuracy", "templates", "true_templates"],
                *table,
                ["mean", round(mean, 3), "", ""],
            ]
        )


if __name__ == "__main__":
    main()
