"""Scores on the Numenta benchmark that a study has judged with every constant chosen on other categories."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

PARTS = ("detector", "threshold", "alerts")


def nested_scores(config: Mapping[str, Any]) -> dict[str, float] | None:
    """Return each profile's nested score, None for a configuration that no study has judged.

    A run cannot measure it, because it would have to try all other constants. It was measured once, by
    experiments/cknn/nested.py, and holds for the very configuration that it was measured for.
    """
    text = files("sre_anomaly.report.nab").joinpath("nested.json").read_text(encoding="utf-8")
    known: dict[str, Any] = json.loads(text)
    if any(config.get(part) != known["config"][part] for part in PARTS):
        return None
    return {str(name): float(score) for name, score in known["nested"].items()}
