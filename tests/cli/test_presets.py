"""The systems this project grew from give their known numbers."""

import json

import numpy as np
import pandas as pd
import pytest


def _record(folder):
    return json.loads((folder / "outputs" / "latest" / "record.json").read_text())


def test_cloudwatch(command, needs, tmp_path):
    """The CloudWatch preset gives the published flags, ranking and forecast errors."""
    needs("nab")
    code, out, err = command("experiment=cloudwatch")
    assert (code, err) == (0, "")
    record = _record(tmp_path)
    assert record["detection"]["flags"] == 121
    measures = record["forecast"]["measures"]
    assert measures["mae"] == pytest.approx(0.0449051630, abs=1e-9)
    assert measures["rmse"] == pytest.approx(0.0676286410, abs=1e-9)
    baselines = record["forecast"]["baselines"]
    assert baselines["last_value"]["mae"] == pytest.approx(0.1150, abs=5e-5)
    assert baselines["seasonal_naive"]["mae"] == pytest.approx(0.0573, abs=5e-5)
    top = pd.read_csv(tmp_path / "outputs/latest/artifacts/top_50_anomalies.csv")
    assert list(top["time"][:2]) == ["2014-02-23T03:10:00Z", "2014-02-22T03:10:00Z"]
    np.testing.assert_allclose(top["score_above_level"][:2], [0.159293, 0.156640], atol=5e-7)
    assert len(top) == 50
    row_measures = record["detection"]["measures"]
    assert row_measures["precision"] == pytest.approx(0.364, abs=5e-4)
    assert row_measures["recall"] == pytest.approx(0.109, abs=5e-4)
    assert row_measures["f1"] == pytest.approx(0.168, abs=5e-4)
    assert record["detection"]["baselines"]["flag_everything"]["f1"] == pytest.approx(0.182, abs=1e-3)
    assert "2014-02-23 03:10" in out


def test_cloudwatch_baseline(command, needs, tmp_path):
    """The rolling z-score on the same series flags its five known rows."""
    needs("nab")
    code, _, _ = command("experiment=cloudwatch", "detector=zscore", "features=zresidual", "forecaster=none")
    assert code == 0
    scores = pd.read_parquet(tmp_path / "outputs/latest/scores.parquet")
    flagged = scores.loc[scores["flag"], "time"].dt.strftime("%m-%d %H:%M")
    assert list(flagged) == ["02-15 03:30", "02-16 03:40", "02-20 03:10", "02-22 03:10", "02-25 03:40"]


def test_prometheus_week(command, tmp_path):
    """The isolation forest flags 100 rows and all 60 planted ones."""
    code, _, _ = command("experiment=prometheus_week")
    assert code == 0
    detection = _record(tmp_path)["detection"]
    assert detection["flags"] == 100
    assert detection["measures"]["recall"] == 1
    assert detection["measures"]["precision"] == pytest.approx(0.6)
    assert detection["measures"]["f1"] == pytest.approx(0.75)


@pytest.mark.parametrize("shape", ["profile", "harmonics"])
def test_prometheus_week_with_the_time_of_day(command, tmp_path, shape):
    """A seasonal z-score finds the same 60 rows and nothing else."""
    code, _, _ = command(
        "experiment=prometheus_week",
        "features=seasonal",
        f"features.shape={shape}",
        "detector=zscore",
        "threshold.sigmas=4",
    )
    assert code == 0
    detection = _record(tmp_path)["detection"]
    assert detection["flags"] == 60
    assert detection["measures"]["f1"] == 1


@pytest.mark.parametrize(
    ("part", "search", "epsilon", "f1", "flags"),
    [
        (2, "linear", 1.377229e-18, 0.615385, 117),
        (2, "exact", None, 0.75, 8),
        (1, "linear", 8.990853e-05, 0.875, 6),
    ],
)
def test_servers(command, needs, tmp_path, part, search, epsilon, f1, flags):
    """Epsilon, F1 and the number of flagged servers are those of the exercise; the exact search is better."""
    needs("servers")
    code, _, _ = command("experiment=servers", f"data.part={part}", f"threshold.search={search}")
    assert code == 0
    detection = _record(tmp_path)["detection"]
    assert detection["flags"] == flags
    assert detection["measures"]["f1"] == pytest.approx(f1, abs=5e-7)
    if epsilon is not None:
        assert detection["threshold"]["epsilon"] == pytest.approx(epsilon, rel=1e-6)


def test_default_run_is_the_system_metrics_preset(command, tmp_path):
    """With nothing chosen, labelled incidents of a generated service are found, above every baseline."""
    code, out, err = command()
    assert (code, err) == (0, "")
    record = _record(tmp_path)
    assert record["experiment"] == "system_metrics"
    detection = record["detection"]
    assert detection["measured_on"] == "test"
    assert detection["measures"]["pr_auc"] > 0.5
    assert all(numbers["pr_auc"] < 0.2 for numbers in detection["baselines"].values())
    assert detection["measures"]["incidents_caught"] > detection["measures"]["incidents"] / 2
    assert set(record["forecast"]["baselines"]) == {"last_value", "seasonal_naive", "seasonal_naive_week"}
    assert record["forecast"]["measures"]["mase"] < record["forecast"]["baselines"]["last_value"]["mase"]
    assert "report.html" in out


def test_ridge_forecasts_better_than_repeating_on_every_step(command, needs, tmp_path):
    """Forecasting six rows ahead works and still beats the last value."""
    needs("nab")
    code, _, _ = command("experiment=cloudwatch", "forecast.horizon=6", "detector=none")
    assert code == 0
    record = _record(tmp_path)
    assert record["detection"] is None
    assert record["forecast"]["measures"]["mae"] < record["forecast"]["baselines"]["last_value"]["mae"]
    assert 0.8 < record["forecast"]["measures"]["coverage"] <= 1
