"""Words by which people say that something is wrong, in groups of one meaning each.

They come from how software speaks in general, not from counting over a log; a model learns what each group is
worth. What a group says holds in systems that no training line came from, what a single word says seldom does.
"""

import re

import numpy as np

from sre_anomaly.frame import Array
from sre_anomaly.logs.masking import plain_words

ALARM_WORDS = {
    "error": r"errors?|err|erroneous|severe|critical|fatal|panic|crash\w*|abort\w*|corrupt\w*|faults?|violation"
    r"|dead|died|kill\w*",
    "fail": r"fail\w*|unable|cannot|can t|could not|couldn t|unsuccessful\w*|unrecoverable|impossible|giv\w+ up"
    r"|broken|bad|wrong",
    "exception": r"\w*exception\w*|traceback|stack trace|uncaught|unhandled|thrown",
    "warning": r"warn\w*|deprecat\w*|obsolete|suspicious|careful|caution|attention",
    "odd": r"unknown|unexpected\w*|unrecogni[sz]ed|unsupported|invalid|illegal|malformed|mismatch\w*|inconsistent"
    r"|missing|not found|no such|not exist|not available|unavailable|no longer|never",
    "again": r"retry\w*|retries|ignor\w*|skip\w*|discard\w*|dropp\w*|fallback|falling back|instead",
    "slow": r"timeout\w*|time out|timed out|slow\w*|delay\w*|exceed\w*|too (?:long|many|much|large|big|small|few)"
    r"|overflow\w*|overload\w*|exhaust\w*|expired?|stale|leak\w*|full",
    "refused": r"denied|deny\w*|refus\w*|reject\w*|forbidden|unauthori[sz]ed|not permitted|not allowed|unreachable"
    r"|no route",
    "lost": r"disconnect\w*|lost|los\w+|reset|interrupt\w*|unclean\w*|leav\w+|terminat\w*|shut\w* ?down|hang\w*|hung"
    r"|stuck|stopp\w*|clos\w+ (?:by|unexpectedly)",
    "absent": r"not|no|without|null|none|nothing|empty",
}
_GROUPS = [re.compile(rf"\b(?:{words})\b") for words in ALARM_WORDS.values()]
_ERROR = re.compile(rf"\b(?:{ALARM_WORDS['error']}|{ALARM_WORDS['fail']}|{ALARM_WORDS['exception']})\b")
_WARN = re.compile(
    "|".join(rf"\b(?:{ALARM_WORDS[name]})\b" for name in ("warning", "odd", "again", "slow", "refused"))
)


def alarms(words: str) -> Array:
    """Return which groups of alarm words occur in the plain words of a message: 1 or 0, (10,).

    Examples
    --------
    >>> alarms("connection refused").tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    """
    return np.array([float(group.search(words) is not None) for group in _GROUPS])


def keyword_level(message: str) -> str:
    """Return the level that a rule of keywords gives a message: the baseline that needs no learning.

    Examples
    --------
    >>> keyword_level("Failed to open /etc/x"), keyword_level("request timed out"), keyword_level("started")
    ('ERROR', 'WARN', 'INFO')
    """
    words = plain_words(message)
    if _ERROR.search(words):
        return "ERROR"
    return "WARN" if _WARN.search(words) else "INFO"
