"""Many series: each by itself or one model for all, several at a time, gone on with after a kill, scored as NAB scores."""

import json
import os
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sre_anomaly.alerts.every_flag import EveryFlag
from sre_anomaly.config.build import build
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import DataError
from sre_anomaly.evaluation.anomaly.across_series import across
from sre_anomaly.parallel import progress as stages
from sre_anomaly.report.fleet.words import caught, strongest
from sre_anomaly.report.nab.nested import nested_scores
from sre_anomaly.report.nab.words import nab_remarks

FOREST = ["features=rolling", "detector=iforest", "threshold=contamination", "alerts=incident"]
FLEET = ["experiment=fleet", "data.path=hosts/*.csv", "split=chronological", "split.gap=0m", *FOREST]


def _write_hosts(folder, count, rows=400, seed=0):
    draw = np.random.default_rng(seed)
    (folder / "hosts").mkdir()
    (folder / "labels").mkdir()
    time_ = pd.date_range("2024-01-01", periods=rows, freq="5min")
    for number in range(count):
        values = 40 + 5 * np.sin(np.arange(rows) / 20) + draw.normal(0, 1, rows)
        start = rows - 60 + number % 7
        values[start : start + 6] += 25
        table = pd.DataFrame(
            {"time": time_, "cpu": values.round(4), "load": draw.normal(1, 0.1, rows).round(4)}
        )
        table.to_csv(folder / "hosts" / f"web{number}.csv", index=False)
        window = [[str(time_[start]), str(time_[start + 6])]]
        (folder / "labels" / f"web{number}.json").write_text(json.dumps(window))


def _latest(folder):
    return (folder / "outputs" / "latest").resolve()


def test_a_fleet_of_files(command, tmp_path):
    """Every file is run by itself, the table says what was found in each, and the measures are their means."""
    _write_hosts(tmp_path, 4)
    code, out, err = command(*FLEET, "data.incidents=labels/*.json")
    assert code == 0, err
    table = pd.read_csv(_latest(tmp_path) / "series.csv")
    assert table["series"].tolist() == [f"hosts/web{n}.csv" for n in range(4)]
    assert (table["status"] == "completed").all()
    record = json.loads((_latest(tmp_path) / "record.json").read_text())
    measures = record["detection"]["measures"]
    assert measures["incidents"] == 4
    assert measures["pr_auc"] == pytest.approx(table["pr_auc"].mean(), abs=1e-5)
    assert set(record["detection"]["baselines"]) == {"random", "largest_jump", "flag_everything"}
    assert "4 of 4 series" in out
    share = measures["time_in_alert"]
    assert 0 < share < 1
    assert f"an alert is open {share:.1%} of the time" in " ".join(out.split())
    assert table["flag_everything_pr_auc"].tolist() == pytest.approx([0.06] * 4)
    assert (_latest(tmp_path) / "report.html").is_file()
    assert set(pd.read_csv(_latest(tmp_path) / "alerts.csv")["series"]) <= set(table["series"])


def test_a_fleet_looked_back_at(command, tmp_path):
    """One line a host says how much is unusual in hindsight and how much of it would have paged; the rest stays as it is."""
    _write_hosts(tmp_path, 3, rows=2000)
    words = ["experiment=fleet", "data.path=hosts/*.csv", "data.incidents=labels/*.json"]
    code, out, err = command(*words)
    assert code == 0, err
    run, other = _latest(tmp_path), ["hindsight", "hindsight_paged", "hindsight_caught"]
    back, table = pd.read_csv(run / "hindsight.csv"), pd.read_csv(run / "series.csv")
    assert table["hindsight"].sum() == len(back) >= 3
    assert table["hindsight_paged"].sum() == (back["live"] != "no page").sum()
    assert (table["hindsight_caught"] == 1).all()
    record = json.loads((run / "record.json").read_text())
    assert record["hindsight"]["incidents_caught"] == 3
    assert "Of 3 known incidents hindsight meets 3" in " ".join(out.split())
    page = (run / "report.html").read_text()
    assert page.index("alerts (all of them: alerts.csv)") < page.index(
        "Looking back, with what came later known"
    )
    assert command(*words, "hindsight=false")[0] == 0
    without = _latest(tmp_path)
    assert not (without / "hindsight.csv").exists()
    assert (run / "alerts.csv").read_bytes() == (without / "alerts.csv").read_bytes()
    costs = ["seconds", "cpu_s"]
    pd.testing.assert_frame_equal(
        table.drop(columns=[*other, *costs]), pd.read_csv(without / "series.csv").drop(columns=costs)
    )
    one, two = (pd.read_parquet(at / "series/hosts__web1/scores.parquet") for at in (run, without))
    pd.testing.assert_frame_equal(one.drop(columns=["hindsight", "hindsight_level"]), two)


@pytest.mark.parametrize("way", [["corpus.jobs=2"], ["corpus.model=shared"]])
def test_ways_to_run_a_fleet(command, tmp_path, way):
    """Several at a time give the same bytes as one after the other; a shared model serves every series."""
    _write_hosts(tmp_path, 3)
    assert command(*FLEET)[0] == 0
    alone = pd.read_parquet(_latest(tmp_path) / "series" / "hosts__web1" / "scores.parquet")
    code, _, err = command(*FLEET, *way)
    assert code == 0, err
    together = pd.read_parquet(_latest(tmp_path) / "series" / "hosts__web1" / "scores.parquet")
    if way == ["corpus.jobs=2"]:
        pd.testing.assert_frame_equal(alone, together)
    else:
        levels = {
            pd.read_parquet(path)["level"].iloc[-1]
            for path in _latest(tmp_path).glob("series/*/scores.parquet")
        }
        assert len(levels) == 1


def test_two_fleet_runs_are_compared_by_series(command, tmp_path):
    """Means over the same series stand side by side, and the series are resampled for the difference."""
    _write_hosts(tmp_path, 5)
    words = [*FLEET, "data.incidents=labels/*.json"]
    for detector in ("iforest", "zscore"):
        assert command(*words, f"detector={detector}")[0] == 0
    runs = sorted(tmp_path.glob("outputs/fleet/*/record.json"))
    tables = [pd.read_csv(path.parent / "series.csv") for path in runs]
    code, out, err = command("compare", *(path.parent for path in runs))
    assert code == 0, err
    difference = tables[1]["pr_auc"].mean() - tables[0]["pr_auc"].mean()
    assert f"pr_auc {difference:+.3f}" in " ".join(out.split())
    assert "detector=zscore against detector=iforest" in " ".join(out.split())


def test_a_broken_series_costs_no_other(command, tmp_path):
    """A file that cannot be read is told with its reason and counts in no average; the others are run."""
    _write_hosts(tmp_path, 2)
    (tmp_path / "hosts" / "odd.csv").write_text("time,cpu\n2024-01-01 00:00,many\n2024-01-01 00:05,2\n")
    code, out, err = command(*FLEET)
    assert code == 0, err
    table = pd.read_csv(_latest(tmp_path) / "series.csv").set_index("series")
    assert table.loc["hosts/odd.csv", "status"] == "refused"
    assert "odd.csv" in table.loc["hosts/odd.csv", "error"]
    assert table.loc["hosts/web0.csv", "status"] == "completed"
    said = " ".join(out.split())
    assert "1 of 3 series failed" in said
    assert said.count("odd.csv") == 1


def test_what_is_noted_of_many_series_is_said_once(command, tmp_path, monkeypatch):
    """Notes stand on screen with the number of series they hold for; without a terminal lines tell how far it is."""
    _write_hosts(tmp_path, 3)
    monkeypatch.setattr(stages, "QUIET_S", 0.0)
    code, out, err = command("experiment=fleet", "data.path=hosts/*.csv", "split=none")
    assert code == 0
    assert (
        " ".join(out.split()).count("3 of 3 series: Each data point was evaluated by what came before it")
        == 1
    )
    assert "series 3 of 3: hosts/web2.csv" in err
    assert (
        "Each data point was evaluated by what came before it"
        in pd.read_csv(_latest(tmp_path) / "series.csv")["notes"][0]
    )


def test_one_bad_file_costs_a_shared_model_nothing(command, tmp_path):
    """Files that cannot be read, or have other metrics, are refused by themselves; the others share what they teach."""
    _write_hosts(tmp_path, 3)
    (tmp_path / "hosts" / "a_empty.csv").write_text("")
    odd = pd.read_csv(tmp_path / "hosts" / "web0.csv").assign(disk=1.5)
    odd.to_csv(tmp_path / "hosts" / "a_odd.csv", index=False)
    code, _, err = command(*FLEET, "corpus.model=shared")
    assert code == 0, err
    table = pd.read_csv(_latest(tmp_path) / "series.csv").set_index("series")
    assert table["status"].tolist() == ["refused", "refused", "completed", "completed", "completed"]
    assert "has the metrics cpu, load, disk, not cpu, load" in table.loc["hosts/a_odd.csv", "error"]


def test_files_without_labels_are_not_judged(command, tmp_path):
    """They are run, said to be unjudged, and their alerts are in no measure."""
    _write_hosts(tmp_path, 3)
    (tmp_path / "labels" / "web2.json").unlink()
    code, out, err = command(*FLEET, "data.incidents=labels/*.json")
    assert code == 0, err
    record = json.loads((_latest(tmp_path) / "record.json").read_text())["detection"]
    table = pd.read_csv(_latest(tmp_path) / "series.csv").set_index("series")
    judged = table.loc[["hosts/web0.csv", "hosts/web1.csv"]]
    assert record["measures"]["incidents"] == 2
    assert record["measures"]["alerts"] == table["alerts"].sum()
    assert record["measures"]["alert_precision"] == 1 - judged["false_alerts"].sum() / judged["alerts"].sum()
    assert "not evaluated: there is no label file labels/web2.json" in table.loc["hosts/web2.csv", "notes"]
    assert "1 of 3 series have no labels" in " ".join(out.split())


def test_hosts_of_one_name_in_two_folders(command, tmp_path):
    """Labels in folders of the same names are told apart; without such folders the two would share one, and that is said."""
    _write_hosts(tmp_path, 1)
    for region in ("eu", "us"):
        for kind, ending in (("hosts", "csv"), ("labels", "json")):
            (tmp_path / "fleet" / kind / region).mkdir(parents=True)
            shutil.copy(tmp_path / kind / f"web0.{ending}", tmp_path / "fleet" / kind / region)
    words = [*FLEET, "data.path='fleet/hosts/**/*.csv'"]
    code, _, err = command(*words, "data.incidents=labels/*.json")
    assert code == 2
    assert "would share labels/web0.json" in err
    (tmp_path / "fleet" / "labels" / "us" / "web0.json").write_text("[]")
    code, out, err = command(*words, "data.incidents='fleet/labels/**/*.json'")
    assert code == 0, err
    assert pd.read_csv(_latest(tmp_path) / "series.csv")["incidents"].tolist() == [1, 0]
    assert "eu/web0" in out


def test_labels_mirror_the_folders_below_the_first_wildcard(tmp_path):
    """Also where a folder that the pattern names after a wildcard stands beside them by the same name."""
    for folder in ("fleet/web1/cpu", "fleet/cpu"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "fleet/web1/cpu/a.csv").write_text("time,cpu\n")
    node = {
        "name": "csv_folder",
        "path": f"{tmp_path}/fleet/*/cpu/*.csv",
        "incidents": f"{tmp_path}/labels/**/*.json",
    }
    with pytest.raises(DataError, match=r"labels/web1/cpu/a\.json"):
        build("data", node).names()


def test_a_file_that_has_changed_is_run_again(command, tmp_path):
    """A killed run's finished series are taken over only if their files, and labels, are the same still."""
    _write_hosts(tmp_path, 3)
    assert command(*FLEET)[0] == 0
    folder = _latest(tmp_path)
    state = json.loads((folder / "corpus.json").read_text())
    state["owner"] = f"{state['owner'].rsplit(' ', 2)[0]} {2**22 + 1} 1"
    (folder / "corpus.json").write_text(json.dumps(state))
    folder.rename(folder.with_name("2024-01-01_00-00-00_1.running"))
    table = pd.read_csv(tmp_path / "hosts" / "web1.csv")
    table.loc[390:, "cpu"] += 40
    table.to_csv(tmp_path / "hosts" / "web1.csv", index=False)
    code, out, err = command(*FLEET, "corpus.jobs=2")
    assert code == 0, err
    assert "2 series were finished by an earlier run" in " ".join(out.split())
    assert (pd.read_csv(_latest(tmp_path) / "alerts.csv")["series"] == "hosts/web1.csv").any()


def test_a_killed_run_goes_on(command, tmp_path):
    """The same command takes over what a killed run had finished, and leaves nothing of the other's folder."""
    _write_hosts(tmp_path, 12, rows=1500)
    words = [*FLEET, "detector.n_estimators=150"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from sre_anomaly.cli.main import main; main()", *words],
        cwd=tmp_path,
        env=os.environ.copy(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(900):
        finished = list(tmp_path.glob("outputs/fleet/*.running/series/*/result.json"))
        if len(finished) >= 3 or process.poll() is not None:
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    if not finished or process.returncode == 0:
        pytest.skip("the run was over before it could be killed")
    code, out, err = command(*words)
    assert code == 0, err
    assert "were finished by an earlier run" in " ".join(out.split())
    assert len(pd.read_csv(_latest(tmp_path) / "series.csv")) == 12
    assert not list(tmp_path.glob("outputs/fleet/*.running"))


@pytest.mark.slow
def test_a_sweep_over_a_fleet(command, tmp_path):
    """Trials are judged by the mean over all series, on their validation rows; hopeless ones end after a few series."""
    _write_hosts(tmp_path, 4)
    for path in (tmp_path / "labels").glob("*.json"):
        start = pd.Timestamp("2024-01-01") + 260 * pd.Timedelta("5min")
        path.write_text(json.dumps([[str(start), str(start + pd.Timedelta("30min"))]]))
    words = [*FLEET, "data.incidents=labels/*.json", "sweep=contamination", "hydra.sweeper.n_trials=4"]
    code, _, err = command(*words, "hydra.sweeper.objective=detection.measures.alerts_per_week")
    assert code == 0, err
    folder = next(tmp_path.glob("outputs/fleet/sweep_*"))
    record = json.loads((folder / "1" / "record.json").read_text())
    assert record["detection"]["series"] == 4
    assert record["detection"]["measured_on"] == "validation"
    assert (folder / "best" / "series.csv").is_file()


@pytest.mark.slow
def test_a_sweep_leaves_out_and_shares_what_a_run_does(command, tmp_path):
    """One broken file costs a sweep no more than a run, and a shared model is shared in a trial as well."""
    _write_hosts(tmp_path, 3)
    wild = pd.read_csv(tmp_path / "hosts" / "web2.csv")
    wild["cpu"] *= 10
    wild.to_csv(tmp_path / "hosts" / "web2.csv", index=False)
    (tmp_path / "hosts" / "broken.csv").write_text("time,cpu\n2024-01-01,high\n")
    words = [*FLEET, "sweep=contamination", "hydra.sweeper.n_trials=1"]
    words.append("hydra.sweeper.objective=detection.measures.alerts_per_week")
    found = {}
    for model in ("own", "shared"):
        code, _, err = command(*words, f"corpus.model={model}", f"outputs={model}")
        assert code == 0, err
        record = json.loads(next(tmp_path.glob(f"{model}/fleet/sweep_*/0/record.json")).read_text())
        assert record["detection"]["series"] == 3
        assert record["notes"][0].startswith("1 of 4 series failed and are in no mean; the first: ")
        assert "broken.csv: has no column of numbers" in record["notes"][0]
        found[model] = record["detection"]["measures"]
    assert found["own"] != found["shared"]


@pytest.mark.parametrize(("incidents", "alerts"), [(2, 0), (0, 3), (0, 0), (2, 3)])
def test_what_was_caught_of_nothing_is_said_in_words(incidents, alerts):
    """Without alerts, or without incidents, there is no share of them, and none is told."""
    line = {
        "status": "completed",
        "flags": alerts,
        "alerts": alerts,
        "judged_days": 7.0,
        "incidents": incidents,
    }
    line |= {"incidents_caught": 0, "false_alerts": alerts, "time_in_alert": 0.0}
    overall = across(pd.DataFrame([line]), seed=0)
    detection = {"measures": overall.measures, "intervals": overall.intervals}
    record = SimpleNamespace(detection=detection)
    told = caught(SimpleNamespace(record=record))
    assert "nan" not in told
    assert ("match an incident" in told) == (alerts > 0)
    assert ("95 % interval" in told) == (incidents > 0)


def test_a_path_longer_than_a_file_name_may_be(command, tmp_path):
    """Files deep down have folders of their own, also where they end alike."""
    _write_hosts(tmp_path, 1)
    for kind in ("a", "b"):
        deep = tmp_path / "deep" / kind / "/".join(["ordner-für-metriken" * 2] * 8)
        deep.mkdir(parents=True)
        shutil.copy(tmp_path / "hosts" / "web0.csv", deep)
    code, out, err = command("experiment=fleet", "data.path='deep/**/*.csv'")
    assert code == 0, err
    assert "2 of 2 series" in out


BAD = [
    (["data.path=nothing/*.csv"], "data.path: no file matches 'nothing/*.csv'"),
    (["data.path=hosts"], "did you mean data.path='hosts/*.csv'"),
    (["data.incidents=labels.json"], "has no *"),
    (["corpus.model=both"], "corpus.model"),
    (["corpus.jobs=0"], "corpus.jobs"),
    (["corpus.model=shared", "detector=cknn"], "learns while it runs, from each series"),
    (["detector=none"], "needs a detector"),
    (["data=nab_corpus", "~data.path", "data.category=realTweet"], "data.category: NAB has no category"),
]


@pytest.mark.parametrize(("words", "said"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_a_mistake_is_told_in_one_line(command, tmp_path, words, said, needs):
    """A user's mistake ends a run over many series with one clear line and exit code 2."""
    if "data=nab_corpus" in words:
        needs("nab")
    _write_hosts(tmp_path, 2)
    usual = [word for word in FLEET if word.split("=")[0] not in {w.split("=")[0].lstrip("~") for w in words}]
    code, _, err = command(*usual, *(word for word in words if not word.startswith("~")))
    assert code == 2, err
    assert said in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("outputs/fleet/*"))


@pytest.mark.slow
def test_a_cluster_that_is_away_is_told_in_one_line(command, tmp_path):
    """Dask tries for ten seconds."""
    _write_hosts(tmp_path, 2)
    code, _, err = command(*FLEET, "corpus.cluster=tcp://127.0.0.1:1")
    assert (code, "Traceback" in err) == (2, False)
    assert "corpus.cluster: tcp://127.0.0.1:1 cannot be reached" in err


def test_check_looks_for_the_files(command, tmp_path):
    """``check`` counts the series and looks for their files of windows."""
    _write_hosts(tmp_path, 3, rows=100)
    found = command("check", *FLEET, "data.incidents=labels/*.json")[1]
    assert "; 3 series" in found
    for wrong, said in (
        ("data.incidents=lables/*.json", "none of 3 label files is there"),
        ("data.path=godo/*.csv", "no file"),
    ):
        code, _, err = command("check", *FLEET, wrong)
        assert code == 2
        assert said in err


def test_means_are_over_labelled_series():
    """A series without anomalies counts in no area, but its false alerts count."""
    table = pd.DataFrame(
        {
            "judged_days": [7.0, 7.0, 7.0],
            "flags": [3, 2, 5],
            "alerts": [1, 2, 3],
            "incidents": [1, 1, 0],
            "incidents_caught": [1, 0, 0],
            "false_alerts": [0, 2, 3],
            "time_in_alert": [0.9, 0.6, 0.3],
            "flag_everything_precision": [0.1, 0.05, np.nan],
            "flag_everything_pr_auc": [0.1, 0.05, np.nan],
            "random_pr_auc": [0.1, 0.1, np.nan],
            "largest_jump_pr_auc": [0.2, 0.2, np.nan],
        }
        | {
            name: [0.8, 0.4, np.nan]
            for name in ("precision", "recall", "f1", "pr_auc", "roc_auc", "vus_pr", "vus_roc", "best_f1")
        }
        | {name: [0.5, 0.5, np.nan] for name in ("event_f1", "range_f1", "affiliation_f")}
    )
    found = across(table, seed=0)
    assert found.measures["pr_auc"] == pytest.approx(0.6)
    assert found.measures["false_alerts_per_week"] == pytest.approx(5 / 3)
    assert found.measures["alert_precision"] == pytest.approx(1 / 6)
    assert found.measures["time_in_alert"] == pytest.approx(0.6)
    assert any("An alert is open 60% of the time, an incident 5%" in caveat for caveat in found.caveats)
    low, high = found.intervals["pr_auc"]
    assert low == pytest.approx(0.4)
    assert high == pytest.approx(0.8)


REMARKS = [
    (1.3, "zscore", ["No better than random scores"]),
    (14.0, "zscore", ["No better than random scores"]),
    (40.0, "zscore", []),
    (72.0, "mine", ["67.0 to 77.0 includes the best published score (ARTime, 74.9)"]),
    (90.0, "cknn", ["constants of cknn were chosen on NAB itself"]),
]


@pytest.mark.parametrize(("score", "detector", "remarks"), REMARKS)
def test_how_to_read_a_benchmark_score_is_remarked(score, detector, remarks):
    """What is not above chance, not safely above the best published, or found on the same files, is said to be."""
    told = {
        "standard": {
            "score": score,
            "random": 9.8,
            "random_best": 18.4,
            "at_own_level": -1721.6,
            "interval": (score - 5, score + 5),
        }
    }
    found = SimpleNamespace(nab=SimpleNamespace(told=lambda: told), config={"detector": {"name": detector}})
    said = nab_remarks(found)
    assert "-1721.6" in said[0]
    assert len(said) == 1 + len(remarks)
    for remark, expected in zip(said[1:], remarks, strict=True):
        assert expected in remark


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"name": "nab_corpus", "category": "realTweets"}, "only those of realTweets were run"),
        ({"name": "nab_corpus", "category": None}, "some could not be run"),
        ({"name": "asd"}, ""),
    ],
)
def test_why_there_is_no_benchmark_score(data, said):
    """A run over a part of the benchmark's series says why it has no score; other data need none."""
    told = " ".join(nab_remarks(SimpleNamespace(nab=None, config={"data": data})))
    assert said in told
    assert bool(told) == bool(said)


def test_the_strongest_alert_of_each_series():
    """One alert of each series is told, the furthest from the usual first, whatever the order and names of the rows."""
    table = pd.DataFrame(
        {
            "series": ["a", "b", "a"],
            "start": ["2024-01-03T00:00:00Z", "2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"],
            "distance": [3.0, 5.0, 4.0],
            "reason": ["weaker", "of b", "stronger"],
        },
        index=[0, 0, 1],
    )
    assert strongest(table) == [("b", "2024-01-02 00:00", "of b"), ("a", "2024-01-01 00:00", "stronger")]


def test_excess_of_a_plain_policy_is_score_above_level():
    """Where every flag alerts, a row's excess is positive exactly where it is flagged."""
    scores, levels = np.array([0.5, 2.0, np.nan, 1.0]), np.ones(4)
    excess = EveryFlag().excess(scores, levels)
    assert ((excess > 0) == [False, True, False, False]).all()


def test_a_nested_score_is_told_of_no_other_configuration():
    """What a study measured is told for what is shipped, and not once anything that it depends on is changed."""
    assert nested_scores(composed(["experiment=nab_benchmark"])) is not None
    for changed in ("detector.hour=2", "threshold.theta=0.3", "alerts=every_flag", "detector=zscore"):
        assert nested_scores(composed(["experiment=nab_benchmark", changed])) is None


@pytest.mark.slow
def test_nab_benchmark(command, tmp_path, needs):
    """The preset gives the three scores, writes results that score-nab reads, and judges them alike."""
    needs("nab")
    code, out, err = command("experiment=nab_benchmark", "corpus.jobs=2")
    assert code == 0, err
    record = json.loads((_latest(tmp_path) / "record.json").read_text())
    nab = record["detection"]["nab"]
    assert nab["standard"]["score"] >= 78.0
    assert nab["reward_low_FP_rate"]["score"] >= 69.5
    assert nab["reward_low_FN_rate"]["score"] >= 83.0
    assert nab["standard"]["leave_one_category_out"] >= 77.0
    assert "108 of 116" in " ".join(out.split())
    assert "nested" in out
    assert "73.60" in out
    code, out, err = command("score-nab", str(_latest(tmp_path) / "nab_results"))
    assert code == 0, err
    assert f"{nab['standard']['score']:.2f}" in out
