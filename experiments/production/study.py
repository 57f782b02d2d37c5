"""Measure whether the default finds what matters on production metrics that nobody tuned on, within a budget of pages.

    SRE_ANOMALY_DATA=... python experiments/production/study.py

Reads kpi/web and kpi/cloud below that folder, scores every series by what came before each data point, and prints and writes beside this
file: the measures of the scores, what a budget of pages a week catches and costs, and which planted incidents are caught. Beside the
baseline stands a naive rule, |value - median of the last 101|, in units of its own median so far; under the same threshold, with a
prior measured on it.
"""

import os
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.evaluation.anomaly.period import period
from sre_anomaly.evaluation.anomaly.points import pr_auc
from sre_anomaly.evaluation.anomaly.vus import vus
from sre_anomaly.evaluation.bootstrap import interval
from sre_anomaly.frame import Array, MetricFrame

HERE = Path(__file__).parent
BUDGETS = (1.0, 2.0, 4.0, 5.0, 10.0)
SIZES, LENGTHS = (3.0, 5.0, 8.0, 12.0), (1, 5, 15, 60)
NAIVE_PRIOR = {5: 12.0, 8: 7.7, 12: 5.4, 20: 3.4, 40: 1.75, 80: 0.85, 160: 0.5, 320: 0.25}
WEEK = timedelta(days=7)
OTHERS = {
    **dict.fromkeys(("zscore", "gaussian", "iforest", "kmeans"), "rolling"),
    **dict.fromkeys(("cknn", "residual", "ensemble"), "raw"),
}
"""The other detectors without labels, and the features that suit them."""
TRAINED = 0.15
"""The first share of a series, on which detectors that need training are fitted; they are measured on all of it, this included."""


@dataclass
class Series:
    """One metric with its labels."""

    name: str
    frame: MetricFrame
    labels: Array

    @property
    def values(self) -> Array:
        return self.frame.values[:, 0]

    def rows(self, span: timedelta) -> int:
        return max(1, round(span / self.frame.step))


def read(folder: Path) -> list[Series]:
    """Return the series of a folder on their regular clocks."""
    found = []
    for path in sorted(folder.glob("*.parquet")):
        table = pd.read_parquet(path).drop_duplicates("time").set_index("time")
        step = table.index.to_series().diff().median()
        table = table.reindex(pd.date_range(table.index[0], table.index[-1], freq=step))
        frame = MetricFrame(path.stem, table.index, table[["value"]].to_numpy(dtype=np.float64), ("value",))
        found.append(Series(path.stem, frame, table["label"].fillna(0).to_numpy(dtype=np.float64)))
    return found


@cache
def settings(*overrides: str) -> dict[str, Any]:
    """Return the settings of a run."""
    return composed(list(overrides))


def default() -> dict[str, Any]:
    """Return the settings of the default."""
    return settings("detector=baseline")


def baseline(one: Series, values: Array | None = None) -> Array:
    """Return the scores of the default detector."""
    detector = build("detector", default()["detector"])
    detector.meet(one.frame)
    rows = one.frame.values if values is None else values[:, np.newaxis]
    return np.nan_to_num(detector.advance(detector.new_state(1)[np.newaxis], one.frame.time.asi8, rows))


def hindsight(one: Series) -> Array:
    """Return the scores of a look back by the default detector: judged by both sides, not comparable with what pages."""
    detector = build("detector", composed(["detector=baseline"])["detector"])
    detector.meet(one.frame)
    state, times, rows = detector.new_state(1)[np.newaxis], one.frame.time.asi8, one.frame.values
    detector.advance(state, times, rows)
    return np.nan_to_num(detector.hindsight(state, times, rows, np.empty(rows.shape)))


def look_back(name: str, series: list[Series]) -> dict[str, Any]:
    """Return the measures of the scores in hindsight, for the table of scores alone: nobody is paged by them."""
    return measure(f"{name} baseline, in hindsight", series, {one.name: hindsight(one) for one in series})


def naive(one: Series) -> Array:
    """Return the distance from the median of the last 101, in units of the median distance so far."""
    column = pd.Series(one.values).ffill()
    distance = (column - column.rolling(101, min_periods=1).median()).abs()
    usual = distance.expanding(30).median().shift()
    return np.nan_to_num((distance / usual.where(usual > 0)).to_numpy())


def other(name: str, one: Series) -> Array:
    """Return the scores of another detector, fitted on the first part where it needs training."""
    node = settings(f"detector={name}", f"features={OTHERS[name]}")
    features, detector = build("features", node["features"]), build("detector", node["detector"])
    frame = replace(one.frame, values=pd.DataFrame(one.frame.values).ffill().to_numpy())
    features.start(frame.step)
    detector.start(frame.step)
    first = frame.rows(slice(0, int(TRAINED * len(frame))))
    X = np.nan_to_num(features.fit(first).transform(frame))
    detector.meet(first)
    detector.fit(X[features.lookback : len(first)])
    state = detector.new_state(X.shape[1])[np.newaxis]
    return np.nan_to_num(detector.advance(state, frame.time.asi8, np.ascontiguousarray(X)))


def pages(one: Series, flags: Array) -> list[list[int]]:
    """Return first and last row of each page: two hours are bridged, and a day renews."""
    bridge, renew, found = one.rows(timedelta(hours=2)), one.rows(timedelta(days=1)), []
    for row in np.flatnonzero(flags).tolist():
        if found and row - found[-1][1] <= bridge and row - found[-1][0] < renew:
            found[-1][1] = row
        else:
            found.append([row, row])
    return found


def segments(labels: Array) -> list[tuple[int, int]]:
    edges = np.diff(np.concatenate([[0], labels > 0, [0]]).astype(int))
    return list(zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True))


def threshold(one: Series, scores: Array, budget: float, prior: dict[float, float] | None = None) -> Array:
    node = default()["threshold"] | {"pages_per_week": budget}
    made = build("threshold", node | ({"prior": prior} if prior else {}))
    made.start(one.frame.step)
    return made.level(scores)


def recall_at_one_a_week(one: Series, scores: Array) -> float:
    """Return the share of incidents with a row above the lowest level that has one false alert a week (an hour bridges)."""
    weeks = len(scores) * one.frame.step / WEEK
    allowed, best = max(1, int(weeks)), 0.0
    bridge, renew = one.rows(timedelta(hours=1)), one.rows(timedelta(days=1))
    incidents = segments(one.labels)
    normal = np.sort(scores[one.labels == 0])[::-1]
    for level in np.unique(normal[np.unique(np.geomspace(1, len(normal), 256).astype(int) - 1)])[::-1]:
        false, last, first = 0, -np.inf, -np.inf
        groups = []
        for row in np.flatnonzero(scores > level).tolist():
            if row - last > bridge or row - first >= renew:
                groups.append(True)
                first = row
            groups[-1] = groups[-1] and one.labels[row] == 0
            last = row
        false = sum(groups)
        if false > allowed:
            break
        best = np.mean([scores[a : b + 1].max() > level for a, b in incidents])
    return float(best)


def pooled_recall(many: list[tuple[Series, Array]]) -> float:
    """Return the mean recall at one level for all series that half a per cent of normal rows exceed, each series as heavy."""
    normal = np.concatenate([scores[one.labels == 0] for one, scores in many])
    weight = np.concatenate(
        [np.full((one.labels == 0).sum(), 1 / (one.labels == 0).sum()) for one, _ in many]
    )
    order = np.argsort(-normal, kind="stable")
    at = min(np.searchsorted(np.cumsum(weight[order]), 0.005 * len(many), side="right"), len(order) - 1)
    level = normal[order[at]]
    return float(
        np.mean([np.mean([s[a : b + 1].max() > level for a, b in segments(one.labels)]) for one, s in many])
    )


def measure(name: str, series: list[Series], scored: dict[str, Array]) -> dict[str, Any]:
    labelled = [(one, scored[one.name]) for one in series if one.labels.any()]
    each = pd.DataFrame(
        {
            "vus_pr": vus(scores, one.labels, period(pd.Series(one.values).ffill().to_numpy())).pr,
            "pr_auc": pr_auc(scores, one.labels),
            "recall_at_1_a_week": recall_at_one_a_week(one, scores),
        }
        for one, scores in labelled
    )
    ends = {
        column: interval(len(each), 1, lambda rows, c=column: float(each[c].iloc[rows].mean()), 0)
        for column in each
    }
    row = {"what": name, **each.mean().round(3).to_dict(), "pooled_recall": round(pooled_recall(labelled), 3)}
    return row | {f"{column}_95": f"{low:.2f} to {high:.2f}" for column, (low, high) in ends.items()}


def decide(
    name: str, series: list[Series], scored: dict[str, Array], prior: dict[float, float] | None = None
) -> list[dict[str, Any]]:
    rows = []
    for budget in BUDGETS:
        caught = incidents = paged = false = weeks = 0.0
        over = 0
        for one in series:
            scores = scored[one.name]
            found = pages(one, scores > threshold(one, scores, budget, prior))
            known, long = segments(one.labels), len(scores) * one.frame.step / WEEK
            caught += sum(any(a <= stop and b >= start for a, b in found) for start, stop in known)
            incidents += len(known)
            paged += len(found)
            false += sum(not one.labels[a : b + 1].any() for a, b in found)
            weeks += long
            over += len(found) / long > 1.5 * budget
        rows.append(
            {
                "what": name,
                "pages_per_week": budget,
                "caught": round(caught / incidents, 3),
                "pages_a_week": round(paged / weeks, 2),
                "false_a_week": round(false / weeks, 2),
                "series_over_1.5": round(over / len(series), 2),
            }
        )
    return rows


def plant(series: list[Series], seed: int = 0) -> pd.DataFrame:
    """Return recall by size and length of incidents planted into normal parts, at two pages a week.

    ``usual`` says whether the series itself moves as far more often than twice a week: then no budget of two can hold them all.
    """
    generator, rows = np.random.default_rng(seed), []
    for one in series:
        values = one.values
        change = np.abs(values - pd.Series(values).rolling(101, min_periods=1).median().to_numpy())
        sigma = 1.4826 * np.nanmedian(change) or np.nanmean(change) or 1.0
        weeks = len(values) * one.frame.step / WEEK
        for size in SIZES:
            usual = len(pages(one, change > size * sigma)) > 2.0 * weeks
            for length in LENGTHS:
                for kind in ("spike", "drop", "slope", "unrest", "zero", "missing"):
                    at = int(generator.integers(len(values) // 2, len(values) - 2 * max(LENGTHS)))
                    if one.labels[at - 120 : at + length + 120].any():
                        continue
                    ramp = np.linspace(1 / length, 1, length)
                    moved = values.copy()
                    part = moved[at : at + length]
                    part += {
                        "spike": size * sigma,
                        "drop": -size * sigma,
                        "slope": size * sigma * ramp,
                        "unrest": size * sigma * generator.choice([-1, 1], length),
                        "zero": -part,
                        "missing": np.nan,
                    }[kind]
                    scores = baseline(one, moved)
                    level = threshold(one, scores, 2.0)
                    met = bool((scores > level)[at : at + length + 2].any())
                    rows.append({"size": size, "length": length, "kind": kind, "usual": usual, "caught": met})
    return pd.DataFrame(rows)


def main() -> None:
    root = Path(os.environ["SRE_ANOMALY_DATA"]) / "kpi"
    measured, decided = [], []
    web = []
    for name in ("web", "cloud"):
        series = read(root / name)
        web = series if name == "web" else web
        for method, scores, prior in (("baseline", baseline, None), ("naive", naive, NAIVE_PRIOR)):
            scored = {one.name: scores(one) for one in series}
            measured.append(measure(f"{name} {method}", series, scored))
            decided += decide(f"{name} {method}", series, scored, prior)
        measured.append(look_back(name, series))
        measured += [
            measure(f"{name} {method}", series, {one.name: other(method, one) for one in series})
            for method in OTHERS
        ]
    planted = plant(web[::6])
    chart = planted[planted["kind"].isin(["spike", "drop"])].pivot_table("caught", "size", "length")
    large = planted[(planted["size"] >= 8) & (planted["length"] >= 5)]
    kinds = large.groupby(["usual", "kind"])["caught"].agg(["mean", "size"])
    both = large.groupby("usual")["caught"].agg(["mean", "size"]).assign(kind="all kinds")
    kinds = pd.concat([kinds.reset_index(), both.reset_index()])
    for title, table in (
        ("scores", pd.DataFrame(measured)),
        ("budgets", pd.DataFrame(decided)),
        ("planted_spikes_and_drops", chart.round(2).reset_index()),
        ("planted_kinds", kinds.round(2)),
    ):
        table.to_csv(HERE / f"{title}.csv", index=False)
        print(f"\n{title}\n{table.to_string(index=False)}")


if __name__ == "__main__":
    main()
