"""A folder of tables with known classes as one benchmark."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from clusterbench.benchmark import Benchmark, python_benchmark
from clusterbench.datasets import Dataset, labelled_tables
from clusterbench.naming import folder_name
from clusterbench.plugins import Registry, shipped_place


@dataclass(frozen=True, slots=True)
class TableOrigin:
    """Where a labelled table comes from: its battery, and its kind (``shapes``, ``real``, ``generated`` ...)."""

    battery: str
    kind: str


def folder_benchmark(
    folder: Path, registry: Registry, *, max_rows: int
) -> tuple[Benchmark, dict[str, Dataset], dict[str, TableOrigin]]:
    """Read the tables of a folder; return the benchmark `labelled` of them, the tables, and their origins.

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
    matrix = tomllib.loads((shipped_place("benchmarks") / "labelled.toml").read_text(encoding="utf-8"))
    declared = {
        **matrix,
        "title": f"Tables with known classes: {folder.name}",
        "datasets": [{"memory": name} for name in tables],
    }
    return python_benchmark(folder_name(f"truth-{folder.name}"), declared, registry), tables, origins
