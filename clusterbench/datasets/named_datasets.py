"""Datasets that are known by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import unknown

Loader = Callable[[int, int | None], RawTable]


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """What `clusterbench list` says about a registered dataset.

    Attributes
    ----------
    name, summary : str
    rows, columns : int
        Size of the table; ids and truth are not among the columns.
    truth : int
        Number of known classes, 0 where there is no truth.
    licence, source : str
    simulated : bool
        Whether `seed` and `n_rows` can be given.
    """

    name: str
    summary: str
    rows: int
    columns: int
    truth: int
    licence: str
    source: str
    simulated: bool = False


def _credit_card(seed: int, n_rows: int | None) -> RawTable:
    import pandas as pd

    from clusterbench.datasets.simulator import ARCHETYPE_NAMES, ROWS, simulate_credit_card

    made = simulate_credit_card(n_rows=ROWS if n_rows is None else n_rows, seed=seed)
    archetype = pd.Categorical.from_codes(made.truth, categories=pd.Index(ARCHETYPE_NAMES))
    frame = made.frame.assign(archetype=archetype)
    frame.insert(0, "CUST_ID", made.ids.to_numpy())
    return RawTable(frame, f"simulated, seed {seed}", id_column="CUST_ID", truth_column="archetype")


def _cc_general(_seed: int, _n_rows: int | None) -> RawTable:
    from clusterbench.datasets.cc_general import load_cc_general

    return load_cc_general()


def _scikit_learn(function: str, units: Callable[[str], str]) -> Loader:
    def load(_seed: int, _n_rows: int | None) -> RawTable:
        import pandas as pd
        from sklearn import __version__, datasets

        bunch: Any = getattr(datasets, function)(as_frame=True)
        names = [str(name) for name in bunch.target_names]
        frame = bunch.data.assign(**{"class": pd.Categorical.from_codes(bunch.target, categories=pd.Index(names))})
        known = {column: unit for column in bunch.data.columns if (unit := units(column))}
        return RawTable(frame, f"scikit-learn {__version__}, {function}", truth_column="class", units=known)

    return load


_UCI: Final = "CC BY 4.0"
_REGISTERED: Final[tuple[tuple[DatasetSummary, Loader], ...]] = (
    (
        DatasetSummary(
            "credit-card",
            "Simulated credit-card customers with known archetypes",
            8950,
            17,
            9,
            "BSD-3-Clause",
            "clusterbench's own simulator",
            simulated=True,
        ),
        _credit_card,
    ),
    (
        DatasetSummary(
            "cc-general",
            "Credit-card customers, real: Kaggle ccdata (Arjun Bhasin, 2018)",
            8950,
            17,
            0,
            "CC0 1.0",
            "CLUSTERBENCH_DATA/CC_GENERAL.csv, else OpenML 43618",
        ),
        _cc_general,
    ),
    (
        DatasetSummary("wine", "Chemical analysis of wines of three growers", 178, 13, 3, _UCI, "scikit-learn"),
        _scikit_learn("load_wine", lambda column: "% vol" if column == "alcohol" else ""),
    ),
    (
        DatasetSummary("breast-cancer", "Cell nuclei of breast masses", 569, 30, 2, _UCI, "scikit-learn"),
        _scikit_learn("load_breast_cancer", lambda column: ""),
    ),
    (
        DatasetSummary("digits", "Handwritten digits, 8 x 8 pixels", 1797, 64, 10, _UCI, "scikit-learn"),
        _scikit_learn("load_digits", lambda column: "intensity 0..16"),
    ),
    (
        DatasetSummary("iris", "Sepals and petals of three irises", 150, 4, 3, _UCI, "scikit-learn"),
        _scikit_learn("load_iris", lambda column: "cm"),
    ),
)


def list_datasets() -> tuple[DatasetSummary, ...]:
    """Return the registered datasets, in the order in which they are shown."""
    return tuple(summary for summary, _ in _REGISTERED)


def registered(name: str) -> DatasetSummary:
    """Return the summary of a registered dataset.

    Raises
    ------
    RequestError
        For an unknown name, with the nearest spelling.
    """
    return _entry(name)[0]


def load_registered(name: str, *, seed: int = 0, n_rows: int | None = None) -> RawTable:
    """Load a registered dataset; `seed` and `n_rows` matter to simulated ones only."""
    return _entry(name)[1](seed, n_rows)


def _entry(name: str) -> tuple[DatasetSummary, Loader]:
    for entry in _REGISTERED:
        if entry[0].name == name:
            return entry
    raise unknown("dataset", name, [summary.name for summary, _ in _REGISTERED])
