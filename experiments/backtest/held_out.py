"""Do the pages of the past say how many there will be? Static thresholds and the default over production series.

    SRE_ANOMALY_DATA=... python experiments/backtest/held_out.py

Each series is cut in three. The first part chooses static thresholds (its 98, 99 and 99.7 % quantiles, above and below, with `for` of nothing and
of three data points), as a person does who looks at a dashboard; the second part is what a backtest sees; the third is the time that
comes after. A prediction is the pages of the second part, for as long a time. Prints, for rules with at least ten firings in the second part, all
pages predicted and all pages that came, and how far single rules are off.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from sre_anomaly.backtesting.outcome import AlertSource
from sre_anomaly.backtesting.pages import pages_of
from sre_anomaly.backtesting.rules.limit import read_limit, replay_limit
from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import MetricFrame
from sre_anomaly.promql.rule_file import Rule

DATA = Path(os.environ.get("SRE_ANOMALY_DATA", "/nowhere"))
SETS = {"kpi/web": "kpi/web/*.parquet", "kpi/cloud": "kpi/cloud/*.parquet"}
QUANTILES = (0.98, 0.99, 0.997)
ENOUGH = 10


def frames(pattern: str) -> Iterator[MetricFrame]:
    """Yield the series of a set."""
    source = build_parts(
        composed(["experiment=fleet", f"data.path={DATA / pattern}", "data.label=label"])
    ).data
    yield from source.frames()


def rules_for(values: np.ndarray, step: str) -> Iterator[Rule]:
    """Yield thresholds that a person would choose from a stretch of history."""
    known = values[np.isfinite(values)]
    for quantile in QUANTILES:
        for sign, level in ((">", np.quantile(known, quantile)), ("<", np.quantile(known, 1 - quantile))):
            for hold in ("", f" for {step}"):
                yield read_limit(f"value {sign} {level:.6g}{hold}")


def main() -> None:
    """Print the table and write held_out.csv."""
    lines = []
    for name, pattern in SETS.items():
        for frame in frames(pattern):
            time, rows = frame.time.asi8, len(frame)
            cuts = [int(time[0]), int(time[rows // 3]), int(time[2 * rows // 3]), int(time[-1])]
            step = f"{int(3 * frame.step.total_seconds())}s"
            for rule in rules_for(frame.values[: rows // 3, 0], step):
                firings = replay_limit(rule, frame, cuts[0]).firings()
                source = AlertSource(rule.name, "limit", firings=firings)
                told = [page.time for page in pages_of([source], routing=None, span=(cuts[0], cuts[3] + 1))]
                fired = [one.fired for one in firings]
                seen = sum(cuts[1] <= at < cuts[2] for at in fired)
                before, after = (sum(cuts[part] <= at < cuts[part + 1] for at in told) for part in (1, 2))
                lines.append(
                    {
                        "set": name,
                        "series": frame.name,
                        "rule": rule.name,
                        "firings": seen,
                        "predicted": before,
                        "came": after,
                    }
                )
    table = pd.DataFrame(lines)
    table.to_csv(Path(__file__).with_name("held_out.csv"), index=False)
    enough = table[table["firings"] >= ENOUGH]
    print(
        f"{'set':10} {'rules':>6} {'predicted':>10} {'came':>7} {'ratio':>6} {'median rule off by':>19} {'within 25 %':>12}"
    )
    for name, some in [*enough.groupby("set"), ("together", enough)]:
        off = np.abs(some["came"] / some["predicted"] - 1)
        predicted, came = some["predicted"].sum(), some["came"].sum()
        print(
            f"{name:10} {len(some):>6} {predicted:>10} {came:>7} {came / predicted:>6.2f} {off.median():>19.0%} {(off <= 0.25).mean():>12.0%}"
        )


if __name__ == "__main__":
    main()
