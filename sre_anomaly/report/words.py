"""Words that every page and screen shares."""

from dataclasses import dataclass

MEANINGS = {
    "precision": "of the flagged rows, this share was inside a known incident",
    "recall": "of the rows inside known incidents, this share was flagged",
    "f1": "balance of the two: 1 is perfect, 0 is useless",
    "pr_auc": "how well the score ranks, whatever the level; chance gives the share of anomalous rows",
    "roc_auc": "chance that an anomalous row outranks a normal one; 0.5 is guessing",
}


FORECAST_MEANINGS = {
    "mae": "average distance from what came, in the metric's own unit",
    "rmse": "the same, with large misses counting more",
    "mase": "average error relative to repeating the last value on the training rows; below 1 is better than that",
}


ALL_MEANINGS = MEANINGS | {
    "incident_recall": "of the known incidents, this share had an alert",
    "alerts_per_week": "how often somebody is paged",
    "false_alerts_per_week": "how often somebody is paged and there is no known incident",
    "time_in_alert": "the share of the time in which somebody is being paged",
    "median_time_to_detect_s": "seconds from an incident's start to its alert, for half of those caught",
    **FORECAST_MEANINGS,
}


@dataclass
class Table:
    """A heading and rows of words and numbers."""

    columns: list[str]
    rows: list[list[str]]


def count(number: int, thing: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> count(1, "row"), count(1200, "alert")
    ('1 row', '1,200 alerts')
    """
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


CLASS_MEANINGS = {
    "macro_f1": "balance of finding a class and not crying it, every class as heavy as the others; 1 is perfect",
    "accuracy": "share of the rows told right; a common class alone can make it high",
    "pr_auc": "how well the probabilities rank, whatever the cut; chance gives the share of a class",
    "calibration_error": "how far stated probabilities and what came lie apart; 0 is best",
}


NUMBER_MEANINGS = {
    "mae": "average distance from the truth, in the unit of the target",
    "rmse": "the same, with large misses counting more",
    "wape": "all errors as a share of all that was to be told",
}


POOLED = "the same over all judged rows together instead of fold by fold"
