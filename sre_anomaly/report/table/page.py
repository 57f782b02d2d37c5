"""The part of the report about the model of a table."""

import html

from sre_anomaly.pipeline.runner import Run
from sre_anomaly.report.html import table_tag
from sre_anomaly.report.table import words as table_words

EXPLAINED = (
    "Baselines: majority: always predicts the commonest class. single column: the best rule on one column. keywords: "
    "predicts ERROR where a line has words such as failed. mean and last: the mean of the training rows, and the newest "
    "of them. random (leaks): the same model on a random split, whose training rows hold near copies of the evaluated "
    "rows; a warning, not a result. In brackets: 95 % interval over resampled groups."
)


def table_sections(run: Run, pictures: dict[str, str]) -> list[str]:
    """Return the sections as HTML, the pictures between them; empty where no table was read."""
    if run.learned is None:
        return []
    told = table_words.task(run.record)
    parts = ["<h2>Quality of the predictions</h2>"]
    parts += [f"<p>{html.escape(sentence)}.</p>" for sentence in table_words.in_short(run)]
    parts += [f"<p class='caveat'>{html.escape(caveat)}</p>" for caveat in told["caveats"]]
    parts += [table_tag(table_words.measures_table(run.record)), f"<p class='note'>{EXPLAINED}</p>"]
    classes = table_words.class_table(run.record)
    if classes is not None:
        parts += ["<h2>Class by class</h2>", table_tag(classes)]
    used = table_words.in_use_table(run.record)
    if used is not None:
        said = html.escape(told["in_use"]["in_short"])
        parts += ["<h2>Value in use</h2>", f"<p>{said}.</p>", table_tag(used)]
    parts += [pictures.get(name, "") for name in ("confusion_plot", "calibration_plot", "prediction_plot")]
    parts.append("<p class='note'>Every evaluated row and its prediction are in predictions.csv.</p>")
    return parts
