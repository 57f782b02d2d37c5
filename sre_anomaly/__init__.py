"""Find what is wrong in infrastructure metrics, and why."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "AnomalyDetector",
    "backtest",
    "classify_table",
    "compare",
    "detect",
    "forecast",
    "load_monitor",
    "load_run",
]

if TYPE_CHECKING:
    from sre_anomaly.api.backtests import backtest
    from sre_anomaly.api.detection import detect
    from sre_anomaly.api.estimator import AnomalyDetector
    from sre_anomaly.api.folders import compare, load_run
    from sre_anomaly.api.forecasting import forecast
    from sre_anomaly.api.tables import classify_table
    from sre_anomaly.live.monitor import load_monitor

PLACES = {
    "AnomalyDetector": "api.estimator",
    "backtest": "api.backtests",
    "classify_table": "api.tables",
    "compare": "api.folders",
    "detect": "api.detection",
    "forecast": "api.forecasting",
    "load_monitor": "live.monitor",
    "load_run": "api.folders",
}
"""Where each is: loaded for those who ask for it, because ``sre-anomaly --help`` needs no numpy."""


def __getattr__(name: str) -> Any:
    """Load what is asked for."""
    if name in PLACES:
        return getattr(import_module(f"sre_anomaly.{PLACES[name]}"), name)
    raise AttributeError(f"module 'sre_anomaly' has no attribute {name!r}")
