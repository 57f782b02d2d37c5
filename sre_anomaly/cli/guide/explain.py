"""``sre-anomaly explain KEY``: what a key means, what it may be, and where it belongs."""

from rich.console import Console
from rich.markup import escape

from sre_anomaly.cli.guide.limits import limits_of
from sre_anomaly.config.catalogue import BLOCKS, GROUPS, options, read_block, read_option, read_top
from sre_anomaly.errors import ConfigError, did_you_mean

MOST_SHOWN = 12


def explain(words: list[str]) -> None:
    """Print what is known of a key such as ``threshold.contamination``, of a group, or of a word that keys end with.

    Raises
    ------
    ConfigError
        If there is no such key.
    """
    if len(words) != 1:
        raise ConfigError("explain: name one key, such as sre-anomaly explain threshold.contamination")
    key = words[0].partition("=")[0]
    found = [line for line in _every_key() if line[0] == key] or [
        line for line in _every_key() if line[0].rpartition(".")[2] == key
    ]
    console = Console(highlight=False, soft_wrap=True)
    if not found and key in GROUPS:
        console.print(f"[bold]{key}[/]  choose one: {', '.join(options(key))}")
        console.print(f"[dim]sre-anomaly list {key} says what each is[/]")
        return
    if not found:
        known = sorted({line[0] for line in _every_key()})
        near = [name for name in known if key.rpartition(".")[2] in name.rpartition(".")[2]][:MOST_SHOWN]
        raise ConfigError(
            f"{key}: no such key; "
            + (f"did you mean {', '.join(near)}?" if near else did_you_mean(key, known))
        )
    for name, default, comment, option in found[:MOST_SHOWN]:
        console.print(
            f"[bold]{escape(name)}[/]={escape(default)}  [dim]with {option}[/]"
            if option
            else f"[bold]{escape(name)}[/]={escape(default)}"
        )
        console.print(f"    {escape(comment)}")
        if allowed := limits_of(option, name):
            console.print(f"    [dim]{escape(allowed)}[/]")
    if len(found) > MOST_SHOWN:
        console.print(f"[dim]{len(found) - MOST_SHOWN} more options have such a key[/]")


def _every_key() -> list[tuple[str, str, str, str]]:
    """Return (key, default, comment, option that brings it) of all keys."""
    lines = [
        (f"{kind}.{key}", default, comment, f"{kind}={name}")
        for kind in GROUPS
        if kind not in ("experiment", "sweep")
        for name in options(kind)
        for key, default, comment in read_option(kind, name).keys
    ]
    lines += [
        (key, default, comment, "") for block in BLOCKS for key, default, comment in read_block(block).keys
    ]
    return lines + [(key, default, comment, "") for key, default, comment in read_top()]
