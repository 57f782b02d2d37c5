"""``backtest``: what models and static thresholds would have paged over a table of metrics, beside each other."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sre_anomaly.api.frames import as_file, by_entity
from sre_anomaly.api.overrides import words_of
from sre_anomaly.backtesting.asked import read_words
from sre_anomaly.backtesting.history import history_of
from sre_anomaly.backtesting.run import Backtest
from sre_anomaly.backtesting.run import backtest as replay
from sre_anomaly.errors import ConfigError
from sre_anomaly.report.backtest import words

DEFAULT = ("baseline",)


@dataclass(frozen=True)
class Backtested:
    """What each alert source would have paged."""

    found: Backtest

    @property
    def cards(self) -> pd.DataFrame:
        """One row for each model, threshold or rule: pages, pages a week and at night, incidents detected and missed, false pages."""
        rows = [asdict(one.card) for one in self.found.judged]
        return pd.DataFrame(
            rows, index=pd.Index([one.source.name for one in self.found.judged], name="source")
        )

    @property
    def pages(self) -> pd.DataFrame:
        """One row for each page: its time and who sent it."""
        rows = [
            (pd.Timestamp(page.time, tz="UTC"), team.name) for team in self.found.teams for page in team.pages
        ]
        return pd.DataFrame(rows, columns=["time", "source"]).sort_values("time", ignore_index=True)

    @property
    def answers(self) -> list[str]:
        """The answer in sentences."""
        return words.answers(self.found)

    def __repr__(self) -> str:
        """Say the answer."""
        return "\n".join(self.answers)


def backtest(
    frame: Any, against: Sequence[str] = DEFAULT, *, incidents: str | Path | None = None, **options: Any
) -> Backtested:
    """Replay models and static thresholds over a history.

    Parameters
    ----------
    frame : table of metrics, or a dict of tables by entity
        As `detect` takes it.
    against : sequence of str
        What is replayed: an option of ``detector``, a preset, the folder of a model, or a threshold such as ``"cpu > 90 for 10m"``.
    incidents : path, optional
        A JSON file of windows in which something was wrong.
    **options
        As `detect` takes them; ``warm_up="7d"`` is how much of the beginning is not counted.

    Raises
    ------
    UserError
        If the table, a model or a threshold cannot be used.
    """
    if isinstance(against, str):
        raise ConfigError(f"against={against!r}: give a list, such as [{against!r}, 'cpu > 90 for 10m']")
    own = {"warm_up": options.pop("warm_up", None), "incidents": incidents}
    overrides = words_of(options)
    with ExitStack() as files:
        tables = by_entity(frame)
        paths = [files.enter_context(as_file(table, name)) for name, table in tables.items()]
        path = paths[0]
        if len(paths) > 1:
            folder = path.parent
            for other in paths[1:]:
                other.rename(folder / other.name)
            path = folder / "*.parquet"
        asked = [f'data.path="{path}"', f"with=[{', '.join(against)}]", *overrides]
        asked += [f"{name}={value}" for name, value in own.items() if value is not None]
        return Backtested(replay(history_of(read_words(asked), say=lambda _: None), lambda _: None))
