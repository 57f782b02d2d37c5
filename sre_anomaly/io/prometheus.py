"""Asking a Prometheus, or what answers as one does, for the values of an expression over time."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import numpy as np

from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.frame import Array, Times

MOST_ROWS = 10_000
"""A Prometheus refuses to answer with more than 11,000 values of a series at once."""
LONGEST = 1 << 28
"""Bytes of one answer."""
API = "/api/v1"
MILLISECOND = 1_000_000
Labels = tuple[tuple[str, str], ...]


class AwayError(DataError):
    """Nobody answers, or nobody who can at the moment."""


class RefusedError(Exception):
    """The server has understood an expression and refuses it; its text says why."""


@dataclass(frozen=True)
class Prometheus:
    """The HTTP API, version 1, that Prometheus, Thanos, Mimir and VictoriaMetrics share.

    Parameters
    ----------
    url : str
        The address before ``/api/v1``.
    user : str or None
        With a name the secret is its password, without one a bearer token.
    secret_env : str or None
        The environment variable that has the secret, so that it stands in no file and no record.
    headers : mapping of str to str
        Sent with each question, such as the tenant's name.
    seconds : float
        How long to wait for the server to say something.
    """

    url: str
    user: str | None = None
    secret_env: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 60.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"data.url: {self.url!r} is no address; write one such as http://localhost:9090"
            )
        if parts.username or parts.password:
            raise ConfigError("data.url: no names and passwords here: use data.user and data.secret_env")
        if parts.query or parts.fragment:
            raise ConfigError(f"data.url: write {self.url!r} without what follows the ? or #")
        if self.secret_env is not None and not os.environ.get(self.secret_env):
            raise ConfigError(f"data.secret_env: there is no environment variable {self.secret_env!r}")
        if self.user is not None and self.secret_env is None:
            raise ConfigError(
                "data.user: name the environment variable that has the password: data.secret_env=..."
            )

    def values(
        self, expression: str, first: int, last: int, step: int
    ) -> tuple[dict[Labels, Array], list[str]]:
        """Return what an expression was worth at each tick from ``first`` to ``last``, by series.

        Parameters
        ----------
        expression : str
            PromQL.
        first, last, step : int
            Nanoseconds, whole milliseconds of them.

        Returns
        -------
        (dict of labels to float64 (n,), list of str)
            NaN where there is no value, or no finite one; and what the server warns of.

        Raises
        ------
        RefusedError
            If the server refuses the expression.
        DataError
            If there is no answer, or none that can be understood.
        """
        count = (last - first) // step + 1
        found: dict[Labels, Array] = {}
        warned: dict[str, None] = {}
        for begin in range(0, count, MOST_ROWS):
            end = min(begin + MOST_ROWS, count) - 1
            series, warnings = self.samples(expression, first + begin * step, first + end * step, step)
            warned |= dict.fromkeys(warnings)
            for labels, at, value in series:
                column = found.setdefault(labels, np.full(count, np.nan))
                place, rest = np.divmod(at - first, step)
                fits = (rest == 0) & (place >= 0) & (place < count) & np.isfinite(value)
                column[place[fits]] = value[fits]
        return found, list(warned)

    def samples(
        self, expression: str, first: int, last: int, step: int
    ) -> tuple[list[tuple[Labels, Times, Array]], list[str]]:
        """Return what an expression gave, NaN and infinities too: labels, times and values of each series, and warnings.

        One question, so at most `MOST_ROWS` ticks; otherwise as `values`.
        """
        asked = {"query": expression, "start": _seconds(first), "end": _seconds(last), "step": step / 1e9}
        answer = self._ask("query_range", asked)
        return list(_series(answer, self.url)), list(answer.get("warnings", ()))

    def result(self, expression: str, first: int, last: int, step: int) -> list[Any]:
        """Return the series of one question as the server wrote them, each to be looked at with care; otherwise as `samples`."""
        asked = {"query": expression, "start": _seconds(first), "end": _seconds(last), "step": step / 1e9}
        data = self._ask("query_range", asked).get("data")
        found = data.get("result") if isinstance(data, dict) else None
        if not isinstance(found, list):
            raise DataError(f"data.url: {self.url} answers, but not as a Prometheus does")
        return found

    def label_values(self, label: str, match: str | None, first: int, last: int) -> list[str]:
        """Return the values of a label, sorted, of the series that a selector picks (None: all).

        Raises
        ------
        RefusedError
            If the server refuses the selector.
        DataError
            If there is no answer, or none that can be understood.
        """
        asked = {"start": _seconds(first), "end": _seconds(last)} | ({"match[]": match} if match else {})
        answer = self._ask(f"label/{quote(label, safe='')}/values", asked, post=False)
        return sorted(map(str, answer["data"]))

    def own_config(self) -> str:
        """Return the server's own configuration as YAML, secrets left out by it; empty where it does not tell."""
        try:
            return str(self._ask("status/config", {}, post=False)["data"]["yaml"])
        except (DataError, RefusedError, KeyError, TypeError):
            return ""

    def _ask(self, what: str, asked: Mapping[str, Any], *, post: bool = True) -> dict[str, Any]:
        address, form = f"{self.url.rstrip('/').removesuffix(API)}{API}/{what}", urlencode(asked)
        request = Request(address, form.encode()) if post else Request(f"{address}?{form}")  # noqa: S310 - http alone
        for name, value in {"User-Agent": "sre-anomaly", **self.headers}.items():
            request.add_header(name, value)
        if self.secret_env is not None:
            # Not sent on to where a redirection points.
            request.add_unredirected_header("Authorization", self._credentials())
        try:
            with build_opener(_Stay).open(request, timeout=self.seconds) as reply:
                text = reply.read(LONGEST + 1)
        except HTTPError as error:
            raise self._refusal(error) from None
        except (URLError, HTTPException, OSError) as error:
            raise AwayError(
                f"data.url: {self.url} does not answer ({_why(error)}); is this the address that your dashboards use?"
            ) from None
        if len(text) > LONGEST:
            raise DataError(
                f"data.url: {self.url} answers with more than {LONGEST >> 20} MB; ask for fewer series"
            )
        content = _parsed(text)
        if content is None or content.get("status") != "success":
            raise DataError(f"data.url: {self.url} answers, but not as a Prometheus does")
        return content

    def _credentials(self) -> str:
        secret = os.environ[str(self.secret_env)]
        return (
            f"Bearer {secret}"
            if self.user is None
            else f"Basic {b64encode(f'{self.user}:{secret}'.encode()).decode()}"
        )

    def _refusal(self, error: HTTPError) -> Exception:
        """Return what the user should hear of an answer that is no success."""
        with error:
            content = _parsed(error.read(LONGEST)) or {}
        if error.code in (401, 403):
            hint = "put a token or a password into an environment variable and name it: data.secret_env=..."
            if self.secret_env is not None:
                hint = f"is what stands in {self.secret_env} right?"
            return DataError(f"data.url: {self.url} does not let us in (HTTP {error.code}); {hint}")
        if 300 <= error.code < 400:
            return DataError(
                f"data.url: {self.url} points to {error.headers.get('Location')}; name that address"
            )
        if content.get("error") and error.code in (400, 422):
            return RefusedError(" ".join(str(content["error"]).split()))
        said = f": {content['error']}" if content.get("error") else ""
        if error.code != 404:
            return AwayError(f"data.url: {self.url} answers HTTP {error.code}{said}")
        hint = "write the address before /api/v1, such as http://localhost:9090 or https://host/prometheus"
        return DataError(f"data.url: {self.url} answers HTTP 404{said}; {hint}")


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow no redirection: a question that was posted would arrive without its content."""


def _seconds(time: Any) -> str:
    return f"{int(time) // MILLISECOND / 1000:.3f}"


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__)


def _series(answer: Mapping[str, Any], url: str) -> Iterator[tuple[Labels, Times, Array]]:
    """Yield the labels of each series, and its times in ns and values, NaN and infinities as they are."""
    try:
        for series in answer["data"]["result"]:
            pairs = series.get("values", ())
            at = np.array([round(float(time) * 1000) for time, _ in pairs], dtype=np.int64) * MILLISECOND
            yield tuple(sorted(series["metric"].items())), at, np.array([float(value) for _, value in pairs])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DataError(f"data.url: {url} answers, but not as a Prometheus does") from None
