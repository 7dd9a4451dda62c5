"""Numbers that no scoring function can work with are refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from clusterbench.errors import RequestError
from clusterbench.metrics import calibrate, score_labelings

X = np.arange(12.0).reshape(6, 2)
LABELS = [[0, 0, 0, 1, 1, 1]]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: score_labelings(X, LABELS, threads=0), "threads = 0"),
        (lambda: score_labelings(X, LABELS, memory_mb=float("nan")), "memory_mb = nan"),
        (lambda: score_labelings(X, LABELS, anchors=1), "anchors = 1"),
        (lambda: calibrate(X, [2], n_random=0), "n_random = 0"),
        (lambda: calibrate(X, [2], n_random=-1), "n_random = -1"),
    ],
)
def test_a_number_that_cannot_be_used_is_named(call, told):
    with pytest.raises(RequestError, match=told):
        call()
