"""The door: ``sre-anomaly [run|backtest|list|check|new|compare|generate|monitor|classify|remediate|export|score-nab] [overrides]``."""

import os
import sys
from importlib import import_module
from pathlib import Path

from sre_anomaly import __version__
from sre_anomaly.errors import UserError, did_you_mean, printable

MISTAKE = 2
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> None:
    """Run a command; the exit code is 0 for success, 2 for a user's mistake, 1 for a fault of ours."""
    words = list(sys.argv[1:] if argv is None else argv)
    named = bool(words) and words[0] in COMMANDS
    command = words.pop(0) if named else "run"
    if "--version" in words:
        print(f"sre-anomaly {__version__}")
        return
    if {"--help", "-h"} & set(words):
        print(_help(command if named else "main"), end="")
        return
    try:
        if not named:
            from sre_anomaly.cli.run.path_alone import with_preset

            words = with_preset(words)
            _refuse_unknown_command(words)
        place = FORMATS if command == "list" and words[:1] == ["formats"] else COMMANDS[command]
        module, _, function = place.partition(":")
        getattr(import_module(f"sre_anomaly.{module}"), function)(words)
    except UserError as error:
        sys.stderr.write("".join(f"sre-anomaly: {printable(line)}\n" for line in str(error).splitlines()))
        sys.exit(MISTAKE)
    except KeyboardInterrupt:
        sys.stderr.write("sre-anomaly: interrupted\n")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output (head, less) has left: nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _help(command: str) -> str:
    """Return the help of a command, each a text of its own: nothing else is loaded for it."""
    return (Path(__file__).parent / "guide" / "help" / f"{command}.txt").read_text(encoding="utf-8")


def _refuse_unknown_command(words: list[str]) -> None:
    first = words[0] if words else ""
    if first.replace("-", "_").isidentifier() and not first.startswith("-") and first not in COMMANDS:
        raise UserError(f"no command is called {first!r}; {did_you_mean(first, COMMANDS)}")


COMMANDS = {
    "backtest": "cli.backtest:backtest_words",
    "run": "cli.run.launch:launch",
    "list": "config.catalogue:show",
    "check": "cli.check:check",
    "compare": "cli.compare:compare",
    "generate": "cli.generate:generate",
    "monitor": "cli.monitor:monitor_points",
    "classify": "cli.classify:classify",
    "new": "cli.new.begin:new",
    "remediate": "cli.remediate:remediate",
    "export": "cli.export:export",
    "score-nab": "cli.score_nab:score_nab",
    "serve": "cli.serve:serve",
    "mcp": "cli.runs.mcp:mcp",
    "init": "cli.new.preset:init",
    "explain": "cli.guide.explain:explain",
    "schema": "cli.guide.schema:schema",
    "completion": "cli.guide.completion:completion",
    "runs": "cli.runs.listed:runs",
    "rerun": "cli.runs.again:rerun",
    "diff": "cli.runs.again:diff",
    "prune": "cli.runs.prune:prune",
}
"""The module and function of each command: only the one that is asked for is imported."""
FORMATS = "io.files.listing:show"
"""That of ``list formats``, which are no YAML."""
