"""Whether a process that works on a study still lives, on this machine or on another."""

import time

from optuna.study import Study

from sre_anomaly.parallel.process_alive import here, lives, owner

BEAT = "beat "
SILENCE_S = 600.0
"""A process of another machine that has not been heard of for so long is taken for dead."""


def beat(study: Study) -> None:
    """Let processes on other machines know that this one lives."""
    study.set_user_attr(BEAT + owner(), time.time())


def works(study: Study, name: str) -> bool:
    """Return whether the process of that name still works."""
    if here(name):
        return lives(name)
    heard = study.user_attrs.get(BEAT + name)
    return heard is not None and time.time() - float(heard) < SILENCE_S
