"""Which process works on a trial, and whether it still lives."""

import os
import platform
import time
from functools import cache
from pathlib import Path

from optuna.study import Study

BEAT = "beat "
SILENCE_S = 600.0
"""A process of another machine that has not been heard of for so long is taken for dead."""


@cache
def owner() -> str:
    """Name this process so that another can tell whether it still lives."""
    return f"{platform.node()} {os.getpid()} {_born(os.getpid())}"


def beat(study: Study) -> None:
    """Let processes on other machines know that this one lives."""
    study.set_user_attr(BEAT + owner(), time.time())


def lives(study: Study, name: str) -> bool:
    """Return whether the process of that name still works."""
    host, pid, born = name.rsplit(" ", 2)
    if host == platform.node():
        return born != "" and _born(int(pid)) == born
    heard = study.user_attrs.get(BEAT + name)
    return heard is not None and time.time() - float(heard) < SILENCE_S


def _born(pid: int) -> str:
    """Return when a process began, in the kernel's ticks, because process numbers are used again; empty: it is dead."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _answers(pid)
    # A killed process whose parent has not asked for it yet is still listed, as a zombie.
    return "" if fields[0] == "Z" else fields[19]


def _answers(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return "?"
