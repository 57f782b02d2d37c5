"""What the service answers over HTTP: its page, its metrics, whether it is well, what fires."""

import base64
import hmac
import math
import os
import time
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sre_anomaly.clock import iso
from sre_anomaly.errors import UserError
from sre_anomaly.service.exposition import OPENMETRICS, TYPES, exposition
from sre_anomaly.service.health import standing
from sre_anomaly.service.page import page
from sre_anomaly.service.settings import Web
from sre_anomaly.service.watch import Service

OPEN = ("/healthz", "/readyz")
"""What a probe asks without a password."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Answers:
    """What each address answers."""

    def __init__(self, service: Service) -> None:
        self.service = service

    async def front(self, _: Request) -> Response:
        """Answer with the page."""
        return HTMLResponse(page(self.service), headers=HEADERS)

    def metrics(self, request: Request) -> Response:
        """Answer a Prometheus that scrapes; no coroutine, because it takes its time with many entities."""
        openmetrics = OPENMETRICS in request.headers.get("accept", "")
        text = exposition(
            self.service.jobs, time.time_ns(), self.service.tried.counts, openmetrics=openmetrics
        )
        return Response(text.encode("utf-8", "replace"), headers={"Content-Type": TYPES[openmetrics]})

    async def health(self, _: Request) -> Response:
        """Answer whether all threads are alive."""
        dead = [thread.name for thread in self.service.threads if not thread.is_alive()]
        if dead and not self.service.stopping.is_set():
            return PlainTextResponse(f"stopped: {', '.join(dead)}\n", 503)
        return PlainTextResponse("ok\n")

    async def ready(self, _: Request) -> Response:
        """Answer whether all jobs have gone over their past."""
        learning = [job.settings.name for job in self.service.jobs if job.health.learning]
        if learning:
            return PlainTextResponse(f"going over the past: {', '.join(learning)}\n", 503)
        return PlainTextResponse("ready\n")

    def reload(self, _: Request) -> Response:
        """Read the settings again; no coroutine, so that it is given a thread of its own, because jobs are waited for."""
        try:
            self.service.reload()
        except UserError as error:
            self.service.say(f"reload refused, the old settings go on: {error}")
            return PlainTextResponse(f"refused, the old settings go on:\n{error}\n", 400)
        self.service.say("reloaded")
        return PlainTextResponse("reloaded\n")

    async def alerts(self, _: Request) -> Response:
        """Answer with what fires."""
        with self.service.lock:
            told = self.service.outbox.firing()
        shown = ("job", "entity", "labels", "summary")
        return JSONResponse(
            [{key: getattr(one, key) for key in shown} | {"start": iso(one.start)} for one in told]
        )

    async def job(self, request: Request) -> Response:
        """Answer with the entities of a job."""
        name = request.path_params["job"]
        job = next((job for job in self.service.jobs if job.settings.name == name), None)
        if job is None:
            return JSONResponse({"error": "there is no such job"}, 404)
        return JSONResponse([_entity(job, place) for place in range(len(job.entities))])


def application(service: Service) -> Starlette:
    """Return the application that uvicorn serves."""
    answers = Answers(service)
    app = Starlette(
        routes=[
            Route("/", answers.front),
            Route("/metrics", answers.metrics),
            Route("/healthz", answers.health),
            Route("/readyz", answers.ready),
            Route("/-/reload", answers.reload, methods=["POST"]),
            Route("/api/v1/alerts", answers.alerts),
            Route("/api/v1/jobs/{job}", answers.job),
        ]
    )
    if service.settings.web.secret_env is not None:
        app.add_middleware(Guard, web=service.settings.web)
    return app


class Guard:
    """Lets in who has the password or the token that an environment variable holds."""

    def __init__(self, app: Any, web: Web) -> None:
        self.app = app
        secret = os.environ[str(web.secret_env)]
        given = f"{web.user}:{secret}".encode()
        self._wanted = f"Bearer {secret}" if web.user is None else f"Basic {base64.b64encode(given).decode()}"
        self._asks = "Bearer" if web.user is None else 'Basic realm="sre-anomaly"'

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "lifespan" and scope["path"] not in OPEN:
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._wanted.encode()):
                refused = PlainTextResponse("not allowed\n", 401, {"WWW-Authenticate": self._asks})
                await refused(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _entity(job: Any, place: int) -> dict[str, Any]:
    state = standing(job.result, place)
    return {
        "entity": job.entities.title(place),
        "labels": job.entities.labels(place),
        **{key: value if math.isfinite(value) else None for key, value in state.items()},
    }
