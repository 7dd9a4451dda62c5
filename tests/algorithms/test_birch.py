"""BIRCH: scikit-learn's own labels where the tree has room, and never more sub-clusters than declared."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import Birch

from clusterbench.labeling import canonical


def test_without_a_bound_it_gives_the_labels_of_scikit_learn(cuts_of, moons):
    [part] = cuts_of("birch", moons, [{"k": 4}])
    reference = Birch(threshold=0.5, n_clusters=4).fit_predict(moons)
    np.testing.assert_array_equal(canonical(part.labels), canonical(reference))


def test_the_threshold_is_raised_until_the_tree_fits_its_bound(cuts_of, moons):
    free, bounded = (cuts_of("birch", moons, [{"k": 4}], max_leaves=most)[0] for most in (2000, 12))
    assert bounded.info["sub_clusters"] <= 12 < free.info["sub_clusters"]
    assert bounded.info["threshold"] > free.info["threshold"] == 0.5
    np.testing.assert_array_equal(bounded.model.predict(moons), bounded.labels)
    assert len(np.unique(bounded.labels)) == 4


def test_more_clusters_than_sub_clusters_is_an_error_that_says_so(cuts_of, moons):
    with pytest.raises(ValueError, match=r"1 sub-clusters cannot be merged to 4 clusters"):
        cuts_of("birch", moons, [{"k": 4}], threshold=100.0)
