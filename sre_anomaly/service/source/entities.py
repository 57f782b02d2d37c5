"""Which series of a source is which entity: by chosen labels, what changes at a restart taken out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

LONGEST = 200
"""Characters of a label's value; more tell nobody more."""
LONGEST_LINE = 4000
ELSEWHERE = -1
MOST_OTHERS = 10_000


@dataclass(frozen=True)
class Share:
    """The entities that one of several processes answers for, by a hash of their names.

    Examples
    --------
    >>> shares = [Share(number, 3, replicas=2) for number in (1, 2, 3)]
    >>> [sum(share.has(("web-1",)) for share in shares), sum(share.has(("web-2",)) for share in shares)]
    [2, 2]
    """

    number: int = 1
    of: int = 1
    replicas: int = 1
    """So many processes answer for each entity."""

    def has(self, name: tuple[str, ...]) -> bool:
        """Return whether an entity is among them."""
        first = int(_digest(chr(0).join(name)), 16) % self.of
        return (self.number - 1 - first) % self.of < self.replicas


WHOLE = Share()


@dataclass
class Entities:
    """The entities of a job in the order in which they came; one that has gone leaves its place to nobody.

    Parameters
    ----------
    by : sequence of str
        The labels that together name an entity.
    strip : mapping of str to str
        For a label a regular expression, of which what it matches is taken out.
    """

    by: Sequence[str]
    strip: Mapping[str, str] = field(default_factory=dict)
    names: list[tuple[str, ...]] = field(default_factory=list)
    """The values of the labels of each entity."""
    share: Share = WHOLE

    def __post_init__(self) -> None:
        self._patterns = {label: re.compile(pattern) for label, pattern in self.strip.items()}
        self._index()

    def __len__(self) -> int:
        return len(self.names)

    def place(self, labels: Mapping[str, str]) -> int | None:
        """Return the number of the entity that a series is of, a new one where it is new; None where a label is missing.

        `ELSEWHERE` where another process answers for it.

        Raises
        ------
        TypeError
            If a label's value is no text.
        """
        given = tuple([labels.get(label, "") for label in self.by])
        place = self._seen.get(given)
        if place is not None:
            return place
        name = tuple(self._stripped(*pair) for pair in zip(self.by, given, strict=True))
        if not all(name):
            return None
        if not self.share.has(name):
            self._remember(given, ELSEWHERE)
            return ELSEWHERE
        if name not in self._place:
            self._place[name] = len(self.names)
            self.names.append(name)
            self._titles.append(_title(name))
        self._remember(given, self._place[name])
        return self._place[name]

    def own(self, labels: Mapping[str, str]) -> bool:
        """Return whether a series is of an entity of this process, without making room for it."""
        name = tuple(self._stripped(label, labels.get(label, "")) for label in self.by)
        return all(name) and self.share.has(name)

    def labels(self, place: int) -> dict[str, str]:
        """Return the labels that name an entity."""
        return dict(zip(self.by, self.names[place], strict=True))

    def title(self, place: int) -> str:
        """Return what an entity is called where people read it; no two are called the same."""
        return self._titles[place]

    def titles(self) -> list[str]:
        """Return what each entity is called."""
        return list(self._titles)

    def keep(self, places: Sequence[int]) -> None:
        """Forget all entities but those at some places."""
        self.names = [self.names[place] for place in places]
        self._index()

    def _index(self) -> None:
        self._place = {name: place for place, name in enumerate(self.names)}
        self._titles = [_title(name) for name in self.names]
        self._seen: dict[tuple[str, ...], int] = {}
        """What labels as they came stand for, so that they are taken apart once."""

    def _remember(self, given: tuple[str, ...], place: int) -> None:
        if len(self._seen) > 2 * self.share.of * len(self.names) + MOST_OTHERS:
            self._seen.clear()
        self._seen[given] = place

    def _stripped(self, label: str, value: str) -> str:
        pattern = self._patterns.get(label)
        value = pattern.sub("", value) if pattern is not None else value
        short = clean(value, LONGEST)
        return short if short == value else f"{short[: LONGEST - 9]}~{_digest(value)}"


def _title(name: tuple[str, ...]) -> str:
    r"""Return the values in a row, and, where the blanks between them could be a value's own, what tells them apart.

    Examples
    --------
    >>> _title(("shop", "web-1"))
    'shop web-1'
    """
    said = " ".join(name)
    return said if len(name) == 1 or said.count(" ") < len(name) else f"{said} ~{_digest(chr(0).join(name))}"


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def clean(text: str, longest: int = LONGEST_LINE) -> str:
    r"""Return a text of somebody else's as one that can stand in a log line, a page and an answer: printable, and not endless.

    Examples
    --------
    >>> clean("web\x1b[31m1\n")
    'web?[31m1?'
    """
    return "".join(sign if sign.isprintable() else "?" for sign in text[:longest])
