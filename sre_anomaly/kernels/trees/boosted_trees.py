"""Boosted trees as flat arrays, scored by compiled code: XGBoost's numbers to the last bit, without XGBoost.

The walk is that of `sre_anomaly.kernels.trees.isolation_forest`: two children lie side by side, a leaf points at itself, and rows go
through a tree in small blocks. A missing value must turn left at some cuts and right at others; so that no
step has to ask, it is written down as NaN for the first kind and as infinity for the second. Each row's
margin is a sum over the trees in their order and depends on that row alone.
"""

import json
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sre_anomaly.frame import Array
from sre_anomaly.kernels.compiled import step, unchecked
from sre_anomaly.kernels.trees.from_file import refuse_broken_trees

Index = npt.NDArray[np.uint32]
Float32 = npt.NDArray[np.float32]
Parts = tuple[Index, Float32, Index, Float32, Index, Float32, Index, Index, Float32]

BLOCK = 128
"""Rows that go through a tree together."""
FEW = 6
"""Fewer rows than this are quicker one by one."""


@dataclass(frozen=True)
class FlatBooster:
    """The trees of a booster with one output, one after the other, k nodes in all.

    Examples
    --------
    >>> import xgboost
    >>> X = np.arange(20.0)[:, np.newaxis]
    >>> booster = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(X, X[:, 0] > 9), 5)
    >>> bool((FlatBooster.of(booster).margins(X) == booster.inplace_predict(X, predict_type="margin")).all())
    True
    """

    column: Index
    """(s,) the column that each slot of a block holds, in rising order; none that no cut asks about."""
    missing: Float32
    """(s,) what the slot holds for NaN: NaN turns left at every cut, infinity right."""
    slot: Index
    """(k,) the slot that a node asks about."""
    threshold: Float32
    """(k,) a row goes right where its value is as high; NaN, which none is, at a leaf."""
    left: Index
    """(k,) the left child, the right one follows it; a leaf points at itself."""
    value: Float32
    """(k,) what a leaf adds to the margin; NaN at a cut."""
    root: Index
    """(t,) the first node of each tree."""
    steps: Index
    """(t,) cuts on the longest way through each tree."""
    base: Float32
    """(1,) the margin before the first tree."""

    def __post_init__(self) -> None:
        """Refuse what is no booster: compiled code follows it without looking.

        Raises
        ------
        ValueError
            If a number leads out of its tree or back, or lengths or kinds are wrong.
        """
        leaf = refuse_broken_trees(self.left, self.root, self.steps, (self.slot, self.threshold, self.value))
        of_32 = (self.missing, self.threshold, self.value, self.base)
        if any(one.dtype != np.float32 for one in of_32) or self.base.shape != (1,):
            raise ValueError("its trees hold numbers of another kind")
        if not (np.isnan(self.threshold[leaf]).all() and np.isfinite(self.value[leaf]).all()):
            raise ValueError("a leaf of its trees asks on, or has no value")
        columns = self.column.astype(np.int64)
        if (
            any(one.dtype != np.uint32 for one in (self.column, self.slot))
            or self.missing.shape != columns.shape
        ):
            raise ValueError("its trees ask about columns that are none")
        if (np.diff(columns) < 0).any() or (self.slot > np.where(leaf, 0, len(columns) - 1)).any():
            raise ValueError("its trees ask about columns that are none")

    @classmethod
    def of(cls, booster: Any) -> Self:
        """Flatten all trees of an XGBoost ``Booster``; slice it first if it stopped early.

        Raises
        ------
        ValueError
            If it is no ``gbtree``, has no tree, several outputs, or cuts by category.
        """
        model = json.loads(bytes(booster.save_raw("json")))
        shape, grown = model["learner"]["learner_model_param"], model["learner"]["gradient_booster"]
        trees = grown["model"]["trees"] if grown["name"] == "gbtree" else []
        if not trees or max(int(shape["num_class"]), int(shape["num_target"])) > 1:
            raise ValueError("only a gbtree booster with trees and a single output can be flattened")
        if any(1 in tree["split_type"] for tree in trees):
            raise ValueError("a booster that cuts by category cannot be flattened")
        asks, threshold, left, value, steps = zip(*map(_flat, trees), strict=True)
        sizes = [len(one) for one in left]
        root = np.cumsum(sizes) - sizes
        question = np.concatenate(asks)
        slots = np.unique(question[question >= 0])
        return cls(
            column=(slots // 2).astype(np.uint32),
            missing=np.where(slots % 2, np.nan, np.inf).astype(np.float32),
            slot=np.where(question < 0, 0, np.searchsorted(slots, question)).astype(np.uint32),
            threshold=np.concatenate(threshold),
            left=(np.concatenate(left) + np.repeat(root, sizes)).astype(np.uint32),
            value=np.concatenate(value),
            root=root.astype(np.uint32),
            steps=np.array(steps, dtype=np.uint32),
            base=_base(model, type(booster)),
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return all that it is, by the names of its fields."""
        return dict(vars(self))

    def margins(self, X: Array) -> Array:
        """Return the log-odds of (n, d) rows, (n,): ``booster.inplace_predict(X, predict_type="margin")``.

        Values are compared as float32 and NaN means missing, as XGBoost has it.

        Raises
        ------
        ValueError
            If ``X`` lacks a column.
        """
        X = np.ascontiguousarray(X, dtype=np.float64)
        # Compiled code reads whatever lies behind a row that is too short.
        if X.ndim != 2 or (len(self.column) and X.shape[1] <= self.column[-1]):
            raise ValueError(f"the trees ask about more columns than rows of shape {X.shape} have")
        add_up = _sum_one_by_one if len(X) < FEW else _sum_in_blocks
        return np.asarray(add_up.for_rows(len(X))(X, tuple(vars(self).values())))


def _flat(tree: dict[str, Any]) -> tuple[Any, Any, Any, Any, int]:
    """Return question (-1 at a leaf), threshold, left child and value of each node, and the longest way."""
    sides = np.array([tree["left_children"], tree["right_children"]], dtype=np.int64)
    levels = [np.zeros(1, dtype=np.int64)]
    while len(children := sides[:, levels[-1][sides[0, levels[-1]] >= 0]].T.ravel()):
        levels.append(children)
    # Level by level: sisters become neighbours, and nodes that were pruned away are left behind.
    order, place = np.concatenate(levels), np.empty(sides.shape[1], dtype=np.int64)
    place[order] = np.arange(len(order))
    leaf = sides[0, order] < 0
    left = np.where(leaf, np.arange(len(order)), place[sides[0, order]])
    asks = np.where(sides[0] < 0, -1, 2 * np.array(tree["split_indices"]) + np.array(tree["default_left"]))
    # XGBoost keeps a leaf's value where a cut has its threshold.
    number = np.array(tree["split_conditions"], dtype=np.float32)[order]
    threshold, value = np.where(leaf, np.nan, number), np.where(leaf, number, np.nan)
    return asks[order], threshold, left, value, len(levels) - 1


def _base(model: dict[str, Any], kind: type[Any]) -> Float32:
    """Return the margin before the first tree: what XGBoost says of a model whose leaves are all 0."""
    # The model holds a probability; the last bit of its log-odds is up to the logarithm XGBoost was built with.
    for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
        tree["split_conditions"] = [0.0] * len(tree["split_conditions"])
    silent = kind(model_file=bytearray(json.dumps(model).encode()))
    return silent.inplace_predict(np.zeros((1, silent.num_features())), predict_type="margin")


@step
def _write_down(X: Array, column: Index, missing: Float32, block: Float32, stride: int) -> None:
    """Fill the slots one after the other, in the float32 that XGBoost compares."""
    for s in range(len(column)):
        for k in range(len(X)):
            x = np.float32(X[k, column[s]])
            block[s * stride + k] = missing[s] if np.isnan(x) else x


@unchecked
def _sum_in_blocks(X: Array, parts: Parts) -> Array:
    column, missing, slot, threshold, left, value, root, steps, base = parts
    margin = np.empty(len(X))
    # One slot more, for the question of a booster that never cuts.
    block = np.empty((len(column) + 1) * BLOCK, dtype=np.float32)
    start = (slot * BLOCK).astype(np.uint32)
    node, total = np.empty(BLOCK, dtype=np.uint32), np.empty(BLOCK, dtype=np.float32)
    for first in range(0, len(X), BLOCK):
        rows = X[first : first + BLOCK]
        _write_down(rows, column, missing, block, BLOCK)
        total[:] = base[0]
        for tree in range(len(root)):
            # All rows ask the first question together.
            top = root[tree]
            asked = block[start[top] : start[top] + BLOCK]
            for k in range(len(rows)):
                node[k] = left[top] + np.uint32(asked[k] >= threshold[top])
            for _ in range(1, steps[tree]):
                for k in range(len(rows)):
                    here = node[k]
                    # Unsigned, so that no index is checked for counting from the end.
                    x = block[np.uint32(start[here] + np.uint32(k))]
                    node[k] = left[here] + np.uint32(x >= threshold[here])
            for k in range(len(rows)):
                total[k] += value[node[k]]
        margin[first : first + BLOCK] = total[: len(rows)]
    return margin


@unchecked
def _sum_one_by_one(X: Array, parts: Parts) -> Array:
    column, missing, slot, threshold, left, value, root, steps, base = parts
    margin, row = np.empty(len(X)), np.empty(len(column), dtype=np.float32)
    for k in range(len(X)):
        _write_down(X[k : k + 1], column, missing, row, 1)
        total = base[0]
        for tree in range(len(root)):
            node = root[tree]
            for _ in range(steps[tree]):
                node = np.uint32(left[node] + np.uint32(row[slot[node]] >= threshold[node]))
            total += value[node]
        margin[k] = total
    return margin
