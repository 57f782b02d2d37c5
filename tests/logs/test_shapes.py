"""Lines as services, servers and collectors write them: time, level and message of each, from nothing but the path."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from sre_anomaly.config.build import build
from sre_anomaly.errors import UserError
from sre_anomaly.logs.clock import LogClock
from sre_anomaly.logs.files import entries
from sre_anomaly.logs.levels import standard_level
from sre_anomaly.logs.lines import Tally
from sre_anomaly.logs.shapes.objects import json_lines

BEGIN = datetime(2024, 3, 4, 10, tzinfo=UTC)
SYSLOG = {"INFO": 6, "WARN": 4, "ERROR": 3}
RECORDS = [
    (
        BEGIN + timedelta(seconds=5 * n),
        "ERROR" if 240 <= n < 264 and n % 2 == 0 else "WARN" if n % 40 == 0 else "INFO",
        f"payment gateway timed out after {n} ms" if 240 <= n < 264 and n % 2 == 0 else f"order {n} accepted",
    )
    for n in range(400)
]


def _iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%S.243Z")


def _lines(write):
    return "".join(f"{write(*record)}\n" for record in RECORDS)


SHAPES = {
    "logfmt": _lines(lambda t, level, text: f'time={_iso(t)} level={level.lower()} msg="{text}" part=api'),
    "journald": _lines(
        lambda t, level, text: json.dumps(
            {
                "__REALTIME_TIMESTAMP": str(int(t.timestamp() * 1e6)),
                "PRIORITY": str(SYSLOG[level]),
                "MESSAGE": text,
            }
        )
    ),
    "rfc5424": _lines(
        lambda t, level, text: f'<{128 + SYSLOG[level]}>1 {_iso(t)} h1 api 77 ID4 [x@1 a="b\\]"] {text}'
    ),
    "cri": _lines(lambda t, level, text: f"{_iso(t)} stdout F {level} {text}"),
    "gelf": _lines(
        lambda t, level, text: json.dumps(
            {
                "version": "1.1",
                "short_message": text,
                "timestamp": t.timestamp() + 0.5,
                "level": SYSLOG[level],
            }
        )
    ),
    "compose": _lines(lambda t, level, text: f"web-1  | {_iso(t)} {level} {text}"),
    "apache error": _lines(
        lambda t, level, text: (
            f"[{t:%a %b %d %H:%M:%S}.243000 2024] [core:{level.lower()}] [pid 3:tid 4] [client 192.0.2.1:72] {text}"
        )
    ),
    "nginx error": _lines(lambda t, level, text: f"{t:%Y/%m/%d %H:%M:%S} [{level.lower()}] 31#31: *5 {text}"),
    "python": _lines(lambda t, level, text: f"{t:%Y-%m-%d %H:%M:%S},243 - api.worker - {level} - {text}"),
    "monolog": _lines(lambda t, level, text: f"[{_iso(t)}] production.{level}: {text}"),
    "docker json": _lines(
        lambda t, level, text: json.dumps({"log": f"{level} {text}\n", "stream": "stdout", "time": _iso(t)})
    ),
    "ecs": _lines(
        lambda t, level, text: json.dumps(
            {"@timestamp": _iso(t), "log": {"level": level.lower()}, "message": text}
        )
    ),
    "serilog": _lines(lambda t, level, text: json.dumps({"@t": _iso(t), "@l": level, "@m": text})),
    "google": _lines(
        lambda t, level, text: json.dumps(
            {"timestamp": _iso(t), "severity": level, "jsonPayload": {"message": text}}
        )
    ),
    "otlp": _lines(
        lambda t, level, text: json.dumps(
            {
                "resourceLogs": [
                    {
                        "scopeLogs": [
                            {
                                "logRecords": [
                                    {
                                        "timeUnixNano": str(int(t.timestamp()) * 10**9),
                                        "severityText": level,
                                        "body": {"stringValue": text},
                                    }
                                ]
                            }
                        ]
                    }
                ]
            }
        )
    ),
    "array": json.dumps(
        [{"timestamp": _iso(t), "level": level, "message": text} for t, level, text in RECORDS], indent=1
    ),
    "kubernetes events": json.dumps(
        {
            "kind": "List",
            "items": [
                {"lastTimestamp": _iso(t), "type": level, "reason": "x", "message": text}
                for t, level, text in RECORDS
            ],
        }
    ),
    "pino": _lines(
        lambda t, level, text: json.dumps(
            {
                "level": {"INFO": 30, "WARN": 40, "ERROR": 50}[level],
                "time": int(t.timestamp() * 1000),
                "msg": text,
            }
        )
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_time_level_and_message(tmp_path, name):
    """Each record has its second and its level, and none is lost."""
    path = tmp_path / "service.log"
    path.write_text(SHAPES[name])
    clock, tally = LogClock(), Tally()
    found = list(entries(path, "auto", clock, tally))
    assert len(found) == len(RECORDS) == tally.used
    for (time, level, message), (when, wanted, text) in zip(found, RECORDS, strict=True):
        assert clock.seconds(time) == int(when.timestamp())
        assert standard_level(level) == wanted
        assert message.decode().endswith(text)


@pytest.mark.parametrize("name", ["logfmt", "rfc5424", "array"])
def test_the_burst_is_the_one_alert(command, tmp_path, name):
    """From nothing but the path, errors that begin are one alert, and the end of the log is none."""
    (tmp_path / "service.log").write_text(SHAPES[name])
    code, out, err = command("experiment=log_metrics", "data.path=service.log", "hindsight=false")
    assert code == 0, err
    said = " ".join(out.split())
    assert "1 alert in" in said
    assert "2024-03-04 10:20 level_ERROR = " in said


def test_errors_lead_where_what_is_usual_falls(command, tmp_path):
    """Requests answered with 500 are the news, not that fewer are answered well."""
    (tmp_path / "access.log").write_text(
        "".join(
            f'10.0.0.1 - - [{BEGIN + timedelta(seconds=2 * n):%d/%b/%Y:%H:%M:%S} +0000] "GET /a/{n % 9} HTTP/1.1" '
            f'{500 if 2500 <= n < 2600 else 200} {200 + n % 7} "-" "curl/8"\n'
            for n in range(5000)
        )
    )
    code, out, err = command("access.log", "hindsight=false")
    assert code == 0, err
    said = " ".join(out.split())
    assert "1 alert in" in said
    assert "2024-03-04 11:23 level_ERROR = " in said


ACCESS = {
    "combined": '10.0.0.1 - - [{t:%d/%b/%Y:%H:%M:%S} +0000] "GET /cart/{n}?a=1 HTTP/1.1" {s} 512 "-" "curl/8"',
    "vhost": 'shop:443 10.0.0.1 - bob [{t:%d/%b/%Y:%H:%M:%S} +0000] "GET /cart/{n} HTTP/1.1" {s} 512 "-" "curl/8"',
    "envoy": '[{t:%Y-%m-%dT%H:%M:%S}.123Z] "GET /cart/{n} HTTP/1.1" {s} - 0 57 3 2 "-" "curl" "x" "shop" "10.0.0.1:80"',
    "haproxy": 'Mar  4 10:00:00 lb haproxy[77]: 10.0.0.1:4711 [{t:%d/%b/%Y:%H:%M:%S}.123] web~ app/s1 0/0/1/5/6 {s} 512 - - ---- 1/1/0/0/0 0/0 "GET /cart/{n} HTTP/1.1"',
    "alb": 'https {t:%Y-%m-%dT%H:%M:%S}.186641Z app/lb/5 10.0.0.1:2817 10.0.0.2:80 0.0 0.0 0.0 {s} {s} 34 366 "GET https://shop:443/cart/{n} HTTP/1.1" "curl" - -',
    "nginx json": '{{"time_local": "{t:%d/%b/%Y:%H:%M:%S} +0000", "status": "{s}", "request": "GET /cart/{n}?a=1 HTTP/1.1", "body_bytes_sent": "5"}}',
    "traefik json": '{{"DownstreamStatus": {s}, "RequestMethod": "GET", "RequestPath": "/cart/{n}", "StartUTC": "{t:%Y-%m-%dT%H:%M:%S}Z", "msg": ""}}',
    "envoy json": '{{"start_time": "{t:%Y-%m-%dT%H:%M:%S}.123Z", "method": "GET", "path": "/cart/{n}", "response_code": {s}}}',
    "caddy": '{{"level": "info", "ts": {e}.25, "msg": "handled request", "request": {{"method": "GET", "uri": "/cart/{n}"}}, "status": {s}}}',
    "pino-http": '{{"level": 30, "time": {e}000, "req": {{"method": "GET", "url": "/cart/{n}"}}, "res": {{"statusCode": {s}}}, "msg": "completed"}}',
    "containerd": '{t:%Y-%m-%dT%H:%M:%S}.243Z stdout F 10.0.0.1 - - [{t:%d/%b/%Y:%H:%M:%S} +0000] "GET /cart/{n} HTTP/1.1" {s} 512 "-" "curl"',
    "cloudfront": "{t:%Y-%m-%d}\t{t:%H:%M:%S}\tFRA2\t512\t10.0.0.1\tGET\tx.net\t/cart/{n}\t{s}\t-\tcurl",
}


@pytest.mark.parametrize("name", ACCESS)
def test_a_status_says_the_level(tmp_path, name):
    """Requests of every server: 5xx is an error, 4xx a warning, and the path without its question is the message."""
    states = [200] * 50 + [404] * 5 + [503] * 5
    path = tmp_path / "access.log"
    path.write_text(
        "".join(
            ACCESS[name].format(t=BEGIN + timedelta(seconds=n), e=int(BEGIN.timestamp()) + n, n=n, s=s) + "\n"
            for n, s in enumerate(states)
        )
    )
    clock, tally = LogClock(), Tally()
    found = list(entries(path, "auto", clock, tally))
    assert [standard_level(level) for _, level, _ in found] == ["INFO"] * 50 + ["WARN"] * 5 + ["ERROR"] * 5
    assert [clock.seconds(time) for time, _, _ in found] == [int(BEGIN.timestamp()) + n for n in range(60)]
    assert found[55][2].startswith(b"GET ")
    assert found[55][2].endswith(b"/cart/55 server error")


def test_a_stack_trace_belongs_to_its_line(tmp_path):
    """Lines of a trace are no records, not even those with something like a time, and no line is lost."""
    trace = "java.net.ConnectException: refused\n\tat app.Store.open(Store.java:3)\nCaused by: java.io.IOException: no route\n\t... 3 more\n"
    text = "".join(
        f"{BEGIN + timedelta(seconds=10 * n):%Y-%m-%d %H:%M:%S},099 ERROR [main] app.Cart - cannot reach store\n{trace}"
        for n in range(40)
    )
    (tmp_path / "app.log").write_text(text)
    tally = Tally()
    assert len(list(entries(tmp_path / "app.log", "auto", LogClock(), tally))) == 40
    assert (tally.lines, tally.continued, tally.used) == (200, 160, 40)


def test_zones_by_name_are_heeded(tmp_path):
    """PostgreSQL's PST is eight hours behind; a name with several meanings is asked about."""
    line = "2024-03-04 10:00:{n:02d}.123 {zone} [77] bob@shop {level}:  statement took long\n"
    for zone, hour in (("PST", 18), ("CET", 9)):
        (tmp_path / "pg.log").write_text(
            "".join(line.format(n=n, zone=zone, level="ERROR" if n > 30 else "LOG") for n in range(60))
        )
        clock = LogClock()
        found = list(entries(tmp_path / "pg.log", "auto", clock, Tally()))
        assert clock.seconds(found[0][0]) == int(BEGIN.replace(hour=hour).timestamp())
        assert [standard_level(level) for _, level, _ in found[29:33]] == ["INFO", "INFO", "ERROR", "ERROR"]
    (tmp_path / "pg.log").write_text("".join(line.format(n=n, zone="IST", level="LOG") for n in range(60)))
    with pytest.raises(UserError, match=r"data\.timezone"):
        list(build("data", {"name": "logs", "path": str(tmp_path / "pg.log")}).frames())


def test_a_year_that_is_not_there_is_that_of_the_file(command, tmp_path):
    """Glog writes no year: the date of the file says it, which is told; data.year goes before it."""
    path = tmp_path / "k.log"
    path.write_text(
        "".join(
            f"I{BEGIN + timedelta(seconds=5 * n):%m%d %H:%M:%S}.243000    1234 worker.go:18] order {n}\n"
            for n in range(400)
        )
    )
    for year, written in ((2024, datetime(2024, 3, 5, tzinfo=UTC)), (2023, datetime(2024, 1, 5, tzinfo=UTC))):
        os.utime(path, (written.timestamp(), written.timestamp()))
        code, out, _ = command("experiment=log_metrics", "data.path=k.log", "hindsight=false")
        said = " ".join(out.split())
        assert code == 0
        assert f"the times have no year, {year} is taken" in said
        assert f"{year}-03-04 10:00" in said
    out = command("experiment=log_metrics", "data.path=k.log", "data.year=2019", "hindsight=false")[1]
    assert "2019-03-04 10:00" in " ".join(out.split())
    assert "have no year" not in out


def test_the_end_of_february_and_of_a_year(tmp_path):
    """A 29th of February lies in a leap year, and a log across New Year in two years."""
    path = tmp_path / "k.log"
    for text, written, dates in (
        (("0229 10:00:00",), datetime(2026, 3, 1, tzinfo=UTC), [(2024, 2, 29)]),
        (
            ("1231 23:59:59", "0101 00:00:01"),
            datetime(2026, 1, 2, tzinfo=UTC),
            [(2025, 12, 31), (2026, 1, 1)],
        ),
    ):
        path.write_text("".join(f"I{time}.243000 1 x.go:1] order\n" for time in text))
        os.utime(path, (written.timestamp(), written.timestamp()))
        clock = LogClock(by_file=True)
        found = [clock.seconds(time) for time, _, _ in entries(path, "auto", clock, Tally())]
        assert [datetime.fromtimestamp(time, UTC).timetuple()[:3] for time in found] == dates


@pytest.mark.parametrize("seed", range(60))
def test_damaged_logs_are_told_of(tmp_path, seed):
    """Cut, mixed, binary or in another encoding: every line is counted, or one line says what is wrong."""
    import random

    random.seed(seed)
    text = random.choice(list(SHAPES.values())).encode()
    damage = [
        lambda b: b[: random.randrange(len(b))],
        lambda b: b.replace(b"\n", b"\r\n"),
        lambda b: b"\xef\xbb\xbf" + b,
        lambda b: b.decode().encode("utf-16"),
        lambda b: bytes(random.choice(b) for _ in range(3000)),
        lambda b: b[:2000] + bytes(random.randrange(256) for _ in range(500)) + b[2000:],
        lambda b: b"[" * 5000 + b,
        lambda _: b"",
    ]
    (tmp_path / "x.log").write_bytes(random.choice(damage)(text))
    tally = Tally()
    told = []
    try:
        told = list(entries(tmp_path / "x.log", "auto", LogClock(), tally))
    except UserError as error:
        lines = str(error).splitlines()
    else:
        lines = ["all counted"] if len(told) == tally.used else []
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("name", "called"),
    [("gelf", "x.json"), ("array", "x.json"), ("logfmt", "x.txt"), ("rfc5424", "messages")],
)
def test_a_log_is_known_by_what_it_holds(command, tmp_path, name, called):
    """Whatever a file of log lines is called, its path is enough."""
    (tmp_path / called).write_text(SHAPES[name])
    code, _, err = command(called if "." in called else f"./{called}", "hindsight=false")
    assert code == 0, err
    assert "experiment=log_metrics" in err


TIMED = {
    "nginx": '10.0.0.1 - - [{t:%d/%b/%Y:%H:%M:%S} +0000] "GET /a HTTP/1.1" 200 {size} "-" "curl/8.1" {took:.3f}',
    "nginx, named": '10.0.0.1 - - [{t:%d/%b/%Y:%H:%M:%S} +0000] "GET /a HTTP/1.1" 200 {size} "-" "curl" rt={took:.3f} uct="0.001"',
    "traefik": '10.0.0.1 - - [{t:%d/%b/%Y:%H:%M:%S} +0000] "GET /a HTTP/1.1" 200 {size} "-" "-" 5 "web@docker" "http://10.0.0.2" {ms}ms',
    "envoy": '[{t:%Y-%m-%dT%H:%M:%S}.123Z] "GET /a HTTP/1.1" 200 - 0 {size} {ms} 2 "-" "curl" "x" "shop" "10.0.0.1:80"',
    "haproxy": 'lb haproxy[7]: 10.0.0.1:4 [{t:%d/%b/%Y:%H:%M:%S}.123] web~ app/s1 0/0/1/5/{ms} 200 {size} - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1"',
    "alb": 'https {t:%Y-%m-%dT%H:%M:%S}.186641Z app/lb/5 10.0.0.1:28 10.0.0.2:80 0.001 {took:.3f} 0.000 200 200 34 {size} "GET https://shop/a HTTP/1.1" "curl" - -',
    "json": '{{"time_iso8601": "{t:%Y-%m-%dT%H:%M:%S}+00:00", "status": 200, "request": "GET /a HTTP/1.1", "bytes_sent": {size}, "request_time": {took:.3f}}}',
    "pino-http": '{{"level": 30, "time": {e}000, "req": {{"method": "GET", "url": "/a"}}, "res": {{"statusCode": 200}}, "bytes": {size}, "responseTime": {ms}}}',
}


@pytest.mark.parametrize("name", TIMED)
def test_bytes_and_durations_of_requests(tmp_path, name):
    """In every minute: the sum of the bytes, and the median and 95th percentile of the duration, within 2 %."""
    import numpy as np

    took = np.random.default_rng(1).integers(20, 900, size=(60, 30))
    took[40:43] *= 5
    text = "".join(
        TIMED[name].format(
            t=(t := BEGIN + timedelta(seconds=60 * row + 2 * n)),
            e=int(t.timestamp()),
            size=100 * row + n,
            took=ms / 1000,
            ms=ms,
        )
        + "\n"
        for row in range(60)
        for n, ms in enumerate(took[row])
    )
    (tmp_path / "access.log").write_text(text)
    (frame,) = build("data", {"name": "logs", "path": str(tmp_path / "access.log"), "step": "1m"}).frames()
    columns = dict(zip(frame.metrics, frame.values.T, strict=True))
    assert (columns["bytes"] == [30 * 100 * row + 435 for row in range(60)]).all()
    for share in (50, 95):
        wanted = np.quantile(took / 1000, share / 100, axis=1, method="inverted_cdf")
        assert np.allclose(columns[f"duration_p{share}"], wanted, rtol=0.02)


@pytest.mark.parametrize(
    ("more", "level"),
    [
        ({"msg": "m", "pid": 7, "hostname": "h", "v": 1}, "WARN"),
        ({"message": "m", "pid": 7, "hostname": "h"}, "WARN"),
        ({"msg": "m"}, "WARN"),
        ({"msg": "m", "level_name": "ERROR"}, "ERROR"),
        ({"message": "m"}, "ERROR"),
        ({"message": "m", "logger": "app.pay"}, "ERROR"),
        ({"msg": "m", "levelname": "ERROR"}, "ERROR"),
        ({"message": "m", "levelname": "WARNING"}, "WARN"),
        ({"msg": "m", "lineno": 12, "funcName": "pay"}, "ERROR"),
        ({"msg": "m", "threadName": "MainThread"}, "ERROR"),
    ],
)
def test_forty_is_a_warning_of_pino_and_an_error_of_python(more, level):
    """Both write numbers; which it is show a name beside it, or the other names of the record."""
    record = {"time": "2024-03-04T10:00:00Z", "level": 40, **more}
    assert standard_level(json_lines(json.dumps(record).encode())[1]) == level
