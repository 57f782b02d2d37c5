"""What a service remembers, on disk: one file for each job, its alerts in it, each there whole or not at all."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array

ABOUT = "about"
FORMAT = 2


class Store:
    """A folder of states."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".writable").write_bytes(b"")
        except OSError as error:
            raise ConfigError(f"state: {folder} cannot be written ({error.strerror})") from None

    def write(self, name: str, arrays: dict[str, Array], about: dict[str, Any]) -> None:
        """Write the state of a job under a temporary name, then rename it.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        text = json.dumps({"format": FORMAT, **about}).encode()
        partial = self.folder / f".{name}.partial"
        with partial.open("wb") as file:
            np.savez(file, **arrays, **{ABOUT: np.frombuffer(text, dtype=np.uint8)})  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self._path(name))  # noqa: PTH105 - in one step: a reader finds the old or the new

    def read(self, name: str) -> tuple[dict[str, Array], dict[str, Any]] | None:
        """Return the state of a job; None where there is none, or none that can be used."""
        try:
            with np.load(self._path(name), allow_pickle=False) as file:
                arrays = {key: file[key] for key in file.files}
            about = json.loads(arrays.pop(ABOUT).tobytes())
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
            return None
        return (arrays, about) if isinstance(about, dict) and about.get("format") == FORMAT else None

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
