"""What cknn scores on NAB where its constants, too, were chosen without the category that is judged.

Usage: python experiments/cknn/nested.py     (some four minutes the first time, one after that; writes nested.csv)

Each of the seven categories is judged with the constants that are best on the other six: first the level alone, then
all constants behind the distance, then those of the distance as well. Every constant may be two thirds of what is
shipped, as shipped, or half as much again.
"""

import itertools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from corpus_grid import Rows, all_rows, evidence, points

from sre_anomaly.config.compose import composed
from sre_anomaly.evaluation.nab.score import PROFILES
from sre_anomaly.frame import Array
from sre_anomaly.records import write_text
from sre_anomaly.report.nab import nested as nab_nested
from sre_anomaly.report.nab.nested import PARTS

HERE = Path(__file__).parent
FACTORS = (2 / 3, 1.0, 3 / 2)
LEVELS = np.round(np.arange(-0.4, 0.41, 0.08), 2)
"""How much higher the level after so many rows as half of the files have is than as shipped."""
USUAL_ROWS = 4000
ALL = ("seasonal", "growth", "penalty", "rest", "repeat", "quiet")
BEST_SHARE = 0.05
HALVES = 100
Mix = Callable[[float], Array]
"""The scores with a weight of the seasonal residual."""


def shipped() -> Array:
    """Return the setting in the YAML files."""
    config = composed(["detector=cknn"])
    level, alerts = config["threshold"], config["alerts"]
    told = [config["detector"]["seasonal"], *(level[name] for name in ("theta", "growth", "warmup"))]
    return np.array([*told, *(alerts[name] for name in ("penalty", "rest", "repeat", "quiet"))], dtype=float)


def grid(free: Sequence[str], factors: Sequence[float] = FACTORS) -> Array:
    """Return every combination of the factors for the constants that are free, and of levels, (s, 8)."""
    usual = shipped()
    choices = [factors if name in free else (1.0,) for name in ALL]
    rows = []
    for seasonal, growth, *alerts in itertools.product(*choices):
        rises = growth * usual[2]
        same = usual[1] + (usual[2] - rises) * np.log(USUAL_ROWS)
        ends = usual[4:] * alerts
        rows += [[seasonal * usual[0], same + higher, rises, usual[3], *ends] for higher in LEVELS]
    return np.array(rows)


def all_points(rows: Rows, mix: Mix, settings: Array) -> Array:
    """Return the points of each setting and file, (profiles, settings, files)."""
    parts = [
        points(rows, mix(weight), settings[settings[:, 0] == weight, 1:]) for weight in _weights(settings)
    ]
    return np.concatenate(parts, axis=1)


def _weights(settings: Array) -> list[float]:
    # As in the order of the grid.
    return list(dict.fromkeys(settings[:, 0].tolist()))


def by_category(rows: Rows) -> Iterator[Array]:
    """Yield which files are judged, a category at a time."""
    for category in range(rows.categories.max() + 1):
        yield rows.categories == category


def nested(rows: Rows, worth: Array) -> Array:
    """Return each profile's score, every category with the setting that is best on the others."""
    return np.array(
        [
            sum(one[one[:, ~there].sum(axis=1).argmax(), there].sum() for there in by_category(rows))
            for one in worth
        ]
    )


def nested_mean(rows: Rows, mix: Mix, settings: Array, worth: Array, share: float = BEST_SHARE) -> Array:
    """Return the same with the mean of the best settings on the others, constant by constant."""
    return np.array(
        [
            sum(
                all_points(rows, mix, mean_of_best(settings, one[:, ~there].sum(axis=1), share))[
                    profile, 0, there
                ].sum()
                for there in by_category(rows)
            )
            for profile, one in enumerate(worth)
        ]
    )


def mean_of_best(settings: Array, worth: Array, share: float = BEST_SHARE) -> Array:
    """Return the mean of a share of the settings, those with the highest worth, (1, 8)."""
    most = max(1, int(share * len(worth)))
    return settings[np.argsort(-worth, kind="stable")[:most]].mean(axis=0, keepdims=True)


def halves(rows: Rows, worth: Array) -> tuple[float, float]:
    """Return the mean standard score of random halves of the files with the setting best on the other half, and its error.

    Seven categories are few: one file more or less changes which setting is best. This is steadier, and easier, since
    both halves hold files of the same kinds.
    """
    draw = np.random.default_rng(0)
    found = []
    for _ in range(HALVES):
        there = draw.permutation(len(rows.windows)) < len(rows.windows) // 2
        best = (worth[0] @ ~there).argmax()
        found.append(worth[0, best, there].sum() * rows.windows.sum() / rows.windows[there].sum())
    return float(np.mean(found)), float(np.std(found) / np.sqrt(HALVES))


def line(name: str, worth: Array, chosen: Array) -> dict[str, object]:
    """Return a line of the table."""
    fitted = worth.sum(axis=2, dtype=float).max(axis=1)
    names = [profile.name.removeprefix("reward_").replace("_", " ") for profile in PROFILES]
    return {
        "chosen anew": name,
        "settings": worth.shape[1],
        **{f"fitted {key}": round(float(value), 2) for key, value in zip(names, fitted, strict=True)},
        **{f"nested {key}": round(float(value), 2) for key, value in zip(names, chosen, strict=True)},
    }


def streams() -> list[list[str]]:
    """Return the variants of the distance."""
    node = composed(["detector=cknn"])["detector"]
    first, *others = node["windows"]
    found = []
    for longer, hour, quarantine in itertools.product(FACTORS, repeat=3):
        windows = [first, *(round(longer * rows) for rows in others)]
        found.append(
            [
                f"detector.windows={windows}".replace(" ", ""),
                f"detector.hour={hour * node['hour']:.4g}",
                f"detector.quarantine={quarantine * node['quarantine']:.4g}",
            ]
        )
    return found


def mixed(novel: Array, seasonal: Array, weight: float) -> Array:
    """Return cknn's evidence with a weight of the seasonal residual."""
    return (1 - weight) * novel + weight * seasonal


def publish(scores: Array) -> None:
    """Write what the benchmark prints beside its own scores, and the configuration that it holds for."""
    config = composed(["experiment=nab_benchmark"])
    told = {
        "config": {part: config[part] for part in PARTS},
        "nested": {p.name: round(float(score), 2) for p, score in zip(PROFILES, scores, strict=True)},
    }
    path = Path(nab_nested.__file__).with_suffix(".json")
    write_text(path, json.dumps(told, indent=1) + "\n")


def main() -> None:
    """Print and write the table."""
    rows = all_rows()
    seasonal = evidence(rows, ["detector.seasonal=1"])
    usual = partial(mixed, evidence(rows, ["detector.seasonal=0"]), seasonal)
    lines = []
    for name, free in (("level", ()), ("level, mixture, alerts", ALL)):
        settings = grid(free)
        worth = all_points(rows, usual, settings)
        lines.append(line(name, worth, nested(rows, worth)))
        print(lines[-1], flush=True)
    kept = []
    for variant in streams():
        novel = evidence(rows, ["detector.seasonal=0", *variant])
        kept.append(all_points(rows, partial(mixed, novel, seasonal), grid(ALL)))
    worth = np.concatenate(kept, axis=1)
    lines.append(line("level, mixture, alerts, distance", worth, nested(rows, worth)))
    print(lines[-1], flush=True)
    pd.DataFrame(lines).to_csv(HERE / "nested.csv", index=False)
    publish(nested(rows, worth))


if __name__ == "__main__":
    main()
