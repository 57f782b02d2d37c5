"""The settings of a run that belong to no plugin."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sre_anomaly.clock import parse_duration
from sre_anomaly.errors import did_you_mean


def _ahead(asked: Any) -> Any:
    """Check one distance ahead, or several: data points, or durations."""
    several = list(asked) if isinstance(asked, (list, tuple)) else [asked]
    if not several:
        raise ValueError("is empty; write how far ahead, such as 1d, or [1h, 1d, 7d]")
    for one in several:
        if isinstance(one, int) and not isinstance(one, bool):
            if one < 1:
                raise ValueError("should be greater than or equal to 1")
        elif not (isinstance(one, str) and one.isdecimal() and int(one) >= 1):
            if isinstance(one, float):
                raise ValueError("is no whole number of data points; a duration is written such as 12h")  # noqa: TRY004 - a user's mistake
            parse_duration(one)
    return asked


def _limit(asked: Any) -> Any:
    """Check a limit: a number, or one behind > or <."""
    try:
        float(str(asked).strip().lstrip("<>")) if asked is not None else None
    except ValueError:
        raise ValueError(
            "is no limit: write a number, such as 90, or '<10' for one that is passed downwards"
        ) from None
    return asked


class ForecastSettings(BaseModel):
    """What is forecast, how far, and how wide the interval is."""

    model_config = ConfigDict(extra="forbid")

    metrics: list[str] | None = None
    horizon: Annotated[Any, BeforeValidator(_ahead)] = 1
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.9
    limit: Annotated[Any, BeforeValidator(_limit)] = None


class CorpusSettings(BaseModel):
    """How a data source with many series is run."""

    model_config = ConfigDict(extra="forbid")

    model: Literal["own", "shared"] = "own"
    jobs: Annotated[int, Field(ge=1)] = 1
    cluster: str | None = None


class Settings(BaseModel):
    """The plain values at the top of ``conf/config.yaml``."""

    name: Annotated[str, Field(min_length=1, pattern=r"^[\w.-]+$")]
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    hindsight: bool = False
    outputs: Annotated[str, Field(min_length=1)]
    forecast: ForecastSettings
    corpus: CorpusSettings


def mistakes_in(config: Mapping[str, Any]) -> list[str]:
    """Return one line for each wrong setting."""
    try:
        Settings.model_validate(dict(config))
    except ValidationError as error:
        return [in_words(detail) for detail in error.errors()]
    return []


def in_words(detail: Any, key: str = "", known: Mapping[str, Any] | None = None) -> str:
    """Return one of pydantic's findings as a line with the full config key."""
    where = ".".join(filter(None, [key, *(str(part) for part in detail["loc"])]))
    if detail["type"] == "missing":
        return f"{where}: has to be given: {where}=..."
    if detail["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{where}: no such key" + (
            f"; {did_you_mean(where.rpartition('.')[2], known)}" if known else ""
        )
    if detail["type"] == "list_type":
        return f"{where}: is a list; write it in brackets: {where}=[{detail['input']}]"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    seen = detail["input"]
    shown = isinstance(seen, (str, int, float, bool, type(None))) and f": {seen!r}" not in message
    return f"{where}: {message}" + (f", not {seen!r}" if shown else "")
