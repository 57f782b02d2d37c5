"""Which series of a source is which entity: by chosen labels, what changes at a restart taken out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_anomaly.io.prometheus import Labels

LONGEST = 200
"""Characters of a label's value; more tell nobody more."""


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

    def __post_init__(self) -> None:
        self._patterns = {label: re.compile(pattern) for label, pattern in self.strip.items()}
        self._place = {name: place for place, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def place(self, labels: Labels) -> int | None:
        """Return the number of the entity that a series is of, a new one where it is new; None where a label is missing."""
        given = dict(labels)
        name = tuple(self._stripped(label, given.get(label, "")) for label in self.by)
        if not all(name):
            return None
        if name not in self._place:
            self._place[name] = len(self.names)
            self.names.append(name)
        return self._place[name]

    def labels(self, place: int) -> dict[str, str]:
        """Return the labels that name an entity."""
        return dict(zip(self.by, self.names[place], strict=True))

    def title(self, place: int) -> str:
        """Return what an entity is called where people read it."""
        return " ".join(self.names[place])

    def keep(self, places: Sequence[int]) -> None:
        """Forget all entities but those at some places."""
        self.names = [self.names[place] for place in places]
        self._place = {name: place for place, name in enumerate(self.names)}

    def _stripped(self, label: str, value: str) -> str:
        pattern = self._patterns.get(label)
        return clean(pattern.sub("", value) if pattern is not None else value)


def clean(text: str) -> str:
    r"""Return a text of somebody else's as one that can stand in a log line, a page and an answer: printable, and not endless.

    Examples
    --------
    >>> clean("web\x1b[31m1\n")
    'web?[31m1?'
    """
    return "".join(sign if sign.isprintable() else "?" for sign in text[:LONGEST])
