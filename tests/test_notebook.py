"""The notebook in docs/ runs from top to bottom."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent.parent / "docs" / "from-python.ipynb"


def test_the_notebook_runs_and_finds_three_groups(tmp_path):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    shown = [out.get("data", {}) for cell in notebook.cells for out in cell.get("outputs", [])]
    headline = next(data["text/html"] for data in shown if "<strong>" in data.get("text/html", ""))
    assert "k = 3" in headline
    assert (tmp_path / "report" / "index.html").exists()
