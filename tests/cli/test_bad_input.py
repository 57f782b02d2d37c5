"""A user's mistake gets one clear line and exit code 2, and leaves nothing behind."""

import json

import numpy as np
import pandas as pd
import pytest

GOOD = pd.DataFrame(
    {
        "time": pd.date_range("2024-01-01", periods=600, freq="5min").astype(str),
        "cpu": np.sin(np.arange(600) / 20) + np.random.default_rng(0).normal(0, 0.1, 600),
    }
)


def _with(row, **cells):
    table = GOOD.astype(object)
    for name, value in cells.items():
        table.loc[row, name] = value
    return table


FILES = {
    "empty file": ("", [], "is empty"),
    "header only": ("time,cpu\n", [], "has a header and no rows"),
    "no such column": (GOOD, ["data.values=[cpuu]"], "no column 'cpuu'; did you mean 'cpu'?"),
    "no such time column": (GOOD, ["data.time=tiem"], "no column 'tiem'; did you mean 'time'?"),
    "unparsable time": (_with(41, time="yesterday"), [], "row 43: 'yesterday' is not a time"),
    "no time": (_with(7, time=None), [], "row 9 has no time"),
    "mixed time zones": (_with(5, time="2024-01-01 00:25:00+01:00"), [], "mixed time zones: row 2 has offset none, row 7"),
    "no such time zone": (GOOD, ["data.timezone=Mars/Base"], "no time zone is called 'Mars/Base'"),
    "not a number": (_with(10, cpu="high"), [], "column 'cpu': row 12: 'high' is not a number"),
    "too large": (_with(10, cpu=1.7e308), [], "metric 'cpu' is 1.7e+308 at 2024-01-01 00:50:00 UTC, too large"),
    "all missing": (GOOD.assign(cpu=np.nan), [], "has no column of numbers"),
    "one metric missing": (GOOD.assign(mem=np.nan), ["data.values=[cpu,mem]"], "'mem' has no value at all"),
    "constant": (GOOD.assign(cpu=5.0), [], "no metric ever changes"),
    "only text": (GOOD.assign(cpu="web-1"), [], "has no column of numbers"),
    "too few rows": (GOOD[:5], ["features=rolling", "forecaster=none"], "training data points are complete"),
    "one row": (GOOD[:1], [], "needs rows at two different times"),
    "too few to forecast": (GOOD[:20], ["features=raw"], "too few for a forecaster"),
    "strange label": (GOOD.assign(label="maybe"), ["data.label=label"], "'maybe' is no label"),
    "one class": (
        GOOD.assign(label=0),
        ["detector=xgboost", "split=chronological", "split.gap=0m", "data.label=label"],
        "labelled data points are normal",
    ),
    "no labels": (GOOD, ["detector=xgboost", "split=chronological", "split.gap=0m"], "no data point is labelled"),
    "label and incidents": (GOOD, ["data.label=label", "data.incidents=x.json"], "not both"),
    "no time column": (GOOD[["cpu"]], [], "is not a time; say which column has the times"),
    "separator": (GOOD, ["data.separator=semi"], "write comma, semicolon, tab or pipe"),
    "not a table": ("\x00\x01\x02", [], "metrics.csv"),
    "a clock with the wrong step": (
        _with(599, time="2034-01-01"), [], "set data.resample to the usual distance between rows",
    ),
    "too short to split": (GOOD, ["split=chronological"], "too few for split=chronological"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_data_that_cannot_be_used(command, tmp_path, case):
    """Each broken file is refused with the file, the place and what would be right."""
    content, overrides, expected = FILES[case]
    path = tmp_path / "metrics.csv"
    if isinstance(content, str):
        path.write_text(content)
    else:
        content.to_csv(path, index=False)
    code, out, err = command("experiment=csv", f"data.path={path}", *overrides)
    assert code == 2, err
    assert expected in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
    assert out == ""
    assert not (tmp_path / "outputs").exists()


CONFIGS = {
    "missing file": (["experiment=csv", "data.path=metrcs.csv"], "metrcs.csv is not there"),
    "nothing given": (["experiment=csv"], "sre-anomaly: data.path: has to be given"),
    "unknown option": (["detector=iforrest"], "detector=iforrest: no such option; did you mean 'iforest'?"),
    "unknown key inside": (
        ["detector={nme: iforest}"],
        "detector: one of these keys is not there (name, ",
    ),
    "unknown experiment": (["experiment=cloudwach"], "did you mean 'cloudwatch'"),
    "misspelt group": (["detctor=iforest"], "did you mean 'detector'?"),
    "misspelt key": (["detector=iforest", "threshold.contaminatoin=0.1"], "did you mean 'contamination'?"),
    "key of another option": (["threshold.sigmas=3"], "(threshold is 'probability' here); it belongs to threshold=sigma"),
    "a file without its preset": (["data.path=x.csv"], "it belongs to experiment=csv"),
    "quotes in a value": (['data.url=x{a="$b"}'], "'data.url=\"x{a=\\\"$b\\\"}\"'"),
    "quotes in a list": (
        ['data.metrics=[sum(x{a="1",b="2"}),y]'], "'data.metrics=[\"sum(x{a=\\\"1\\\",b=\\\"2\\\"})\",\"y\"]'",
    ),
    "quotes in a mapping": (['data.metrics={a:x{b="1"}}'], "quote each value"),
    "misspelt type": (["data.types.spik.count=1"], "did you mean 'spike'?"),
    "key below a value": (["seed.a=1"], "seed is a single value"),
    "contamination too high": (
        ["detector=iforest", "threshold.contamination=0.7"], "threshold.contamination: should be less than or equal to 0.5, not 0.7",
    ),
    "contamination zero": (["detector=iforest", "threshold.contamination=0"], "should be greater than 0, not 0"),
    "text for a number": (["detector=iforest", "threshold.contamination=some"], "not 'some'"),
    "seed": (["seed=abc"], "seed: should be a valid integer"),
    "horizon": (["forecast.horizon=0"], "forecast.horizon: should be greater than or equal to 1, not 0"),
    "horizon of an odd unit": (["forecast.horizon=1x"], "forecast.horizon: is not a duration: '1x'"),
    "no horizon": (["forecast.horizon=[]"], "forecast.horizon: is empty; write how far ahead, such as 1d"),
    "a limit in words": (["forecast.limit=full"], "forecast.limit: is no limit: write a number, such as 90"),
    "half a data point ahead": (["forecast.horizon=1.5"], "is no whole number of data points"),
    "duration": (["data.step=5"], "data.step: is not a duration: 5"),
    "window and sigma": (
        ["detector=zscore", "features=zresidual", "features.window=10"], "can never exceed 2.846 standard deviations",
    ),
    "needs sigmas": (["detector=iforest", "threshold=sigma"], "use threshold=contamination"),
    "needs a split": (["split=none"], "use split=chronological"),
    "no split to give": (["split=given"], "brings no split of its own"),
    "m of n": (["alerts.needed=5"], "5 flags can never fit in alerts.within=3"),
    "no room to judge": (["split.train=0.9", "split.validation=0.1"], "leaves nothing to evaluate"),
    "no such metric": (["forecast.metrics=[cpuu]"], "did you mean 'cpu'?"),
    "too much for the length": (["data.days=14"], "data.count=1"),
    "not an override": (["detector=["], "is not an override"),
    "a list with a space": (["data.values=[cpu,"], "write a list without spaces, as in data.values=[a,b]"),
    "a search space with a space": (["seed=interval(1 2)"], "interval is written as in 'seed=interval(0.001,0.1)'"),
    "a misspelt group": (["experimnt=csv"], "did you mean 'experiment'"),
    "chosen twice": (["+experiment=cloudwatch"], "is chosen twice"),
    "unknown class": (["detector.name=sklearn.ensemble.IsolationForrest"], "did you mean 'IsolationForest'?"),
    "no detector": (["detector.name=sklearn.linear_model.Ridge"], "is no detector"),
    "nothing chosen": (["detector="], "detector=: no such option; there are: auto, baseline, cknn, ecod"),
    "one for a list": (["forecast.metrics=cpu"], "write it in brackets: forecast.metrics=[cpu]"),
    "decimal comma": (["detector=iforest", "threshold.contamination=0,005"], "write a decimal point"),
    "home folder": (["experiment=csv", "data.path=~/x.csv"], "write the whole path instead of ~"),
    "unquoted matcher": (
        ["experiment=prometheus", 'data.metrics={e: sum(rate(http{code=~"5.."}[5m]))}'],
        "quote each value and then the whole",
    ),
    "a folder": (["experiment=csv", "data.path=."], "experiment=fleet data.path='*.csv'"),
    "many files": (["experiment=csv", "data.path=metrics/*.csv"], "experiment=fleet data.path='metrics/*.csv'"),
    "sweep without -m": (["detector=zscore,iforest"], "add -m"),
    "not installed": (["detector.name=nolibrary.module.Class"], "pip install nolibrary"),
    "unwritable": (["outputs=taken"], "taken"),
    "no such command": (["generat"], "did you mean 'generate'?"),
    "no such group": (["list", "detectors"], "did you mean 'detector'?"),
    "no such option to list": (["list", "detector", "zcore"], "did you mean 'zscore'?"),
    "no folder to generate into": (["generate", "to=nowhere/x.csv"], "there is no folder nowhere"),
    "no such format": (["generate", "to=x.xlsx"], "write a .csv"),
    "check": (["check", "detector=iforest", "threshold.contamination=2"], "threshold.contamination"),
    "unknown series": (["experiment=cloudwatch", "data.series=ec2_cpu_utilisation_53ea38"], "did you mean 'ec2_cpu_utilization_53ea38'"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFIGS)
def test_config_that_cannot_work(command, tmp_path, case):
    """Each mistake in the configuration is one line that names the key and what would be right."""
    (tmp_path / "taken").write_text("a file, not a folder")
    overrides, expected = CONFIGS[case]
    code, _, err = command(*overrides)
    assert code == 2, err
    assert expected in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "outputs").exists()


def test_all_mistakes_are_told_at_once(command):
    """Several wrong values give one line each."""
    code, _, err = command("seed=x", "detector.max_depth=0", "split.train=2")
    assert code == 2
    assert [line.split(": ")[1] for line in err.splitlines()] == ["seed", "detector.max_depth", "split.train"]


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ("[", "is not JSON"),
        ('[["2024-01-01"]]', "window 1: expected a start and an end"),
        ('[["2024-01-02", "2024-01-01"]]', "ends (2024-01-01"),
        ('[["2031-01-01", "2031-01-02"]]', "lies outside the data"),
        ('{"other.csv": []}', "has no windows for 'metrics.csv'"),
    ],
)
def test_incident_windows_that_cannot_be_used(command, tmp_path, windows, expected):
    """Broken incident windows are refused by number."""
    GOOD.to_csv(tmp_path / "metrics.csv", index=False)
    (tmp_path / "incidents.json").write_text(windows)
    code, _, err = command("experiment=csv", "data.path=metrics.csv", "data.incidents=incidents.json")
    assert code == 2
    assert expected in err
    assert len(err.splitlines()) == 1


def test_a_broken_yaml_of_ones_own(command, tmp_path):
    """A YAML file that cannot be parsed is told with its place."""
    (tmp_path / "conf" / "detector").mkdir(parents=True)
    (tmp_path / "conf" / "detector" / "mine.yaml").write_text("name: [broken\n")
    code, _, err = command("detector=mine")
    assert code == 2
    assert "mine.yaml" in err
    assert len(err.splitlines()) == 1


def test_a_file_is_not_overwritten(command, tmp_path):
    """Generated data replace a file only when told to."""
    (tmp_path / "mine.csv").write_text("precious")
    short = ("data.days=14", "data.count=1", "data.hard_negative_count=1")
    code, _, err = command("generate", "to=mine.csv", *short)
    assert code == 2
    assert "is there already" in err
    assert (tmp_path / "mine.csv").read_text() == "precious"
    assert command("generate", "to=mine.csv", "overwrite=true", *short)[0] == 0


def test_no_network_for_nab(command, tmp_path, monkeypatch):
    """Without network the line says where to put the files."""
    monkeypatch.delenv("SRE_ANOMALY_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sre_anomaly.data.public.nab.ADDRESS", "http://127.0.0.1:9/")
    code, _, err = command("experiment=cloudwatch")
    assert code == 2
    assert "SRE_ANOMALY_DATA" in err
    assert str(tmp_path / "cache") in err
    assert len(err.splitlines()) == 1


def test_a_changed_nab_file_is_refused(command, needs, tmp_path, monkeypatch):
    """A series that differs from the published one is not used."""
    needs("nab")
    monkeypatch.setenv("SRE_ANOMALY_DATA", str(tmp_path))
    folder = tmp_path / "nab" / "data" / "realAWSCloudwatch"
    folder.mkdir(parents=True)
    (folder / "ec2_cpu_utilization_53ea38.csv").write_text("timestamp,value\n2014-01-01,1\n")
    code, _, err = command("experiment=cloudwatch")
    assert code == 2
    assert "is not the published file" in err


@pytest.mark.slow
def test_dull_series_never_give_nan_or_infinite_measures(command, tmp_path):
    """Constant stretches and gaps give finite or absent measures, never NaN or infinity in the record."""
    table = GOOD.assign(flat=3.0, label=0)
    table.loc[100:200, "cpu"] = np.nan
    table.loc[300:500, "cpu"] = 1.0
    table.loc[450:455, "label"] = 1
    table.to_csv(tmp_path / "metrics.csv", index=False)
    for features in ("raw", "rolling", "zresidual", "seasonal", "system", "lags"):
        for detector in ("zscore", "iforest", "gaussian"):
            code, _, err = command(
                "experiment=csv", "data.path=metrics.csv", f"features={features}", f"detector={detector}",
                "threshold=contamination", "forecaster=ridge",
            )  # fmt: skip
            assert code == 0, err
            text = (tmp_path / "outputs/latest/record.json").read_text()
            measures = json.loads(text)["detection"]["measures"]
            assert "NaN" not in text
            assert "Infinity" not in text
            assert all(
                measures[name] is not None for name in ("precision", "recall", "f1", "pr_auc", "roc_auc")
            )
