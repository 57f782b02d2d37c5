"""Which process this is, and whether another one still lives: process numbers are used again."""

import os
import platform
from functools import cache
from pathlib import Path


@cache
def this_process() -> str:
    """Name this process so that another can tell whether it still lives."""
    return f"{platform.node()} {os.getpid()} {_born(os.getpid())}"


def on_this_machine(name: str) -> bool:
    """Return whether a process is one of this machine."""
    return name.rsplit(" ", 2)[0] == platform.node()


def is_running(name: str) -> bool:
    """Return whether a process of this machine still works.

    Examples
    --------
    >>> is_running(this_process())
    True
    """
    _, pid, born = name.rsplit(" ", 2)
    return born != "" and _born(int(pid)) == born


def _born(pid: int) -> str:
    """Return when a process began, in the kernel's ticks; empty: it is dead."""
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
