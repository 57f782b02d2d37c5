"""What alerts set off: rules that are read, programs that are run, logs that break, and the real commands."""

import hashlib
import hmac
import io
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import numpy as np
import pandas as pd
import pytest
import yaml

from loopback import reply, serving
from sre_anomaly.clock import iso
from sre_anomaly.config.build import build, build_parts
from sre_anomaly.config.compose import composed
from sre_anomaly.dataset import Table
from sre_anomaly.errors import UserError
from sre_anomaly.frame import MetricFrame
from sre_anomaly.model.model import model_of, save_model
from sre_anomaly.remediation.actions import execute, post, run
from sre_anomaly.remediation.responder import STOP, Responder
from sre_anomaly.remediation.rule_file import read_rules
from sre_anomaly.remediation.rules import Action, Event
from sre_anomaly.tabular.model import fit_classes
from sre_anomaly.tabular.model_folder import save_table_model
from sre_anomaly.testing.examples import example_frame

COMMAND = [sys.executable, "-c", "from sre_anomaly.cli.main import main; main()"]
# Writes down what it was given: arguments, standard input, and the names that the data have in its environment.
WITNESS = """\
import json, os, sys
seen = {"argv": sys.argv[1:], "told": json.load(sys.stdin), "secret": os.environ.get("MY_SECRET")}
seen |= {key: value for key, value in os.environ.items() if key.startswith("REMEDIATION_")}
open(sys.argv[1], "a").write(json.dumps(seen) + "\\n")
print("said", "something")
"""
NASTY = "$(touch pwned); `touch pwned` | touch pwned & \\' \" ; %s {target} ${HOME} \n\x1b[31m"


def rules_file(folder, **changed):
    """Write a file of rules whose program and address this machine has."""
    (folder / "witness.py").write_text(WITNESS)
    content = {
        "turned_on": True,
        "audit_log": "log.jsonl",
        "kill_switch": "stop",
        "actions": {"note": {"command": [sys.executable, str(folder / "witness.py"), str(folder / "seen"), "{metric}"]}},
        "rules": [{"when": "opened", "do": "note"}, {"when": "predicted", "class": "ERROR", "do": "note"}],
        **changed,
    }  # fmt: skip
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def remedy_in(folder, said=None, **changed):
    return Responder(read_rules(rules_file(folder, **changed)), (said if said is not None else []).append)


def opened(**about):
    return Event("opened", "cpu", 9.0, time.time_ns(), about)


@contextmanager
def server(answer=200, wait=0.0):
    """Listen on this machine; yield its address and what was sent to it."""
    heard = []

    def respond(handler, body):
        heard.append((handler.path, dict(handler.headers), body))
        end = time.monotonic() + wait
        with suppress(OSError):
            while time.monotonic() < end:
                handler.wfile.write(b" ")
                time.sleep(0.02)
            reply(handler, answer, Location="/elsewhere")

    with serving(respond) as server:
        yield f"{server.url}/hook?a=1", heard


# Doing


def test_data_reach_a_program_as_json_alone(tmp_path, monkeypatch):
    """Arguments are those of the file, to the letter; texts are on standard input; no shell saw them."""
    monkeypatch.chdir(tmp_path)
    remedy = remedy_in(tmp_path)
    remedy.hear(Event("opened", "cpu", 1.0, time.time_ns(), {"reason": NASTY}))
    remedy.close()
    (seen,) = lines_of(tmp_path / "seen")
    assert seen["argv"] == [str(tmp_path / "seen"), "{metric}"]
    assert seen["told"]["about"] == {"reason": NASTY}
    names = {key: value for key, value in seen.items() if key.startswith("REMEDIATION_")}
    assert names == {"REMEDIATION_ACTION": "note", "REMEDIATION_TARGET": "cpu", "REMEDIATION_ID": "1"}
    assert not (tmp_path / "pwned").exists()
    decided, ended = lines_of(tmp_path / "log.jsonl")
    assert (decided["decision"], decided["about"]["reason"]) == ("act", NASTY)
    assert (ended["of"], ended["ended"]) == (1, "exit code 0: said something")


def test_programs_do_not_see_secrets(tmp_path, monkeypatch):
    """A secret that signs is for that alone."""
    monkeypatch.setenv("MY_SECRET", "s3cret")
    monkeypatch.setattr("os.getcwd", lambda: str(tmp_path))
    told = {"action": "a", "target": "t", "id": 1}
    (tmp_path / "witness.py").write_text(WITNESS)
    action = Action(command=[sys.executable, str(tmp_path / "witness.py"), str(tmp_path / "seen")])
    execute(action, told)
    execute(action, told, frozenset({"MY_SECRET"}))
    assert [seen["secret"] for seen in lines_of(tmp_path / "seen")] == ["s3cret", None]


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path):
    """The time limit ends the program and what it started."""
    script = (
        "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); time.sleep(60)"
    )
    child = f"import time; time.sleep(1.0); open({str(tmp_path / 'late')!r}, 'w')"
    began = time.monotonic()
    assert run([sys.executable, "-c", script, child], 0.5, b"x" * 200_000, os.environ).startswith(
        "killed after 0.5 s"
    )
    assert time.monotonic() - began < 30
    time.sleep(1.0)
    assert not (tmp_path / "late").exists()


def test_a_program_that_fails_says_so():
    """Exit codes and last words are told; one that cannot be started is no crash."""
    told = {"action": "a", "target": "t", "id": 1}
    code = "import sys; sys.exit('no such service')"
    assert execute(Action(command=[sys.executable, "-c", code]), told) == "exit code 1: no such service"
    assert execute(Action(command=["/nowhere/program"]), told).startswith("failed: FileNotFoundError")
    assert execute(Action(command=["/bin/echo"]), told | {"target": "a\0b"}).startswith("failed: ValueError")


def test_a_webhook_gets_signed_json(monkeypatch):
    """The body is JSON, the signature is that of GitHub's webhooks, and the address is as written."""
    monkeypatch.setenv("MY_SECRET", "s3cret")
    told = {"id": 3, "about": {"reason": NASTY}}
    with server() as (url, heard):
        assert execute(Action(url=url, secret_env="MY_SECRET"), told) == "HTTP 200"
        assert execute(Action(url=url), told) == "HTTP 200"
    (path, headers, body), (_, unsigned, _) = heard
    assert (path, json.loads(body)) == ("/hook?a=1", told)
    assert headers["X-Signature-256"] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["Content-Type"] == "application/json"
    assert "X-Signature-256" not in unsigned


def test_a_webhook_is_not_led_elsewhere():
    """A redirect is an answer that is no success; nothing is sent to where it points."""
    with server(answer=307) as (url, heard):
        assert post(url, 5, b"{}", "") == "HTTP 307, which is no success"
    assert len(heard) == 1


def test_a_webhook_has_a_time_limit():
    """A server that drips for ever is hung up on; one that is not there is told."""
    drips = 4.0
    with server(wait=drips) as (url, _):
        began = time.monotonic()
        assert post(url, 0.4, b"{}", "") == "no answer within 0.4 s"
        assert time.monotonic() - began < drips
    assert execute(Action(url="http://127.0.0.1:9/"), {"id": 1}).startswith("failed: ConnectionRefusedError")


# Refusing


def test_nothing_is_done_while_the_kill_switch_is_there(tmp_path, monkeypatch):
    """A file, a link to nowhere, an environment variable, or a folder that cannot be looked into."""
    monkeypatch.delenv(STOP, raising=False)
    remedy = remedy_in(
        tmp_path, limits={"cooldown": "0s", "cooldown_same_target": "0s"}, kill_switch="a/stop"
    )
    remedy.hear(opened())  # there is no folder a: nobody can tell
    (tmp_path / "a").mkdir()
    (tmp_path / "a/stop").touch()
    remedy.hear(opened())
    (tmp_path / "a/stop").unlink()
    (tmp_path / "a/stop").symlink_to("nowhere")
    remedy.hear(opened())
    (tmp_path / "a/stop").unlink()
    monkeypatch.setenv(STOP, "1")
    remedy.hear(opened())
    monkeypatch.delenv(STOP)
    (tmp_path / "a").rmdir()
    (tmp_path / "a").write_text("a file in the folder's place")
    remedy.hear(opened())
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()
    remedy.hear(opened())
    remedy.close()
    decided = [line["decision"] for line in lines_of(tmp_path / "log.jsonl") if line["decision"] != "ended"]
    assert decided == ["refused"] * 5 + ["act"]
    assert len(lines_of(tmp_path / "seen")) == 1


def _cut(path):
    path.write_text("")


def _replace(path):
    path.rename(path.with_name("old"))
    path.write_text("")


def _garbage(path):
    with path.open("a") as log:
        log.write("something else\n")


@pytest.mark.parametrize("spoil", [_cut, _replace, _garbage])
def test_a_log_that_is_not_what_it_was_stops_everything(tmp_path, spoil):
    """Cut, replaced or broken while it is used: nothing is done, it is told once, and the rest goes on."""
    said = []
    remedy = remedy_in(tmp_path, said, limits={"cooldown": "0s", "cooldown_same_target": "0s"})
    remedy.hear(opened())
    remedy.close()
    spoil(tmp_path / "log.jsonl")
    remedy.hear(opened())
    remedy.hear(opened())
    remedy.close()
    assert len(lines_of(tmp_path / "seen")) == 1
    assert sum("nothing is done: audit_log=" in line for line in said) == 1
    assert said[-1].endswith("acted 1 times; held back 2 (2 nothing could be written down)")


def test_a_full_disk_stops_everything(tmp_path, monkeypatch):
    """A decision that cannot be written down is not carried out, and half a line is taken back."""
    said = []
    remedy = remedy_in(tmp_path, said)
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr("os.write", lambda file, content: write(file, content[:20]))
        remedy.hear(opened())
        patch.setattr("os.write", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        remedy.hear(opened())
    remedy.close()
    assert (tmp_path / "log.jsonl").read_text() == ""
    assert not (tmp_path / "seen").exists()
    assert sum("nothing is done" in line for line in said) == 2
    remedy.hear(opened())
    remedy.close()
    assert len(lines_of(tmp_path / "seen")) == 1


def test_a_decision_is_on_disk_before_it_is_carried_out(tmp_path, monkeypatch):
    """A crash right after cannot make the log forget what was done."""
    order, sync = [], os.fsync
    rules = read_rules(rules_file(tmp_path))
    remedy = Responder(rules, lambda _: None, execute=lambda *_: order.append("done") or "ended")
    monkeypatch.setattr("os.fsync", lambda file: order.append("on disk") or sync(file))
    remedy.hear(opened())
    remedy.close()
    assert order == ["on disk", "done", "on disk"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("log.jsonl", "no log\n", "line 1 is none of an audit log"),
        ("log.jsonl", '{"time": "yesterday", "decision": "act"}\n', "line 1 is none"),
        ("log.jsonl", "no log and no line end", "line 1 is none"),
        ("/dev/null", None, "is no ordinary file"),
        ("folder", None, "cannot be opened (Is a directory)"),
        ("nowhere/log.jsonl", None, "cannot be opened (No such file"),
    ],
)
def test_a_log_that_is_none_is_refused_and_left_alone(tmp_path, name, content, said):
    """Before anything else: what is no audit log is neither used nor changed."""
    (tmp_path / "folder").mkdir()
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match="audit_log=") as error:
        remedy_in(tmp_path, audit_log=name)
    assert said in str(error.value)
    if content is not None:
        assert (tmp_path / name).read_text() == content


def test_a_crash_in_the_middle_of_a_line_is_mended(tmp_path):
    """Half a last line was never done and is cut off; a whole one without its end counts."""
    limits = {"per_hour": 1, "cooldown": "0s", "cooldown_same_target": "0s"}
    log = tmp_path / "log.jsonl"
    line = json.dumps(
        {"time": iso(time.time_ns()), "id": 1, "action": "note", "target": "x", "decision": "act", "seconds": 0}
    )  # fmt: skip
    log.write_text(line[:40])
    remedy = remedy_in(tmp_path, limits=limits)
    assert log.read_text() == ""
    remedy.hear(opened())
    remedy.close()
    assert len(lines_of(tmp_path / "seen")) == 1
    log.write_text(line)
    remedy = remedy_in(tmp_path, limits=limits)
    remedy.hear(opened())
    remedy.close()
    assert [one["decision"] for one in lines_of(log)] == ["act", "refused"]


def test_processes_that_share_a_log_keep_one_envelope(tmp_path):
    """Three monitors at once, an action each second: together no more than the limit."""
    rules = rules_file(
        tmp_path, limits={"per_hour": 3, "cooldown": "0s", "cooldown_same_target": "0s", "at_once": 100}
    )
    code = (
        "import sys, time; from pathlib import Path; from sre_anomaly.remediation.responder import Responder;"
        "from sre_anomaly.remediation.rule_file import read_rules; from sre_anomaly.remediation.rules import Event;"
        "r = Responder(read_rules(Path(sys.argv[1])), print, execute=lambda *_: 'ended');"
        "[r.hear(Event('opened', 'cpu', 1.0, time.time_ns())) for _ in range(30)]; r.close()"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, rules], stdout=subprocess.DEVNULL) for _ in range(3)
    ]
    assert [process.wait() for process in started] == [0, 0, 0]
    lines = lines_of(tmp_path / "log.jsonl")
    decided = [line["decision"] for line in lines if line["decision"] != "ended"]
    assert (len(decided), decided.count("act")) == (90, 3)
    assert len({line["id"] for line in lines if line["decision"] != "ended"}) == 90


def test_one_at_a_time(tmp_path):
    """While a program runs, another waits for no turn: it is refused, and the stream goes on."""
    go = tmp_path / "go"
    waits = "import pathlib, sys, time\nwhile not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.02)"
    slow = {"note": {"command": [sys.executable, "-c", waits, str(go)]}}
    remedy = remedy_in(tmp_path, actions=slow, limits={"cooldown": "0s", "cooldown_same_target": "0s"})
    remedy.hear(opened())
    remedy.hear(opened())
    assert "ended" not in [line["decision"] for line in lines_of(tmp_path / "log.jsonl")]
    go.touch()
    remedy.close()
    remedy.hear(opened())
    remedy.close()
    decided = [line for line in lines_of(tmp_path / "log.jsonl") if line["decision"] != "ended"]
    assert [line["decision"] for line in decided] == ["act", "refused", "act"]
    assert decided[1]["why"] == "at once"


# The file of rules

WRONG = {
    "turned_on: 'yes'": "turned_on: should be a valid boolean",
    "limits: {per_hours: 3}": "limits.per_hours: no such key; did you mean 'per_hour'",
    "limits: {per_hour: -1}": "limits.per_hour: should be greater than or equal to 0",
    "limits: {cooldown: soon}": "limits.cooldown: is not a duration: 'soon'",
    "actions: {a: {command: /bin/echo hello}}": "actions.a.command: is a list in brackets",
    "actions: {a: {command: [echo, hello]}}": "the whole path of a program",
    "actions: {a: {url: 'http://example.com'}}": "actions.a.url: begins with https://",
    "actions: {a: {url: 'ftp://localhost'}}": "actions.a.url: begins with https://",
    "actions: {a: {url: 'https://u:p@example.com'}}": "holds a name or password",
    "actions: {a: {url: 'https://example.com/ x'}}": "is no web address",
    "actions: {a: {url: 'https://a', command: [/bin/true]}}": "actions.a: has either a command or a url",
    "actions: {a: {comand: [/bin/true]}}": "actions.a.comand: no such key; did you mean 'command'",
    "actions: {a: {command: [/bin/true], seconds: 6000}}": "actions.a.seconds: should be less than or equal to 600",
    "rules: [{when: open, do: note}]": "rules.0.when: should be 'opened', 'closed' or 'predicted'",
    "rules: [{when: opened, do: not}]": "rules.0.do: no action is called 'not'; did you mean 'note'",
    "rules: [{when: opened, class: ERROR, do: note}]": "class says nothing of when: opened",
    "rules: [{when: predicted, do: note}]": "class has to be given",
    "rules: [{when: predicted, class: E, probability: 90, do: note}]": "should be less than or equal to 1",
    "rules: []": "rules: List should have at least 1 item",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_mistakes_are_told_with_their_place(command, tmp_path, wrong):
    """Each mistake has a line with its key and what would be right, and the exit code is 2."""
    rules_file(tmp_path, **yaml.safe_load(wrong))
    code, out, err = command("remediate", "rules=rules.yaml")
    assert (code, out) == (2, "")
    assert "rules.yaml: " in err
    assert WRONG[wrong] in err
    assert "u:p" not in err


def test_all_mistakes_are_told_at_once(command, tmp_path):
    """Nobody mends one line to meet the next."""
    rules_file(
        tmp_path, turned_on=1, limits={"per_hours": 1, "per_dya": 2}, rules=[{"when": "opened", "do": "x"}]
    )
    code, _, err = command("remediate", "rules=rules.yaml")
    assert (code, len(err.splitlines())) == (2, 4)


@pytest.mark.parametrize(
    "content",
    [b"limits: {}\nlimits: {}\n", b"[1", b"\xff\xfe\0", b"- a\n", b"", b"!!python/object:os.system {}\n"],
)
def test_what_is_no_yaml_is_refused(command, tmp_path, content):
    """A key that stands twice, other files, and objects of Python: one line."""
    (tmp_path / "r.yaml").write_bytes(content)
    code, _, err = command("remediate", "rules=r.yaml")
    assert (code, len(err.splitlines())) == (2, 1), err


def test_a_new_file_is_right_and_does_nothing(command, tmp_path):
    """What `new remediation` writes is valid, commented and turned off; an existing file stays."""
    code, out, _ = command("new", "remediation", "restart")
    assert code == 0
    assert "nothing is turned on" in out
    code, out, _ = command("remediate", "rules=restart.yaml")
    assert (code, out.splitlines()[0]) == (0, "ok: 2 rules, 2 actions, a dry run")
    for line in (tmp_path / "restart.yaml").read_text().splitlines():
        assert not line or "#" in line or line.endswith(":")
    assert list(tmp_path.iterdir()) == [tmp_path / "restart.yaml"]
    code, _, err = command("new", "remediation", "restart")
    assert code == 2
    assert "is there already" in err
    assert command("new", "remediation", "../x")[0] == 2


# The real commands


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return a folder with a model of metrics whose history ended just now, and one of log lines."""
    folder = tmp_path_factory.mktemp("models")
    frame = example_frame(rows=400)
    end = pd.Timestamp.now("UTC").floor("min") - pd.Timedelta("30min")
    frame = MetricFrame("now", pd.date_range(end=end, periods=400, freq="1min"), frame.values, frame.metrics)
    config = composed(["features=raw", "detector=zscore", "alerts=every_flag", "forecaster=none"])
    parts = build_parts(config)
    parts.detector.fit(frame.values[np.isfinite(frame.values).all(axis=1)])
    parts.threshold.fit(np.ones(10))
    parts.alerts.start(60_000_000_000)
    names = {kind: config[kind]["name"] for kind in ("features", "detector", "threshold", "alerts")}
    save_model(model_of(frame, slice(0, 400), parts, {"names": names}), folder / "metrics")
    texts = np.array(["disk failed", "user logged in"] * 20, dtype=object)
    target = np.array(["ERROR", "INFO"] * 20, dtype=object)
    nodes = {"text": {"name": "tfidf"}, "classifier": {"name": "naive_bayes"}}
    text, classifier = (build(kind, node) for kind, node in nodes.items())
    lines = fit_classes(Table("lines", texts={"line": texts}, target=target), text, classifier, once=False)
    lines.about["names"] = {kind: node["name"] for kind, node in nodes.items()}
    save_table_model(lines, folder / "lines")
    return folder


def points(*values, age=0.0):
    now = time.time() - age
    return "".join(
        json.dumps({"time": iso(int((now - 60 * (len(values) - 1 - n)) * 1e9)), "m0": v, "m1": 50, "m2": 50})
        + "\n"
        for n, v in enumerate(values)
    )


def typed(words, given, cwd):
    return subprocess.run(
        [*COMMAND, *words], cwd=cwd, input=given, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("turned_on", [False, True])
def test_an_alert_sets_off_a_program_and_a_webhook(models, tmp_path, turned_on):
    """The whole way in a process of its own: done where it is turned on, only written down where it is not."""
    with server() as (url, heard):
        rules = rules_file(tmp_path, turned_on=turned_on, limits={"at_once": 5, "cooldown_same_target": "0s"})
        content = yaml.safe_load(rules.read_text())
        content["actions"]["tell"] = {"url": url}
        content["rules"].append({"when": "opened", "metric": "m0", "peak": 5, "do": "tell"})
        rules.write_text(yaml.safe_dump(content))
        done = typed(
            ["monitor", f"model={models}/metrics", "remediation=rules.yaml"],
            points(50, 51, 900, 950),
            tmp_path,
        )
    assert done.returncode == 0, done.stderr
    alerts = [event for line in done.stdout.splitlines() for event in json.loads(line).get("alerts", [])]
    assert [event["event"] for event in alerts] == ["opened", "closed"] * 2
    lines = [line for line in lines_of(tmp_path / "log.jsonl") if line["decision"] != "ended"]
    verb = "act" if turned_on else "would act"
    assert [(line["decision"], line["action"]) for line in lines] == [
        (verb, "note"), (verb, "tell"), ("refused", "note"), ("refused", "tell")
    ]  # fmt: skip
    acted = "acted" if turned_on else "would have acted"
    assert f"remediation: {acted} 2 times; held back 2 (2 cooldown)" in done.stderr
    seen = lines_of(tmp_path / "seen")
    assert len(heard) == len(seen) == (1 if turned_on else 0)
    if turned_on:
        assert json.loads(heard[0][2])["about"] == seen[0]["told"]["about"] == alerts[0]
        assert "note (m0): exit code 0" in done.stderr


def test_points_of_long_ago_set_off_nothing(models, command, tmp_path, monkeypatch):
    """An old file may be read through a monitor that is turned on."""
    rules_file(tmp_path, limits={"max_age": "5m"})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(points(50, 900, age=600).encode())))
    code, _, err = command("monitor", f"model={models}/metrics", "remediation=rules.yaml")
    assert code == 0
    assert "held back 1 (1 too old)" in err
    assert not (tmp_path / "seen").exists()


def test_a_prediction_sets_off_a_program(models, command, tmp_path):
    """Lines that came together are one event for each class; the next is held back."""
    rules_file(tmp_path)
    words = ["classify", f"model={models}/lines", "remediation=rules.yaml", "show=class"]
    code, out, err = command(*words, f"disk failed {NASTY!r}", "user logged in", "disk failed")
    assert (code, out) == (0, "ERROR\nINFO\nERROR\n")
    assert "acted 1 times; held back none" in err
    (seen,) = lines_of(tmp_path / "seen")
    assert seen["told"]["target"] == seen["told"]["about"]["class"] == "ERROR"
    assert seen["told"]["about"]["lines"] == 2
    assert "held back 1 (1 cooldown)" in command(*words, "disk failed")[2]
    assert len(lines_of(tmp_path / "seen")) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"rules": [{"when": "opened", "metric": "m00", "do": "note"}]},
            "rules.0.metric: the model has no metric 'm00'; did you mean",
        ),
        ({"rules": [{"when": "predicted", "class": "E", "do": "note"}]}, "none has when: opened or closed"),
        ({"limits": {"max_age": "10s"}}, "shorter than the step"),
        ({"actions": {"note": {"command": ["/nowhere/x"]}}}, "actions.note: /nowhere/x is no program"),
        (
            {"actions": {"note": {"url": "https://a", "secret_env": "NOT_SET"}}},
            "the environment variable NOT_SET is not set",
        ),
        ({"audit_log": "nowhere/log"}, "audit_log="),
        ({"turned_on": "true"}, "turned_on"),
    ],
)
def test_a_monitor_refuses_rules_that_cannot_work(models, command, tmp_path, changed, said):
    """Before the first point is read: one line and exit code 2."""
    rules_file(tmp_path, **changed)
    code, out, err = command("monitor", f"model={models}/metrics", "remediation=rules.yaml")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err


def test_history_is_replayed_at_its_own_times(command, tmp_path):
    """Alerts of a run show what would have been done and what held back; nothing is written."""
    fired = [0, 5, 20, 100, 105]
    alerts = pd.DataFrame(
        {
            "id": [1, 2, 3, 4, 5], "metric": ["cpu", "disk", "cpu", "disk", "cpu"], "peak_score": [9, 9, 9, 9, 3],
            "reason": "why", "end": [f"2024-01-01T{10 + (t + 1) // 60}:{(t + 1) % 60:02d}:00Z" for t in fired],
        }
    )  # fmt: skip
    alerts["start"] = alerts["fired"] = [f"2024-01-01T{10 + t // 60}:{t % 60:02d}:00Z" for t in fired]
    (tmp_path / "run").mkdir()
    alerts.to_csv(tmp_path / "run" / "alerts.csv", index=False)
    rules_file(
        tmp_path, rules=[{"when": "opened", "peak": 5, "do": "note"}, {"when": "predicted", "class": "E", "do": "note"}]
    )  # fmt: skip
    code, out, err = command("remediate", "rules=rules.yaml", "run=run")
    assert (code, err) == (0, "")
    *told, unfit, total = out.splitlines()
    assert told == [
        "2024-01-01T10:00:00Z  would act: note (cpu)  why",
        "2024-01-01T11:40:00Z  would act: note (disk)  why",
    ]
    assert unfit == "careful: rules.1 matches nothing in this run"
    assert "4 asked for an action: would have acted 2 times; held back 2" in total
    assert "1 cooldown of the same target" in total
    assert not (tmp_path / "log.jsonl").exists()
    for words, said in (
        (["run=none"], "no such folder"),
        (["run=."], "has neither"),
        (["rn=x"], "did you mean 'run'"),
    ):
        code, _, err = command("remediate", "rules=rules.yaml", *words)
        assert (code, len(err.splitlines())) == (2, 1)
        assert said in err
    (tmp_path / "run" / "alerts.csv").write_text("a,b\n1,2\n")
    assert command("remediate", "rules=rules.yaml", "run=run")[0] == 2


def test_two_actions_of_one_alert_need_room_for_two(command, tmp_path):
    """A replay refuses the second as live it would be; checking the file says so before, and what is wrong with its log."""
    actions = {name: {"command": [sys.executable, str(tmp_path / name)]} for name in ("restart", "note")}
    both = [{"when": "opened", "do": name} for name in actions]
    alert = {"id": 1, "metric": "cpu", "peak_score": 9, "reason": "why", "fired": "2024-01-01T10:00:00Z"}
    (tmp_path / "run").mkdir()
    pd.DataFrame([alert | {"start": alert["fired"], "end": "2024-01-01T10:05:00Z"}]).to_csv(
        tmp_path / "run" / "alerts.csv", index=False
    )
    for at_once, counted in (
        (1, "would have acted 1 times; held back 1 (1 at once)"),
        (2, "would have acted 2 times"),
    ):
        rules_file(tmp_path, actions=actions, rules=both, limits={"at_once": at_once, "cooldown": "0s"})
        assert counted in command("remediate", "rules=rules.yaml", "run=run")[1]
        said = (
            "limits.at_once is 1, and 2 rules match 'opened'" in command("remediate", "rules=rules.yaml")[1]
        )
        assert said == (at_once == 1)
    for log in (".", "none/log.jsonl"):
        rules_file(tmp_path, audit_log=log)
        assert "careful: audit_log=" in command("remediate", "rules=rules.yaml")[1]


def test_a_replay_knows_the_score_when_an_alert_opened(command, tmp_path):
    """The peak that came later does not count for a rule that asks for one."""
    (tmp_path / "run").mkdir()
    times = pd.date_range("2024-01-01 10:00", periods=4, freq="1min", tz="UTC")
    pd.DataFrame({"time": times, "score": [2.0, 4.0, 3.0, 9.0], "level": 1.0, "flag": True}).to_parquet(
        tmp_path / "run" / "scores.parquet"
    )
    row = {"id": 1, "metric": "cpu", "peak_score": 9, "reason": "", "start": iso(times[0].value)}
    row |= {"fired": iso(times[2].value), "end": iso(times[3].value)}
    pd.DataFrame([row]).to_csv(tmp_path / "run" / "alerts.csv", index=False)
    for peak, count in ((4, 1), (4.5, 0)):
        rules_file(tmp_path, rules=[{"when": "opened", "peak": peak, "do": "note"}])
        assert f" {count} asked for an action" in command("remediate", "rules=rules.yaml", "run=run")[1]


def test_predictions_are_replayed(command, tmp_path):
    """A run of a table with times shows what its evaluated rows would have set off."""
    (tmp_path / "run").mkdir()
    pd.DataFrame(
        {
            "row": [1, 2, 3], "time": ["2024-01-01T10:00:00Z", "2024-01-01T10:01:00Z", "2024-01-01T12:00:00Z"],
            "told": ["yes", "yes", "no"], "probability of no": [0.05, 0.3, 0.9], "probability of yes": [0.95, 0.7, 0.1],
        }
    ).to_csv(tmp_path / "run" / "predictions.csv", index=False)  # fmt: skip
    rules_file(tmp_path, rules=[{"when": "predicted", "class": "yes", "probability": 0.9, "do": "note"}])
    assert (
        "3 alerts opened or closed and predictions, 1 asked"
        in command("remediate", "rules=rules.yaml", "run=run")[1]
    )


def test_light(tmp_path):
    """Checking a file of rules loads nothing heavy."""
    rules_file(tmp_path)
    code = (
        "import sys; from sre_anomaly.cli.main import main; main(['remediate', 'rules=rules.yaml']);"
        "sys.exit(f'loaded {heavy}' if (heavy := {'sklearn', 'pandas', 'numba', 'matplotlib'} & set(sys.modules)) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "log.jsonl").exists()
