"""Whether a process that works on a study still lives, on this machine or on another."""

import time

from optuna.study import Study

from sre_anomaly.parallel.process_alive import is_running, on_this_machine, this_process

BEAT = "beat "
SILENCE_S = 600.0
"""A process of another machine that has not been heard of for so long is taken for dead."""


def send_heartbeat(study: Study) -> None:
    """Let processes on other machines know that this one lives."""
    study.set_user_attr(BEAT + this_process(), time.time())


def is_working(study: Study, name: str) -> bool:
    """Return whether the process of that name still works."""
    if on_this_machine(name):
        return is_running(name)
    heard = study.user_attrs.get(BEAT + name)
    return heard is not None and time.time() - float(heard) < SILENCE_S
