"""The settings of a run that belong to no plugin."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sre_anomaly.errors import did_you_mean


class ForecastSettings(BaseModel):
    """What is forecast, how far, and how wide the interval is."""

    model_config = ConfigDict(extra="forbid")

    metrics: list[str] | None = None
    horizon: Annotated[int, Field(ge=1)] = 1
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.9


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
