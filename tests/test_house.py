"""The house: imports point down, files are small, the package list is the tree, help loads nothing heavy.

``python tests/test_house.py`` prints the house: its packages, floors and arrows.
"""

import ast
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
KINDS = (
    *("data", "split", "features", "detector", "threshold", "alerts", "forecaster"),
    *("table", "folds", "text", "classifier", "regressor"),
)
"""The kinds of plugins: none imports another, because they share a floor."""
FLOORS = (
    ("",),  # the files at the root: vocabulary and promises
    ("kernels", "io", "logs", "config", "parallel", "page"),
    ("promql", "evaluation", "model", "remediation", *KINDS),
    ("tabular", "benchmark"),
    ("pipeline", "testing"),
    ("fleet", "live"),
    ("sweeps", "backtesting", "service"),
    ("report", "export", "answers"),
    ("cli", "api"),
)
"""From the ground up: a package imports what is on the floors below its own, and nothing else."""
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}
MODULES = {
    ".".join(path.relative_to(ROOT / "sre_anomaly").with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "sre_anomaly").rglob("*.py"))
}
MOST_FILES = 12
"""A package of more files is divided."""


def arrows():
    """Return every import of one of our modules by another, as pairs of dotted names below the package."""
    found = set()
    for here, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in (
                name.removeprefix("sre_anomaly.") for name in names if name.startswith("sre_anomaly.")
            ):
                target = name if name in MODULES else name.rpartition(".")[0]
                # The package's face hands on what users import; nothing in the house asks it for more than a version.
                if target != here and "__init__" not in (here, target) and target:
                    found.add((here, target))
    return found


def folder(module):
    """Return the dotted name of the folder that a module is in, empty for a file at the root."""
    return ".".join(MODULES[module].relative_to(ROOT / "sre_anomaly").parts[:-1])


def package(module):
    """Return the package at the root that a module is in, empty for a file at the root."""
    return folder(module).partition(".")[0]


def upward():
    """Return the imports that do not point to a floor below, within a package aside."""
    return sorted(
        f"{here} -> {there}"
        for here, there in arrows()
        if package(here) != package(there) and FLOOR[package(there)] >= FLOOR[package(here)]
    )


def circles(pairs):
    """Return what leads back to itself among pairs of names."""
    graph = {}
    for here, there in pairs:
        graph.setdefault(here, set()).add(there)
    while ends := {there for targets in graph.values() for there in targets} - set(graph):
        graph = {here: targets - ends for here, targets in graph.items() if targets - ends}
    return sorted(graph)


def folders():
    """Return the imports between folders: those of one package among each other too."""
    pairs = {(folder(here), folder(there)) for here, there in arrows()}
    return {(here, there) for here, there in pairs if here != there}


def test_every_package_has_its_floor():
    """A new package must be given a place in the house."""
    assert {package(module) for module in MODULES} == set(FLOOR)


def test_imports_point_down():
    """No package imports from its own floor or one above, so no plugin imports another kind or the pipeline."""
    assert not upward()


def test_no_circles():
    """Following imports from file to file, or from folder to folder, never leads back."""
    assert not circles(arrows())
    assert not circles(folders())


def test_a_folder_can_be_read():
    """No folder has more than twelve files, the root included; a file says one idea in at most 260 lines."""
    files = [path for path in MODULES.values() if path.stem != "__init__"]
    count = Counter(path.parent.relative_to(ROOT) for path in files)
    assert not {str(folder): number for folder, number in count.items() if number > MOST_FILES}
    assert len(list((ROOT / "sre_anomaly").glob("*.py"))) <= MOST_FILES
    lines = {str(path): len(path.read_text().splitlines()) for path in MODULES.values()}
    assert not {path: number for path, number in lines.items() if number > 260}


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
        "import sys; from sre_anomaly.cli.main import main; main(sys.argv[1:]);"
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


if __name__ == "__main__":
    between = {(package(here), package(there)) for here, there in arrows() if package(here) != package(there)}
    for number, floor in reversed(list(enumerate(FLOORS, 1))):
        print(f"floor {number}: {', '.join(name or '(the root)' for name in floor)}")
    print(
        f"{len(FLOOR)} packages, {len(FLOORS)} floors, {len(MODULES)} files; "
        f"{len(between)} arrows between packages, {len(arrows())} between files; "
        f"{len(circles(arrows()) + circles(folders()))} circles, {len(upward())} upward arrows"
    )
