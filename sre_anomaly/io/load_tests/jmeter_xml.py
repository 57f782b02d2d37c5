"""Results of JMeter as XML: an element for each request."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from sre_anomaly.io.counts.requests import Requests
from sre_anomaly.io.load_tests.summarised import export_of
from sre_anomaly.io.samples.series import Export, Format, from_epoch, number
from sre_anomaly.io.samples.source import Source

ROOT = re.compile(r"^(?:<\?xml[^>]*>\s*)?<testResults\b")
AT_ONCE = 100_000
MS = 10**6


def claims(head: str) -> bool:
    """Return whether a text begins with JMeter's element."""
    return ROOT.match(head) is not None


def read(source: Source, _documents: Any) -> Export:
    """Return counts, errors, durations and bytes for each step and label."""
    requests = Requests(source.step)
    samples = _samples(source)
    try:
        while piece := list(islice(samples, AT_ONCE)):
            times, durations, labels, failed, size = zip(*piece, strict=True)
            numbers = np.array([requests.number_of(label) for label in labels])
            requests.add(
                np.array(times, dtype=np.int64),
                np.array(durations),
                numbers,
                np.array(failed),
                np.array(size),
            )
    except ET.ParseError as error:
        raise ValueError(f"is broken or cut short as XML: {error}") from None
    return export_of(requests, "label")


def _samples(source: Source) -> Iterator[tuple[int, float, str, bool, float]]:
    """Yield time, duration, label, whether it failed, and bytes of each request; what is inside of another belongs to it."""
    depth = 0
    root: Any = None
    with source.unpacked() as file:
        for event, element in ET.iterparse(file, ("start", "end")):  # noqa: S314 - expat bounds what entities grow to
            depth += 1 if event == "start" else -1
            root = element if root is None else root
            if event == "end" and depth == 1 and "ts" in element.attrib:
                duration = float(number(element.attrib["t"]))
                if not 0 <= duration < np.inf:
                    raise ValueError(f"t={element.attrib['t']!r} is not a duration")
                failed = element.attrib.get("s", "true") != "true"
                size = float(number(element.attrib.get("by", 0)))
                yield (
                    from_epoch(element.attrib["ts"], MS),
                    duration,
                    element.attrib.get("lb", "requests"),
                    failed,
                    size,
                )
                root.clear()


FORMAT = Format(
    "JMeter XML", "the same with jmeter.save.saveservice.output_format=xml", claims, read, json=False
)
