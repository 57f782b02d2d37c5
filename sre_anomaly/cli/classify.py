"""``sre-anomaly classify``: lines come in, the class of each goes out."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from sre_anomaly.errors import DataError, UserError, did_you_mean
from sre_anomaly.logs.classify import LineClassifier
from sre_anomaly.remediation.responder import open_responder
from sre_anomaly.remediation.rules import PREDICTED, Event
from sre_anomaly.tabular.model_folder import load_table_model

KEYS = {"model": "", "input": "", "only": "", "show": "all", "remediation": ""}
SHOWN = ("all", "class")
CHUNK = 1 << 16
LONGEST_LINE = 1 << 20
LONGEST_TOLD = 2000


def classify(words: list[str], stdin: BinaryIO | None = None, stdout: TextIO | None = None) -> None:
    """Write for each line of a pipe, a file or the command line its class, how sure that is, and the line itself.

    ``model=DIR`` is the model folder of a run; ``input=FILE`` reads a file instead of standard input; ``only=CLASS``
    leaves the lines of other classes out; ``show=class`` writes the class alone; with ``remediation=FILE`` they set
    off what its rules say. Any other word is a line itself.

    Raises
    ------
    UserError
        If a word is wrong, or the model or the input cannot be used.
    """
    settings, lines = _settings(words)
    model = load_table_model(Path(settings["model"]).expanduser())
    if not hasattr(model.learner, "classes_"):
        raise UserError(f"model={settings['model']}: predicts numbers, and classify predicts classes")
    if settings["only"] and settings["only"] not in model.classes:
        raise UserError(
            f"only={settings['only']}: no such class; {did_you_mean(settings['only'], model.classes)}"
        )
    classifier = LineClassifier(model)
    answerer = None
    if name := settings["remediation"]:
        answerer = open_responder(name, [PREDICTED], model.classes, "class", _say)
    out = stdout or sys.stdout
    told = blank = 0
    with _opened(settings["input"], stdin) as stream, closing(answerer) if answerer else nullcontext():
        for batch in iter([[line.encode() for line in lines]]) if lines else _batches(stream):
            kept = [line for line in batch if line.strip()]
            blank += len(batch) - len(kept)
            told += len(kept)
            answers = classifier.answer(kept)
            out.writelines(_told(kept, answers, settings))
            # Somebody may wait at the other end of the pipe.
            out.flush()
            if answerer:
                for event in predicted(kept, answers):
                    answerer.hear(event)
    if not told:
        raise DataError("classify: there was no line to classify")
    if blank:
        _say(f"{blank} empty line{'s were' if blank > 1 else ' was'} skipped")


def predicted(lines: Sequence[bytes], answers: Sequence[tuple[str, float]]) -> list[Event]:
    """Return an event for each class of lines that came together, with its surest line.

    Examples
    --------
    >>> [event.about["lines"] for event in predicted([b"a", b"b", b"c"], [("INFO", 0.7), ("WARN", 0.5), ("INFO", 0.9)])]
    [2, 1]
    """
    surest: dict[str, int] = {}
    for number, (name, sure) in enumerate(answers):
        if name not in surest or sure > answers[surest[name]][1]:
            surest[name] = number
    count = Counter(name for name, _ in answers)
    return [
        Event(PREDICTED, name, answers[at][1], about={
            "event": PREDICTED, "class": name, "probability": answers[at][1], "lines": count[name],
            "line": lines[at][:LONGEST_TOLD].decode(errors="replace"),
        })
        for name, at in surest.items()
    ]  # fmt: skip


def _say(text: str) -> None:
    sys.stderr.write(f"sre-anomaly: {text}\n")


def _told(
    lines: Sequence[bytes], answers: Sequence[tuple[str, float]], settings: dict[str, str]
) -> Iterator[str]:
    for line, (name, sure) in zip(lines, answers, strict=True):
        if settings["only"] in {"", name}:
            short = settings["show"] == "class"
            yield f"{name}\n" if short else f"{name}\t{sure:.3f}\t{line.decode(errors='replace')}\n"


def _settings(words: list[str]) -> tuple[dict[str, str], list[str]]:
    settings, lines = dict(KEYS), []
    for word in words:
        key, found, value = word.partition("=")
        if found and key in settings:
            settings[key] = value
        elif found and key.isidentifier() and " " not in word:
            raise UserError(f"classify: no key is called {key!r}; {did_you_mean(key, settings)}")
        elif os.path.isfile(word):  # noqa: PTH113 - Path.is_file fails at a line too long for a name
            raise UserError(f"classify: {word} is a file; write input={word} to classify its lines")
        else:
            lines.append(word)
    if not settings["model"]:
        raise UserError("classify: name the model of a run, for example model=outputs/latest/model")
    if settings["show"] not in SHOWN:
        raise UserError(f"show={settings['show']}: {did_you_mean(settings['show'], SHOWN)}")
    if lines and settings["input"]:
        raise UserError("classify: give lines on the command line or input=FILE, not both")
    return settings, lines


def _opened(name: str, stdin: BinaryIO | None) -> AbstractContextManager[BinaryIO]:
    try:
        # What was open before is not ours to close.
        return Path(name).expanduser().open("rb") if name else nullcontext(stdin or sys.stdin.buffer)
    except OSError as error:
        raise DataError(f"input={name}: cannot be read ({error.strerror})") from None


def _batches(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the lines that have come so far, as they come; a line longer than a megabyte is cut there."""
    rest = b""
    # The number beneath answers with what is there; the buffer above it would wait until it is full.
    number = None
    with suppress(OSError, AttributeError):
        number = stream.fileno()
    while piece := os.read(number, CHUNK) if number is not None else stream.read(CHUNK):
        *whole, rest = (rest + piece).split(b"\n")
        yield [line.rstrip(b"\r") for line in whole]
        if len(rest) > LONGEST_LINE:
            yield [rest]
            rest = b""
    if rest:
        yield [rest.rstrip(b"\r")]
