"""Whether a sweep could begin: every key and every branch of its space is composed, nothing is run."""

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from sre_anomaly.config.build import NOTHING
from sre_anomaly.config.build_table import build_all, learns_from_table, misfits_of_learners
from sre_anomaly.config.compose import complaints_in_words, composed, composed_with_hydra
from sre_anomaly.errors import ConfigError
from sre_anomaly.pipeline.runner import only_frame
from sre_anomaly.records import RunRecord
from sre_anomaly.sources import Corpus
from sre_anomaly.sweeps.settings import SweepSettings, sweep_settings
from sre_anomaly.sweeps.space import Space, read_space
from sre_anomaly.sweeps.trial import without_test

OF_NUMBERS = (
    "this sweep is for classification; for regression write sweep=custom folds.judged=1 "
    "hydra.sweeper.objective=regression.measures.mae hydra.sweeper.direction=minimize "
    "'regressor.max_depth=int(interval(2,8))'"
)


def refuse_misfits(space: Space, config: Mapping[str, Any]) -> None:
    """Refuse a sweep whose parts cannot be built, whose rows would be others in each trial, or that lacks its table.

    Raises
    ------
    ConfigError
        Before the first trial, all of which would fail.
    """
    if learns_from_table(config) and (mistakes := misfits_of_learners(config)):
        classes = "classifier" in space.free and config["regressor"]["name"] != NOTHING
        raise ConfigError(f"classifier: {OF_NUMBERS}" if classes else "\n".join(mistakes))
    if "data" not in config:
        return  # not a configuration of ours
    source, node = build_all(config)[0].data, config["data"]
    settled = node if source is None else source.settled(node)
    if moved := [f"data.{key}={value}" for key, value in settled.items() if value != node[key]]:
        raise ConfigError(
            f"data: trials are compared on the same data, and these go on until now; add {' '.join(moved)}"
        )


def refuse_unfit_data(config: Mapping[str, Any]) -> None:
    """Read the metrics of a sweep and divide them: what no trial could be evaluated on is refused before the first.

    Raises
    ------
    UserError
        If they cannot be read or divided.
    """
    parts = build_all(config)[0] if "data" in config else None
    if parts is not None and parts.data is not None and not isinstance(parts.data, Corpus):
        without_test(only_frame(parts), parts, RunRecord())


def check_sweep(words: list[str]) -> tuple[SweepSettings, Space]:
    """Return the settings and the space of a sweep's command.

    Raises
    ------
    UserError
        If the sweep could not begin.
    """
    typed = read_space({}, {}, words)
    plain = [word for word in words if word.partition("=")[0] not in typed.free]
    with complaints_in_words(words):
        node = OmegaConf.to_container(composed_with_hydra(plain).hydra.sweeper, resolve=True)
    assert isinstance(node, dict)
    settings = sweep_settings({str(key): value for key, value in node.items()})
    space = read_space(settings.params, settings.when, [w for w in words if not w.startswith("hydra")])
    for overrides in space.examples():
        config = composed([word for word in overrides if not word.startswith("sweep=")])
        refuse_misfits(space, config)
    return settings, space
