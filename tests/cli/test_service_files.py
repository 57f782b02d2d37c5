"""``new service`` and ``check config=``: a file that starts as it is, and what is said of one that is wrong."""

import json
import time

import numpy as np
import pytest
import yaml

from loopback import reply, serving
from sre_anomaly.service.settings import JobSettings, Settings, Web
from sre_anomaly.service.source.settings import GrowingFile, Server


def a_prometheus(series):
    """Return an answer to query_range with the same value at each step of some series, by what is in the query."""

    def answer(handler, body):
        form = dict(pair.split("=") for pair in body.decode().split("&"))
        times = np.arange(float(form["start"]), float(form["end"]) + 1, float(form["step"]))
        found = [labels for word, many in series.items() if word in form["query"] for labels in many]
        result = [{"metric": labels, "values": [[float(at), "1"] for at in times]} for labels in found]
        reply(handler, 200, json.dumps({"status": "success", "data": {"result": result}}).encode())

    return answer


def test_the_file_explains_every_key_and_starts_as_it_is(command, tmp_path):
    """All keys are there with their defaults and a comment, and the settings read it."""
    code, out, _ = command("new", "service")
    assert code == 0
    assert "sre-anomaly check config=watch.yaml" in out
    text = (tmp_path / "watch.yaml").read_text()
    content = yaml.safe_load(text)
    assert set(content) == set(Settings.model_fields)
    assert set(content["web"]) == set(Web.model_fields)
    (job,) = content["jobs"]
    assert set(job) == set(JobSettings.model_fields)
    assert set(job["source"]) == set(Server.model_fields)
    bare = [line for line in text.splitlines() if ":" in line and "#" not in line]
    assert all(line.strip().split(":")[0] in {"web", "source", "- name", *job["metrics"]} for line in bare), (
        bare
    )
    read = Settings.model_validate(content)
    for key, field in JobSettings.model_fields.items():
        if not field.is_required() and key not in ("known", "entity"):
            assert getattr(read.jobs[0], key) == field.get_default(call_default_factory=True), key
    assert command("new", "service")[0] == 2


@pytest.mark.parametrize(
    ("series", "said", "wrong"),
    [
        ({"up": [{"instance": "a"}, {"instance": "b"}]}, "2 entities by instance", ""),
        ({"nothing": []}, "", "0 entities by instance"),
        ({"up": [{"instance": "a"}, {"instance": "a", "cpu": "1"}]}, "1 entities", "sum by (instance) (...)"),
        ({"up": [{"host": "a"}]}, "", "a series without instance"),
    ],
)
def test_check_asks_the_source(command, tmp_path, series, said, wrong):
    """How many entities there are, and which metric does not give one series for each."""
    with serving(a_prometheus(series)) as server:
        content = {
            "jobs": [
                {
                    "name": "hosts",
                    "source": {"url": server.url},
                    "metrics": {"up": "up"},
                    "entity": ["instance"],
                }
            ]
        }
        (tmp_path / "watch.yaml").write_text(yaml.safe_dump(content))
        code, out, err = command("check", "config=watch.yaml")
    assert code == (2 if wrong else 0)
    assert said in out
    assert wrong in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jobs: []", "line 1: jobs: "),
        ("jobs:\n- name: a b\n", "line 2: jobs.0.name"),
        ("jobs:\n- name: a\n  sourze: {}\n", "line 3: jobs.0.sourze: no such key; did you mean 'source'"),
        ("web: {listen: everywhere}\njobs: []", "'everywhere' is no address"),
        ("web: {url: anomalies}\njobs: []", "web.url: is no address"),
        ("- a", "is a list, not keys with values"),
        ("jobs: [", "is no YAML"),
    ],
)
def test_mistakes_have_their_line(command, tmp_path, text, said):
    """File, line, key and what would be right."""
    (tmp_path / "watch.yaml").write_text(text)
    code, _, err = command("check", "config=watch.yaml")
    assert code == 2
    assert said in err


def test_a_secret_is_in_no_message(command, tmp_path):
    """An address with a password is refused without showing it."""
    content = {
        "jobs": [
            {"name": "a", "source": {"url": "http://u:hunter2@x"}, "metrics": {"up": "up"}, "entity": ["i"]}
        ]
    }
    (tmp_path / "watch.yaml").write_text(yaml.safe_dump(content))
    _, _, err = command("check", "config=watch.yaml")
    assert "no names and passwords here" in err
    assert "hunter2" not in err


def test_check_reads_a_file_and_new_service_shows_how(command, tmp_path):
    """How many entities it has, how new it is, and which line is broken; the commented example can be used as it is."""
    command("new", "service")
    example = (tmp_path / "watch.yaml").read_text().split("# source:")[1].splitlines()[1:6]
    keys = [line.strip("# ").split(":")[0] for line in example]
    assert set(keys[:4]) == set(GrowingFile.model_fields)
    now = int(time.time()) // 60 * 60
    rows = [f"{now - 60 * ago},web{host},1\n" for ago in range(20, -1, -1) for host in (1, 2)]
    (tmp_path / "m.csv").write_text("time,host,cpu\n" + "".join(rows))
    job = {"name": "f", "source": {"file": "m.csv"}, "metrics": {"cpu": "cpu"}, "entity": ["host"]}
    (tmp_path / "watch.yaml").write_text(yaml.safe_dump({"jobs": [job]}))
    code, out, _ = command("check", "config=watch.yaml")
    assert code == 0
    assert "2 entities by host, 1 metrics" in out
    assert "its newest line is of 20" in out
    (tmp_path / "m.csv").write_text("time,host,cpu\n1,2\n" + "".join(rows))
    code, _, err = command("check", "config=watch.yaml")
    assert code == 2
    assert "m.csv, line 2: 2 cells, where the header has 3" in err


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{file: m.csv, metrik: name}", "line 3: jobs.0.source.metrik: no such key; did you mean 'metric'"),
        ("{file: m.csv, metric: name}", "line 3: jobs.0.source: metric and value: give both"),
        ("{url: 'http://localhost'}", "entity: name the labels"),
    ],
)
def test_mistakes_of_a_source(command, tmp_path, source, said):
    """Told of the kind of source that was meant."""
    (tmp_path / "watch.yaml").write_text(f"jobs:\n- name: a\n  source: {source}\n  metrics: {{up: up}}\n")
    code, _, err = command("check", "config=watch.yaml")
    assert code == 2
    assert said in err
