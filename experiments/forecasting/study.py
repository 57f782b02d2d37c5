"""Measure forecasts an hour, a day and a week ahead beside the naive ones, and how much their intervals hold.

    SRE_ANOMALY_DATA=... python experiments/forecasting/study.py

Reads NAB's AWS and known-cause series, kpi/web, kpi/cloud and ASD below that folder, and makes one server with the generator. Of the
first three a random half was used to develop the forecasters; only the other half is reported. Each forecaster learns all
that was known at each of a few moments of the second half of a series. Prints and writes beside this file: ``table.csv``
(means over series), ``intervals.csv`` (fitted once, as a run does). ``--tasks FILE`` writes the histories that
`others.py` forecasts with other libraries, in an environment of its own; where ``others.csv`` is there, ``beside.csv`` compares.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import Array, MetricFrame, Split
from sre_anomaly.pipeline.forecasting import forecast

HERE = Path(__file__).parent
DEVELOPED_ON = ("nab", "web", "cloud")
METHODS = {
    "last value": {"name": "last_value"},
    "seasonal naive, day": {"name": "seasonal_naive", "season": "1d"},
    "seasonal naive, week": {"name": "seasonal_naive", "season": "7d"},
    "drift": {"name": "drift"},
    **{
        name: composed([f"forecaster={name}"])["forecaster"]
        for name in ("ridge", "seasonal", "combine", "auto")
    },
}
NAIVE = ("last value", "seasonal naive, day", "seasonal naive, week")
AHEAD = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}
ORIGINS, LONG = 8, 20_000
"""Moments of each series and horizon; half as many where a series has more rows than so many."""
ASKED = ("1", "1h", "1d", "7d")
TASKS, TASK_ORIGINS, TASK_DAYS = 6, 3, 14


@dataclass
class Series:
    """One metric."""

    corpus: str
    name: str
    frame: MetricFrame

    @property
    def values(self) -> Array:
        return self.frame.values

    def rows(self, span: timedelta) -> int:
        return max(1, round(span / self.frame.step))

    @property
    def scale(self) -> float:
        """The mean absolute change from one day to the next in the first half: what MASE is counted in."""
        day, half = self.rows(timedelta(days=1)), len(self.values) // 2
        past = self.values[:half, 0]
        return float(np.nanmean(np.abs(past[day:] - past[:-day])))


def frames(*words: str) -> Iterator[MetricFrame]:
    yield from build("data", composed([*words])["data"]).frames()


def corpora(folder: Path) -> dict[str, list[Series]]:
    """Return the series that are reported, by corpus."""
    nab = [
        f"{kind}/{path.stem}"
        for kind in ("realAWSCloudwatch", "realKnownCause")
        for path in sorted((folder / "nab" / "data" / kind).glob("*.csv"))
    ]
    found = {
        "nab": [frame for one in nab for frame in frames("data=nab", f"data.series={one}")],
        **{
            kind: list(
                frames("data=csv_folder", f"data.path={folder}/kpi/{kind}/*.parquet", "data.label=label")
            )
            for kind in ("web", "cloud")
        },
        "asd": list(frames("data=asd")),
        "generator": list(frames("data=generator")),
    }
    reported = {}
    for corpus, those in found.items():
        several = those
        if corpus in DEVELOPED_ON:
            order = np.random.default_rng(0).permutation(len(those))
            several = [those[at] for at in sorted(order[len(those) // 2 :])]
        reported[corpus] = [
            Series(
                corpus,
                f"{frame.name}/{metric}",
                replace(
                    frame,
                    metrics=(metric,),
                    values=frame.values[-12_960:, [at]] if corpus == "generator" else frame.values[:, [at]],
                    time=frame.time[-12_960:] if corpus == "generator" else frame.time,
                    labels=None,
                    incidents=None,
                ),
            )
            for frame in several
            for at, metric in enumerate(frame.metrics)
        ]
        reported[corpus] = [one for one in reported[corpus] if one.scale > 0]
    return reported


def fitted(node: dict[str, Any], series: Series, origin: int, horizon: int) -> Array:
    """Return (h,) forecast by what was known at a moment."""
    forecaster = build("forecaster", node)
    forecaster.start(series.frame.step)
    if forecaster.lookback > origin:
        return np.full(horizon, np.nan)
    forecaster.farthest = horizon
    return np.asarray(forecaster.fit(series.values[:origin]).predict(series.values[:origin], horizon)[:, 0])


def moments(series: Series, horizon: int, number: int) -> list[int]:
    """Return origins of the second half; none where the first is shorter than two days and the horizon."""
    half, rows = len(series.values) // 2, len(series.values)
    if rows - half < horizon or half < 2 * series.rows(timedelta(days=1)) + horizon:
        return []
    return [int(at) for at in np.unique(np.linspace(half, rows - horizon, number).astype(int))]


def errors(series: Series) -> list[dict[str, Any]]:
    """Return the scaled error of each method and horizon."""
    rows = []
    for farthest, heard in ((AHEAD["1d"], ("1h", "1d")), (AHEAD["7d"], ("7d",))):
        horizon = series.rows(farthest)
        origins = moments(series, horizon, ORIGINS if len(series.values) < LONG else ORIGINS // 2)
        for method, node in METHODS.items() if origins else ():
            began = time.process_time()
            missed = np.stack(
                [
                    np.abs(series.values[at : at + horizon, 0] - fitted(node, series, at, horizon))
                    for at in origins
                ]
            )
            took = (time.process_time() - began) / len(origins)
            for ahead in heard:
                error = np.nanmean(missed[:, : series.rows(AHEAD[ahead])]) / series.scale
                rows.append(
                    {
                        "corpus": series.corpus,
                        "series": series.name,
                        "horizon": ahead,
                        "method": method,
                        "mase": error,
                        "ms": 1000 * took,
                    }
                )
    return rows


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return means over series, beside the better of the two seasonal naives and the best naive of each series."""
    rows = []
    for (corpus, horizon), part in found.groupby(["corpus", "horizon"], sort=False):
        wide = part.pivot_table(index="series", columns="method", values="mase")
        seasonal = min(wide[name].mean() for name in NAIVE[1:])
        best = wide[list(NAIVE)].min(axis=1)
        ms = part.groupby("method")["ms"].mean()
        for method in METHODS:
            own = wide[method]
            rows.append(
                {
                    "corpus": corpus,
                    "horizon": horizon,
                    "method": method,
                    "series": len(own),
                    "mase": own.mean(),
                    "median_mase": own.median(),
                    "of_seasonal_naive": own.mean() / seasonal,
                    "of_last_value": own.mean() / wide["last value"].mean(),
                    "of_best_naive_each": float((own / best).median()),
                    "as_good_as_best_naive": float((own <= 1.02 * best).mean()),
                    "ms": ms[method],
                }
            )
    return pd.DataFrame(rows)


def intervals(series: Series, name: str = "auto") -> list[dict[str, Any]]:
    """Return what a run measures: fitted once on the first 60 %, rolled over the rest."""
    rows, cut = len(series.values), int(0.6 * len(series.values))
    split = Split(slice(0, cut), None, slice(cut, rows))
    found = []
    for asked in ASKED:
        ahead = 1 if asked == "1" else series.rows(AHEAD[asked])
        if ahead > rows - cut or cut < 2 * series.rows(timedelta(days=1)) + ahead:
            continue
        settings = {"metrics": None, "horizon": asked, "coverage": 0.9}
        told = forecast(
            series.frame, split, build("forecaster", METHODS[name]), settings, lambda _: nullcontext()
        )
        keys = ("mase_day", "coverage", "wql", "skill")
        found.append(
            {
                "corpus": series.corpus,
                "series": series.name,
                "horizon": asked,
                **{key: told.measures[key] for key in keys},
            }
        )
    return found


def tasks(found: dict[str, list[Series]]) -> Iterator[tuple[str, Series, int, int]]:
    """Return a random few (name, series, first row, origin) on which slower methods are tried too, a day ahead."""
    for corpus in DEVELOPED_ON:
        order = np.random.default_rng(1).permutation(len(found[corpus]))
        usable = [
            found[corpus][at]
            for at in order
            if moments(found[corpus][at], found[corpus][at].rows(AHEAD["1d"]), 2)
        ]
        for series in usable[:TASKS]:
            for origin in moments(series, series.rows(AHEAD["1d"]), TASK_ORIGINS):
                yield (
                    f"{corpus}|{series.name}|{origin}",
                    series,
                    max(0, origin - series.rows(timedelta(days=TASK_DAYS))),
                    origin,
                )


def _mean(values: Array) -> float:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else float("nan")


def write_tasks(found: dict[str, list[Series]], path: Path) -> None:
    """Write histories without gaps, what came, and the step in seconds, for `others.py`."""
    kept = {}
    for name, series, first, origin in tasks(found):
        day = series.rows(AHEAD["1d"])
        past = pd.Series(series.values[first:origin, 0]).ffill().bfill().to_numpy()
        kept[f"{name}|{series.frame.step.total_seconds():.0f}"] = np.concatenate(
            [past, series.values[origin : origin + day, 0]]
        )
    np.savez_compressed(path, **kept)


def beside(found: dict[str, list[Series]], others: pd.DataFrame) -> pd.DataFrame:
    """Return each method's scaled error and cost on the tasks that all of them answered."""
    rows = others.to_dict("records")
    for name, series, first, origin in tasks(found):
        day = series.rows(AHEAD["1d"])
        seen = Series(
            series.corpus,
            series.name,
            replace(series.frame, values=series.values[first:origin], time=series.frame.time[first:origin]),
        )
        for method, node in METHODS.items():
            began = time.process_time()
            told = fitted(node, seen, origin - first, day)
            took = time.process_time() - began
            rows.append(
                {
                    "task": name,
                    "method": method,
                    "mae": float(
                        np.abs(series.values[origin : origin + day, 0] - told)[np.isfinite(told)].mean()
                    )
                    if np.isfinite(told).any()
                    else float("nan"),
                    "seconds": took,
                }
            )
    table = pd.DataFrame(rows)
    scale = {name: series.scale for name, series, *_ in tasks(found)}
    table["mase"] = table["mae"] / table["task"].map(scale)
    table.insert(0, "corpus", table["task"].str.split("|").str[0])
    number = table.dropna().groupby(["corpus", "task"])["method"].transform("nunique")
    table = table.dropna()[number == number.groupby(table["corpus"]).transform("max")]
    return (
        table.groupby(["corpus", "method"])
        .agg(
            tasks=("task", "nunique"),
            mase=("mase", "mean"),
            median=("mase", "median"),
            seconds=("seconds", "mean"),
        )
        .reset_index()
    )


def each(found: dict[str, list[Series]], measure: Callable[[Series], list[dict[str, Any]]]) -> pd.DataFrame:
    rows = []
    for several in found.values():
        for series in several:
            rows += measure(series)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    reported = corpora(Path(os.environ["SRE_ANOMALY_DATA"]))
    if "--tasks" in sys.argv:
        write_tasks(reported, Path(sys.argv[sys.argv.index("--tasks") + 1]))
        sys.exit()
    held = each(reported, intervals)
    held.groupby(["corpus", "horizon"], sort=False).agg(
        series=("series", "nunique"),
        coverage=("coverage", "mean"),
        mase_day=("mase_day", "mean"),
        wql=("wql", "median"),
        skill=("skill", "median"),
    ).reset_index().to_csv(HERE / "intervals.csv", index=False, float_format="%.4g")
    if (HERE / "others.csv").exists():
        beside(reported, pd.read_csv(HERE / "others.csv")[["task", "method", "mae", "seconds"]]).to_csv(
            HERE / "beside.csv", index=False, float_format="%.4g"
        )
    measured = each(reported, errors)
    summary(measured).to_csv(HERE / "table.csv", index=False, float_format="%.4g")
    for name in ("table", "intervals", "beside"):
        if (HERE / f"{name}.csv").exists():
            print(pd.read_csv(HERE / f"{name}.csv").to_string())
