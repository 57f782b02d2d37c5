"""What a model folder holds is looked at before it is used: numbers within bounds, parts that fit, and one row tried."""

import binascii
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import wraps
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np

from sre_anomaly.clock import time_zone
from sre_anomaly.errors import UserError
from sre_anomaly.frame import Array
from sre_anomaly.records import WHOLE_NUMBERS

F = TypeVar("F", bound=Callable[..., Any])
LATEST = 2**62
"""Nanoseconds since 1970, and of a step, at most: sums of two stay whole numbers of 64 bits."""
MOST_METRICS = 100_000
BROKEN = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError),
    *(MemoryError, EOFError, BadZipFile, NotImplementedError, zlib.error, struct.error, binascii.Error),
)
"""What comes of numbers, names or lengths that are none of ours."""


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Say in one line that what was read from a file, such as ``model=FOLDER``, does not fit together.

    Raises
    ------
    UserError
        In place of what went wrong.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except UserError as error:
        text = " ".join(str(error).split())
        raise UserError(text if what.partition("=")[2] in text else f"{what}: {text}") from None
    except Exception as error:
        if not (isinstance(error, BROKEN) or _of_compiler(error)):
            raise
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(
            f"{what}: what it holds does not fit together ({why}); it was changed, or is of another version"
        ) from error


def answering(method: F) -> F:
    """Say so where a model or a state from a file leads compiled code to what is not there."""

    @wraps(method)
    def answered(*given: Any) -> Any:
        try:
            return method(*given)
        except Exception as error:
            if not (isinstance(error, IndexError | ZeroDivisionError) or _of_compiler(error)):
                raise
            raise UserError(
                f"the model or its state is broken ({error}): fit it again, or start without the state"
            ) from error

    return answered  # type: ignore[return-value]


def _of_compiler(error: Exception) -> bool:
    """Return whether compiled code was given what it was not compiled for."""
    return type(error).__module__.partition(".")[0] == "numba"


def check_clock(manifest: Mapping[str, Any]) -> None:
    """Refuse names, times and zones that are none.

    Raises
    ------
    ValueError
        Says what is wrong.
    """
    metrics = manifest["metrics"]
    if not isinstance(metrics, list) or not 0 < len(metrics) <= MOST_METRICS:
        raise ValueError("metrics: has to be a list of names")
    if any(not isinstance(name, str) or not name for name in metrics) or len(set(metrics)) < len(metrics):
        raise ValueError("metrics: each has to have a name of its own")
    for key in ("step_ns", "origin_ns", "last_ns"):
        number = manifest.get(key, 0)
        if not isinstance(number, int) or isinstance(number, bool) or abs(number) > LATEST:
            raise ValueError(f"{key}: {number!r} is no time in nanoseconds")
    if manifest["step_ns"] <= 0:
        raise ValueError(f"step_ns: {manifest['step_ns']} is no step")
    if not isinstance(manifest.get("has_clock", True), bool) or not isinstance(manifest["about"], dict):
        raise ValueError("has_clock and about have to be true or false, and names with values")  # noqa: TRY004 - of the file
    time_zone(manifest.get("timezone", "UTC"))


def refuse_kinds(arrays: Mapping[str, Any]) -> None:
    """Refuse arrays of numbers of another kind than the loops were compiled for; trees look at their own.

    Raises
    ------
    ValueError
        Says which.
    """
    for key, one in arrays.items():
        name = key.rpartition(".")[2]
        wanted = np.int64 if name in WHOLE_NUMBERS or key.startswith("windows.") else np.float64
        if one.dtype != wanted and not name.startswith(("forest_", "trees_")):
            raise ValueError(f"{key}: is of {one.dtype}, and has to be of {np.dtype(wanted)}")


def refuse_other(name: str, found: Any, wanted: tuple[int | None, ...], kind: str = "f") -> None:
    """Refuse an array that is not of a shape, in which None is any number, and kind: f for numbers, i for whole ones.

    Raises
    ------
    ValueError
        Says which.
    """
    fits = found.ndim == len(wanted) and all(
        size in (None, own) for size, own in zip(wanted, found.shape, strict=True)
    )
    if not fits or found.dtype != (np.float64 if kind == "f" else np.int64):
        shape = " x ".join("any" if size is None else str(size) for size in wanted)
        raise ValueError(f"{name}: is {found.shape} of {found.dtype}, and has to be {shape} numbers")


def try_out(model: Any, memory: Any) -> None:
    """Let the parts of a model answer two rows, one of them without values, on a copy of what they know.

    Raises
    ------
    Exception
        Whatever comes of arrays that do not fit together.
    """
    memory, many = deepcopy(memory), len(model.metrics)
    columns = np.empty((1, len(model.features.columns(model.metrics))))
    for row, value in enumerate((0.0, np.nan)):
        time = np.array([model.last + (row + 1) * model.step])
        model.features.advance(memory.features, time, np.full((1, many), value), columns)
        filled: Array = np.nan_to_num(columns)
        scores = model.detector.advance(memory.detector, time, filled, memory.shares(filled))
        levels = model.threshold.advance(memory.threshold, scores)
        if scores.shape != (1,) or levels.shape != (1,):
            raise ValueError("a row has to have one score and one threshold")
    model.detector.bands(memory.detector, time, filled, levels)
    model.detector.contributions(filled)
