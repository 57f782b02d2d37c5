"""What a backtest found, in sentences and tables that every form of it shares."""

from datetime import timedelta

from sre_anomaly.backtest.card import Card
from sre_anomaly.backtest.overlap import caught_alone, overlaps
from sre_anomaly.backtest.run import Backtest, Judged, Team
from sre_anomaly.clock import in_words
from sre_anomaly.report.words import Table, count, rate

MOST = 0.8
"""So large a share of the pages is told of as made by a few."""
MOST_NAMED = 5


def headline(team: Team) -> str:
    """Return the answer in one sentence.

    "Your 23 rules would have paged 31 times in 30 days (7.2 a week), 9 of them at night; 3 rules make 80% of that."
    """
    total = team.card
    name = team.name.replace("your ", "Your ", 1) if team.name.startswith("your ") else team.name
    often = f"{rate(total.per_week)} a week" + (" each" if team.scope.series > 1 else "")
    said = f"{name} would {_times(total.pages)} in {team.scope} ({often})"
    if total.pages:
        said += f", {total.night} of them at night and {total.weekend} at weekends"
    few = loudest(team)
    if few and len(few) < len([one for one in team.members if one.card.pages]):
        named = ", ".join(f"{one.source.name} ({one.card.pages})" for one in few[:MOST_NAMED])
        more = "" if len(few) <= MOST_NAMED else f" and {len(few) - MOST_NAMED} more"
        said += f"; {count(len(few), 'rule')} make {MOST:.0%} of it: {named}{more}"
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
    columns = [
        "alert",
        "pages",
        "a week" + (" each" if len(found.series) > 1 else ""),
        "at night",
        "time firing",
        "longest",
    ]
    columns += ["caught", "late", "with nothing wrong"] if truth else []
    columns += ["what to do"] if verdicts else []
    rows = []
    for one in found.judged:
        card = one.card
        row = [
            one.source.name,
            f"{card.pages:,}",
            rate(card.per_week),
            str(card.night),
            share(card.in_alert),
            lasting(card.longest),
        ]
        if truth:
            row += [f"{card.caught} of {len(found.truth or ())}", str(card.late), str(card.false)]
        rows.append(row + ([one.verdict.text] if verdicts else []))
    return Table(columns, rows)


def what_if(one: Judged) -> Table:
    """Return what other settings of an alert source would have given, those that change nothing or leave nothing left out."""
    truth = one.card.caught is not None
    columns = ["setting", "pages", "a week", *(["caught", "with nothing wrong"] if truth else [])]
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
        *(["caught", "with nothing wrong"] if truth else []),
    ]
    rows = [
        [f"{change.value:g}", rate(card.per_week), *([str(card.caught), str(card.false)] if truth else [])]
        for change, card in one.changes
    ]
    return Table(columns, rows)


def beside_each_other(found: Backtest) -> list[str]:
    """Return sentences on sources that say the same thing, and on what one alone caught."""
    sources = [one.source for one in found.judged]
    said = [
        f"{one.name} says nothing that {one.other} does not: {one.together} of its {one.pages} pages came while that was firing"
        for one in overlaps(sources)
    ]
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
