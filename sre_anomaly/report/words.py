"""Words that every page and screen shares."""

from dataclasses import dataclass

from sre_anomaly.records import short

MEANINGS = {
    "precision": "fraction of flagged data points inside a known incident",
    "recall": "fraction of data points inside known incidents that was flagged",
    "f1": "harmonic mean of the two: 1 is perfect, 0 is useless",
    "pr_auc": "area under precision and recall over all thresholds; chance gives the fraction of anomalous data points",
    "roc_auc": "probability that an anomalous data point scores higher than a normal one; 0.5 is guessing",
}


FORECAST_MEANINGS = {
    "mae": "mean absolute error, in the metric's own unit",
    "rmse": "root mean squared error: large errors count more",
    "mase": "error relative to repeating the last value in the training period; below 1 is better than that",
}


ALL_MEANINGS = MEANINGS | {
    "incident_recall": "fraction of the known incidents that had an alert",
    "alerts_per_week": "alerts a week, right or wrong",
    "false_alerts_per_week": "alerts a week that match no known incident (false positives)",
    "time_in_alert": "fraction of the time in alert",
    "median_time_to_detect_s": "median time from the start of an incident to its alert, in seconds",
    **FORECAST_MEANINGS,
}


@dataclass
class Table:
    """A heading and rows of words and numbers."""

    columns: list[str]
    rows: list[list[str]]


def title(name: str) -> str:
    """Return what a baseline or column is called where people read it.

    Examples
    --------
    >>> title("largest_jump"), title("seasonal_naive")
    ('largest change', 'seasonal naive')
    """
    return {"largest_jump": "largest change"}.get(name, name.replace("_", " "))


def asks_for_care(note: str) -> bool:
    """Return whether a note says that the data may be read wrongly, or that some are left out.

    Examples
    --------
    >>> asks_for_care("Careful: 40% of the values are missing"), asks_for_care("16 anomalies planted")
    (True, False)
    """
    return "Careful:" in note or " series failed " in note


def count(number: int, thing: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> count(1, "row"), count(1200, "alert")
    ('1 row', '1,200 alerts')
    """
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def rate(value: float) -> str:
    """Return how often something happens, in three digits.

    Examples
    --------
    >>> rate(5.0748), rate(1234.5)
    ('5.07', '1,230')
    """
    return short(float(f"{value:.3g}"))


CLASS_MEANINGS = {
    "macro_f1": "F1, mean over classes; 1 is perfect",
    "accuracy": "fraction of rows predicted right; a common class alone can make it high",
    "pr_auc": "area under precision and recall over all cuts; chance gives the fraction of a class",
    "calibration_error": "how far predicted probabilities and outcomes lie apart; 0 is best",
}


NUMBER_MEANINGS = {
    "mae": "mean absolute error, in the unit of the target",
    "rmse": "root mean squared error: large errors count more",
    "wape": "sum of absolute errors over the sum of the targets",
}


POOLED = "the same over all evaluated rows together instead of fold by fold"
