"""Known runs of words or letters found, and weighed into rows of TF-IDF, each in one compiled pass."""

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import compiled, step

Integers = npt.NDArray[np.int64]
Columns = npt.NDArray[np.int32]
Tree = tuple[Integers, Integers]
UNKNOWN, SHORT = -1, -2
"""Ranks of a word that is in no known run of words, and of one that such runs pass over."""


def tree_of(symbols: Integers, ends: Integers, first: int) -> Tree:
    """Return n known runs of symbols as a tree: the steps from a run to one symbol more, and the column of each node.

    Node 0 is the run of nothing; the step at place p, a node and a symbol in one number, leads to node p + 1.

    Examples
    --------
    >>> keys, column_of = tree_of(np.array([7, 7, 8]), np.array([0, 1, 3]), 100)
    >>> [(key >> 32, key % 2**32) for key in keys.tolist()], column_of.tolist()
    ([(0, 7), (1, 8)], [-1, 100, 101])
    """
    lengths, node = np.diff(ends), np.zeros(len(ends) - 1, dtype=np.int64)
    keys = [np.empty(0, dtype=np.int64)]
    for level in range(lengths.max(initial=0)):
        rows = np.flatnonzero(lengths > level)
        # Longer runs have greater nodes, so that all the steps are in order.
        steps, which = np.unique((node[rows] << 32) + symbols[ends[rows] + level], return_inverse=True)
        node[rows] = sum(map(len, keys)) + 1 + which
        keys.append(steps)
    column_of = np.full(sum(map(len, keys)) + 1, -1, dtype=np.int64)
    column_of[node] = first + np.arange(len(node))
    return np.concatenate(keys), column_of


@step
def _longer(keys: Integers, key: int) -> int:
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low + 1 if low < len(keys) and keys[low] == key else -1


@compiled
def known_runs(
    symbols: Integers,
    ends: Integers,
    keys: Integers,
    column_of: Integers,
    shortest: int,
    longest: int,
    whole: bool,
) -> tuple[Columns, Integers]:
    """Return the columns of the known runs in each of n rows of symbols, and where each row ends, (n + 1,).

    Symbols below 0 are in no run. With ``whole`` a row that is shorter than ``shortest`` is a run itself.
    """
    columns = np.empty(len(symbols) * max(longest - shortest + 1, 0), dtype=np.int32)
    row_ends = np.zeros(len(ends), dtype=np.int64)
    end = 0
    for row in range(len(ends) - 1):
        last = ends[row + 1]
        enough = min(shortest, last - ends[row]) if whole else shortest
        for start in range(ends[row], last):
            node = 0
            for at in range(start, min(start + longest, last)):
                if symbols[at] < 0:
                    break
                node = _longer(keys, (node << 32) + symbols[at])
                if node < 0:
                    break
                if at - start + 1 >= enough and column_of[node] >= 0:
                    columns[end] = column_of[node]
                    end += 1
        row_ends[row + 1] = end
    return columns[:end].copy(), row_ends


@step
def _gather(found: Columns, columns: Columns, end: int, counts: Integers) -> int:
    """Count columns, and note each at its first time."""
    for column in found:
        if counts[column] == 0:
            columns[end] = column
            end += 1
        counts[column] += 1
    return end


@step
def _weigh(columns: Columns, values: Array, counts: Integers, idf: Array, logs: Array) -> None:
    """Give a block of different columns, put in order, its weights and unit length."""
    columns.sort()
    squares = 0.0
    for at in range(len(columns)):
        column = columns[at]
        values[at] = logs[counts[column] - 1] * idf[column]
        squares += values[at] * values[at]
        counts[column] = 0
    for at in range(len(columns)):
        values[at] /= np.sqrt(squares)


@compiled
def weighed_rows(
    spoken: Integers,
    ends: Integers,
    runs: Columns,
    run_ends: Integers,
    pieces: Columns,
    piece_ends: Integers,
    signs: Integers,
    pair_groups: Integers,
    idf: Array,
    logs: Array,
    alarm: float,
    room: int,
) -> tuple[Array, Columns, Integers]:
    """Return data, columns and row ends of n CSR rows: runs of words, then pieces, then groups of alarm words.

    Parameters
    ----------
    spoken, ends : (w,) and (n + 1,)
        The number of each word, message after message, and where each message ends.
    runs, run_ends : (r,) and (n + 1,)
        The columns of the runs of words of each message.
    pieces, piece_ends : (p,) and (u + 1,)
        The columns of the pieces of each different word.
    signs, pair_groups : (u, 3) and (a,)
        What `alarms_of_word` says of each different word; the group of each alarm of two words.
    idf, logs : (d,) and (c,)
        Weight of each column; that of 1, 2, ..., c times the same.
    alarm : float
        The weight of an alarm; 0 for no such columns.
    room : int
        So many entries there may be.
    """
    columns = np.empty(room, dtype=np.int32)
    values = np.empty(room)
    counts = np.zeros(len(idf), dtype=np.int64)
    row_ends = np.zeros(len(ends), dtype=np.int64)
    end = 0
    for row in range(len(ends) - 1):
        begin = end
        end = _gather(runs[run_ends[row] : run_ends[row + 1]], columns, end, counts)
        _weigh(columns[begin:end], values[begin:end], counts, idf, logs)
        begin = end
        for at in range(ends[row], ends[row + 1]):
            word = spoken[at]
            end = _gather(pieces[piece_ends[word] : piece_ends[word + 1]], columns, end, counts)
        _weigh(columns[begin:end], values[begin:end], counts, idf, logs)
        if alarm > 0:
            groups, before = 0, 0
            for at in range(ends[row], ends[row + 1]):
                groups |= signs[spoken[at], 0]
                pairs = before & signs[spoken[at], 2]
                before = signs[spoken[at], 1]
                for pair in range(len(pair_groups)):
                    if pairs >> pair & 1:
                        groups |= 1 << pair_groups[pair]
            group = 0
            while groups >> group:
                if groups >> group & 1:
                    columns[end], values[end] = len(idf) + group, alarm
                    end += 1
                group += 1
        row_ends[row + 1] = end
    return values[:end], columns[:end], row_ends
