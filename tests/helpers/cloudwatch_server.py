"""A CloudWatch on this machine: moto's, behind a door that can be told to throttle or to refuse."""

import logging
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.error import HTTPError

from loopback import reply, serving

REGION = "eu-central-1"
AT_ONCE = 500
"""Values of one question that puts them there."""


@contextmanager
def cloudwatch():
    """Yield a server whose ``url`` is an endpoint; the next answers are ``refusals``, codes of errors, if there are any."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    # What an earlier one of this process held is there still.
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/moto-api/reset", b"")).close()

    def answer(handler, body):
        server.asked.append(body)
        if server.refusals:
            code = server.refusals.pop(0)
            text = f"<ErrorResponse><Error><Code>{code}</Code><Message>so it is</Message></Error></ErrorResponse>"
            json = f'{{"__type": "{code}", "message": "so it is"}}'
            reply(handler, 400, (json if "json" in handler.headers["Content-Type"] else text).encode())
            return
        request = urllib.request.Request(f"http://{host}:{port}{handler.path}", body, dict(handler.headers))
        try:
            with urllib.request.urlopen(request, timeout=30) as found:
                reply(handler, found.status, found.read(), **{"Content-Type": found.headers["Content-Type"]})
        except HTTPError as error:
            with error:
                reply(handler, error.code, error.read())

    try:
        with serving(answer) as server:
            server.asked, server.refusals = [], []
            yield server
    finally:
        moto.stop()


def client(server):
    """Return boto3's client of the server."""
    import boto3

    return boto3.client("cloudwatch", endpoint_url=server.url, region_name=REGION)


def put(server, namespace, metric, dimensions, times, values):
    """Put values at times, ns since 1970, there."""
    one, named = client(server), [{"Name": name, "Value": value} for name, value in dimensions.items()]
    data = [
        {
            "MetricName": metric, "Dimensions": named, "Value": float(value),
            "Timestamp": datetime.fromtimestamp(time / 1e9, UTC),
        }
        for time, value in zip(times, values, strict=True)
    ]  # fmt: skip
    for begin in range(0, len(data), AT_ONCE):
        one.put_metric_data(Namespace=namespace, MetricData=data[begin : begin + AT_ONCE])
