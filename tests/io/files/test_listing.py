"""Which files are read, and which of two presets a path alone chooses."""

from export_files import k6
from sre_anomaly.cli.main import main
from sre_anomaly.cli.run.path_alone import with_preset
from sre_anomaly.io.files.found import FORMATS


def test_every_format_is_listed(capsys):
    """sre-anomaly list formats names each, and how people come by it."""
    main(["list", "formats"])
    shown = capsys.readouterr().out
    assert all(one.name in shown and one.made_by in shown for one in FORMATS)


def test_content_wins_over_a_name_of_logs(tmp_path):
    """Lines of JSON that are measurements are not read as a log because of their ending; a log still is."""
    (tmp_path / "results.jsonl").write_text(k6())
    (tmp_path / "cpu.jsonl").write_text('{"time": "2024-03-20T00:00:00Z", "cpu": 40.5}\n')
    (tmp_path / "app.jsonl").write_text('{"time": "2024-03-20T00:00:00Z", "level": 30, "msg": "started"}\n')
    presets = {
        name: with_preset([str(tmp_path / name)])[0] for name in ("results.jsonl", "cpu.jsonl", "app.jsonl")
    }
    assert presets == {
        "results.jsonl": "experiment=csv",
        "cpu.jsonl": "experiment=csv",
        "app.jsonl": "experiment=log_metrics",
    }
