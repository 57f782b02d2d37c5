"""Problems of a table through the real command: from a preset, from one's own CSV, and what goes wrong."""

import io
import json
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sre_anomaly.cli import classify, monitor
from sre_anomaly.cli.new.recipe import example, recipes
from sre_anomaly.config.build_table import build_all
from sre_anomaly.config.catalogue import options
from sre_anomaly.config.compose import composed
from sre_anomaly.dataset import Table
from sre_anomaly.errors import ConfigError
from sre_anomaly.parallel.cache import ResultCache
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.records import RunRecord, plain
from sre_anomaly.sweeps.trial import run_trial
from sre_anomaly.table.csv import CsvTable

QUICK = ("experiment=deployment_failure", "table.rows=900", "classifier=logistic")


def record_in(folder):
    return json.loads((folder / "outputs" / "latest" / "record.json").read_text())


def own_table(rows=600, seed=0):
    """Return what somebody might have who knows no machine learning: a CSV with a yes/no column."""
    draw = np.random.default_rng(seed)
    temperature, load = draw.normal(60, 8, rows), draw.beta(2, 3, rows)
    broke = (temperature - 60) / 8 + 3 * load + draw.normal(0, 0.7, rows) > 2.4
    return pd.DataFrame(
        {
            "seen_at": pd.date_range("2025-03-01", periods=rows, freq="h").strftime("%Y-%m-%d %H:%M"),
            "rack": draw.choice(["a1", "a2", "b1"], rows),
            "temperature": temperature.round(1),
            "load": load.round(2),
            "broke": np.where(broke, "yes", "no"),
        }
    )


@pytest.fixture
def finished(command, tmp_path):
    code, out, err = command(*QUICK)
    assert (code, err) == (0, "")
    return tmp_path / "outputs" / "latest", out


def test_a_table_run_leaves_its_files(finished):
    """The record, the answer to every judged row, the model, two pictures and a report that opens offline."""
    folder, out = finished
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files >= {
        "record.json", "report.html", "predictions.csv", "config.yaml", "model/manifest.json",
        "images/confusion_plot.png", "images/calibration_plot.png",
    }  # fmt: skip
    assert not {"alerts.csv", "scores.parquet"} & files
    record = json.loads((folder / "record.json").read_text())
    found = record["classification"]
    assert record["detection"] is None
    assert record["regression"] is None
    assert found["measures"]["macro_f1"] > 0
    assert found["folds"] == {
        "name": "auto",
        "in_words": "the earliest 70% for training, what came after for evaluation",
        "leaks": False,
    }
    assert {"majority", "single_column"} <= set(found["baselines"])
    answers = pd.read_csv(folder / "predictions.csv")
    assert len(answers) == found["measures"]["rows"] == 270
    assert np.mean(answers["failed"] == answers["told"]) == pytest.approx(found["measures"]["accuracy"])
    page = (folder / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert not re.search(r"(src|href)=(?!'data:)|https?://", page)
    assert "random (leaks)" in page
    assert "(leaks)" in out


def test_same_seed_same_answers(command, tmp_path):
    """Two runs of a command give the same predictions to the byte, another seed gives others."""
    seen = []
    for seed in (1, 1, 2):
        assert command(*QUICK, f"seed={seed}")[0] == 0
        seen.append((tmp_path / "outputs/latest/predictions.csv").read_bytes())
    assert seen[0] == seen[1] != seen[2]


def test_metrics_and_a_table_in_one_run(command, tmp_path):
    """A run does whatever groups are set: a detection and a classification side by side."""
    code, _, err = command(
        "data.days=14", "data.count=1", "data.hard_negative_count=1", "detector=gaussian", "forecaster=none",
        "table=seven_lines", "classifier=naive_bayes", "folds=random",
    )  # fmt: skip
    assert (code, err) == (0, "")
    record = record_in(tmp_path)
    assert record["detection"]["flags"] >= 0
    assert record["classification"]["classes"] == ["ERROR", "INFO", "WARN"]
    assert record["data"]["table"]["rows"] == 7
    assert (tmp_path / "outputs/latest/model/manifest.json").is_file()
    assert (tmp_path / "outputs/latest/table_model/manifest.json").is_file()


def test_seven_lines_say_what_they_cannot_tell(command):
    """The smallest example runs, and says that three judged lines prove nothing."""
    code, out, _ = command("experiment=log_levels", "table=seven_lines")
    assert code == 0
    assert "the draw decides which" in " ".join(out.split())


@pytest.mark.parametrize(("name", "keys"), [("classify", classify.KEYS), ("monitor", monitor.KEYS)])
def test_help_names_every_key_of_a_command(command, name, keys):
    """What a command understands stands in its own help, and nothing else does."""
    code, out, _ = command(name, "--help")
    assert code == 0
    assert out.startswith(f"sre-anomaly {name} ")
    assert set(re.findall(r"^  (\w+)=", out, flags=re.MULTILINE)) == set(keys)


def test_the_page_of_seven_lines_says_what_its_commands_give(command):
    """Typed as written, one after the other, the last command tells what the page says."""
    page = (Path(__file__).parents[2] / "experiments/recipes/seven_lines.md").read_text()
    typed = [shlex.split(line, comments=True)[1:] for line in page.splitlines() if line.startswith("sre-")]
    assert len(typed) == 3
    for words in typed:
        code, out, _ = command(*words)
        assert code == 0
    (first, sure, _), (second, _, _) = (line.split("\t") for line in out.splitlines())
    assert (first, second) == ("ERROR", "INFO")
    assert f'"Disk failure detected" as ERROR, not surely ({float(sure):.2f})' in " ".join(page.split())


def test_new_lines_are_classified(command, tmp_path, monkeypatch):
    """Lines from standard input and from the command line get their level; empty ones are counted."""
    command("experiment=log_levels", "table=seven_lines")
    model = "model=outputs/latest/model"
    lines = b"Disk quota exceeded on node 12\n\nUser 4 logged in\r\nMemory usage high: 97 percent"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    code, out, err = command("classify", model)
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == ["ERROR", "INFO", "WARN"]
    assert out.splitlines()[1].endswith("\tUser 4 logged in")
    assert err == "sre-anomaly: 1 empty line was skipped\n"
    code, out, _ = command("classify", model, "show=class", "Connection refused by 10.9.9.9")
    assert (code, out) == (0, "ERROR\n")
    (tmp_path / "log.txt").write_bytes(lines)
    code, out, _ = command("classify", model, "input=log.txt", "only=WARN", "show=class")
    assert (code, out) == (0, "WARN\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name the model of a run"),
        (["model=nowhere", "a line"], "nowhere"),
        (["modle=x"], "did you mean 'model'"),
        (["model=outputs/latest/model", "only=ERR", "x"], "did you mean 'ERROR'"),
        (["model=outputs/latest/model", "input=none.txt"], "cannot be read"),
        (["model=outputs/latest/model", "input=x", "a line"], "not both"),
        (["model=outputs/latest/model", "show=word", "x"], "show=word"),
        (["model=outputs/latest", "x"], "did you mean model=outputs/latest/model?"),
        (
            ["model=outputs/latest/model", "outputs/latest/record.json"],
            "is a file; write input=outputs/latest/record.json",
        ),
    ],
)
def test_what_classify_refuses(command, words, said):
    """One line that says what is wrong, and exit code 2."""
    if "outputs" in " ".join(words):
        command("experiment=log_levels", "table=seven_lines")
    code, out, err = command("classify", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_levels_of_loghub(command, needs, tmp_path):
    """On messages never seen the honest number is far below that of a random split, and stands before it."""
    needs("loghub")
    code, out, _ = command("experiment=log_levels")
    assert code == 0
    found = record_in(tmp_path)["classification"]
    assert found["measures"]["macro_f1"] == pytest.approx(0.684, abs=0.02)
    assert found["baselines"]["keywords"]["macro_f1"] == pytest.approx(0.460, abs=0.01)
    assert found["random_split"]["macro_f1"] > 0.95
    assert out.index("0.68") < out.index("0.97")
    readme = (Path(__file__).parents[2] / "docs" / "how-to" / "tables.md").read_text()
    shown = re.findall(r'classify model=outputs/latest/model "([^"]+)" +# (\w+) (\S{5})', readme)
    assert len(shown) == 2
    out = command("classify", "model=outputs/latest/model", *(line for line, _, _ in shown))[1]
    for told, (_, name, sure) in zip(out.splitlines(), shown, strict=True):
        assert told.split("\t")[0] == name
        assert float(told.split("\t")[1]) == pytest.approx(float(sure), abs=0.02)


def test_three_lines_from_a_csv_to_a_report(command, tmp_path):
    """Somebody with a CSV and a yes/no column edits the three marked lines, checks, and has a report."""
    own_table().to_csv(tmp_path / "racks.csv", index=False)
    assert command("new", "recipe", "rack_failures", "from=incident_severity")[0] == 0
    path = tmp_path / "conf" / "experiment" / "rack_failures.yaml"
    before = path.read_text().splitlines()
    mine = {"path": "racks.csv", "target": "broke", "time": "seen_at"}
    after = [
        f"  {line.split(':')[0].strip()}: {mine[line.split(':')[0].strip()]}" if "<--" in line and ":" in line and line.startswith("  ") else line
        for line in before
    ]  # fmt: skip
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 3
    path.write_text("\n".join(after) + "\n")
    code, out, err = command("check", "experiment=rack_failures")
    assert (code, err) == (0, "")
    assert "broke: no" in out
    code, out, err = command("experiment=rack_failures")
    assert (code, err) == (0, "")
    found = record_in(tmp_path)["classification"]
    assert found["measures"]["macro_f1"] > found["baselines"]["single_column"]["macro_f1"]
    assert found["folds"]["in_words"].startswith("the earliest")
    assert (tmp_path / "outputs/latest/report.html").is_file()


@pytest.mark.parametrize("recipe", [name for name in recipes() if name != "capacity"])
def test_a_new_recipe_runs_as_it_is(command, tmp_path, recipe):
    """What `new recipe` writes is valid, passes `check` and is read back as the table it was."""
    assert command("new", "recipe", "mine", f"from={recipe}")[0] == 0
    code, out, err = command("check", "experiment=mine")
    assert (code, err) == (0, ""), err
    assert "ok:" in out
    config = composed(["experiment=mine"])
    table, drawn = build_all(config)[1].table.table(), example(composed([f"experiment={recipe}"]))
    assert len(table) == len(drawn) == 600
    assert set(table.numbers) == set(drawn.numbers)
    assert set(table.categories) == set(drawn.categories)
    assert set(table.texts) == set(drawn.texts)
    comments = (tmp_path / "conf/experiment/mine.yaml").read_text()
    assert comments.count("<--") == 4, "three lines and the sentence that explains the mark"
    assert yaml.safe_load(comments)["name"] == "mine"


@pytest.mark.parametrize("recipe", ["alert_forecasting", "autoscaling", "load_balancing", "intrusion"])
def test_a_new_recipe_divides_rows_as_its_preset(command, tmp_path, recipe):
    """The gap without which near rows leak is written down; what a CSV cannot have is told."""
    assert command("new", "recipe", "mine", f"from={recipe}")[0] == 0
    mine, preset = composed(["experiment=mine"]), composed([f"experiment={recipe}"])
    assert mine["folds"].get("gap") == preset["folds"].get("gap", mine["folds"].get("gap"))
    written = (tmp_path / "conf/experiment/mine.yaml").read_text()
    assert ("between training and evaluation" in written) == (recipe in {"alert_forecasting", "autoscaling"})
    assert ('"value in use" is not part' in written) == (recipe in {"autoscaling", "load_balancing"})


def test_idle_volumes_are_told_calmly(command, tmp_path):
    """Volumes that stand still are not in sight of being full; full ones and too new ones are told, and nothing warns."""
    days = pd.date_range("2025-01-01", periods=240, freq="D")
    still = {"idle": 40.0, "empty": 0.0, "half": 50.0, "low": 3.0, "high": 97.0, "full": 100.0}
    volumes = [pd.DataFrame({"time": days, "volume": name, "used": used}) for name, used in still.items()]
    volumes.append(
        pd.DataFrame({"time": days, "volume": "barely", "used": 40 + 0.0001 * np.arange(len(days))})
    )
    volumes.append(pd.DataFrame({"time": days[:30], "volume": "new", "used": 20.0}))
    pd.concat(volumes).to_csv(tmp_path / "disks.csv", index=False)
    words = ["experiment=capacity", "table.path=disks.csv", "regressor=ridge"]
    code, out, err = command("check", *words)
    assert (code, err) == (0, "")
    assert "days_left is 120 in every row" in out
    assert out.count("say nothing") + out.count("says nothing") <= 1
    code, out, err = command(*words)
    assert (code, err) == (0, "")
    assert "No better than a baseline" not in out
    told = record_in(tmp_path)["regression"]["in_use"]
    assert told["in_short"] == (
        "none of 6 is in sight of being full: not within 120 days; 1 full already: full"
    )
    rows = {row[0]: row[2:] for row in told["rows"]}
    assert rows.pop("full") == ["full already", "", ""]
    assert rows.pop("new") == ["cannot say: 57 days are needed", "", ""]
    assert set(map(tuple, rows.values())) == {("not within 120 days",) * 3}
    sure = pd.read_csv(tmp_path / "outputs/latest/predictions.csv")
    assert (sure[["predicted", "lower", "upper"]] == 120).all().all()


def test_numbers_that_are_all_alike_are_refused(command, tmp_path):
    """A column that never differs is told by the check and by the run, in the same line."""
    pd.DataFrame({"cost": 5.0, "size": range(300)}).to_csv(tmp_path / "same.csv", index=False)
    words = [
        "experiment=table",
        "table.path=same.csv",
        "table.target=cost",
        "classifier=none",
        "regressor=ridge",
    ]
    for first in (["check"], []):
        code, _, err = command(*first, *words)
        assert code == 2
        assert "table.target=cost: is always 5; there is nothing to predict" in err


def test_metrics_of_disks_become_dates(command, tmp_path):
    """From somebody's CSV of disk usage to when each volume is full, by editing the marked lines."""
    assert command("new", "recipe", "mydisk", "from=capacity")[0] == 0
    path = tmp_path / "conf/experiment/mydisk.yaml"
    before = path.read_text()
    marked = [line.split(":")[0].strip() for line in before.splitlines() if "# <--" in line]
    assert marked == ["path", "volume", "used", "time"]
    draw = np.random.default_rng(0)
    days = pd.date_range("2025-01-01", periods=300, freq="D")
    volumes = []
    for number, pace in enumerate([0.1, 0.15, 0.2, 0.25, 0.3, -0.01]):
        used = 20 + np.cumsum(pace + draw.normal(0, 0.05, len(days)))
        some = {"day": days.strftime("%Y-%m-%d"), "mount": f"/data{number}", "percent": used.round(2)}
        volumes.append(pd.DataFrame(some))
    pd.concat(volumes).to_csv(tmp_path / "disks.csv", index=False)
    for old, new in (
        ("path: mydisk.csv", "path: disks.csv"), ("volume: volume", "volume: mount"),
        ("used: used_percent", "used: percent"), ("time: time", "time: day"),
    ):  # fmt: skip
        before = before.replace(old, new)
    path.write_text(before)
    code, out, err = command("check", "experiment=mydisk")
    assert (code, err) == (0, "")
    assert "days_left: from" in out
    code, out, err = command("experiment=mydisk", "regressor=ridge")
    assert (code, err) == (0, "")
    told = record_in(tmp_path)["regression"]["in_use"]
    full = {row[0]: row[2] for row in told["rows"]}
    assert "2025-10-27" <= full["/data3"] <= "2025-12-31"
    assert full["/data5"] == "not within 120 days"
    assert "Value in use" in (tmp_path / "outputs/latest/report.html").read_text()
    answers = pd.read_csv(tmp_path / "outputs/latest/predictions.csv")
    early, late = answers["reached at the earliest"], answers["reached at the latest"]
    assert ((early <= answers["reached at"]) & (answers["reached at"] <= late)).all()
    assert set(answers["step"]) == {f"{more}% more" for more in (2, 5, 10, 20, 40, 80)}
    told = answers[["predicted", "lower", "upper"]].to_numpy()
    assert ((told >= 0) & (told <= 120)).all()
    last_day = pd.to_datetime(answers["time"]).dt.tz_localize(None) + pd.Timedelta(days=120)
    dated = ~late.str.startswith("not within 120 days")
    assert not dated.all()
    assert (pd.to_datetime(late[dated]) < last_day[dated]).all()
    shares = pd.read_csv(tmp_path / "disks.csv").assign(
        percent=lambda disks: disks["percent"].clip(upper=100) / 100
    )
    shares.to_csv(tmp_path / "shares.csv", index=False)
    code, _, err = command("check", "experiment=mydisk", "table.path=shares.csv")
    assert code == 2
    assert "percent between 0 and 1" in err
    assert "set table.full=1" in err
    assert command("check", "experiment=mydisk", "table.path=shares.csv", "table.full=1")[0] == 0
    code, _, err = command("experiment=mydisk", "table.full=10")
    assert code == 2
    assert "write the number that means full" in err
    code, _, err = command("experiment=mydisk", "table.used=percnt")
    assert code == 2
    assert "did you mean 'percent'" in err


def test_a_balancer_that_knows_its_servers(command, tmp_path):
    """Every way of balancing gets the same requests, and the report shows what each made of them."""
    code, _, err = command(
        "experiment=load_balancing", "table.rows=1000", "table.tried=400", "regressor=ridge"
    )
    assert (code, err) == (0, "")
    rows = {row[0]: row[1:] for row in record_in(tmp_path)["regression"]["in_use"]["rows"]}
    assert {"round robin", "random", "least connections", "lowest predicted latency"} < set(rows)
    assert all(p50 <= p95 <= p99 for _, p50, p95, p99 in rows.values())
    assert rows["least connections"][0] < rows["round robin"][0]
    assert "lowest predicted latency" in (tmp_path / "outputs/latest/report.html").read_text()


def test_scaling_shows_cost_and_risk(command, tmp_path):
    """Instances, by what is expected and by the requests of now: more reserve costs more and risks less."""
    assert command("experiment=autoscaling", "table.rows=3000", "regressor=ridge")[0] == 0
    rows = record_in(tmp_path)["regression"]["in_use"]["rows"]
    for name in ("requests of now", "expected requests"):
        cost = [row[2] for row in rows if row[0] == name]
        risk = [float(row[3].rstrip("%")) for row in rows if row[0] == name]
        assert cost == sorted(cost)
        assert risk == sorted(risk, reverse=True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new"], "what is to be new"),
        (["new", "recipe", "mine"], "no such recipe"),
        (["new", "recipe"], "no name; write sre-anomaly new recipe NAME from=RECIPE"),
        (["new", "recipe", "mine", "from=incident_severty"], "did you mean 'incident_severity'"),
        (["new", "recipe", "mine", "from=system_metrics"], "sre-anomaly experiment=csv data.path=FILE"),
        (
            ["new", "recipe", "mine", "from=log_levels"],
            "experiment=table table.path=FILE table.target=COLUMN",
        ),
        (["new", "recipe", "Mine!", "from=intrusion"], "small letters"),
        (["new", "recipe", "mine", "form=intrusion"], "did you mean 'from'"),
        (["new", "recipe", "servers", "from=intrusion"], "already"),
    ],
)
def test_what_new_refuses(command, tmp_path, words, said):
    """One line, exit code 2, and nothing is written."""
    code, _, err = command(*words)
    assert code == 2
    assert said in err
    assert not list(tmp_path.iterdir())


def test_nothing_of_the_users_is_overwritten(command, tmp_path):
    """A file of that name is left as it is."""
    (tmp_path / "mine.csv").write_text("mine\n")
    code, _, err = command("new", "recipe", "mine", "from=intrusion")
    assert code == 2
    assert "mine.csv" in err
    assert (tmp_path / "mine.csv").read_text() == "mine\n"


def changed(column, value):
    table = own_table()
    table[column] = value
    return table


CASES = {
    "no such column": (own_table(), "table.target=brok", 2, "did you mean 'broke'"),
    "one class": (changed("broke", "no"), "table.target=broke", 2, "nothing to predict"),
    "a number as a class": (own_table(), "table.target=temperature", 2, "regressor=xgboost"),
    "a broken number": (
        own_table().astype({"load": object}).replace({"load": {own_table()["load"][3]: "n.a.?"}}),
        "table.target=broke", 2, "is not a number",
    ),
    "an empty column": (changed("load", np.nan), "table.target=broke", 0, "column load is empty"),
    "answers only at the end": (own_table().assign(broke=["no"] * 590 + ["yes"] * 10), "table.target=broke", 2, "all of one class; use folds=distinct"),
    "never changes": (changed("load", 0.5), "table.target=broke", 0, "always 0.5"),
    "gives it away": (
        changed("ticket", (own_table()["broke"] == "yes").map({True: "opened", False: "none"})),
        "table.target=broke", 0, "table.leave_out=[ticket]",
    ),
    "written in two ways": (
        own_table().replace({"broke": {"yes": "Yes"}}).pipe(lambda t: t.assign(broke=np.where(t.index % 7 == 0, t["broke"].str.lower(), t["broke"]))),
        "table.target=broke", 0, "several ways",
    ),
    "few rows": (own_table(rows=40), "table.target=broke", 0, "40 rows are few"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_check_says_what_is_wrong_with_a_table(command, tmp_path, case):
    """What stops a run is one line and exit code 2; what is odd is said and passes."""
    table, target, expected, said = CASES[case]
    table.to_csv(tmp_path / "t.csv", index=False)
    code, out, err = command("check", "experiment=table", "table.path=t.csv", target, "table.time=seen_at")
    assert code == expected, err
    assert said in (err if expected else out)
    if expected:
        assert len(err.splitlines()) == 1


SYSLOG = "Jan 31 14:05:00 web1 sshd[7]: ERROR connection refused\n" * 30
KEYS_OF_TABLE = {
    "no such file": (["experiment=table", "table.path=cx.csv", "table.target=broke"], "table.path: cx.csv"),
    "no such metrics": (["experiment=capacity", "table.path=cx.csv"], "table.path: cx.csv"),
    "no such log": (["experiment=log_levels", "table=logs", "table.path=cx"], "table.path: cx"),
    "a folder": (["experiment=table", "table.path=.", "table.target=broke"], "table.path: . is a folder"),
    "no year": (
        ["experiment=log_levels", "table=logs", "table.path=syslog", "table.format='<Month> <Date> <Time> <Host> <Part>: <Level> <Content>'"],
        "write table.year=2024",
    ),
    "no format": (["experiment=log_levels", "table=logs", "table.path=odd"], 'table.format="<Date>'),
    "a wrong format": (
        ["experiment=log_levels", "table=logs", "table.path=odd", "table.format=jsn"], "table.format: 'jsn'",
    ),
    "no zone": (
        ["experiment=table", "table.path=t.csv", "table.target=broke", "table.time=seen_at", "table.timezone=Mars"],
        "table.timezone: no time zone",
    ),
    "two dates": (
        ["experiment=table", "table.path=t.csv", "table.target=broke", "table.time=day"], "set table.day_first=true",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", KEYS_OF_TABLE)
def test_mistakes_name_the_key_that_was_typed(command, tmp_path, case):
    """Readers that metrics and tables share name the key of the group in use, which is there to be set."""
    words, said = KEYS_OF_TABLE[case]
    own_table(rows=40).assign(day="03/04/2024").to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "syslog").write_text(SYSLOG)
    (tmp_path / "odd").write_text("!!\n" * 30)
    for command_word in (["check"], []):
        code, _, err = command(*command_word, *words)
        assert code == 2
        assert said in err
        assert "data." not in err
    known = {match for match in re.findall(r"table\.(\w+)", err) if match != "csv"}
    assert known <= set(composed(words)["table"])


@pytest.mark.parametrize(
    ("table", "words", "said"),
    [
        (
            changed("broke", "no"),
            ["table.time=seen_at"],
            "all 600 rows are 'no'; there is nothing to predict",
        ),
        (
            own_table(),
            ["table.group=rack", "folds=group"],
            "use folds=time and name the column with table.time",
        ),
        (own_table(), ["table.group=rack", "folds=group"], "or folds.parts=3"),
        (own_table(), ["table.group=rack", "table.time=seen_at", "folds=group"], "use folds=time, or"),
        (
            own_table().assign(broke=["no"] * 450 + ["yes"] * 150),
            ["table.group=rack", "table.time=seen_at"],
            "are all of one class; use folds=group",
        ),
        (
            own_table().assign(broke=own_table()["rack"] == "a1"),
            ["table.group=rack", "table.time=seen_at", "folds=leave_one_out"],
            "are all of one class; use folds=time",
        ),
    ],
)
def test_a_run_names_the_folds_that_help(command, tmp_path, table, words, said):
    """Without `check` as well it is said which other division helps, or that none can."""
    if said.endswith("folds=time"):
        table = table[table["rack"] != "b1"]
    table.to_csv(tmp_path / "t.csv", index=False)
    code, _, err = command("experiment=table", "table.path=t.csv", "table.target=broke", *words)
    assert code == 2
    assert said in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data=none"], "add detector=none forecaster=none"),
        (["data=none", "detector=none", "forecaster=none"], "there is nothing to do"),
        (["classifier=logistic"], "choose one, such as table=csv"),
        (["table=seven_lines"], "choose one of classifier"),
        (["table=seven_lines", "classifier=logistic", "regressor=ridge"], "not both"),
        (["table=seven_lines", "classifier=logistc"], "did you mean 'logistic'"),
        (["experiment=log_levels", "table.folder=/nowhere"], "table.folder: /nowhere is not there"),
    ],
)
def test_what_cannot_be_done_together(command, words, said):
    """Groups that ask for each other are missed by name."""
    code, _, err = command(*words)
    assert code == 2
    assert said in err


def test_a_sweep_never_sees_the_judged_rows(monkeypatch):
    """A trial's measures stay the same when every answer in the evaluated rows changes."""
    config = composed(["experiment=table", "table=csv", "table.path=x", "table.target=broke", "folds=time"])
    table = own_table()
    real = {"numbers": {"load": table["load"].to_numpy(), "temperature": table["temperature"].to_numpy()}}
    found = []
    for corrupt in (False, True):
        answers = table["broke"].to_numpy(dtype=object).copy()
        if corrupt:
            answers[421:] = "yes"

        def read(_, answers=answers):
            return Table("own", **real, target=answers, time=np.arange(len(answers), dtype=np.int64))

        monkeypatch.setattr(CsvTable, "table", read)
        record = RunRecord()
        run_trial(config, record, Stages(), ResultCache(), ("classification",))
        found.append(plain(record.classification["measures"]))
    assert found[0] == found[1]
    assert found[0]["rows"] < 180


def test_a_rule_that_judges_every_row_leaves_nothing_for_a_sweep():
    """Swept on all rows, a winner could prove itself on none."""
    config = composed(["experiment=compliance", "table.rows=500"])
    with pytest.raises(ConfigError, match=r"folds\.judged=1"):
        run_trial(config, RunRecord(), Stages(), ResultCache(), ("classification",))
    config["folds"]["judged"] = 1
    record = RunRecord()
    run_trial(config, record, Stages(), ResultCache(), ("classification",))
    assert record.classification["measured_on"] == "inner folds"
    assert record.classification["measures"]["rows"] < 500


def test_a_sweep_of_a_table(command, tmp_path):
    """Trials, a winner, and the winner judged on rows that no trial has seen."""
    code, out, err = command(
        *QUICK, "sweep=custom", "hydra.sweeper.objective=classification.measures.macro_f1",
        "hydra.sweeper.n_trials=3", "hydra.launcher.n_jobs=1", "classifier.C=tag(log,interval(0.01,10))",
    )  # fmt: skip
    assert code == 0, err
    assert re.search(r"which no trial has seen: macro_f1 \S+ \(95 % interval", " ".join(out.split()))
    (folder,) = (tmp_path / "outputs").glob("deployment_failure/sweep_*")
    trial = json.loads((folder / "0" / "record.json").read_text())
    assert trial["classification"]["measures"]["rows"] < 200
    best = json.loads((folder / "best" / "record.json").read_text())
    assert best["classification"]["measures"]["rows"] == 270


@pytest.mark.parametrize("words", [["sweep=classifier"], ["experiment=query_time", "sweep=classifier"]])
@pytest.mark.parametrize("check", [["check"], []])
def test_a_sweep_of_classes_without_classes_begins_no_trial(command, tmp_path, check, words):
    """It is refused before the first trial; who has numbers is shown the line that works."""
    code, out, err = command(*check, *words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.rglob("record.json"))
    if len(words) == 1:
        assert "table: a classifier needs a table" in err
        return
    shown = shlex.split(re.search(r"write (.*)", err)[1])
    some = ["table.rows=600", "hydra.sweeper.n_trials=1", "hydra.launcher.n_jobs=1"]
    code, _, err = command(*check, words[0], *shown, *some)
    assert code == 0, err


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ([*QUICK], "new recipe NAME from=deployment_failure"),
        (["experiment=query_time", "table.rows=600", "regressor=ridge"], "new recipe NAME from=query_time"),
        (["experiment=log_levels", "table=seven_lines"], "experiment=log_levels table=logs table.path="),
    ],
)
def test_what_comes_next_is_of_the_same_problem(command, words, after):
    """Somebody who has run a preset is shown how to turn that one to rows of their own."""
    out = " ".join(command(*words)[1].split())
    assert after in out
    assert "incident_severity" not in out


def test_compare_reads_table_runs(command, tmp_path):
    """Two runs over the same rows stand side by side with their macro-F1."""
    code, _, err = command("-m", *QUICK[:2], "classifier=logistic,naive_bayes")
    assert code == 0, err
    (table,) = (tmp_path / "outputs").glob("deployment_failure/*_multirun/comparison.csv")
    assert "macro_f1_verdict" in table.read_text()


@pytest.mark.parametrize("recipe", recipes())
def test_a_recipe_is_honest(recipe):
    """Made twice the same; no column gives the answer away; rare classes stay rare; near copies have groups or times."""
    config = composed([f"experiment={recipe}"])
    _, parts = build_all(config)
    table, again = parts.table.table(), parts.table.table()
    assert table.fingerprint == again.fingerprint
    assert len(table) == config["table"]["rows"]
    assert table.group is not None or table.time is not None
    assert all(np.isfinite(column).all() for column in table.numbers.values())
    if parts.classifier is not None:
        share = pd.Series(table.labels()).value_counts(normalize=True)
        assert share.min() < 0.2
        assert share.max() < 0.97


def test_every_recipe_has_its_page():
    """A page for each recipe and one for no other; each names its command."""
    folder = Path(__file__).parents[2] / "experiments" / "recipes"
    pages = {path.stem for path in folder.glob("*.md")} - {"README"}
    assert set(recipes()) <= pages
    for recipe in recipes():
        assert f"sre-anomaly experiment={recipe}" in (folder / f"{recipe}.md").read_text()
    assert set(recipes()) <= set(options("experiment"))
