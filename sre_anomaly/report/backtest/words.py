"""What a backtest found, in sentences and tables that every form of it shares."""

from collections.abc import Callable
from datetime import timedelta

from sre_anomaly.backtesting.card import Card
from sre_anomaly.backtesting.overlap import caught_alone, overlaps
from sre_anomaly.backtesting.run import Backtest, Judged, Team
from sre_anomaly.backtesting.verdict import ALWAYS
from sre_anomaly.clock import in_words
from sre_anomaly.report.words import Table, count, rate

MOST = 0.8
"""So large a share of the pages is told of as made by a few."""
MOST_NAMED = 5
MOST_BESIDE = 10
MOST_TO_DO = 15
FEW = 3
"""So many alert sources with the same fault have a line each."""
DAY = 1 / 7
"""A week can be told of from so much of it on."""


def headline(team: Team) -> str:
    """Return the answer in one sentence.

    "Your 23 rules would have paged 31 times in 30 days (7.2 a week), 9 of them at night; 3 rules make 80% of that."
    """
    total = team.card
    name = team.name.replace("your ", "Your ", 1) if team.name.startswith("your ") else team.name
    often = f" ({rate(total.per_week)} a week{' each' if team.scope.series > 1 else ''})"
    said = f"{name} would {_times(total.pages)} in {team.scope}" + (often if team.scope.weeks > DAY else "")
    if total.pages:
        said += f", {total.night} of them at night and {total.weekend} at weekends"
    few = loudest(team)
    several = len([one for one in team.members if one.card.pages])
    if 0 < len(few) < several and (len(few) <= FEW or len(few) <= several / 2):
        named = _named([f"{one.source.name} ({one.card.pages})" for one in few])
        said += f"; {count(len(few), 'rule')} make {MOST:.0%} of it: {named}"
    return said


def against_incidents(found: Backtest, team: Team) -> str | None:
    """Return what was caught, None where nobody knows the incidents."""
    if found.truth is None:
        return None
    total = team.card
    if not found.truth:
        return f"No incident is known of this time: each of the {total.pages} pages is one with nothing wrong"
    said = f"Of {count(len(found.truth), 'known incident')} {total.caught} were paged for"
    if total.late:
        said += f", {total.late} of them more than ten minutes late"
    if total.delay is not None:
        said += f" (median {in_words(timedelta(seconds=total.delay))} after the beginning)"
    return f"{said}; {total.false} of {total.pages} pages came with nothing known to be wrong"


def answers(found: Backtest) -> list[str]:
    """Return for each of what pages together how often it would have, and for which incidents."""
    return [". ".join(filter(None, [headline(team), against_incidents(found, team)])) for team in found.teams]


def loudest(team: Team) -> list[Judged]:
    """Return the fewest members that make four fifths of all pages."""
    whole, sum_so_far, few = sum(one.card.pages for one in team.members), 0, []
    for one in team.members:
        if sum_so_far >= MOST * whole or not one.card.pages:
            break
        few.append(one)
        sum_so_far += one.card.pages
    return few


def cards(found: Backtest, *, verdicts: bool = True) -> Table:
    """Return a line for each alert source, what pages most first."""
    truth = bool(found.truth)
    each = " each" if len(found.series) > 1 else ""
    columns = [
        "alert",
        "pages",
        f"a week{each}",
        "night",
        "firing",
        "longest",
    ]
    columns += ["caught", "late", "false"] if truth else []
    columns += ["what to do"] if verdicts else []
    rows = []
    for one in found.judged:
        card = one.card
        line = {
            "alert": one.source.name, "pages": f"{card.pages:,}", f"a week{each}": rate(card.per_week), "night": str(card.night),
            "firing": share(card.in_alert), "longest": lasting(card.longest), "caught": f"{card.caught} of {len(found.truth or ())}",
            "late": str(card.late), "false": str(card.false), "what to do": one.verdict.text,
        }  # fmt: skip
        rows.append([line[column] for column in columns])
    return Table(columns, rows)


def what_if(one: Judged) -> Table:
    """Return what other settings of an alert source would have given, those that change nothing or leave nothing left out."""
    truth = one.card.caught is not None
    columns = ["setting", "pages", "a week", *(["caught", "false"] if truth else [])]
    rows, seen = [], {"": _told(one.card)}
    for text, card, key in [
        ("as it is", one.card, ""),
        *((change.text, card, change.key) for change, card in one.changes),
    ]:
        told = _told(card)
        if key and told in (seen[""], seen.get(key)):
            continue
        seen[key] = told
        row = [text, f"{card.pages:,}", rate(card.per_week)]
        rows.append(row + ([str(card.caught), str(card.false)] if truth else []))
    return Table(columns, rows)


def _told(card: Card) -> tuple[int | None, ...]:
    return card.pages, card.caught, card.false


def budgets(one: Judged) -> Table:
    """Return what other budgets of pages a week would have given."""
    truth = one.card.caught is not None
    columns = [
        f"{one.source.name}: allowed a week",
        "came",
        *(["caught", "false"] if truth else []),
    ]
    rows = [
        [f"{change.value:g}", rate(card.per_week), *([str(card.caught), str(card.false)] if truth else [])]
        for change, card in one.changes
    ]
    return Table(columns, rows)


def to_do(found: Backtest) -> list[str]:
    """Return a line for each alert source that should be changed, the loudest first; those with the same fault share one."""
    always = [one for one in found.judged if one.verdict.grade == "noisy" and one.card.in_alert > ALWAYS]
    noisy = [one for one in found.judged if one.verdict.grade == "noisy" and one not in always]
    broken = [one for one in found.judged if one.verdict.grade == "broken"]
    said = _together(
        always, lambda one: f"{one.source.name} ({one.card.in_alert:.0%})",
        "fire more than half of the time, so that nobody looks any more",
    )  # fmt: skip
    said += [_each(one) for one in noisy[:MOST_TO_DO]]
    if len(noisy) > MOST_TO_DO:
        said.append(f"{len(noisy) - MOST_TO_DO} more page too often; see cards.csv")
    return said + _together(
        broken, lambda one: one.source.name, "can never fire, as the server lacks a metric that they need"
    )


def _together(some: list[Judged], name: Callable[[Judged], str], fault: str) -> list[str]:
    if len(some) <= FEW:
        return [_each(one) for one in some]
    return [f"{len(some)} {fault}: {_named([name(one) for one in some])}"]


def _each(one: Judged) -> str:
    return f"{one.source.name}: {one.verdict.text}"


def _named(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def beside_each_other(found: Backtest) -> list[str]:
    """Return sentences on sources that say the same thing, and on what one alone caught."""
    sources = [one.source for one in found.judged]
    said = [
        f"{one.name} says nothing that {one.other} does not: {one.together} of its {one.pages} pages came while that was firing"
        for one in overlaps(sources, found.span[1] - found.span[0])
    ]
    if len(said) > MOST_BESIDE:
        said = [*said[:MOST_BESIDE], f"So it is with {len(said) - MOST_BESIDE} more"]
    if found.truth and len(sources) > 1:
        alone = caught_alone(sources, found.truth)
        said += [
            f"{name} alone caught {count(number, 'incident')}" for name, number in alone.items() if number
        ]
    return said


def share(value: float) -> str:
    """Return a share of time as percent.

    Examples
    --------
    >>> share(0.0), share(0.0004), share(0.123)
    ('0%', '<0.1%', '12.3%')
    """
    if value == 0:
        return "0%"
    return "<0.1%" if value < 0.001 else f"{100 * value:.3g}%"


def lasting(nanoseconds: int) -> str:
    """Return how long something lasted, in its two largest units.

    Examples
    --------
    >>> lasting(0), lasting(30 * 10**9), lasting(93_784 * 10**9)
    ('-', '30 s', '1 d 2 h')
    """
    if not nanoseconds:
        return "-"
    return " ".join(in_words(timedelta(microseconds=nanoseconds / 1000)).split()[:4])


def _times(number: int) -> str:
    if not number:
        return "have paged nobody"
    return f"have paged {'once' if number == 1 else f'{number:,} times'}"
