"""Find what is wrong in infrastructure metrics, and why."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["load_monitor"]


def __getattr__(name: str) -> Any:
    """Load the monitor only for those who ask for it: ``sre-anomaly --help`` needs no numpy."""
    if name == "load_monitor":
        from sre_anomaly.live.monitor import load_monitor

        return load_monitor
    raise AttributeError(f"module 'sre_anomaly' has no attribute {name!r}")
