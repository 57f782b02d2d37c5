"""Pages of the reference that are made from what the project says itself: the help of each command, and the comments of the YAML."""

from importlib.resources import files as packaged

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from sre_anomaly.cli.main import COMMANDS
from sre_anomaly.config.catalogue import BLOCKS, GROUPS, options, read_block, read_option, read_top


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages before anything is rendered."""
    for path, text in (("reference/commands.md", commands()), ("reference/keys.md", keys())):
        files.append(File.generated(config, path, content=text))
    return files


def commands() -> str:
    """Return a section for each command, from the text that ``--help`` prints."""
    folder = packaged("sre_anomaly.cli.guide").joinpath("help")
    parts = [
        "# Commands\n",
        "`sre-anomaly --help` prints the overview; each command has a help of its own.\n",
    ]
    for name in ("main", *sorted(COMMANDS)):
        text = folder.joinpath(f"{name}.txt").read_text(encoding="utf-8")
        parts.append(f"## {'Overview' if name == 'main' else name}\n\n```text\n{text}```\n")
    return "\n".join(parts)


def keys() -> str:
    """Return every option of every group with its keys, from the comments that stand beside them."""
    parts = [
        "# Every option and key\n",
        "`sre-anomaly explain KEY` and `sre-anomaly list KIND NAME` say the same.\n",
        "## Settings of a run\n",
    ]
    parts.append(_table(read_top()))
    parts += [
        f"### {block}\n\n{read_block(block).meaning}\n\n{_table(read_block(block).keys)}" for block in BLOCKS
    ]
    for kind in GROUPS:
        parts.append(f"## {kind}\n")
        for name in options(kind):
            option = read_option(kind, name)
            parts.append(f"### {kind}={name}\n\n{_text(option.meaning)}\n\n{_table(option.keys)}")
    return "\n".join(parts)


def _table(lines: list[tuple[str, str, str]]) -> str:
    if not lines:
        return ""
    rows = [
        f"| `{key}` | `{default.replace('|', '¦')}` | {_text(comment)} |" for key, default, comment in lines
    ]
    return "\n".join(["| key | default | |", "|---|---|---|", *rows, ""])


def _text(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;").replace("[", "\\[").replace("*", "\\*")
