"""A model folder is data: whatever stands in it, it is refused in one line or answers."""

import json

import numpy as np
import pytest

from changed_models import KINDS, QUICK, made, run, written
from sre_anomaly.errors import UserError
from sre_anomaly.kernels.trees.from_file import sound
from sre_anomaly.model.folder import ARRAYS, MANIFEST
from sre_anomaly.model.model import load_model

ENDS = {"refused", "as before", "otherwise"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


def test_changed_folders_are_refused_or_answer(folder):
    """Three hundred of them, their checksums made right again: no traceback, no endless loop."""
    found = list(run(QUICK, 0, 300, folder))
    assert {said for _, _, said in found} <= ENDS, [one for one in found if one[2] not in ENDS]
    assert sum(said == "refused" for _, _, said in found) > 150


@pytest.mark.slow
def test_folders_of_every_kind_are(folder):
    """A thousand more of all kinds, those that learn while they run and trees of XGBoost among them."""
    found = list(run(KINDS, 1000, 1000, folder))
    assert {said for _, _, said in found} <= ENDS, [one for one in found if one[2] not in ENDS]


def changed(folder, tmp_path, kind, change):
    """Return a model of a kind that was changed on purpose."""
    good = folder / kind.replace(" ", "_")
    if not good.exists():
        made(KINDS[kind], good)
    manifest = json.loads((good / MANIFEST).read_text())
    with np.load(good / ARRAYS) as stored:
        arrays = {name: stored[name] for name in stored.files}
    change(manifest, arrays)
    written(tmp_path / "m", manifest, arrays, {}, np.random.default_rng(0))
    return tmp_path / "m"


def _loop(_manifest, arrays):
    arrays["detector.forest_left"][1] = 0


def _far(_manifest, arrays):
    arrays["detector.forest_left"][0] = 4_000_000_000


def _column(_manifest, arrays):
    arrays["detector.forest_start"][0] = 256 * 77


def _steps(_manifest, arrays):
    arrays["detector.forest_steps"][0] = 4_000_000_000


def _leaf(_manifest, arrays):
    leaves = arrays["detector.forest_left"] == np.arange(len(arrays["detector.forest_left"]))
    arrays["detector.forest_threshold"][np.flatnonzero(leaves)[-1]] = -1.0


def _size(_manifest, arrays):
    arrays["usual"] = arrays["usual"][:1]


def _twice(manifest, _arrays):
    manifest["metrics"] = ["a", "a"]


def _step(manifest, _arrays):
    manifest["step_ns"] = 0


def _zone(manifest, _arrays):
    manifest["timezone"] = "Mars/Olympus"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_loop, "leads out of its tree, or back"),
        (_far, "leads out of its tree, or back"),
        (_column, "more columns than rows"),
        (_steps, "deeper, or less deep"),
        (_leaf, "a leaf of its trees asks on"),
        (_size, "usual: is"),
        (_twice, "metrics: each has to have a name of its own"),
        (_step, "step_ns: 0 is no step"),
        (_zone, "Mars/Olympus"),
    ],
)
def test_what_is_wrong_is_said(folder, tmp_path, change, said):
    """In one line, with the folder."""
    with pytest.raises(UserError) as told:
        load_model(changed(folder, tmp_path, "iforest", change))
    assert said in str(told.value)
    assert str(tmp_path) in str(told.value)
    assert "\n" not in str(told.value)


def test_a_manifest_nested_without_end_is_refused(tmp_path):
    """As one that is cut short, in one line."""
    (tmp_path / MANIFEST).write_text("[" * 100_000)
    with pytest.raises(UserError, match="is cut short or no manifest"):
        load_model(tmp_path)


def _tree(**more):
    tree = {
        "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0],
        "split_conditions": [0.5, 1.0, 2.0], "default_left": [0, 0, 0], "base_weights": [0.0, 0.0, 0.0],
        "sum_hessian": [3.0, 1.0, 2.0], "parents": [2147483647, 0, 0], "tree_param": {"num_nodes": "3"},
    } | more  # fmt: skip
    model = {"trees": [tree], "tree_info": [0]}
    learner = {"gradient_booster": {"model": model}, "learner_model_param": {"num_feature": "1"}}
    return json.dumps({"learner": learner}).encode()


@pytest.mark.parametrize(
    "more",
    [
        {"left_children": [0, -1, -1]},
        {"left_children": [7, -1, -1]},
        {"left_children": [2, -1, -1]},
        {"left_children": ["x", -1, -1]},
        {"split_indices": [1, 0, 0]},
        {"split_conditions": [float("nan"), 1.0, 2.0]},
        {"sum_hessian": [1.0]},
        {"tree_param": {"num_nodes": "4"}},
        {"tree_param": None},
    ],
)
def test_trees_that_lead_astray_never_reach_xgboost(more):
    """Its readers trust what they are given."""
    assert sound(_tree()) == _tree()
    with pytest.raises(ValueError, match="tree"):
        sound(_tree(**more))


def test_a_booster_that_is_cut_short_is_none():
    """Nor is what is no JSON."""
    for text in (_tree()[:50], b"\xff\x00", b"[]", b"{}"):
        with pytest.raises(ValueError, match="not those of a booster"):
            sound(text)
