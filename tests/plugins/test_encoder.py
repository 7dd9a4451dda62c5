"""Encoders as plain numbers."""

from __future__ import annotations

import numpy as np
import pytest

from clusterbench.plugins import Encoder, LatentCentroids


@pytest.fixture
def encoder():
    first = (np.array([[1.0, -1.0], [0.0, 2.0]]), np.array([0.0, 1.0]))
    second = (np.array([[1.0], [1.0]]), np.array([-0.5]))
    return Encoder(np.array([1.0, 2.0]), np.array([2.0, 1.0]), (first, second))


def test_encoding_by_hand(encoder):
    # (3, 1) is standardised to (1, -1); hidden: relu(1, -1 - 2 + 1) = (1, 0); latent: 1 + 0 - 0.5.
    # (1, 3) is standardised to (0, 1); hidden: relu(0, 2 + 1) = (0, 3); latent: 2.5.
    assert encoder.encode([[3, 1], [1, 3]]).tolist() == [[0.5], [2.5]]


def test_rows_of_another_width_are_refused(encoder):
    with pytest.raises(ValueError, match=r"rows of 2 values, got shape \(1, 3\)"):
        encoder.encode([[1, 2, 3]])


def test_the_nearest_centroid_in_the_latent_space_gives_the_cluster(encoder):
    model = LatentCentroids(encoder, np.array([[3.0], [0.0]]))
    assert model.predict([[3, 1], [1, 3]]).tolist() == [1, 0]
