"""A run goes to MLflow with its settings, measures and files, where it is asked for."""

import json

import numpy as np
import pandas as pd
import pytest

# What MLflow uses of other libraries in ways that these advise against is no matter of ours.
pytestmark = [pytest.mark.usefixtures("metrics"), pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def metrics(tmp_path):
    """Write three days of a metric."""
    clock = pd.date_range("2024-03-04", periods=900, freq="5min", tz="UTC")
    values = 40 + np.random.default_rng(1).normal(0, 1, 900)
    pd.DataFrame({"time": clock, "cpu": values}).to_csv(tmp_path / "m.csv", index=False)


def test_a_run_is_logged(command, tmp_path):
    """The measures in MLflow are those of the record, the settings those of the run, and the page is there."""
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    code, _, err = command(
        "m.csv", "tracking=mlflow", "forecaster=none", "hindsight=false", "detector=zscore"
    )
    assert code == 0, err
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.get_experiment_by_name("csv")
    (logged,) = client.search_runs([experiment.experiment_id])
    record = json.loads((tmp_path / "outputs/latest/record.json").read_text())
    assert logged.data.metrics["detection.alerts"] == record["detection"]["measures"]["alerts"]
    assert logged.data.params["detector.name"] == "zscore"
    assert {file.path for file in client.list_artifacts(logged.info.run_id)} >= {"report.html", "record.json"}


def test_without_it_the_run_is_refused_first(command, tmp_path, monkeypatch):
    """Where MLflow is missing one line says what to install, before anything is computed."""
    monkeypatch.setattr("sre_anomaly.cli.run.tracking.find_spec", lambda _: None)
    code, _, err = command("m.csv", "tracking=mlflow", "forecaster=none")
    assert code == 2
    assert "pip install" in err
    assert not list((tmp_path / "outputs").glob("csv/*/report.html"))


def test_a_server_that_is_not_there_is_said_first(command, tmp_path):
    """Nothing is computed for a place that nothing can be logged to."""
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    code, _, err = command("m.csv", "tracking=mlflow", "tracking.uri=sqlite:////proc/nothing/at/all.db")
    assert code == 2
    assert "tracking.uri=" in err
    assert not list((tmp_path / "outputs").glob("csv/*/report.html"))
