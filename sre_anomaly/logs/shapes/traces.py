"""Lines that go on with the record before them: stack traces of Java, Python, Go, Node and .NET, and what is indented."""

import re

GOES_ON = re.compile(
    rb"[ \t]|\}|\]|Caused by: |Suppressed: |Traceback \(most recent|During handling of|The above exception|goroutine \d+ \["
    rb"|\.\.\. \d+ (?:more|common)|--- End of |[\w.$/]+(?:Exception|Error|Throwable|Warning)\b(?::| *$)|panic: |created by |exit status \d"
    rb"|[\w./*()-]+\([^()]*\)$|at [\w.<>$]+[ (]"
)


def continues(line: bytes) -> bool:
    r"""Return whether a line looks as if it went on with the one before.

    Examples
    --------
    >>> continues(b"\tat app.Store.open(Store.java:300)"), continues(b"Caused by: java.io.IOException: no route")
    (True, True)
    >>> continues(b"2024-03-04 10:00:00 ERROR cannot reach store")
    False
    """
    return GOES_ON.match(line) is not None
