"""Whether a sweep could begin: every key and every branch of its space is composed, nothing is run."""

from omegaconf import OmegaConf

from sre_anomaly.compose import complaints_in_words, composed, composed_with_hydra
from sre_anomaly.sweeps.settings import SweepSettings, sweep_settings
from sre_anomaly.sweeps.space import Space, read_space
from sre_anomaly.table_parts import build_all


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
        build_all(composed([word for word in overrides if not word.startswith("sweep=")]))
    return settings, space
