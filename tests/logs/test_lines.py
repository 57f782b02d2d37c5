"""Log lines in a stream: read, dated, counted; nothing lost without being counted."""

import gzip
import io
import json
import tracemalloc
from datetime import timedelta

import numpy as np
import pytest

from sre_anomaly.data.logs import Logs, _too_few
from sre_anomaly.errors import ConfigError, DataError
from sre_anomaly.logs.classify import LineClassifier, classify_lines
from sre_anomaly.logs.clock import LogClock
from sre_anomaly.logs.files import entries, in_time_order, log_files
from sre_anomaly.logs.formats import pattern
from sre_anomaly.logs.levels import standard_level
from sre_anomaly.logs.lines import BLOCK, LONGEST, Tally, lines_of
from sre_anomaly.logs.shapes.objects import json_lines
from sre_anomaly.table.logs import LogTable


def _line(minute, level="INFO", message="request 1 served"):
    return f"2024-03-01 {minute // 60:02d}:{minute % 60:02d}:07,123 {level} {message}\n"


def _frame(path, **settings):
    return next(Logs(str(path), **{"step": timedelta(minutes=1), **settings}).frames())


def test_lines_are_counted_into_one_kind_each():
    """Blank, long and binary lines are counted and left out, other encodings are read."""
    content = b"good\n\n" + b"x" * (LONGEST + 1) + b"\n\0\1\2\ncaf\xe9\n" + "größe".encode() + b"\r\nlast"
    tally = Tally()
    lines = list(lines_of(io.BytesIO(content), tally))
    assert lines == [b"good", b"caf\xe9", "größe".encode(), b"last"]
    assert (tally.lines, tally.blank, tally.long, tally.binary, tally.other_encoding) == (7, 1, 1, 1, 1)
    assert tally.used == 4


@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_a_line_of_megabytes_costs_no_memory(size):
    """However long a line, it is one counted line, and the next is read as if nothing had been."""
    tally = Tally()
    stream = io.BytesIO(b"before\n" + b"y" * size + b"\nafter\n")
    tracemalloc.start()
    lines = list(lines_of(stream, tally))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == [b"before", b"after"]
    assert (tally.lines, tally.long) == (3, 1)
    assert most < 5 * BLOCK


def test_lines_do_not_depend_on_the_blocks():
    """Read a byte at a time or all at once: the same lines."""

    class Dripping(io.BytesIO):
        def read1(self, size=-1):
            return super().read1(min(size, 3))

    content = b"one\r\ntwo\n\nthree and more\nfour"
    assert list(lines_of(Dripping(content), Tally())) == list(lines_of(io.BytesIO(content), Tally()))


TIMES = {
    b"2015-10-18 18:01:47,978": 1445191307,
    b"2015-10-18T18:01:47.978Z": 1445191307,
    b"2015-10-18T20:01:47+02:00": 1445191307,
    b"081109 203615": 1226262975,
    b"17/06/09 20:10:40": 1497039040,
    b"Sun Dec 04 04:47:44 2005": 1133671664,
    b"2005-06-03-15.42.50.675872": 1117813370,
    b"20171223-22:15:29:606": 1514067329,
    b"10/Oct/2000:13:55:36 -0700": 971211336,
    b"1117838570": 1117838570,
    b"1117838570123": 1117838570,
    b"03-17 16:13:38.811": 1710692018,
    b"Jun 14 15:16:01": 1718378161,
    b"10.30 16:49:06": 1730306946,
    b"yesterday": None,
    b"2015-13-18 18:01:47": None,
    b"": None,
}


@pytest.mark.parametrize("text", TIMES)
def test_times_of_many_kinds_of_log(text):
    """Each way of writing a time is read to the second, twice alike."""
    clock = LogClock(year=2024)
    assert clock.seconds(text) == TIMES[text]
    assert clock.seconds(text) == TIMES[text]


def test_a_year_has_to_be_given_and_goes_on():
    """Times without a year are refused without one; after December comes the next year's January."""
    with pytest.raises(DataError, match=r"write data\.year=2024"):
        LogClock().seconds(b"Jun 14 15:16:01")
    clock = LogClock(year=2023)
    before, after = clock.seconds(b"Dec 31 23:59:59"), clock.seconds(b"Jan 01 00:00:00")
    assert after - before == 1


def test_time_zone():
    """Times without an offset are in the zone that was given; a wrong name is told."""
    assert LogClock("Europe/Berlin").seconds(b"2024-07-01 02:00:00") == LogClock().seconds(
        b"2024-07-01 00:00:00"
    )
    with pytest.raises(ConfigError, match="no time zone is called"):
        LogClock("Mars/Base")


def test_patterns():
    """A pattern takes a line apart; a line that is otherwise is none."""
    split = pattern("[<Time>] [<Level>] <Content>")
    assert split(b"[Sun Dec 04 04:47:44 2005] [error] it is [bad]") == (
        b"Sun Dec 04 04:47:44 2005",
        b"error",
        b"it is [bad]",
    )
    assert split(b"something else") is None
    with pytest.raises(ConfigError, match="names no <Content>"):
        pattern("<Date> <Time>")
    with pytest.raises(ConfigError, match="stands twice"):
        pattern("<Time> <Time> <Content>")


WRITTEN = {
    "with a level": ("2024-03-01 10:00:07,123 WARN disk slow", (b"WARN", b"disk slow")),
    "web server": ("[Sun Dec 04 04:47:44 2005] [error] it failed", (b"error", b"it failed")),
    "phone": ("03-17 16:13:38.811  1702  2395 D Window: shown", (b"D", b"Window: shown")),
    "syslog": ("Jun 14 15:16:01 combo sshd[19939]: check pass", (b"", b"check pass")),
    "comma": ("2016-09-28 04:30:30, Info   CBS  loaded", (b"Info", b"CBS  loaded")),
    "file first": (
        "nova.log.1 2017-05-16 00:00:00.008 2574 INFO nova.api [req-1 - -] GET /v2 done",
        (b"INFO", b"GET /v2 done"),
    ),
    "json": ('{"time": "2024-03-01T10:00:07Z", "level": "info", "msg": "up"}', (b"info", b"up")),
}


@pytest.mark.parametrize("case", WRITTEN)
def test_well_known_formats_are_recognised(tmp_path, case):
    """Without being told, the level and the message of common kinds of log are found."""
    line, expected = WRITTEN[case]
    (tmp_path / "x.log").write_text(f"{line}\n" * 20)
    clock, tally = LogClock(year=2024), Tally()
    found = list(entries(tmp_path / "x.log", "auto", clock, tally))
    assert {entry[1:] for entry in found} == {expected}
    assert all(clock.seconds(entry[0]) for entry in found)


def test_json_lines_of_many_kinds():
    """Names of fields differ; what is no object or has no message is no entry."""
    line = json.dumps({"@timestamp": 1700000000, "severity": "WARNING", "message": "ä"}).encode()
    assert json_lines(line) == (b"1700000000", b"WARNING", "ä".encode())
    assert [json_lines(bad) for bad in (b"[1]", b"{", b'{"a": 1}', b"[" * 100_000)] == [None] * 4
    assert json_lines(b'{"msg": "\\ud800"}') == (b"", b"", b"?")


def test_levels():
    """Many names, three levels; any other word is none."""
    assert [standard_level(name) for name in (b"D", b"Info", b"WARNING", b"SEVERE", b"50", b"combo", b"\xff")] == [
        "INFO", "INFO", "WARN", "ERROR", "ERROR", None, None,
    ]  # fmt: skip


@pytest.fixture
def rotated(tmp_path):
    """Return a folder of three files whose names are in another order than their times."""
    folder = tmp_path / "app"
    folder.mkdir()
    with gzip.open(folder / "app.log.2.gz", "wt") as file:
        file.writelines(_line(minute) for minute in range(10))
    (folder / "app.log.1").write_text("".join(_line(minute) for minute in range(10, 20)))
    (folder / "app.log").write_text("".join(_line(minute) for minute in range(20, 30)))
    (folder / ".hidden").write_text("no log")
    return folder


def test_rotated_files_in_time_order(rotated):
    """Rotated and compressed files are read as they were written, and make one clock."""
    names = [path.name for path in in_time_order(log_files(rotated), "auto", LogClock())]
    assert names == ["app.log.2.gz", "app.log.1", "app.log"]
    frame = _frame(rotated)
    assert len(frame) == 30
    assert (frame.values[:, frame.metrics.index("lines")] == 1).all()
    assert frame.values[:, frame.metrics.index("new_templates")].tolist() == [1.0] + [0.0] * 29


def test_a_pattern_finds_the_files_that_it_names(rotated):
    """Rotated and packed files by a pattern, also in folders below; the log is called as its files begin."""
    (rotated / "other.log").write_text("no log at all\n" * 9)
    frame = _frame(rotated / "app.log*")
    assert frame.name == "app"
    assert len(frame) == 30
    assert frame.values[:, frame.metrics.index("lines")].sum() == 30
    assert log_files(rotated.parent / "**" / "*.gz") == [rotated / "app.log.2.gz"]


def test_a_short_log_says_what_would_help():
    """Too few rows to tell are told with a smaller step, and with one no smaller than there is."""
    few = _too_few(10, 60)
    assert few.startswith("its lines fill only 10 steps of 1 min")
    assert "such as data.step=10s, or read more" in few
    assert "data.step" not in _too_few(30, 1)


def test_burst_silence_and_new_message(tmp_path):
    """Each shows in the metric that is meant for it."""
    lines = [_line(minute) for minute in range(60) for _ in range(5) if minute != 40]
    lines += [_line(45, "ERROR", "disk of node n7 is broken") for _ in range(50)]
    (tmp_path / "app.log").write_text("".join(lines))
    frame = _frame(tmp_path / "app.log", templates=1)
    column = dict(zip(frame.metrics, frame.values.T, strict=True))
    assert frame.metrics == (
        "lines",
        "new_templates",
        "level_INFO",
        "level_ERROR",
        "rare_burst",
        "t0: request <*> served",
    )
    assert column["lines"][40] == 0
    assert column["lines"][45] == 55
    assert column["level_ERROR"][45] == 50
    assert column["rare_burst"][45] == 50
    assert column["new_templates"][45] == 1
    assert column["lines"].sum() == len(lines)


def test_counts_of_earlier_minutes_never_change(tmp_path):
    """Later lines change no count of an earlier minute, and nothing of which templates are chosen early on."""
    past = [_line(minute, message=f"kind {'abc'[minute % 3]} seen") for minute in range(60)]
    for name, extra in (("a", []), ("b", [_line(59, "ERROR", "all is lost") for _ in range(99)])):
        (tmp_path / f"{name}.log").write_text("".join(past + extra))
    first, second = _frame(tmp_path / "a.log"), _frame(tmp_path / "b.log")
    shared = [name for name in first.metrics if name in second.metrics]
    assert set(first.metrics) <= set(second.metrics)
    for name in shared:
        ours, theirs = (
            first.values[:59, first.metrics.index(name)],
            second.values[:59, second.metrics.index(name)],
        )
        assert (ours == theirs).all(), name


def test_every_line_of_a_broken_file_is_counted(tmp_path):
    """Stack traces, binary rubbish and lines without a time are left out and told."""
    content = "".join(_line(minute) for minute in range(30)).encode()
    content += (
        b"\tat java.lang.Thread.run(Thread.java:1)\n\0\0\n"
        + b"z" * 3_000_000
        + b"\n2024-99-99 00:00:00 INFO x y\n\n"
    )
    (tmp_path / "app.log").write_bytes(content)
    frame = _frame(tmp_path / "app.log", format="<Date> <Time> <Level> <Content>")
    told = " / ".join(frame.notes)
    assert "30 lines of 1 file(s)" in told
    for part in (
        "of 35 lines left out: blank",
        "longer than",
        "binary",
        "1 lines belong to the record before them",
        "with a time",
    ):
        assert part in told


REFUSED = {
    "nothing there": (None, {}, "is not there; did you mean 'app.log'?"),
    "empty": (b"", {}, "not one line could be used"),
    "binary": (bytes(range(256)) * 200, {}, "log"),
    "two-byte letters, no mark": ("2024-03-01 00:00:00 INFO x\n".encode("utf-16-le"), {}, "binary (a zero byte)"),
    "unknown format": (b"hello\nworld\n" * 10, {}, "the format of its lines is not known"),
    "no such format": (b"x\n", {"format": "jsn"}, "did you mean 'json'?"),
    "no times": (b"x y z w\n", {"format": "<Date> <Time> <Level> <Content>"}, "could be used"),
    "far apart": (b"2024-03-01 00:00:00 INFO a\n1971-03-01 00:00:00 INFO a\n", {"format": "<Date> <Time> <Level> <Content>", "step": timedelta(seconds=1)}, "is a time wrong"),
    "cut gzip": (gzip.compress(_line(1).encode() * 1000)[:-20], {"name": "app.log.gz"}, "cannot be read"),
    "packed": (b"\xfd7zXZ\n" * 9, {"name": "app.log.xz"}, "is packed as .xz"),
    "pattern of nothing": (b"x\n", {"name": "sub/app.log", "asked": "q*"}, "q* matches no file"),
    "only folders": (b"x\n", {"name": "sub/app.log", "asked": "."}, "/*/*'?"),
    "wrong folder": (b"x\n", {"name": "sub/app.log", "asked": "sup/app.log"}, "sup; did you mean 'sub'?"),
    "small letters": (b"x\n", {"format": "<time> <Content>"}, "<time> has to be written <Time>"),
    "four minutes": ("".join(map(_line, range(4))).encode(), {}, "fill only 4 steps of 1 min, too few to know what is usual; count in smaller steps, such as data.step=1s"),
    "csv without message": (b"a,b\n1,2\n", {"format": "csv"}, "has no column Content or message"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_logs_that_cannot_be_used(tmp_path, case):
    """Each gets one clear line that names the file or key."""
    content, settings, expected = REFUSED[case]
    settings = dict(settings)
    name = settings.pop("name", "app.log")
    asked = settings.pop("asked", name if content is not None else "ap.log")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"x" if content is None else content)
    with pytest.raises((DataError, ConfigError)) as refused:
        _frame(tmp_path / asked, **settings)
    assert expected in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_structured_csv(tmp_path):
    """The structured CSV of loghub is read by its column names; rows that are too short are counted."""
    (tmp_path / "x.csv").write_text(
        'LineId,Date,Time,Level,Content\n1,2024-03-01,"00:00:01,5",INFO,"a, b"\n2,2024-03-01\n3,2024-03-01,00:01:01,WARN,c\n'
    )
    tally = Tally()
    found = list(entries(tmp_path / "x.csv", "auto", LogClock(), tally))
    assert found == [(b"2024-03-01 00:00:01,5", b"INFO", b"a, b"), (b"2024-03-01 00:01:01", b"WARN", b"c")]
    assert (tally.lines, tally.unparsed) == (3, 1)


def test_every_detector_works_on_logs(command, tmp_path):
    """The preset runs from the command line, with its own detector and with another."""
    draw = np.random.default_rng(0)
    lines = [
        _line(minute, message=f"request {draw.integers(999)} served")
        for minute in range(600)
        for _ in range(draw.poisson(8))
    ]
    lines += [
        _line(minute, "ERROR", "disk of node n7 is broken") for minute in range(400, 404) for _ in range(80)
    ]
    (tmp_path / "app.log").write_text("".join(lines))
    for words in ([], ["detector=gaussian"]):
        code, out, err = command("experiment=log_metrics", "data.path=app.log", *words)
        assert code == 0, err
        assert "06:40" in out


def test_a_table_of_lines(tmp_path):
    """Message, level, template and time of each line with a level; the others are counted."""
    text = (
        _line(1)
        + _line(2, "ERROR", "disk 7 broken")
        + _line(3, "HOST", "odd")
        + _line(4, "WARN", "disk 8 broken")
    )
    (tmp_path / "app.log").write_text(text)
    table = LogTable(str(tmp_path / "app.log")).table()
    assert table.target.tolist() == ["INFO", "ERROR", "WARN"]
    assert table.texts["message"].tolist() == ["request 1 served", "disk 7 broken", "disk 8 broken"]
    assert table.group.tolist() == ["0", "1", "1"]
    assert (np.diff(table.time) > 0).all()
    assert any("1 lines without a known level" in note for note in table.notes)


NO_TABLE = {
    "nothing fits": ({"format": "<Date>_<Content>"}, "not one line could be used; 9 of 9 lines left out: not as table.format says, such as '2024"),
    "no level named": ({"format": "<Date> <Time> <Content>"}, "names no <Level>; write it where the level stands"),
    "another word": ({"format": "<Date> <Level> <Content>"}, "taken for it was '00:00:07,123' or '00:01:07,123'"),
    "one level": ({}, "all 9 lines with a level are INFO; there is nothing to predict"),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_TABLE)
def test_lines_that_make_no_table(tmp_path, case):
    """What is wrong with the lines or their pattern is told in one line, with the keys of the table."""
    settings, expected = NO_TABLE[case]
    (tmp_path / "app.log").write_text("".join(map(_line, range(9))))
    with pytest.raises(DataError) as refused:
        LogTable(str(tmp_path / "app.log"), **settings).table()
    assert expected in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_lines_beyond_the_most_are_told(tmp_path):
    """A table of the first lines says that there were more."""
    lines = [_line(minute, "WARN" if minute % 2 else "INFO") for minute in range(9)]
    (tmp_path / "app.log").write_text("".join(lines))
    told = LogTable(str(tmp_path / "app.log"), most=4).table().notes
    assert any("first 4 lines with a level were read (table.most)" in note for note in told)
    assert not LogTable(str(tmp_path / "app.log"), most=9).table().notes


class _Slow:
    """Counts how often it is asked."""

    classes = ("INFO", "WARN")
    asked = 0

    def proba_of_texts(self, texts):
        self.asked += len(texts)
        return np.array([[0.25, 0.75] if "slow" in text else [0.875, 0.125] for text in texts])


def test_classified_lines_keep_their_order_and_ask_once():
    """A million alike lines ask the model once; batches do not change the answers."""
    lines = [f"slow disk {n}".encode() if n % 3 else f"node 10.0.0.{n} ready".encode() for n in range(3000)]
    for batch in (1, 7, 5000):
        model = _Slow()
        found = list(classify_lines(iter(lines), model, batch))
        assert found == [("WARN", 0.75) if n % 3 else ("INFO", 0.875) for n in range(3000)]
        assert model.asked == 2


def test_classified_lines_may_be_rubbish():
    """Binary, empty, megabyte and mixed encodings get an answer each."""
    lines = [b"", b"\0\xff", b"z" * 3_000_000, "größe".encode("latin-1"), "größe".encode()]
    assert len(LineClassifier(_Slow()).answer(lines)) == len(lines)
    assert LineClassifier(_Slow()).answer([]) == []
