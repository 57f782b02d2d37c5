"""Whether lines were put into the right groups."""

from collections import defaultdict
from collections.abc import Hashable, Iterable


def grouping_accuracy(found: Iterable[Hashable], truth: Iterable[Hashable]) -> float:
    """Return the share of lines whose group is exactly their true group, no line missing and none too many.

    Reference: J. Zhu et al. (2019), Tools and benchmarks for automated log parsing.

    Examples
    --------
    >>> grouping_accuracy([0, 0, 1, 2], ["a", "a", "b", "b"])
    0.5
    """
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    true: defaultdict[Hashable, list[int]] = defaultdict(list)
    rows = 0
    for row, (ours, theirs) in enumerate(zip(found, truth, strict=True)):
        groups[ours].append(row)
        true[theirs].append(row)
        rows = row + 1
    right = {tuple(group) for group in true.values()}
    return (
        sum(len(group) for group in groups.values() if tuple(group) in right) / rows if rows else float("nan")
    )
