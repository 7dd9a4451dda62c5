"""The entries of a run with the cut that each k policy chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from clusterbench.ranking.calibration import Baselines, z_matrix
from clusterbench.ranking.draws import CutStability, Draws, drawn_matrices
from clusterbench.ranking.k_selection import Choice, Cuts, best_cuts, choose, describe_cuts, k_criterion
from clusterbench.ranking.ranks import finite_mean
from clusterbench.ranking.rules import KPolicy, RankingSpec
from clusterbench.ranking.score_matrix import Matrix, build_matrix
from clusterbench.statuses import CellStatus
from clusterbench.tables import CUT_KEY, ENTRY_KEY, Floats, Ints

CRITERIA_COLUMNS = (*CUT_KEY, "k_policy", "k", "criterion", "eligible", "chosen")
_SHOWN = ["k_policy", "cut", "k", "silhouette", "z", "oracle", "status", "reason"]
_REFUSED = ["k_policy", "status", "reason", "cut", "k", "smallest", "largest", "noise_share", "silhouette", "oracle"]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnChoices:
    """The cuts that the k policies chose in one draw."""

    chosen: Mapping[KPolicy, Ints]  # cut of each entry; -1 where none can be chosen
    scores: Floats  # (K, M): of the cuts, in the columns of the matrix
    agreement: Floats  # (K,): adjusted Rand index with the labeling of all rows


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The entries of a run with the cut that each k policy chose."""

    spec: RankingSpec
    matrix: Matrix  # all scores
    baselines: pd.DataFrame | None  # scores of random partitions, as given
    random: Baselines | None  # their summaries
    z: Floats | None  # `z_matrix`, by which the policy ``calibrated`` chooses k
    stability: CutStability
    cuts: Cuts
    choices: tuple[Choice, ...]
    drawn: tuple[DrawnChoices, ...]  # the rule applied again to each draw

    def chosen(self) -> pd.DataFrame:
        """Return the choice of every entry and policy.

        ``silhouette`` takes the highest mean silhouette over reference spaces and seeds, ``calibrated`` the highest
        mean z over metrics, reference spaces and seeds, ``score`` the highest score, ``fixed`` and ``oracle`` the cut
        with the given number of clusters (of several, the highest silhouette). Ties go to fewer clusters, then to the
        first cut.

        The frame has dataset, algorithm, params, variant, k_policy, cut, k (number of clusters), silhouette, z, oracle,
        status, reason: one row per entry and policy. Where no cut can be chosen, `status` is not ``ok``.
        """
        return self._table(self.choices)[[*ENTRY_KEY, *_SHOWN]]

    def criteria(self) -> pd.DataFrame:
        """Return the number by which each k policy chose, for every cut of every entry: `CRITERIA_COLUMNS`.

        `k` is the number of clusters (over seeds, the smallest), `criterion` missing where it is not known, `eligible`
        whether the policy could choose the cut.
        """
        first = self.matrix.cells.iloc[self.cuts.start][CUT_KEY].reset_index(drop=True)
        parts = [pd.DataFrame(columns=list(CRITERIA_COLUMNS))]
        for policy in self.spec.policies(has_baselines=self.baselines is not None):
            eligible, criterion = k_criterion(self.matrix, self.cuts, policy, self.spec)
            chosen = [c.cut for c in self.choices if c.policy is policy and c.status is CellStatus.OK]
            known = np.where(np.isfinite(criterion), criterion, np.nan)
            numbers = {"k": pd.array(self.cuts.fewest, dtype="Float64").astype("Int64"), "criterion": known}
            part = first.assign(k_policy=policy.value, **numbers, eligible=eligible)
            parts.append(part.assign(chosen=np.isin(np.arange(len(part)), chosen)))
        return pd.concat(parts[1:] or parts, ignore_index=True)[list(CRITERIA_COLUMNS)]

    def rejected(self) -> pd.DataFrame:
        """Return the entries without a cut that can be ranked: `Leaderboard.rejected`."""
        refused = [choice for choice in self.choices if choice.status is not CellStatus.OK]
        statuses = self.matrix.cells["status"].tolist()
        table = self._table(refused)[[*ENTRY_KEY, *_REFUSED]]
        return table.assign(cells=[_outcomes(statuses, self.cuts, choice.entry) for choice in refused])

    def _table(self, choices: Sequence[Choice]) -> pd.DataFrame:
        shown = np.array([choice.cut for choice in choices], dtype=np.int64)
        cells = self.matrix.cells.iloc[self.cuts.start[shown]].reset_index(drop=True)
        return cells.assign(
            k_policy=[str(choice.policy) for choice in choices],
            k=cells["n_clusters"],
            silhouette=self.cuts.silhouette[shown],
            z=self.cuts.z[shown],
            oracle=[choice.policy is KPolicy.ORACLE for choice in choices],
            status=[str(choice.status) for choice in choices],
            reason=[choice.reason for choice in choices],
        )


def _outcomes(statuses: Sequence[str], cuts: Cuts, entry: int) -> str:
    """Return the number of cells of an entry by status: ``24 rejected, 3 timeout``."""
    every = np.flatnonzero(cuts.entry == entry)
    counts = Counter(statuses[int(cuts.start[every[0]]) : int(cuts.stop[every[-1]])])
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {status}" for status, count in ordered)


def choose_candidates(
    cells: pd.DataFrame,
    scores: pd.DataFrame,
    spec: RankingSpec,
    *,
    baselines: pd.DataFrame | None = None,
    draws: Draws | None = None,
) -> Candidates:
    """Check the tables and choose a cut for every entry; parameters and errors are those of `leaderboard`."""
    table = None if baselines is None else Baselines.of(baselines)
    matrix = build_matrix(cells, scores, spec, has_baselines=table is not None)
    z = None if table is None else z_matrix(matrix, table, spec.facts)
    stability = CutStability.of(matrix, draws)
    cuts = describe_cuts(matrix, z, stability.mean, spec)
    choices = tuple(choose(matrix, cuts, spec, table))
    drawn = () if draws is None or not spec.n_bootstrap else _choose_in_draws(matrix, draws, stability, table, spec)
    return Candidates(spec, matrix, baselines, table, z, stability, cuts, choices, drawn)


def _choose_in_draws(
    matrix: Matrix, draws: Draws, stability: CutStability, baselines: Baselines | None, spec: RankingSpec
) -> tuple[DrawnChoices, ...]:
    """Apply the k policies to each draw.

    Random partitions are those of all rows, and an index may grow with their number: the z in a draw is that of the
    score on all rows, moved by what the score of the draw differs from the mean over draws.
    """
    matrices = drawn_matrices(matrix, draws)
    starts, n = matrix.cut_start, len(matrix.cells)
    full = np.add.reduceat(matrix.scores, starts, axis=0) / np.diff(np.append(starts, n))[:, None] if n else 0.0
    shift = full - finite_mean(np.stack([one.scores for one in matrices]), axis=0)
    drawn = []
    for one, agreement in zip(matrices, stability.agreement, strict=True):
        z = None if baselines is None else z_matrix(replace(one, scores=one.scores + shift), baselines, spec.facts)
        cuts = describe_cuts(one, z, agreement, spec)
        policies = spec.policies(has_baselines=baselines is not None)
        chosen = {policy: best_cuts(one, cuts, policy, spec) for policy in policies}
        drawn.append(DrawnChoices(chosen, one.scores, agreement))
    return tuple(drawn)
