"""``detect``: what would have paged you in a table of metrics, and why."""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sre_anomaly.api.frames import as_file, by_entity
from sre_anomaly.api.overrides import words_of
from sre_anomaly.config.compose import composed
from sre_anomaly.parallel.progress import Stages
from sre_anomaly.pipeline.runner import Run, run
from sre_anomaly.records import RunRecord
from sre_anomaly.report.run.first_screen import now
from sre_anomaly.report.run.folder import write_folder
from sre_anomaly.report.run.plots import anomaly_figure
from sre_anomaly.report.run.words import alert_line

ALERTS = ("start", "end", "fired", "metric", "reason", "peak_score", "peak_level", "flags")
MOST_SHOWN = 20


@dataclass(frozen=True)
class Detection:
    """What was found in one table.

    `alerts`, `scores` and `bands` are what the command writes into its folder; times are in the zone of the data.
    """

    run: Run

    @property
    def alerts(self) -> pd.DataFrame:
        """One row for each alert, in the order of time: from when to when, the metric, and why."""
        found = self.run.detection
        rows = found.alerts if found is not None else []
        table = pd.DataFrame({name: [getattr(one, name) for one in rows] for name in ALERTS})
        for name in ("start", "end", "fired"):
            table[name] = pd.to_datetime(table[name], utc=True).dt.tz_convert(self.run.frame.timezone)
        table["reason"] = [alert_line(self.run, one) for one in rows]
        return table

    @property
    def scores(self) -> pd.DataFrame:
        """One row for each data point: its score, the threshold, and whether it was above it. NaN: cannot say."""
        found = self.run.detection
        assert found is not None
        return pd.DataFrame(
            {"score": found.scores, "threshold": found.levels, "flag": found.flags}, index=self._time()
        )

    @property
    def bands(self) -> pd.DataFrame | None:
        """Where each metric was expected: columns (metric, expected | lower | upper); None where the detector has no bounds."""
        found, frame = self.run.detection, self.run.frame
        if found is None or found.bands is None:
            return None
        columns = pd.MultiIndex.from_product([frame.metrics, ("expected", "lower", "upper")])
        return pd.DataFrame(found.bands.reshape(len(frame), -1), index=self._time(), columns=columns)

    @property
    def measures(self) -> dict[str, Any]:
        """How good it is, where incidents are known; else how often it would have paged."""
        return dict((self.run.record.detection or {}).get("measures", {}))

    @property
    def notes(self) -> list[str]:
        """What was noticed in the data."""
        return list(self.run.record.notes)

    def plot(self) -> Figure:
        """Return a picture: the metrics that alerts name with their bands, the alerts, and the score."""
        return anomaly_figure(self.run)

    def save(self, folder: str | Path) -> Path:
        """Write everything that a run leaves into a folder: the page, the alerts, the scores and the model for a monitor."""
        path = Path(folder).expanduser()
        path.mkdir(parents=True, exist_ok=True)
        write_folder(self.run, path)
        return path

    def __repr__(self) -> str:
        """Say it in a sentence, and the alerts."""
        return "\n".join(
            [now(self.run)[1], *(f"  {one.start:%Y-%m-%d %H:%M} {one.reason}" for one in self._shown())]
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{one.start:%Y-%m-%d %H:%M}</td><td style='text-align:left'>{html.escape(str(one.reason))}</td></tr>"
            for one in self._shown()
        )
        more = len(self.alerts) - MOST_SHOWN
        rest = f"<p>{more} more in .alerts</p>" if more > 0 else ""
        return f"<p><b>{html.escape(now(self.run)[1])}</b></p><table>{rows}</table>{rest}"

    def _shown(self) -> Iterator[Any]:
        yield from self.alerts.head(MOST_SHOWN).itertuples()

    def _time(self) -> pd.DatetimeIndex:
        return self.run.frame.time.tz_convert(self.run.frame.timezone).rename("time")


class Detections(Mapping[str, Detection]):
    """What was found in the tables of several entities, each by itself."""

    def __init__(self, found: Mapping[str, Detection]) -> None:
        self._found = dict(found)

    def __getitem__(self, entity: str) -> Detection:
        """Return what was found in one of them."""
        return self._found[entity]

    def __iter__(self) -> Iterator[str]:
        """Go over the names of the entities."""
        return iter(self._found)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._found)

    @property
    def alerts(self) -> pd.DataFrame:
        """The alerts of all of them, the newest first."""
        parts = [one.alerts.assign(entity=name) for name, one in self._found.items() if len(one.alerts)]
        if not parts:
            return pd.DataFrame(columns=["entity", *ALERTS])
        table = pd.concat(parts, ignore_index=True).sort_values("start", ascending=False, kind="stable")
        return table[["entity", *ALERTS]].reset_index(drop=True)

    def __repr__(self) -> str:
        """Say how many alerts each has."""
        return "\n".join(f"{name}: {len(one.alerts)} alerts" for name, one in self._found.items())


def detect(
    frame: Any,
    *,
    entity: str | None = None,
    metric: str | None = None,
    value: str | None = None,
    **options: Any,
) -> "Detection | Detections":
    """Find what was unusual in a table of metrics.

    Parameters
    ----------
    frame : pandas, polars or Arrow table, a pandas series, or a dict of them by entity
        A column (or index) of times and a column of numbers for each metric; NaN is a gap.
    entity : str, optional
        The column that tells several entities apart; each is evaluated by itself.
    metric, value : str, optional
        Of a long table, the columns with the name of a metric and with its value.
    **options
        What a command line would override: ``detector="iforest"``, ``pages_per_week=2``, ``timezone="Europe/Berlin"``,
        ``known={"cpu": {"possible": [0, 100]}}``; any other key with two underscores, as in ``threshold__sigmas=4``.
        The preset is ``experiment="csv"``, without its forecast.

    Returns
    -------
    Detection, or Detections where there are several entities

    Raises
    ------
    UserError
        If the table or an option cannot be used; its text says what would be right.

    Examples
    --------
    >>> import pandas as pd
    >>> clock = pd.date_range("2024-03-04", periods=600, freq="5min", tz="UTC", name="time")
    >>> cpu = pd.Series(40.0, clock).where(clock != clock[500], 99.0) + pd.Series(range(600), clock) % 3
    >>> len(detect(cpu.rename("cpu").to_frame(), pages_per_week=2).alerts)
    1
    """
    overrides = words_of({"experiment": "csv", "forecaster": "none", "hindsight": False, **options})
    tables = by_entity(frame, entity, metric, value)
    found = {name: Detection(run_table(table, name, overrides)) for name, table in tables.items()}
    if entity is None and not isinstance(frame, Mapping):
        return found["frame"]
    return Detections(found)


def run_table(table: pd.DataFrame, name: str, overrides: list[str]) -> Run:
    """Run a configuration over a table, as the command would over its file; nothing is written."""
    with as_file(table, name) as path, Stages() as stages:
        config = composed([*overrides, f'data.path="{path}"'])
        return run(config, RunRecord(command=f"sre-anomaly {' '.join(overrides)}"), stages)
