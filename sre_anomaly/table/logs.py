"""Log lines with a level: the message is what is seen, the level what is to be told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sre_anomaly.dataset import Table
from sre_anomaly.errors import DataError, keys_of_table, naming_keys_of_table
from sre_anomaly.logs.clock import LogClock
from sre_anomaly.logs.files import AUTO, entries, log_files
from sre_anomaly.logs.levels import standard_level
from sre_anomaly.logs.lines import Tally, as_text
from sre_anomaly.logs.templates import LONGEST, TemplateMiner
from sre_anomaly.registry import register
from sre_anomaly.table_contracts import TableSource


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
        without = 0
        for file in log_files(path):
            for time, word, message in entries(file, self.format, clock, tally):
                if len(messages) >= self.most:
                    break
                level = standard_level(word)
                if level is None:
                    without += 1
                    continue
                messages.append(as_text(message[:LONGEST]))
                levels.append(level)
                groups.append(file.name if self.group == "file" else str(miner.add(message)))
                stamps.append(clock.seconds(time) if time else None)
        if not messages:
            raise DataError(f"{path}: not one line has a level such as INFO or ERROR; is table.format right?")
        notes = [keys_of_table(note) for note in tally.told()]
        if without:
            notes.append(f"{without} lines without a known level were left out")
        timed = None not in stamps
        return Table(
            path.name.split(".")[0] or path.name,
            texts={"message": np.array(messages, dtype=object)},
            target=np.array(levels, dtype=object),
            target_name="level",
            group=np.array(groups, dtype=object),
            time=np.array(stamps, dtype=np.int64) * 1_000_000_000 if timed else None,
            notes=tuple(notes),
        )
