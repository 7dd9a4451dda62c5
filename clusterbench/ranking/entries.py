"""The competitors of one board: their cells per seed, their mean scores, and the axes they are ranked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from clusterbench.metrics import Direction
from clusterbench.ranking.k_selection import Choice, Cuts
from clusterbench.ranking.ranks import Axis
from clusterbench.ranking.rules import KPolicy, RankingSpec
from clusterbench.ranking.score_matrix import Matrix
from clusterbench.ranking.stability_scores import mean_stability, refits_of, stability_of, stability_reasons
from clusterbench.statuses import CellStatus
from clusterbench.tables import CUT_KEY, ENTRY_KEY, OVERALL, STABILITY, Bools, Floats, Ints

IDENTITY = [*ENTRY_KEY, "k_policy"]


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one board, E of them.

    Attributes
    ----------
    dataset : str
    oracle : bool
        Whether the entries were told the true k: they are ranked apart.
    frame : DataFrame, E rows
        dataset, algorithm, params, variant, k_policy, cut; in the order of these names.
    rows : ndarray of int, shape (E, S)
        Row in the matrix of every seed, -1 where there is none (a column always has the first n_seeds filled).
    n_seeds : ndarray of int, shape (E,)
    axes : tuple of Axis, length M
    observed : ndarray, shape (E, M)
        Mean over all seeds; NaN if the score of any seed is missing.
    z : ndarray, shape (E, R) or None
        Mean z per reference column, NaN if one is missing.
    own : ndarray, shape (E, O)
        Mean own-space scores, never ranked.
    stability : DataFrame, E rows
        mean_ari, min_ari, mean_jaccard; NaN where not measured.
    refits : ndarray, shape (E, F)
        Adjusted Rand index of every refit, of which mean_ari is the mean; F = 0 where only the mean is known.
    contender : ndarray of bool, shape (E,)
        False for controls.
    missing : list of str, length E
        What is missing and why, "" where nothing is.
    duplicate_of : ndarray of int, shape (E,)
        First entry with the same labels in every seed (itself, mostly).
    alternatives : mapping of str to ndarray, shape (E, M)
        Noise policy to what `observed` would be under it.
    """

    dataset: str
    oracle: bool
    frame: pd.DataFrame
    rows: Ints
    n_seeds: Ints
    axes: tuple[Axis, ...]
    observed: Floats
    z: Floats | None
    own: Floats
    stability: pd.DataFrame
    refits: Floats
    contender: Bools
    missing: list[str]
    duplicate_of: Ints
    alternatives: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frame)


def gather(
    matrix: Matrix,
    cuts: Cuts,
    choices: Sequence[Choice],
    spec: RankingSpec,
    *,
    z: Floats | None,
    stability: pd.DataFrame | None,
    alternatives: Mapping[str, Floats],
) -> list[Entries]:
    """Collect the ranked entries: per dataset those that chose k blind, then those that were told it.

    `alternatives` are the scores of the matrix under other noise policies.
    """
    chosen = [choice for choice in choices if choice.status is CellStatus.OK]
    first = cuts.start[[choice.cut for choice in chosen]] if chosen else np.array([], dtype=np.int64)
    datasets = matrix.cells["dataset"].to_numpy()[first]
    oracle = np.array([choice.policy is KPolicy.ORACLE for choice in chosen], dtype=bool)
    pools = []
    for dataset in pd.unique(matrix.cells["dataset"]):
        for told in (False, True):
            mine = np.flatnonzero((datasets == dataset) & (oracle == told))
            if len(mine):
                members = [chosen[i] for i in mine]
                pools.append(_pool(matrix, cuts, members, spec, dataset, z, stability, alternatives))
    return pools


def _pool(
    matrix: Matrix,
    cuts: Cuts,
    members: list[Choice],
    spec: RankingSpec,
    dataset: str,
    z: Floats | None,
    stability: pd.DataFrame | None,
    alternatives: Mapping[str, Floats],
) -> Entries:
    chosen = np.array([choice.cut for choice in members])
    start, stop = cuts.start[chosen], cuts.stop[chosen]
    n_seeds = stop - start
    steps = np.arange(int(n_seeds.max()))
    rows = np.where(steps < n_seeds[:, None], start[:, None] + steps, -1)
    frame = matrix.cells.iloc[start][CUT_KEY].reset_index(drop=True)
    frame["k_policy"] = [str(choice.policy) for choice in members]
    contender = ~frame["algorithm"].isin(spec.controls).to_numpy(dtype=bool)
    measured = stability_of(frame, stability)
    unstable = stability_reasons(frame, stability)
    axes, columns = ranked_axes(matrix, spec, dataset, measured)
    stable = measured[["mean_ari"]].to_numpy()[:, : len(axes) - len(columns)]

    def ranked_scores(values: Floats) -> Floats:
        return np.column_stack([seed_mean(values[:, columns], rows), stable])

    observed = ranked_scores(matrix.scores)
    return Entries(
        dataset=dataset,
        oracle=members[0].policy is KPolicy.ORACLE,
        frame=frame,
        rows=rows,
        n_seeds=n_seeds,
        axes=axes,
        observed=observed,
        z=None if z is None else seed_mean(z[:, columns], rows),
        own=seed_mean(matrix.scores[:, matrix.n_reference :], rows),
        stability=measured,
        refits=refits_of(frame, stability),
        contender=contender,
        missing=[_missing(matrix, rows[e], columns, axes, observed[e], unstable[e]) for e in range(len(frame))],
        duplicate_of=find_duplicates(matrix, rows),
        alternatives={policy: ranked_scores(values) for policy, values in alternatives.items()},
    )


def ranked_axes(
    matrix: Matrix, spec: RankingSpec, dataset: str, measured: pd.DataFrame
) -> tuple[tuple[Axis, ...], list[int]]:
    """Return the axes of a board and the matrix columns of all but the stability axis, which is last."""
    axes, columns = [], []
    for metric in spec.metric_list:
        for space in spec.reference_spaces:
            axes.append(Axis(dataset, metric.name, space, metric.family, metric.direction, metric.digits))
            columns.append(matrix.position[(metric.name, space)])
    if bool(measured["mean_ari"].notna().any()):
        axes.append(Axis(dataset, STABILITY, "", STABILITY, Direction.HIGHER, 6))
    return tuple(axes), columns


def seed_mean(values: Floats, rows: Ints) -> Floats:
    """Return the mean over seeds of the matrix rows of each entry, shape (E, M); NaN if any seed's is missing."""
    padded = np.vstack([values, np.zeros((1, values.shape[1]))])
    total = np.zeros((len(rows), values.shape[1]))
    for s in range(rows.shape[1]):
        total += padded[rows[:, s]]
    return np.asarray(total / (rows >= 0).sum(axis=1)[:, None])


def find_duplicates(matrix: Matrix, rows: Ints) -> Ints:
    """Return for every entry the first one with equal labels in every seed; labels without a hash equal nothing."""
    hashes = matrix.cells["labels_sha256"].to_numpy(dtype=object)
    seen: dict[tuple[str, ...], int] = {}
    first = np.arange(len(rows))
    for e, mine in enumerate(rows):
        found = tuple(hashes[row] for row in mine if row >= 0)
        if all(isinstance(name, str) and name for name in found):
            # A deterministic entry run once equals one that found the same labels with every seed.
            key = found[:1] if len(set(found)) == 1 else found
            first[e] = seen.setdefault(key, e)
    return first


def _missing(
    matrix: Matrix, rows: Ints, columns: list[int], axes: Sequence[Axis], observed: Floats, unstable: str
) -> str:
    complaints = []
    for j in np.flatnonzero(np.isnan(observed)):
        reason = unstable
        if j < len(columns):
            lost = [row for row in rows if row >= 0 and np.isnan(matrix.scores[row, columns[j]])]
            reason = matrix.reason(int(lost[0]), columns[j])
        complaints.append(f"{axes[j].name}: {reason}")
    return "; ".join(complaints)


def overall_entries(pools: Sequence[Entries], everywhere: pd.MultiIndex) -> tuple[Entries, list[Ints]] | None:
    """Join the boards of all datasets: one entry per (algorithm, params, variant, k policy) run in all of them.

    An entry that a dataset's gate rejected is missing there, so it ranks last in that dataset and is flagged.

    Parameters
    ----------
    pools : sequence of Entries
        Those that chose k blind, one per dataset.
    everywhere : MultiIndex of (algorithm, params, variant)
        What was run in every dataset.

    Returns
    -------
    Entries and, per dataset, the place of every entry in that dataset's board (-1: no rank there); None if no entry
    was run everywhere.
    """
    key = [name for name in IDENTITY if name != "dataset"]
    names = pd.concat([pool.frame[key] for pool in pools], ignore_index=True).drop_duplicates()
    names = names[pd.MultiIndex.from_frame(names[key[:3]]).isin(everywhere)].sort_values(key).reset_index(drop=True)
    if names.empty:
        return None
    index = pd.MultiIndex.from_frame(names)
    places = [pd.MultiIndex.from_frame(pool.frame[key]).get_indexer(index) for pool in pools]
    observed = np.column_stack([_take(p.observed, at) for p, at in zip(pools, places, strict=True)])
    contenders = np.column_stack(
        [np.where(at >= 0, p.contender[at], True) for p, at in zip(pools, places, strict=True)]
    )
    z = None
    if all(pool.z is not None for pool in pools):
        z = np.column_stack([_take(p.z, at) for p, at in zip(pools, places, strict=True) if p.z is not None])
    frame = names.assign(dataset=OVERALL, cut=None)[[*ENTRY_KEY, "cut", "k_policy"]]
    joined = Entries(
        dataset=OVERALL,
        oracle=False,
        frame=frame,
        rows=np.full((len(names), 0), -1),
        n_seeds=np.zeros(len(names), dtype=np.int64),
        axes=tuple(axis for pool in pools for axis in pool.axes),
        observed=observed,
        z=z,
        own=np.empty((len(names), 0)),
        stability=mean_stability([_take(p.stability.to_numpy(), at) for p, at in zip(pools, places, strict=True)]),
        refits=np.empty((len(names), 0)),
        contender=contenders.all(axis=1),
        missing=_missing_overall(pools, places, len(names)),
        duplicate_of=_common_duplicates(pools, places, len(names)),
        alternatives={
            policy: np.column_stack([_take(p.alternatives[policy], at) for p, at in zip(pools, places, strict=True)])
            for policy in pools[0].alternatives
        },
    )
    return joined, places


def _take(values: Floats, at: Ints) -> Floats:
    return np.where(at[:, None] >= 0, values[at], np.nan)


def _missing_overall(pools: Sequence[Entries], places: Sequence[Ints], n: int) -> list[str]:
    complaints: list[list[str]] = [[] for _ in range(n)]
    for pool, at in zip(pools, places, strict=True):
        for e in range(n):
            if at[e] < 0:
                complaints[e].append(f"{pool.dataset}: no rank there")
            elif pool.missing[at[e]]:
                complaints[e].append(f"{pool.dataset}: {pool.missing[at[e]]}")
    return ["; ".join(parts) for parts in complaints]


def _common_duplicates(pools: Sequence[Entries], places: Sequence[Ints], n: int) -> Ints:
    """Entries are duplicates overall if they are duplicates, or both missing, in every dataset."""
    groups = np.column_stack([np.where(at >= 0, p.duplicate_of[at], -1) for p, at in zip(pools, places, strict=True)])
    seen: dict[tuple[int, ...], int] = {}
    return np.array([seen.setdefault(tuple(row.tolist()), e) for e, row in enumerate(groups)], dtype=np.int64)
