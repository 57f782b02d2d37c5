"""Tables of tools that say in their header what only those know who know the tool: Windows' Performance Monitor, sadf."""

import re
from typing import Any

import pandas as pd

PDH = re.compile(r"^\(PDH-CSV \d+\.\d+\)\s*(?:\((?P<zone>[^)]*)\))?\s*(?:\((?P<bias>-?\d+)\))?")
COUNTER = re.compile(r"^\\\\(?P<host>[^\\]+)\\(?P<counter>.+)$")
SADF = ("hostname", "interval", "timestamp")
RESTART = "RESTART"
PER_DEVICE = ("CPU", "DEV", "IFACE", "INTR", "TTY", "FILESYSTEM", "FAN", "TEMP", "BAT")
ALL = "-1"
"""What sadf calls all processors together."""


def understood(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a table as plain columns, and what was taken for what; any other table as it is."""
    first = str(table.columns[0])
    if PDH.match(first):
        return performance_monitor(table)
    names = [str(name).lstrip("# ").strip() for name in table.columns]
    if tuple(names[:3]) == SADF:
        return sadf(table.set_axis(names, axis=1))
    if first.startswith("#") and first.lstrip("# ").strip():
        return table.rename(columns={table.columns[0]: first.lstrip("# ").strip()}), []
    return table, []


def performance_monitor(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    r"""Return what ``typeperf`` and Performance Monitor write with times in UTC and plain names.

    Examples
    --------
    >>> names = ["(PDH-CSV 4.0) (W. Europe Standard Time)(-60)", r"\\H\Memory\Available MBytes"]
    >>> performance_monitor(pd.DataFrame([["03/20/2024 00:00:15.123", 5]], columns=names))[0].columns.tolist()
    ['time', 'Memory Available MBytes']
    """
    header = PDH.match(str(table.columns[0]))
    assert header is not None
    parsed = pd.to_datetime(table.iloc[:, 0], format="%m/%d/%Y %H:%M:%S.%f", errors="coerce")
    notes = ["read as Windows' Performance Monitor: times are month/day/year"]
    out = table.copy()
    if parsed.notna().all():
        if header["bias"]:
            # Minutes that local time is behind UTC.
            bias = int(header["bias"])
            parsed = (parsed + pd.Timedelta(minutes=bias)).dt.tz_localize("UTC")
            notes.append(f"{header['zone']}: UTC{-bias // 60:+03d}:{abs(bias) % 60:02d}")
        out[out.columns[0]] = parsed
    found = [COUNTER.match(str(name)) for name in table.columns[1:]]
    hosts = {one["host"] for one in found if one}
    names = ["time"]
    for name, one in zip(table.columns[1:], found, strict=True):
        plain = one["counter"].replace("\\", " ") if one else str(name)
        names.append(f"{one['host']} {plain}" if one and len(hosts) > 1 else plain)
    if len(hosts) == 1:
        notes.append(f"host: {hosts.pop()}")
    return out.set_axis(names, axis=1), notes


def sadf(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return what ``sadf -d`` writes without what only identifies a row.

    Examples
    --------
    >>> row = {"hostname": "h", "interval": 300, "timestamp": "2024-01-01 00:00:00 UTC", "CPU": -1, "%user": 1.5}
    >>> sadf(pd.DataFrame([row]))[0].columns.tolist()
    ['hostname', 'timestamp', '%user']
    """
    left = ["interval"]
    notes = ["read as sadf -d"]
    restarts = (
        table.astype("string").apply(lambda column: column.str.contains(RESTART, regex=False)).any(axis=1)
    )
    if restarts.any():
        table = table[~restarts.fillna(False)]
        notes.append(f"{int(restarts.sum())} restart line(s) left out")
    out: Any = table.copy()
    for name in PER_DEVICE:
        if name not in out.columns:
            continue
        words = out[name].astype("string").str.strip().replace({ALL: "all"})
        if (words == "all").all():
            left.append(name)
        else:
            out[name] = (
                words.where(words == "all", name.lower() + words) if words.str.isdigit().any() else words
            )
    notes.append(f"identifiers left out: {', '.join(left)}")
    return out.drop(columns=left), notes
