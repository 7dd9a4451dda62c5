"""Find rows of a stored run by a rank, by the start of a hash, or by name."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError, did_you_mean
from clusterbench.naming import parameter_pairs
from clusterbench.results import JobRecord, Manifest, RunRecord, read_record, read_run
from clusterbench.results.run_tables import cells_table
from clusterbench.statuses import CellStatus
from clusterbench.store import Store
from clusterbench.tables import CUT_KEY, ENTRY_IDENTITY, OVERALL

ALLOWED = (
    "a rank, at least 6 hexadecimal digits of a labels hash, or [DATASET/]ALGORITHM/VARIANT/K[/PARAMETER=VALUE,...]"
)
_RANK = re.compile(r"#(\d+)|(\d{1,5})")
_HASH = re.compile(r"[0-9a-fA-F]{6,64}")


@dataclass(frozen=True, slots=True)
class Target:
    """Rows of a stored run: jobs with those of their cuts that are meant and were run."""

    benchmark: str
    record: RunRecord
    manifest: Manifest
    jobs: tuple[JobRecord, ...]


def find_target(store: Store, target: str, benchmark: str | None = None) -> Target:
    """Return the rows of a stored run that are meant by a rank, the start of a hash, or a name.

    ``1`` or ``#1``: the entries of that rank on the first board of the leaderboard, with all their seeds (an entry of
    the board over all datasets: in each dataset). At least six hexadecimal digits: every row whose labels hash starts
    so. ``[dataset/]algorithm/variant/k``, with the value of another cut instead of k: every row of that name; followed
    by ``/name=value,...``, only those with these parameters.

    The run is that of `benchmark`; by default for a rank the latest, else the latest with such a row; runs of a part of
    a benchmark come last. RequestError if the target has no known form, matches nothing or more than one labeling, or
    its rows were skipped.
    """
    # The latest first, and parts of benchmarks after whole ones.
    latest = sorted(store.benchmarks(), key=lambda name: bool(read_record(store, name)[0].selection))
    names = latest if benchmark is None else [benchmark]
    if not names:
        raise RequestError("there is no run in this store", where=target, allowed="the results folder of a run")
    rank = _RANK.fullmatch(target)
    for name in names[:1] if rank else names:
        record, manifest = read_record(store, name)
        if rank:
            cells = _by_rank(store, name, int(rank[1] or rank[2]))
        else:
            cells = _by_name_or_hash(cells_table(store, name, record), target)
        ran = cells[cells["status"] != CellStatus.SKIPPED.value]
        if len(ran):
            return Target(name, record, manifest, tuple(_jobs(record, ran)))
        if len(cells):
            what = f"this row was skipped: {cells['reason'].iloc[0]}"
            raise RequestError(what, where=target, allowed="a row that ran")
    cells = cells_table(store, names[0], read_record(store, names[0])[0])
    hint = "" if _HASH.fullmatch(target) else did_you_mean(target, _names(cells))
    raise RequestError(f"no row of {names[0]} matches {target!r}{hint}", allowed=ALLOWED)


def _jobs(record: RunRecord, cells: pd.DataFrame) -> Iterator[JobRecord]:
    rows = cells[["dataset", "variant", "algorithm", "params", "job_key"]].itertuples(index=False, name=None)
    wanted = set(zip(rows, cells["cut"], strict=True))
    for job in record.jobs:
        identity = (job.dataset, job.variant, job.algorithm, job.params, job.key)
        cuts = tuple(cut for cut in job.cuts if (identity, cut) in wanted)
        if cuts:
            yield replace(job, cuts=cuts)


def entry_target(cells: pd.DataFrame, row: Mapping[str, str]) -> str:
    """Return the target of one cut of one setting, with all its seeds.

    `cells` are all cells of the run, `row` has dataset, algorithm, params, variant and cut.
    """
    name = "/".join(str(row[part]) for part in ("dataset", "algorithm", "variant"))
    settings = cells.loc[cells["algorithm"] == row["algorithm"], "params"].unique()
    own = parameter_pairs(row["params"])
    others = [set(parameter_pairs(text)) for text in settings if text != row["params"]]
    telling = [pair for pair in own if not all(pair in other for other in others)]
    # A setting that lacks a parameter of another one differs from it only by the whole of its parameters.
    params = row["params"] if any(set(telling) <= other for other in others) else ",".join(telling)
    return f"{name}/{_cut(row['cut'])}" + (f"/{params}" if params else "")


def _by_rank(store: Store, name: str, rank: int) -> pd.DataFrame:
    run = read_run(store, name)
    table = run.board.table
    first = table.merge(table[["dataset", "oracle"]].iloc[:1], on=["dataset", "oracle"])
    chosen = first[first["rank"] == rank]
    if chosen.empty:
        ranks = sorted({int(value) for value in first["rank"]})
        allowed = ", ".join(map(str, ranks)) or "none: nothing could be ranked"
        raise RequestError(f"no entry has rank {rank}", where=f"leaderboard of {name}", allowed=allowed)
    if chosen["dataset"].iloc[0] == OVERALL:
        chosen = table[table["dataset"] != OVERALL].merge(chosen[ENTRY_IDENTITY], on=ENTRY_IDENTITY)
    return run.cells.merge(chosen[CUT_KEY].drop_duplicates(), on=CUT_KEY)


def _by_name_or_hash(cells: pd.DataFrame, target: str) -> pd.DataFrame:
    if _HASH.fullmatch(target):
        matches = cells[cells["labels_sha256"].str.startswith(target.lower(), na=False).astype(bool)]
        if len(set(matches["labels_sha256"])) > 1:
            raise RequestError(f"more than one labeling starts with {target!r}", allowed="more digits")
        return matches
    if "/" not in target:
        raise RequestError(f"{target!r} names no row of a run", allowed=ALLOWED)
    rows = zip(_names(cells), cells["dataset"], cells["params"], strict=True)
    named = [any(_matches(target, name, text) for name in (short, f"{data}/{short}")) for short, data, text in rows]
    return cells[np.array(named, dtype=bool)]


def _matches(target: str, name: str, params: str) -> bool:
    """Return whether a target is a name, or a name with some of its parameters."""
    rest = target.removeprefix(f"{name}/")
    if rest in (target, params):
        return target == name or rest != target
    rest += ","
    for pair in parameter_pairs(params):  # a value may contain a comma, so the text cannot be split
        rest = rest.removeprefix(f"{pair},")
    return not rest


def _names(cells: pd.DataFrame) -> list[str]:
    columns = (cells[name] for name in ("algorithm", "variant", "cut"))
    return [f"{algorithm}/{variant}/{_cut(cut)}" for algorithm, variant, cut in zip(*columns, strict=True)]


def _cut(text: str) -> str:
    return ",".join(str(value) for value in json.loads(text).values())
