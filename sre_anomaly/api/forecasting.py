"""``forecast``: what comes after the end of a table of metrics, and how good such forecasts were on its past."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sre_anomaly.api.detection import run_table
from sre_anomaly.api.frames import by_entity
from sre_anomaly.api.overrides import words_of
from sre_anomaly.errors import DataError
from sre_anomaly.pipeline.runner import Run
from sre_anomaly.report.forecast.words import coming
from sre_anomaly.report.run.plots import forecast_figure
from sre_anomaly.report.run.words import when


@dataclass(frozen=True)
class Forecasted:
    """What was forecast of one table."""

    run: Run

    @property
    def coming(self) -> pd.DataFrame:
        """What comes after the end of the data: a row for each time and metric, with mean, lower, upper and quantiles such as q10."""
        found = self.run.forecasts
        if found is None or found.coming is None:
            return pd.DataFrame()
        table = found.coming.table()
        table["time"] = pd.to_datetime(table["time"], utc=True).dt.tz_convert(self.run.frame.timezone)
        return table

    @property
    def past(self) -> pd.DataFrame:
        """Every forecast of the evaluated period beside what came, for each horizon."""
        return self.run.forecasts.table() if self.run.forecasts is not None else pd.DataFrame()

    @property
    def measures(self) -> pd.DataFrame:
        """One row for each horizon: errors, the share inside the interval, and how much better than the best naive forecast."""
        each = self.run.forecasts.each if self.run.forecasts is not None else []
        return pd.DataFrame([one.measures for one in each], index=[one.ahead.horizon.asked for one in each])

    @property
    def limits(self) -> list[dict[str, Any]]:
        """How likely the limit that was asked about is passed, and when."""
        return list(self.run.record.forecast["limits"]) if self.run.record.forecast else []

    @property
    def notes(self) -> list[str]:
        """What to know before trusting it, such as a naive forecast that was better."""
        return list(self.run.record.notes)

    def plot(self) -> Figure:
        """Return a picture: what came, what was forecast, and its interval."""
        return forecast_figure(self.run)

    def __repr__(self) -> str:
        """Say what comes."""
        return "\n".join(coming(self.run, when))


def forecast(
    frame: Any,
    horizon: str | int | Sequence[str] = "1d",
    *,
    metrics: Sequence[str] | None = None,
    forecaster: str = "auto",
    limit: float | None = None,
    **options: Any,
) -> Forecasted:
    """Forecast the metrics of a table, and measure such forecasts on its past.

    Parameters
    ----------
    frame : pandas, polars or Arrow table, or a pandas series
        As `detect` takes it, of one entity.
    horizon : duration, number of data points, or a list of them
        How far ahead, such as ``"1d"`` or ``["1h", "1d"]``.
    metrics : sequence of str, optional
        Which to forecast; all of them if it is not given.
    forecaster : str
        An option of ``forecaster``.
    limit : float, optional
        A value of which the probability that it is passed is asked for.
    **options
        As `detect` takes them.

    Raises
    ------
    UserError
        If the table or an option cannot be used, or the history is too short to measure a horizon.

    Examples
    --------
    >>> import pandas as pd
    >>> clock = pd.date_range("2024-03-04", periods=600, freq="1h", tz="UTC", name="time")
    >>> load = pd.Series([50.0 + 20 * (one.hour in range(8, 18)) for one in clock], clock, name="load")
    >>> len(forecast(load, horizon="1d", forecaster="seasonal_naive").coming)
    24
    """
    tables = by_entity(frame)
    if list(tables) != ["frame"]:
        raise DataError("frame: one entity at a time is forecast; call it for each table")
    table = tables["frame"]
    numbers = [str(name) for name in table.select_dtypes("number").columns]
    given = {"experiment": "csv", "detector": "none", "hindsight": False, "forecaster": forecaster}
    asked: dict[str, Any] = {"forecast__horizon": horizon, "forecast__metrics": list(metrics or numbers)}
    if limit is not None:
        asked["forecast__limit"] = limit
    return Forecasted(run_table(table, "frame", words_of({**given, **asked, **options})))
