"""The monitor command: lines in, answers out, every line counted, nothing lost on the way down."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from io import BytesIO, StringIO
from math import isfinite, nan
from pathlib import Path
from types import SimpleNamespace

import pytest

from sre_anomaly.cli.monitor import monitor_points
from sre_anomaly.errors import UserError
from sre_anomaly.live.notify import Notifier
from sre_anomaly.live.points import AGAIN, TOO_LONG, BrokenLineError, PointReader, chunks, follow, split_lines
from sre_anomaly.records import Alert

MINUTE = 60_000_000_000
START = 1_706_709_600_000_000_000


class FakeMonitor:
    """Flags cpu above 90, warms up for two rows; an alert is open while rows are flagged."""

    metrics = ("cpu", "latency")
    model = SimpleNamespace(about={}, step=60 * 10**9)

    def __init__(self):
        self.last, self.seen, self.count, self.alert = -(2**63), 0, 0, None

    def update(self, moment, values):
        if isinstance(moment, str):
            stamp = datetime.fromisoformat(moment)
            moment = round(stamp.replace(tzinfo=stamp.tzinfo or UTC).timestamp()) * 1_000_000_000
        cpu = values.get("cpu", nan)
        assert all(type(value) is float for value in values.values())
        result = SimpleNamespace(
            time=moment, status="ok", score=nan, level=nan, flag=False, seen=0, needed=0, alerts=[]
        )
        if moment <= self.last:
            result.status = "repeated" if moment == self.last else "late"
            return result
        self.last = moment
        self.seen += 1
        if self.seen <= 2:
            result.status, result.seen, result.needed = "warming up", self.seen, 3
        elif not isfinite(cpu):
            result.status = "missing"
        else:
            result.score, result.level, result.flag = cpu, 90.0, cpu > 90
            if cpu > 90 and self.alert is None:
                self.count += 1
                self.alert = Alert(
                    self.count, moment, moment, moment + MINUTE, moment, cpu, 90.0, 1, reason="cpu is high"
                )
                result.alerts = [self.alert]
            elif cpu > 90:
                self.alert.flags += 1
                result.alerts = [self.alert]
            elif self.alert:
                result.alerts = self.finish()
        return result

    def finish(self):
        closed, self.alert = self.alert, None
        if closed:
            closed.closed = True
        return [closed] if closed else []

    def save(self, path):
        alert = self.alert and vars(self.alert)
        Path(path).write_text(json.dumps([self.last, self.seen, self.count, alert]))

    def restore(self, path):
        try:
            self.last, self.seen, self.count, alert = json.loads(Path(path).read_text())
        except ValueError:
            raise UserError(f"state={path}: is of another model") from None
        self.alert = Alert(**alert) if alert else None


class FailingMonitor(FakeMonitor):
    def save(self, path):
        raise OSError(28, "No space left on device", path)


def ask(data, *words, monitor=FakeMonitor):
    """Return what the command says of some bytes: points and events, complaints, and counts."""
    out, err = StringIO(), StringIO()
    stdin = BytesIO(data if isinstance(data, bytes) else data.encode())
    monitor_points(["model=m", *words], load=lambda _: monitor(), stdin=stdin, stdout=out, stderr=err)
    *complaints, summary = err.getvalue().splitlines()
    return [json.loads(line) for line in out.getvalue().splitlines()], complaints, counted(summary)


def counted(summary):
    counts = {name: int(count) for count, name in re.findall(r"(\d+) ([a-z ]+)", summary)}
    kinds = (
        "points answered", "warming up", "missing", "late", "repeated", "broken", "blank", "header"
    )  # fmt: skip
    assert counts["lines read"] == sum(counts[kind] for kind in kinds), summary
    return counts


def rows(*cpu, first=0):
    return "".join(
        json.dumps({"time": START // 10**9 + 60 * (first + row), "cpu": value}) + "\n"
        for row, value in enumerate(cpu)
    )


def test_json_lines_are_answered():
    """Every point has its line: warming up, a score, or null where there is none."""
    answers, complaints, counts = ask(rows(1, 2, 3.5, None, 95))
    assert not complaints
    assert answers[0] == {
        "time": "2024-01-31T14:00:00Z", "status": "warming up", "score": None, "level": None, "flag": False,
        "seen": 1, "needed": 3,
    }  # fmt: skip
    assert answers[2] == {
        "time": "2024-01-31T14:02:00Z", "status": "ok", "score": 3.5, "level": 90.0, "flag": False,
    }  # fmt: skip
    assert answers[3]["status"] == "missing"
    assert [event["event"] for event in answers[4]["alerts"]] == ["opened"]
    assert answers[5]["event"] == "closed"
    assert counts["points answered"] == counts["warming up"] == 2
    assert (counts["missing"], counts["alerts"], counts["open"]) == (1, 1, 0)


def test_csv_says_the_same_as_json():
    """The same points as CSV, with other separators, quotes and ends of lines, have the same answers."""
    expected, _, _ = ask(rows(1, 2, 3.5, None, 95))
    cells = ["1", '"2"', "3.5", "", "95.0"]
    for separator, end in ((",", "\n"), (";", "\r\n"), ("\t", "\n")):
        table = [["host", "Timestamp", "cpu", "other"]]
        table += [["web", f"2024-01-31T14:{row:02d}:00Z", cell, "words"] for row, cell in enumerate(cells)]
        text = "\ufeff" + end.join(separator.join(row) for row in table)
        answers, complaints, counts = ask(text)
        assert answers == expected
        assert not complaints
        assert counts["header"] == 1


def test_values_in_an_object_of_their_own():
    """Values may stand in an object; unknown ones are not looked at, whatever they are."""
    line = json.dumps({"time": "2024-01-31T14:00Z", "values": {"cpu": 1, "host": ["x"]}, "cpu": "no"})
    answers, complaints, _ = ask(line)
    assert (answers[0]["status"], complaints) == ("warming up", [])


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (1706709600, START),
        (1706709600.25, START + 250_000_000),
        ("1706709600123", START + 123_000_000),
        (1706709600123456, START + 123_456_000),
        (START + 7, START + 7),
        ("20240131T140000Z", "20240131T140000Z"),
        (" 2024-01-31 14:00 ", "2024-01-31 14:00"),
    ],
)
def test_units_of_time(moment, expected):
    """A number is time since 1970 in the unit of its size; anything else is the monitor's to read."""
    line = json.dumps({"ts": moment, "cpu": 1.0}).encode()
    assert PointReader(("cpu",)).read(line) == (expected, {"cpu": 1.0})


TIME = b'{"time": 1706709600, '
BROKEN_JSON = [
    (TIME, "not JSON"),
    (b"[1, 2]", "not an object"),
    (b'"text"', "not an object"),
    (b'{"cpu": 1}', "no time"),
    (b'{"time": null, "cpu": 1}', "no time"),
    (b'{"time": true, "cpu": 1}', "not a time"),
    (b'{"time": 12, "cpu": 1}', "no time since 1970"),
    (b'{"time": 1e999, "cpu": 1}', "no time since 1970"),
    (b'{"time": NaN, "cpu": 1}', "no time since 1970"),
    (b'{"time": "yesterday", "cpu": 1}', "Invalid isoformat"),
    (TIME + b'"cpu": "1"}', "cpu: '1' is not a finite number"),
    (TIME + b'"cpu": true}', "cpu: True is not"),
    (TIME + b'"cpu": {"a": 1}}', "cpu: {'a': 1} is not"),
    (TIME + b'"cpu": 1e999}', "cpu: inf is not"),
    (TIME + b'"cpu": -Infinity}', "cpu: -inf is not"),
    (TIME + b'"cpu": ' + b"9" * 400 + b"}", "cpu: 9999"),
    (TIME + b'"cpu": ' + b"9" * 5000 + b"}", "too long"),
    (TIME + b'"cpu": \xff}', "byte 29 is not UTF-8"),
    (b"[" * 100_000, "nested too deep"),
    (TIME + b'"x": "' + b"y" * 1_000_000 + b'"}', "longer than"),
]
BROKEN_CSV = [
    (b"2024-01-31T14:00Z,1", "2 cells, where the header has 3"),
    (b"2024-01-31T14:00Z,1,2,3", "4 cells"),
    (b",1,2", "no time"),
    (b"soon,1,2", "Invalid isoformat"),
    (b"2024-01-31T14:00Z,x,2", "cpu: 'x' is not a finite number"),
    (b"2024-01-31T14:00Z,1,1e999", "latency: '1e999' is not"),
    (b"2024-01-31T14:00Z,-inf,1", "cpu: '-inf' is not"),
    (b"2024-01-31T14:00Z,1_000,1", "cpu: '1_000' is not"),
    (b'2024-01-31T14:00Z,"1,1', "not CSV"),
    (b"2024-01-31T14:00Z,\xff,1", "byte 19 is not UTF-8"),
    (b"\0\0\0", "cells"),
]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_broken_lines_are_told_and_counted(form):
    """Each kind of broken line is told with its number and what is wrong, and the next point is answered."""
    good = b'{"time": 1706709600, "cpu": NaN}' if form == "json" else b"2024-01-31T14:00Z,nan,"
    cases = BROKEN_JSON if form == "json" else BROKEN_CSV
    first = [b""] if form == "json" else [b"time,cpu,latency"]
    lines = [line for bad, _ in cases for line in (bad, b"  ", good)]
    answers, complaints, counts = ask(b"\n".join([*first, good, *lines]))
    assert len(answers) == len(cases) + 1
    assert len(complaints) == counts["broken"] == len(cases)
    for number, (complaint, (_, reason)) in enumerate(zip(complaints, cases, strict=True)):
        assert complaint.startswith(f"line {3 + 3 * number}: ")
        assert reason in complaint
        assert len(complaint) < 320
    assert (counts["repeated"], counts["blank"] + counts["header"]) == (len(cases), len(cases) + 1)


def test_noise_before_the_header():
    """Lines that are neither JSON nor a header are broken, and the header after them is still found."""
    answers, complaints, counts = ask(b"\x80\x81\n# made by x\ntime,cpu\n2024-01-31T14:00Z,1\n")
    assert (len(answers), len(complaints), counts["header"], counts["broken"]) == (1, 2, 1, 2)


def test_a_second_header():
    """Two CSV files in one pipe are one stream, even when the columns of the second stand otherwise."""
    text = "time,cpu\n2024-01-31T14:00Z,1\ntime,cpu\n2024-01-31T14:01Z,2\ncpu,x,time\n3,y,2024-01-31T14:02Z\n"
    answers, complaints, counts = ask(text)
    assert (answers[-1]["score"], complaints, counts["header"]) == (3.0, [], 3)


def test_fuzz_counts_add_up():
    """Of ten thousand lines of every bad kind each is in exactly one count, and each answer is valid JSON."""
    dice = random.Random(0)
    values = [
        b"1", b"95.5", b"NaN", b"null", b"1e999", b"-Infinity", b'"x"', b"[]", b"true", b"9" * 500,
    ]  # fmt: skip
    times = [b"12", b'"x"', b"null", b"1e400", b'"2024-01-31"', b"{}"]

    def line(row):
        kind = dice.random()
        if kind < 0.1:
            return bytes(dice.randrange(256) for _ in range(dice.randrange(40))).replace(b"\n", b"")
        if kind < 0.15:
            return b" " * dice.randrange(3)
        step = row if kind < 0.7 else row - 1 if kind < 0.8 else dice.randrange(row + 1)
        moment = dice.choice(times) if kind < 0.25 else str(1706709600 + 60 * step).encode()
        pairs = [(b"time", moment), (b"cpu", dice.choice(values)), (b"latency", dice.choice(values[:4]))]
        if kind > 0.95:
            pairs.pop(dice.randrange(3))
        whole = b"{" + b", ".join(b'"' + key + b'": ' + value for key, value in pairs) + b"}"
        return whole[: dice.randrange(len(whole))] if 0.5 < kind < 0.55 else whole

    lines = [b"{}", *(line(row) for row in range(9_999))]
    answers, complaints, counts = ask(b"\n".join(lines) + b"\n")
    assert counts["lines read"] == 10_000
    assert len(complaints) == counts["broken"]
    assert (
        len([answer for answer in answers if "status" in answer])
        == 10_000 - counts["broken"] - counts["blank"]
    )
    assert min(counts[kind] for kind in ("points answered", "missing", "late", "repeated", "broken")) > 50
    table = b"\n".join([b"time,cpu,latency", *(each.strip(b"{}") for each in lines)])
    assert ask(table)[2]["lines read"] == 10_001


def test_a_line_without_end_needs_no_memory():
    """A line far longer than the limit is skipped piece by piece, whatever the size of the pieces."""
    long = (b"x" * 100_000 for _ in range(3_000))
    lines = split_lines((piece for part in (long, [b"\nab", b"c\n\nd"]) for piece in part), lambda: False)
    assert list(lines) == [TOO_LONG, b"abc", b"", b"d"]
    text = b"ab\n" + b"y" * 1_000_001 + b"\r\n\ncd\n"
    for size in (1, 7, 250_000):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        assert list(split_lines(pieces, lambda: False)) == [b"ab", TOO_LONG, b"", b"cd"]


def test_only_alerts():
    """With only=alerts there is a line for each event and none for a point."""
    events, _, counts = ask(rows(1, 1, 95, 96, 97, 1, 99, 1), "only=alerts")
    assert [(event["event"], event["id"]) for event in events] == [
        ("opened", 1), ("closed", 1), ("opened", 2), ("closed", 2),
    ]  # fmt: skip
    assert events[0] == {
        "event": "opened", "id": 1, "start": "2024-01-31T14:02:00Z", "fired": "2024-01-31T14:02:00Z",
        "end": "2024-01-31T14:03:00Z", "peak": "2024-01-31T14:02:00Z", "peak_score": 95.0, "peak_level": 90.0,
        "flags": 1, "metric": "", "reason": "cpu is high",
    }  # fmt: skip
    assert counts["alerts"] == 2


def test_state_goes_on(tmp_path):
    """Two runs with a state say what one run says: an alert that is open stays so and is not opened twice."""
    whole, _, _ = ask(rows(1, 1, 95, 96, 97, 1), "only=alerts")
    state = f"state={tmp_path / 'state.json'}"
    first, complaints, counts = ask(rows(1, 1, 95, 96), "only=alerts", state, "every=1")
    assert (complaints, counts["open"]) == ([], 1)
    second, complaints, _ = ask(rows(97, 1, first=4), "only=alerts", state)
    assert "going on from" in complaints[0]
    assert first + second == whole


def test_state_that_cannot_be_used(tmp_path):
    """A state of another model or without a folder is refused; one that cannot be saved is told at the end."""
    (tmp_path / "state").write_text("{}")
    with pytest.raises(UserError, match="another model"):
        ask(b"", f"state={tmp_path / 'state'}")
    with pytest.raises(UserError, match="there is no folder"):
        ask(b"", f"state={tmp_path / 'no' / 'state'}")
    with pytest.raises(UserError, match="has failed"):
        ask(rows(1, 2, 3), f"state={tmp_path / 'fresh'}", "every=2", monitor=FailingMonitor)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model=m", "inptu=x"], "did you mean 'input'"),
        (["model=m", "only=alert"], "only=alerts"),
        (["model=m", "format=xml"], "format=json|csv"),
        (["model=m", "every=0"], "every=0"),
        (["model=m", "state="], "state="),
        (["model=m", "follow=true"], "input=FILE"),
        (["model=m", "--fast"], "--fast"),
        (["model=m", "input=/nowhere.csv"], "No such file"),
        (["model=m", "input=/"], "directory"),
        ([], "model="),
    ],
)
def test_wrong_words(words, said):
    """A wrong word, a missing file or no model is one clear line."""
    with pytest.raises(UserError) as caught:
        monitor_points(
            words, load=lambda _: FakeMonitor(), stdin=BytesIO(), stdout=StringIO(), stderr=StringIO()
        )
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def test_follow_a_file_that_grows_and_is_replaced(tmp_path):
    """A followed file gives each line once: when it grows, is cut, is replaced, or is gone for a moment."""
    path, seen, told, stop = tmp_path / "log", [], [], threading.Event()
    path.write_bytes(b"a\nb")

    def read():
        seen.extend(split_lines(follow(path, stop.is_set, told.append), stop.is_set))

    thread = threading.Thread(target=read)
    thread.start()
    wait_for(lambda: seen == [b"a"])
    with path.open("ab") as file:
        file.write(b"b\nc\n")
    wait_for(lambda: seen == [b"a", b"bb", b"c"])
    path.write_bytes(b"d\n")
    wait_for(lambda: seen[3:] == [AGAIN, b"d"])
    with path.open("ab") as old:
        path.rename(tmp_path / "log.1")
        old.write(b"late\nhalf")
    path.write_bytes(b"new file, longer than the old one\nrest")
    wait_for(lambda: seen[5:] == [b"late", b"half", AGAIN, b"new file, longer than the old one"])
    stop.set()
    thread.join()
    assert len(seen) == 9, "the unfinished line may still grow"
    assert ["cut" in told[0], "replaced" in told[1]] == [True, True]


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_monitor import FakeMonitor
from sre_anomaly.cli.monitor import monitor_points
heavy = {{"pandas", "sklearn", "xgboost", "matplotlib", "hydra", "rich"}} & set(sys.modules)
assert not heavy, heavy
monitor_points(sys.argv[1:], load=lambda _: FakeMonitor())
"""


def start(tmp_path, *words, **pipes):
    code = SCRIPT.format(folder=str(Path(__file__).parent))
    return subprocess.Popen(
        [sys.executable, "-c", code, "model=m", *words],
        cwd=tmp_path,
        **({"stdin": -1, "stdout": -1, "stderr": -1} | pipes),
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_politely(tmp_path, number, code):
    """Answers come at once; a signal while it waits saves the state and prints the summary."""
    process = start(tmp_path, "state=state.json")
    process.stdin.write(rows(1, 2, 95).encode())
    process.stdin.flush()
    answers = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert answers[2]["flag"] is True
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, b""), err
    assert counted(err.decode())["open"] == 1
    assert json.loads((tmp_path / "state.json").read_text())[1] == 3


def test_an_alert_is_saved_before_anything_else_can_happen(tmp_path):
    """Whoever is killed right after an alert has opened goes on with it, however rarely the state is saved else."""
    process = start(tmp_path, "state=state.json", "every=100000")
    process.stdin.write(rows(1, 2, 95).encode())
    process.stdin.flush()
    deadline = time.monotonic() + 60
    saved = tmp_path / "state.json"
    while not saved.exists() or not saved.read_text().endswith("}]"):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    process.kill()
    process.communicate()


def test_following_until_sigterm(tmp_path):
    """A followed file of the command is answered as it grows, and line numbers start again with the file."""
    path = tmp_path / "in.jsonl"
    path.write_text(rows(1, 2))
    process = start(tmp_path, "input=in.jsonl", "--follow", stdin=subprocess.DEVNULL)
    assert [json.loads(process.stdout.readline())["seen"] for _ in range(2)] == [1, 2]
    fresh = tmp_path / "fresh"
    fresh.write_text("nonsense\n" + rows(3, first=2))
    fresh.rename(path)
    assert json.loads(process.stdout.readline())["score"] == 3.0
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"was replaced" in err
    assert b"\nline 1: not JSON" in err
    assert counted(err.decode().splitlines()[-1])["lines read"] == 4


def test_a_reader_that_leaves(tmp_path):
    """When nobody reads the answers any more it ends without a word, as after `| head`."""
    (tmp_path / "in.jsonl").write_text(rows(*range(20_000)))
    process = start(tmp_path, "input=in.jsonl", stdin=subprocess.DEVNULL)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_chunks_come_when_they_are_there():
    """What is in a pipe is given before the pipe ends."""
    end, start_ = os.pipe()
    with os.fdopen(end, "rb") as reading:
        pieces = chunks(reading, lambda: False)
        os.write(start_, b"ab")
        assert next(pieces) == b"ab"
        os.close(start_)
        assert list(pieces) == []


@pytest.mark.parametrize(
    ("peaks", "reasons", "written"),
    [
        ((100, 110, 119, 121, 130, 200), "cpu = {}, expected 5: {}% above", (100, 121, 200)),
        ((100, 101), ("cpu = 9: 2% above", "cpu = 1: 2% below"), (100, 101)),
        ((-10, -9, -8, -7), "cpu = {}", (-10, -8)),
    ],
)
def test_a_change_is_written_when_it_is_worth_reading(peaks, reasons, written):
    """A peak a fifth above the one last written is, however slowly it came there; so are other words than other numbers."""
    out, minute, at = StringIO(), 60 * 10**9, 1_706_709_600 * 10**9
    notifier = Notifier(out, StringIO(), only_alerts=True)
    for row, peak in enumerate(peaks):
        now = at + row * minute
        alert = Alert(1, at, now + minute, at, now, float(peak), 1.0, row + 1)
        alert.metric = "cpu"
        alert.reason = reasons.format(peak, peak) if isinstance(reasons, str) else reasons[row]
        notifier.tell(SimpleNamespace(time=now, alerts=[alert]))
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert tuple(event["peak_score"] for event in events) == written
    assert [event["event"] for event in events] == ["opened"] + ["changed"] * (len(written) - 1)


def test_points_that_are_all_old_are_explained():
    """One line says why nothing was answered, and what to do."""
    said = StringIO()
    notifier = Notifier(StringIO(), said, only_alerts=False)
    notifier.counts.update({"late": 7, "header": 1})
    assert "every data point is older than the model's history" in notifier.summary()
    notifier.counts["ok"] += 1
    assert "older" not in notifier.summary()


def test_cells_are_read_as_a_run_reads_them():
    """Units, commas between thousands and words for nothing are no broken lines."""
    reader = PointReader(("cpu", "rate"))
    reader.read(b"time,cpu,rate")
    line = b'2024-01-31T14:00Z,87.5%,"1,234"'
    assert reader.read(line)[1] == {"cpu": 87.5, "rate": 1234.0}
    values = reader.read(b"2024-01-31T14:01Z,n/a,-")[1]
    assert all(value != value for value in values.values())
    with pytest.raises(BrokenLineError, match="cpu: '5 GiB' has no unit like %"):
        reader.read(b"2024-01-31T14:02Z,5 GiB,1")


@pytest.mark.parametrize("word", ["wait=soon", "wait=2d", "wait=5s"])
def test_a_wait_that_cannot_be(word):
    """A wait that is none, is too long, or has nothing to wait for is refused."""
    source = [] if word == "wait=5s" else ["input=prometheus"]
    with pytest.raises(UserError, match=word):
        monitor_points(["model=x", word, *source])


def test_raw_counters_are_watched_as_rates(command, tmp_path):
    """A model that learned the rate of a counter hears raw values of it, and finds what a run finds; a reset is nothing."""
    import numpy as np
    import pandas as pd  # here: what the command itself imports is looked at above

    noise = np.random.default_rng(4)
    served = noise.poisson(3000, 1400).astype(float)
    served[1300:1310] *= 3
    total = served.cumsum()
    total[700:] -= total[700] - served[700]
    clock = pd.date_range("2024-03-04", periods=1400, freq="5min", tz="UTC")
    table = pd.DataFrame(
        {"time": clock.strftime("%Y-%m-%dT%H:%M:%SZ"), "http_requests_total": total.astype(int)}
    )
    table[:1200].to_csv(tmp_path / "past.csv", index=False)
    table[1199:].to_csv(tmp_path / "new.csv", index=False)
    assert command("experiment=csv", "data.path=past.csv", "forecaster=none", "hindsight=false")[0] == 0
    _, out, err = command("monitor", "model=outputs/latest/model", "input=new.csv", "only=alerts")
    assert "of which the rate a second is watched: http_requests_total" in err
    opened = [json.loads(line) for line in out.splitlines()]
    assert opened[0]["reason"].startswith("http_requests_total = 29.6/s, expected 9.9")
    assert "2024-03-08T12:2" in opened[0]["start"]
