"""The choice of a cut for every entry by the k policy, among the cuts that pass the gate with every seed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

import numpy as np

from clusterbench.ranking.calibration import Baselines
from clusterbench.ranking.order_rules import cut_scores, ranked_axes
from clusterbench.ranking.rules import KPolicy, RankingSpec
from clusterbench.ranking.score_matrix import Matrix
from clusterbench.statuses import WITHOUT_LABELS, CellStatus
from clusterbench.tables import STABILITY, Bools, Floats, Ints

_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Cuts:
    """The K cuts of all entries, summarised over seeds: arrays (K,)."""

    start: Ints  # first row of the cut in the matrix, which has one per seed
    stop: Ints  # row after the last
    entry: Ints
    passes: Bools  # whether the status is ``ok`` with every seed of the entry
    silhouette: Floats  # mean over seeds and reference spaces; NaN where one is missing
    z: Floats  # mean over seeds, reference spaces and metrics; NaN where one is missing
    score: Floats  # as `cut_scores` gives it; -inf where a part is missing or no score is declared
    stability: Floats  # mean adjusted Rand index over draws (in a draw, that of the draw); NaN where it is not known
    fewest: Floats  # smallest number of clusters over the seeds
    most: Floats  # largest


@dataclass(frozen=True, slots=True)
class Choice:
    """The cut of one entry by one policy; if `status` is not ``ok``, `cut` is shown beside the reason, not chosen."""

    entry: int
    policy: KPolicy
    cut: int
    status: CellStatus
    reason: str


def describe_cuts(matrix: Matrix, z: Floats | None, stability: Floats, spec: RankingSpec) -> Cuts:
    """Summarise every cut over its seeds; that of a control over the seeds that pass the gate."""
    n = len(matrix.cells)
    start = matrix.cut_start
    stop = np.append(start[1:], n)
    entry = np.repeat(np.arange(len(matrix.entry_start)), np.diff(np.append(matrix.entry_start, len(start))))
    seeds = stop - start
    expected = np.zeros(len(matrix.entry_start), dtype=np.int64)
    np.maximum.at(expected, entry, seeds)
    complete = seeds == expected[entry]
    spaces = [matrix.position.get(("silhouette", space), -1) for space in spec.reference_spaces]
    silhouette = np.full(n, np.nan) if -1 in spaces else matrix.scores[:, spaces].mean(axis=1)
    ranked = [matrix.position[(metric, space)] for metric in spec.metrics for space in spec.reference_spaces]
    mean_z = np.full(n, np.nan) if z is None else z[:, ranked].mean(axis=1)
    clusters = matrix.cells["n_clusters"].to_numpy(dtype=np.float64, na_value=np.nan)
    control = matrix.cells["algorithm"].isin(spec.controls).to_numpy(dtype=bool)
    counted = matrix.ok | ~control
    columns = [matrix.position[axis.metric, axis.space] for axis in ranked_axes(spec)[:-1]]
    means = np.column_stack([_mean(matrix.scores[:, j], start, counted) for j in columns] + [stability])
    n_ok = np.add.reduceat(matrix.ok.astype(np.int64), start) if n else seeds
    return Cuts(
        start=start,
        stop=stop,
        entry=entry,
        passes=complete & (n_ok >= np.where(control[start], 1, seeds)),
        silhouette=_mean(silhouette, start, counted),
        z=_mean(mean_z, start, counted),
        score=cut_scores(means, ranked_axes(spec), spec) if spec.score else np.full(len(start), -np.inf),
        stability=stability,
        fewest=np.fmin.reduceat(np.where(counted, clusters, np.nan), start) if n else clusters,
        most=np.fmax.reduceat(np.where(counted, clusters, np.nan), start) if n else clusters,
    )


def _mean(values: Floats, start: Ints, counted: Bools) -> Floats:
    """Return the mean of each cut over the counted rows; NaN if one of them is NaN, or there are none."""
    if not len(values):
        return values
    counts = np.add.reduceat(counted.astype(np.int64), start)
    return np.asarray(np.add.reduceat(np.where(counted, values, 0.0), start) / np.where(counts > 0, counts, np.nan))


def choose(matrix: Matrix, cuts: Cuts, spec: RankingSpec, baselines: Baselines | None) -> list[Choice]:
    """Choose a cut for every entry and policy; without known classes of the dataset there is no oracle choice."""
    choices = []
    for policy in spec.policies(has_baselines=baselines is not None):
        k = _given_k(policy, matrix, spec)
        for entry, cut in enumerate(best_cuts(matrix, cuts, policy, spec).tolist()):
            if cut >= 0:
                choices.append(Choice(entry, policy, cut, CellStatus.OK, ""))
            elif policy is not KPolicy.ORACLE or not np.isnan(k[matrix.entry_start[entry]]):
                given = float(k[matrix.entry_start[entry]])
                choices.append(_refuse(matrix, cuts, entry, policy, given, baselines, spec))
    return sorted(choices, key=lambda choice: choice.entry)


def best_cuts(matrix: Matrix, cuts: Cuts, policy: KPolicy, spec: RankingSpec) -> Ints:
    """Return the cut of each entry by a policy; -1 where none can be chosen. Ties go to fewer clusters."""
    eligible, criterion = k_criterion(matrix, cuts, policy, spec)
    order = np.lexsort((cuts.start, cuts.fewest, -np.round(criterion, _DECIMALS), ~eligible, cuts.entry))
    first = order[np.flatnonzero(np.diff(cuts.entry[order], prepend=-1))]
    return np.where(eligible[first], first, -1)


def _given_k(policy: KPolicy, matrix: Matrix, spec: RankingSpec) -> Floats:
    datasets = matrix.cells["dataset"].to_numpy()[matrix.cut_start]
    if policy is KPolicy.FIXED and spec.fixed_k is not None:
        return np.full(len(datasets), float(spec.fixed_k))
    if policy is KPolicy.ORACLE:
        return np.array([float(spec.true_k.get(name, np.nan)) for name in datasets], dtype=np.float64)
    return np.full(len(datasets), np.nan)


def k_criterion(matrix: Matrix, cuts: Cuts, policy: KPolicy, spec: RankingSpec) -> tuple[Bools, Floats]:
    """Return which cuts a policy may choose, and the number of which it takes the highest; -inf where it is missing."""
    k = _given_k(policy, matrix, spec)
    if policy is KPolicy.CALIBRATED:
        eligible, criterion = cuts.passes & ~np.isnan(cuts.z), cuts.z
    elif policy is KPolicy.SILHOUETTE:
        eligible, criterion = cuts.passes & np.isfinite(cuts.silhouette), cuts.silhouette
    elif policy is KPolicy.SCORE:
        eligible, criterion = cuts.passes & np.isfinite(cuts.score), cuts.score
    else:
        eligible, criterion = cuts.passes & (cuts.fewest == k) & (cuts.most == k), cuts.silhouette
    return eligible, np.where(np.isnan(criterion), -np.inf, criterion)


def end_of_range(matrix: Matrix, cuts: Cuts, cut: int) -> str:
    """Return whether a cut has the smallest or largest k that was run, above 2 and of several; "" for other cuts."""
    ks = [json.loads(text).get("k") for text in matrix.cells["cut"].iloc[cuts.start[cuts.entry == cuts.entry[cut]]]]
    k = json.loads(matrix.cells["cut"].iloc[cuts.start[cut]]).get("k")
    if k is None or len(ks) < 2:
        return ""
    return "largest" if k == max(ks) else "smallest" if k == min(ks) > 2 else ""


def _refuse(
    matrix: Matrix,
    cuts: Cuts,
    entry: int,
    policy: KPolicy,
    k: float,
    baselines: Baselines | None,
    spec: RankingSpec,
) -> Choice:
    """Return why an entry has no cut that can be ranked: the reason of its best cut that came furthest."""
    every = np.flatnonzero(cuts.entry == entry)
    passing = every[cuts.passes[every]]
    if len(passing):
        shown, reason = _best(passing, cuts), ""
        if policy in (KPolicy.FIXED, KPolicy.ORACLE):
            given = sorted({int(number) for number in np.append(cuts.fewest[passing], cuts.most[passing])})
            reason = f"no cut that passes gives {k:g} clusters with every seed (they give {', '.join(map(str, given))})"
        else:
            reason = _missing_reason(matrix, cuts, shown, policy, baselines, spec)
        return Choice(entry, policy, shown, CellStatus.UNDEFINED, reason)
    statuses = matrix.cells["status"].to_numpy()
    rows_of = {cut: range(int(cuts.start[cut]), int(cuts.stop[cut])) for cut in every.tolist()}
    not_ok = {cut: [row for row in rows if statuses[row] != CellStatus.OK] for cut, rows in rows_of.items()}
    for outcomes in ((CellStatus.REJECTED,), (CellStatus.UNDEFINED,), WITHOUT_LABELS):
        having = [cut for cut, rows in not_ok.items() if any(statuses[row] in outcomes for row in rows)]
        if having:
            shown = _best(np.array(having), cuts)
            row = next(row for row in not_ok[shown] if statuses[row] in outcomes)
            seed = f" (seed {matrix.cells['seed'].iloc[row]})" if len(not_ok[shown]) < len(rows_of[shown]) else ""
            return Choice(entry, policy, shown, CellStatus(statuses[row]), f"{matrix.cells['reason'].iloc[row]}{seed}")
    return Choice(entry, policy, int(every[0]), CellStatus.SKIPPED, "not every seed has been run")


def _best(cuts_to_compare: Ints, cuts: Cuts) -> int:
    silhouette = cuts.silhouette[cuts_to_compare]
    return int(cuts_to_compare[int(np.argmax(np.where(np.isfinite(silhouette), silhouette, -np.inf)))])


def _missing_reason(
    matrix: Matrix, cuts: Cuts, cut: int, policy: KPolicy, baselines: Baselines | None, spec: RankingSpec
) -> str:
    """Return why a cut lacks the criterion of a policy: the most frequent reason over seeds and columns."""
    if policy is KPolicy.SCORE and STABILITY in spec.score_metrics and np.isnan(cuts.stability[cut]):
        return "the stability, a part of the score, is not known"
    metrics = ("silhouette",) if policy not in (KPolicy.CALIBRATED, KPolicy.SCORE) else spec.metrics
    reasons: Counter[str] = Counter()
    for row in range(int(cuts.start[cut]), int(cuts.stop[cut])):
        for metric in metrics:
            for space in spec.reference_spaces:
                column = matrix.position[(metric, space)]
                if np.isnan(matrix.scores[row, column]):
                    reasons[f"{metric} in space {space}: {matrix.reason(row, column)}"] += 1
                elif policy is KPolicy.CALIBRATED and baselines is not None:
                    cell = matrix.cells.iloc[row]
                    reasons[baselines.reason(cell["dataset"], space, metric, float(cell["n_clusters"]))] += 1
    reasons.pop("", None)
    return reasons.most_common(1)[0][0] if reasons else "the criterion of the k policy is missing"
