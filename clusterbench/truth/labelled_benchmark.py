"""A folder of tables with known classes as one benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clusterbench.benchmark import Benchmark, TomlValue, python_benchmark
from clusterbench.datasets import Dataset, labelled_tables
from clusterbench.naming import folder_name
from clusterbench.plugins import Registry

LABELLED_MATRIX: Mapping[str, TomlValue] = {
    "reference_spaces": ["standard"],
    "variants": {
        "raw": [{"step": "impute", "strategy": "median"}],
        "standard": [{"step": "impute", "strategy": "median"}, {"step": "standardize"}],
    },
    "algorithms": [
        {"use": "kmeans"},
        {"use": "gmm"},
        {"use": "agglomerative", "linkage": ["ward", "average", "complete", "single"]},
        {"use": "kmedoids"},
        {"use": "dbscan"},
        {"use": "hdbscan"},
    ],
    "metrics": [
        "silhouette",
        "davies_bouldin",
        "calinski_harabasz",
        "mst_separation",
        "neighbour_agreement",
        "pearson_gamma",
        "dbcv",
        "size_evenness",
    ],
    "noise": {"also": []},
    "ranking": {"random_partitions": 20},
    "stability": {"resamples": 4},
    "structure": {"permutations": 0},
}
"""What is run on a folder of tables: compact, elongated and density-based clusters, in two spaces."""


@dataclass(frozen=True, slots=True)
class TableOrigin:
    """Where a labelled table comes from: its battery, and its kind (``shapes``, ``real``, ``generated`` ...)."""

    battery: str
    kind: str


def folder_benchmark(
    folder: Path, registry: Registry, *, max_rows: int
) -> tuple[Benchmark, dict[str, Dataset], dict[str, TableOrigin]]:
    """Read the tables of a folder; return a benchmark of them, the tables, and their origins.

    Parameters
    ----------
    folder : Path
        See `labelled_tables`.
    registry : Registry
    max_rows : int
        A longer table is represented by so many random rows.
    """
    tables: dict[str, Dataset] = {}
    origins: dict[str, TableOrigin] = {}
    for found in labelled_tables(folder):
        dataset = found.load().sample(max_rows, seed=0)
        tables[dataset.name] = dataset
        origins[dataset.name] = TableOrigin(found.battery, found.kind)
    declared = {
        "title": f"Tables with known classes: {folder.name}",
        "datasets": [{"memory": name} for name in tables],
        **LABELLED_MATRIX,
    }
    return python_benchmark(folder_name(f"truth-{folder.name}"), declared, registry), tables, origins
