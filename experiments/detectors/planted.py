"""Whether auto's rule for many metrics, and cknn's rule for putting metrics together, hold where nothing was chosen on.

Usage: python experiments/detectors/planted.py     (some minutes; goes on where it stopped; prints, writes planted.csv)

The training halves of the eight servers of `study.py`, on which only detectors learned so far, with known anomalies
planted into a metric or two at a time (`data=inject`). The first half of these rows is learned from, the second judged.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from study import HERE, VARIANTS

from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.data.generated.inject import Inject
from sre_anomaly.evaluation.anomaly.points import pr_auc
from sre_anomaly.frame import Array, MetricFrame, Split
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.detection import detect, prepare
from sre_anomaly.sources import DataSource

SEED = 501
INTENSITY = 2.0
"""Times the usual strength, since each shows in a metric or two of 19 or 38."""
WHOLE = (
    "zscore, rolling",
    "iforest, rolling",
    "kmeans",
    "residual",
    "ensemble without residual",
    "ensemble",
)
PLANTED = "{}, planted"
MOST = (1, 2, 3, 5, 100)
FADING = {"1/k": lambda k: 1 / k, "1/k squared": lambda k: 1 / k**2, "1/2^k": lambda k: 0.5**k}
"""What the k-th strongest metric counts."""


@dataclass
class One(DataSource):
    """A frame that is there already."""

    frame: MetricFrame

    def frames(self) -> Iterator[MetricFrame]:
        """Yield it."""
        yield self.frame


def series() -> Iterator[tuple[str, MetricFrame, Split]]:
    """Yield the group, each training half with planted anomalies, and its split; then the servers as they came."""
    for data in ("asd", "smd"):
        for whole in build("data", composed([f"data={data}"])["data"]).frames():
            split = build("split", {"name": "given"}).split(whole)
            # What is wrong in these rows nobody knows; what is not planted counts as normal.
            plain = replace(whole.rows(split.train), labels=None, incidents=())
            frame = next(iter(Inject(One(plain), intensity=INTENSITY, seed=SEED).frames()))
            half = len(frame) // 2
            yield PLANTED.format(data), frame, Split(slice(0, half), None, slice(half, len(frame)))
            yield data, whole, split


def scored(frame: MetricFrame, split: Split, overrides: list[str]) -> Array:
    """Return the scores of a detector."""
    parts = build_parts(composed(["split=given", *overrides]))
    with Stages() as stages:
        prepared = prepare(frame, split, parts.features, stages.stage)
        return detect(frame, split, prepared, parts, stages.stage).scores


def by_metric(frame: MetricFrame, face: str) -> Array:
    """Return cknn's evidence or novelty of each metric, (n, m)."""
    detector = build("detector", composed(["detector=cknn", f"detector.face={face}"])["detector"])
    shares = np.empty(frame.values.shape)
    state = detector.new_state(len(frame.metrics))[np.newaxis]
    started = time.process_time()
    detector.advance(state, frame.time.asi8, np.ascontiguousarray(frame.values), shares)
    print(frame.name, face, f"{1e6 * (time.process_time() - started) / len(shares):.0f} us a row")
    return shares


def together(evidence: Array, novelty: Array) -> Iterator[tuple[str, Array]]:
    """Yield ways to put metrics together: the mean of the strongest, three as shipped, or fading weights for all."""
    rows = np.arange(1.0, len(evidence) + 1.0)
    trust = rows / (rows + 400.0)
    evidence, novelty = (-np.sort(-np.nan_to_num(one), axis=1) for one in (evidence, novelty))
    place = np.arange(1.0, evidence.shape[1] + 1.0)
    weights = {f"mean of {most}": place <= most for most in MOST}
    weights |= {name: fading(place) for name, fading in FADING.items()}
    for name, weight in weights.items():
        rare, far = evidence @ weight / weight.sum(), novelty @ weight / weight.sum()
        yield f"cknn evidence, {name}", rare
        yield f"cknn ranking, {name}", (rare + np.log1p(far)) * trust


def every(frame: MetricFrame, split: Split, wanted: list[str], *, again: bool) -> Iterator[tuple[str, Array]]:
    """Yield detectors, and all ways to put cknn's metrics together unless they were compared before."""
    for name in wanted:
        yield name, scored(frame, split, VARIANTS[name])
    if again:
        yield from together(by_metric(frame, "evidence"), by_metric(frame, "novelty"))


def area(frame: MetricFrame, scores: Array) -> float:
    """Return the area under precision and recall of rows with a label."""
    assert frame.labels is not None
    known = np.isfinite(frame.labels)
    return pr_auc(scores[known], frame.labels[known])


def main() -> None:
    """Run what is missing, print and write the table."""
    path = HERE / "planted.csv"
    lines = pd.read_csv(path).to_dict("records") if path.is_file() else []
    for group, frame, split in series():
        done = {line["detector"] for line in lines if (line["data"], line["series"]) == (group, frame.name)}
        wanted = [name for name in WHOLE if name not in done] if group.endswith("planted") else []
        again = not any(name.startswith("cknn ") for name in done)
        judged, rows = frame.rows(split.test), split.test
        for name, scores in every(frame, split, wanted, again=again):
            told = area(judged, scores[rows])
            lines.append({"data": group, "series": frame.name, "detector": name, "pr_auc": told})
        pd.DataFrame(lines).round(5).to_csv(path, index=False)
    table = pd.DataFrame(lines).pivot_table(values="pr_auc", index="detector", columns="data", sort=False)
    print(table.round(3).to_string())


if __name__ == "__main__":
    main()
