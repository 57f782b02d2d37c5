"""What a run leaves behind, and what it leaves when something goes wrong."""

import json
import re

import pandas as pd
import pytest

from sre_anomaly.pipeline import runner

QUICK = (
    "data.days=14",
    "data.count=1",
    "data.hard_negative_count=1",
    "detector=iforest",
    "detector.n_estimators=20",
)


@pytest.fixture
def finished(command, tmp_path):
    """Return the folder of a quick finished run."""
    code, _, err = command(*QUICK)
    assert (code, err) == (0, "")
    return tmp_path / "outputs" / "latest"


def test_every_file_is_there(finished):
    """A run folder holds the configuration, the record, scores, alerts, pictures, exports and the report."""
    files = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert files == {
        ".hydra/config.yaml",
        ".hydra/hydra.yaml",
        ".hydra/overrides.yaml",
        "config.yaml",
        "record.json",
        "scores.parquet",
        "alerts.csv",
        "report.html",
        "images/anomaly_plot.png",
        "images/forecast_plot.png",
        "artifacts/top_50_anomalies.csv",
        "artifacts/forecast_metrics.json",
        "artifacts/forecasts.parquet",
        "artifacts/forecast_next.parquet",
        "artifacts/isolation_forest.joblib",
        "artifacts/auto_forecaster.joblib",
        "model/manifest.json",
        "model/arrays.npz",
    }


def test_latest_points_at_a_dated_folder(finished):
    """``outputs/latest`` is a link to ``<experiment>/<date>_<time>``."""
    assert finished.is_symlink()
    assert re.fullmatch(r"system_metrics/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", str(finished.readlink()))


def test_record_says_everything(finished):
    """The record has every promised key."""
    record = json.loads((finished / "record.json").read_text())
    assert record["status"] == "completed"
    assert record["command"].startswith("sre-anomaly data.days=14")
    for key in ("experiment", "seed", "config_hash", "versions", "timings", "rows", "started"):
        assert record[key], key
    assert re.fullmatch(r"[0-9a-f]{64}", record["data"]["fingerprint"])
    detection = record["detection"]
    assert isinstance(detection["flags"], int)
    assert isinstance(detection["alerts"], int)
    assert detection["threshold"]["level"] > 0
    for name in (
        "precision",
        "recall",
        "f1",
        "pr_auc",
        "roc_auc",
        "false_alerts_per_week",
        "incidents_caught",
    ):
        assert name in detection["measures"], name
    assert set(detection["baselines"]) == {"random", "largest_jump", "flag_everything"}
    assert {"mae", "rmse", "mase"} <= set(record["forecast"]["measures"])


def test_scores_and_alerts_agree(finished):
    """A flag is a score above its level, and every alert's peak is a flagged row of the judged span."""
    scores = pd.read_parquet(finished / "scores.parquet").set_index("time")
    assert ((scores["score"] > scores["level"]) == scores["flag"]).all()
    alerts = pd.read_csv(finished / "alerts.csv", parse_dates=["start", "fired", "end", "peak"])
    peaks = scores.loc[alerts["peak"]]
    assert peaks["flag"].all()
    assert (peaks["span"] == "test").all()
    assert alerts["reason"].str.len().min() > 5
    assert (alerts["start"] <= alerts["fired"]).all()


def test_report_is_one_file_without_requests(finished):
    """The report carries its pictures inside, leads to no address but its own parts, and forbids the browser any request."""
    page = (finished / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    outside = re.sub(
        r"src='data:image/png;base64,[^']+'|href='#|<script>.*?</script>", "", page, flags=re.DOTALL
    )
    assert not re.search(r"(src|href)=|https?://|@import|url\(", outside)
    assert "default-src 'none'" in page


def test_same_seed_same_bytes(command, tmp_path):
    """Two runs of one command give the same scores and measures, another seed gives others."""
    seen = []
    for seed in (1, 1, 2):
        code, _, err = command(*QUICK, f"seed={seed}", "forecaster=none")
        assert code == 0, err
        latest = tmp_path / "outputs" / "latest"
        record = json.loads((latest / "record.json").read_text())
        scores = pd.read_parquet(latest / "scores.parquet")["score"].to_numpy().tobytes()
        seen.append((scores, json.dumps(record["detection"]), record["data"]["fingerprint"]))
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[2][0]


def test_a_fault_of_ours_leaves_its_record(command, tmp_path, monkeypatch):
    """A crash keeps the record, the error and the command, and does not move ``latest``."""

    def crash(*_, **__):
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(runner, "detect", crash)
    with pytest.raises(ZeroDivisionError):
        command(*QUICK)
    (folder,) = (tmp_path / "outputs" / "system_metrics").iterdir()
    record = json.loads((folder / "record.json").read_text())
    assert record["status"] == "failed"
    assert record["error"] == "ZeroDivisionError: a fault"
    assert record["command"] == f"sre-anomaly {' '.join(QUICK)}"
    assert "Traceback" in (folder / "error.txt").read_text()
    assert not (tmp_path / "outputs" / "latest").exists()


def test_two_runs_in_one_second_keep_their_own_folders(command, tmp_path):
    """Nothing is overwritten when runs finish in the same second."""
    for _ in range(2):
        command(*QUICK, "forecaster=none", "hydra.run.dir=outputs/x/2024-01-01_00-00-00_1.running")
    assert {path.name for path in (tmp_path / "outputs" / "x").iterdir()} == {
        "2024-01-01_00-00-00",
        "2024-01-01_00-00-00_2",
    }


def test_multirun_runs_once_for_each(command, tmp_path):
    """``-m detector=a,b`` leaves one finished run folder each."""
    code, _, err = command("-m", *QUICK[:3], "detector=zscore,gaussian", "forecaster=none")
    assert code == 0, err
    records = list((tmp_path / "outputs" / "system_metrics").glob("*_multirun/*/record.json"))
    assert {json.loads(path.read_text())["detection"]["detector"] for path in records} == {
        "zscore",
        "gaussian",
    }
