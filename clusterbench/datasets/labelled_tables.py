"""Folders of tables with known classes, and partitions of these tables that others have published."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from clusterbench.datasets.dataset import Dataset
from clusterbench.datasets.dataset_loading import load_dataset
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.files import NUMBERS, label_files
from clusterbench.errors import RequestError
from clusterbench.labeling import Labels

_REAL: Final = re.compile(r"uci/.*|other/iris5?")
"""Tables of real observations among the shapes of Gagolewski's suite, doi:10.1016/j.softx.2022.101270."""


@dataclass(frozen=True, slots=True)
class LabelledTable:
    """A table with known classes in a folder; nothing of it is read yet."""

    kind: str  # name of the uppermost folder that it is in, such as ``shapes``; ``real`` for real ones among the shapes
    battery: str  # folder of its file
    name: str  # stem of its file
    path: Path

    def load(self) -> Dataset:
        """Return the table with its known classes, called ``battery/name``."""
        return load_dataset(DatasetSpec(path=str(self.path), name=f"{self.battery}/{self.name}"), base=Path())


@dataclass(frozen=True, slots=True)
class StoredPartitions:
    """Partitions of one table by several methods into `k` clusters, in one file; nothing of it is read yet."""

    battery: str
    name: str
    k: int
    path: Path

    def load(self) -> dict[str, Labels]:
        """Return the labels (n,) of each method, as stored.

        Raises
        ------
        RequestError
            If the file is no table of whole numbers under a line of names.
        """
        try:
            frame = pd.read_csv(self.path, dtype=np.int32)
        except (OSError, EOFError, ValueError) as error:
            raise RequestError(f"{self.path}: {error}", allowed="labels under the names of methods") from error
        return {str(method): frame[method].to_numpy() for method in frame}


def labelled_tables(folder: Path) -> tuple[LabelledTable, ...]:
    """Find the tables of a folder that have known classes: ``NAME.data`` or ``NAME.data.gz`` beside ``NAME.labels0``.

    The folder holds tables, or folders of them, one per kind, one in another. They come in the order of their paths.

    Raises
    ------
    RequestError
        If there is no such table.
    """
    tables = []
    for path in sorted(path for suffix in (NUMBERS, f"{NUMBERS}.gz") for path in folder.rglob(f"*{suffix}")):
        if label_files(path):
            battery, name = path.parent.name, path.name[: path.name.index(".data")]
            kind = path.relative_to(folder).parts[0] if path.parent != folder else folder.name
            kind = "real" if _REAL.fullmatch(f"{battery}/{name}") else kind
            tables.append(LabelledTable(kind, battery, name, path))
    if not tables:
        raise RequestError(f"no table with known classes in {folder}", allowed="NAME.data.gz beside NAME.labels0.gz")
    return tuple(tables)


def stored_partitions(folder: Path) -> tuple[StoredPartitions, ...]:
    """Find the files ``NAME.resultK.gz`` of a folder, by path; the battery is the folder that holds the file.

    They hold comma-separated labels, a column per method, under a line of the methods' names.
    """
    named = [(re.fullmatch(r"(.+)\.result(\d+)\.gz", path.name), path) for path in sorted(folder.rglob("*.result*.gz"))]
    return tuple(StoredPartitions(path.parent.name, name[1], int(name[2]), path) for name, path in named if name)
