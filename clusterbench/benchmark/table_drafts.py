"""The benchmark file of a table that has none."""

from pathlib import Path

from clusterbench.toml_writing import toml_text

DEFAULT_ALGORITHMS = ("kmeans", "gmm", "agglomerative", "hdbscan", "random_labels", "random_voronoi", "quantile_split")
"""Algorithms of a benchmark that names none: four quick ones and the controls."""


def draft_toml(path: Path) -> str:
    """Return a benchmark file for the table of a file, which lies in the folder of that benchmark."""
    algorithms = "".join(f"\n[[algorithms]]\n{toml_text({'use': name})}" for name in DEFAULT_ALGORITHMS)
    return f"[[datasets]]\n{toml_text({'path': path.name})}{algorithms}"
