"""Lines of many more loggers, none of which is named to the project: time with its zone, level and message of each."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from sre_anomaly.logs.clock import LogClock
from sre_anomaly.logs.files import entries
from sre_anomaly.logs.levels import standard_level
from sre_anomaly.logs.lines import Tally

BEGIN = datetime(2024, 3, 4, 10, tzinfo=UTC)
RECORDS = [
    (
        BEGIN + timedelta(seconds=5 * n),
        "ERROR" if 60 <= n < 70 else "WARN" if n % 20 == 7 else "INFO",
        f"order {n} accepted",
    )
    for n in range(100)
]
MYSQL = {"INFO": "Note", "WARN": "Warning", "ERROR": "ERROR"}
POSTGRES = {"INFO": "LOG", "WARN": "WARNING", "ERROR": "ERROR"}
SERILOG = {"INFO": "INF", "WARN": "WRN", "ERROR": "ERR"}
WINDOWS = {"INFO": 4, "WARN": 3, "ERROR": 2}
DAY = "%Y-%m-%d %H:%M:%S"


def _later(time, hours):
    return (time + timedelta(hours=hours)).strftime(DAY)


LINES = {
    # A number or a word in the place of the level is none.
    "mariadb": lambda t, level, text: f"{t:{DAY}} 0 [{MYSQL[level]}] {text}",
    "mysql": lambda t, level, text: (
        f"{t:%Y-%m-%dT%H:%M:%S}.243123Z 0 [{MYSQL[level]}] [MY-010116] [Server] {text}"
    ),
    "go": lambda t, level, text: f"{t:%Y/%m/%d %H:%M:%S} {level}: {text}",
    # What stands behind a time is a part of it.
    "offset": lambda t, level, text: f"{_later(t, 1)} +0100 {level} {text}",
    "offset of two digits": lambda t, level, text: f"{_later(t, -3)}.243 -03 [77] {POSTGRES[level]}:  {text}",
    "zone": lambda t, level, text: f"{_later(t, -8)} PST {level} {text}",
    "bracketed offset": lambda t, level, text: f"[{_later(t, 2)} +02:00] [{level}] {text}",
    # A time that does not come first, or that nothing parts from what follows.
    "cassandra": lambda t, level, text: f"{level:<5} [main] {t:{DAY}},243 Server.java:12 - {text}",
    "celery": lambda t, level, text: f"[{t:{DAY}},243: {level}/MainProcess] {text}",
    "elastic": lambda t, level, text: f"[{t:%Y-%m-%dT%H:%M:%S},243][{level:<5}][o.e.n.Node] [node-1] {text}",
    "colons": lambda t, level, text: f"{t:{DAY}},243:{level}:api.worker:{text}",
    "bars": lambda t, level, text: f"{t:{DAY}}.2430|{level}|Shop.Cart|{text}",
    "rails": lambda t, level, text: f"{level[0]}, [{t:%Y-%m-%dT%H:%M:%S}.243123 #7]  {level:>5} -- : {text}",
    "tomcat": lambda t, level, text: f"{t:%d-%b-%Y %H:%M:%S}.243 {level} [main] org.x.Y {text}",
    "serilog": lambda t, level, text: f"{t:{DAY}}.243 +00:00 [{SERILOG[level]}] {text}",
    "dots": lambda t, level, text: f"{t:%d.%m.%Y %H:%M:%S} {level} {text}",
    # Lines inside lines.
    "glog in containerd": lambda t, level, text: (
        f"{t:%Y-%m-%dT%H:%M:%S}.243123456Z stderr F {level[0]}{t:%m%d %H:%M:%S}.243000 1 worker.go:88] {text}"
    ),
    "json in containerd": lambda t, level, text: (
        f"{t:%Y-%m-%dT%H:%M:%S}.243Z stdout F " + json.dumps({"level": level.lower(), "msg": text})
    ),
    "json in docker": lambda t, level, text: json.dumps(
        {"log": json.dumps({"level": level, "msg": text}) + "\n", "stream": "stdout", "time": f"{t:{DAY}}"}
    ),
    "pods": lambda t, level, text: f"[pod/api-7d/api] {t:%Y-%m-%dT%H:%M:%S}.243Z {level} {text}",
    # Names of parts.
    "mongodb": lambda t, level, text: json.dumps(
        {"t": {"$date": f"{t:%Y-%m-%dT%H:%M:%S}.243+00:00"}, "s": level[0], "c": "NETWORK", "msg": text}
    ),
    "serilog json": lambda t, level, text: json.dumps(
        {"@t": f"{t:%Y-%m-%dT%H:%M:%S}Z", "@mt": text} | ({} if level == "INFO" else {"@l": level})
    ),
    "hclog": lambda t, level, text: json.dumps(
        {"@level": level.lower(), "@message": text, "@timestamp": f"{t:%Y-%m-%dT%H:%M:%S}.243000Z"}
    ),
    "capitals": lambda t, level, text: json.dumps(
        {"TIMESTAMP": f"{t:%Y-%m-%dT%H:%M:%S}Z", "LEVEL": level, "MESSAGE": text}
    ),
    "windows": lambda t, level, text: json.dumps(
        {
            "TimeCreated": f"/Date({int(t.timestamp()) * 1000})/",
            "Level": WINDOWS[level],
            "RecordId": 7,
            "Message": text,
        }
    ),
}


def _read(tmp_path, text):
    (tmp_path / "service.log").write_text(text)
    clock, tally = LogClock(), Tally()
    return [
        (clock.seconds(time), standard_level(level), message.decode())
        for time, level, message in entries(tmp_path / "service.log", "auto", clock, tally)
    ], tally


@pytest.mark.parametrize("name", LINES)
def test_time_level_and_message(tmp_path, name):
    """Each record has its second in UTC and its level, and none is lost."""
    found, _ = _read(tmp_path, "".join(f"{LINES[name](*record)}\n" for record in RECORDS))
    assert [(time, level) for time, level, _ in found] == [
        (int(t.timestamp()), level) for t, level, _ in RECORDS
    ]
    assert all(text in message for (_, _, message), (_, _, text) in zip(found, RECORDS, strict=True))


def test_an_article_is_no_level(tmp_path):
    """Where most lines have no level, a first word that could be one is a word of the message."""
    texts = ["order 5 accepted", "A user logged in", "failure is no option", "1 order accepted"] * 20
    found, _ = _read(
        tmp_path, "".join(f"2024-03-04 10:00:{n % 60:02d} {text}\n" for n, text in enumerate(texts))
    )
    assert [(level, message) for _, level, message in found] == [(None, text) for text in texts]


def test_services_that_share_a_log(tmp_path):
    """What the first format leaves over is read by its own."""
    lines = []
    for t, level, text in RECORDS:
        lines.append(f"web-1  | {t:{DAY}},243 - app - {level} - {text}")
        lines.append(
            f'lb-1   | 10.0.0.1 - - [{t:%d/%b/%Y:%H:%M:%S} +0000] "GET /a HTTP/1.1" {503 if level == "ERROR" else 200} 5 "-" "-"'
        )
        lines.append(
            "api-1  | " + json.dumps({"time": f"{t:%Y-%m-%dT%H:%M:%S}Z", "level": level, "msg": text})
        )
    found, tally = _read(tmp_path, "\n".join(lines))
    assert len(found) == 300 == tally.used
    assert sum(level == "ERROR" for _, level, _ in found) == 30


TRACES = {
    "java": "java.net.ConnectException: refused\n\tat app.Store.open(Store.java:3)\nCaused by: java.io.IOException: no route\n\t... 3 more",
    "python": 'Traceback (most recent call last):\n  File "/app/x.py", line 3, in run\n    raise ValueError("x")\nValueError: x',
    "python, chained": 'Traceback (most recent call last):\n  File "/app/x.py", line 3, in run\n    1/0\nZeroDivisionError: by zero\n\n'
    "During handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n"
    '  File "/app/y.py", line 3, in run\n    raise PaymentTimeout("a")\nshop.PaymentTimeout: gateway took 3 s',
    "go": "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.run(0xc000)\n\t/app/main.go:12 +0x1d",
    "node": "Error: connect ECONNREFUSED 10.0.0.1:5432\n    at afterConnect (node:net:1300:16) {\n  errno: -111\n}",
    "dotnet": "System.InvalidOperationException: no store\n ---> System.IO.IOException: no route\n   at Shop.Store.Open() in /app/Store.cs:line 3\n"
    "   --- End of inner exception stack trace ---\n   at Shop.Cart.Place()",
    "php": "PHP Fatal error:  Uncaught Exception: no store in /app/x.php:3\nStack trace:\n#0 /app/x.php(7): run()\n  thrown in /app/x.php on line 3",
}
WRAPPED = {
    "plain": lambda _, line: line,
    "containerd": lambda time, line: f"{time} stderr F {line}",
    "compose": lambda _, line: f"web-1  | {line}",
    "docker": lambda time, line: json.dumps({"log": line + "\n", "stream": "stderr", "time": time}),
}


@pytest.mark.parametrize("wrapped", WRAPPED)
@pytest.mark.parametrize("name", TRACES)
def test_a_trace_is_one_error(tmp_path, name, wrapped):
    """A trace belongs to the error before it; after a line that says nothing of it, it is an error of its own."""
    for level, records, errors in (("ERROR", 60, 60), ("INFO", 70, 10)):
        lines = []
        for n in range(60):
            time = f"2024-03-04T10:{n:02d}:00Z"
            trace = TRACES[name].split("\n") if n >= 50 else []
            lines += [WRAPPED[wrapped](time, line) for line in (f"{time} {level} cannot reach store", *trace)]
        found, _ = _read(tmp_path, "\n".join(lines))
        assert (len(found), sum(one[1] == "ERROR" for one in found)) == (records, errors)


def test_errors_one_after_the_other_are_not_one(tmp_path):
    """Lines that each name an error, without a trace, are counted each."""
    lines = [f"2024-03-04T10:{n:02d}:00Z stdout F order {n} accepted" for n in range(30)]
    lines += [f"2024-03-04T10:{n:02d}:00Z stderr F Error: gateway timed out" for n in range(30, 50)]
    found, _ = _read(tmp_path, "\n".join(lines))
    assert [level for _, level, _ in found] == [None] * 30 + ["ERROR"] * 20


def test_a_line_cut_in_pieces_is_one_record(tmp_path):
    """What containerd cuts into pieces (P, the last F) is counted once."""
    lines = []
    for n in range(40):
        lines += [
            f"2024-03-04T10:{n:02d}:00Z stdout P ERROR part one",
            f"2024-03-04T10:{n:02d}:00Z stderr F INFO fine",
            f"2024-03-04T10:{n:02d}:00Z stdout P ERROR part two",
            f"2024-03-04T10:{n:02d}:00Z stdout F WARN part three",
        ]
    found, tally = _read(tmp_path, "\n".join(lines))
    assert [level for _, level, _ in found] == ["ERROR", "INFO"] * 40
    assert (tally.lines, tally.used, tally.continued) == (160, 80, 80)
