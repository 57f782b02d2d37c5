"""``sre-anomaly new remediation``: rules of what an alert may set off."""

import re
from pathlib import Path

from sre_anomaly.errors import UserError
from sre_anomaly.records import write_text

RULES_NAME = re.compile(r"[a-z][a-z0-9_-]*")
RULES = """\
# Actions for alerts and predictions. Nothing is done until turned_on is true; until then decisions are only logged.
#   sre-anomaly remediate rules={name}.yaml                       is this file right?
#   sre-anomaly remediate rules={name}.yaml run=outputs/latest    what would it have done for a run's alerts?
#   sre-anomaly monitor model=outputs/latest/model remediation={name}.yaml < points.jsonl
#   sre-anomaly classify model=outputs/latest/model remediation={name}.yaml < lines.txt
turned_on: false   # true: actions are done. false: a dry run. Read at the start: to stop a running monitor use the kill switch
audit_log: {name}.audit.jsonl   # every decision, a line each. The limits are counted from it: without it they start from zero
kill_switch: {name}.stop   # while a file of this name exists, nothing is done: touch {name}.stop

limits:   # upper limits, whatever the rules say
  per_hour: 3   # all actions together, in any 60 minutes
  per_day: 10   # all actions together, in any 24 hours
  cooldown: 10m   # how long an action is blocked after it was done
  cooldown_same_target: 1h   # how long it is blocked for the same metric or class
  at_once: 1   # how many may run at the same time; where two rules match the same alert, 2 lets both run
  max_age: 1h   # alerts older than this trigger nothing, so that old data are safe to replay

actions:   # what may be done, and nothing else
  restart:
    command: [/usr/bin/systemctl, restart, my_service]   # program and arguments, taken literally: no shell, nothing
                                                         # is filled in. It gets the alert as JSON on standard input
    seconds: 60   # killed when it takes longer
  tell:
    url: https://hooks.example.com/alerts   # gets the alert as JSON by POST; http:// goes to this machine alone
    seconds: 10   # given up when it takes longer
    secret_env: null   # environment variable with a secret that signs what is sent (HMAC-SHA256, X-Signature-256)

rules:   # every rule that matches requests its action
  - when: opened   # an alert opened; closed: it was closed
    metric: null   # only alerts that name this metric, such as cpu; null: any
    peak: null   # only if the score is at least this high, in the detector's own unit; null: any
    do: restart   # one of the actions
  - when: predicted   # classify predicted a class
    class: ERROR   # this one
    probability: 0.9   # and with at least this probability
    do: tell   # one of the actions
"""


def new_remediation(words: list[str]) -> None:
    """Write ``NAME.yaml`` where the user works.

    Raises
    ------
    UserError
        If the name is none, or a file of that name is there already.
    """
    if len(words) != 1 or not RULES_NAME.fullmatch(words[0]):
        raise UserError(
            "new remediation: a name is of small letters, digits, - and _; write sre-anomaly new remediation NAME"
        )
    name = words[0]
    path = Path(f"{name}.yaml")
    if path.exists():
        raise UserError(f"{path}: is there already; choose another name")
    try:
        write_text(path, RULES.format(name=name))
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from None
    print(f"{path}: edit actions, rules and limits; nothing is turned on")
    print("Then:")
    print(f"  sre-anomaly remediate rules={path}                      # is it right?")
    print(f"  sre-anomaly remediate rules={path} run=outputs/latest   # what would it have done?")
