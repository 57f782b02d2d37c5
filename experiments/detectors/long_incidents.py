"""Whether the ensemble's ranks may learn from every row, where incidents last for hours or something changes for good.

Usage: python experiments/detectors/long_incidents.py     (some ten minutes; goes on where it stopped; prints, writes
long_incidents.csv)

The training halves of the eight servers of `study.py`, with incidents of one to ten hours planted into several metrics
at once, an eighth of the judged rows. The first half of the rows is learned from, the second judged. Then services in
which two metrics shift for good: how many of the later rows are flagged, and how many alerts are told.
"""

import os
from collections.abc import Iterator
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from planted import scored
from study import HERE, VARIANTS, areas

from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.frame import MetricFrame, Split
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare

SEEDS = {"asd": (1, 2), "smd": (1, 2, 3)}
SHORTEST, LONGEST = 60, 600
"""Rows, which are minutes on SMD."""
SHARE = 0.12
APART = 100
EVERY = (1, 10, 100, 10**9)
SHIFTED = range(300, 304)
COMPARED = {name: VARIANTS[name] for name in ("cknn, ranking", "kmeans", "residual")} | {
    f"ensemble, learn_every {every}": ["detector=ensemble", f"detector.learn_every={every}"]
    for every in EVERY
}


def plant(frame: MetricFrame, seed: int) -> tuple[MetricFrame, Split]:
    """Return the frame with shifts, unrest, slopes and stuck values in a few metrics at a time, and its split."""
    draw = np.random.default_rng(seed)
    values, rows, columns = frame.values.copy(), len(frame), frame.values.shape[1]
    half = rows // 2
    spread, jump = np.nanstd(values, axis=0), np.nanstd(np.diff(values, axis=0), axis=0)
    unit = np.sqrt(spread * np.maximum(jump, 1e-12))
    moving = np.flatnonzero(spread > 0)
    labels = np.zeros(rows)
    while labels.sum() <= SHARE * (rows - half):
        length = int(np.exp(draw.uniform(np.log(SHORTEST), np.log(LONGEST))))
        start = int(draw.integers(half + APART, rows - length - APART))
        if labels[start - APART : start + length + APART].any():
            continue
        span = slice(start, start + length)
        most = int(np.exp(draw.uniform(np.log(2), np.log(max(3, columns / 3)))))
        for column in draw.choice(moving, min(len(moving), most), replace=False):
            size = draw.uniform(1, 5) * draw.choice([1, 1, 1, -1]) * unit[column]
            shapes = (
                values[span, column] + size,
                values[span, column] + draw.normal(size=length) * size,
                values[span, column] + np.linspace(0, 1.5 * size, length),
                np.full(length, values[start, column]),
            )
            values[span, column] = shapes[draw.integers(len(shapes))]
        labels[span] = 1.0
    planted = replace(frame, values=values, labels=labels, incidents=())
    return planted, Split(slice(0, half), None, slice(half, rows))


def series() -> Iterator[tuple[str, int, MetricFrame, Split]]:
    """Yield the group, the seed, and each training half with incidents and its split."""
    for data, seeds in SEEDS.items():
        for whole in build("data", composed([f"data={data}"])["data"]).frames():
            train = build("split", {"name": "given"}).split(whole).train
            plain = replace(whole.rows(train), labels=None, incidents=())
            for seed in seeds:
                yield data, seed, *plant(plain, 1000 * seed + sum(map(ord, whole.name)))


def for_good() -> pd.DataFrame:
    """Return the share of flagged rows, and the alerts, of twenty days after two of eight metrics have shifted."""
    lines = []
    for seed in SHIFTED:
        config = composed([f"seed={seed}", "data.count=0", "data.days=40"])
        frame = next(iter(build("data", config["data"], seed=seed).frames()))
        half = len(frame) // 2
        values = frame.values.copy()
        values[half:, :2] += 4.0 * np.nanstd(values[:, :2], axis=0)
        frame = replace(frame, values=values, labels=None, incidents=())
        split = Split(slice(0, half), None, slice(half, len(frame)))
        for every in EVERY:
            parts = build_parts(
                composed(["split=given", "detector=ensemble", f"detector.learn_every={every}"])
            )
            with Stages() as stages:
                found = detect(
                    frame, split, prepare(frame, split, parts.features, stages.stage), parts, stages.stage
                )
            told = sum(alert.start >= frame.time.asi8[half] for alert in found.alerts)
            lines.append({"learn_every": every, "flagged": found.flags[half:].mean(), "alerts": told})
    return pd.DataFrame(lines).groupby("learn_every").mean()


def main() -> None:
    """Run what is missing, print and write the table."""
    path = HERE / "long_incidents.csv"
    lines = pd.read_csv(path).to_dict("records") if path.is_file() else []
    done = {(line["series"], line["seed"], line["detector"]) for line in lines}
    for data, seed, frame, split in series():
        for name, overrides in COMPARED.items():
            if (frame.name, seed, name) in done:
                continue
            measured = areas(frame.rows(split.test), scored(frame, split, overrides)[split.test])
            lines.append({"data": data, "series": frame.name, "seed": seed, "detector": name} | measured)
        pd.DataFrame(lines).round(5).to_csv(path, index=False)
    wanted = ["pr_auc", "vus_pr"]
    table = pd.DataFrame(lines).pivot_table(values=wanted, index="detector", columns="data", sort=False)
    print(table.round(3).to_string())
    print(for_good().round(3).to_string())


if __name__ == "__main__":
    main()
