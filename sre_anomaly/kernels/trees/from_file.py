"""Trees from a file are looked at before compiled code, or XGBoost, sees them: both follow them blindly."""

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.uint32]
MOST_COLUMNS = 1_000_000
ROOT = 0


def booster_from(text: bytes, **parameters: Any) -> Any:
    """Return the XGBoost ``Booster`` that `text_of` wrote down.

    Raises
    ------
    ValueError
        If it is no booster, or a number leads out of its trees or back.
    """
    import xgboost

    return xgboost.Booster(parameters, model_file=bytearray(sound(text)))


def text_of(booster: Any) -> bytes:
    """Return a booster in XGBoost's own JSON."""
    return bytes(booster.save_raw("json"))


def sound(text: bytes) -> bytes:
    """Return the text of a booster if it can be trusted.

    Raises
    ------
    ValueError
        Says what is wrong.
    """
    try:
        learner = json.loads(text)["learner"]
        model, shape = learner["gradient_booster"]["model"], learner["learner_model_param"]
        trees, columns = model["trees"], int(shape["num_feature"])
        of_trees = len(model["tree_info"])
        for tree in trees:
            _refuse_broken(tree, columns)
    except (KeyError, TypeError, IndexError, ValueError, RecursionError) as error:
        raise ValueError(f"its trees are not those of a booster ({type(error).__name__}: {error})") from None
    if not 0 < columns <= MOST_COLUMNS or of_trees != len(trees):
        raise ValueError("the number of its columns or trees is wrong")
    return text


def _refuse_broken(tree: dict[str, Any], columns: int) -> None:
    left, right = (np.array(tree[side], dtype=np.int64) for side in ("left_children", "right_children"))
    count = len(left)
    parts = (
        "right_children",
        "split_indices",
        "split_conditions",
        "default_left",
        "base_weights",
        "sum_hessian",
        "parents",
    )
    if not count or any(len(tree[name]) != count for name in parts):
        raise ValueError("the parts of a tree do not have one length")
    if int(tree["tree_param"]["num_nodes"]) != count:
        raise ValueError("a tree has another number of nodes than it says")
    for name in ("split_conditions", "base_weights", "sum_hessian"):
        if not all(isinstance(one, (int, float)) and math.isfinite(one) for one in tree[name]):
            raise ValueError("a tree holds numbers that are none")
    asks = np.array(tree["split_indices"], dtype=np.int64)
    if (asks < 0).any() or (asks >= columns).any():
        raise ValueError("a tree asks about columns that are none")
    at, seen = np.array([ROOT]), 1
    while len(at := at[left[at] != -1]):
        below = np.concatenate([left[at], right[at]])
        if (
            (below <= np.concatenate([at, at])).any()
            or (below >= count).any()
            or len(set(below.tolist())) < len(below)
        ):
            raise ValueError("a branch of a tree leads out of it, or back")
        seen += len(below)
        if seen > count:
            raise ValueError("a node of a tree is reached twice")
        at = below


def refuse_broken_trees(left: Index, root: Index, steps: Index, others: tuple[Any, ...]) -> Any:
    """Return which nodes are leaves, (k,), where trees that stand one after the other lead to leaves of their own alone.

    Raises
    ------
    ValueError
        If they do not.

    Examples
    --------
    >>> left, one = np.array([1, 1, 2], dtype=np.uint32), np.array([0], dtype=np.uint32)
    >>> refuse_broken_trees(left, one, one + np.uint32(1), ()).tolist()
    [False, True, True]
    """
    count, trees = len(left), len(root)
    if any(one.dtype != np.uint32 or one.ndim != 1 for one in (left, root, steps)):
        raise ValueError("its trees are not numbered by whole numbers")
    if any(one.shape != left.shape for one in others) or steps.shape != root.shape or not trees:
        raise ValueError("the parts of its trees do not have one length")
    if root[0] != 0 or (np.diff(root.astype(np.int64)) <= 0).any() or root[-1] >= count:
        raise ValueError("its trees do not stand one after the other")
    own, below = np.arange(count), left.astype(np.int64)
    of_tree = np.repeat(np.arange(trees), np.diff(np.append(root.astype(np.int64), count)))
    end = np.append(root[1:].astype(np.int64), count)[of_tree]
    leaf = below == own
    if not (leaf | ((below > own) & (below + 1 < end))).all():
        raise ValueError("a branch of its trees leads out of its tree, or back")
    deepest, level, at = np.zeros(trees, dtype=np.int64), 0, root.astype(np.int64)
    while len(at := at[~leaf[at]]):
        level += 1
        at = np.unique(np.concatenate([below[at], below[at] + 1]))
        deepest[of_tree[at]] = level
    if (deepest != steps).any():
        raise ValueError("its trees are deeper, or less deep, than it says")
    return leaf
