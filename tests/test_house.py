"""The house: imports point down, files are small, the package list is the tree, help loads nothing heavy."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = (
    {"errors", "clock", "compiled", "living"},
    {"folders", "frame", "registry", "stages", "settings", "catalogue", "__init__"},
    {
        "records",
        "causal",
        "seasons",
        "boosted",
        "cuts",
        "prometheus",
        "regularise",
        "tables",
        "timestamps",
        "windows",
        "compose",
        "forest",
        "ranks",
        "episodes",
        "neighbours",
        "novelty",
        "sametime",
        "logs",
        "remediation",
    },
    {"contracts", "corpora", "dask_pool", "dataset", "facts", "kept", "pool", "table_contracts"},
    {
        *("data", "features", "detector", "threshold", "alerts", "forecaster", "split", "evaluation"),
        *("table", "folds", "text", "classifier", "regressor"),
    },
    {"adapters", "foreign_learners", "mixed", "table_model", "nab_corpus"},
    {"arguments", "build", "memory", "reasons", "table_parts", "nab_results", "nab_stored"},
    {"detection", "forecasting", "classification", "regression", "leak", "examples", "generate"},
    {"learning", "table_check", "model_folder"},
    {"telling", "bundle", "detection_laws", "table_bundle", "recording"},
    {"learner_laws", "table_laws"},
    {"live_reasons"},
    {"alertmanager", "monitor", "points", "polling", "teller"},
    {"fleet"},
    {"runner", "testing", "table_trial"},
    {"together"},
    {"trial", "series"},
    {"nab_benchmark"},
    {"corpus"},
    {"sweeps"},
    {"report", "jobs"},
    {"aftermath", "compare"},
    {"launch", "watch", "score_nab", "classify_lines", "new_recipe", "new_remediation", "remediate", "check"},
    {"cli"},
)
"""From the cellar up: a module imports its own floor and those below."""
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}
PLUGINS = (
    *("data", "features", "detector", "threshold", "alerts", "forecaster", "split"),
    *("table", "folds", "text", "classifier", "regressor"),
)


def _imports():
    for path in sorted((ROOT / "sre_anomaly").rglob("*.py")):
        here = path.relative_to(ROOT).with_suffix("").parts[1:]
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                parts = name.split(".")
                if parts[0] == "sre_anomaly" and len(parts) > 1:
                    room = parts[1] if parts[1] in FLOOR else "__init__"
                    yield here, room, tuple(parts[1:])


def test_every_module_has_its_floor():
    """A new file must be given a place in the house."""
    rooms = {path.stem for path in (ROOT / "sre_anomaly").glob("*.py")}
    rooms |= {path.parent.name for path in (ROOT / "sre_anomaly").glob("*/__init__.py")}
    assert rooms == set(FLOOR)


def test_imports_point_down():
    """No module imports from a floor above its own, and no plugin imports another kind of plugin."""
    upward = [
        f"{'.'.join(here)} -> {'.'.join(there)}"
        for here, room, there in _imports()
        # The package's face hands on what users import; nothing in the house asks it.
        if (FLOOR[room] > FLOOR[here[0]] and here != ("__init__",))
        or (here[0] in PLUGINS and room in PLUGINS and room != here[0])
        or (here[0] in PLUGINS and room == "evaluation")
    ]
    assert not upward


def test_no_circles():
    """Following imports from module to module never leads back."""
    graph = {}
    modules = {p.relative_to(ROOT).with_suffix("").parts[1:] for p in (ROOT / "sre_anomaly").rglob("*.py")}
    for here, _, there in _imports():
        target = next(
            (there[:size] for size in (len(there), len(there) - 1) if there[:size] in modules), None
        )
        if target and target != here:
            graph.setdefault(here, set()).add(target)
    done, path = set(), []

    def visit(module):
        assert module not in path, f"circle: {[*path, module]}"
        if module in done:
            return
        path.append(module)
        for target in graph.get(module, ()):
            visit(target)
        path.pop()
        done.add(module)

    for module in graph:
        visit(module)


def test_files_are_small():
    """One idea a file: no more than 260 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "sre_anomaly").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 260
    }
    assert not long


def test_package_list_is_the_tree():
    """The explicit package list names every package there is."""
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("sre_anomaly", "hydra_plugins")
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert listed == found | {"sre_anomaly.conf", "hydra_plugins"}


@pytest.mark.parametrize("words", ["--help", "list", "list detector", "check", "check experiment=cloudwatch"])
def test_light_commands_load_nothing_heavy(words, tmp_path):
    """Help, list and check load neither scikit-learn nor xgboost nor matplotlib."""
    code = (
        "import sys; from sre_anomaly.cli import main; main(sys.argv[1:]);"
        "heavy = {'sklearn', 'xgboost', 'matplotlib', 'optuna', 'pyod', 'river'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_every_key_has_a_comment():
    """YAML is documentation: the file says what it is, and every key beside a name says what it does."""
    bare = []
    for path in sorted((ROOT / "conf").rglob("*.yaml")):
        lines = path.read_text().splitlines()
        if path.parent.name in {"experiment", "tuned"}:
            continue
        if not lines[0].startswith("#"):
            bare.append(f"{path.name}: first line")
        above = ""
        for line in lines:
            key, _, rest = line.partition(":")
            plain = key.strip()
            known = plain in {"name", "defaults", "hydra", "run", "sweep", "dir", "subdir", "job", "chdir"}
            opens = rest.strip() == "" and not rest.strip().startswith("#")
            handed_on = plain == "seed" and "${seed}" in rest
            explained = "#" in rest or "#" in above
            if plain.isidentifier() and not (known or opens or handed_on or explained):
                bare.append(f"{path.parent.name}/{path.name}: {plain}")
            above = line
    assert not bare
