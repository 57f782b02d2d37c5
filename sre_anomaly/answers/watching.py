"""What a running service says now, and what its file of alerts has of a span."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import pandas as pd

from sre_anomaly.answers.said import LONGEST_REASON, cannot_tell, data
from sre_anomaly.answers.unusual import stamp, time_of
from sre_anomaly.errors import ConfigError, DataError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WAIT_SECONDS = 5
MOST_BYTES = 4 << 20
"""Of an answer, and at the end of a file."""
MOST_LABELS = 6


def service_address(text: str) -> str:
    """Return the address of a service on this machine.

    Raises
    ------
    ConfigError
        If it is another machine's, or none.

    Examples
    --------
    >>> service_address("http://127.0.0.1:9880/")
    'http://127.0.0.1:9880'
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or parts.hostname not in LOOPBACK or "@" in parts.netloc:
        raise ConfigError(
            "service: is the address of a service on this machine, such as http://127.0.0.1:9880"
        )
    return f"{parts.scheme}://{parts.netloc}"


def firing(address: str) -> list[dict[str, Any]] | str:
    """Return what fires in a service, or why that cannot be told."""
    try:
        # No proxy: loopback is meant, and nothing else.
        with build_opener(ProxyHandler({})).open(f"{address}/readyz", timeout=WAIT_SECONDS):
            pass
        with build_opener(ProxyHandler({})).open(f"{address}/api/v1/alerts", timeout=WAIT_SECONDS) as answer:
            found = json.loads(answer.read(MOST_BYTES))
    except HTTPError as error:
        if error.code == 401:
            return "the service asks for a password, which is not given here; give its alerts_file as alerts="
        return "the service is still going over the past" if error.code == 503 else f"it answers {error.code}"
    except (URLError, OSError, ValueError):
        return "no service answers at this address"
    return (
        [one for one in found if isinstance(one, dict)] if isinstance(found, list) else "it is no sre-anomaly"
    )


def events_in(path: Path) -> list[dict[str, Any]] | str:
    """Return the newest state of each alert in a file of alerts, the oldest first, or why it cannot be told."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - MOST_BYTES))
            lines = file.read(MOST_BYTES).splitlines()[1 if size > MOST_BYTES else 0 :]
    except OSError as error:
        return f"the file of alerts cannot be read ({error.strerror})"
    latest: dict[tuple[str, ...], dict[str, Any]] = {}
    for line in lines:
        try:
            told = json.loads(line)
        except ValueError:
            # The last line may be half written.
            continue
        if isinstance(told, dict) and "event" in told and _when(told.get("start")) is not None:
            key = (str(told.get("job", "")), str(told.get("entity", "")), told["start"])
            latest.pop(key, None)
            latest[key] = told
    return sorted(latest.values(), key=lambda one: str(one["start"]))


def now(address: str | None, path: Path | None) -> dict[str, Any]:
    """Return whether something is unusual now, from a service or from its file."""
    found = (
        firing(address) if address else events_in(path) if path else "neither service= nor alerts= is given"
    )
    if isinstance(found, str):
        return cannot_tell(found)
    if not address:
        found = [one for one in found if one["event"] != "closed"]
    alerts = [_alert(one) for one in sorted(found, key=lambda one: str(one.get("start")))]
    asked = {"source": "service" if address else "file of alerts", "firing": len(alerts)}
    if not alerts and not address:
        return cannot_tell(
            "the file has no open alert, but does not say whether anybody still watches", **asked
        )
    return {"answer": "unusual" if alerts else "nothing unusual", **asked, "alerts": alerts}


def watched_in(path: Path, since: str | None, until: str | None, entity: str | None) -> dict[str, Any]:
    """Return what a service told of a span, the earliest first."""
    found = events_in(path)
    if isinstance(found, str):
        return cannot_tell(found)
    if not found:
        return cannot_tell("the file has no alerts, and does not say what was watched")
    opened = time_of(found[0]["start"], "start", pd.Timestamp(0, tz="UTC"))
    newest = max(_time(one, "time", opened) for one in found)
    start, end = time_of(since, "since", opened), time_of(until, "until", newest)
    chosen = [
        one
        for one in found
        if (not entity or one.get("entity") == entity)
        and _time(one, "start", opened) <= end
        and (one["event"] != "closed" or _time(one, "end", newest) > start)
    ]
    asked = {
        "source": "file of alerts",
        "since": stamp(start),
        "until": stamp(end),
        "alerts_in_span": len(chosen),
    }
    if not chosen:
        return cannot_tell("it has no alert in this span, and does not say what was watched then", **asked)
    return {
        "answer": "unusual",
        "since_when": _when(chosen[0]["start"]),
        **asked,
        "alerts": [_alert(one) for one in chosen],
    }


def _time(told: Mapping[str, Any], key: str, otherwise: pd.Timestamp) -> pd.Timestamp:
    """Return a time that an event has."""
    text = _when(told.get(key))
    return otherwise if text is None else pd.Timestamp(text)


def _when(text: object) -> str | None:
    """Return a time of somebody else's as answers say it; None where it is no time."""
    try:
        return stamp(time_of(text, "", pd.NaT)) if isinstance(text, str) and text else None  # type: ignore[arg-type]
    except (DataError, ValueError):
        return None


def _alert(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return an alert as a service or its file tells it."""
    labels = told.get("labels")
    said: dict[str, Any] = {
        "start": _when(told.get("start")),
        "job": data(told.get("job", "")),
        "entity": data(told.get("entity", "")),
        "reason": data(told.get("reason") or told.get("summary") or "", LONGEST_REASON),
    }
    if told.get("metric"):
        said["moved_first"] = {"metric": data(told["metric"])}
    if isinstance(labels, dict):
        said["labels"] = [[data(key), data(value)] for key, value in list(labels.items())[:MOST_LABELS]]
        if len(labels) > MOST_LABELS:
            said["labels_left_off"] = len(labels) - MOST_LABELS
    if told.get("event"):
        said["state"] = "closed" if told["event"] == "closed" else "open"
    return said
