"""``sre-anomaly mcp``: answers for agents over the Model Context Protocol, read only."""

from pathlib import Path
from typing import Any

from sre_anomaly.errors import ConfigError, UserError, did_you_mean, missing

KEYS = ("outputs", "service", "alerts", "listen")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def mcp(words: list[str]) -> None:
    """Answer an agent over standard input and output, or over HTTP at ``listen=127.0.0.1:PORT``.

    Raises
    ------
    UserError
        If a word is wrong, or the library is not there.
    """
    given = _given(words)
    server = _server(given)
    if "listen" not in given:
        server.run("stdio")
        return
    host, port = _loopback(given["listen"])
    server.run("streamable-http", host=host, port=port)


def _server(given: dict[str, str]) -> Any:
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.types import ToolAnnotations
    except ModuleNotFoundError:
        raise UserError("mcp needs the library mcp: pip install '.[mcp]'") from None
    from sre_anomaly import __version__
    from sre_anomaly.answers.asked import Answers
    from sre_anomaly.answers.said import NOTE
    from sre_anomaly.answers.watching import service_address

    outputs = Path(given.get("outputs", "outputs")).expanduser()
    if not outputs.is_dir():
        raise ConfigError(missing("outputs", outputs))
    alerts = Path(given["alerts"]).expanduser() if "alerts" in given else None
    if alerts is not None and not alerts.is_file():
        raise ConfigError(missing("alerts", alerts))
    service = service_address(given["service"]) if "service" in given else None
    answers = Answers(outputs, service, alerts)
    server = MCPServer(
        "sre-anomaly",
        version=__version__,
        instructions=f"What was unusual in metrics, since when and why. {NOTE} left_off counts what an answer has no room for.",
        log_level="WARNING",
    )
    for name, text in TOOLS.items():
        server.add_tool(
            getattr(answers, name),
            description=f"{text} {NOTE}",
            annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
            structured_output=False,
        )
    return server


TOOLS = {
    "what_is_there": "Which runs there are, the newest first; with run: its metrics or entities, and its span.",
    "what_was_unusual": "What was unusual from since until until (ISO 8601, UTC) in a run (the newest if none is named; of a run of many, "
    "name an entity): since when, which metric moved first, seen and expected, how far outside, how sure; or cannot tell, and why. "
    "Without run, it answers from the service's file of alerts where that is given.",
    "metric_band": "What was seen and expected of a metric, with lower and upper bound, at the data points nearest to a time.",
    "why_alert": "Why an alert of a run came, by its number: what moved first and what followed, seen and expected, score and threshold.",
    "unusual_now": "Whether something is unusual now, from the running service or its file of alerts; cannot tell without one.",
}
"""What an agent reads of each question."""


def _loopback(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if host.strip("[]") not in LOOPBACK or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"listen={listen}: only this machine is answered; write listen=127.0.0.1:9881")
    return host.strip("[]"), int(port)


def _given(words: list[str]) -> dict[str, str]:
    given = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in KEYS:
            raise ConfigError(f"mcp has no key {key!r}; {did_you_mean(key, KEYS)}")
        if not value:
            raise ConfigError(f"mcp: {key} needs a value, such as {key}=...")
        given[key] = value
    return given
