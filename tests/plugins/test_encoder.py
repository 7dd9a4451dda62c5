"""Saved encoders."""

from __future__ import annotations

import json

import numpy as np
import pytest

from clusterbench.errors import RequestError
from clusterbench.plugins import Encoder, LatentCentroids, load_encoder


@pytest.fixture
def encoder():
    first = (np.array([[1.0, -1.0], [0.0, 2.0]]), np.array([0.0, 1.0]))
    second = (np.array([[1.0], [1.0]]), np.array([-0.5]))
    return Encoder(np.array([1.0, 2.0]), np.array([2.0, 1.0]), (first, second))


def test_encoding_by_hand(encoder):
    # (3, 1) is standardised to (1, -1); hidden: relu(1, -1 - 2 + 1) = (1, 0); latent: 1 + 0 - 0.5.
    # (1, 3) is standardised to (0, 1); hidden: relu(0, 2 + 1) = (0, 3); latent: 2.5.
    assert encoder.encode([[3, 1], [1, 3]]).tolist() == [[0.5], [2.5]]
    assert encoder.n_latent == 1


def test_rows_of_another_width_are_refused(encoder):
    with pytest.raises(ValueError, match=r"rows of 2 values, got shape \(1, 3\)"):
        encoder.encode([[1, 2, 3]])


def test_a_saved_encoder_comes_back_the_same(encoder, tmp_path):
    rows = np.random.default_rng(0).normal(size=(50, 2))
    path = encoder.save(tmp_path / "new" / "folder")
    assert path.is_file()
    np.testing.assert_array_equal(load_encoder(path.parent).encode(rows), encoder.encode(rows))


def test_the_nearest_centroid_in_the_latent_space_gives_the_cluster(encoder, tmp_path):
    model = LatentCentroids(encoder, np.array([[3.0], [0.0]]))
    assert model.predict([[3, 1], [1, 3]]).tolist() == [1, 0]
    model.save(tmp_path)
    assert load_encoder(tmp_path).encode([[3, 1]]).tolist() == model.encode([[3, 1]]).tolist() == [[0.5]]


def test_a_missing_damaged_or_foreign_file_is_a_wrong_request(encoder, tmp_path):
    with pytest.raises(RequestError, match="there is no saved encoder"):
        load_encoder(tmp_path)
    path = encoder.save(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RequestError, match="cannot be read"):
        load_encoder(tmp_path)
    path.write_bytes(b"not an archive")
    with pytest.raises(RequestError, match="cannot be read"):
        load_encoder(tmp_path)
    np.savez(path, about=np.array(json.dumps({"format": 99})))
    with pytest.raises(RequestError, match=r"is of format 99 \(allowed: format 1\)"):
        load_encoder(tmp_path)
    np.savez(path, about=np.array(json.dumps({"format": 1, "layers": 1})))
    with pytest.raises(RequestError, match="lacks 'weights_0'"):
        load_encoder(tmp_path)


def test_nothing_in_a_file_is_run(tmp_path):
    np.savez(tmp_path / "encoder.npz", about=np.array([{"format": 1}], dtype=object))
    with pytest.raises(RequestError, match="cannot be read"):
        load_encoder(tmp_path)
