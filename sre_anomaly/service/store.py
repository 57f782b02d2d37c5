"""What a service remembers, on disk: one file for each job and one for its alerts, each there whole or not at all."""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array

ABOUT = "about"
FORMAT = 1
ALERTS = "alerts.json"


class Store:
    """A folder of states."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".writable").write_bytes(b"")
        except OSError as error:
            raise ConfigError(f"state: {folder} cannot be written ({error.strerror})") from None

    def write_job(self, name: str, arrays: dict[str, Array], about: dict[str, Any]) -> None:
        """Write the state of a job under a temporary name, then rename it."""
        text = json.dumps({"format": FORMAT, **about}).encode()
        buffer = io.BytesIO()
        np.savez(buffer, **arrays, **{ABOUT: np.frombuffer(text, dtype=np.uint8)})  # type: ignore[arg-type]
        self._write(f"{name}.npz", buffer.getbuffer())

    def read_job(self, name: str) -> tuple[dict[str, Array], dict[str, Any]] | None:
        """Return the state of a job; None where there is none, or none that can be used."""
        try:
            with np.load(self.folder / f"{name}.npz", allow_pickle=False) as file:
                arrays = {key: file[key] for key in file.files}
            about = json.loads(arrays.pop(ABOUT).tobytes())
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
            return None
        return (arrays, about) if about.get("format") == FORMAT else None

    def write_alerts(self, state: dict[str, Any]) -> None:
        """Write what has been told."""
        self._write(ALERTS, json.dumps({"format": FORMAT, **state}).encode())

    def read_alerts(self) -> dict[str, Any] | None:
        """Return what has been told; None where there is nothing that can be used."""
        try:
            state: dict[str, Any] = json.loads((self.folder / ALERTS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return state if state.get("format") == FORMAT else None

    def _write(self, name: str, content: Any) -> None:
        partial = self.folder / f".{name}.partial"
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, self.folder / name)  # noqa: PTH105 - in one step: a reader finds the old or the new
