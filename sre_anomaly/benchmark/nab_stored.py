"""What the Numenta Anomaly Benchmark itself made of results: its thresholds, or its scores, in the files that it leaves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.nab.score import PROFILES, Labelled, ranked, score_at

THRESHOLDS = ("thresholds.json", "config/thresholds.json")
FINAL = "final_results.json"


@dataclass(frozen=True)
class Stored:
    """NAB's own scores of some detectors, per profile, and the file that they are from."""

    path: Path
    scores: dict[str, dict[str, float]]


def stored(results: Path, detectors: Mapping[str, Sequence[Labelled]]) -> Stored | None:
    """Return the scores at the thresholds that NAB chose, else those it wrote down; None where it left neither.

    They are looked for beside the results and in the two folders above: those of one detector are a folder in NAB's
    ``results``, which has ``config`` beside it.

    Raises
    ------
    DataError
        If such a file is not as NAB writes it.
    """
    near = [results, *results.resolve().parents[:2]]
    for path in (folder / name for name in THRESHOLDS for folder in near):
        if path.is_file() and (known := _of(path, detectors, "threshold")):
            return Stored(path, {name: score_at(ranked(detectors[name]), known[name]) for name in known})
    for path in (folder / FINAL for folder in near):
        if path.is_file() and (known := _of(path, detectors, None)):
            return Stored(path, known)
    return None


def _of(path: Path, detectors: Mapping[str, Any], key: str | None) -> dict[str, dict[str, float]]:
    """Return the number of each profile of those detectors that a file knows."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: {
                one.name: float(content[name][one.name] if key is None else content[name][one.name][key])
                for one in PROFILES
            }
            for name in detectors
            if name in content
        }
    except (ValueError, TypeError, LookupError):
        inside = "number" if key is None else f'{{"{key}": number}}'
        raise DataError(f'{path}: expected {{"detector": {{"{PROFILES[0].name}": {inside}, ...}}}}') from None
