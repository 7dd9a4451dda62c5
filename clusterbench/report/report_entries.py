"""The entries of a leaderboard with all that a page tells about them."""

from __future__ import annotations

import hashlib
import json
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from clusterbench.report.printed import NOTHING, is_nothing, plain_value, readable
from clusterbench.results import Run
from clusterbench.tables import OVERALL

_IDENTITY = ("dataset", "algorithm", "params", "variant")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One row of the leaderboard.

    Attributes
    ----------
    row : mapping
        The row, by the names of the leaderboard's columns.
    name : str
        The algorithm, with those parameters that tell it from its siblings.
    label : str
        Name, variant and k in one line.
    anchor : str
        Its id on the page.
    cells, scores : DataFrame
        Of the chosen cut, one cell per seed; empty on the board over all datasets.
    """

    row: Mapping[str, Any]
    name: str
    label: str
    anchor: str
    cells: pd.DataFrame
    scores: pd.DataFrame

    @property
    def variant(self) -> str:
        return readable(self.row["variant"])

    @property
    def rank(self) -> int:
        return int(self.row["rank"])

    @property
    def mean_rank(self) -> float:
        return float(self.row["mean_rank"])

    @property
    def fit_seconds(self) -> float:
        return _number(self.row["fit_seconds"])

    @property
    def stability(self) -> float:
        return _number(self.row["stability"])

    @property
    def pareto(self) -> bool:
        return bool(self.row["pareto"])

    @property
    def control(self) -> bool:
        return bool(self.row["control"])

    @property
    def oracle(self) -> bool:
        return bool(self.row["oracle"])

    @property
    def rank_low(self) -> float:
        return _number(self.row["rank_low"])

    @property
    def rank_high(self) -> float:
        return _number(self.row["rank_high"])

    @property
    def has_interval(self) -> bool:
        return math.isfinite(self.rank_low) and math.isfinite(self.rank_high)

    @property
    def interval(self) -> str:
        """The rank interval in words: ``1 to 3``."""
        return f"{self.rank_low:.0f} to {self.rank_high:.0f}" if self.has_interval else NOTHING

    @property
    def badges(self) -> tuple[str, ...]:
        """Marks of a row, in words."""
        marks = {"control": "control", "oracle": "oracle", "pareto": "Pareto", "flags": "incomplete"}
        return tuple(word for name, word in marks.items() if not is_nothing(self.row[name]) and self.row[name])

    @property
    def marks(self) -> str:
        return ", ".join(self.badges)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows per cluster with the first seed, largest first."""
        return tuple(self.cells["sizes"].iloc[0]) if len(self.cells) else ()

    @property
    def n_noise(self) -> int:
        """Rows in no cluster with the first seed."""
        return int(self.cells["n_rows"].iloc[0]) - sum(self.sizes) if len(self.cells) else 0


class Groups:
    """The rows of a frame by some of its columns; a group is cut out when it is asked for."""

    def __init__(self, frame: pd.DataFrame, by: Sequence[str]) -> None:
        self._frame = frame
        found: Mapping[Any, Any] = frame.groupby(list(by), sort=False).indices
        self._at = {tuple(map(str, key)): rows for key, rows in found.items()}

    def get(self, key: Sequence[object]) -> pd.DataFrame | None:
        """Return the rows of a group in their order, or None."""
        rows = self._at.get(tuple(map(str, key)))
        return None if rows is None else self._frame.iloc[rows]

    def __contains__(self, key: Sequence[object]) -> bool:
        return tuple(map(str, key)) in self._at


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """One board of the leaderboard: the entries of one dataset (or over all), blind or told the true k."""

    dataset: str
    oracle: bool
    entries: tuple[Entry, ...]

    @property
    def overall(self) -> bool:
        return self.dataset == OVERALL

    @property
    def title(self) -> str:
        place = "all datasets" if self.overall else readable(self.dataset)
        return f"{place}, told the true k" if self.oracle else place


def sections_of(run: Run) -> list[Section]:
    """Return the boards of a run, in the order of the leaderboard.

    A dataset on which nothing could be ranked has a board without entries, the last.
    """
    names = EntryNames.of(run)
    cells = Groups(run.cells, [*_IDENTITY, "cut"])
    scores = Groups(run.scores, [*_IDENTITY, "cut"])
    boards: dict[tuple[str, bool], list[Entry]] = {}
    for row in run.board.table.to_dict("records"):
        key = tuple(row[name] for name in (*_IDENTITY, "cut"))
        mine, scored = cells.get(key), scores.get(key)
        entry = Entry(
            row={str(name): value for name, value in row.items()},
            name=names.name(row["algorithm"], row["params"]),
            label=names.label(row),
            anchor=_anchor(row),
            cells=run.cells.iloc[:0] if mine is None else mine,
            scores=run.scores.iloc[:0] if scored is None else scored,
        )
        boards.setdefault((row["dataset"], bool(row["oracle"])), []).append(entry)
    for dataset in run.cells["dataset"].unique():
        boards.setdefault((str(dataset), False), [])
    return [Section(dataset, oracle, tuple(entries)) for (dataset, oracle), entries in boards.items()]


@dataclass(frozen=True, slots=True)
class EntryNames:
    """Names that are short and yet tell entries apart.

    Attributes
    ----------
    varying : mapping of str to tuple of str
        Parameters of each algorithm that differ between its settings in this run.
    several_policies : bool
        Whether k was chosen in more than one way.
    """

    varying: Mapping[str, tuple[str, ...]]
    several_policies: bool

    @classmethod
    def of(cls, run: Run) -> EntryNames:
        """Look at all settings of a run."""
        settings = run.cells[["algorithm", "params"]].drop_duplicates()
        varying = {}
        for algorithm, texts in settings.groupby("algorithm", sort=False)["params"]:
            params = [json.loads(text) for text in texts]
            keys = sorted({key for one in params for key in one})
            varying[str(algorithm)] = tuple(key for key in keys if len({plain_value(p.get(key)) for p in params}) > 1)
        policies = {policy for frame in (run.board.table, run.board.rejected) for policy in frame["k_policy"]}
        return cls(varying, len(policies) > 1)

    def name(self, algorithm: str, params: str) -> str:
        """Return ``agglomerative (linkage=ward)``, or the bare name where it stands for one setting."""
        given = json.loads(params)
        shown = [f"{key}={plain_value(given[key])}" for key in self.varying.get(algorithm, ()) if key in given]
        return readable(f"{algorithm} ({', '.join(shown)})" if shown else algorithm)

    def label(self, row: Mapping[Any, Any]) -> str:
        """Return name, variant, k and, where there are several, the policy that chose k."""
        parts = [self.name(row["algorithm"], row["params"]), readable(row["variant"])]
        if not is_nothing(row["k"]):
            parts.append(f"k={int(row['k'])}")
        if self.several_policies:
            parts.append(str(row["k_policy"]))
        return " · ".join(parts)


def benchmark_argument(run: Run) -> str:
    """Return what `clusterbench run` calls the benchmark: the name of its file."""
    return Path(str(run.record.path)).stem


def command(run: Run, row: Mapping[str, Any]) -> str:
    """Return the command that fits and scores an entry (and its siblings of the same algorithm) again."""
    conditions = {"dataset": None if row["dataset"] == OVERALL else row["dataset"]}
    conditions |= {"algorithm": row["algorithm"], "variant": row["variant"]}
    cut = {} if is_nothing(row["cut"]) else json.loads(row["cut"])
    conditions["k"] = cut.get("k")
    words = ["clusterbench", "run", benchmark_argument(run)]
    if "-quick" in run.name.removeprefix(benchmark_argument(run)):
        words.append("--quick")
    for name, value in conditions.items():
        if value is not None and not (name == "dataset" and len(run.record.datasets) == 1):
            words += ["--only", f"{name}={value}"]
    return readable(shlex.join(words))


def _anchor(row: Mapping[Any, Any]) -> str:
    key = "\x1f".join(str(row[name]) for name in (*_IDENTITY, "k_policy"))
    return f"entry-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _number(value: Any) -> float:
    return math.nan if is_nothing(value) else float(value)
