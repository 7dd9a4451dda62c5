"""Anyone's labels of a table as a competitor: written as a plug-in of the workspace and added to a benchmark."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pandas as pd

from clusterbench.benchmark.declaration import load_benchmark
from clusterbench.benchmark.discovery import find_benchmark
from clusterbench.datasets import Dataset, load_dataset
from clusterbench.errors import RequestError, unknown
from clusterbench.labeling import NOISE
from clusterbench.plugins import load_registry
from clusterbench.tables import csv_text
from clusterbench.text import counted
from clusterbench.toml_writing import toml_value

_PLUGIN = '''"""Labels of {dataset}, handed in by {by}."""

from pathlib import Path

from clusterbench.plugins import stored_labels

ALGORITHM = stored_labels({name!r}, by={by!r}, file=Path(__file__).with_suffix(".csv"))
'''
_NOISE_WORDS = ("", "-1", "noise", "nan", "none")


def enter_labels(labels: Path, *, by: str, dataset: str, benchmark: str | None, workspace: Path) -> list[Path]:
    """Enter a file of labels into a benchmark; return the files that were written.

    Parameters
    ----------
    labels : Path
        A CSV: a column of clusters (``cluster``, ``label``, ``labels``, else the last), numbers or names, noise as -1
        or empty. With a second column (``row_id``, else the first) rows are found by their ids, else they are in the
        order of the table.
    by : str
        Who hands it in: the name on the leaderboard is made of it.
    dataset : str
        The table, by its name in the benchmark.
    benchmark : str, optional
        Name or path; by default the one called like the dataset. A shipped one is copied into the workspace.
    workspace : Path
        Folder whose `algorithms` and `benchmarks` are written.

    Raises
    ------
    RequestError
        If the labels are not one per row, or a name is taken.
    """
    registry = load_registry(workspace)
    name = re.sub(r"[^a-z0-9]+", "_", by.lower()).strip("_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise RequestError(f"the name {by!r}", where="--name", allowed="a name that begins with a letter")
    if name in registry.algorithms:
        raise RequestError(f"there is algorithm {name!r} already", where="--name", allowed="another name")
    path = find_benchmark(benchmark or dataset, workspace=workspace)
    bench = load_benchmark(path, registry)
    specs = {spec.stable_name: spec for spec in bench.datasets}
    if dataset not in specs:
        raise unknown("dataset", dataset, specs, where=str(path))
    clusters = _aligned(labels, load_dataset(specs[dataset], base=path.parent))
    variant = "standard" if "standard" in bench.fitted_variants else bench.fitted_variants[0]
    entry = f'\n# Handed in by {" ".join(by.split())}.\n[[algorithms]]\nuse = "{name}"\nvariants = ["{variant}"]\n'
    if len(specs) > 1:
        entry += f"datasets = [{toml_value(dataset)}]\n"
    own = path if path.is_relative_to(workspace.resolve()) else workspace / "benchmarks" / path.name
    text = bench.text.rstrip("\n") + "\n" + entry
    try:
        tomllib.loads(text)
    except ValueError as error:
        allowed = "[[algorithms]], one table each"
        raise RequestError("its algorithms are written in one line", where=str(path), allowed=allowed) from error
    texts = {
        workspace / "algorithms" / f"{name}.csv": csv_text(clusters),
        workspace / "algorithms" / f"{name}.py": _PLUGIN.format(dataset=dataset, by=by, name=name),
        own: text,
    }
    for file, content in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return list(texts)


def _aligned(path: Path, dataset: Dataset) -> pd.DataFrame:
    """Return row_id and cluster of every row of the dataset, in its order."""
    try:
        given = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise RequestError(f"cannot read {str(path)!r}: {error}") from error
    named = [column for column in given.columns if column.lower() in ("cluster", "label", "labels")]
    clusters = given[named[0] if named else given.columns[-1]]
    ids = pd.Index(map(str, dataset.row_ids))
    others = [column for column in given.columns if column != clusters.name]
    if others:
        key = given["row_id" if "row_id" in others else others[0]]
        _check_ids(key, ids, path)
        clusters = pd.Series(clusters.to_numpy(), index=key).reindex(ids)
    elif len(clusters) != len(ids):
        what = f"{len(clusters)} labels of {counted(len(ids), 'row')}"
        raise RequestError(what, where=str(path), allowed="a label for each row, or a column row_id")
    return pd.DataFrame({"row_id": ids, "cluster": _codes(clusters.to_numpy(dtype=str).tolist())})


def _check_ids(key: pd.Series, ids: pd.Index, path: Path) -> None:
    doubled, given = key[key.duplicated()], set(key)
    missing, other = [one for one in ids if one not in given], [one for one in key if one not in set(ids)]
    for what, rows in (("twice", list(doubled)), ("not in the table", other), ("without a label", missing)):
        if rows:
            raise RequestError(
                f"row {rows[0]!r} is {what}" + (f", and {len(rows) - 1} more are" if len(rows) > 1 else ""),
                where=str(path),
                allowed="one label for each row of the table, by its id",
            )


def _codes(values: list[str]) -> list[int]:
    names = sorted({value for value in values if value.strip().lower() not in _NOISE_WORDS})
    numbers = {value: number for number, value in enumerate(names)}
    return [numbers.get(value, NOISE) for value in values]
