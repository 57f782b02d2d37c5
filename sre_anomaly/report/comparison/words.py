"""What a comparison says of its measures: of metrics, of tables, or of both."""

from collections.abc import Iterable

from sre_anomaly.report.words import ALL_MEANINGS, CLASS_MEANINGS, NUMBER_MEANINGS, POOLED

OF_TABLES = ("macro_f1", "macro_f1_pooled", "mae")
"""Measures in which two runs over a table are set against each other."""


def beside(*, tables: bool, metrics: bool) -> str:
    """Return what the brackets in the table of measures mean.

    Examples
    --------
    >>> beside(tables=True, metrics=False)
    'In brackets: 95 % interval. Names in brackets are baselines, evaluated on the same data.'
    """
    said = "In brackets: 95 % interval. "
    if tables:
        said += "Names in brackets are baselines, evaluated on the same data"
        return (
            f"{said}; those of detectors flag as many data points as the first run."
            if metrics
            else f"{said}."
        )
    return f"{said}Names in brackets are baselines: they flag as many data points as the first run on the same data."


def meanings(names: Iterable[str], *, tables: bool, metrics: bool) -> list[str]:
    """Return a sentence for each measure that needs one; where both kinds stand together, that of metrics."""
    known = CLASS_MEANINGS | {"macro_f1_pooled": POOLED} | NUMBER_MEANINGS if tables else {}
    known = known | ALL_MEANINGS if metrics else known
    return [f"{name}: {known[name]}" for name in names if name in known]


def drawn_anew(*, tables: bool) -> str:
    """Return how the interval of a difference came about."""
    what, other = (
        ("rows (or groups of rows)", "other rows") if tables else ("days (or incidents)", "another period")
    )
    return (
        f"Bootstrap: the same {what} were resampled for both runs. Where the interval holds zero, {other} could reverse "
        "the difference."
    )


def too_few(measure: str) -> str:
    """Return what is said where there is no interval.

    Examples
    --------
    >>> too_few("mae"), too_few("pr_auc")
    ('too few rows or groups to compare', 'too few days or incidents to compare')
    """
    return f"too few {'rows or groups' if measure in OF_TABLES else 'days or incidents'} to compare"
