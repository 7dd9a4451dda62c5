"""What each rule chose on each table, and what that loses against the best partition by known classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import numpy as np
import pandas as pd
from scipy import stats

from clusterbench.ranking import Candidates, Draws, KPolicy, RankingSpec, choose_candidates, rank_candidates
from clusterbench.statuses import CellStatus
from clusterbench.tables import CUT_KEY, ENTRY_KEY, STABILITY
from clusterbench.truth.rule_files import Rule

RANDOM, K_MEANS = "random pick", "k-means, k by silhouette"

REGRET_COLUMNS = ("table", "question", "rule", "ari_chosen", "ari_best", "regret", "spearman")


class Question(StrEnum):
    """What a rule has to choose."""

    ALL = "algorithm and k"
    ALGORITHM = "algorithm at given k"
    K = "k at given algorithm"
    STORED = "stored partition at given k"


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRun:
    """The tables of a run on labelled data.

    Attributes
    ----------
    cells, scores : DataFrame
    baselines : DataFrame or None
    draws : Draws or None
    spec : RankingSpec
        Declared; rules replace a part of it.
    ari : Series
        Adjusted Rand index with the known classes, by (dataset, labels_sha256).
    """

    cells: pd.DataFrame
    scores: pd.DataFrame
    baselines: pd.DataFrame | None
    draws: Draws | None
    spec: RankingSpec
    ari: pd.Series

    def tables(self) -> Iterator[Self]:
        """Yield the run of each table alone: no rule needs the others, and the work grows with their number."""
        for name, cells in self.cells.groupby("dataset", sort=False):
            scores = self.scores[self.scores["dataset"] == name]
            draws, baselines = self.draws, self.baselines
            if draws is not None:
                draws = Draws(*(part[part["dataset"] == name] for part in (draws.cells, draws.scores)))
            if baselines is not None:
                baselines = baselines[baselines["dataset"] == name]
            yield replace(self, cells=cells, scores=scores, baselines=baselines, draws=draws)

    def candidates(self, spec: RankingSpec) -> Candidates:
        """Return the entries with the cut that the k policy of `spec` chooses."""
        baselines = self.baselines if KPolicy.CALIBRATED in spec.k_policies else None
        return choose_candidates(self.cells, self.scores, spec, baselines=baselines, draws=self.draws)

    def eligible(self) -> pd.DataFrame:
        """Return the partitions of contenders that pass the gate: CUT_KEY, n_clusters, ari."""
        cells = self.cells[
            (self.cells["status"] == CellStatus.OK.value) & ~self.cells["algorithm"].isin(self.spec.controls)
        ]
        return cells[[*CUT_KEY, "n_clusters"]].assign(ari=self.ari_of(cells))

    def ari_of(self, rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the adjusted Rand index of the labels that each row names."""
        return self.ari.reindex(pd.MultiIndex.from_frame(rows[["dataset", "labels_sha256"]])).to_numpy()


def regrets(run: LabelledRun, rules: Iterable[Rule]) -> pd.DataFrame:
    """Return what every rule loses on every table, for each question.

    Parameters
    ----------
    run : LabelledRun
    rules : iterable of Rule

    Returns
    -------
    DataFrame
        table, question, rule, ari_chosen, ari_best, regret, spearman: one row per table, question and rule. The best is
        the highest adjusted Rand index among the partitions that pass the gate (and have the known number of clusters,
        or are of one entry: these are averaged over entries). The rank correlation of the order with the index, over
        entries, is known for the first question. Two rules of reference come first: a random pick
        (its expectation), and k-means in the first variant with the k of the highest silhouette.
    """
    rules = list(rules)
    frames = []
    for table in run.tables():
        eligible = table.eligible()
        frames += [_random(eligible, run.spec), _fixed_k_means(table, eligible)]
        for rule in rules:
            for choose in (_first_places, _at_given_k, _chosen_k):
                frames.append(choose(table, rule, eligible))
    return pd.concat(frames, ignore_index=True)[list(REGRET_COLUMNS)]


def stored_regrets(pool: LabelledRun, rules: Iterable[Rule]) -> pd.DataFrame:
    """Return what rules lose that choose among the stored partitions of each table, in the columns of `regrets`.

    Rules in which stability takes part are left out: nothing can be fitted again to a part of the rows.
    """
    applied = [rule for rule in rules if STABILITY not in {*rule.table.used_score, *rule.table.weights}]
    frames = []
    for table in pool.tables():
        eligible = table.eligible()
        given = _at_true_k(eligible, pool.spec.true_k).groupby("dataset")["ari"]
        frames.append(_rows(Question.STORED, RANDOM, given.mean(), given.max(), np.nan))
        frames += [_at_given_k(table, rule, eligible, Question.STORED) for rule in applied]
    return pd.concat(frames, ignore_index=True)[list(REGRET_COLUMNS)]


def _rows(
    question: Question, rule: str, chosen: pd.Series, best: pd.Series, spearman: float | pd.Series
) -> pd.DataFrame:
    table = pd.DataFrame({"ari_chosen": chosen, "ari_best": best, "spearman": spearman}).dropna(subset="ari_chosen")
    table = table.assign(question=str(question), rule=rule, regret=table["ari_best"] - table["ari_chosen"])
    return table.rename_axis("table").reset_index()


def _at_true_k(eligible: pd.DataFrame, true_k: Mapping[str, int]) -> pd.DataFrame:
    return eligible[eligible["n_clusters"] == eligible["dataset"].map(true_k)]


def _random(eligible: pd.DataFrame, spec: RankingSpec) -> pd.DataFrame:
    """Return the expectation of a random pick for each question."""
    given = _at_true_k(eligible, spec.true_k)
    by_entry = eligible.groupby(ENTRY_KEY)["ari"].agg(["mean", "max"]).groupby("dataset").mean()
    parts = [
        (Question.ALL, eligible.groupby("dataset")["ari"].mean(), eligible.groupby("dataset")["ari"].max()),
        (Question.ALGORITHM, given.groupby("dataset")["ari"].mean(), given.groupby("dataset")["ari"].max()),
        (Question.K, by_entry["mean"], by_entry["max"]),
    ]
    return pd.concat([_rows(question, RANDOM, chosen, best, np.nan) for question, chosen, best in parts])


def _fixed_k_means(run: LabelledRun, eligible: pd.DataFrame) -> pd.DataFrame:
    by_silhouette = replace(run.spec, k_policies=(KPolicy.SILHOUETTE,), n_bootstrap=0)
    chosen = run.candidates(by_silhouette).chosen()
    chosen = chosen[(chosen["algorithm"] == "kmeans") & (chosen["status"] == CellStatus.OK.value)]
    picked = _with_ari(chosen, eligible).groupby("dataset")["ari"].first()
    return _rows(Question.ALL, K_MEANS, picked, eligible.groupby("dataset")["ari"].max(), np.nan)


def _with_ari(chosen: pd.DataFrame, eligible: pd.DataFrame) -> pd.DataFrame:
    if chosen.empty or eligible.empty:  # a frame without rows has no types to join by
        return chosen.iloc[:0].assign(ari=np.array([], dtype=np.float64))
    return chosen.merge(eligible.drop_duplicates(CUT_KEY)[[*CUT_KEY, "ari"]], on=CUT_KEY)


def _first_places(run: LabelledRun, rule: Rule, eligible: pd.DataFrame) -> pd.DataFrame:
    boards = _ranked(run, rule.spec(run.spec), eligible)
    chosen = boards[boards["rank"] == 1].groupby("dataset")["ari"].mean()  # tied first places
    spearman = {str(name): _spearman(board) for name, board in boards.groupby("dataset")}
    return _rows(Question.ALL, rule.name, chosen, eligible.groupby("dataset")["ari"].max(), pd.Series(spearman))


def _at_given_k(
    run: LabelledRun, rule: Rule, eligible: pd.DataFrame, question: Question = Question.ALGORITHM
) -> pd.DataFrame:
    given = _at_true_k(eligible, run.spec.true_k)
    boards = _ranked(run, rule.spec(run.spec, KPolicy.ORACLE), given)
    chosen = boards[boards["rank"] == 1].groupby("dataset")["ari"].mean()
    return _rows(question, rule.name, chosen, given.groupby("dataset")["ari"].max(), np.nan)


def _chosen_k(run: LabelledRun, rule: Rule, eligible: pd.DataFrame) -> pd.DataFrame:
    chosen = run.candidates(rule.spec(run.spec)).chosen()
    picked = _with_ari(chosen[chosen["status"] == CellStatus.OK.value], eligible).set_index(ENTRY_KEY)["ari"]
    best = eligible.groupby(ENTRY_KEY)["ari"].max().reindex(picked.index)
    means = pd.DataFrame({"chosen": picked, "best": best}).groupby("dataset").mean()
    return _rows(Question.K, rule.name, means["chosen"], means["best"], np.nan)


def _ranked(run: LabelledRun, spec: RankingSpec, eligible: pd.DataFrame) -> pd.DataFrame:
    """Return the contenders of the board of each table: dataset, rank, ari."""
    table = rank_candidates(run.candidates(spec)).table
    table = table[table["dataset"].isin(set(eligible["dataset"])) & ~table["control"].astype(bool)]
    return _with_ari(table, eligible)[["dataset", "rank", "ari"]]


def _spearman(board: pd.DataFrame) -> float:
    if len(board) < 3 or board["rank"].nunique() < 2 or board["ari"].nunique() < 2:
        return np.nan
    return float(stats.spearmanr(-board["rank"].astype(float), board["ari"]).statistic)
