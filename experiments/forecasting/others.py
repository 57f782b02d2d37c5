"""Forecast the tasks of `study.py --tasks` with other libraries, in an environment of its own, and write their errors to ``others.csv``.

    python -m venv /tmp/others && /tmp/others/bin/pip install statsforecast flaircast
    /tmp/others/bin/python experiments/forecasting/others.py tasks.npz

Goes on where it stopped. AutoETS knows no season longer than 24 rows, so it has none here; AutoTheta and MSTL have a day.
"""

import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from flaircast import forecast as flair
from statsforecast.models import MSTL, AutoETS, AutoTheta

warnings.simplefilter("ignore")
OUT = Path(__file__).parent / "others.csv"
MOST_ROWS = 10_000
"""With longer histories, days of 1,440 rows, only the fastest is tried: the others take minutes a forecast."""
METHODS = ("FLAIR", "MSTL", "AutoTheta", "AutoETS")
MODULE = {"FLAIR": "flaircast"}


def answer(method: str, past: np.ndarray, step: int) -> np.ndarray:
    """Return a day of forecasts."""
    day = round(86_400 / step)
    if method == "FLAIR":
        return flair(past, day, f"{step // 60}min" if step < 3600 else "h", seed=0).mean(axis=0)
    if method == "MSTL":
        return MSTL(season_length=[day]).forecast(past, day)["mean"]
    if method == "AutoTheta":
        return AutoTheta(season_length=day).forecast(past, day)["mean"]
    return AutoETS(season_length=1).forecast(past, day)["mean"]


if __name__ == "__main__":
    done = pd.read_csv(OUT).to_dict("records") if OUT.exists() else []
    known = {(row["task"], row["method"]) for row in done}
    tasks = np.load(sys.argv[1])
    # Short ones first: what is stopped has most of them.
    for key in sorted(tasks.files, key=lambda one: len(tasks[one])):
        name, _, step = key.rpartition("|")
        day = round(86_400 / int(step))
        past, came = tasks[key][:-day], tasks[key][-day:]
        for method in METHODS:
            if (name, method) in known or (len(past) > MOST_ROWS and method != "FLAIR"):
                continue
            began = time.process_time()
            try:
                told = answer(method, past, int(step))
                error = float(np.nanmean(np.abs(came - told)))
            except Exception as problem:  # noqa: BLE001 - what another library cannot answer is a finding
                print(name, method, problem)
                error = float("nan")
            done.append(
                {
                    "task": name,
                    "method": method,
                    "mae": error,
                    "seconds": time.process_time() - began,
                    "version": version(MODULE.get(method, "statsforecast")),
                }
            )
            pd.DataFrame(done).to_csv(OUT, index=False, float_format="%.6g")
