"""``sre-anomaly init``: looks at a file or a Prometheus, asks three questions, and writes a preset with comments."""

import re
import sys
from pathlib import Path

from sre_anomaly.clock import in_words, time_zone
from sre_anomaly.config.build import build_parts
from sre_anomaly.config.catalogue import options
from sre_anomaly.config.compose import composed
from sre_anomaly.errors import UserError, did_you_mean
from sre_anomaly.pipeline.runner import only_frame
from sre_anomaly.records import write_text

NAME = re.compile(r"[a-z][a-z0-9_]*")
KEYS = ("path", "url", "metrics", "pages_per_week", "timezone", "name")
USAGE = "write sre-anomaly init path=my_metrics.csv, or init url=http://localhost:9090 'metrics={load: node_load1}'"
USUAL_PAGES = "4"


def init(words: list[str]) -> None:
    """Write ``conf/experiment/NAME.yaml`` for somebody's own metrics.

    What is not given as ``name=``, ``pages_per_week=`` and ``timezone=`` is asked for on a terminal; elsewhere what is proposed is taken.

    Raises
    ------
    UserError
        If a word is wrong, the data cannot be read, or a preset of that name is there already.
    """
    given = _given(words)
    source = _source(given)
    parts = build_parts(composed([*source, "forecaster=none"]))
    frame = only_frame(parts)
    print(
        f"{frame.name}: {len(frame):,} data points of {', '.join(frame.metrics[:8])}{', ...' if len(frame.metrics) > 8 else ''}, "
        f"every {in_words(frame.step)}, {frame.time[0]:%Y-%m-%d} to {frame.time[-1]:%Y-%m-%d}"
    )
    name = _answer(given, "name", "What is it called?", _as_name(Path(given.get("path", frame.name)).stem))
    if not NAME.fullmatch(name):
        raise UserError(f"name={name}: a name is of small letters, digits and _, such as {_as_name(name)}")
    if name in options("experiment"):
        raise UserError(f"name={name}: a preset is called so already; choose another name with name=...")
    pages = _pages(_answer(given, "pages_per_week", "How many pages a week can you bear?", USUAL_PAGES))
    zone = _answer(given, "timezone", "In which time zone are its days?", "UTC")
    time_zone(zone)
    target = Path("conf") / "experiment" / f"{name}.yaml"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_text(target, _text(name, given, frame.metrics, pages, zone))
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be written ({error.strerror})") from None
    print(f"{target}: written; edit it, then:\n  sre-anomaly experiment={name}")


def _given(words: list[str]) -> dict[str, str]:
    # A path may stand alone.
    words = [word if "=" in word else f"path={word}" for word in words]
    given = dict(word.split("=", 1) for word in words)
    if unknown := set(given) - set(KEYS):
        raise UserError(f"init: no key is called {min(unknown)!r}; {did_you_mean(min(unknown), KEYS)}")
    if ("path" in given) == ("url" in given):
        raise UserError(f"init: of what? {USAGE}")
    return given


def _source(given: dict[str, str]) -> list[str]:
    """Return the overrides that read the metrics."""
    if "url" in given:
        if "metrics" not in given:
            raise UserError(f"metrics: which? {USAGE}")
        return ["experiment=prometheus", f"data.url={given['url']}", f"data.metrics={given['metrics']}"]
    path = given["path"].replace('"', '\\"')
    return ["experiment=csv", f'data.path="{path}"']


def _answer(given: dict[str, str], key: str, question: str, proposed: str) -> str:
    """Return what was given, else ask; what nobody answers is as proposed."""
    if key in given:
        return given[key]
    if not sys.stdin.isatty():
        return proposed
    return input(f"{question} [{proposed}] ").strip() or proposed


def _pages(text: str) -> float:
    try:
        pages = float(text)
    except ValueError:
        pages = 0.0
    if pages <= 0:
        raise UserError(f"pages_per_week={text}: write a number above 0, such as 2")
    return pages


def _as_name(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return name if name and name[0].isalpha() else f"my_{name}".rstrip("_")


def _text(name: str, given: dict[str, str], metrics: tuple[str, ...], pages: float, zone: str) -> str:
    if "url" in given:
        source = "prometheus"
        where = [
            f"  url: {_yaml(given['url'])}",
            f"  metrics: {given['metrics']}  # names and expressions, each of one series",
        ]
        where.append("  last: 14d  # how far back")
    else:
        source = "csv"
        where = [
            f"  path: {_yaml(given['path'])}",
            f"  timezone: {_yaml(zone)}  # what times without an offset mean",
        ]
    first = _yaml(metrics[0])
    known = f"  known: {{}}  # what you know of a metric, such as {{{first}: {{direction: above, least_change: 5, possible: [0, 100]}}}}"
    return "\n".join(
        [
            "# @package _global_",
            f"# {name}: what would have paged you, and why?",
            f"#   sre-anomaly experiment={name}",
            "defaults:",
            f"  - override /data: {source}",
            "  - override /split: none         # each data point is evaluated by those before it: nothing is held back",
            "  - override /detector: baseline  # knows the usual day and week; sre-anomaly list detector shows others",
            "  - override /forecaster: none    # or ridge: what comes next",
            f"name: {name}",
            "hindsight: true  # also say what is unusual now that all is known; it pages nobody",
            "threshold:",
            f"  pages_per_week: {pages:g}  # so many pages you can bear; fewer is quieter and misses more",
            "data:",
            *where,
            known,
            "",
        ]
    )


def _yaml(text: str) -> str:
    return (
        text
        if re.fullmatch(r"[\w./-]+", text)
        else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    )
