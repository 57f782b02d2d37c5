"""What Hydra finds of us: where configuration is looked for."""

from hydra_plugins.sre_anomaly_plugins.search_path import UserConfig

__all__ = ["UserConfig"]
