"""What series are called: by the fewest labels that tell them apart."""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from sre_anomaly.io.samples.series import Series

OF_ENTITIES = (
    *(
        "instance",
        "host",
        "hostname",
        "host.name",
        "nodename",
        "node",
        "InstanceId",
        "service.instance.id",
        "k8s.pod.name",
        "pod",
    ),
    *(
        "vmname",
        "resource",
        "itemid",
        "service.name",
        "service",
        "label",
        "name",
        "job",
        "container",
        "device",
    ),
)
"""Labels that are called as what people watch; the first that tells series apart is taken."""
LABEL = re.compile(r'([\w.]+)\s*=\s*"((?:[^"\\]|\\.)*)"')
MOST_TOGETHER = 3


def varying(series: Sequence[Series]) -> list[str]:
    """Return the labels that are not the same for all series of one metric, those of entities first."""
    found: dict[str, None] = {}
    by_metric: dict[str, list[Mapping[str, str]]] = {}
    for one in series:
        by_metric.setdefault(one.metric, []).append(one.labels)
    for labels in by_metric.values():
        for name in {name: None for one in labels for name in one}:
            if len({one.get(name) for one in labels}) > 1:
                found[name] = None
    order = {name: place for place, name in enumerate(OF_ENTITIES)}
    return sorted(found, key=lambda name: order.get(name, len(order)))


def names(series: Sequence[Series]) -> list[str]:
    """Return a name for each series, no two alike.

    Examples
    --------
    >>> import numpy as np
    >>> nothing = np.zeros(0, dtype=np.int64)
    >>> up = [Series("up", {"instance": one, "job": "node"}, nothing, nothing) for one in ("a:9100", "b:9100")]
    >>> names(up), names(up[:1]), names([*up, Series("load", {}, nothing, nothing)])
    (['a:9100', 'b:9100'], ['up'], ['up a:9100', 'up b:9100', 'load'])
    """
    metrics = {one.metric for one in series}
    labels = _telling(series)
    called = []
    for one in series:
        words = [_word(name, one.labels[name]) for name in labels if one.labels.get(name)]
        alone = len(metrics) == 1 and bool(words)
        called.append(" ".join(words if alone else [one.metric, *words]))
    return called


def from_name(name: str) -> Series | None:
    """Return a name that holds its labels, as Prometheus and Grafana write them, as a series without samples.

    Examples
    --------
    >>> from_name('{__name__="up", instance="a:9100"}').labels, from_name("cpu")
    ({'instance': 'a:9100'}, None)
    """
    written = re.match(r"^([\w:.]*)\s*\{(.*)\}$", name)
    if written is None:
        return None
    labels = {label: value.replace('\\"', '"') for label, value in LABEL.findall(written[2])}
    metric = written[1] or labels.pop("__name__", "")
    labels.pop("__name__", None)
    nothing = np.zeros(0, dtype=np.int64)
    return Series(metric or "value", labels, nothing, nothing) if labels or metric else None


def full(one: Series) -> str:
    """Return a series with all of its labels, as Prometheus writes it."""
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(one.labels.items()))
    return f"{one.metric}{{{inside}}}" if inside else one.metric


def _telling(series: Sequence[Series]) -> Sequence[str]:
    """Return the fewest labels that tell series apart whose metric is the same."""
    if len({one.metric for one in series}) == len(series):
        return ()
    candidates = varying(series)
    for size in range(1, min(MOST_TOGETHER, len(candidates)) + 1):
        for chosen in combinations(candidates, size):
            if len({(one.metric, *(one.labels.get(name) for name in chosen)) for one in series}) == len(
                series
            ):
                return chosen
    return candidates


def _word(name: str, value: str) -> str:
    """Return a value of a label; a number alone would say nothing."""
    return f"{name}={value}" if value.replace(".", "").isdecimal() else value
