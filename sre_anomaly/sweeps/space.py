"""What a sweep varies: Hydra's sweep grammar read as Optuna's distributions, some only under a choice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep, Transformer
from hydra.errors import HydraException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.trial import Trial

from sre_anomaly.errors import ConfigError

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Branch:
    """Parameters that exist only where another one has a certain value."""

    key: str
    choice: str
    fixed: dict[str, str | None]
    free: dict[str, BaseDistribution]


@dataclass(frozen=True)
class Space:
    """Fixed overrides, free parameters, and those that depend on a choice."""

    fixed: dict[str, str | None] = field(default_factory=dict)
    """None: the key is taken out (Hydra's ``~key``)."""
    free: dict[str, BaseDistribution] = field(default_factory=dict)
    branches: tuple[Branch, ...] = ()

    def suggest(self, trial: Trial) -> list[str]:
        """Let a trial choose, and return its overrides."""
        chosen = dict(self.fixed)
        for key, distribution in self.free.items():
            chosen[key] = _written(_suggest(trial, key, distribution))
        for branch in self.branches:
            if chosen.get(branch.key) == branch.choice:
                chosen |= branch.fixed
                for key, distribution in branch.free.items():
                    chosen[key] = _written(_suggest(trial, self.label(branch, key), distribution))
        return _overrides(chosen)

    def label(self, branch: Branch, key: str) -> str:
        """Return what a branch's parameter is called in the study: its key, told apart where branches share it."""
        shared = key in self.free or sum(key in other.free for other in self.branches) > 1
        return f"{key} ({branch.choice})" if shared else key

    def examples(self) -> list[list[str]]:
        """Return overrides that together use every key and every branch, to try them before a sweep starts."""
        plain = self.fixed | {key: _written(_any_of(d)) for key, d in self.free.items()}
        found = [plain] if not self.branches else []
        for branch in self.branches:
            inside = branch.fixed | {key: _written(_any_of(d)) for key, d in branch.free.items()}
            found.append(plain | {branch.key: branch.choice} | inside)
        # A misspelt option would else be met in mid-sweep, or never.
        found += [
            plain | {key: _written(choice)}
            for key, distribution in self.free.items()
            if "." not in key and isinstance(distribution, CategoricalDistribution)
            for choice in distribution.choices
        ]
        return [_overrides(one) for one in found]

    def grid(self) -> dict[str, list[Value]]:
        """Return every value of every parameter, for a sampler that goes through them all.

        Raises
        ------
        ConfigError
            If a parameter has no end of values, or depends on another.
        """
        if self.branches:
            raise ConfigError(
                "hydra.sweeper.sampler: a grid cannot have parameters that depend on a choice; use sampler.name=brute_force"
            )
        return {key: _every(key, distribution) for key, distribution in self.free.items()}

    def described(self) -> dict[str, Any]:
        """Return the space as plain data; equal data, equal space."""
        return {
            "fixed": self.fixed,
            "params": {key: distribution_to_json(d) for key, d in self.free.items()},
            "when": {
                f"{b.key}={b.choice}": b.fixed | {key: distribution_to_json(d) for key, d in b.free.items()}
                for b in self.branches
            },
        }


def read_space(
    params: Mapping[str, Any], when: Mapping[str, Mapping[str, Any]], words: Iterable[str]
) -> Space:
    """Read a space from YAML and the command line.

    Parameters
    ----------
    params : mapping
        Key to sweep, such as ``detector.max_depth: range(2,9)``; a plain value is fixed.
    when : mapping
        ``key=choice`` to params that exist only there.
    words : iterable of str
        The command line's overrides; one replaces a parameter of the same key.

    Raises
    ------
    ConfigError
        If a sweep cannot be read or is empty.

    Examples
    --------
    >>> read_space({"a": "int(interval(1,9))"}, {}, ["b=x,y"]).free["a"]
    IntDistribution(high=9, log=False, low=1, step=1)
    """
    typed, spelled = _read(words), _read([f"{key}={_spelled(value)}" for key, value in params.items()])
    fixed = {**spelled[0], **typed[0]}
    free = {key: d for key, d in {**spelled[1], **typed[1]}.items() if key in typed[1] or key not in typed[0]}
    fixed = {key: value for key, value in fixed.items() if key not in free}
    branches = []
    for condition, inside in when.items():
        key, equals, choice = str(condition).partition("=")
        if not equals:
            raise ConfigError(f"hydra.sweeper.when: {condition!r} is not of the form detector=iforest")
        plain, swept = _read([f"{name}={_spelled(value)}" for name, value in inside.items()])
        unset = {name: d for name, d in swept.items() if name not in fixed and name not in free}
        branches.append(Branch(key, choice, plain, unset))
        _refuse_unreachable(branches[-1], fixed, free)
    # A branch whose choice was ruled out on the command line is left out with its parameters.
    reachable = tuple(b for b in branches if fixed.get(b.key, b.choice) == b.choice)
    return Space(fixed, free, reachable)


def _refuse_unreachable(
    branch: Branch, fixed: Mapping[str, str | None], free: Mapping[str, BaseDistribution]
) -> None:
    if branch.key not in fixed and branch.key not in free:
        raise ConfigError(
            f"hydra.sweeper.when.{branch.key}={branch.choice}: {branch.key} is not swept; put it under params"
        )


def _spelled(value: Any) -> str:
    """Return a YAML value as it would be typed."""
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value)
    return "null" if value is None else str(value)


def _overrides(chosen: Mapping[str, str | None]) -> list[str]:
    return [key if value is None else f"{key}={value}" for key, value in chosen.items()]


def _read(words: Iterable[str]) -> tuple[dict[str, str | None], dict[str, BaseDistribution]]:
    fixed: dict[str, str | None] = {}
    free: dict[str, BaseDistribution] = {}
    parser = OverridesParser.create()
    for word in words:
        try:
            override = parser.parse_override(word)
        except HydraException as error:
            raise ConfigError(f"{word}: cannot be read as a sweep: {str(error).splitlines()[0]}") from None
        key = override.get_key_element()
        if override.is_delete():
            fixed[key] = None
        elif override.is_sweep_override():
            free[key] = _distribution(override, word)
        else:
            fixed[key] = word.partition("=")[2]
    return fixed, free


def _distribution(override: Override, word: str) -> BaseDistribution:
    value = override.value()
    try:
        if isinstance(value, IntervalSweep):
            assert value.start is not None
            assert value.end is not None
            if value.start > value.end:
                raise ConfigError(f"{word}: the interval is empty: write the smaller number first")
            whole = isinstance(value.start, int) and isinstance(value.end, int)
            kind: Any = IntDistribution if whole else FloatDistribution
            found: BaseDistribution = kind(value.start, value.end, log="log" in value.tags)
            return found
        if isinstance(value, RangeSweep) and isinstance(value.range(), range) and not value.shuffle:
            numbers = list(value.range())
            if not numbers:
                raise ConfigError(f"{word}: the range is empty; its end is not part of it")
            return IntDistribution(min(numbers), max(numbers), step=abs(int(value.step)))
        choices: list[Any] = [*override.sweep_iterator(transformer=Transformer.encode)]
    except (ValueError, HydraException) as error:
        raise ConfigError(f"{word}: {error}") from None
    if not choices:
        raise ConfigError(f"{word}: there is nothing to choose from")
    return CategoricalDistribution(choices)


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> Value:
    if isinstance(distribution, FloatDistribution):
        return trial.suggest_float(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(
            name, distribution.low, distribution.high, step=distribution.step, log=distribution.log
        )
    assert isinstance(distribution, CategoricalDistribution)
    return trial.suggest_categorical(name, distribution.choices)


def _any_of(distribution: BaseDistribution) -> Value:
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[0]
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    return distribution.low


def _every(key: str, distribution: BaseDistribution) -> list[Value]:
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, IntDistribution):
        return list(range(distribution.low, distribution.high + 1, distribution.step))
    raise ConfigError(
        f"{key}: a grid needs single values: write choice(...) or range(...) instead of an interval"
    )


def _written(value: Value) -> str:
    return "null" if value is None else str(value)
