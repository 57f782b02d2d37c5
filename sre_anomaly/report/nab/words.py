"""What a run over the Numenta benchmark says of its scores, for the screen and the page."""

from sre_anomaly.evaluation.nab.intervals import DRAWS
from sre_anomaly.fleet.run import FleetRun
from sre_anomaly.report.nab.leaderboard import ordered, published
from sre_anomaly.report.nab.nested import nested_scores
from sre_anomaly.report.words import Table

FOUND_ON_NAB = ("cknn",)
"""Detectors whose constants were chosen with NAB's labels in sight."""


def nab(found: FleetRun) -> Table | None:
    """Return the benchmark's three scores and their doubts."""
    if found.nab is None:
        return None
    rows = []
    nested = nested_scores(found.config)
    for profile, told in found.nab.told().items():
        low, high = told["interval"]
        rows.append(
            [
                profile.removeprefix("reward_").removesuffix("_rate").replace("_", " "),
                f"{told['score']:.2f}",
                f"{low:.1f} to {high:.1f}",
                f"{told['leave_one_category_out']:.2f}",
                *([f"{nested[profile]:.2f}"] if nested else []),
                f"{told['random']:.2f}",
                f"{told['windows_found']} of 116",
                str(told["false_rows"]),
            ]
        )
    beside = ["nested"] if nested else []
    return Table(
        ["NAB score", "", "95 %", "left out", *beside, "random", "windows", "false flags"],
        rows,
    )


def nab_remarks(found: FleetRun) -> list[str]:
    """Say how to read the benchmark's scores."""
    if found.nab is None:
        return _no_nab(found)
    standard = found.nab.told()["standard"]
    nested = "; nested: the detector's constants, too" if nested_scores(found.config) else ""
    remarks = [
        "The threshold, one for all files, is chosen in hindsight, on the labels that it is evaluated with. Left out: "
        f"chosen on the other categories{nested}. 95 %: files resampled. With the alerts above, nothing in hindsight: "
        f"{standard['at_own_level']:.1f} (standard); each false alert costs points, and there is no minimum."
    ]
    best, (low, high) = ordered(published())[0], standard["interval"]
    if low <= best.scores["standard"] <= high:
        remarks.append(
            f"{low:.1f} to {high:.1f} includes the best published score ({best.detector}, "
            f"{best.scores['standard']:.1f}): 58 files do not settle which is better."
        )
    if (made_of := found.config["detector"]["name"]) in FOUND_ON_NAB:
        remarks.append(f"The constants of {made_of} were chosen on NAB itself: expect less on other data.")
    if standard["score"] <= standard["random_best"]:
        remarks.append(
            f"No better than random scores ({standard['random']:.1f} on average, {standard['random_best']:.1f} for the "
            f"luckiest of {DRAWS}): what these scores mean differs from file to "
            "file, so no one threshold suits all. threshold=conformal alerts=fatigue gives each file a threshold of its own."
        )
    return remarks


def _no_nab(found: FleetRun) -> list[str]:
    """Say why a run over the benchmark's series has no score of it."""
    if found.config["data"]["name"] != "nab_corpus":
        return []
    category = found.config["data"].get("category")
    why = f"only those of {category} were run" if category else "some could not be run"
    return [f"No NAB score: it is one threshold for all 58 series, and {why}."]
