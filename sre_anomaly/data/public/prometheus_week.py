"""One week of a Prometheus-like CPU metric with two planted incidents."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sre_anomaly.frame import Incident, MetricFrame
from sre_anomaly.registry import register
from sre_anomaly.sources import DataSource

MINUTES = 7 * 24 * 60


@register("data", "prometheus_week")
@dataclass
class PrometheusWeek(DataSource):
    """Seven days at one minute: a daily wave with noise, a ten-minute spike and a fifty-minute drop to zero."""

    seed: int = 42

    def frames(self) -> Iterator[MetricFrame]:
        """Yield the one frame, (10080, 1)."""
        time = pd.date_range("2024-01-01", periods=MINUTES, freq="1min", tz="UTC")
        wave = np.linspace(0, 7 * 2 * np.pi, MINUTES)
        # The legacy generator on purpose: these are the published numbers of this example.
        noise = np.random.RandomState(self.seed).normal(0, 3, MINUTES)
        cpu = 40 + 20 * np.sin(wave - np.pi / 2) + noise
        cpu[5000:5010] += 45
        cpu[8000:8050] = 0
        incidents = (
            Incident(time[5000], time[5010], id=1, type="spike", metric="cpu_usage_percent"),
            Incident(time[8000], time[8050], id=2, type="drop_to_zero", metric="cpu_usage_percent"),
        )
        yield MetricFrame(
            name="prometheus_week",
            time=time,
            values=np.clip(cpu, 0, 100)[:, np.newaxis],
            metrics=("cpu_usage_percent",),
            incidents=incidents,
        )
