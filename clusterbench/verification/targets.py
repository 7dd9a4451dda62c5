"""Find rows of a stored run by a rank, by the start of a hash, or by name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError, did_you_mean
from clusterbench.naming import parameter_pairs
from clusterbench.results import Manifest, RunRecord, read_record, read_run
from clusterbench.results.run_tables import cells_table
from clusterbench.statuses import CellStatus
from clusterbench.store import Store
from clusterbench.tables import OVERALL

ALLOWED = (
    "a rank such as 1, at least 6 hexadecimal digits of a labels hash, algorithm/variant/k, or"
    " dataset/algorithm/variant/k/PARAMETER=VALUE,..."
)
_RANK = re.compile(r"#(\d+)|(\d{1,5})")
_HASH = re.compile(r"[0-9a-fA-F]{6,64}")


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Rows of a stored run.

    Attributes
    ----------
    benchmark : str
        Name in the store.
    record : RunRecord
    manifest : Manifest
    cells : DataFrame
        Its rows of `cells_table`: one per cell that was run.
    """

    benchmark: str
    record: RunRecord
    manifest: Manifest
    cells: pd.DataFrame


def find_target(store: Store, target: str, benchmark: str | None = None) -> Target:
    """Find rows in a store.

    Parameters
    ----------
    store : Store
    target : str
        ``1`` or ``#1``: the entries of that rank on the first board of the leaderboard, with all their seeds (an entry
        of the board over all datasets: in each dataset). At least six hexadecimal digits: every row whose labels hash
        starts so. ``algorithm/variant/k`` or ``dataset/algorithm/variant/k``, with the value of another cut instead of
        k: every row of that name; followed by ``/name=value,...``, only those with these parameters.
    benchmark : str, optional
        Name in the store. Default: for a rank the latest run, else the latest with such a row; runs of a part of a
        benchmark come last.

    Raises
    ------
    RequestError
        If the target has no known form, matches nothing or more than one labeling, or its rows were skipped.
    """
    names = _whole_first(store) if benchmark is None else [benchmark]
    if not names:
        raise RequestError("there is no run in this store", where=target, allowed="the results folder of a run")
    rank = _RANK.fullmatch(target)
    for name in names[:1] if rank else names:
        record, manifest = read_record(store, name)
        if rank:
            cells = _by_rank(store, name, int(rank[1] or rank[2]))
        else:
            cells = _by_name_or_hash(cells_table(store, name, record), target)
        if len(cells):
            return Target(name, record, manifest, _run(cells, target))
    raise _no_match(store, target, names[0])


def entry_target(cells: pd.DataFrame, row: Mapping[str, Any]) -> str:
    """Return the target of one cut of one setting, with all its seeds.

    Parameters
    ----------
    cells : DataFrame
        All cells of the run.
    row : mapping
        With dataset, algorithm, params, variant and cut.
    """
    name = "/".join(str(row[part]) for part in ("dataset", "algorithm", "variant"))
    settings = cells.loc[cells["algorithm"] == row["algorithm"], "params"].unique()
    own = parameter_pairs(row["params"])
    others = [set(parameter_pairs(text)) for text in settings if text != row["params"]]
    telling = [pair for pair in own if not all(pair in other for other in others)]
    # A setting that lacks a parameter of another one differs from it only by the whole of its parameters.
    params = row["params"] if any(set(telling) <= other for other in others) else ",".join(telling)
    return f"{name}/{_cut(row['cut'])}" + (f"/{params}" if params else "")


def _whole_first(store: Store) -> list[str]:
    """Return the benchmarks, the latest first, and parts of benchmarks after whole ones."""
    return sorted(store.benchmarks(), key=lambda name: bool(read_record(store, name)[0].selection))


def _by_rank(store: Store, name: str, rank: int) -> pd.DataFrame:
    run = read_run(store, name)
    table = run.board.table
    first = table.merge(table[["dataset", "oracle"]].iloc[:1], on=["dataset", "oracle"])
    chosen = first[first["rank"] == rank]
    if chosen.empty:
        ranks = sorted({int(value) for value in first["rank"]})
        raise RequestError(
            f"no entry has rank {rank}",
            where=f"leaderboard of {name}",
            allowed=", ".join(map(str, ranks)) or "none: nothing could be ranked",
        )
    if chosen["dataset"].iloc[0] == OVERALL:
        keys = ["algorithm", "params", "variant", "k_policy"]
        chosen = table[table["dataset"] != OVERALL].merge(chosen[keys], on=keys)
    keys = ["dataset", "algorithm", "params", "variant", "cut"]
    return run.cells.merge(chosen[keys].drop_duplicates(), on=keys)


def _by_name_or_hash(cells: pd.DataFrame, target: str) -> pd.DataFrame:
    if _HASH.fullmatch(target):
        fits = cells["labels_sha256"].str.startswith(target.lower(), na=False).astype(bool)
        hashes = cells.loc[fits, "labels_sha256"].unique()
        if len(hashes) > 1:
            raise RequestError(f"more than one labeling starts with {target!r}", allowed="more digits")
        return cells[fits]
    if "/" not in target:
        raise RequestError(f"{target!r} names no row of a run", allowed=ALLOWED)
    named = [
        any(_fits(target, name, params) for name in (short, f"{dataset}/{short}"))
        for short, dataset, params in zip(_names(cells), cells["dataset"], cells["params"], strict=True)
    ]
    return cells[np.array(named, dtype=bool)]


def _fits(target: str, name: str, params: str) -> bool:
    """Return whether a target is a name, or a name with some of its parameters."""
    rest = target.removeprefix(f"{name}/")
    if rest == target:
        return target == name
    if rest == params:
        return True
    rest += ","
    for pair in parameter_pairs(params):  # a value may contain a comma, so the text cannot be split
        rest = rest.removeprefix(f"{pair},")
    return not rest


def _names(cells: pd.DataFrame) -> list[str]:
    return [
        f"{algorithm}/{variant}/{_cut(cut)}"
        for algorithm, variant, cut in cells[["algorithm", "variant", "cut"]].itertuples(index=False)
    ]


def _cut(text: str) -> str:
    return ",".join(str(value) for value in json.loads(text).values())


def _run(cells: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the cells that were run; skipped ones cannot be fitted again."""
    run = cells[cells["status"] != CellStatus.SKIPPED.value]
    if run.empty:
        raise RequestError(f"this row was skipped: {cells['reason'].iloc[0]}", where=target, allowed="a row that ran")
    return run.reset_index(drop=True)


def _no_match(store: Store, target: str, name: str) -> RequestError:
    record, _ = read_record(store, name)
    hint = "" if _HASH.fullmatch(target) else did_you_mean(target, _names(cells_table(store, name, record)))
    return RequestError(f"no row of {name} matches {target!r}{hint}", allowed=ALLOWED)
