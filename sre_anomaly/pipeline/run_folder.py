"""Where run folders are, and links that never point at nothing."""

import os
from contextlib import suppress
from pathlib import Path

RUNNING = ".running"
LATEST = "latest"


def finish(folder: Path) -> Path:
    """Rename ``<date>_<time>_<process>.running`` to ``<date>_<time>``, or the next free name after it."""
    if folder.suffix != RUNNING:
        return folder
    stem = folder.name.removesuffix(RUNNING).rpartition("_")[0]
    for number in range(1, 1000):
        target = folder.with_name(stem if number == 1 else f"{stem}_{number}")
        with suppress(OSError):
            if not target.exists():
                return folder.rename(target)
    return folder


def point_at(where: Path, folder: Path) -> None:
    """Point a link at a folder, in one step: a reader finds the old one or the new one."""
    where.parent.mkdir(parents=True, exist_ok=True)
    fresh = where.with_name(f".{where.name}_{os.getpid()}")
    with suppress(FileNotFoundError):
        fresh.unlink()
    fresh.symlink_to(os.path.relpath(folder, where.parent))
    os.replace(fresh, where)  # noqa: PTH105 - Path.replace follows nothing here either, but says less


def as_typed(folder: Path) -> Path:
    """Return the folder as the user would type it."""
    with suppress(ValueError):
        return folder.absolute().relative_to(Path.cwd())
    return folder
