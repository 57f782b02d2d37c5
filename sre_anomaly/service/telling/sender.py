"""Telling an Alertmanager, at once when there is news, and again and again."""

import json
import threading
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

from sre_anomaly.remediation.actions import post
from sre_anomaly.service.telling.tried import Tried

RESEND_SECONDS = 60.0
RETRY_SECONDS = 5.0
SEND_TIMEOUT = 10.0


class Sender:
    """Sends to version 2 of an Alertmanager's API.

    Parameters
    ----------
    url : str
        The address before ``/api/v2``.
    due : callable
        Returns what is to be told now.
    tried : Tried
    """

    def __init__(self, url: str, due: Callable[[], list[dict[str, Any]]], tried: Tried) -> None:
        self.url, self.due, self.tried = url, due, tried
        self.news = threading.Event()

    def keep_telling(self, stopping: threading.Event) -> None:
        """Tell until it is to stop, and once more then."""
        while not stopping.is_set():
            self.news.wait(RETRY_SECONDS if self.tried.lost("alertmanager") else RESEND_SECONDS)
            self.news.clear()
            self.send()

    def send(self) -> None:
        """Tell what is to be told."""
        alerts = self.due()
        if not alerts:
            return
        address = f"{self.url.rstrip('/')}/api/v2/alerts"
        try:
            answer = post(address, SEND_TIMEOUT, json.dumps(alerts).encode(), "")
        except (OSError, HTTPException, ValueError, AttributeError) as error:
            answer = f"{type(error).__name__}: {error}"
        self.tried.went("alertmanager", None if answer.startswith("HTTP 2") else f"{self.url}: {answer}")
