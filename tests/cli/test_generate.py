"""The generator used by itself, and its files read back."""

import json

import pandas as pd
import pytest

SHORT = ("data.days=14", "data.count=1", "data.hard_negative_count=1")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_generated_file_comes_back_with_its_truth(command, tmp_path, suffix):
    """A generated file is read by the csv source with the same metrics, rows and incidents."""
    code, out, err = command("generate", f"to=made.{suffix}", *SHORT)
    assert (code, err) == (0, "")
    assert f"data.path=made.{suffix}" in out
    incidents = json.loads((tmp_path / "made_incidents.json").read_text())
    assert len(incidents) == 12
    code, _, err = command("experiment=csv", f"data.path=made.{suffix}", "forecaster=none")
    assert code == 0, err
    record = json.loads((tmp_path / "outputs/latest/record.json").read_text())
    assert record["data"]["metrics"] == [
        "cpu", "memory", "disk", "network_in", "network_out", "latency", "error_rate", "requests",
    ]  # fmt: skip
    assert record["rows"] == 14 * 288
    assert record["detection"]["measures"]["incidents"] == 12


def test_windows_instead_of_labels(command, tmp_path):
    """The JSON beside the data says the same as its label column."""
    command("generate", "to=made.csv", *SHORT)
    flags = []
    for truth in ("data.label=label", "data.incidents=made_incidents.json"):
        metrics = "data.values=[cpu,latency]"
        code, _, err = command("experiment=csv", "data.path=made.csv", truth, metrics, "forecaster=none")
        assert code == 0, err
        record = json.loads((tmp_path / "outputs/latest/record.json").read_text())
        flags.append(
            {name: record["detection"]["measures"][name] for name in ("precision", "recall", "incidents")}
        )
    assert flags[0] == flags[1]


def test_inject_into_a_csv(command, tmp_path):
    """Anomalies can be planted into a series of one's own and are known to the run."""
    command("generate", "to=calm.csv", "data.days=20", "data.count=0", "data.hard_negative_count=0")
    calm = pd.read_csv(tmp_path / "calm.csv").drop(columns="label")
    calm.to_csv(tmp_path / "mine.csv", index=False)
    code, _, err = command(
        "experiment=csv", "data=inject", "data.base.path=mine.csv", "data.count=1", "forecaster=none"
    )
    assert code == 0, err
    record = json.loads((tmp_path / "outputs/latest/record.json").read_text())
    assert record["detection"]["measures"]["incidents"] == 8
