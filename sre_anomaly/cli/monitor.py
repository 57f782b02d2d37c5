"""``sre-anomaly monitor``: points come in as lines, what a trained model says of them goes out as lines."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from io import FileIO
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

from sre_anomaly.clock import nanoseconds, parse_duration
from sre_anomaly.errors import DataError, UserError, did_you_mean
from sre_anomaly.live.counters import CounterRates
from sre_anomaly.live.notify import Notifier
from sre_anomaly.live.points import AGAIN, LONGEST, BrokenLineError, PointReader, chunks, follow, split_lines
from sre_anomaly.live.prometheus_poll import PROMETHEUS, SETTLED, poll

if TYPE_CHECKING:
    from sre_anomaly.live.alertmanager import Alertmanager
    from sre_anomaly.live.monitor import Monitor
    from sre_anomaly.remediation.responder import Responder

KEYS = ("model", "input", "wait", "follow", "only", "state", "every", "format", "alertmanager", "remediation")
SAVE_SECONDS = 10.0
LONGEST_WAIT = timedelta(days=1)
CHOICES = {"only": ("alerts",), "format": ("json", "csv"), "follow": ("true", "false")}


def monitor_points(
    words: list[str],
    load: "Callable[[str], Monitor] | None" = None,
    stdin: BinaryIO | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> None:
    """Answer the points of a pipe or a file as they come, until it ends, or until SIGTERM or SIGINT (exit code 130).

    With ``state=FILE``, saved at each alert and every ten seconds, an alert that is open at the end stays so for the next
    run; without, it is closed. With
    ``alertmanager=URL`` alerts are told there too, with ``remediation=FILE`` they set off what its rules say.

    Raises
    ------
    UserError
        If a word is wrong, or the model, the input or the state cannot be used.
    """
    settings = _settings(words)
    if load is None:
        from sre_anomaly.live.monitor import load_monitor

        load = load_monitor
    failure: OSError | None = None
    with _signals() as heard:
        stopped, every = heard.__len__, int(settings["every"])
        notifier = Notifier(
            stdout or sys.stdout, stderr or sys.stderr, only_alerts=settings["only"] == "alerts"
        )
        monitor = load(settings["model"])
        notifier.alertmanager = _alertmanager(settings["alertmanager"], monitor, notifier)
        notifier.responder = _responder(settings["remediation"], monitor, notifier)
        save = _keeper(settings["state"], monitor, notifier)
        reader = PointReader(monitor.metrics, settings["format"])
        rates = _rates(settings["input"], monitor, notifier)
        try:
            with _opened(settings["input"], stdin) as stream:
                tail = settings["follow"] == "true"
                # Where the input is no finished file, somebody may wait for each answer.
                notifier.flush = tail or not os.path.isfile(settings["input"] or 0)  # noqa: PTH113 - 0 is no path
                if settings["input"] == PROMETHEUS:
                    pieces: Iterator[bytes | None] = poll(
                        monitor, stopped, notifier.say, wait=_wait_of(settings["wait"])
                    )
                else:
                    pieces = (
                        follow(settings["input"], stopped, notifier.say) if tail else chunks(stream, stopped)
                    )
                saved_at = time.monotonic()
                for points in _answers(split_lines(pieces, stopped), reader, rates, monitor, notifier, heard):
                    if points % every == 0 or notifier.news or time.monotonic() - saved_at > SAVE_SECONDS:
                        save()
                        saved_at = time.monotonic()
            if not settings["state"] and not heard:
                notifier.write(map(json.dumps, notifier.events(monitor.finish())))
            notifier.stdout.flush()
        except OSError as error:
            failure = error  # The reader of our output (head, less) has left, or a disk is full or gone.
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), notifier.stdout.fileno())
        saved = save()
        notifier.close()
    if isinstance(failure, BrokenPipeError):
        return
    notifier.say(notifier.summary())
    if failure or not saved:
        raise UserError(f"monitor: reading or writing has failed: {failure or settings['state']}")
    if heard[:1] == [signal.SIGINT]:
        sys.exit(128 + signal.SIGINT)


def _answers(
    lines: Iterator[bytes | str],
    reader: PointReader,
    rates: CounterRates,
    monitor: "Monitor",
    notifier: "Notifier",
    heard: list[int],
) -> Iterator[int]:
    """Read, answer and count line after line; yield the number of points so far after each."""
    number, points, counts = 0, 0, notifier.counts
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
            if isinstance(point, str):
                counts[point] += 1
                continue
            result = monitor.update(*rates.of(point))
        except (ValueError, OverflowError) as error:
            counts["broken"] += 1
            notifier.stderr.write(f"line {number}: {' '.join(str(error).split())[:300]}\n")
            continue
        counts[result.status] += 1
        points += 1
        notifier.tell(result)
        yield points


def _rates(name: str, monitor: "Monitor", notifier: "Notifier") -> CounterRates:
    """Return what makes rates of raw counters; a Prometheus is asked for what the model learned already."""
    counters = [] if name == PROMETHEUS else monitor.model.about.get("counters", [])
    if counters:
        notifier.say(f"counters, of which the rate a second is watched: {', '.join(counters)}")
    return CounterRates(counters, monitor.model.step)


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
    if settings["wait"] and settings["input"] != PROMETHEUS:
        raise UserError(f"wait={settings['wait']}: only input=prometheus waits; leave it out")
    _wait_of(settings["wait"])
    if settings["follow"] == "true" and not settings["input"]:
        raise UserError("follow=true: name the file with input=FILE; a pipe is read until it ends anyway")
    if not (folder := Path(settings["state"]).absolute().parent).is_dir():
        raise UserError(f"state={settings['state']}: there is no folder {folder}")
    return settings


def _wait_of(text: str) -> int:
    """Return how long after a data point's time a Prometheus is asked for it, in ns."""
    try:
        wait = parse_duration(text) if text else timedelta(microseconds=SETTLED // 1000)
    except ValueError as error:
        raise UserError(f"wait={text}: {error}") from None
    if wait > LONGEST_WAIT:
        raise UserError(f"wait={text}: is longer than a day; write one such as 5s or 1m")
    return nanoseconds(wait)


def _opened(name: str, stdin: BinaryIO | None) -> Any:
    try:
        return nullcontext() if name == PROMETHEUS else FileIO(name) if name else stdin or sys.stdin.buffer
    except (OSError, AttributeError) as error:
        raise DataError(f"input={name}: {getattr(error, 'strerror', 'standard input is closed')}") from None


def _keeper(name: str, monitor: "Monitor", notifier: "Notifier") -> Callable[[], bool]:
    """Go on from the state, if there is one; return what saves it and says whether that went well."""

    def save() -> bool:
        if name:
            notifier.stdout.flush()  # A point is not remembered before its answer has left.
            try:
                monitor.save(name)
            except (OSError, UserError) as error:
                notifier.say(f"state={name}: cannot be saved ({error})")
                return False
        return True

    if name and Path(name).exists():
        monitor.restore(name)
        notifier.since = inf
        notifier.say(f"going on from {name}")
    return save


def _alertmanager(url: str, monitor: "Monitor", notifier: Notifier) -> "Alertmanager | None":
    if not url:
        return None
    from sre_anomaly.live.alertmanager import Alertmanager

    return Alertmanager(url, monitor.model.about.get("experiment", ""), notifier.say)


def _responder(name: str, monitor: "Monitor", notifier: Notifier) -> "Responder | None":
    if not name:
        return None
    from sre_anomaly.remediation.responder import open_responder
    from sre_anomaly.remediation.rules import ALERTED

    return open_responder(name, ALERTED, monitor.metrics, "metric", notifier.say, monitor.model.step)


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
