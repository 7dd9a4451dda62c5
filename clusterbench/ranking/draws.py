"""The bootstrap over seeds and rows: scores of every entry in every draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusterbench.ranking.chosen_entries import Entries
from clusterbench.ranking.rules import RankingSpec
from clusterbench.ranking.score_matrix import REPLICATE_COLUMNS, Matrix
from clusterbench.seeding import stable_rng
from clusterbench.tables import STABILITY, Floats, Ints, require_columns


@dataclass(frozen=True, slots=True)
class Draws:
    """Scores in every draw, shape (B, E, M), and what was resampled for them.

    `scores` is None where neither seeds nor rows vary: the uncertainty is then unknown, not zero.
    """

    scores: Floats | None
    seeds: bool
    rows: bool

    @property
    def source(self) -> str:
        """What was resampled, for a sentence."""
        if self.scores is None:
            return "nothing"
        return {(True, True): "rows and seeds", (True, False): "seeds", (False, True): "rows"}[(self.seeds, self.rows)]


def draw_scores(entries: Entries, matrix: Matrix, spec: RankingSpec, replicates: pd.DataFrame | None) -> Draws:
    """Resample seeds, and rows where row replicates are given.

    Every draw uses the same seeds (by position) and the same row replicate for all entries, so equal labelings stay
    equal in every draw. The deviation of a row replicate from the mean of the replicates is added to the observed
    score: the bias of an index under resampled, hence repeated, rows does not affect the ranks. The stability is the
    mean over refits drawn with replacement.
    """
    n_draws = spec.n_bootstrap
    seeds_vary = bool((entries.n_seeds > 1).any())
    deviations = None if replicates is None else row_deviations(entries, matrix, replicates)
    if n_draws == 0 or not (seeds_vary or deviations is not None):
        return Draws(None, seeds=False, rows=False)
    columns = [matrix.position[(axis.metric, axis.space)] for axis in entries.axes if axis.metric != STABILITY]
    # Seeds are the outer axis: an entry with more seeds does not change the random numbers of the others.
    uniform = stable_rng(spec.seed, "bootstrap", "seeds", entries.dataset).random((entries.rows.shape[1], n_draws))
    picks = None
    if deviations is not None:
        picks = stable_rng(spec.seed, "bootstrap", "rows", entries.dataset).integers(deviations.shape[3], size=n_draws)
    values = matrix.scores[np.maximum(entries.rows, 0)][..., columns]
    sums = np.zeros((n_draws, len(entries), len(columns)))
    every = np.arange(len(entries))
    for s, draw in enumerate(uniform):
        seed = np.floor(draw[:, None] * entries.n_seeds).astype(np.int64)
        picked = values[every, seed]
        if deviations is not None and picks is not None:
            picked = picked + deviations[every, seed, :, picks[:, None]]
        sums += np.where((s < entries.n_seeds)[:, None], picked, 0.0)
    means = sums / entries.n_seeds[:, None]
    if len(entries.axes) > len(columns):
        means = np.concatenate([means, stability_draws(entries, spec)[:, :, None]], axis=2)
    return Draws(means, seeds=seeds_vary, rows=deviations is not None)


def stability_draws(entries: Entries, spec: RankingSpec) -> Floats:
    """Return the stability of every entry in every draw, shape (B, E): the mean over refits drawn with replacement.

    Every draw uses the same refits for all entries, which were fitted on the same rows. Where only their mean is known,
    it is the same in every draw.
    """
    n_refits = entries.refits.shape[1]
    if n_refits == 0:
        return np.broadcast_to(entries.observed[:, -1], (spec.n_bootstrap, len(entries)))
    rng = stable_rng(spec.seed, "bootstrap", "refits", entries.dataset)
    picks = rng.integers(n_refits, size=(spec.n_bootstrap, n_refits))
    return np.asarray(entries.refits[:, picks].mean(axis=2).T)


def row_deviations(entries: Entries, matrix: Matrix, replicates: pd.DataFrame) -> Floats | None:
    """Return each row replicate minus the mean over replicates, shape (E, S, M, R); None if there is no replicate.

    The deviation is 0 where a labeling or a metric has no replicates.
    """
    require_columns(replicates, REPLICATE_COLUMNS, "replicates")
    hashes = matrix.cells["labels_sha256"].to_numpy(dtype=object)[np.maximum(entries.rows, 0)]
    known = pd.Index(pd.unique(hashes.reshape(-1)))
    here = replicates[(replicates["dataset"] == entries.dataset) & replicates["labels_sha256"].isin(known)]
    axes = [axis for axis in entries.axes if axis.metric != STABILITY]
    columns = pd.MultiIndex.from_tuples([(axis.metric, axis.space) for axis in axes])
    column = columns.get_indexer(pd.MultiIndex.from_frame(here[["metric", "space"]]))
    label = known.get_indexer(pd.Index(here["labels_sha256"].to_numpy(dtype=object)))
    number, names = pd.factorize(here["replicate"], sort=True)
    values = here["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    used = (column >= 0) & ~np.isnan(values)  # without a single value, rows were not resampled
    if not used.any():
        return None
    table = np.full((len(known), len(axes), len(names)), np.nan)
    table[label[used], column[used], number[used]] = values[used]
    finite = np.isfinite(table)
    counts = np.maximum(finite.sum(axis=2, keepdims=True), 1)
    mean = np.where(finite, table, 0.0).sum(axis=2, keepdims=True) / counts
    deviations = np.where(finite, table - mean, 0.0)
    position: Ints = known.get_indexer(pd.Index(hashes.reshape(-1))).reshape(hashes.shape)
    return np.asarray(deviations[position])


def join_draws(draws: Sequence[Draws], places: Sequence[Ints]) -> Draws:
    """Concatenate the draws of several datasets; without draws of one of them there are none of the whole."""
    parts = []
    for draw, at in zip(draws, places, strict=True):
        if draw.scores is None:
            return Draws(None, seeds=False, rows=False)
        parts.append(np.where(at[:, None] >= 0, draw.scores[:, at], np.nan))
    return Draws(
        np.concatenate(parts, axis=2), seeds=any(draw.seeds for draw in draws), rows=any(draw.rows for draw in draws)
    )
