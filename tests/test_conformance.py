"""Every component that can be chosen keeps the laws."""

import pytest

from sre_anomaly import registry
from sre_anomaly.build import NOTHING, OPTIONAL
from sre_anomaly.catalogue import options
from sre_anomaly.compose import composed
from sre_anomaly.testing import checks

LOCAL = {"csv", "csv_folder", "nab", "nab_corpus", "asd", "smd", "servers", "inject", "logs"}
"""Sources that read files; their own tests cover them."""
FILES = {"csv", "csv_folder", "inject", "logs"}
"""Sources that have to be told which."""


def _cases():
    for kind in registry.KINDS:
        for name in options(kind):
            if (kind in OPTIONAL and name == NOTHING) or (kind == "data" and name in LOCAL):
                continue
            for check in checks(kind):
                yield pytest.param(kind, name, check, id=f"{kind}={name}-{check.__name__}")


@pytest.mark.parametrize(("kind", "name", "check"), list(_cases()))
def test_component_keeps_the_law(kind, name, check):
    """Each check of a kind holds for each of its options, built from the YAML as shipped."""
    overrides = [f"{kind}={name}"]
    if kind == "data" and name == "generator":
        overrides += ["data.days=10", "data.count=1", "data.hard_negative_count=1"]
    check(composed(overrides)[kind])


@pytest.mark.parametrize("kind", registry.KINDS)
def test_the_same_word_stands_in_four_places(kind):
    """A registered name has a YAML file of that name, and a YAML file with a short name is registered."""
    shown = set(options(kind)) - ({NOTHING} if kind in OPTIONAL else set())
    nodes = {
        name: composed([f"{kind}={name}", *(["data.path=x"] if name in FILES else [])])
        for name in shown
        if name not in FILES
    }
    own = {name for name, node in nodes.items() if "." not in node[kind]["name"]} | (shown & FILES)
    assert own == set(registry.names(kind))
    for name in own - FILES:
        assert nodes[name][kind]["name"] == name
        assert registry.lookup(kind, name).__module__ == f"sre_anomaly.{kind}.{name}"
