"""Labelings: equal partitions have one canonical form and one identity, whatever the numbers of their clusters."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.errors import RequestError
from clusterbench.labeling import NOISE, Labeling, canonical, labels_sha256

labelings = st.lists(st.integers(-2, 6), min_size=0, max_size=60)


def partition(labels):
    """Return the clusters as sets of rows."""
    return {frozenset(np.flatnonzero(np.asarray(labels) == name).tolist()) for name in set(labels) if name >= 0}


def test_clusters_are_numbered_by_size_and_ties_by_first_row():
    assert canonical([7, 3, 3, -1, 7, 3]).tolist() == [1, 0, 0, -1, 1, 0]
    assert canonical([9, 4, 4, 9]).tolist() == [0, 1, 1, 0]
    assert canonical([2, 1, 0]).tolist() == [0, 1, 2]


def test_every_negative_number_is_noise():
    assert canonical([-5, 0, -1, 0]).tolist() == [NOISE, 0, NOISE, 0]
    assert canonical([-1, -1]).tolist() == [-1, -1]
    assert canonical([]).tolist() == []


@given(labelings)
def test_canonical_keeps_the_partition_and_the_noise(labels):
    made = canonical(np.array(labels, dtype=int))
    assert made.dtype == np.int32
    assert partition(made.tolist()) == partition(labels)
    assert np.array_equal(made == NOISE, np.array(labels, dtype=int) < 0)


@given(labelings)
def test_canonical_is_idempotent(labels):
    once = canonical(np.array(labels, dtype=int))
    assert np.array_equal(canonical(once), once)


@given(labelings, st.permutations(range(7)), st.integers(0, 10**12))
def test_canonical_does_not_depend_on_the_numbers_of_clusters(labels, names, offset):
    renamed = [names[label] + offset if label >= 0 else label for label in labels]
    assert np.array_equal(canonical(np.array(renamed, dtype=int)), canonical(np.array(labels, dtype=int)))


@given(labelings, st.integers(2, 10**17))
def test_numbers_far_apart_give_the_same_as_numbers_close_together(labels, factor):
    far = [label * factor for label in labels]
    assert np.array_equal(canonical(np.array(far, dtype=int)), canonical(np.array(labels, dtype=int)))


@pytest.mark.parametrize("kind", ["int8", "int16", "int64", "uint8", "uint64"])
def test_the_smallest_and_largest_value_of_a_type_are_labels(kind):
    ends = np.iinfo(kind)
    labels = np.array([ends.max, ends.min, ends.max, ends.max - 1] * 100, dtype=kind)
    assert canonical(labels[:4]).tolist() == [0, NOISE if ends.min else 1, 0, 1 if ends.min else 2]
    assert np.array_equal(canonical(labels), np.tile(canonical(labels[:4]), 100))


@given(labelings)
def test_sizes_descend_and_ties_follow_the_first_row(labels):
    made = canonical(np.array(labels, dtype=int))
    clusters = range(made.max(initial=-1) + 1)
    keys = [(-int(np.sum(made == c)), int(np.flatnonzero(made == c)[0])) for c in clusters]
    assert keys == sorted(keys)


@given(labelings, st.randoms(use_true_random=False))
def test_sizes_do_not_depend_on_the_order_of_rows(labels, random):
    shuffled = labels.copy()
    random.shuffle(shuffled)
    one, other = Labeling.of(np.array(labels, dtype=int)), Labeling.of(np.array(shuffled, dtype=int))
    assert (one.sizes, one.n_noise) == (other.sizes, other.n_noise)


@pytest.mark.parametrize(
    "given_", [[1.0, 0.0, 1.0], np.array([1, 0, 1], dtype=np.uint8), [True, False, True], (5, 2, 5)]
)
def test_integers_of_any_type_are_labels(given_):
    assert canonical(given_).tolist() == [0, 1, 0]


@pytest.mark.parametrize("given_", [[0.5, 1.0], [0.0, np.nan], [0.0, np.inf], ["a", "b"], [None, 1]])
def test_values_that_are_no_integers_are_refused(given_):
    with pytest.raises(ValueError, match="must be integers"):
        canonical(given_)


def test_integers_of_64_bits_are_labels():
    hashes = np.array([2**64 - 1, 5, 2**63, 2**64 - 1, 2**63 + 1], dtype=np.uint64)
    assert canonical(hashes).tolist() == [0, 1, 2, 0, 3]
    assert Labeling.of(hashes).n_noise == 0
    assert canonical(np.array([-(2**63), 2**63 - 1, 7])).tolist() == [NOISE, 0, 1]


@pytest.mark.parametrize(
    "given_", [[1e19, 0.0], [-1e19, 0.0], [-1.0, 2.0**53], np.array([2**24, 0], dtype=np.float32), [-1, 2**63]]
)
def test_floats_that_stand_for_several_integers_are_refused(given_):
    with pytest.raises(RequestError, match=r"integers, got float.* \(allowed: integers, or floats below "):
        canonical(given_)


def test_the_largest_float_that_stands_for_one_integer_is_a_label():
    assert canonical([2.0**53 - 1, 2.0**53 - 2, -(2.0**53) + 1]).tolist() == [0, 1, NOISE]


def test_masked_labels_are_refused():
    with pytest.raises(RequestError, match=r"labels are masked \(allowed: a label for every row, -1 for noise\)"):
        canonical(np.ma.masked_array([0, 1, 1], mask=[False, True, False]))
    assert canonical(np.ma.masked_array([0, 1, 1], mask=False)).tolist() == [1, 0, 0]


@pytest.mark.parametrize("given_", [3, [[0, 1], [1, 0]]])
def test_labels_have_one_dimension(given_):
    with pytest.raises(ValueError, match="one-dimensional"):
        canonical(given_)


def test_the_identity_is_the_sha256_of_little_endian_32_bit_labels():
    expected = hashlib.sha256(struct.pack("<6i", 1, 0, 0, -1, 1, 0)).hexdigest()
    assert labels_sha256(canonical([7, 3, 3, -1, 7, 3])) == expected
    assert expected == "45d5be6a858da6e373a1b764f4055b3176959f46883042d36f33f39f11d575e5"


def test_the_identity_does_not_depend_on_layout_in_memory():
    labels = canonical([0, 0, 1, 2, 0])
    wide = np.repeat(labels, 2)[::2]
    assert not wide.flags.c_contiguous
    assert labels_sha256(wide) == labels_sha256(labels) == labels_sha256(labels.astype(">i4"))


@given(labelings, labelings)
def test_two_labelings_share_an_identity_exactly_if_they_are_the_same_partition(one, other):
    a, b = Labeling.of(np.array(one, dtype=int)), Labeling.of(np.array(other, dtype=int))
    same = len(one) == len(other) and partition(one) == partition(other)
    assert (a.sha256 == b.sha256) == same


def test_a_labeling_counts_its_rows_clusters_and_noise():
    labeling = Labeling.of([5, 5, -1, 2, 5, 2, -1, -1])
    assert labeling.sizes == (3, 2)
    assert labeling.n_clusters == 2
    assert labeling.n_noise == 3
    assert labeling.sha256 == labels_sha256(labeling.labels)


def test_an_empty_labeling_and_one_of_noise_have_no_cluster():
    assert Labeling.of([]).sizes == ()
    noise = Labeling.of([-1, -1])
    assert (noise.n_clusters, noise.n_noise) == (0, 2)


@given(labelings)
def test_sizes_and_noise_add_up_to_the_rows(labels):
    labeling = Labeling.of(np.array(labels, dtype=int))
    assert sum(labeling.sizes) + labeling.n_noise == len(labels)
