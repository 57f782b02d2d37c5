"""Words by which people say that something is wrong, in groups of one meaning each.

They come from how software speaks in general, not from counting over a log; a model learns what each group is
worth. What a group says holds in systems that no training line came from, what a single word says seldom does.
"""

import re
from itertools import accumulate

import numpy as np

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
    "lost": r"disconnect\w*|lost|los\w+|reset|interrupt\w*|unclean\w*|leav\w+|terminat\w*|shut\w*down|shut\w* down|hang\w*|hung"
    r"|stuck|stopp\w*|clos\w+ (?:by|unexpectedly)",
    "absent": r"not|no|without|null|none|nothing|empty",
}
_ERROR = re.compile(rf"\b(?:{ALARM_WORDS['error']}|{ALARM_WORDS['fail']}|{ALARM_WORDS['exception']})\b")
_WARN = re.compile(
    "|".join(rf"\b(?:{ALARM_WORDS[name]})\b" for name in ("warning", "odd", "again", "slow", "refused"))
)


def _alternatives(pattern: str) -> list[str]:
    """Return what stands between the bars that are in no bracket."""
    depth = accumulate((sign == "(") - (sign == ")") for sign in pattern)
    return "".join(
        "\n" if sign == "|" and not deep else sign for sign, deep in zip(pattern, depth, strict=True)
    ).split("\n")


_EACH = [
    (group, alternative)
    for group, words in enumerate(ALARM_WORDS.values())
    for alternative in _alternatives(words)
]
_ALONE = [
    re.compile("|".join(rf"\b(?:{one})\b" for one in _alternatives(words) if " " not in one) or r"(?!)")
    for words in ALARM_WORDS.values()
]
# Of those with a blank, the first half has to end one word and the second to begin the next.
_PAIRS = [(group, *alternative.split(" ")) for group, alternative in _EACH if " " in alternative]
_ENDS = [re.compile(rf"\b(?:{first})\Z") for _, first, _ in _PAIRS]
_BEGINS = [re.compile(rf"(?:{second})\b") for _, _, second in _PAIRS]
_ANY = re.compile(rf"(?:{'|'.join(half for _, one in _EACH for half in one.split(' '))})\b")
PAIR_GROUPS = np.array([group for group, _, _ in _PAIRS])
"""The group of each alarm of two words."""


def alarms_of_word(word: str) -> tuple[int, int, int]:
    """Return what a plain word says alone, and with the next or the last one: three numbers, each a set of bits.

    Bit g of the first: group g. Bit p of the second and of the third: it is the first or the second word of the
    alarm p, which is of the group ``PAIR_GROUPS[p]``. So what a message says follows from its words one by one.

    Examples
    --------
    >>> alarms_of_word("refused"), alarms_of_word("block")
    ((128, 0, 0), (0, 0, 0))
    """
    if word.isalpha() and not _ANY.match(word):
        return 0, 0, 0
    return (
        sum(1 << bit for bit, group in enumerate(_ALONE) if group.search(word)),
        sum(1 << bit for bit, half in enumerate(_ENDS) if half.search(word)),
        sum(1 << bit for bit, half in enumerate(_BEGINS) if half.match(word)),
    )


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
