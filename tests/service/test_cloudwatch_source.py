"""A job whose source is Amazon CloudWatch: which entities there are, which values they have, and what is told."""

import numpy as np
import pandas as pd
import pytest
import yaml

from cloudwatch_server import REGION, cloudwatch, put
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.io.asked import cloudwatch as asking
from sre_anomaly.io.prometheus import AwayError
from sre_anomaly.service.job import Job
from sre_anomaly.service.reading import read_settings
from sre_anomaly.service.settings import JobSettings
from sre_anomaly.service.source import cloudwatch as source
from sre_anomaly.service.source.cloudwatch import CloudWatchOfEntities, _numbered
from sre_anomaly.service.source.entities import Share

MINUTE = 60 * 10**9
STEP = 5 * MINUTE
END = pd.Timestamp.now("UTC").floor("1h").value
STEPS = 300
TIMES = [END - row * STEP for row in range(STEPS, 0, -1)]
BROKEN = 280
CPU = {"namespace": "AWS/EC2", "metric": "CPUUtilization"}


def values(number):
    noise = np.random.default_rng(number).normal(size=STEPS)
    return 40.0 + number + noise + np.where((number == 1) & (np.arange(STEPS) >= BROKEN), 50.0, 0.0)


@pytest.fixture(autouse=True)
def signed_in(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch, cloudwatch() as one:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        for number in range(3):
            put(one, "AWS/EC2", "CPUUtilization", {"InstanceId": f"i-{number}"}, TIMES, values(number))
        put(one, "AWS/EC2", "CPUUtilization", {"AutoScalingGroupName": "all"}, TIMES[-3:], [1.0] * 3)
        yield one


def settings(server, **more):
    own = {
        "name": "ec2", "source": {"cloudwatch": {"region": REGION, "endpoint": server.url}}, "metrics": {"cpu": CPU},
        "entity": ["InstanceId"], "step": "5m", "wait": "10s", "learn": "1d",
    }  # fmt: skip
    return JobSettings(**(own | more))


def test_a_job_watches_all_that_have_the_dimension(server, monkeypatch):
    """Three instances in questions of two each; a row has the period that ends at it, and what is broken is an alert."""
    monkeypatch.setattr(source, "MOST_QUERIES", 2)
    job, events = Job(settings(server), lambda: END + 20 * 10**9), []
    job.catch_up(events.extend)
    assert job.entities.titles() == ["i-0", "i-1", "i-2"]
    assert job.last == END
    np.testing.assert_allclose(job.values[:, 0], [values(number)[-1] for number in range(3)], atol=1e-9)
    assert {event.entity for event in events} == {"i-1"}
    assert events[0].alert.start == TIMES[BROKEN] + STEP
    assert events[0].labels == {"InstanceId": "i-1"}


def test_each_process_asks_for_its_own(server):
    """No entity is asked for twice, and each by one."""
    found = []
    for number in (1, 2):
        job = Job(settings(server, learn="30m"), lambda: END + 20 * 10**9, Share(number, 2))
        job.catch_up(lambda _: None)
        found += job.entities.titles()
    assert sorted(found) == ["i-0", "i-1", "i-2"]


def test_what_goes_wrong_is_one_line_and_waited_for(server, monkeypatch):
    """It says which job, and the next call goes on."""
    monkeypatch.setattr(asking, "ATTEMPTS", 1)
    job = Job(settings(server, learn="30m"), lambda: END + 20 * 10**9)
    server.refusals = ["Throttling"]
    with pytest.raises(AwayError, match=r"^job ec2: CloudWatch throttles"):
        job.catch_up(lambda _: None)
    server.refusals = ["AccessDenied"]
    with pytest.raises(DataError, match=r"^job ec2: CloudWatch does not let us in"):
        job.catch_up(lambda _: None)
    job.catch_up(lambda _: None)
    assert job.last == END


def test_metric_math_is_of_each_entity_by_itself():
    """Names of metrics become those of one entity's own, but not in what a search looks for."""
    names = {"errors": None, "all": None}
    query = {"Id": "share", "Expression": """100 * errors / all + AVG(SEARCH('{AWS/X} errors', "Sum"))"""}
    assert (
        _numbered(query, 7, names)["Expression"]
        == """100 * errors_7 / all_7 + AVG(SEARCH('{AWS/X} errors', "Sum"))"""
    )


MISTAKES = {
    "half": ({"metrics": {"cpu": {"namespace": "AWS/EC2"}}}, "metrics.cpu: namespace and metric: give both"),
    "strange": ({"metrics": {"cpu": {**CPU, "statt": "Sum"}}}, "metrics.cpu.statt: no such key"),
    "name": ({"metrics": {"CPU": CPU}}, "metrics.CPU: CloudWatch takes names of a small letter"),
    "math alone": ({"metrics": {"a": "1 + 1"}}, "one at least has to be a statistic"),
    "step": ({"step": "90s"}, "CloudWatch has periods of minutes"),
    "key": ({"source": {"cloudwatch": {"regoin": "x"}}}, "did you mean 'region'?"),
    "entity": ({"entity": []}, "entity: name the labels"),
    "Prometheus": ({"source": {"url": "http://localhost"}}, "are of source: {cloudwatch: {}}"),
}  # fmt: skip


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_in_the_file_is_one_line(tmp_path, what):
    """It has the file and the line in it."""
    own, line = MISTAKES[what]
    job = {
        "name": "a",
        "source": {"cloudwatch": {}},
        "metrics": {"cpu": CPU},
        "entity": ["InstanceId"],
        "step": "5m",
    }
    path = tmp_path / "watch.yaml"
    path.write_text(yaml.safe_dump({"jobs": [job]}))
    assert isinstance(Job(read_settings(path).jobs[0]).source, CloudWatchOfEntities)
    path.write_text(yaml.safe_dump({"jobs": [job | own]}))
    with pytest.raises(ConfigError) as error:
        read_settings(path)
    assert line in str(error.value)
    assert str(error.value).startswith(f"{path}, line ")
