"""The entries of one board: their cells per seed, their mean scores, and the axes of the ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from clusterbench.ranking.calibration import smaller_z
from clusterbench.ranking.candidates import Candidates, DrawnChoices
from clusterbench.ranking.k_selection import Choice, end_of_range
from clusterbench.ranking.order_rules import ranked_axes
from clusterbench.ranking.ranks import Axis
from clusterbench.ranking.rules import KPolicy
from clusterbench.ranking.score_matrix import Matrix
from clusterbench.statuses import CellStatus
from clusterbench.tables import CUT_KEY, ENTRY_IDENTITY, ENTRY_KEY, OVERALL, Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one board, E of them, with S seeds at most, M ranked axes and D draws."""

    dataset: str
    oracle: bool  # whether k was the number of known classes: such entries are ranked separately
    frame: pd.DataFrame  # E rows: dataset, algorithm, params, variant, k_policy, cut; sorted in this order
    rows: Ints  # (E, S): row in the matrix of every seed; -1 after the first n_seeds
    n_seeds: Ints  # (E,)
    axes: tuple[Axis, ...]  # length M
    observed: Floats  # (E, M): mean over all seeds; NaN if the score of any seed is missing
    z: Floats | None  # (E, R): mean z per reference column, by the generator of smaller z; NaN if one is missing
    own: Floats  # (E, O): mean own-space scores, never ranked
    stability: pd.DataFrame  # E rows: mean_ari, min_ari, mean_jaccard; NaN where not measured
    drawn: Floats  # (D, E, M): as `observed`, of the cut that was chosen in each draw; NaN where none was
    varies: Bools  # (E,): whether draws say how it would vary: it is a contender, and none of its fits to a draw failed
    at_end: list[str]  # "smallest" or "largest" where its k is that end of those that were run, else ""
    contender: Bools  # (E,): False for controls
    missing: list[str]  # what is missing and why, "" where nothing is
    duplicate_of: Ints  # (E,): first entry with the same labels in every seed, possibly itself
    alternatives: Mapping[str, Floats] = field(default_factory=dict)  # `observed` under each other noise policy

    def __len__(self) -> int:
        return len(self.frame)


def gather(candidates: Candidates, alternatives: Mapping[str, Floats]) -> list[Entries]:
    """Return the ranked entries: per dataset those without the true k, then those with it.

    `alternatives` are the scores of the matrix under other noise policies.
    """
    chosen = [choice for choice in candidates.choices if choice.status is CellStatus.OK]
    cells, first = candidates.matrix.cells, candidates.cuts.start[np.array([c.cut for c in chosen], dtype=np.int64)]
    datasets = cells["dataset"].to_numpy()[first]
    oracle = np.array([choice.policy is KPolicy.ORACLE for choice in chosen], dtype=bool)
    random = candidates.random
    z = None if random is None else smaller_z(candidates.matrix, random, candidates.spec.facts)
    pools = []
    for dataset in pd.unique(cells["dataset"]):
        for with_true_k in (False, True):
            members = [chosen[i] for i in np.flatnonzero((datasets == dataset) & (oracle == with_true_k))]
            if members:
                pools.append(_pool(candidates, members, dataset, z, alternatives))
    return pools


def _pool(
    candidates: Candidates,
    members: list[Choice],
    dataset: str,
    z: Floats | None,
    alternatives: Mapping[str, Floats],
) -> Entries:
    matrix, cuts, spec = candidates.matrix, candidates.cuts, candidates.spec
    stability = candidates.stability
    chosen = np.array([choice.cut for choice in members])
    rows, n_seeds = _passing_rows(matrix, cuts.start[chosen], cuts.stop[chosen])
    frame = matrix.cells.iloc[rows[:, 0]][CUT_KEY].reset_index(drop=True)
    frame["k_policy"] = [str(choice.policy) for choice in members]
    contender = ~frame["algorithm"].isin(spec.controls).to_numpy(dtype=bool)
    measured = pd.DataFrame({"mean_ari": stability.mean, "min_ari": stability.least, "mean_jaccard": stability.jaccard})
    measured = measured.iloc[chosen].reset_index(drop=True)
    unstable = [stability.reasons.get(cut, "not measured") for cut in chosen.tolist()]
    has_stability = bool(measured["mean_ari"].notna().any())
    axes = ranked_axes(spec, dataset)[: None if has_stability else -1]
    columns = [matrix.position[axis.metric, axis.space] for axis in axes if axis.space]
    stable = measured[["mean_ari"]].to_numpy()[:, : len(axes) - len(columns)]

    def ranked_scores(values: Floats) -> Floats:
        return np.column_stack([seed_mean(values[:, columns], rows), stable])

    observed = ranked_scores(matrix.scores)
    drawn = [_drawn_scores(one, members, columns, with_stability=has_stability) for one in candidates.drawn]
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
        drawn=np.array(drawn).reshape(len(drawn), len(members), len(axes)),
        varies=contender & np.array([cut not in stability.reasons for cut in chosen.tolist()]),
        at_end=[end_of_range(matrix, cuts, cut) for cut in chosen.tolist()],
        contender=contender,
        missing=[_missing(matrix, rows[e], columns, axes, observed[e], unstable[e]) for e in range(len(frame))],
        duplicate_of=find_duplicates(matrix, rows),
        alternatives={policy: ranked_scores(values) for policy, values in alternatives.items()},
    )


def _passing_rows(matrix: Matrix, start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Return the rows of each cut that pass the gate, shape (E, S), padded by -1, and their number, shape (E,).

    Those are all rows, except of a control.
    """
    rows_of = [np.arange(a, b)[matrix.ok[a:b]] for a, b in zip(start.tolist(), stop.tolist(), strict=True)]
    n_seeds = np.array([len(rows) for rows in rows_of], dtype=np.int64)
    padded = np.full((len(rows_of), int(n_seeds.max())), -1, dtype=np.int64)
    for e, rows in enumerate(rows_of):
        padded[e, : len(rows)] = rows
    return padded, n_seeds


def _drawn_scores(
    drawn: DrawnChoices, members: Sequence[Choice], columns: list[int], *, with_stability: bool
) -> Floats:
    """Return the scores in one draw of the cut that each member has there, shape (E, M)."""
    cuts = np.array([drawn.chosen[member.policy][member.entry] for member in members])
    stable = drawn.agreement[:, None][:, : int(with_stability)]
    return np.where(cuts[:, None] >= 0, np.column_stack([drawn.scores[:, columns], stable])[cuts], np.nan)


def seed_mean(values: Floats, rows: Ints) -> Floats:
    """Return the mean over seeds of the matrix rows of each entry, shape (E, M); NaN if that of a seed is missing."""
    total = np.zeros((len(rows), values.shape[1]))
    for seed in rows.T:
        total += np.where((seed >= 0)[:, None], values[seed], 0.0)
    return np.asarray(total / (rows >= 0).sum(axis=1)[:, None])


def find_duplicates(matrix: Matrix, rows: Ints) -> Ints:
    """Return for every entry the first one with equal labels in every seed; without a hash nothing is equal."""
    hashes = matrix.cells["labels_sha256"].iloc[rows.ravel()].to_numpy(dtype=object).reshape(rows.shape)
    seen: dict[tuple[str, ...], int] = {}
    first = np.arange(len(rows))
    for e, exists in enumerate(rows >= 0):
        labels = tuple(hashes[e, exists])
        if all(isinstance(name, str) and name for name in labels):
            # A deterministic entry that is run once equals one with the same labels for every seed.
            first[e] = seen.setdefault(labels[:1] if len(set(labels)) == 1 else labels, e)
    return first


def _missing(
    matrix: Matrix, rows: Ints, columns: list[int], axes: Sequence[Axis], observed: Floats, unstable: str
) -> str:
    flags = []
    for j in np.flatnonzero(np.isnan(observed)):
        reason = unstable
        if j < len(columns):
            missing = [row for row in rows if row >= 0 and np.isnan(matrix.scores[row, columns[j]])]
            reason = matrix.reason(int(missing[0]), columns[j])
        flags.append(f"{axes[j].name}: {reason}")
    return "; ".join(flags)


def overall_entries(pools: Sequence[Entries], matrix: Matrix) -> Entries | None:
    """Join the boards of all datasets: one entry per (algorithm, params, variant, k policy) run in all of them.

    An entry that is rejected in a dataset is missing there: it ranks last in that dataset and is flagged. `pools` are
    the entries of each dataset, without those with the true k; `matrix` has all cells, whatever their status. None if
    no entry was run in every dataset.
    """
    names = _run_everywhere(pools, matrix)
    if names.empty:
        return None
    index = pd.MultiIndex.from_frame(names)
    places = [pd.MultiIndex.from_frame(pool.frame[ENTRY_IDENTITY]).get_indexer(index) for pool in pools]
    pairs = list(zip(pools, places, strict=True))
    has_z, stability = all(pool.z is not None for pool in pools), [_take(p.stability.to_numpy(), at) for p, at in pairs]
    return Entries(
        dataset=OVERALL,
        oracle=False,
        frame=names.assign(dataset=OVERALL, cut=None)[[*ENTRY_KEY, "cut", "k_policy"]],
        rows=np.full((len(names), 0), -1),
        n_seeds=np.zeros(len(names), dtype=np.int64),
        axes=tuple(axis for pool in pools for axis in pool.axes),
        observed=np.column_stack([_take(p.observed, at) for p, at in pairs]),
        z=np.column_stack([_take(p.z, at) for p, at in pairs if p.z is not None]) if has_z else None,
        own=np.empty((len(names), 0)),
        stability=pd.DataFrame(np.mean(stability, axis=0), columns=pools[0].stability.columns),
        drawn=_join_draws(pools, places),
        varies=np.all([(at >= 0) & p.varies[at] for p, at in pairs], axis=0),
        at_end=[""] * len(names),
        contender=np.all([(at < 0) | p.contender[at] for p, at in pairs], axis=0),
        missing=_missing_overall(pools, places, len(names)),
        duplicate_of=_common_duplicates(pools, places, len(names)),
        alternatives={
            policy: np.column_stack([_take(p.alternatives[policy], at) for p, at in pairs])
            for policy in pools[0].alternatives
        },
    )


def _run_everywhere(pools: Sequence[Entries], matrix: Matrix) -> pd.DataFrame:
    """Return the keys of the entries that are ranked in some dataset and were run in all of them, sorted."""
    run, setting = matrix.cells[ENTRY_KEY].drop_duplicates(), ENTRY_KEY[1:]
    n_datasets = run.groupby(setting, dropna=False).size()
    everywhere = n_datasets[n_datasets == run["dataset"].nunique()].index
    names = pd.concat([pool.frame[ENTRY_IDENTITY] for pool in pools], ignore_index=True).drop_duplicates()
    names = names[pd.MultiIndex.from_frame(names[setting]).isin(everywhere)]
    return names.sort_values(ENTRY_IDENTITY).reset_index(drop=True)


def _join_draws(pools: Sequence[Entries], places: Sequence[Ints]) -> Floats:
    """Join the draws of several datasets by their numbers, as many as all of them have."""
    n_draws = min(len(pool.drawn) for pool in pools)
    parts = [np.where(at[:, None] >= 0, p.drawn[:n_draws, at], np.nan) for p, at in zip(pools, places, strict=True)]
    return np.concatenate(parts, axis=2)


def _take(values: Floats, at: Ints) -> Floats:
    return np.where(at[:, None] >= 0, values[at], np.nan)


def _missing_overall(pools: Sequence[Entries], places: Sequence[Ints], n: int) -> list[str]:
    flags: list[list[str]] = [[] for _ in range(n)]
    for pool, at in zip(pools, places, strict=True):
        for e, position in enumerate(at.tolist()):
            missing = "no rank there" if position < 0 else pool.missing[position]
            flags[e] += [f"{pool.dataset}: {missing}"] if missing else []
    return ["; ".join(parts) for parts in flags]


def _common_duplicates(pools: Sequence[Entries], places: Sequence[Ints], n: int) -> Ints:
    """Return for every entry the first one that is its duplicate, or missing like it, in every dataset."""
    groups = np.column_stack([np.where(at >= 0, p.duplicate_of[at], -1) for p, at in zip(pools, places, strict=True)])
    seen: dict[tuple[int, ...], int] = {}
    return np.array([seen.setdefault(tuple(row.tolist()), e) for e, row in enumerate(groups)], dtype=np.int64)
