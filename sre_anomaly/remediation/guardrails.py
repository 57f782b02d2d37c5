"""Whether an action may be done now: a pure function of what was done before, the limits, and the time.

Nothing here reads a clock or a file, so that tests can ask it about any order of times. What was done before is
the fold of the audit log's lines, so that a restart decides as if there had been none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self

from sre_anomaly.clock import in_nanoseconds, nanoseconds
from sre_anomaly.remediation.rules import Limits

SECOND = 1_000_000_000
HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
GRACE_SECONDS = 5
"""What an action needs beyond its time limit to be ended and told."""
Decision = Literal["act", "would act", "refused"]
ACT: Final = "act"
WOULD: Final = "would act"
REFUSED: Final = "refused"
ENDED: Final = "ended"


@dataclass(frozen=True)
class ActionRequest:
    """An action that a rule asks for."""

    now: int
    """Nanoseconds since 1970."""
    action: str
    target: str
    time: int | None = None
    """When what it answers to happened; None where nobody knows."""
    running_here: int = 0
    """Actions of this process that have not ended."""


@dataclass(frozen=True)
class ActionHistory:
    """What matters of all lines so far."""

    lines: int = 0
    latest: int = 0
    """The time of the last line."""
    done: tuple[tuple[int, bool], ...] = ()
    """Time of each action of the last day, and whether it was done, or would have been."""
    last: Mapping[tuple[str, str, bool], int] = field(default_factory=dict)
    """The last time for action, target, and whether it was done."""
    running: Mapping[int, int] = field(default_factory=dict)
    """Until when what has not ended may still run, by the number of its line."""

    def after(self, line: Mapping[str, Any]) -> Self:
        """Return the past when one more line is written.

        Raises
        ------
        ValueError, KeyError or TypeError
            If it is no line of an audit log.
        """
        now, what = in_nanoseconds(line["time"]), line["decision"]
        past = replace(self, lines=self.lines + 1, latest=max(self.latest, now))
        if what in {ACT, WOULD}:
            real, key = what == ACT, (str(line["action"]), str(line["target"]))
            recent = tuple(one for one in self.done if one[0] > past.latest - DAY)
            past = replace(past, done=(*recent, (now, real)), last={**self.last, (*key, real): now})
            if real:
                until = now + int((line["seconds"] + GRACE_SECONDS) * SECOND)
                past = replace(past, running={**self.running, int(line["id"]): until})
        elif what == ENDED:
            rest = {number: until for number, until in self.running.items() if number != int(line["of"])}
            past = replace(past, running=rest)
        elif what != REFUSED:
            raise ValueError(f"{what!r} is no decision")
        return past


def decide(
    limits: Limits, past: ActionHistory, asked: ActionRequest, *, stopped: str = "", turned_on: bool
) -> tuple[Decision, str]:
    """Return what is to be done, and why where it is refused.

    A dry run counts what it would have done as if it had, so that it shows what the limits will hold back; what is
    turned on counts only what was done. ``stopped`` says why nothing may be done at all.

    Examples
    --------
    >>> limits, now = Limits(per_hour=1, cooldown="0s", cooldown_same_target="0s"), ActionRequest(10, "restart", "cpu")
    >>> decide(limits, ActionHistory(), now, turned_on=True)
    ('act', '')
    >>> decide(limits, ActionHistory(done=((5, True),)), now, turned_on=True)
    ('refused', 'per hour')
    """
    why = stopped or _held_back(limits, past, asked, turned_on=turned_on)
    if why:
        return REFUSED, why
    return (ACT if turned_on else WOULD), ""


def _held_back(limits: Limits, past: ActionHistory, asked: ActionRequest, *, turned_on: bool) -> str:
    now = asked.now
    # Nobody knows what time it is: counting windows with such a clock could let too much through.
    if now < past.latest:
        return "clock went back"
    if asked.time is not None and abs(now - asked.time) > nanoseconds(limits.max_age):
        return "too old"
    running = sum(until > now for until in past.running.values())
    if not turned_on:
        # What is only imagined takes no time; done, it would still run when another is asked for in the same second.
        running += sum(not real and time > now - SECOND for time, real in past.done)
    if max(running, asked.running_here) >= limits.at_once:
        return "at once"
    last = [
        (target, time)
        for (action, target, real), time in past.last.items()
        if action == asked.action and (real or not turned_on)
    ]
    if any(now - time < nanoseconds(limits.cooldown) for _, time in last):
        return "cooldown"
    same = nanoseconds(limits.cooldown_same_target)
    if any(now - time < same for target, time in last if target == asked.target):
        return "cooldown of the same target"
    done = [time for time, real in past.done if real or not turned_on]
    if sum(time > now - HOUR for time in done) >= limits.per_hour:
        return "per hour"
    if sum(time > now - DAY for time in done) >= limits.per_day:
        return "per day"
    return ""
