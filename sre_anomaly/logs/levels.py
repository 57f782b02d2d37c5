"""The many names of how bad a line is become three."""

LEVELS = ("INFO", "WARN", "ERROR")
NAMES = {
    "INFO": "i info inf information informational log system notice note n d debug dbg v verbose vrb t trace trc fine finer finest config normal 5 6 7 9 10 20 30",
    "WARN": "w warn wrn warning warnings 4 13 40",
    "ERROR": "e err error f fatal ftl c crit critical severe alert emerg emergency panic a failure 0 1 2 3 17 21 50 60",
}
_KNOWN = {name: level for level, names in NAMES.items() for name in names.split()}
_SEEN: dict[bytes, str | None] = {}
MOST = 10_000


def standard_level(name: bytes) -> str | None:
    """Return INFO, WARN or ERROR for what a log calls it, None for a word that names no level.

    Debugging and notices are INFO; fatal, severe and critical are ERROR. Numbers are those of JSON loggers, of
    syslog (0 to 7), and of OpenTelemetry.

    Examples
    --------
    >>> standard_level(b"Warning"), standard_level(b"FATAL"), standard_level(b"host-7")
    ('WARN', 'ERROR', None)
    """
    try:
        return _SEEN[name]
    except KeyError:
        level = _KNOWN.get(name.decode("latin-1").strip().lower())
        if len(_SEEN) < MOST:
            _SEEN[bytes(name)] = level
        return level
