"""The command end to end: rules on a real Prometheus, models and thresholds on files, and what is said of mistakes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
import yaml

from loopback import reply, serving
from prometheus_server import needs_prometheus, prometheus
from sre_anomaly.backtesting.rules import asking
from sre_anomaly.backtesting.rules import replay as rule_replay
from sre_anomaly.cli.main import main
from sre_anomaly.errors import UserError
from sre_anomaly.io.prometheus import AwayError, Prometheus

START = 1_700_000_000 // 604_800 * 604_800
DAYS = 16
RULES = """
groups:
- name: host
  rules:
  - {alert: Hot, expr: cpu > 80, annotations: {summary: '{{ $labels.host }} at {{ $value }}'}}
  - {alert: Lost, expr: 'memory > 5'}
  - {alert: Gone, expr: 'absent(cpu)'}
"""


def cpu(seed, bursts):
    """Return (seconds, values) of a made-up CPU at five minutes with bursts of so many rows."""
    at = START + 300 * np.arange(DAYS * 288)
    values = 40 + 15 * np.sin(2 * np.pi * at / 86_400) + np.random.default_rng(seed).standard_normal(len(at))
    for begin, rows in bursts:
        values[begin : begin + rows] = 95
    return at, values.round(2)


BURSTS = [(2400, 12), (3000, 1), (3100, 1), (3200, 1), (3300, 1), (3400, 1), (4000, 12)]


@pytest.fixture
def metrics(tmp_path, monkeypatch):
    """Work in an empty folder with a CSV of one metric and its incidents."""
    monkeypatch.chdir(tmp_path)
    at, values = cpu(1, BURSTS)
    pd.DataFrame({"time": pd.to_datetime(at, unit="s", utc=True), "cpu": values}).to_csv(
        "cpu.csv", index=False
    )
    windows = [
        [
            str(pd.Timestamp(int(at[first]), unit="s", tz="UTC")),
            str(pd.Timestamp(int(at[first + rows]), unit="s", tz="UTC")),
        ]
        for first, rows in BURSTS
        if rows > 1
    ]
    (tmp_path / "incidents.json").write_text(json.dumps(windows))
    return tmp_path


def record(folder="outputs/backtest/latest"):
    """Return the record of a backtest."""
    return json.loads(Path(folder, "record.json").read_text())


def test_models_and_thresholds_beside_each_other(metrics, capsys):
    """A threshold that pages at single points is told which `for` would leave the incidents alone."""
    main(["backtest", "data.path=cpu.csv", "incidents=incidents.json", "with=[baseline, cpu > 80]"])
    said = capsys.readouterr().out
    found = {one["name"]: one for one in record()["sources"]}
    assert (found["cpu > 80"]["pages"], found["cpu > 80"]["caught"], found["cpu > 80"]["false"]) == (7, 2, 5)
    assert found["cpu > 80"]["verdict"].startswith(
        "pages 7 times in 12 days, 5 of them with nothing wrong; caught 2 of 2"
    )
    assert "with for: 5m, 0 of the 5 false ones are left" in found["cpu > 80"]["verdict"]
    assert found["baseline"]["caught"] == 2
    budgets = [one["pages"] for one in found["baseline"]["changes"]]
    assert budgets == sorted(budgets), "a larger budget never pages less"
    assert "cpu > 80 would have paged 7 times" in said
    for name in ("report.html", "report.md", "cards.csv", "pages.csv"):
        assert (metrics / "outputs/backtest/latest" / name).stat().st_size


@pytest.mark.usefixtures("metrics")
def test_a_model_that_is_fitted_never_sees_what_comes():
    """Changing the last days changes nothing before them, also with detectors that are fitted and fixed thresholds."""
    chosen = "with=[zscore, detector=iforest threshold.contamination=0.01]"
    main(["backtest", "data.path=cpu.csv", chosen, "to=a"])
    table = pd.read_csv("cpu.csv")
    table.loc[table.index[-288:], "cpu"] = 1000.0
    table.to_csv("cpu.csv", index=False)
    main(["backtest", "data.path=cpu.csv", chosen, "to=b"])
    cut = table["time"].iloc[-288].replace(" ", "T")[:19]
    before = [pd.read_csv(f"{name}/pages.csv")[["time", "alerts"]] for name in "ab"]
    one, other = (pages[pages["time"] < cut].reset_index(drop=True) for pages in before)
    assert len(one)
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.usefixtures("metrics")
def test_a_chosen_budget_becomes_a_preset(capsys):
    """What the curve showed is one command away from being used."""
    main(["backtest", "data.path=cpu.csv", "data.values=[cpu]"])
    assert "baseline: allowed a week" in capsys.readouterr().out
    main(["new", "budget", "host", "from=outputs/backtest/latest", "pages_per_week=2"])
    text = Path("conf/experiment/host.yaml").read_text()
    assert "came with 2 allowed" in text
    main(["check", "experiment=host"])
    main(["experiment=host", "--cfg", "job"])
    said = capsys.readouterr().out
    assert "pages_per_week: 2.0" in said
    assert "path: cpu.csv" in said
    main(["new", "budget", "other", "from=outputs/backtest/latest", "pages_per_week=3.9"])
    assert "came with 4 allowed, the nearest to 3.9 that was replayed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["host"], "new budget: from= is missing"),
        (["host", "from=none", "pages_per_week=2"], "from=none: is no folder of a backtest"),
        (["Host", "from=none", "pages_per_week=2"], "a name is of small letters"),
        (["csv", "from=none", "pages_per_week=2"], "a preset is called csv already"),
        (["host", "form=none"], "no key is called 'form'; did you mean 'from'?"),
    ],
)
def test_mistakes_in_a_budget(capsys, words, said):
    """One line each."""
    with pytest.raises(SystemExit):
        main(["new", "budget", *words])
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("metrics")
def test_fail_over_is_an_exit_code(capsys):
    """A pipeline stops where there would be too many pages; the folder is there all the same."""
    words = ["backtest", "data.path=cpu.csv", "with=[cpu > 80]", "to=out"]
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--fail-over", "pages_per_week=2"])
    assert stopped.value.code == 1
    assert re.search(r"cpu > 80: pages_per_week is 4\.\d+, more than 2", capsys.readouterr().err)
    assert record("out")["failed"]
    main([*words[:-1], "to=out2", "--fail-over=pages_per_week=5"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "backtest: of what? give data.url="),
        (["rules=a.yml"], "rules: which Prometheus is to evaluate them?"),
        (["data.path=cpu.csv", "rules=a.yml"], "rules: only a Prometheus can evaluate them"),
        (
            ["data.path=cpu.csv", "with=[cknnn]"],
            "with: 'cknnn' is no detector, preset, model folder or threshold; did you mean 'cknn'",
        ),
        (["data.path=cpu.csv", "with=[cup > 5]"], "has no metric 'cup'; did you mean 'cpu'?"),
        (["data.path=cpu.csv", "with=[cpu > 5 for soon]"], "'soon' is no duration"),
        (["data.path=cpu.csv", "with=[xgboost]"], "xgboost: detector=xgboost learns from labels"),
        (["data.path=cpu.csv", "wiht=[cknn]"], "backtest has no key 'wiht'; did you mean 'with'?"),
        (["data.path=cpu.csv", "incidents=none.json"], "incidents: none.json is not there"),
        (["data.path=cpu.csv", "--fail-over", "pagers=2"], "--fail-over pagers: is no measure"),
        (["data.path=cpu.csv", "--fail-over", "pages=many"], "write a number behind it"),
        (["data.path=cpu.csv", "--fail-over", "missed=0"], "needs known incidents"),
        (["data.path=cpu.csv", "warm_up=long"], "warm_up: is not a duration"),
        (["data.path=cpu.csv", "alertmanager=am.yml"], "am.yml"),
        (["data.url=http://127.0.0.1:9", "rules=none.yml"], "rules: none.yml is not there"),
    ],
)
@pytest.mark.usefixtures("metrics")
def test_mistakes_are_told_in_one_line(capsys, words, said):
    """What is wrong, where, and what would be right; exit code 2."""
    with pytest.raises(SystemExit) as stopped:
        main(["backtest", *words])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


@needs_prometheus
def test_rules_on_a_prometheus(tmp_path, monkeypatch, capsys):
    """Cards, annotations, what the server lacks, and since when it has data."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yml").write_text(RULES)
    at, values = cpu(1, BURSTS)
    series = {'cpu{host="a"}': list(zip(at.tolist(), values.tolist(), strict=True))}
    with prometheus(tmp_path, series) as url:
        end = pd.Timestamp(int(at[-1]), unit="s", tz="UTC").isoformat()
        words = [f"data.url={url}", f"data.end='{end}'", "data.last=20d", "interval=5m"]
        main(["backtest", "rules=rules.yml", *words])
        found = {one["name"]: one for one in record()["sources"]}
        assert found["Hot"]["pages"] == len(BURSTS)
        assert found["Lost"]["verdict"] == "can never fire: the server has no metric memory"
        assert found["Gone"]["pages"] == 0
        assert "has data from" in record()["notes"][0]
        assert "a at 95" in pd.read_csv("outputs/backtest/latest/pages.csv")["summary"].tolist()
        assert "Your 3 rules would have paged 7 times" in capsys.readouterr().out

        (tmp_path / "rules.yml").write_text(
            "groups:\n- name: a\n  rules:\n  - {alert: A, expr: 'rate(cpu) >'}\n"
        )
        with pytest.raises(SystemExit):
            main(["backtest", "rules=rules.yml", *words])
        assert "rules.yml:4: alert A: the server refuses its expression" in capsys.readouterr().err


def answer_like_prometheus(away):
    """Return a server's answer to query_range: `x` at every evaluation; while ``away`` has numbers of requests, HTTP 503."""
    asked = []

    def answer(handler, body):
        if "query_range" not in handler.path:
            reply(handler, 404)
            return
        asked.append(body)
        if len(asked) in away:
            reply(handler, 503)
            return
        form = dict(pair.split("=") for pair in body.decode().split("&"))
        times = np.arange(float(form["start"]), float(form["end"]) + 1, float(form["step"]))
        metric = {"__name__": "x", "job": "a"}
        values = [[float(at), "1"] for at in times]
        content = {
            "status": "success",
            "data": {"resultType": "matrix", "result": [{"metric": metric, "values": values}]},
        }
        reply(handler, 200, json.dumps(content).encode())

    return answer


def test_goes_on_where_it_stopped_when_the_server_comes_back(tmp_path, monkeypatch, capsys):
    """A server that is away in the middle is waited for, and only the lost question is put again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asking, "PAUSES", (0.01, 0.01, 0.01))
    (tmp_path / "rules.yml").write_text("groups: [{name: a, rules: [{alert: A, expr: x > 0}]}]")
    with serving(answer_like_prometheus(away={3, 4})) as server:
        main(["backtest", "rules=rules.yml", f"data.url={server.url}", "interval=1m"])
        said = capsys.readouterr().err
    assert "waiting for it" in said
    assert "answers again" in said
    assert record()["sources"][0]["in_alert"] == pytest.approx(1)


def test_a_server_that_stays_away_is_one_line(tmp_path, monkeypatch, capsys):
    """After a while it is given up, with its address."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asking, "PAUSES", (0.01, 0.01))
    (tmp_path / "rules.yml").write_text("groups: [{name: a, rules: [{alert: A, expr: x > 0}]}]")
    with (
        serving(answer_like_prometheus(away=set(range(2, 99)))) as server,
        pytest.raises(SystemExit) as stopped,
    ):
        main(["backtest", "rules=rules.yml", f"data.url={server.url}", "interval=1m"])
    assert stopped.value.code == 2
    assert "answers HTTP 503" in capsys.readouterr().err.splitlines()[-1]


def test_a_server_that_takes_too_long_is_asked_for_less():
    """Once it has answered, running out of time says that a question was large, not that the server is away."""

    class Slow:
        url = "http://slow"
        asked: ClassVar[list[int]] = []

        def samples(self, _, first, last, step):
            self.asked.append((last - first) // step + 1)
            if len(self.asked) > 1 and self.asked[-1] > 1000:
                raise AwayError("data.url: http://slow does not answer (timed out)")
            return [], []

    def pause(_):
        raise AssertionError("it was waited for")

    asking_it = asking.Asking(Prometheus("http://slow"), print, pause)
    asking_it.server = Slow()
    list(asking_it.pieces("x", 0, 10, 1))
    list(asking_it.pieces("x", 0, 4999, 1))
    assert sum(Slow.asked[-8:]) >= 5000 - 1000
    assert max(Slow.asked[3:]) <= 1000, Slow.asked


def test_metrics_of_a_yaml_of_ones_own(tmp_path, monkeypatch, capsys):
    """A preset that names expressions is replayed as it is, without naming them again."""
    monkeypatch.chdir(tmp_path)
    with serving(answer_like_prometheus(away=())) as server:
        own = {"defaults": ["prometheus"], "url": server.url, "metrics": {"load": "x"}, "step": "5m"}
        Path("conf/data").mkdir(parents=True)
        Path("conf/data/shop.yaml").write_text(yaml.safe_dump(own))
        main(["backtest", "experiment=prometheus", "data=shop", "with=[load > 0]"])
    assert "load > 0 would have paged" in capsys.readouterr().out


def test_too_many_alerts_of_one_rule(monkeypatch):
    """It is said how many, and how to narrow it."""
    monkeypatch.setattr(rule_replay, "MOST_SERIES", 0)
    rule = rule_replay.Rule("A", False, "x > 0", 60 * 10**9, where="rules.yml:1")
    with (
        serving(answer_like_prometheus(away=())) as server,
        pytest.raises(UserError, match="narrow its selectors"),
    ):
        rule_replay.replay_rule(rule, {}, asking.Asking(Prometheus(server.url), print), 0, 10**12)


def test_the_action_reports_and_fails_as_asked(tmp_path):
    """The script of the GitHub action writes the report into the job's summary, and its exit code is the command's."""
    script = Path(__file__).parents[2] / "deploy" / "github" / "backtest.sh"
    action = yaml.safe_load(script.with_name("action.yml").read_text())
    named = {step.get("name"): step for step in action["runs"]["steps"]}
    inputs = set(re.findall(r"inputs\.([\w-]+)", script.with_name("action.yml").read_text()))
    assert inputs == set(action["inputs"])
    (tmp_path / "rules.yml").write_text("groups: [{name: a, rules: [{alert: Always, expr: x > 0}]}]")
    summary = tmp_path / "summary.md"
    with serving(answer_like_prometheus(away=())) as server:
        given = {
            "RULES": "rules.yml",
            "PROMETHEUS_URL": server.url,
            "LAST": "3d",
            "FAIL_OVER": "pages=0 missed=5",
            "MORE": "",
        }
        assert set(named["Replay"]["env"]) == set(given)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        env = {
            **os.environ,
            **given,
            "MORE": "interval=5m incidents=none.json",
            "PATH": path,
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        (tmp_path / "none.json").write_text("[]")
        done = subprocess.run([script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "more than 0" in done.stderr
    assert "## What would have paged you" in summary.read_text()
    assert "Always" in summary.read_text()


def test_the_action_says_why_there_is_no_report(tmp_path):
    """What an earlier job left in the folder is not taken for the report of this one."""
    script = Path(__file__).parents[2] / "deploy" / "github" / "backtest.sh"
    old = tmp_path / "backtest-report" / "report.md"
    old.parent.mkdir()
    old.write_text("of yesterday")
    summary = tmp_path / "summary.md"
    given = {"RULES": "none.yml", "PROMETHEUS_URL": "http://127.0.0.1:9", "LAST": "3d"}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, **given, "PATH": path, "GITHUB_STEP_SUMMARY": str(summary)}
    done = subprocess.run([script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "sre-anomaly: " in done.stderr
    assert "sre-anomaly: " in summary.read_text()
    assert "of yesterday" not in summary.read_text()
