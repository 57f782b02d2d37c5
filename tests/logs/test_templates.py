"""Masks and templates: what varies is left out, and lines of one message meet in one template."""

import csv
import os
from pathlib import Path

import pytest

from sre_anomaly.evaluation.table.classification import grouping_accuracy
from sre_anomaly.logs.masking import mask, plain_words
from sre_anomaly.logs.recent import Recent
from sre_anomaly.logs.templates import UNKNOWN, TemplateMiner

MASKED = {
    "listening on 10.0.0.7:8080": "listening on <*>",
    "open /var/lib/data/x.db failed": "open <*> failed",
    r"load C:\Windows\x.dll now": "load <*> now",
    "GET https://example.org/a?b=1 done": "GET <*> done",
    "id 550e8400-e29b-41d4-a716-446655440000 gone": "id <*> gone",
    "at 0xdeadbeef in 25 ms": "at <*> in <*>",
    "block blk_-1608999687919862906 lost": "block blk_<*> lost",
    "sent 1190 bytes (1.16 KB) back": "sent <*> back",
    "no number here": "no number here",
}


@pytest.mark.parametrize("message", MASKED)
def test_what_varies_is_masked(message):
    """Numbers, addresses, paths and identifiers are masked, words are not."""
    assert mask(message) == MASKED[message]


def test_plain_words_of_compounds():
    """Compounds are taken apart and everything is lower case."""
    assert plain_words("HTTPServer refused readTimeout=30") == "http server refused read timeout"


def test_lines_of_one_message_share_a_template():
    """Lines that differ in words at one place meet in one template, others do not."""
    miner = TemplateMiner()
    lines = [
        b"user alice logged in from host alpha after check",
        b"user alice logged in from host gamma after check",
        b"disk full",
    ]
    assert [miner.add(line) for line in lines] == [0, 0, 1]
    assert miner.templates[0] == "user alice logged in from host <*> after check"


def test_asking_again_gives_the_same():
    """A known line keeps its number, and matching without learning finds it too."""
    miner = TemplateMiner()
    first = [miner.add(f"job {n} of queue {name} done".encode()) for n, name in enumerate("abcabc")]
    again = [miner.add(f"job {n} of queue {name} done".encode()) for n, name in enumerate("abcabc")]
    assert first == again
    assert miner.match(b"job 99 of queue a done") == first[0]
    assert miner.match(b"nothing of the kind was ever seen") == UNKNOWN


def test_templates_come_back_from_what_was_learned():
    """Restored templates match as before."""
    miner = TemplateMiner()
    lines = [b"open file a now please", b"open file b now please", b"close 7"]
    numbers = [miner.add(line) for line in lines]
    other = TemplateMiner().restore(miner.learned())
    assert other.templates == miner.templates
    assert [other.match(line) for line in lines] == numbers


def test_free_text_does_not_fill_the_memory():
    """Beyond the most templates allowed, new ones are -1 and known ones still found."""
    miner = TemplateMiner(most=3)
    words = ["alpha", "beta", "gamma", "delta", "epsilon"]
    numbers = [miner.add(f"{word} {word} {word}".encode()) for word in words]
    assert numbers == [0, 1, 2, UNKNOWN, UNKNOWN]
    assert miner.add(b"beta beta beta") == 1


def test_odd_messages_have_a_template():
    """An empty message, no letters and other encodings are messages too."""
    miner = TemplateMiner()
    numbers = [miner.add(line) for line in (b"", b"1 2 3", "größer".encode("latin-1"), b"x" * 100_000)]
    assert numbers == [0, 1, 2, 3]


def test_recent_forgets_the_oldest():
    """It never holds more than its size."""
    recent = Recent(10)
    for number in range(1000):
        recent.keep(number, number)
        assert len(recent) <= 10
    assert 999 in recent


def test_grouping_accuracy_wants_whole_groups():
    """A group that lacks a line, or has one too many, counts nothing."""
    assert grouping_accuracy([1, 1, 2, 3], ["a", "a", "b", "b"]) == 0.5
    assert grouping_accuracy([1, 1, 1], ["a", "a", "b"]) == 0.0
    assert grouping_accuracy([5, 7], ["x", "y"]) == 1.0


@pytest.mark.parametrize(("system", "least"), [("HDFS", 0.99), ("OpenStack", 0.85), ("Thunderbird", 0.95)])
def test_templates_of_loghub(needs, system, least):
    """One configuration finds the templates of very different systems."""
    needs("loghub")
    with (Path(os.environ["SRE_ANOMALY_DATA"]) / "loghub" / system / f"{system}_2k.log_structured.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    miner = TemplateMiner()
    found = [miner.add(row["Content"].encode()) for row in rows]
    assert grouping_accuracy(found, [row["EventId"] for row in rows]) >= least
