"""What is said of many rules: which overlap, which are meant to fire always, and what to do first."""

from sre_anomaly.backtesting.card import card
from sre_anomaly.backtesting.outcome import AlertSource, Change, Page, Scope, Truth
from sre_anomaly.backtesting.overlap import overlaps
from sre_anomaly.backtesting.run import Backtest, Judged, Team
from sre_anomaly.backtesting.verdict import verdict
from sre_anomaly.promql.firing import Firing
from sre_anomaly.report.backtest import words

HOUR = 3600 * 10**9
SPAN = (0, 14 * 24 * HOUR)
SCOPE = Scope(SPAN, SPAN[1])


def source(name, *spans, says="load > 5", **more):
    """Return a rule that fired and paged in some spans, in hours."""
    labels = (("alertname", name.partition(" ")[0]),)
    firings = [Firing(labels, start * HOUR, start * HOUR, stop * HOUR) for start, stop in spans]
    pages = [Page(one.fired, one.end, (name,), labels) for one in firings]
    return AlertSource(name, "rule", says, firings=firings, pages=pages, **more)


def judged(one):
    """Return a source with its card and verdict."""
    found = card(one.pages, one.firings, None, SCOPE)
    return Judged(one, found, verdict(one, found, [], SCOPE), [], SCOPE)


def test_overlaps_name_the_one_that_fires_least():
    """What fires most of the time, the same alert at another severity, and the way back are no news."""
    days = range(0, 200, 24)
    narrow = source("Narrow", *((day, day + 1) for day in days))
    same = source("Narrow (warning)", *((day, day + 2) for day in days))
    wide = source("Wide", *((day, day + 4) for day in days))
    wider = source("Wider", *((day, day + 8) for day in days))
    usual = source("Usual", (0, 330))
    found = overlaps([narrow, same, wide, wider, usual], SPAN[1])
    assert [(one.name, one.other) for one in found] == [
        ("Narrow", "Wide"),
        ("Narrow (warning)", "Wide"),
        ("Wide", "Wider"),
    ]


def test_a_dead_mans_switch_is_meant_to_fire():
    """It asks for no metric; another rule that is always on is one that nobody looks at."""
    assert "dead man's switch" in judged(source("Watchdog", (0, 336), says="vector(1)")).verdict.text
    assert judged(source("Watchdog", (0, 336), says="vector(1)")).verdict.grade == "quiet"
    assert judged(source("On", (0, 336))).verdict.grade == "noisy"


def test_a_metric_that_is_not_there_is_named():
    """Whether a rule can do without it or not."""
    lacks = {"lacking": "memory"}
    assert judged(source("A", **lacks, cannot=True)).verdict.text == (
        "can never fire: the server has no metric memory"
    )
    said = judged(source("A", **lacks)).verdict
    assert (said.text, said.grade) == ("never fired in 14 days; the server has no metric memory", "quiet")


def test_rules_with_the_same_fault_share_a_line():
    """Of two hundred rules nobody reads a hundred lines."""
    many = [source(f"On{number}", (0, 300)) for number in range(9)]
    many += [source(f"Lost{number}", lacking="m", cannot=True) for number in range(40)]
    many += [source("Often", *((hour, hour + 1) for hour in range(0, 300, 3)))]
    members = [judged(one) for one in many]
    team = Team("your 50 rules", [], card([], [], None, SCOPE), SCOPE, members)
    said = words.to_do(Backtest([team], None, SPAN))
    assert len(said) == 3
    assert said[0].startswith(
        "9 fire more than half of the time, so that nobody looks any more: On0 (89%), On1"
    )
    assert said[1].startswith("Often: pages 100 times in 14 days")
    assert said[2].endswith("Lost0, Lost1, Lost2, Lost3, Lost4 and 35 more")


def test_short_times_are_not_told_of_in_days():
    """Nobody has 0 days of history."""
    assert str(Scope((0, HOUR), HOUR)) == "1 h"
    assert str(Scope((0, 47 * HOUR), 47 * HOUR)).startswith("1 d 23 h")
    assert str(SCOPE) == "14 days"


def test_what_fires_all_the_time_catches_nothing():
    """An incident in the midst of a long alert is not what its pages were about, unless one came just before or meanwhile."""
    hour = 3600 * 10**9
    always = [Page(at * hour, 500 * hour, ("Always",), ()) for at in (0, 100, 200)]
    truth = [
        Truth(50 * hour, 51 * hour),
        Truth(150 * hour, 151 * hour),
        Truth(200 * hour + hour // 2, 201 * hour),
    ]
    found = card(always, [], truth, Scope((0, 500 * hour), 500 * hour))
    assert (found.caught, found.missed, found.false) == (1, 2, 2)


def test_what_a_change_would_lose_is_said_with_what_it_would_save():
    """Nearly all false pages for one incident in three is worth saying; for two of them it is not."""
    truth = [Truth(hour * HOUR, (hour + 2) * HOUR) for hour in (100, 200, 300)]
    one = source("Hot", *((hour, hour + 1) for hour in (*range(0, 90, 6), 100, 200, 300)))

    def said(kept):
        quieter = source("Hot", *((hour, hour + 1) for hour in kept))
        change = Change("for", 600 * 10**9, "for: 10m", quieter.firings)
        cards = [card(some.pages, some.firings, truth, SCOPE) for some in (one, quieter)]
        return verdict(one, cards[0], [(change, cards[1])], SCOPE).text

    assert said((100, 200)).endswith(
        "with for: 10m, 0 of the 15 false ones are left, and 1 of the 3 caught would be missed"
    )
    assert said((100, 200, 300)).endswith("and nothing more is missed")
    assert "for: 10m" not in said((100,))
