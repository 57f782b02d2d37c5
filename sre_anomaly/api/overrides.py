"""Keyword arguments become the overrides that a command line would have."""

from collections.abc import Mapping
from typing import Any

from sre_anomaly.errors import ConfigError, did_you_mean

SHORT = {
    "pages_per_week": "threshold.pages_per_week",
    "contamination": "threshold.contamination",
    "time": "data.time",
    "metrics": "data.values",
    "label": "data.label",
    "incidents": "data.incidents",
    "timezone": "data.timezone",
    "resample": "data.resample",
    "known": "data.known",
    "calendar": "data.calendar",
    "seed": "seed",
    "hindsight": "hindsight",
}
"""What is asked for most often, under the last part of its key."""
GROUPS = ("detector", "threshold", "features", "alerts", "split", "forecaster", "experiment")


def words_of(options: Mapping[str, Any]) -> list[str]:
    """Return keyword arguments as overrides; ``threshold__sigmas`` is the key ``threshold.sigmas``.

    Raises
    ------
    ConfigError
        If an argument is neither an option of a group, nor one of `SHORT`, nor a key written with two underscores.

    Examples
    --------
    >>> words_of({"detector": "zscore", "threshold__sigmas": 4, "metrics": ["cpu"]})
    ['detector=zscore', 'threshold.sigmas=4', 'data.values=["cpu"]']
    """
    words = []
    for name, value in options.items():
        if name in GROUPS and isinstance(value, str):
            words.append(f"{name}={value}")
        elif name in SHORT:
            words.append(f"{SHORT[name]}={written(value)}")
        elif "__" in name:
            words.append(f"{name.replace('__', '.')}={written(value)}")
        else:
            raise ConfigError(
                f"{name}: no such argument; {did_you_mean(name, (*SHORT, *GROUPS))}; any other key is written with two underscores, "
                "as in threshold__sigmas=4"
            )
    # A group is chosen before its keys are set.
    return sorted(words, key=lambda word: "." in word.partition("=")[0])


def written(value: Any) -> str:
    """Return a value in the grammar of overrides.

    Examples
    --------
    >>> written({"cpu": {"possible": [0, 100]}}), written("a b"), written(None), written(True)
    ('{cpu:{possible:[0,100]}}', '"a b"', 'null', 'true')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_key(str(key))}:{written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(written(one) for one in value) + "]"
    if isinstance(value, (int, float)):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _key(text: str) -> str:
    return text if text.replace("_", "").isalnum() else f'"{text}"'
