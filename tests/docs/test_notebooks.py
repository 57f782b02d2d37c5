"""The notebooks run from top to bottom, in an empty folder."""

from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_a_notebook_runs(path, tmp_path):
    """No cell fails, and what the committed one shows as text still comes out."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, 4)
    before = [shown(cell) for cell in notebook.cells]
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert [shown(cell) for cell in notebook.cells] == before


def shown(cell):
    """Return the text of a cell's results, without pictures."""
    if cell.cell_type != "code":
        return []
    told = [
        one.get("data", {}).get("text/plain", one.get("text"))
        for one in cell.outputs
        if one.get("name") != "stderr"
    ]
    return [text for text in told if text and "bytes" not in text]
