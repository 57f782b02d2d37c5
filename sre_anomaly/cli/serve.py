"""``sre-anomaly serve``: one process that watches a fleet, pages, and shows itself."""

import signal
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

from sre_anomaly.errors import ConfigError, UserError, did_you_mean
from sre_anomaly.service.source.entities import clean

KEYS = ("config", "shard", "replicas", "listen")
STOP_SECONDS = 1
"""So long an answer that is under way is waited for at a stop."""


def serve(words: list[str]) -> None:
    """Watch what ``config=watch.yaml`` names until SIGTERM or SIGINT; SIGHUP reads the file again.

    ``shard=2/5 replicas=2`` makes it one of five that share the entities, two of which answer for each; ``listen=`` says where
    it shows itself.

    Raises
    ------
    UserError
        If a word or the file is wrong, or a library is not there.
    """
    path, beside = _given(words)
    try:
        import uvicorn

        from sre_anomaly.service.web import application
    except ModuleNotFoundError as error:
        raise UserError(f"serve needs {error.name}: pip install '.[serve]'") from None
    from sre_anomaly.service.watch import Service

    service = Service(path, say, beside)
    web = service.settings.web
    config = uvicorn.Config(
        application(service),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_certfile=web.tls_certificate,
        ssl_keyfile=web.tls_key,
        server_header=False,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise UserError(
            f"web: {web.tls_certificate} and {web.tls_key} are no certificate and its key ({error})"
        ) from None
    listening = _bound(web)
    server = uvicorn.Server(config)
    _on_signals(server, service)
    kind = "https" if web.tls_key else "http"
    say(
        f"watching {len(service.jobs)} job{'s' if len(service.jobs) != 1 else ''}; {kind}://{web.listen}/ shows them"
    )
    with service:
        server.run([listening])
    say("stopped")


def _bound(web: Any) -> socket.socket:
    """Return a socket that listens, before anything is watched."""
    host, port = web.host_and_port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise UserError(f"web.listen: {web.listen} cannot be bound ({error.strerror or error})") from None


def _on_signals(server: Any, service: Any) -> None:
    def stop(*_: object) -> None:
        server.should_exit = True

    def reload(*_: object) -> None:
        threading.Thread(target=_reload, args=(service,), daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)


def _reload(service: Any) -> None:
    try:
        service.reload()
        say("reloaded")
    except UserError as error:
        say(f"reload refused, the old settings go on: {error}")


def say(text: str) -> None:
    """Write a line for people; what somebody else's text may hold breaks no line."""
    for line in text.splitlines():
        sys.stderr.write(f"sre-anomaly: {clean(line)}\n")
    sys.stderr.flush()


def _given(words: list[str]) -> tuple[Path, dict[str, str]]:
    given = dict(word.partition("=")[::2] for word in words)
    for key in given:
        if key not in KEYS:
            raise ConfigError(f"serve has no key {key!r}; {did_you_mean(key, KEYS)}")
    if not given.get("config"):
        raise ConfigError(
            "serve: which file says what is watched? write config=watch.yaml; sre-anomaly new service writes one"
        )
    return Path(given.pop("config")).expanduser(), given
