"""What a sweep can be told, under ``hydra.sweeper``."""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sre_anomaly.config.messages import in_words
from sre_anomaly.errors import ConfigError

KEY = "hydra.sweeper"
Direction = Literal["minimize", "maximize"]
BOUND = re.compile(r"^\s*([\w.]+)\s*(<=|>=)\s*(\S+)\s*$")
EXCESS: dict[str, Callable[[float, float], float]] = {
    "<=": operator.sub,
    ">=": lambda seen, bound: bound - seen,
}


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


class SweepSettings(BaseModel):
    """The plain values of ``hydra.sweeper``, each explained in ``conf/sweep/custom.yaml``."""

    model_config = ConfigDict(extra="forbid")

    objective: Annotated[list[str | None], BeforeValidator(_as_list)] = [None]
    direction: Annotated[list[Direction], BeforeValidator(_as_list)] = ["maximize"]
    n_trials: Annotated[int, Field(ge=1)] = 20
    timeout: Annotated[float, Field(gt=0)] | None = None
    n_jobs: Annotated[int, Field(ge=1)] = 1
    max_failure_rate: Annotated[float, Field(ge=0, le=1)] = 0.1
    sampler: dict[str, Any] = {"name": "tpe"}
    pruner: dict[str, Any] = {"name": "none"}
    constraints: list[str] = []
    storage: str | None = None
    study_name: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    params: dict[str, Any] = {}
    when: dict[str, dict[str, Any]] = {}

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if len(self.objective) != len(self.direction):
            raise ValueError(
                f"objective names {len(self.objective)} measures and direction {len(self.direction)}: one each"
            )
        if len(self.objective) > 1 and self.pruner.get("name", "none") != "none":
            raise ValueError("pruner: trials with several objectives cannot be pruned; use pruner.name=none")
        for constraint in self.constraints:
            if BOUND.match(constraint) is None:
                raise ValueError(
                    f"constraints: {constraint!r} is not of the form 'detection.measures.alerts_per_week <= 5'"
                )
        return self

    @property
    def bounds(self) -> list[tuple[str, Callable[[float], float]]]:
        """For each constraint the measure's name and how far a value exceeds its bound; at most 0 is kept."""
        found = []
        for constraint in self.constraints:
            match = BOUND.match(constraint)
            assert match is not None
            name, sign, bound = match.groups()
            found.append((name, _excess(sign, float(bound))))
        return found

    @property
    def tasks(self) -> list[str]:
        """The parts of the record that the objectives and constraints read."""
        names = [name for name in self.objective if name] + [name for name, _ in self.bounds]
        return sorted({name.split(".")[0] for name in names})


def _excess(sign: str, bound: float) -> Callable[[float], float]:
    return lambda seen: EXCESS[sign](seen, bound)


def sweep_settings(node: Mapping[str, Any]) -> SweepSettings:
    """Return the validated settings of a ``hydra.sweeper`` node.

    Raises
    ------
    ConfigError
        One line for each wrong value, with its full key.
    """
    given = {str(name): value for name, value in node.items() if name != "_target_"}
    for name in ("params", "when", "sampler", "pruner", "constraints"):
        if given.get(name) is None:
            given.pop(name, None)
    try:
        return SweepSettings.model_validate(given)
    except ValidationError as error:
        raise ConfigError(
            "\n".join(in_words(detail, KEY, SweepSettings.model_fields) for detail in error.errors())
        ) from None
