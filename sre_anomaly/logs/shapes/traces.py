"""Lines that go on with the record before them: stack traces of Java, Python, Go, Node and .NET, and what is indented."""

import re

GOES_ON = re.compile(
    rb"[ \t]|\}|\]$|File \"|Caused by: |Suppressed: |Traceback \(most recent|During handling of|The above exception|goroutine \d+ \["
    rb"|\.\.\. \d+ (?:more|common)|--- End of |(?:[\w.$/]+\.)?\w*(?:Exception|Error|Throwable|Warning)\b(?::| *\(| *$)|panic: |fatal error: "
    rb"|created by |exit status \d|[\w./*()-]+\([^()]*\)$|at [\w.<>$]+[ (]|---> |#\d+ |Stack trace:|PHP (?:Fatal|Parse) error: "
    rb"|[\w./-]+:\d+:in [`']|thread '[^']*' panicked|stack backtrace:|note: run with `RUST"
)
BEGINS = re.compile(
    rb"Traceback \(most recent|panic: |fatal error: |(?:[\w.$/]+\.)?\w*(?:Exception|Error|Throwable)\b(?::| *\(| *$)"
    rb"|PHP (?:Fatal|Parse) error: |[\w./-]+:\d+:in [`']|thread '[^']*' panicked"
)
"""A trace's own first line: what broke, if the line before says nothing of it."""
ENDS = re.compile(rb"[A-Za-z_][\w.]*(?:: |$)")
"""The last line of one of Python's: an exception by its name, whatever it is called."""
CONTINUED = b"..."
"""In the place of a level: of a wrapped line that has a time and goes on with the one before all the same."""


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


def breaks(line: bytes) -> bool:
    r"""Return whether a line of a trace says by itself that something broke.

    Examples
    --------
    >>> breaks(b"panic: runtime error: index out of range"), breaks(b"\tat app.Store.open(Store.java:300)")
    (True, False)
    """
    return BEGINS.match(line) is not None


def ends(line: bytes) -> bool:
    """Return whether a line may be the last one of a trace that has begun.

    Examples
    --------
    >>> ends(b"shop.PaymentTimeout: gateway took 3 s"), ends(b"order 5 accepted")
    (True, False)
    """
    return ENDS.match(line) is not None
