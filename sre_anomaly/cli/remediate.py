"""``sre-anomaly remediate``: checks a file of rules, and says what it would have done over the history of a run.

It never does anything, and neither reads nor writes an audit log.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sre_anomaly.clock import in_nanoseconds, in_words, iso
from sre_anomaly.errors import DataError, UserError, did_you_mean
from sre_anomaly.remediation.audit import AuditLog
from sre_anomaly.remediation.guardrails import REFUSED, WOULD, ActionHistory, ActionRequest, decide
from sre_anomaly.remediation.responder import stopped, summary
from sre_anomaly.remediation.rule_file import read_rules
from sre_anomaly.remediation.rules import PREDICTED, Event, Rules

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("rules", "run")
PROBABILITY = "probability of "


def remediate(words: list[str]) -> None:
    """Read ``rules=FILE``; with ``run=DIR`` replay the alerts and predictions of a run, at their own times.

    Raises
    ------
    UserError
        If a word or the file is wrong, or the run has nothing to replay.
    """
    settings = dict.fromkeys(KEYS, "")
    for word in words:
        key, _, value = word.partition("=")
        if key not in settings:
            raise UserError(f"remediate: no key is called {key!r}; {did_you_mean(key, settings)}")
        settings[key] = value
    if not settings["rules"]:
        raise UserError(
            "remediate: name the file of rules: rules=FILE; `sre-anomaly new remediation NAME` writes one"
        )
    rules = read_rules(Path(settings["rules"]).expanduser())
    if settings["run"]:
        events = history(Path(settings["run"]).expanduser())
        counts = tell(rules, events)
        for number, rule in enumerate(rules.rules):
            if not any(rule.fits(event) for event in events):
                print(f"careful: rules.{number} matches nothing in this run")
        what = "alerts opened or closed and predictions"
        print(f"{len(events)} {what}, {counts.total()} asked for an action: {summary(counts)}")
        return
    state = "TURNED ON" if rules.turned_on else "a dry run"
    print(f"ok: {len(rules.rules)} rules, {len(rules.actions)} actions, {state}")
    limits = rules.limits
    print(
        f"at most {limits.per_hour} an hour, {limits.per_day} a day, {limits.at_once} at once; cooldown of an action "
        f"{in_words(limits.cooldown)}, for the same metric or class {in_words(limits.cooldown_same_target)}"
    )
    for line in (
        *rules.lacking(),
        AuditLog(Path(rules.audit_log)).unusable(),
        *_crowded(rules),
        stopped(rules),
    ):
        if line:
            print(f"careful: {line}")


def _crowded(rules: Rules) -> Iterator[str]:
    """Say for which events more actions are asked for than may run at the same time."""
    for when, count in Counter(rule.when for rule in rules.rules).items():
        if count > rules.limits.at_once:
            yield (
                f"limits.at_once is {rules.limits.at_once}, and {count} rules match {when!r}: where several match the same "
                "event, the later ones are refused; raise it to run all of them"
            )


def tell(rules: Rules, events: Iterable[Event]) -> Counter[str]:
    """Print what would have been done, and return how often it was and why not."""
    counts: Counter[str] = Counter()
    for event, name, decision, why in replay(rules, events):
        counts[why if decision == REFUSED else decision] += 1
        if decision == WOULD:
            assert event.time is not None
            print(
                f"{iso(event.time)}  {decision}: {name} ({event.target})  {event.about.get('reason', '')}".rstrip()
            )
    return counts


def replay(rules: Rules, events: Iterable[Event]) -> Iterator[tuple[Event, str, str, str]]:
    """Yield each event that a rule fits with its action, the decision of a dry run, and why it was refused.

    An action is taken to be over after a second.
    """
    past = ActionHistory()
    for event in sorted(events, key=lambda event: event.time or 0):
        for _, rule in rules.for_event(event):
            now = event.time or 0
            decision, why = decide(
                rules.limits, past, ActionRequest(now, rule.do, event.target), turned_on=False
            )
            line = {"time": iso(now), "decision": decision, "action": rule.do, "target": event.target}
            past = past.after(line)
            yield event, rule.do, decision, why


def history(run: Path) -> list[Event]:
    """Return the events of a run folder, in no order.

    Raises
    ------
    UserError
        If it has neither alerts nor predictions with times.
    """
    import pandas as pd

    if not run.is_dir():
        raise UserError(f"run={run}: there is no such folder; name that of a run, such as run=outputs/latest")
    found: list[Event] = []
    alerts, predictions = run / "alerts.csv", run / "predictions.csv"
    if not alerts.exists() and not predictions.exists():
        raise UserError(f"run={run}: has neither alerts.csv nor predictions.csv; name the folder of a run")
    try:
        if alerts.exists():
            found += of_alerts(pd.read_csv(alerts, keep_default_na=False), _scores(run))
        if predictions.exists():
            table = pd.read_csv(predictions, keep_default_na=False)
            if "time" in table and "told" in table:
                found += of_predictions(table)
            elif not alerts.exists():
                raise UserError(
                    f"{predictions}: to replay predictions the columns time and told are needed; choose a table with times "
                    "and a classifier"
                )
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"run={run}: cannot be read ({' '.join(str(error).split())})") from None
    return found


def of_alerts(table: "pd.DataFrame", scores: "pd.DataFrame | None") -> list[Event]:
    """Return that each alert opened and, as nobody wrote down when it was closed, that it was closed at its end.

    When it opened it had not had its peak yet: the score by then is looked up in the run's scores where there are any.
    """
    found = []
    for row in table.to_dict("records"):
        about = {str(key): value for key, value in row.items()}
        times = {name: in_nanoseconds(str(row[name])) for name in ("start", "fired", "end")}
        peak = float(row["peak_score"])
        by_then = peak if scores is None else _peak(scores, times["start"], times["fired"], peak)
        found.append(Event("opened", str(row["metric"]), by_then, times["fired"], about))
        found.append(Event("closed", str(row["metric"]), peak, times["end"], about))
    return found


def of_predictions(table: "pd.DataFrame") -> list[Event]:
    """Return what was told of each row, with its probability."""
    return [
        Event(
            PREDICTED,
            str(row["told"]),
            float(row[f"{PROBABILITY}{row['told']}"]),
            in_nanoseconds(str(row["time"])),
        )
        for row in table.to_dict("records")
    ]


def _scores(run: Path) -> "pd.DataFrame | None":
    import pandas as pd

    path = run / "scores.parquet"
    if not path.exists():
        return None
    table = pd.read_parquet(path, columns=["time", "score", "level", "flag"])
    # Alerts have whole seconds, and so must the rows that they are looked up in.
    return table[table["flag"]].assign(
        time=lambda one: one["time"].dt.floor("s").dt.as_unit("ns").astype("int64")
    )


def _peak(scores: "pd.DataFrame", start: int, fired: int, otherwise: float) -> float:
    """Return the score furthest above its level from ``start`` to ``fired``."""
    rows: Any = scores[(scores["time"] >= start) & (scores["time"] <= fired)]
    return float(rows["score"][(rows["score"] - rows["level"]).idxmax()]) if len(rows) else otherwise
