"""From a `DatasetSpec` to a `Dataset`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from clusterbench.datasets.cc_general import load_cc_general
from clusterbench.datasets.column_roles import ColumnRole, detect_role
from clusterbench.datasets.dataset import Dataset, TruthKind
from clusterbench.datasets.dataset_building import build_dataset
from clusterbench.datasets.dataset_spec import DatasetSpec
from clusterbench.datasets.download import download
from clusterbench.datasets.files import read_file
from clusterbench.datasets.named_datasets import GENERATED_TABLES, registered
from clusterbench.datasets.raw_table import RawTable
from clusterbench.datasets.sql import located, read_sql
from clusterbench.errors import RequestError
from clusterbench.text import counted, listed

_DECIDED: Final = (ColumnRole.ID, ColumnRole.CLASS, ColumnRole.TEXT, ColumnRole.CATEGORY, ColumnRole.DATE)
_LEFT_OUT: Final = {
    ColumnRole.ID: ("id", "ids"),
    ColumnRole.TEXT: ("text", "texts"),
    ColumnRole.CLASS: ("class column", "class columns"),
}
# Unit of all columns of a scikit-learn table.
_UNITS: Final = {"digits": "intensity 0..16", "iris": "cm"}


def load_dataset(spec: DatasetSpec, *, base: Path) -> Dataset:
    """Load the table that `spec` declares; a relative path is found from the folder `base`, else from the current one.

    Raises
    ------
    RequestError
        If the table cannot be obtained or cannot be used; the message names file, column and row.
    """
    try:
        return build_dataset(_raw_table(spec, base), spec)
    except RequestError as error:
        raise error.within(f"dataset {spec.stable_name!r}") from error


@dataclass(frozen=True, slots=True)
class DraftedDataset:
    """A dataset of which the roles of all columns were detected where they are not declared."""

    dataset: Dataset
    spec: DatasetSpec  # with `id`, `truth`, `drop` and `roles` as detected
    roles: Mapping[str, ColumnRole]  # of all columns of the source, in its order
    constant: frozenset[str]  # columns of the role text without two different values

    @property
    def column_counts(self) -> str:
        """How many columns the source has and what they are, such as ``10 columns: 8 features, 1 id and 1 text``."""
        features = set(self.dataset.columns)
        n_features = sum(name in features for name in self.roles)
        left_out = Counter(role for name, role in self.roles.items() if name not in features)
        others = [counted(number, *_LEFT_OUT.get(role, ("dropped", "dropped"))) for role, number in left_out.items()]
        kinds = listed([counted(n_features, "feature"), *others])
        return f"{counted(len(self.roles), 'column')}: {kinds}"


def draft_dataset(spec: DatasetSpec, *, base: Path) -> DraftedDataset:
    """Load a table and decide by detection what `spec` leaves open of its columns: see `load_dataset`.

    The first column that looks like one gives the ids, further ones and text are dropped.
    """
    try:
        raw = _raw_table(spec, base)
        declared = {
            **dict.fromkeys(spec.truth or raw.truth_columns, ColumnRole.CLASS),
            **({} if (id_column := spec.id or raw.id_column) is None else {id_column: ColumnRole.ID}),
            **spec.roles,
        }
        names = list(raw.frame.columns)
        roles = {name: declared.get(name) or detect_role(raw.frame[name], name=name) for name in names}
        unsettled = {name: role for name, role in roles.items() if name not in (*declared, *spec.drop)}
        open_roles = {name: str(role) for name, role in unsettled.items() if role in _DECIDED}
        values = {**spec.model_dump(exclude_unset=True), "roles": {**spec.roles, **open_roles}}
        drafted = DatasetSpec.model_validate(values)
        texts = [name for name, role in roles.items() if role is ColumnRole.TEXT]
        constant = frozenset(name for name in texts if raw.frame[name].nunique() < 2)
        return DraftedDataset(build_dataset(raw, drafted), drafted, roles, constant)
    except RequestError as error:
        raise error.within(f"dataset {spec.stable_name!r}") from error


def _raw_table(spec: DatasetSpec, base: Path) -> RawTable:
    return _source_table(spec, base).with_missing(spec.missing, spec.id_columns)


def _source_table(spec: DatasetSpec, base: Path) -> RawTable:
    if spec.memory is not None:
        raise RequestError("this table was given in memory, from Python, and cannot be loaded from here")
    if spec.use == "credit-card":
        from clusterbench.datasets.simulator import simulate_credit_card

        return simulate_credit_card(n_rows=spec.n_rows or registered(spec.use).rows, seed=spec.seed)
    if spec.use in GENERATED_TABLES:
        from clusterbench.datasets.generated_tables import generate_table

        return generate_table(spec.use, n_rows=spec.n_rows or registered(spec.use).rows, seed=spec.seed)
    if spec.use is not None:
        return load_cc_general() if spec.use == "cc-general" else _scikit_learn_table(spec.use)
    if spec.sql is not None and spec.database is not None:
        return read_sql(spec.sql, spec.database, base=base, max_rows=spec.max_rows, max_seconds=spec.max_seconds)
    if spec.url is not None:
        path = download(spec.url, sha256=spec.sha256, max_mb=spec.max_mb, max_seconds=spec.max_seconds)
    else:
        path = located(spec.path or "", base)
    return replace(read_file(path, spec), source=spec.url or path.name)


def _scikit_learn_table(name: str) -> RawTable:
    import pandas as pd
    from sklearn import __version__, datasets

    function = f"load_{name.replace('-', '_')}"
    bunch: Any = getattr(datasets, function)(as_frame=True)
    classes = pd.Index([str(name) for name in bunch.target_names])
    frame = bunch.data.assign(**{"class": pd.Categorical.from_codes(bunch.target, categories=classes)})
    units = {"alcohol": "% vol"} if name == "wine" else dict.fromkeys(frame.columns, _UNITS.get(name, ""))
    source = f"scikit-learn {__version__}, {function}"
    return RawTable(frame, source, truth_columns=("class",), truth_kind=TruthKind.CLASS, units=units)
