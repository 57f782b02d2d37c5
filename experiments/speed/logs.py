"""Log lines a second, counted and classified on one core, and the memory that it takes.

python experiments/speed/logs.py               # four minutes; prints the table, writes logs.csv beside it

The lines come through a pipe, as from `kubectl logs -f`. Each number is CPU time of a process of its own, from its
first line to its last; loading the model and the libraries is not in it.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sre_anomaly.config.build import build
from sre_anomaly.dataset import Table
from sre_anomaly.logs.classify import classify_lines
from sre_anomaly.logs.clock import LogClock
from sre_anomaly.logs.counting import LogCounts
from sre_anomaly.logs.formats import pattern
from sre_anomaly.logs.lines import Tally, lines_of
from sre_anomaly.tabular.model import fit_classes
from sre_anomaly.tabular.model_folder import load_table_model, save_table_model

HERE = Path(__file__).parent
WORKS = {
    "count": 0,
    "classify": 0,
    "classify, a new word in each line": 1,
    "classify, twelve new words in each line": 12,
}
"""What is done, and how many words of each line were never seen before."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MESSAGES = (
    ("INFO", "Served block blk_{n} to /10.{a}.{b}.7"),
    ("INFO", "PacketResponder {a} for block blk_{n} terminating"),
    ("INFO", "user {word} logged in from 10.{a}.{b}.9 port {n}"),
    ("INFO", "GET /api/v1/items/{n} HTTP/1.1 status: 200 len: {a} time: 0.{n}"),
    ("INFO", "request {uuid} finished in {a} ms"),
    ("INFO", "cache hit ratio 0.{a}, {n} entries"),
    ("INFO", "session {hex} opened for {word}"),
    ("WARN", "slow query took {n} ms on shard {a}"),
    ("WARN", "retrying connect to node{a}.cluster.local:{b}, attempt {a}"),
    ("WARN", "request {uuid} timed out after {a} ms"),
    ("ERROR", "failed to renew lease for {hex}: connection refused"),
    ("ERROR", "exception while reading block blk_{n} of {word}"),
)
"""Level and message; most are lines of trouble-free work."""


def new_word(number: int) -> str:
    """Return a word of seven letters, another for each number below eight thousand million."""
    mixed = number * 2654435761 % 26**7
    return "".join(LETTERS[mixed // 26**place % 26] for place in range(7))


def some_lines(rows: int, new_words: int = 0) -> Iterator[str]:
    """Yield lines with a time, a level and a message; identifiers differ from line to line."""
    draw = np.random.default_rng(0)
    words = [f"{a}{b}" for a in ("alpha", "beta", "gamma", "delta") for b in ("one", "two", "three")]
    numbers = draw.integers(0, 250, (rows, 4))
    which = draw.choice(len(MESSAGES), rows, p=[0.12] * 7 + [0.032] * 5)
    for row, (message, (a, b, c, d)) in enumerate(zip(which.tolist(), numbers.tolist(), strict=True)):
        level, text = MESSAGES[message]
        second = row * 86400 // rows
        unique = uuid.UUID(int=(row * 2654435761 % 2**64) << 64 | c << 32 | d)
        named = "".join(f" {new_word(row * new_words + place)}" for place in range(new_words))
        filled = text.format(n=row * 7919, a=a, b=b, word=words[c % 12], uuid=unique, hex=unique.hex[:12])
        yield f"2024-03-01 {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d},{a:03d} {level} {filled}{named}\n"


def model_folder(folder: Path) -> Path:
    """Teach a model the messages and leave it in a folder."""
    rows = [line.split(" ", 3)[2:] for line in some_lines(5000)]
    table = Table(
        "lines",
        texts={"message": np.array([text.strip() for _, text in rows], dtype=object)},
        target=np.array([level for level, _ in rows], dtype=object),
    )
    model = fit_classes(table, build("text", {"name": "tfidf"}), build("classifier", {"name": "logistic"}))
    model.about = {"names": {"text": "tfidf", "classifier": "logistic"}}
    save_table_model(model, folder / "model")
    return folder / "model"


def count() -> int:
    """Count the lines of a pipe by template and level."""
    split, clock, tally, counts = (
        pattern("<Date> <Time> <Level> <Content>"),
        LogClock(),
        Tally(),
        LogCounts(60),
    )
    entries = (entry for line in lines_of(sys.stdin.buffer, tally) if (entry := split(line)) is not None)
    counts.add(entries, clock, tally)
    _, _, values = counts.metrics("pipe", 20, 0.5)
    assert values[:, 0].sum() == tally.used
    return tally.used


def classify(folder: Path) -> int:
    """Classify the messages of a pipe."""
    model, split, tally = load_table_model(folder), pattern("<Date> <Time> <Level> <Content>"), Tally()
    entries = (entry for line in lines_of(sys.stdin.buffer, tally) if (entry := split(line)) is not None)
    return sum(1 for _ in classify_lines((entry[2] for entry in entries), model))


def work(what: str, folder: Path) -> None:
    """Do one of the two with what comes through the pipe, and print lines a second and the most memory in MB."""
    # The first answers load and compile what the rest will need.
    list(classify_lines([new_word(number).encode() for number in range(1000)], load_table_model(folder)))
    before = time.process_time()
    lines = count() if what == "count" else classify(folder)
    taken = time.process_time() - before
    print(lines, lines / taken, most_memory())


def most_memory() -> float:
    """Return the most MB that this process has held, as Linux counts it; NaN elsewhere."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    return (
        next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        / 1024
    )


def main() -> None:
    """Measure all, print the table and write it beside this file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--work", choices=WORKS, help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(asked.work, asked.model)
        return
    table = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = model_folder(folder)
        for what, new_words in WORKS.items():
            for rows in (asked.rows // 4, asked.rows):
                file = folder / "some.log"
                with file.open("w") as stream:
                    stream.writelines(some_lines(rows, new_words))
                words = [sys.executable, __file__, "--work", what, "--model", str(model)]
                with subprocess.Popen(["cat", str(file)], stdout=subprocess.PIPE) as pipe:
                    done = subprocess.run(
                        words, stdin=pipe.stdout, check=True, capture_output=True, text=True
                    )
                lines, speed, memory = done.stdout.split()
                table.append([what, lines, round(float(speed)), float(memory).__round__(1)])
                print(f"{what}: {lines} lines, {float(speed):,.0f} a second, {float(memory):.0f} MB at most")
    with (HERE / "logs.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([["what", "lines", "lines_a_second", "most_memory_mb"], *table])


if __name__ == "__main__":
    main()
