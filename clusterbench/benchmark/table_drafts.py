"""The benchmark file of a table that has none."""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from clusterbench.benchmark.complaints import explain
from clusterbench.datasets import ColumnRole, DatasetSpec, DraftedDataset, draft_dataset
from clusterbench.errors import RequestError
from clusterbench.text import listed, printable
from clusterbench.toml_writing import TomlValue, toml_text, toml_value

DEFAULT_ALGORITHMS = ("kmeans", "gmm", "agglomerative", "hdbscan", "random_labels", "random_voronoi", "quantile_split")
"""Algorithms of a benchmark that names none: four quick ones and the controls."""

_LARGEST_K: Final = 10
_MIN_ROWS: Final = 10  # the default of the gate
_NAMES: Final = 12  # in a comment
_KEYS: Final = {
    "id": "different in every row",
    "truth": "known classes: no feature",
    "roles": "no numbers: the steps one_hot and date_parts below make some of them",
}


def declared_spec(lines: Sequence[str], **source: object) -> DatasetSpec:
    """Return the declaration of a table, such as `path`, with the keys of `lines` of TOML.

    RequestError for lines that are no TOML, or that no ``[[datasets]]`` table allows.
    """
    try:
        return DatasetSpec.model_validate({**tomllib.loads("\n".join(lines)), **source})
    except tomllib.TOMLDecodeError as error:
        raise RequestError(f"not valid TOML: {error}", where="--with", allowed="lines such as decimal = ','") from error
    except ValidationError as error:
        raise explain(error, DatasetSpec, "--with" if lines else str(next(iter(source.values())))) from error


def table_source(table: str) -> dict[str, str]:
    """Return the key of ``[[datasets]]`` that names a table: `url` or `database` of an address, else `path`."""
    if "://" not in table:
        return {"path": table}
    return {"url" if table.startswith(("http://", "https://")) else "database": table}


def draft_toml(table: str | Path, *, folder: Path, declared: Sequence[str] = ()) -> str:
    """Return a commented benchmark file, to lie in `folder`, for the table of a file, an address or a database.

    It declares the roles of columns as detected, the variants that the table allows, and a range of k and a gate that
    fit its number of rows. `declared` are lines for its ``[[datasets]]`` table, which go before what is detected.
    RequestError if the table cannot be used.
    """
    source = table_source(str(table))
    spec = declared_spec(declared, **{**source, **({"path": str(Path(table).absolute())} if "path" in source else {})})
    drafted = draft_dataset(spec, base=folder)
    keys = {
        key: value for key, value in tomllib.loads("\n".join(declared)).items() if key not in (*_KEYS, "drop", "path")
    }
    return (
        "\n".join(
            [
                *_head(drafted),
                *_dataset(drafted, source, folder),
                *toml_text(keys).splitlines(),
                *_rules(drafted),
                *_algorithms(),
            ]
        )
        + "\n"
    )


def _head(drafted: DraftedDataset) -> Iterator[str]:
    dataset = drafted.dataset
    min_rows = _min_rows(dataset.n_rows)
    yield printable(f"# {dataset.source}: {dataset.n_rows:,} rows, {drafted.column_counts}")
    yield from (printable(f"# warning: {warning}") for warning in dataset.warnings)
    yield from toml_text(
        {
            "title": dataset.name,
            "seeds": [0],
            "k": {"from": 2, "to": max(2, min(_LARGEST_K, dataset.n_rows // (2 * min_rows)))},
            "reference_spaces": ["standard", "log1p"] if _nonnegative(drafted) else ["standard"],
        }
    ).splitlines()


def _dataset(drafted: DraftedDataset, source: Mapping[str, str], folder: Path) -> Iterator[str]:
    spec = drafted.spec
    yield from ("", "[[datasets]]")
    for key, place in source.items():
        yield f"{key} = {toml_value(_relative(Path(place), folder) if key == 'path' else place)}"
    for role in (ColumnRole.NUMERIC, ColumnRole.BINARY):
        if names := [name for name, one in drafted.roles.items() if one is role]:
            why = "; one such column can decide a clustering" if role is ColumnRole.BINARY else ""
            yield f"# {role}: {_named(names)}{why}"
    roles = {name: str(role) for name, role in spec.roles.items()}
    found: dict[str, TomlValue] = {"id": spec.id or "", "truth": spec.truth, "drop": spec.drop, "roles": roles}
    for key, value in found.items():
        if value:
            yield f"{key} = {toml_value(value)}  # {_left_out(drafted) if key == 'drop' else _KEYS[key]}"


def _left_out(drafted: DraftedDataset) -> str:
    """Return why columns are dropped, such as ``notes: text``."""
    reasons = {ColumnRole.TEXT: "text", ColumnRole.ID: "different in every row"}
    groups: dict[str, list[str]] = {}
    for name in drafted.spec.drop:
        reason = "no two different values" if name in drafted.constant else reasons.get(drafted.roles[name], "declared")
        groups.setdefault(reason, []).append(name)
    return "; ".join(f"{_named(names)}: {reason}" for reason, names in groups.items())


def _rules(drafted: DraftedDataset) -> Iterator[str]:
    roles = {column.role for column in drafted.dataset.coded.values()}
    encode = ['{ step = "one_hot" }'] * (ColumnRole.CATEGORY in roles) + ['{ step = "date_parts" }'] * (
        ColumnRole.DATE in roles
    )
    impute, standardize = '{ step = "impute", strategy = "median" }', '{ step = "standardize" }'
    nonnegative, negative = _nonnegative(drafted), _negative(drafted)
    columns = ', columns = "nonnegative"' if encode or negative else ""
    log = [f'{{ step = "log1p"{columns} }}'] if nonnegative else []
    has_categories = ColumnRole.CATEGORY in roles
    plane = standardize if has_categories else '{ step = "minmax" }'
    yield from ("", "[variants]")
    if encode:
        yield "# raw is left out: the columns have no common unit"
    if has_categories:
        yield "# minmax is left out: a category would weigh several times as much as a column of numbers"
    if negative:
        left = "log1p is left out" if not log else "log1p leaves them as they are"
        yield f"# negative values in {_named(negative)}: {left}"
    variants = {
        **({} if encode else {"raw": [impute]}),
        "standard": [impute, standardize],
        **({} if has_categories else {"minmax": [impute, '{ step = "minmax" }']}),
        **({"log1p": [impute, *log, standardize]} if log else {}),
        "pca": [impute, *log, standardize, '{ step = "pca", n_components = 0.9 }'],
        "pca2": [impute, *log, plane, '{ step = "pca", n_components = 2 }'],
    }
    if sum(column not in drafted.dataset.coded for column in drafted.dataset.columns) + len(encode) < 2:
        variants = {name: steps for name, steps in variants.items() if not name.startswith("pca")}
    yield from (f"{name} = [{', '.join((*encode, *steps))}]" for name, steps in variants.items())
    yield from ("", "[gate]  # what a partition must pass to be ranked")
    yield f"min_rows = {_min_rows(drafted.dataset.n_rows)}  # in the smallest cluster"


def _algorithms() -> Iterator[str]:
    for name in DEFAULT_ALGORITHMS:
        yield from ("", "[[algorithms]]", f'use = "{name}"')


def _min_rows(n_rows: int) -> int:
    return min(_MIN_ROWS, max(2, n_rows // 20))


def _nonnegative(drafted: DraftedDataset) -> list[str]:
    return [name for name in _numbers(drafted) if name not in _negative(drafted)]


def _negative(drafted: DraftedDataset) -> list[str]:
    return [name for name in _numbers(drafted) if bool((drafted.dataset.frame[name] < 0).any())]


def _numbers(drafted: DraftedDataset) -> list[str]:
    return [name for name in drafted.dataset.columns if name not in drafted.dataset.coded]


def _named(names: Sequence[str]) -> str:
    return printable(listed(names, most=_NAMES))


def _relative(path: Path, folder: Path) -> str:
    """Return a path as a benchmark file in `folder` names it: from there, if it lies in it or below."""
    file, place = path.resolve(), folder.resolve()
    return file.relative_to(place).as_posix() if file.is_relative_to(place) else os.fspath(file)
