"""The shapes of the anomaly types: what goes wrong inside a window, one small function each.

A size is counted in the metric's usual scatter around its hour of the day, so shapes fit any unit.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field

from sre_anomaly.clock import Duration
from sre_anomaly.errors import ConfigError, did_you_mean
from sre_anomaly.frame import Array


@dataclass(frozen=True)
class AnomalyPlan:
    """How many events of one type there are, how long one usually lasts, and how strong it usually is."""

    count: Annotated[int, Field(ge=0)]
    length: Duration
    intensity: Annotated[float, Field(gt=0)] = 1.0

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@dataclass(frozen=True)
class Scene:
    """Where one event happens: the rows it may change, and the metric in which it begins."""

    values: Array
    """(n, m), changed in place; NaN are gaps and stay gaps."""
    metrics: tuple[str, ...]
    rows: slice
    root: str
    size: float
    scatter: Array
    """(m,) each metric's usual scatter."""
    rng: np.random.Generator

    @property
    def length(self) -> int:
        """How many rows the event lasts."""
        return int(self.rows.stop - self.rows.start)

    @property
    def window(self) -> Array:
        """(k,) the root metric's rows of the event, as a view."""
        return self.values[self.rows, self.metrics.index(self.root)]

    def last_before(self) -> Array:
        """Return (1,) the root metric's last measured value before the event, (0,) where there is none."""
        before = self.values[: self.rows.start, self.metrics.index(self.root)]
        return before[np.isfinite(before)][-1:]

    def lift(self, amount: Array | float) -> None:
        """Move the root metric by ``amount`` times the event's size."""
        self.push(**{self.root: amount})

    def push(self, /, **amounts: Array | float) -> None:
        """Move each named metric by its amount times the event's size; absent metrics are left out."""
        for metric, amount in amounts.items():
            if metric in self.metrics:
                column = self.metrics.index(metric)
                self.values[self.rows, column] += amount * self.size * self.scatter[column]

    def either_way(self) -> float:
        """Return 1 or, less often, -1: most trouble pushes a metric up."""
        return 1.0 if self.rng.random() < 0.7 else -1.0

    def swell(self) -> Array:
        """Return (k,) a smooth rise to 1 and back."""
        return np.asarray(np.sqrt(np.sin(np.pi * (np.arange(self.length) + 0.5) / self.length)))

    def unrest(self) -> Array:
        """Return (k,) a wandering line around 1 that never falls below 0."""
        walk = np.cumsum(self.rng.standard_normal(self.length)) / np.sqrt(self.length)
        return np.asarray(np.maximum(1 + walk, 0.0))


def spike(scene: Scene) -> None:
    """Shoot one metric up for a few rows."""
    scene.lift(1.0)


def drop_to_zero(scene: Scene) -> None:
    """One metric falls to nothing, as when a service is down; a size below 1 falls part of the way."""
    scene.window[:] *= max(0.0, 1.0 - scene.size)


def level_shift(scene: Scene) -> None:
    """One metric stands on another level."""
    scene.lift(scene.either_way())


def slow_leak(scene: Scene) -> None:
    """One metric creeps up row by row, then a restart resets it."""
    scene.lift(np.linspace(0.0, 1.0, scene.length + 1)[1:])


def variance_change(scene: Scene) -> None:
    """One metric becomes restless around its usual level."""
    scene.lift(scene.rng.standard_normal(scene.length))


def flat_line(scene: Scene) -> None:
    """One metric is pinned to a constant beside its usual level, as when a limit or a default takes over."""
    window = scene.window
    measured = np.isfinite(window)
    if measured.any():
        window[measured] = np.median(window[measured])
        scene.lift(scene.either_way())


def stuck_sensor(scene: Scene) -> None:
    """One metric repeats its last value exactly; a size below 1 lets part of its movement through."""
    last = scene.last_before()
    if len(last):
        scene.window[:] = last + max(0.0, 1.0 - scene.size) * (scene.window - last)


def missing_data(scene: Scene) -> None:
    """Nothing is measured on one metric; a size below 1 loses that share of the rows."""
    scene.window[scene.rng.random(scene.length) < scene.size] = np.nan


def traffic_surge(scene: Scene) -> None:
    """Unplanned requests: traffic and work rise, and latency rises more than the load explains."""
    swell = scene.swell()
    scene.push(
        requests=swell, network_in=0.8 * swell, network_out=0.8 * swell, cpu=0.7 * swell, latency=1.6 * swell
    )


def error_burst(scene: Scene) -> None:
    """Make requests fail in bursts; the retries cost a little latency."""
    scene.push(error_rate=scene.rng.gamma(2.0, 0.5, scene.length), latency=0.3)


def noisy_neighbour(scene: Scene) -> None:
    """Another tenant takes the machine: cpu and latency wander up while the requests stay as they are."""
    scene.push(cpu=scene.unrest(), latency=scene.unrest())


def failed_job(scene: Scene) -> None:
    """Run the nightly job at the wrong hour or for too long: disk, network and cpu rise."""
    scene.push(disk=1.0, network_out=0.9, cpu=0.4)


def planned_surge(scene: Scene) -> None:
    """Raise the load itself, as a sale or a campaign does: every metric follows as it always does."""
    scene.push(load=scene.swell())


def backup(scene: Scene) -> None:
    """Run the nightly job as it should be."""
    scene.push(disk=1.0, network_out=0.9)


def deploy_blip(scene: Scene) -> None:
    """Deploy: a moment of slow answers and a few errors."""
    scene.push(latency=1.0, error_rate=0.7)


@dataclass(frozen=True)
class AnomalyKind:
    """A type of event: its shape, its usual plan, and the metrics it takes."""

    shape: Callable[[Scene], None]
    count: int
    length: str
    intensity: float
    needs: tuple[str, ...] = ()
    """It cannot happen without these; it begins in the first."""
    prefers: tuple[str, ...] = ()
    """It begins in one of these where they are there, else in any metric."""

    @property
    def plan(self) -> AnomalyPlan:
        """How often, how long and how strong it usually is."""
        return AnomalyPlan(self.count, pd.Timedelta(self.length), self.intensity)

    def roots(self, metrics: tuple[str, ...]) -> list[str]:
        """Return the metrics in which it may begin."""
        if self.needs:
            return [self.needs[0]]
        return [name for name in metrics if name in self.prefers] or list(metrics)


# Calibrated: an isolation forest on the raw metrics finds little of it, a supervised model about half.
ANOMALIES: dict[str, AnomalyKind] = {
    "spike": AnomalyKind(spike, 8, "10m", 5.5, prefers=("cpu", "latency")),
    "drop_to_zero": AnomalyKind(drop_to_zero, 8, "30m", 3.0, prefers=("requests", "network_in")),
    "level_shift": AnomalyKind(level_shift, 8, "1h", 3.3, prefers=("latency", "memory")),
    "slow_leak": AnomalyKind(slow_leak, 8, "2h", 4.7, prefers=("memory", "disk")),
    "variance_change": AnomalyKind(variance_change, 8, "1h", 2.8, prefers=("cpu", "latency")),
    "flat_line": AnomalyKind(flat_line, 8, "45m", 2.8, prefers=("network_out", "requests")),
    "stuck_sensor": AnomalyKind(stuck_sensor, 8, "45m", 3.0, prefers=("cpu", "memory")),
    "missing_data": AnomalyKind(missing_data, 8, "30m", 3.0, prefers=("disk", "memory")),
    "traffic_surge": AnomalyKind(traffic_surge, 8, "80m", 3.1, needs=("requests", "latency")),
    "error_burst": AnomalyKind(error_burst, 8, "45m", 6.0, needs=("error_rate",)),
    "noisy_neighbour": AnomalyKind(noisy_neighbour, 8, "150m", 3.4, needs=("cpu",)),
    "failed_job": AnomalyKind(failed_job, 8, "150m", 3.4, needs=("disk",)),
}

HARD_NEGATIVES: dict[str, AnomalyKind] = {
    "planned_surge": AnomalyKind(planned_surge, 18, "3h", 6.0),
    "backup": AnomalyKind(backup, 20, "1h", 7.0),
    "deploy_blip": AnomalyKind(deploy_blip, 14, "20m", 6.0),
    "glitch": AnomalyKind(spike, 10, "5m", 8.0),
}


def usual_plans(kinds: Mapping[str, AnomalyKind]) -> dict[str, AnomalyPlan]:
    """Return every kind's usual plan, by name."""
    return {name: kind.plan for name, kind in kinds.items()}


def check_names(key: str, plans: Iterable[str], kinds: Mapping[str, AnomalyKind]) -> None:
    """Refuse a type that does not exist.

    Raises
    ------
    ConfigError
        Names the nearest types.
    """
    for name in plans:
        if name not in kinds:
            raise ConfigError(f"{key}.{name}: there is no such type: {did_you_mean(name, kinds)}")


def check_needs(
    key: str, plans: Iterable[str], kinds: Mapping[str, AnomalyKind], metrics: tuple[str, ...]
) -> None:
    """Refuse types whose metrics are not there.

    Raises
    ------
    ConfigError
        Names every such type at once, and the options that turn them off.
    """
    lacking = {name: [m for m in kinds[name].needs if m not in metrics] for name in plans}
    lacking = {name: missing for name, missing in lacking.items() if missing}
    if lacking:
        needs = "; ".join(f"{key}.{name} needs {' and '.join(missing)}" for name, missing in lacking.items())
        off = " ".join(f"{key}.{name}.count=0" for name in lacking)
        raise ConfigError(
            f"{needs}; the metrics are {', '.join(metrics)}. Add what is needed, or turn off: {off}"
        )
