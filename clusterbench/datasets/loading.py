"""From a `DatasetSpec` to a `Dataset`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from clusterbench.datasets.building import build_dataset
from clusterbench.datasets.dataset import Dataset
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.download import download
from clusterbench.datasets.files import read_file
from clusterbench.datasets.named_datasets import load_registered
from clusterbench.datasets.raw_table import RawTable
from clusterbench.datasets.sql import located, read_sql
from clusterbench.errors import RequestError


def load_dataset(spec: DatasetSpec, *, base: Path) -> Dataset:
    """Load the table that `spec` declares.

    Parameters
    ----------
    spec : DatasetSpec
    base : Path
        Folder of the benchmark file: a relative path is found from there, else from the current folder.

    Returns
    -------
    Dataset

    Raises
    ------
    RequestError
        If the table cannot be obtained or cannot be used; the message names file, column and row.

    Examples
    --------
    >>> wine = load_dataset(DatasetSpec(use="wine"), base=Path())
    >>> wine.n_rows, len(wine.columns), wine.truth_names
    (178, 13, ('class_0', 'class_1', 'class_2'))
    """
    try:
        return build_dataset(_raw_table(spec, base), spec.choice)
    except RequestError as error:
        raise error.within(f"dataset {spec.stable_name!r}") from error


def _raw_table(spec: DatasetSpec, base: Path) -> RawTable:
    if spec.memory is not None:
        raise RequestError("this table was given in memory, from Python, and cannot be loaded from here")
    if spec.use is not None:
        return load_registered(spec.use, seed=spec.seed, n_rows=spec.n_rows)
    if spec.sql is not None and spec.database is not None:
        return read_sql(spec.sql, spec.database, base=base, max_rows=spec.max_rows, max_seconds=spec.max_seconds)
    if spec.url is None:
        path, source, max_mb = located(spec.path or "", base), "", float("inf")
    else:
        path, source, max_mb = _downloaded(spec.url, spec), spec.url, spec.max_mb
    raw = read_file(path, id_columns=spec.id_columns, sha256=spec.sha256, header=spec.header, max_bytes=max_mb * 1e6)
    return replace(raw, source=source or path.name)


def _downloaded(url: str, spec: DatasetSpec) -> Path:
    file_name = f"{hashlib.sha256(url.encode()).hexdigest()[:12]}-{PurePosixPath(urlsplit(url).path).name}"
    return download(url, file_name, sha256=spec.sha256, max_mb=spec.max_mb, max_seconds=spec.max_seconds)
