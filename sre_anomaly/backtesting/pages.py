"""From alerts to pages: what an Alertmanager would have made of them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

from sre_anomaly.backtesting.alertmanager.grouping import Notification, notifications
from sre_anomaly.backtesting.alertmanager.routing import Routing
from sre_anomaly.backtesting.outcome import MINUTE, SERIES, AlertSource, Page, shared_labels
from sre_anomaly.io.prometheus import Labels
from sre_anomaly.promql.firing import Firing

ALONE = "model"
"""Alerts of this kind of source are pages as they are: the alert policy has grouped them."""
TOLD = ("new", "repeat")
"""Notifications of these kinds are pages; the others say that something is over."""
DAY = 86_400 * 10**9
"""Without an Alertmanager's configuration what goes on is a page again after so long, as `alerts=page` has it."""


def pages_of(sources: Sequence[AlertSource], *, routing: Routing | None, span: tuple[int, int]) -> list[Page]:
    """Return the pages of some alert sources together, between two times, in the order in which they came.

    Without a routing the alerts of each name and series are a group, with an Alertmanager's own times but for repeats, which
    come once a day; the alerts of models are pages as they are.
    """
    found: list[Page] = []
    grouped = []
    for source in sources:
        if routing is None and source.kind == ALONE:
            found += [
                Page(one.fired, one.end, (source.name,), one.labels, one.summary) for one in source.firings
            ]
        else:
            grouped += source.firings
    rules = routing or Routing.default(group_by=("alertname", SERIES), repeat_interval=DAY)
    interval = min((source.interval for source in sources), default=MINUTE)
    found += _as_pages(notifications(grouped, rules, span[1], interval_ns=interval), grouped)
    return sorted((page for page in found if span[0] <= page.time < span[1]), key=lambda page: page.time)


def _as_pages(told: Sequence[Notification], firings: Sequence[Firing]) -> list[Page]:
    """Return the notifications that tell of something that fires; one alert source for each name that is new in them."""
    by_labels: dict[Labels, list[Firing]] = defaultdict(list)
    for firing in sorted(firings, key=lambda one: one.fired):
        by_labels[firing.labels].append(firing)
    before: dict[tuple[str, Labels], frozenset[Labels]] = {}
    pages = []
    for one in told:
        key = (one.receiver, one.group)
        now, known = frozenset(one.firing), before.get(key, frozenset())
        before[key] = now
        if one.kind not in TOLD:
            continue
        fresh = now - known or now
        own = [_at(by_labels[labels], one.time) for labels in sorted(now)]
        names = tuple(sorted({dict(labels).get("alertname", "") for labels in fresh}))
        pages.append(
            Page(
                one.time, max(firing.end for firing in own), names, shared_labels(sorted(now)),
                _summary(own), repeats=one.kind == "repeat",
            )
        )  # fmt: skip
    return pages


def _at(firings: Sequence[Firing], time: int) -> Firing:
    """Return the alert of some labels that was firing at a time, or the last before."""
    place = bisect_right(firings, time, key=lambda one: one.fired)
    return firings[max(0, place - 1)]


def _summary(firings: Sequence[Firing]) -> str:
    said = next((one.summary for one in firings if one.summary), "")
    return said + (f" (and {len(firings) - 1} more)" if len(firings) > 1 and said else "")
