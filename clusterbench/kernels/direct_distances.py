"""The distances of scikit-learn-extra's medoids without scikit-learn's checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sklearn import config_context
from sklearn.metrics.pairwise import _euclidean_distances
from sklearn_extra.cluster import _k_medoids

from clusterbench.tables import Floats


@contextmanager
def unchecked_distances() -> Iterator[None]:
    """Have scikit-learn-extra in the block compute Euclidean distances of float64 rows, none of them checked again.

    For the small samples of CLARA checks take longer than distances.
    """
    with config_context(assume_finite=True), patch.object(_k_medoids, "pairwise_distances", _distances):
        yield


def _distances(X: Floats, Y: Floats | None = None, metric: str = "euclidean") -> Floats:
    return _euclidean_distances(X, X if Y is None else Y)  # type: ignore[no-any-return]
