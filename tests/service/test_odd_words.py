"""No name, label or value can break the metrics, the page or a log line; no answer of a source stops a job."""

import html
import json
import math
import random
import shutil
import subprocess
import threading
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from fleet_server import SECOND, job_settings
from sre_anomaly.cli.serve import say
from sre_anomaly.errors import DataError
from sre_anomaly.io.prometheus import Prometheus
from sre_anomaly.service import job as job_module
from sre_anomaly.service import model
from sre_anomaly.service.exposition import exposition
from sre_anomaly.service.job import Job
from sre_anomaly.service.page import page
from sre_anomaly.service.telling.outbox import Outbox
from sre_anomaly.service.telling.tried import Tried

MINUTE = 60 * SECOND
BEGIN = 1_772_409_600 * SECOND
ODD = [
    "",
    " ",
    '"',
    "\\",
    "\\n",
    "\n",
    "\r\n",
    "\x1b[31m",
    "\x00",
    "\ud800",
    "\u2028",
    "</script>",
    "a" * 10_000,
    "ä€😀",
    "{}",
    "# EOF",
]
WORDS = st.one_of(st.sampled_from(ODD), st.text(max_size=30), st.text(st.characters(codec=None), max_size=5))


class Answering:
    """A server whose answer a test gives."""

    def __init__(self, result):
        self.answers = result

    def result(self, *_):
        return self.answers if isinstance(self.answers, list) else self.answers()


class Shown:
    """As much of a service as its page looks at."""

    def __init__(self, jobs, outbox):
        self.jobs, self.outbox, self.lock = jobs, outbox, threading.RLock()
        self.settings = type("Settings", (), {"alertmanager": "http://127.0.0.1:9093"})


@pytest.fixture(scope="module")
def job_of():
    """Return a function that makes a job whose source gives a result; learning is short, and a model is made once."""
    models = {}

    def model_for(own):
        if tuple(own.metrics) not in models:
            models[tuple(own.metrics)] = model.model_for(own)
        return models[tuple(own.metrics)]

    def make(result, **more):
        now = [BEGIN]
        job = Job(
            job_settings("http://127.0.0.1:1", learn="3m", entity=["instance", "zone"], **more),
            lambda: now[0],
        )
        job.source.server = Answering(result)
        job.now = now
        return job

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(job_module, "model_for", model_for)
        yield make


def series(values, **labels):
    at = BEGIN // SECOND // 60 * 60 - 300
    return {"metric": labels, "values": [[at + 60 * row, text] for row, text in enumerate(values)]}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5), st.sampled_from(ODD))
@example(
    [("a b", "c"), ("a", "b c"), ("a" * 300, "x"), ("a" * 301, "x"), ("\x00", "x"), ("\x01", "x")], "cpu"
)
@example([("\ud800", "\udfff")], '"\\\n')
def test_no_name_breaks_metrics_page_or_log(job_of, capsys, names, metric):
    """The metrics parse and hold each entity once; the page has the elements it always has; a log line is one line."""
    result = [series(["1", "2", "3", "4", "5", "600"], instance=one, zone=other) for one, other in names]
    job = job_of(result, metrics={metric or "m": "x"})
    outbox, heard = Outbox({"hosts": 1}, {"hosts": {"team": metric}}), []
    job.catch_up(heard.extend)
    for event in heard:
        outbox.hear(event, BEGIN)
    job.health.last_error, job.health.away_since = metric, 0.0
    text = exposition([job], BEGIN, Tried(print).counts)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    known = {names for names in names if all(names)}
    assert len(job.entities) == len(known)
    values = [tuple(sorted(sample.labels.items())) for sample in families["y"].samples]
    assert len(set(values)) == len(values) == len(known)
    elements(page(Shown([job], outbox)))
    json.dumps(outbox.due(BEGIN, {"hosts"})).encode()
    capsys.readouterr()
    for title in job.entities.titles():
        say(f"job hosts: {title}: {metric}")
        err = capsys.readouterr().err
        assert err.splitlines() == err.split("\n")[:-1]
        assert all(line.isprintable() for line in err.split("\n"))
        assert title.isprintable()


def elements(text):
    """Check that all tags are ours, and closed in their order."""
    ours = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "p",
        "b",
        "a",
        "div",
        "span",
        "table",
        "tr",
        "td",
        "th",
        "br",
    }
    ours |= {
        "main",
        "header",
        "footer",
        "section",
        "svg",
        "path",
        "rect",
        "line",
        "details",
        "summary",
        "ul",
        "li",
        "code",
        "script",
    }
    assert text.count("<script") == 1  # ours, which the page's own policy names by its hash
    opened = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, _):
            assert tag in ours
            if tag not in ("meta", "br"):
                opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    Reader().feed(text)
    assert not opened


def test_promtool_finds_nothing_wrong(job_of):
    """What a Prometheus's own tool checks of metrics."""
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed (Debian's package prometheus)")
    job = job_of(
        [series(["1", "2", "3", "NaN", "5", "600"], instance=f'a"{n}\\', zone="\n") for n in range(3)]
    )
    job.catch_up(lambda _: None)
    text = exposition([job], BEGIN, Tried(print).counts, openmetrics=False)
    done = subprocess.run(
        [shutil.which("promtool"), "check", "metrics"], input=text.encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr


ROTTEN = [
    None, True, 0, -1, 1e400, -1e400, float("nan"), 10**400, "NaN", "+Inf", "-Inf", "1e999", "", "x", "1_0", [], {}, [[]],
    [None], [1], [1, "2", 3], {"instance": 5}, {"instance": "a", "zone": ["b"]}, "\ud800", "9" * 5000, [float("inf"), "1"],
]  # fmt: skip


def rotten_series(dice):
    """Return a series with some things wrong."""
    one = series(
        [dice.choice(["1", "2.5", "NaN", "1e300", "-Inf"]) for _ in range(6)],
        instance=dice.choice("abc"),
        zone="z",
    )
    if dice.random() < 0.3:
        dice.shuffle(one["values"])
    if dice.random() < 0.3:
        one["values"] += one["values"]
    if dice.random() < 0.2:
        one["values"][dice.randrange(6)] = dice.choice(ROTTEN)
    if dice.random() < 0.2:
        one["values"][dice.randrange(6)] = [dice.choice(ROTTEN), dice.choice(ROTTEN)]
    if dice.random() < 0.2:
        one[dice.choice(["metric", "values"])] = dice.choice(ROTTEN)
    if dice.random() < 0.1:
        del one[dice.choice(["metric", "values"])]
    return one if dice.random() < 0.9 else dice.choice(ROTTEN)


def fuzz(job_of, number):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    dice = random.Random(seed)
    job = job_of(lambda: [rotten_series(dice) for _ in range(dice.randrange(4))])
    job.catch_up(lambda _: None)
    for _ in range(number // 2):
        job.now[0] += MINUTE
        before = sum(job.health.odd.values())
        answers = next(job.source.between(job.due, job.due))
        assert np.isnan(answers.values).all() or np.nanmax(np.abs(answers.values)) <= 1e100
        assert sum(answers.odd.values()) >= 0
        if dice.random() < 0.02:
            job.catch_up(lambda _: None)
            assert sum(job.health.odd.values()) >= before
    assert job.health.odd["cpu: not a series"] > number / 500
    assert len(job.entities) <= 3
    list(text_string_to_metric_families(exposition([job], job.now[0], Tried(print).counts)))


def test_ten_thousand_rotten_answers(job_of):
    """None stops the job, and what could not be used is counted."""
    fuzz(job_of, 10_000)


@pytest.mark.slow
def test_a_hundred_thousand_rotten_answers(job_of):
    """The same, longer."""
    fuzz(job_of, 100_000)


def test_each_series_that_is_none_is_counted(job_of):
    """One kind of fault each, one count each."""
    for rotten in ROTTEN:
        job = job_of([rotten, series(["1"] * 6, instance="a", zone="z")])
        job.catch_up(lambda _: None)
        assert job.health.odd == {"cpu: not a series": 1, "wait: not a series": 1}, rotten
        assert job.entities.names == [("a", "z")]
    job = job_of([series(["1e200"] * 6, instance="a", zone="z"), series(["1"], instance="a")])
    job.catch_up(lambda _: None)
    assert job.health.odd["cpu: a series without instance, zone"] == 1
    assert job.health.odd["cpu: a value too large to be a measurement"] == 6
    assert math.isnan(job.values[0, 0])


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "null", '{"status": "success"', '{"status": "success"}', '{"status": "success", "data": []}',
     '{"status": "success", "data": {"result": {}}}', '{"status": "success", "data": {"result": "x"}}', "[" * 100_000, "\xff",
     '{"status": "success", "data": {"result": [' + "9" * 5000 + "]}}"],
)  # fmt: skip
def test_an_answer_that_is_none_is_an_error_of_the_source(monkeypatch, text):
    """One clear line."""
    from sre_anomaly.io import prometheus

    class Reply:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self, _):
            return text.encode("latin-1")

    class Opener:
        def open(self, *_, **__):
            return Reply()

    monkeypatch.setattr(prometheus, "build_opener", lambda *_: Opener())
    with pytest.raises(DataError, match="not as a Prometheus does"):
        Prometheus("http://127.0.0.1:1").result("up", 0, 60 * SECOND, 60 * SECOND)


def test_the_page_shows_words_as_they_are(job_of):
    """Escaped, so that they can be read."""
    job = job_of([series(["1"] * 6, instance="<b>&", zone="z")])
    job.catch_up(lambda _: None)
    assert html.escape("<b>& z") in page(Shown([job], Outbox({"hosts": 1}, {})))
