"""Metrics from Amazon CloudWatch: what is asked, what its answers become, and what goes wrong."""

import sys
from datetime import UTC, datetime, timedelta

import boto3
import numpy as np
import pandas as pd
import pytest
from botocore.stub import Stubber

from cloudwatch_server import REGION, cloudwatch, put
from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.io.asked import cloudwatch as asking
from sre_anomaly.io.prometheus import AwayError

MINUTE = 60 * 10**9
END = pd.Timestamp.now("UTC").floor("1h").value
STEPS = 400
TIMES = [END - row * 5 * MINUTE for row in range(STEPS, 0, -1)]
CPU = 50.0 + 5.0 * np.sin(np.arange(STEPS) / 20) + np.random.default_rng(7).normal(size=STEPS)
CPU[300:310] += 45.0
ONE = "{cpu: {namespace: AWS/EC2, metric: CPUUtilization, dimensions: {InstanceId: i-1}}}"
ALL = "{cpu: {namespace: AWS/EC2, metric: CPUUtilization}}"


@pytest.fixture(autouse=True)
def signed_in(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch, cloudwatch() as one:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        for instance, more in (("i-1", 0.0), ("i-2", 20.0)):
            put(one, "AWS/EC2", "CPUUtilization", {"InstanceId": instance}, TIMES, CPU + more)
        # Three a period, none in some periods.
        often = [time + part * MINUTE for time in TIMES[::2] for part in (0, 1, 2)]
        put(one, "AWS/SQS", "Sent", {"QueueName": "q", "Kind": "fifo"}, often, [1.0, 2.0, 6.0] * (STEPS // 2))
        yield one


def source(server, metrics, *more, name="cloudwatch"):
    words = [
        f"data={name}",
        f"data.metrics={metrics}",
        "data.last=1d",
        f"data.end='{pd.Timestamp(END, tz='UTC')}'",
    ]
    url = () if server is None else (f"data.endpoint={server.url}",)
    return build("data", composed([*words, *url, *more])["data"])


def test_a_frame_has_what_was_measured_in_each_period_that_is_over(server):
    """Values stand at the begin of their period, and the newest is the last that has ended."""
    (frame,) = source(server, ONE).frames()
    assert frame.metrics == ("cpu",)
    assert frame.time[-1].value == END - 5 * MINUTE
    assert len(frame) == 288
    np.testing.assert_allclose(frame.values[:, 0], CPU[-288:], atol=1e-9)


@pytest.mark.parametrize(
    ("stat", "want"), [("Average", 3.0), ("Sum", 9.0), ("Maximum", 6.0), ("SampleCount", 3.0)]
)
def test_statistics_are_those_of_a_period(server, stat, want):
    """What has no value in a period is a gap."""
    metrics = f"{{sent: {{namespace: AWS/SQS, metric: Sent, dimensions: {{QueueName: q, Kind: fifo}}, stat: {stat}}}}}"
    (frame,) = source(server, metrics, "data.interpolate=0m").frames()
    assert set(frame.values[np.isfinite(frame.values)].tolist()) == {want}
    assert np.isnan(frame.values).mean() == pytest.approx(0.5, abs=0.01)


def test_a_fleet_has_each_value_of_the_dimension(server):
    """All that have the first metric and no other dimensions, or those that are named."""
    fleet = source(server, ALL, name="cloudwatch_fleet")
    assert fleet.names() == ["i-1", "i-2"]
    first, second = fleet.frames()
    np.testing.assert_allclose(second.values - first.values, 20.0, atol=1e-9)
    assert source(server, ALL, "data.only=[i-2]", name="cloudwatch_fleet").names() == ["i-2"]
    queues = "{sent: {namespace: AWS/SQS, metric: Sent%s}}"
    with pytest.raises(
        DataError, match=r"those there are have Kind too: say which in data.metrics.sent.dimensions"
    ):
        source(server, queues % "", "data.dimension=QueueName", name="cloudwatch_fleet").names()
    more = queues % ", dimensions: {Kind: fifo}"
    assert source(server, more, "data.dimension=QueueName", name="cloudwatch_fleet").names() == ["q"]


def test_a_throttled_question_is_asked_again(server, monkeypatch):
    """Twice refused, the third answer counts; where it goes on, one line says so."""
    server.refusals = ["Throttling", "ThrottlingException"]
    asked = len(server.asked)
    (frame,) = source(server, ONE).frames()
    assert len(frame) == 288
    assert len(server.asked) == asked + 3
    monkeypatch.setattr(asking, "ATTEMPTS", 2)
    server.refusals = ["Throttling"] * 2
    with pytest.raises(AwayError, match=r"^CloudWatch throttles \(Throttling\), asked 2 times: so it is$"):
        next(source(server, ONE).frames())
    assert not server.refusals


def page(token, *results, **more):
    found = [
        {"Id": name, "Label": label, "Timestamps": times, "Values": values, "StatusCode": "Complete"}
        for name, label, times, values in results
    ]
    return {"MetricDataResults": found, **({"NextToken": token} if token else {}), **more}


def answered(asked, *pages):
    """Let a source be answered by pages, and return what has to be there to check what it asked."""
    one = boto3.client("cloudwatch", region_name=REGION)
    stub = Stubber(one)
    for answer, expected in pages:
        stub.add_response("get_metric_data", answer, expected)
    stub.activate()
    asked.server.__dict__["_client"] = one
    return stub


def test_pages_are_put_together_and_expressions_are_asked_with_what_they_need():
    """Metric math refers to the others by name; what is there for it alone is no metric of the frame."""
    metrics = (
        "{errors: {namespace: AWS/X, metric: Errors, stat: Sum, watch: false}, "
        "share: '100 * FILL(errors, 0) / 50', slow: {namespace: AWS/X, metric: Duration, stat: p99}}"
    )
    asked = source(None, metrics)
    first = datetime.fromtimestamp(asked.span[0] / 1e9, UTC)
    times = [first + timedelta(minutes=5 * row) for row in range(288)]
    queries = [
        {
            "Id": "errors", "ReturnData": False,
            "MetricStat": {"Metric": {"Namespace": "AWS/X", "MetricName": "Errors", "Dimensions": []}, "Period": 300, "Stat": "Sum"},
        },
        {"Id": "share", "ReturnData": True, "Expression": "100 * FILL(errors, 0) / 50", "Period": 300},
        {
            "Id": "slow", "ReturnData": True,
            "MetricStat": {"Metric": {"Namespace": "AWS/X", "MetricName": "Duration", "Dimensions": []}, "Period": 300, "Stat": "p99"},
        },
    ]  # fmt: skip
    question = {
        "MetricDataQueries": queries, "StartTime": first, "EndTime": times[-1] + timedelta(minutes=5),
        "ScanBy": "TimestampAscending",
    }  # fmt: skip
    values = np.arange(288.0).tolist()
    stub = answered(
        asked,
        (page("more", ("share", "share", times[:200], values[:200]), ("slow", "Duration p99", times[:100], values[:100])), question),
        (
            page(None, ("share", "share", times[200:], values[200:]), ("slow", "Duration p99", times[100:], values[100:]),
                 Messages=[{"Code": "x", "Value": "half of it is late"}]),
            question | {"NextToken": "more"},
        ),
    )  # fmt: skip
    (frame,) = asked.frames()
    stub.assert_no_pending_responses()
    assert frame.metrics == ("share", "slow")
    np.testing.assert_array_equal(frame.values, np.column_stack([values, values]))
    assert "CloudWatch: half of it is late" in frame.notes


def test_an_expression_of_several_series_is_no_metric():
    """One line says how many and what to do."""
    asked = source(None, """{cpu: "SEARCH('{AWS/EC2,InstanceId} CPUUtilization', 'Average')"}""")
    at = [datetime.fromtimestamp(asked.span[0] / 1e9, UTC)]
    answered(asked, (page(None, ("cpu", "i-1", at, [1.0]), ("cpu", "i-2", at, [2.0])), None))
    with pytest.raises(
        DataError, match=r"data.metrics.cpu: gives 2 series, such as i-1, i-2: make them one, as with AVG"
    ):
        next(asked.frames())


MISTAKES = {
    "half a metric": ("{cpu: {namespace: AWS/EC2}}", (), "data.metrics.cpu: namespace and metric: give both"),
    "neither": ("{cpu: {stat: Sum}}", (), "data.metrics.cpu: give namespace and metric, or an expression"),
    "a strange key": ("{cpu: {metrik: x}}", (), "data.metrics.cpu.metrik: no such key"),
    "a large letter": ("{CPU: a}", (), "data.metrics.CPU: CloudWatch takes names of a small letter"),
    "nothing to watch": ("{a: {expression: '1', watch: false}}", (), "leave it out of one at least"),
    "no period": (ALL, ("data.step=90s",), "none of 90 s"),
    "no entities": ("{a: '1'}", ("data=cloudwatch_fleet",), "data.only: name the values of InstanceId"),
}  # fmt: skip


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_one_line(what):
    """It says which key, and what would be right."""
    metrics, more, line = MISTAKES[what]
    with pytest.raises(ConfigError) as error:
        source(None, metrics, *more)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_who_cannot_sign_in_is_told_how(server, monkeypatch):
    """No entry, no region, no profile, no credentials, nobody there, no such metric: one line each."""
    server.refusals = ["AccessDenied"]
    said = {"AccessDenied": source(server, ONE)}
    with pytest.raises(DataError, match=r"does not let us in \(AccessDenied\).*cloudwatch:GetMetricData"):
        next(said["AccessDenied"].frames())
    other = ONE.replace("CPUUtilization", "CPUUtilisation")
    with pytest.raises(
        DataError,
        match=r"data.metrics.cpu: CloudWatch has no value from .* there is no metric CPUUtilisation",
    ):
        next(source(server, other).frames())
    with pytest.raises(
        DataError, match="has dimensions such as InstanceId=i-1, and asked was InstanceId=i-9"
    ):
        next(source(server, ONE.replace("i-1", "i-9")).frames())
    with pytest.raises(ConfigError, match=r"data.profile: .*\(mine\) could not be found"):
        next(source(server, ONE, "data.profile=mine").frames())
    monkeypatch.setattr(asking, "ATTEMPTS", 1)
    with pytest.raises(AwayError, match="CloudWatch does not answer: Could not connect"):
        next(source(None, ONE, "data.endpoint=http://127.0.0.1:9").frames())
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigError, match=r"data.region: name the region"):
        next(source(server, ONE).frames())
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(DataError, match="Unable to locate credentials; sign in as for the command aws"):
        next(source(server, ONE, f"data.region={REGION}").frames())


@pytest.mark.slow
def test_the_preset_finds_what_would_have_paged(server, command):
    """From nothing but the metric: one alert, at the rows that were raised."""
    words = [
        "experiment=cloudwatch_live",
        f"data.metrics={ONE}",
        f"data.endpoint={server.url}",
        "data.last=30h",
    ]
    code, out, _ = command(*words, f"data.end='{pd.Timestamp(END, tz='UTC')}'")
    assert code == 0
    assert "1 alert in" in out
    assert f"{pd.Timestamp(TIMES[300], tz='UTC'):%Y-%m-%d %H:%M} cpu" in out
    assert "experiment=csv" not in out


def test_without_the_library_the_command_is_named(monkeypatch):
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(DataError, match=r"pip install 'sre-anomaly\[cloudwatch\]'"):
        next(source(None, ONE).frames())
