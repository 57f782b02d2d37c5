"""What a service remembers, on disk: one file for each job, its alerts in it, each there whole or not at all."""

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from sre_anomaly.errors import ConfigError
from sre_anomaly.frame import Array
from sre_anomaly.model.model import Model, load_model, save_model

ABOUT = "about"
FORMAT = 2
KEPT = 2
"""Fitted models of a job that are kept."""


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
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError, RecursionError):
            return None
        return (arrays, about) if isinstance(about, dict) and about.get("format") == FORMAT else None

    def write_model(self, name: str, model: Model, at: int) -> str:
        """Write a model of a job, fitted at a time, and return what it is called; those before the last are taken away.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        called = f"{name}.{at}.model"
        partial = self.folder / f".{called}.partial"
        for path in (partial, self.folder / called):
            shutil.rmtree(path, ignore_errors=True)
        save_model(model, partial)
        partial.rename(self.folder / called)
        # The one before may be what the state on disk tells of.
        models = sorted(self.folder.glob(f"{name}.[0-9]*.model"))
        for path in models[:-KEPT]:
            shutil.rmtree(path, ignore_errors=True)
        return called

    def read_model(self, called: str) -> Model:
        """Return a model by what it is called.

        Raises
        ------
        UserError
            If it is not there, or not whole.
        """
        return load_model(self.folder / Path(called).name)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
