"""Events come in; what a rule asks for is decided, written down, and only then done."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sre_anomaly.clock import iso, nanoseconds
from sre_anomaly.errors import ConfigError, UserError
from sre_anomaly.remediation.actions import LONGEST_TEXT, execute
from sre_anomaly.remediation.audit import AuditLog
from sre_anomaly.remediation.guardrails import (
    ACT,
    ENDED,
    GRACE_SECONDS,
    REFUSED,
    WOULD,
    ActionRequest,
    decide,
)
from sre_anomaly.remediation.rule_file import read_rules
from sre_anomaly.remediation.rules import Event, Rule, Rules

STOP = "SRE_ANOMALY_NO_REMEDIATION"
"""Set to anything, this environment variable stops every action."""


class Responder:
    """Answers events with the actions of a file of rules, in its limits.

    Parameters
    ----------
    rules : Rules
    say : callable
        Writes a line for people.
    clock : callable
        Returns nanoseconds since 1970.
    execute : callable
        Does an action and returns how it ended.

    Raises
    ------
    UserError
        If the audit log cannot be used; and, where it is turned on, if this machine lacks what an action needs.
    """

    def __init__(
        self,
        rules: Rules,
        say: Callable[[str], Any],
        clock: Callable[[], int] = time.time_ns,
        execute: Callable[..., str] = execute,
    ) -> None:
        self.rules, self._say, self._clock, self._execute = rules, say, clock, execute
        self.counts: Counter[str] = Counter()
        self._log = AuditLog(Path(rules.audit_log))
        self._alone = threading.RLock()
        self._running: list[threading.Thread] = []
        self._complaints: set[str] = set()
        self._secrets = frozenset(one.secret_env for one in rules.actions.values() if one.secret_env)
        lacking = rules.lacking()
        if lacking and rules.turned_on:
            raise ConfigError("\n".join(lacking))
        with self._log.held():
            pass
        for lack in lacking:
            say(f"careful: {lack}")
        say(f"remediation: {'TURNED ON' if rules.turned_on else 'dry run, nothing is done'}")

    def hear(self, event: Event) -> None:
        """Decide on every rule that an event fits, write that down, and do what is to be done."""
        for number, rule in self.rules.for_event(event):
            try:
                self._answer(number, rule, event)
            except UserError as error:
                # Without the log nobody would know what was done: nothing is.
                self.counts["nothing could be written down"] += 1
                self._complain(str(error))

    def _answer(self, number: int, rule: Rule, event: Event) -> None:
        action = self.rules.actions[rule.do]
        with self._alone, self._log.held() as past:
            # Whole microseconds, which is what a text of a time gives back.
            now = self._clock() // 1000 * 1000
            self._running = [thread for thread in self._running if thread.is_alive()]
            asked = ActionRequest(now, rule.do, event.target, event.time, len(self._running))
            decision, why = decide(
                self.rules.limits, past, asked, stopped=stopped(self.rules), turned_on=self.rules.turned_on
            )
            told = {"time": iso(now), "id": past.lines + 1, "action": rule.do, "target": event.target}
            told |= {"about": {key: _short(value) for key, value in event.about.items()}}
            line = {**told, "decision": decision, "why": why, "rule": number, "seconds": action.seconds}
            self._log.append(line)
            self.counts[why.partition(":")[0] if decision == REFUSED else decision] += 1
            if decision == ACT:
                thread = threading.Thread(target=self._do, args=(rule.do, told), daemon=True)
                self._running.append(thread)
                thread.start()
        if decision != REFUSED:
            self._say(f"{decision}: {rule.do} ({event.target})")
        elif decision == REFUSED and why.startswith("kill switch"):
            self._complain(why)

    def _do(self, name: str, told: dict[str, Any]) -> None:
        began = time.monotonic()
        ended = self._execute(self.rules.actions[name], told, self._secrets)
        line = {"time": "", "decision": ENDED, "of": told["id"], "ended": ended}
        line["took"] = round(time.monotonic() - began, 3)
        try:
            with self._alone, self._log.held():
                self._log.append(line | {"time": iso(self._clock() // 1000 * 1000)})
        except UserError as error:
            self._complain(str(error))
        self._say(f"{name} ({told['target']}): {ended}")

    def close(self) -> None:
        """Wait for what is still running, each no longer than its time limit, and say what was decided."""
        longest = max(action.seconds for action in self.rules.actions.values()) + GRACE_SECONDS
        until = time.monotonic() + longest
        for thread in self._running:
            thread.join(max(0.0, until - time.monotonic()))
        self._say(f"remediation: {summary(self.counts, turned_on=self.rules.turned_on)}")

    def _complain(self, text: str) -> None:
        if text not in self._complaints:
            self._complaints.add(text)
            self._say(f"nothing is done: {text}")


def open_responder(
    name: str,
    whens: Sequence[str],
    targets: Sequence[str],
    what: str,
    say: Callable[[str], Any],
    step: int = 0,
) -> Responder:
    """Return what answers events of some sorts by the file of this name.

    ``targets`` are the metrics or classes that a model knows, ``what`` is what they are; ``step`` is how many
    nanoseconds its rows are apart.

    Raises
    ------
    UserError
        If the file is wrong, or does not suit the model, or the audit log cannot be used.
    """
    rules = read_rules(Path(name).expanduser())
    unfit = rules.unfit(whens, targets, what)
    if nanoseconds(rules.limits.max_age) < step:
        unfit.append(
            "limits.max_age: is shorter than the step of the model's clock, so every alert would be too old"
        )
    if unfit:
        raise ConfigError("\n".join(f"{name}: {one}" for one in unfit))
    return Responder(rules, say)


def stopped(rules: Rules) -> str:
    """Say why nothing may be done at all: a kill switch is there, or nobody can tell; empty if something may."""
    if os.environ.get(STOP):
        return f"kill switch: {STOP} is set"
    switch = Path(rules.kill_switch)
    try:
        # A folder that is gone, such as one of another machine, hides the switch that may be in it.
        switch.parent.stat()
        with suppress(FileNotFoundError):
            switch.lstat()
            return f"kill switch: {switch} exists"
    except OSError as error:
        return f"kill switch: {switch} cannot be looked for ({error.strerror})"
    return ""


def summary(counts: Counter[str], *, turned_on: bool = False) -> str:
    """Say how often something was done or would have been, and why not where not.

    Examples
    --------
    >>> summary(Counter({"would act": 5, "cooldown": 10, "per hour": 2}))
    'would have acted 5 times; held back 12 (10 cooldown, 2 per hour)'
    """
    verb = "acted" if turned_on else "would have acted"
    done = counts[ACT if turned_on else WOULD]
    why = [f"{count} {name}" for name, count in counts.most_common() if count and name not in {ACT, WOULD}]
    held = counts.total() - counts[ACT] - counts[WOULD]
    return f"{verb} {done} times" + (f"; held back {held} ({', '.join(why)})" if why else "; held back none")


def _short(value: Any) -> Any:
    return value[:LONGEST_TEXT] if isinstance(value, str) else value
