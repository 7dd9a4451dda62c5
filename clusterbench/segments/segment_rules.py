"""Short rules for segments: a conjunction of at most three conditions for each, and one tree for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.seeding import stable_rng
from clusterbench.segments.segmentation import Segmentation
from clusterbench.segments.thresholds import (
    Condition,
    all_thresholds,
    conjunction,
    stratified_folds,
    stratified_sample,
)

ENOUGH = 0.8  # harmonic mean of precision and coverage, or fidelity, from which a rule describes
_FOLDS = 5
_BEAM = 8
_MOST_CONDITIONS = 3
_WORTH = 0.005  # gain that a further condition must bring
_MOST_ROWS, _MOST_FIELDS = 20_000, 1_000_000  # 30 conditions per field are held as float32: 120 MB
if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

Mask = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """The best short rule for a segment; precision and coverage are cross-validated over five folds."""

    segment: int
    conditions: tuple[Condition, ...]  # found on all rows
    precision: float  # share of rows that meet the rule and are in the segment, NaN where no row meets it
    coverage: float  # share of the segment that meets the rule

    @property
    def text(self) -> str:
        return " and ".join(condition.text for condition in self.conditions) or "no rule"

    @property
    def describes(self) -> bool:
        """Whether the harmonic mean of precision and coverage reaches `ENOUGH`."""
        both = self.precision + self.coverage
        return both > 0 and 2 * self.precision * self.coverage / both >= ENOUGH


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of the tree."""

    conditions: tuple[Condition, ...]
    segment: int  # that most of its rows have
    size: int
    purity: float  # share of its rows in that segment

    @property
    def text(self) -> str:
        return " and ".join(condition.text for condition in self.conditions) or "every row"


@dataclass(frozen=True, slots=True)
class SegmentTree:
    """One decision tree for all segments; a missing value counts as the median of its column."""

    leaves: tuple[Leaf, ...]  # by segment, the largest first
    fidelity: float  # cross-validated share of rows (with a segment) that get their segment

    @property
    def describes(self) -> bool:
        return self.fidelity >= ENOUGH


@dataclass(frozen=True, slots=True)
class SegmentRules:
    """The rules of a segmentation."""

    rules: tuple[SegmentRule, ...]  # in the order of the segments
    tree: SegmentTree
    n_rows: int  # rows used: all, or a sample stratified by segment


def find_rules(segmentation: Segmentation) -> SegmentRules:
    """Return short rules in the units of the table, on columns that the clustering used.

    Each segment gets the conjunction of at most three conditions with the highest harmonic mean of precision and
    coverage that a beam search over 16-quantiles finds; the tree has at most two leaves per segment, one from 16
    segments on. The search is repeated on four fifths of the rows and judged on the others, five times. Of a table of
    more than 20,000 rows or 1,000,000 fields a sample stratified by segment is used. Deterministic.
    """
    rng = stable_rng(0, "segment rules")
    columns = list(segmentation.features)
    rows = stratified_sample(segmentation.segment, min(_MOST_ROWS, _MOST_FIELDS // len(columns)), rng)
    table, segment = segmentation.table[columns].iloc[rows], segmentation.segment[rows]
    thresholds, folds = all_thresholds(table, columns), stratified_folds(segment, _FOLDS, rng)
    literals = _Literals.of(table, thresholds)
    ids = range(1, segmentation.n_segments + 1)
    rules = tuple(_rule(literals, segment, folds, one) for one in ids)
    tree = _tree(table, thresholds, segment, folds)
    marked = tuple(replace(one, conditions=_marked(segmentation, one.conditions)) for one in rules)
    leaves = tuple(replace(leaf, conditions=_marked(segmentation, leaf.conditions)) for leaf in tree.leaves)
    return SegmentRules(marked, replace(tree, leaves=leaves), len(rows))


def _marked(segmentation: Segmentation, conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Return conditions with the levels that their columns mark."""
    return tuple(replace(one, marked=segmentation.marked(one.column)) for one in conditions)


@dataclass(frozen=True, slots=True, eq=False)
class _Literals:
    """All conditions with one threshold, and which rows meet them."""

    names: tuple[tuple[str, float, bool], ...]  # column, threshold, whether above
    met: Mask  # (literals, rows)

    @classmethod
    def of(cls, table: pd.DataFrame, thresholds: dict[str, tuple[float, ...]]) -> _Literals:
        names = tuple(
            (c, t, is_above) for c, values in thresholds.items() for t in values for is_above in (True, False)
        )
        met = np.zeros((len(names), len(table)), dtype=np.float32)
        for place, (column, threshold, is_above) in enumerate(names):
            condition = Condition(column, threshold) if is_above else Condition(column, None, threshold)
            met[place] = condition.holds(table)
        return cls(names, met)


def _rule(literals: _Literals, segment: NDArray[np.int64], folds: NDArray[np.int64], one: int) -> SegmentRule:
    inside = (segment == one).astype(np.float32)
    hits = met = 0.0
    for fold in range(_FOLDS):
        train, test = folds != fold, folds == fold
        chosen = _search(literals.met[:, train], inside[train])
        rows = literals.met[list(chosen)][:, test].all(axis=0) if chosen else np.zeros(test.sum(), dtype=bool)
        hits, met = hits + float(inside[test][rows].sum()), met + float(rows.sum())
    conditions = conjunction(literals.names[place] for place in _search(literals.met, inside))
    return SegmentRule(one, conditions, hits / met if met else np.nan, hits / float(inside.sum()))


def _search(met: Mask, inside: Mask) -> tuple[int, ...]:
    """Return the literals of the conjunction with the highest harmonic mean of precision and coverage."""
    beam: list[tuple[int, ...]] = [()]
    best: tuple[int, ...] = ()
    best_score = 0.0
    for _ in range(_MOST_CONDITIONS if len(met) else 0):
        held = np.stack([met[list(chosen)].min(axis=0) if chosen else np.ones_like(inside) for chosen in beam])
        counts = met @ np.concatenate([held * inside, held]).T
        hits, rows = counts[:, : len(beam)], counts[:, len(beam) :]
        scores = (2.0 * hits / (rows + inside.sum())).T.round(6)  # (beam, literals)
        order = np.argsort(-scores, axis=None, kind="stable")[: 4 * _BEAM]
        places = [divmod(int(at), len(met)) for at in order]
        found = {tuple(sorted({*beam[parent], literal})): float(scores[parent, literal]) for parent, literal in places}
        first, score = max(found.items(), key=lambda pair: pair[1])
        if score < best_score + _WORTH:
            break
        best, best_score, beam = first, score, list(found)[:_BEAM]
    return best


def _tree(
    table: pd.DataFrame,
    thresholds: dict[str, tuple[float, ...]],
    segment: NDArray[np.int64],
    folds: NDArray[np.int64],
) -> SegmentTree:
    """Fit a tree to the intervals between thresholds, so that its splits are at thresholds."""
    from sklearn.tree import DecisionTreeClassifier

    columns, known = [name for name, values in thresholds.items() if values], segment > 0
    filled = table[columns].fillna(table[columns].median())
    bins = np.stack([np.searchsorted(thresholds[name], filled[name], "left") for name in columns], axis=1)[known]
    target, folds = segment[known], folds[known]
    least = max(1, len(target) // 100)
    most = max(int(target.max()), min(16, 2 * int(target.max())))
    model = DecisionTreeClassifier(max_leaf_nodes=most, min_samples_leaf=least, random_state=0)
    right = 0
    for fold in range(_FOLDS):
        train, test = folds != fold, folds == fold
        if train.any() and test.any():
            right += int((model.fit(bins[train], target[train]).predict(bins[test]) == target[test]).sum())
    model.fit(bins, target)
    leaves = sorted(_leaves(model, columns, thresholds), key=lambda leaf: (leaf.segment, -leaf.size))
    return SegmentTree(tuple(leaves), right / len(target))


def _leaves(
    model: DecisionTreeClassifier, columns: Sequence[str], thresholds: dict[str, tuple[float, ...]]
) -> Iterator[Leaf]:
    tree = model.tree_
    waiting: list[tuple[int, tuple[tuple[str, float, bool], ...]]] = [(0, ())]
    while waiting:
        node, path = waiting.pop()
        if tree.children_left[node] < 0:
            shares = tree.value[node].ravel() / tree.value[node].sum()
            segment = int(model.classes_[int(shares.argmax())])
            yield Leaf(conjunction(path), segment, int(tree.n_node_samples[node]), float(shares.max()))
            continue
        column = columns[tree.feature[node]]
        threshold = thresholds[column][int(tree.threshold[node])]
        waiting.append((tree.children_left[node], (*path, (column, threshold, False))))
        waiting.append((tree.children_right[node], (*path, (column, threshold, True))))
