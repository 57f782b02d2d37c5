"""What to do after a run: commands that can be copied."""

from sre_anomaly.pipeline.runner import Run
from sre_anomaly.records import short
from sre_anomaly.report.run.words import again

ENOUGH_TO_LEARN = 20  # known incidents from which learning is worth a try


def next_commands(run: Run) -> list[tuple[str, str]]:
    """Return three commands that are useful after this run, each with what it is for."""
    config, options = run.config, []
    detector, threshold = config["detector"]["name"], config["threshold"]["name"]
    known = len(run.frame.incidents or ())
    if detector != "xgboost" and known >= ENOUGH_TO_LEARN and config["split"]["name"] == "none":
        taught = again(run, "detector=xgboost", "features=system", "split=chronological")
        options.append((taught, "train on the known incidents"))
    if threshold == "pages":
        budget = config["threshold"]["pages_per_week"]
        for factor, words in ((0.5, "quieter: half"), (2.0, "louder: twice")):
            command = again(run, f"threshold.pages_per_week={budget * factor:g}")
            options.append((command, f"{words} as many pages at most"))
    else:
        other = "gaussian" if detector == "iforest" else "iforest"
        options.append((again(run, f"detector={other}"), "another detector"))
    if threshold == "contamination":
        share = config["threshold"]["contamination"]
        factor, words = (
            (2, "about twice as many flags") if _misses_most(run) else (0.5, "about half as many flags")
        )
        options.append((again(run, f"threshold.contamination={short(min(0.5, share * factor))}"), words))
    elif threshold == "horizon":
        options.append((again(run, "threshold=conformal"), "about one false alert a week"))
    elif threshold == "sigma":
        options.append((again(run, f"threshold.sigmas={config['threshold']['sigmas'] + 1:g}"), "fewer flags"))
    if config["alerts"]["name"] != "every_flag":
        options.append((again(run, "alerts=every_flag"), "every flagged data point as an alert of its own"))
    if config["data"]["name"] == "prometheus" and run.model is not None:
        live = f"sre-anomaly monitor model={config['outputs']}/latest/model input=prometheus"
        options.append((live, "watch new data points from now on"))
    elif config["data"]["name"] != "csv":
        options.append(("sre-anomaly experiment=csv data.path=YOUR_METRICS.csv", "your own metrics"))
    return [*options[:-1][:2], options[-1]]


def _misses_most(run: Run) -> bool:
    measures = (run.record.detection or {}).get("measures", {})
    return bool(measures.get("incidents")) and measures["incidents_caught"] * 2 < measures["incidents"]
