"""Explanations: exact sums for centroids, also behind principal components; changes that the program confirms."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from clusterbench.segments import explain_row, explanation_text, load_bundle, make_program

from .workbench import PCA, bundle_of

WHITE = [*PCA[:3], {"step": "pca", "n_components": 5, "whiten": True}]
ENCODED = [{"step": "impute"}, {"step": "log1p"}, {"step": "standardize"}, {"step": "l2_normalize"}]


def facts(name, low, high):
    middle = (low + high) / 2
    return SimpleNamespace(name=name, source=None, minimum=low, maximum=high, quantiles=(low, middle, high), std=2.0)


def hand_made(*operations):
    """A bundle of two columns from 0 to 10."""
    program = make_program(["a", "b"], list(operations), where="p")
    manifest = SimpleNamespace(levels=(0.0, 0.5, 1.0), columns=(facts("a", 0.0, 10.0), facts("b", 0.0, 10.0)))
    names = {number: f"segment {number}" for number in program.segments}
    return SimpleNamespace(program=program, assign=program.assign, manifest=manifest, names=names)


NEAREST = {"op": "nearest", "segments": [1, 2], "centres": [[2.0, 2.0], [6.0, 4.0]], "metric": "euclidean"}


def test_weights_are_what_each_column_adds_to_the_difference_of_squared_distances():
    one = explain_row(hand_made(NEAREST), [3.0, 1.0])
    assert (one.segment, one.second, one.exact) == (1, 2, True)
    weights = {reason.column: reason.weight for reason in one.reasons}
    assert weights == pytest.approx({"a": 3.0**2 - 1.0**2, "b": 3.0**2 - 1.0**2})
    assert one.margin == pytest.approx(sum(weights.values()))


def test_the_smallest_change_is_found_in_standard_deviations():
    change = explain_row(hand_made(NEAREST), [3.0, 1.0]).change
    # The border is 4 (a - 4) + 2 (b - 3) = 0: with b = 1 at a = 5, with a = 3 at b = 5.
    assert (change.column, change.segment) == ("a", 2)
    assert change.to == pytest.approx(5.0)
    assert change.deviations == pytest.approx(1.0)


def test_a_column_moves_no_row_where_it_has_no_influence():
    flat = {**NEAREST, "centres": [[2.0, 2.0], [2.0, 8.0]]}
    change = explain_row(hand_made(flat), [3.0, 1.0]).change
    assert (change.column, change.to) == ("b", pytest.approx(5.0))


@pytest.mark.parametrize("steps", [PCA[:3], PCA, WHITE])
@pytest.mark.parametrize("algorithm", ["kmeans", "kmedoids"])
def test_the_weights_sum_to_the_margin_also_behind_principal_components(cards, tmp_path, steps, algorithm):
    bundle = load_bundle(bundle_of(cards.fit(algorithm, steps, k=4), tmp_path / "bundle"))
    for row in cards.dataset.frame.to_numpy()[::60]:
        one = explain_row(bundle, row)
        assert one.exact
        assert sum(reason.weight for reason in one.reasons) == pytest.approx(one.margin, rel=1e-9, abs=1e-9)


def test_a_weight_is_zero_where_a_column_equals_the_middle_between_both_centres():
    one = explain_row(hand_made(NEAREST), [4.0, 1.0])
    assert {reason.column: reason.weight for reason in one.reasons}["a"] == pytest.approx(0.0)


@pytest.mark.parametrize(("algorithm", "steps"), [("gmm", PCA), ("kmeans", ENCODED), ("agglomerative", PCA[:3])])
def test_other_programs_say_what_the_margin_loses_at_the_median(cards, tmp_path, algorithm, steps):
    bundle = load_bundle(bundle_of(cards.fit(algorithm, steps, k=3), tmp_path / "bundle"))
    row = bundle.program.assign(cards.dataset.frame.to_numpy()).margin.argmax()
    values = cards.dataset.frame.to_numpy()[row]
    one = explain_row(bundle, values)
    assert not one.exact
    first = one.reasons[0]
    at = bundle.program.columns.index(first.column)
    replaced = values.copy()
    replaced[at] = bundle.manifest.columns[at].quantiles[bundle.manifest.levels.index(0.5)]
    given = bundle.assign(replaced[np.newaxis])
    loss = one.margin - (given.margin[0] if given.segment[0] == one.segment else -given.margin[0])
    assert first.weight == pytest.approx(loss)


def test_every_change_gives_the_segment_that_it_says(cards, kmeans_folder):
    bundle, moved = load_bundle(kmeans_folder), 0
    for row in cards.dataset.frame.to_numpy()[::30]:
        change = explain_row(bundle, row).change
        if change is not None:
            changed, at = row.copy(), bundle.program.columns.index(change.column)
            changed[at] = change.to
            before, after = bundle.assign(np.stack([row, changed])).segment
            assert before != after == change.segment
            moved += 1
    assert moved > 3


def test_the_text_names_segments_values_and_change():
    bundle = hand_made(NEAREST)
    text = explanation_text(bundle, explain_row(bundle, [3.0, 1.0]))
    assert "segment  1 (segment 1), at a distance of 1.414" in text
    assert "next     2 (segment 2), by a margin of 16" in text
    assert "smallest change that moves it: a from 3 to 5 (1 sd), to 2 (segment 2)" in text
    no_way = hand_made({**NEAREST, "centres": [[2.0, 2.0], [90.0, 90.0]]})
    assert "no change of one column within the fitted ranges moves it" in explanation_text(
        no_way, explain_row(no_way, [3.0, 1.0])
    )
