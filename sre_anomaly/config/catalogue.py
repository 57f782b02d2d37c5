"""What can be chosen: every option of every group, read from the YAML that documents it."""

import re
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from sre_anomaly.errors import UserError, did_you_mean
from sre_anomaly.registry import KINDS, TABLE_KINDS

GROUPS = (*KINDS, *TABLE_KINDS, "tracking", "experiment", "sweep")
BLOCKS = ("corpus", "forecast")
"""Settings with nothing to choose between."""
CONF_ENTRY_POINTS = "sre_anomaly.conf"
KEY = re.compile(r"^(\s*)([\w.=]+):\s*([^#]*?)\s*(?:#\s*(.*))?$")


@dataclass
class Option:
    """One YAML file: its meaning and its keys."""

    kind: str
    name: str
    meaning: str
    keys: list[tuple[str, str, str]] = field(default_factory=list)
    """(key, default, comment)."""


def folders() -> list[Path]:
    """Return every folder that options are read from: ours, those of outside packages, the user's ./conf."""
    found = [Path(str(files("sre_anomaly.conf")))]
    found += [Path(str(files(point.value))) for point in entry_points(group=CONF_ENTRY_POINTS)]
    own = Path.cwd() / "conf"
    if own.is_dir() and own.resolve() != found[0].resolve():
        found.append(own)
    return found


def options(kind: str) -> list[str]:
    """Return the names of all options of a group.

    Examples
    --------
    >>> options("alerts")
    ['every_flag', 'fatigue', 'incident', 'page']
    """
    return sorted({path.stem for folder in folders() for path in (folder / kind).glob("*.yaml")})


def shadowed() -> list[str]:
    """Return the user's files that have no effect, because an option of ours has the same name.

    A copy of ours, such as in a checkout that one stands in, would have the same effect, and is none of them.
    """
    ours, *others = folders()
    return [
        str(path)
        for folder in others
        for kind in GROUPS
        for path in sorted((folder / kind).glob("*.yaml"))
        if (ours / kind / path.name).is_file() and (ours / kind / path.name).read_bytes() != path.read_bytes()
    ]


def read_option(kind: str, name: str) -> Option:
    """Read an option's meaning (its first comment) and keys (each with the comment beside it).

    Raises
    ------
    UserError
        If there is no such option.
    """
    return _read(option_file(kind, name), Option(kind, name, ""))


def option_file(kind: str, name: str) -> Path:
    """Return the file of an option.

    Raises
    ------
    UserError
        If there is no such option.
    """
    paths = [folder / kind / f"{name}.yaml" for folder in folders()]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise UserError(f"{kind}={name}: no such option; {did_you_mean(name, options(kind))}")
    return path


def having(kind: str, key: str) -> list[str]:
    """Return the choices that bring an option of a group with a key: a preset of its name where there is one, those first.

    Examples
    --------
    >>> having("threshold", "sigmas")
    ['threshold=sigma']
    """
    found = [name for name in options(kind) if any(line[0] == key for line in read_option(kind, name).keys)]
    presets = options("experiment")
    return sorted(
        (f"experiment={name}" if name in presets else f"{kind}={name}" for name in found),
        key=lambda choice: not choice.startswith("experiment="),
    )


def read_block(name: str) -> Option:
    """Read settings that are no group: those of one block of ``config.yaml``."""
    path = folders()[0] / "config.yaml"
    option = _read(path, Option("", name, ""))
    opened = re.search(rf"^{name}:\s*#\s*(.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return Option(
        "",
        name,
        opened.group(1) if opened else "",
        [line for line in option.keys if line[0].startswith(f"{name}.")],
    )


def read_top() -> list[tuple[str, str, str]]:
    """Return (key, default, comment) of the settings of ``config.yaml`` that are in no block.

    Examples
    --------
    >>> [key for key, _, _ in read_top()]
    ['name', 'seed', 'hindsight', 'outputs']
    """
    option = _read(folders()[0] / "config.yaml", Option("sweep", "config", ""))
    return [line for line in option.keys if "." not in line[0]]


def _read(path: Path, option: Option) -> Option:
    above: list[str] = []
    inside_defaults = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# @package"):
            continue
        if line.lstrip().startswith("#"):
            words = line.strip().lstrip("#").strip()
            option.meaning = option.meaning or words
            _continue_comment(option, line, words)
            continue
        inside_defaults = line.startswith("defaults:") or (inside_defaults and line.startswith((" ", "-")))
        match = KEY.match(line)
        if match is None or inside_defaults or (match.group(2) == "name" and option.kind != "sweep"):
            continue
        indent, key, default, comment = match.groups()
        depth = len(indent) // 2
        above = [*above[:depth], key]
        # A key without a value only opens a block: the keys in it speak for themselves.
        if default:
            option.keys.append((".".join(above), default, comment or ""))
    return option


def _continue_comment(option: Option, line: str, words: str) -> None:
    """Append a comment that goes on under a key's comment, far to the right, to that key's."""
    if line.startswith("    " * 2) and option.keys:
        key, default, comment = option.keys[-1]
        option.keys[-1] = (key, default, f"{comment} {words}")


def show(words: list[str]) -> None:
    """Print all groups, one group, one option with its keys, or a block of settings.

    Raises
    ------
    UserError
        If a group or an option does not exist.
    """
    console = Console(highlight=False, soft_wrap=True)
    if not words:
        for kind in GROUPS:
            console.print(f"[bold]{kind}[/]  {', '.join(options(kind))}")
        console.print(
            f"\n[dim]More of one group: sre-anomaly list detector. Settings beside them: list {' or '.join(BLOCKS)}. Files that are read: list formats[/]"
        )
        return
    kind = words[0]
    if kind in BLOCKS:
        _show(console, kind, read_block(kind), "")
        return
    if kind not in GROUPS:
        raise UserError(
            f"list: no group is called {kind!r}; {did_you_mean(kind, (*GROUPS, *BLOCKS, 'formats'))}"
        )
    for name in words[1:] or options(kind):
        _show(
            console,
            f"{kind}={name}",
            read_option(kind, name),
            f"{kind}." if kind not in {"experiment", "sweep"} else "",
        )


def _show(console: Console, title: str, option: Option, before: str) -> None:
    console.print(f"[bold]{title}[/]  {escape(option.meaning)}")
    width = max((len(f"{key}={default}") for key, default, _ in option.keys), default=0)
    for key, default, comment in option.keys:
        shown = f"{key}={default}".ljust(min(width, 48))
        console.print(f"    {escape(before)}{escape(shown)}  [dim]{escape(comment)}[/]")
