"""Log lines with a level: the message is what is seen, the level what is to be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError, keys_of_table, naming_keys_of_table
from sre_anomaly.logs.clock import LogClock
from sre_anomaly.logs.files import AUTO, entries, log_files, name_of
from sre_anomaly.logs.formats import LEVEL
from sre_anomaly.logs.levels import standard_level
from sre_anomaly.logs.lines import Tally, as_text, shown
from sre_anomaly.logs.templates import LONGEST, TemplateMiner
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import TableSource

SHOWN = 2
"""Words that stand in the place of the level and are none: as many as are told."""


@register("table", "logs")
@dataclass
class LogTable(TableSource):
    """One row a line: the message, its level as INFO, WARN or ERROR, and its template or file as the group.

    Lines without a level are counted and left out. Of a large log the first ``most`` lines are enough: what
    differs are templates, not lines.
    """

    path: str
    format: str = AUTO
    group: Literal["template", "file"] = "template"
    most: Annotated[int, Field(ge=1)] = 1_000_000
    timezone: str = "UTC"
    year: Annotated[int, Field(ge=1970, le=9998)] | None = None

    @naming_keys_of_table()
    def table(self) -> Table:
        """Read the lines.

        Raises
        ------
        DataError
            If a file cannot be read or its format is not known, or no line has a level.
        """
        path = Path(self.path).expanduser()
        tally, clock, miner = Tally(), LogClock(self.timezone, self.year), TemplateMiner()
        messages: list[str] = []
        levels: list[str] = []
        groups: list[str] = []
        stamps: list[int | None] = []
        without, odd, more = 0, dict[str, None](), False
        for file in log_files(path):
            for time, word, message in entries(file, self.format, clock, tally):
                if more := len(messages) >= self.most:
                    break
                level = standard_level(word)
                if level is None:
                    without += 1
                    if word and len(odd) < SHOWN:
                        odd[shown(word)] = None
                    continue
                messages.append(as_text(message[:LONGEST]))
                levels.append(level)
                groups.append(file.name if self.group == "file" else str(miner.add(message)))
                stamps.append(clock.seconds(time) if time else None)
        if not messages:
            raise DataError(f"{path}: {self._why_none(tally, list(odd))}")
        if len(set(levels)) == 1:
            raise DataError(
                f"{path}: all {len(levels)} lines with a level are {levels[0]}; there is nothing to predict: read "
                "more of the log, or one that has other levels too"
            )
        notes = [keys_of_table(note) for note in tally.told()]
        if without:
            notes.append(f"{without} lines without a known level were left out")
        if more:
            notes.append(
                f"The first {self.most:,} lines with a level were read (table.most), the others left out"
            )
        timed = None not in stamps
        return Table(
            name_of(path),
            texts={"message": np.array(messages, dtype=object)},
            target=np.array(levels, dtype=object),
            target_name="level",
            group=np.array(groups, dtype=object),
            time=np.array(stamps, dtype=np.int64) * 1_000_000_000 if timed else None,
            notes=tuple(notes),
        )

    def _why_none(self, tally: Tally, odd: list[str]) -> str:
        """Say why not one line has a level, and what would be right."""
        if not tally.used:
            return f"not one line could be used; {'; '.join(tally.told()) or 'it is empty'}"
        if "<" in self.format and f"<{LEVEL}>" not in self.format:
            return f"table.format={self.format!r} names no <{LEVEL}>; write it where the level stands"
        if odd:
            return (
                f"not one line has a level such as INFO or ERROR; taken for it was {' or '.join(map(repr, odd))}: is "
                "table.format right?"
            )
        return (
            "not one line has a level such as INFO or ERROR; if they have one, name where it stands: "
            f"'table.format=\"<Date> <Time> <{LEVEL}> <Content>\"'"
        )
