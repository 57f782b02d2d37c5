"""``sre-anomaly check``: checks whether a configuration is valid, and whether the user's own table or files suit it."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from sre_anomaly.cli.run.path_alone import each_by_itself
from sre_anomaly.config.build import NOTHING
from sre_anomaly.config.build_table import TableParts, build_all
from sre_anomaly.config.compose import composed, refuse_unknown_sweep
from sre_anomaly.errors import DataError
from sre_anomaly.sources import Corpus

FILES = ("csv", "csv_folder")
"""Sources of which is said what a file was taken for."""
OWN = ("csv", "logs")
"""Tables that users bring: the others cannot be wrong."""
KINDS_OF_METRICS = ("features", "threshold", "alerts", "split")
KINDS_OF_TABLES = ("text", "folds")
FETCHED = ("nab_corpus",)
"""Series that would be fetched to be counted."""


def check(words: list[str]) -> None:
    """Build every part that some overrides ask for; look at the table if it is the user's, and for the files.

    Raises
    ------
    UserError
        One line for each thing that is wrong.
    """
    if len(words) == 1 and words[0].startswith("config="):
        look_at_service(Path(words[0].partition("=")[2]).expanduser())
        return
    if any(word.startswith("data.path=") for word in words) and not any(
        word.startswith(("data=", "experiment=", "table=")) for word in words
    ):
        words = each_by_itself(["experiment=csv", "forecaster=none", *words])
    refuse_unknown_sweep(words)
    if any(word.startswith("sweep=") for word in words):
        from sre_anomaly.sweeps.check import check_sweep

        settings, space = check_sweep(words)
        varied = [*space.free, *(key for branch in space.branches for key in branch.free)]
        print(f"ok: {settings.n_trials} trials of {', '.join(dict.fromkeys(varied))} (nothing was run)")
        return
    config = composed(words)
    parts, table_parts = build_all(config)
    looked = table_parts is not None and (
        config["table"]["name"] in OWN or config["table"].get("path") is not None
    )
    if table_parts is not None and looked:
        look_at_table(table_parts)
    counted = ""
    if isinstance(parts.data, Corpus) and config["data"]["name"] not in FETCHED:
        counted = f"; {len(parts.data.names()):,} series"
    if config["data"]["name"] in FILES and parts.data is not None:
        from sre_anomaly.report.metric_files import look_at_files

        look_at_files(parts.data, Console(highlight=False, soft_wrap=True))
        looked = True
    # What no metrics are read for, or no table, is set and not used.
    idle = (() if parts.data is not None else KINDS_OF_METRICS) + (
        () if table_parts is not None else KINDS_OF_TABLES
    )
    chosen = ", ".join(
        f"{kind}={value['name']}"
        for kind, value in config.items()
        if isinstance(value, dict) and value.get("name", NOTHING) != NOTHING and kind not in idle
    )
    print(f"ok: {chosen}{counted}" + ("" if looked else " (no data were read)"))


def look_at_table(parts: TableParts) -> None:
    """Say what a table holds, what is odd about it and what is wrong.

    Raises
    ------
    DataError
        If something in it stops a run.
    """
    from sre_anomaly.tabular.check import check_table

    found = check_table(parts.table.table(), parts)
    console = Console(highlight=False, soft_wrap=True)
    for sentence in found.seen:
        console.print(escape(sentence))
    for sentence in found.odd:
        console.print(f"[yellow]careful: {escape(sentence)}[/]")
    if found.wrong:
        raise DataError("\n".join(found.wrong))


def look_at_service(path: Path) -> None:
    """Say what a service would watch, and what is wrong.

    Raises
    ------
    DataError
        If something in it stops the service, or part of it.
    """
    from sre_anomaly.cli.check_service import look_at

    wrong = []
    for finding in look_at(path):
        if finding.wrong:
            wrong.append(finding.text)
        else:
            print(finding.text)
    if wrong:
        raise DataError("\n".join(wrong))
    print(f"ok: sre-anomaly serve config={path}")
