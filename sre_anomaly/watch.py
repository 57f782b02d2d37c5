"""``sre-anomaly monitor``: points come in as lines, what a trained model says of them goes out as lines."""

import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from io import FileIO
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from sre_anomaly.errors import DataError, UserError, did_you_mean
from sre_anomaly.points import AGAIN, LONGEST, BrokenLineError, PointReader, chunks, follow, split_lines
from sre_anomaly.records import Alert

if TYPE_CHECKING:
    from sre_anomaly.monitor import Monitor, Result

KEYS = ("model", "input", "follow", "only", "state", "every", "format")
CHOICES = {"only": ("alerts",), "format": ("json", "csv"), "follow": ("true", "false")}
COUNTS = ("ok", "warming up", "missing", "late", "repeated", "early", "broken", "blank", "header")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def watch(
    words: list[str],
    load: "Callable[[str], Monitor] | None" = None,
    stdin: BinaryIO | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> None:
    """Answer the points of a pipe or a file as they come, until it ends, or until SIGTERM or SIGINT (exit code 130).

    With ``state=FILE`` an alert that is open at the end stays so for the next run; without, it is closed.

    Raises
    ------
    UserError
        If a word is wrong, or the model, the input or the state cannot be used.
    """
    settings = _settings(words)
    if load is None:
        from sre_anomaly.monitor import load_monitor

        load = load_monitor
    failure: OSError | None = None
    with _signals() as heard:
        stopped, every = heard.__len__, int(settings["every"])
        teller = Teller(stdout or sys.stdout, stderr or sys.stderr, only_alerts=settings["only"] == "alerts")
        monitor = load(settings["model"])
        save = _keeper(settings["state"], monitor, teller)
        reader = PointReader(monitor.metrics, settings["format"])
        try:
            with _opened(settings["input"], stdin) as stream:
                tail = settings["follow"] == "true"
                # Where the input is no finished file, somebody may wait for each answer.
                teller.flush = tail or not os.path.isfile(settings["input"] or 0)  # noqa: PTH113 - 0 is no path
                pieces = follow(settings["input"], stopped, teller.say) if tail else chunks(stream, stopped)
                for points in _answers(split_lines(pieces, stopped), reader, monitor, teller, heard):
                    if points % every == 0:
                        save()
            if not settings["state"] and not heard:
                teller.write(map(json.dumps, teller.events(monitor.finish())))
            teller.stdout.flush()
        except OSError as error:
            failure = error  # The reader of our output (head, less) has left, or a disk is full or gone.
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), teller.stdout.fileno())
        saved = save()
    if isinstance(failure, BrokenPipeError):
        return
    teller.say(teller.summary())
    if failure or not saved:
        raise UserError(f"monitor: reading or writing has failed: {failure or settings['state']}")
    if heard[:1] == [signal.SIGINT]:
        sys.exit(128 + signal.SIGINT)


def _answers(
    lines: Iterator[bytes | str], reader: PointReader, monitor: "Monitor", teller: "Teller", heard: list[int]
) -> Iterator[int]:
    """Read, answer and count line after line; yield the number of points so far after each."""
    number, points, counts = 0, 0, teller.counts
    for line in lines:
        if heard:
            return
        if line is AGAIN:
            number = 0
            continue
        number += 1
        try:
            if isinstance(line, str):
                raise BrokenLineError(f"longer than {LONGEST:,} bytes")
            point = reader.read(line)
            if type(point) is str:
                counts[point] += 1
                continue
            result = monitor.update(*point)
        except (ValueError, OverflowError) as error:
            counts["broken"] += 1
            teller.stderr.write(f"line {number}: {' '.join(str(error).split())[:300]}\n")
            continue
        counts[result.status] += 1
        points += 1
        teller.tell(result)
        yield points


def _settings(words: list[str]) -> dict[str, str]:
    settings = dict.fromkeys(KEYS, "") | {"every": "1000"}
    for word in words:
        key, _, value = ("follow=true" if word == "--follow" else word).partition("=")
        if key not in settings:
            raise UserError(f"monitor: no key is called {key!r}; {did_you_mean(key, settings)}")
        if not value or value not in CHOICES.get(key, (value,)):
            raise UserError(f"{key}={value}: write {key}={'|'.join(CHOICES.get(key, ('...',)))}")
        settings[key] = value
    if not settings["model"]:
        raise UserError("monitor: name the model of a run, for example model=outputs/latest/model")
    if not settings["every"].isdecimal() or int(settings["every"]) < 1:
        raise UserError(f"every={settings['every']}: save the state after how many points? 1 or more")
    if settings["follow"] == "true" and not settings["input"]:
        raise UserError("follow=true: name the file with input=FILE; a pipe is read until it ends anyway")
    if not (folder := Path(settings["state"]).absolute().parent).is_dir():
        raise UserError(f"state={settings['state']}: there is no folder {folder}")
    return settings


def _opened(name: str, stdin: BinaryIO | None) -> Any:
    try:
        return FileIO(name) if name else stdin or sys.stdin.buffer
    except (OSError, AttributeError) as error:
        raise DataError(f"input={name}: {getattr(error, 'strerror', 'standard input is closed')}") from None


def _keeper(name: str, monitor: "Monitor", teller: "Teller") -> Callable[[], bool]:
    """Go on from the state, if there is one; return what saves it and says whether that went well."""

    def save() -> bool:
        if name:
            teller.stdout.flush()  # A point is not remembered before its answer has left.
            try:
                monitor.save(name)
            except (OSError, UserError) as error:
                teller.say(f"state={name}: cannot be saved ({error})")
                return False
        return True

    if name and Path(name).exists():
        monitor.restore(name)
        teller.since = inf
        teller.say(f"going on from {name}")
    return save


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGTERM and SIGINT, so that the present point is finished; the third of them ends at once."""
    heard: list[int] = []

    def hear(number: int, _frame: object) -> None:
        heard.append(number)
        if len(heard) > 2:  # Launchers may send one twice in a row.
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT) if main}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Teller:
    """Writes points and alert events as lines of JSON, and counts them."""

    def __init__(self, stdout: TextIO, stderr: TextIO, *, only_alerts: bool) -> None:
        self.stdout, self.stderr, self.only_alerts, self.flush = stdout, stderr, only_alerts, False
        self.counts: Counter[str] = Counter()
        self.open: set[int] = set()
        self.opened = 0
        # Alerts that fired before this were told by the run that saved the state.
        self.since = -inf

    def say(self, text: str) -> None:
        """Write a line for people."""
        self.stderr.write(f"sre-anomaly: {text}\n")

    def write(self, lines: Iterable[str]) -> None:
        """Write lines for programs."""
        for line in lines:
            print(line, file=self.stdout, flush=self.flush)

    def tell(self, result: "Result") -> None:
        """Write what a row brought."""
        events = self.events(result.alerts, result.time) if result.alerts else []
        if self.only_alerts:
            self.write(map(json.dumps, events))
            return
        # By hand: json.dumps takes as long as all the rest.
        line = (
            f'{{"time": "{iso(result.time)}", "status": "{result.status}", "score": {_number(result.score)}, '
        )
        line += f'"level": {_number(result.level)}, "flag": {"true" if result.flag else "false"}'
        if result.status == "warming up":
            line += f', "seen": {result.seen}, "needed": {result.needed}'
        self.write((line + (f', "alerts": {json.dumps(events)}}}' if events else "}"),))

    def events(self, alerts: Sequence[Alert], time: float = inf) -> list[dict[str, Any]]:
        """Return what happened to alerts; one that opens and closes at the same row has two events."""
        told = []
        self.since = min(self.since, time)
        for alert in alerts:
            if alert.id not in self.open and alert.fired >= self.since:
                self.opened += 1
                told.append(_event("opened", alert))
            elif not alert.closed:
                told.append(_event("changed", alert))
            self.open.add(alert.id)
            if alert.closed:
                self.open.discard(alert.id)
                told.append(_event("closed", alert))
        return told

    def summary(self) -> str:
        """Return how many lines there were of each kind."""
        told = ", ".join(f"{self.counts[kind]} {kind}" for kind in COUNTS).replace(" ok", " points answered")
        return f"{self.counts.total()} lines read: {told}; {self.opened} alerts, {len(self.open)} open"


def _event(name: str, alert: Alert) -> dict[str, Any]:
    times = {each: iso(getattr(alert, each)) for each in ("start", "fired", "end", "peak")}
    peaks = {each: json.loads(_number(getattr(alert, each))) for each in ("peak_score", "peak_level")}
    told = {"event": name, "id": int(alert.id), **times, **peaks, "flags": int(alert.flags)}
    return told | {"metric": alert.metric, "reason": alert.reason}


def _number(value: float) -> str:
    return str(value) if isfinite(value) else "null"


def iso(time: int) -> str:
    """Return ns since 1970 as ISO 8601, UTC.

    Examples
    --------
    >>> iso(1_500_000_000)
    '1970-01-01T00:00:01.5Z'
    """
    seconds, rest = divmod(int(time), 1_000_000_000)
    text = (EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
    return f"{text}.{rest:09d}".rstrip("0") + "Z" if rest else f"{text}Z"
