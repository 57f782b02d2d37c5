"""Whoever waits for a large file sees how far it is, and afterwards how fast it was."""

import pytest

from sre_anomaly import sources
from sre_anomaly.config.build import build
from sre_anomaly.io.files import pieces
from sre_anomaly.logs import lines


@pytest.fixture
def slow(monkeypatch):
    """Take everything for slow."""
    monkeypatch.setattr(sources, "SLOW_S", -1.0)
    monkeypatch.setattr(sources, "OFTEN_S", 0.0)


def read(name, path):
    shown = []
    with sources.shown_by(shown.append):
        next(iter(build("data", {"name": name, "path": str(path)}).frames()))
    return shown


@pytest.mark.usefixtures("slow")
def test_a_table_says_how_far_it_is(tmp_path, monkeypatch, capsys):
    """In per cent of its bytes; rows a second at the end."""
    monkeypatch.setattr(pieces, "LARGE", 0)
    monkeypatch.setattr(pieces, "ROWS", 100)
    path = tmp_path / "m.csv"
    path.write_text(
        "time,cpu\n" + "".join(f"2024-03-04 {n // 60:02}:{n % 60:02},{n % 7}\n" for n in range(999))
    )
    assert f"reading {path}: 100%" in read("csv", path)
    assert "sre-anomaly: 999 rows in 0 s (" in capsys.readouterr().err


@pytest.mark.usefixtures("slow")
def test_a_log_says_how_far_it_is(tmp_path, monkeypatch, capsys):
    """By the bytes that lie on disk."""
    monkeypatch.setattr(lines, "BLOCK", 1000)
    path = tmp_path / "app.log"
    path.write_text("".join(f"2024-03-04 {n // 60:02}:{n % 60:02}:00 INFO served {n}\n" for n in range(999)))
    shown = read("logs", path)
    shares = [int(text.partition(": ")[2].rstrip("%")) for text in shown]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    assert "sre-anomaly: 999 lines in 0 s (" in capsys.readouterr().err


def test_a_small_file_says_nothing(tmp_path, capsys):
    """Nobody waits for it."""
    path = tmp_path / "app.log"
    path.write_text("".join(f"2024-03-04 {n // 60:02}:{n % 60:02}:00 INFO served {n}\n" for n in range(999)))
    assert read("logs", path) == []
    assert capsys.readouterr().err == ""
