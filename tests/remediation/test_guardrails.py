"""The envelope holds, whatever is asked, in whatever order, at whatever times."""

import json
import random
import tempfile
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sre_anomaly.clock import in_nanoseconds, iso, nanoseconds
from sre_anomaly.remediation.guardrails import (
    ACT,
    DAY,
    ENDED,
    HOUR,
    REFUSED,
    SECOND,
    WOULD,
    ActionHistory,
    ActionRequest,
    decide,
)
from sre_anomaly.remediation.responder import Responder
from sre_anomaly.remediation.rules import Event, Limits, Rules

START = 1_700_000_000 * SECOND
LOOSE = {
    "per_hour": 999,
    "per_day": 999,
    "cooldown": "0s",
    "cooldown_same_target": "0s",
    "at_once": 99,
    "max_age": "1h",
}
TIGHT = {
    "per_hour": [0, 1, 2, 3],
    "per_day": [0, 1, 2, 5],
    "cooldown": ["1m", "10m", "3h"],
    "cooldown_same_target": ["20m", "2d"],
    "at_once": [1, 2],
    "max_age": ["1m"],
}
EDGES = [second + by for second in (60, 600, 1200, 3600, 10_800, 86_400, 172_800) for by in (-30, -1, 0, 1)]
SEQUENCES = 2500


def drawn(seed):
    """Return limits, and questions with times that often lie to the second where a limit ends, and that go back.

    Often one or two limits bind alone, so that none hides behind the others.
    """
    draw = random.Random(seed)
    bind = draw.choice([1, 1, 2, len(TIGHT)])
    limits = Limits(**LOOSE | {key: draw.choice(TIGHT[key]) for key in draw.sample(list(TIGHT), bind)})
    questions = []
    for _ in range(draw.randint(2, 30)):
        onward = draw.choice([0, draw.randint(0, 20), draw.choice(EDGES), draw.randint(0, 10**5)])
        leap = onward if draw.random() < 0.85 else -draw.choice(EDGES)
        age = draw.choice([None, 0, 0, draw.randint(-7200, 7200)])
        seldom, dry = draw.random() < 0.1, draw.random() < 0.1
        # Back for this question alone, or for good.
        from_latest = draw.random() < 0.8
        target, ended = draw.choice(["cpu", "latency"]), draw.choice([0, 0, 1, 3])
        questions.append(
            ((leap, from_latest), draw.choice(["restart", "tell"]), target, age, seldom, not dry, ended)
        )
    return limits, questions


def asked(limits, questions, now=START):
    """Ask one question after the other; return the lines that an audit log would have."""
    past, lines, open_ = ActionHistory(), [], []
    for (leap, onward), action, target, age, stop, turned_on, ended in questions:
        now = (past.latest if onward and past.latest else now) + leap * SECOND
        for _ in range(min(ended, len(open_))):
            lines.append({"time": iso(now), "decision": ENDED, "of": open_.pop(0)})
            past = past.after(lines[-1])
        moment = None if age is None else now - age * SECOND
        question = ActionRequest(now, action, target, moment)
        decision, why = decide(
            limits, past, question, stopped="kill switch" if stop else "", turned_on=turned_on
        )
        line = {"time": iso(now), "id": past.lines + 1, "decision": decision, "why": why, "action": action}
        line |= {"target": target, "seconds": 10, "age": age, "stop": stop, "on": turned_on}
        past = past.after(line)
        lines.append(line)
        if decision == ACT:
            open_.append(line["id"])
    return lines


def done(lines, what=ACT):
    return [(in_nanoseconds(line["time"]), line) for line in lines if line["decision"] == what]


def keeps(limits, acts):
    """Check the acts alone, by counting over every window that begins or ends with one."""
    times = [time for time, _ in acts]
    for first in times:
        assert sum(first <= time < first + HOUR for time in times) <= limits.per_hour
        assert sum(first <= time < first + DAY for time in times) <= limits.per_day
    for number, (time, line) in enumerate(acts):
        for earlier, other in acts[:number]:
            if other["action"] == line["action"]:
                assert abs(time - earlier) >= nanoseconds(limits.cooldown)
                if other["target"] == line["target"]:
                    assert abs(time - earlier) >= nanoseconds(limits.cooldown_same_target)


def test_nothing_leaves_the_envelope():
    """No window holds more than its limit, no cooldown is cut short, and nothing is done that may not be at all."""
    for seed in range(SEQUENCES):
        stays_inside(*drawn(seed))


def stays_inside(limits, questions):
    lines = asked(limits, questions)
    acts = done(lines)
    keeps(limits, acts)
    running = set()
    for line in lines:
        if line["decision"] == ENDED:
            running.discard(line["of"])
        elif line["decision"] == ACT:
            assert line["on"]
            assert not line["stop"]
            assert line["age"] is None or abs(line["age"]) * SECOND <= nanoseconds(limits.max_age)
            now = in_nanoseconds(line["time"])
            fresh = [id_ for id_, began in running if began + 10 * SECOND > now]
            assert len(fresh) < limits.at_once
            running.add((line["id"], now))
        running = {one for one in running if line.get("of") != one[0]}


def test_a_dry_run_shows_what_the_limits_hold_back():
    """What would have been done keeps the same envelope, and nothing is done."""
    for seed in range(500):
        limits, questions = drawn(seed)
        lines = asked(limits, [(*question[:5], False, 0) for question in questions])
        assert not done(lines)
        keeps(limits, done(lines, WOULD))


def test_a_restart_changes_no_decision():
    """Reading the log back in the middle gives the decisions that would have come without a stop."""
    for seed in range(300):
        goes_on(seed, *drawn(seed))


def goes_on(seed, limits, questions):
    whole = asked(limits, questions)
    cut = random.Random(seed).randint(0, len(whole))
    past = ActionHistory()
    for line in whole[:cut]:
        past = past.after(json.loads(json.dumps(line)))
    for line in whole[cut:]:
        if line["decision"] != ENDED:
            now = in_nanoseconds(line["time"])
            moment = None if line["age"] is None else now - line["age"] * SECOND
            question = ActionRequest(now, line["action"], line["target"], moment)
            stop = "kill switch" if line["stop"] else ""
            told = decide(limits, past, question, stopped=stop, turned_on=line["on"])
            assert told == (line["decision"], line["why"])
        past = past.after(line)


def test_what_is_asked_within_the_limits_is_done():
    """The envelope is no excuse: with room for it, every question is answered with the action."""
    limits = Limits(per_hour=2, per_day=48, cooldown="30m", cooldown_same_target="30m")
    lines = asked(limits, [((1800, True), "restart", "cpu", 0, False, True, 1)] * 40)
    assert [line["decision"] for line in lines if line["decision"] != ENDED] == [ACT] * 40


def test_each_limit_is_told():
    """The reason of a refusal is the limit that was met."""
    ask = lambda past, now=100 * SECOND, **more: decide(
        Limits(per_hour=2, per_day=3, cooldown="10s", cooldown_same_target="20s"), past,
        ActionRequest(now, "restart", "cpu", **more), turned_on=True,
    )  # fmt: skip
    second = lambda *ago: tuple((100 * SECOND - one * SECOND, True) for one in ago)
    at = lambda target, ago: {("restart", target, True): (100 - ago) * SECOND}
    cases = [
        (ask(ActionHistory()), (ACT, "")),
        (ask(ActionHistory(latest=101 * SECOND)), (REFUSED, "clock went back")),
        (ask(ActionHistory(), time=-5000 * SECOND), (REFUSED, "too old")),
        (ask(ActionHistory(running={1: 101 * SECOND})), (REFUSED, "at once")),
        (ask(ActionHistory(), running_here=1), (REFUSED, "at once")),
        (ask(ActionHistory(last=at("latency", 9))), (REFUSED, "cooldown")),
        (ask(ActionHistory(last=at("latency", 10))), (ACT, "")),
        (ask(ActionHistory(last=at("cpu", 19))), (REFUSED, "cooldown of the same target")),
        (ask(ActionHistory(done=second(50, 40))), (REFUSED, "per hour")),
        (ask(ActionHistory(done=second(7000, 6000, 5000))), (REFUSED, "per day")),
        (
            ask(ActionHistory(done=tuple((time, False) for time, _ in second(50, 40)))),
            (ACT, ""),
        ),  # of a dry run
    ]
    assert [found for found, _ in cases] == [expected for _, expected in cases]


def rules_in(folder, *, turned_on=True, **limits):
    return Rules(
        turned_on=turned_on, audit_log=str(folder / "log.jsonl"), kill_switch=str(folder / "stop"), limits=limits,
        actions={"restart": {"command": ["/bin/true"]}, "tell": {"command": ["/bin/true"]}},
        rules=[{"when": "opened", "metric": "cpu", "do": "restart"}, {"when": "opened", "do": "tell"}],
    )  # fmt: skip


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 5, 59, 60, 300, 3600, 90_000, -30, -3600]),
        st.sampled_from(["cpu", "disk"]),
        st.sampled_from(["", "", "stop", "go", "restart"]),
    ),
    max_size=15,
)


@given(STEPS, st.booleans(), st.integers(0, 3))
@settings(max_examples=30)
def test_the_log_has_one_line_for_each_decision(steps, turned_on, per_hour):
    """With a real log, kill switch and restarts: a line each, what was done is in it, and it tells the same again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rules = rules_in(
            folder, turned_on=turned_on, per_hour=per_hour, cooldown="1m", cooldown_same_target="5m"
        )
        now, number, deeds, decisions = START, count(), [], 0

        def execute(_action, told, _secrets):
            deeds.append(told["id"])
            return "exit code 0"

        new = lambda: Responder(rules, lambda _: None, lambda: now, execute)
        remedy = new()
        for leap, metric, what in steps:
            now += leap * SECOND
            if what == "stop":
                (folder / "stop").touch()
            elif what == "go":
                (folder / "stop").unlink(missing_ok=True)
            elif what == "restart":
                remedy.close()
                remedy = new()
            before = len(deeds)
            remedy.hear(Event("opened", metric, 1.0, now, {"n": next(number)}))
            remedy.close()
            decisions += 2 if metric == "cpu" else 1
            if (folder / "stop").exists():
                assert len(deeds) == before
        lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        decided = [line for line in lines if line["decision"] != ENDED]
        assert len(decided) == decisions
        assert len({line["id"] for line in decided}) == decisions
        assert [line["id"] for line in decided if line["decision"] == ACT] == deeds
        assert sorted(line["of"] for line in lines if line["decision"] == ENDED) == sorted(deeds)
        assert turned_on or not deeds
        keeps(rules.limits, done(lines))
