"""A user's own ``./conf`` and outside packages add YAML to our groups."""

from importlib.metadata import entry_points
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

OURS = "pkg://sre_anomaly.conf"
ENTRY_POINTS = "sre_anomaly.conf"


class UserConfig(SearchPathPlugin):
    """Adds folders behind our own, so that a name of ours keeps its meaning.

    Hydra loads every plugin into every application; this one acts only where our configuration is the
    application's.
    """

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append ``./conf`` and the packages named by entry points in the group ``sre_anomaly.conf``."""
        if not any(entry.path == OURS for entry in search_path.get_path()):
            return
        for point in entry_points(group=ENTRY_POINTS):
            search_path.append(provider=point.name, path=f"pkg://{point.value}")
        folder = Path.cwd() / "conf"
        if folder.is_dir():
            search_path.append(provider="user", path=f"file://{folder}")
