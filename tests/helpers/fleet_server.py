"""A Prometheus of a test's own: the values of each entity at each time are what a function says."""

import json
import math
import threading
from contextlib import contextmanager
from urllib.parse import parse_qs

from loopback import reply, serving
from sre_anomaly.service.settings import JobSettings

SECOND = 10**9


class Fleet:
    """What is asked of it, and whether it answers.

    ``value(metric, entity, time)`` returns the value of an entity at a time in ns, None where it has none.
    """

    def __init__(self, value, entities):
        self.value, self.entities = value, entities
        self.away, self.delay, self.asked = False, 0.0, []
        self.released = threading.Event()

    def result(self, metric, first, last, step):
        """Return the result of a question, times in ns."""
        found = []
        for entity in self.entities:
            pairs = []
            for at in range(first, last + 1, step):
                value = self.value(metric, entity, at)
                if value is not None:
                    pairs.append([at / SECOND, repr(value)])
            if pairs:
                found.append({"metric": {"instance": entity}, "values": pairs})
        return found

    def answer(self, handler, body):
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        if self.away:
            reply(handler, 503, b'{"status": "error", "error": "starting"}')
            return
        self.asked.append(form)
        if self.delay:
            self.released.wait(self.delay)
        first, last, step = (round(float(form[key]) * 1000) * 10**6 for key in ("start", "end", "step"))
        data = {"resultType": "matrix", "result": self.result(form["query"], first, last, step)}
        reply(handler, 200, json.dumps({"status": "success", "data": data}).encode())


@contextmanager
def fleet(value, entities):
    """Yield a fleet that answers at its ``url``."""
    one = Fleet(value, entities)
    with serving(one.answer) as server:
        one.url = server.url
        try:
            yield one
        finally:
            one.released.set()


def job_settings(url, **more):
    """Return the settings of a job of two metrics with steps of a minute."""
    settings = {
        "name": "hosts", "source": {"url": url}, "metrics": {"cpu": "cpu", "wait": "wait"}, "entity": ["instance"],
        "step": "1m", "wait": "5s", "learn": "1d", "forget": "2h",
    }  # fmt: skip
    return JobSettings(**(settings | more))


def noise(metric, entity, time):
    """Return a number that is always the same for the same question, about normal."""
    seed = hash((metric, entity)) if isinstance(entity, int) else sum(map(ord, metric + entity))
    x = math.sin(time / SECOND * 12.9898 + seed * 78.233) * 43758.5453
    y = math.sin(time / SECOND * 39.3467 + seed * 11.135) * 24634.6345
    u, v = x - math.floor(x), y - math.floor(y)
    return math.sqrt(-2 * math.log(max(u, 1e-12))) * math.cos(2 * math.pi * v)
