"""Model folders changed at random, their checksums made right again: each is refused in one line, or it answers.

python tests/helpers/changed_models.py 10000    # prints how many were refused, answer as before, or answer otherwise; exits 1 after any fault
"""

import hashlib
import io
import json
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from contextlib import nullcontext
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandas as pd

from sre_anomaly.config.build import build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import UserError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.live.monitor import Monitor
from sre_anomaly.model.folder import ARRAYS, MANIFEST, _checksum
from sre_anomaly.model.model import load_model, model_of, save_model
from sre_anomaly.pipeline.detection import detect, prepare

ROWS, LIVE = 400, 30
HANGS_S = 20
QUICK = {
    "baseline": ["detector=baseline", "features=raw"],
    "zscore, rolling": ["detector=zscore", "features=rolling"],
    "gaussian, system": ["detector=gaussian", "features=system"],
    "iforest": ["detector=iforest", "detector.n_estimators=8", "features=raw"],
}
KINDS = QUICK | {
    "kmeans": ["detector=kmeans", "features=seasonal"],
    "cknn": ["detector=cknn"],
    "ensemble": ["detector=ensemble"],
    "flatline": ["detector=flatline"],
    "residual": ["detector=residual"],
    "xgboost": ["detector=xgboost", "detector.n_estimators=10"],
    "auto": ["detector=auto"],
    "conformal": ["detector=baseline", "features=raw", "threshold=conformal"],
    "pot": ["detector=baseline", "features=raw", "threshold=pot"],
}
NUMBERS = (np.nan, np.inf, -np.inf, -1.0, 0.0, 0.5, 1e300, -1e300, 2.0**31, 2.0**53, 255.0, 1e9)
VALUES = (
    None,
    True,
    -1,
    0,
    3,
    10**9,
    10**30,
    1e308,
    float("nan"),
    "x",
    "",
    "a\nb",
    [],
    {},
    [[]],
    {"array": "usual"},
    "1h",
    -0.5,
)
"""What stands in the manifest instead."""


def made(words, folder):
    """Write the model of a kind, and return it."""
    draw, truth = np.random.default_rng(0), np.zeros(ROWS)
    for at in range(30, ROWS, 30):
        truth[at : at + 6] = 1
    values = draw.normal(size=(ROWS, 2)) + 5 * truth[:, np.newaxis]
    clock = pd.date_range("2024-01-01", periods=ROWS, freq="1h", tz="UTC")
    frame = MetricFrame("x", clock, values, ("a", "b"), labels=truth)
    config = composed(["experiment=system_metrics", "forecaster=none", *words])
    parts = build_parts(config)
    split, stage = parts.split.split(frame), lambda _: nullcontext()
    found = detect(frame, split, prepare(frame, split, parts.features, stage), parts, stage)
    names = {kind: config[kind]["name"] for kind in ("features", "detector", "threshold", "alerts")}
    save_model(model_of(frame, split.train, parts, {"names": names}, found.memory), folder)


def answers(folder):
    """Return what a monitor says of some rows after the history."""
    with np.errstate(all="ignore"):
        return _said(Monitor(load_model(folder)))


def _said(monitor):
    draw, model, said = np.random.default_rng(1), monitor.model, []
    for row in range(LIVE):
        values = draw.normal(size=len(model.metrics)) * (6 if row % 11 == 10 else 1)
        values[row % len(values)] = np.nan if row % 7 == 6 else values[row % len(values)]
        result = monitor.update(pd.Timestamp(model.last + (row + 1) * model.step, tz="UTC"), values)
        said.append(
            (result.score, result.level, result.flag, [(one.metric, one.reason) for one in result.alerts])
        )
    return said


def changed(manifest, arrays, files, draw):
    """Change one to three things of a model, in place."""
    for _ in range(draw.integers(1, 4)):
        sort = draw.random()
        name = str(draw.choice(sorted(arrays)))
        if sort < 0.45:
            _change_array(arrays, name, draw)
        elif sort < 0.55:
            other = str(draw.choice(sorted(arrays)))
            arrays[name], arrays[other] = arrays[other], arrays[name]
        elif sort < 0.6:
            arrays.pop(name) if len(arrays) > 1 else None
        else:
            _change_leaf(manifest, draw)
    if files and draw.random() < 0.2:
        name = str(draw.choice(sorted(files)))
        files[name] = files[name][: draw.integers(0, len(files[name]))]


def _change_array(arrays, name, draw):
    one = arrays[name]
    way = draw.integers(0, 7) if one.dtype.kind != "U" else 5
    if way <= 2 and one.size:
        flat = one.reshape(-1).copy()
        for place in draw.integers(0, len(flat), draw.integers(1, 6)):
            with np.errstate(all="ignore"):
                flat[place] = np.asarray(draw.choice(NUMBERS)).astype(one.dtype)
        arrays[name] = flat.reshape(one.shape)
    elif way == 3 and one.size:
        noise = draw.integers(0, 256, one.nbytes, dtype=np.uint8).tobytes()
        arrays[name] = np.frombuffer(noise, dtype=one.dtype).reshape(one.shape)
    elif way == 4:
        kinds = ("float32", "int64", "uint8", "complex128", "U4", "bool")
        with np.errstate(all="ignore"):
            arrays[name] = one.astype(draw.choice(kinds))
    elif way == 5:
        arrays[name] = one[: len(one) // 2] if one.ndim else one
    else:
        arrays[name] = [one[np.newaxis], one.T, np.concatenate([one, one]) if one.ndim else one][
            draw.integers(0, 3)
        ]


def _change_leaf(node, draw):
    while True:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        if not len(keys):
            return
        key = keys[draw.integers(0, len(keys))]
        if (
            key not in ("format", "files", "checksum")
            and isinstance(node[key], (dict, list))
            and node[key]
            and draw.random() < 0.85
        ):
            node = node[key]
            continue
        if key in ("format", "files", "checksum"):
            continue
        if draw.random() < 0.15 and isinstance(node, dict):
            del node[key]
        else:
            node[key] = deepcopy(VALUES[draw.integers(0, len(VALUES))])
        return


def written(folder, manifest, arrays, files, draw):
    """Write a folder whose checksums are right."""
    folder.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    content = buffer.getvalue()
    if draw.random() < 0.05:
        broken = bytearray(content)
        for place in draw.integers(0, len(broken), 4):
            broken[place] = draw.integers(0, 256)
        content = bytes(broken)
    whole = {ARRAYS: content, **files}
    for name, one in whole.items():
        (folder / name).write_bytes(one)
    manifest = {**manifest, "files": {name: hashlib.sha256(one).hexdigest() for name, one in whole.items()}}
    manifest = json.loads(json.dumps(manifest))
    manifest["checksum"] = _checksum(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def case(good, folder, seed):
    """Return what becomes of one changed folder: refused, as before, otherwise; anything else is a fault."""
    draw = np.random.default_rng(seed)
    manifest = json.loads((good / MANIFEST).read_text())
    with np.load(good / ARRAYS) as stored:
        arrays = {name: stored[name] for name in stored.files}
    files = {path.name: path.read_bytes() for path in good.iterdir() if path.name not in (MANIFEST, ARRAYS)}
    changed(manifest, arrays, files, draw)
    written(folder, manifest, arrays, files, draw)
    try:
        said = answers(folder)
    except UserError as error:
        return "refused" if "\n" not in str(error) else f"more than one line: {error}"
    return said


def run(kinds, first, count, folder):
    """Try so many changed folders from a seed on; yield (kind, seed, what became of it)."""
    signal.signal(signal.SIGALRM, _late)
    known = {}
    for seed in range(first, first + count):
        kind = list(kinds)[seed % len(kinds)]
        good = folder / kind.replace(" ", "_")
        if not good.exists():
            made(kinds[kind], good)
        if kind not in known:
            known[kind] = repr(answers(good))
        signal.alarm(HANGS_S)
        try:
            said = case(good, folder / "changed", seed)
        except Exception:  # noqa: BLE001 - a fault is what is looked for
            said = f"fault: {traceback.format_exc()}"
        finally:
            signal.alarm(0)
        if not isinstance(said, str):
            said = "as before" if repr(said) == known[kind] else "otherwise"
        yield kind, seed, said


def _late(*_):
    raise TimeoutError("it hangs")


def main():
    """Try many, in processes of a few hundred, because one may crash."""
    if len(sys.argv) > 2:
        for kind, seed, said in run(KINDS, int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])):
            print(json.dumps([kind, seed, said]), flush=True)
        return
    total, found, faults = int(sys.argv[1]), Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        first = 0
        while first < total:
            count = min(500, total - first)
            words = [sys.executable, __file__, str(first), str(count), folder]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            told = [json.loads(line) for line in done.stdout.splitlines()]
            for kind, seed, said in told:
                found[said if said in ("refused", "as before", "otherwise") else "fault"] += 1
                if said not in ("refused", "as before", "otherwise"):
                    faults.append((kind, seed, said))
            first += len(told)
            if done.returncode:
                faults.append(("crash", first, f"exit {done.returncode} {done.stderr[-300:]}"))
                found["crash"] += 1
                first += 1
    print(dict(found))
    for kind, seed, said in faults[:20]:
        print(kind, seed, said[-900:])
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
