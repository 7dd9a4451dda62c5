"""Generators depend on the seed and the names alone."""

import numpy as np
import pytest

from clusterbench.seeding import stable_rng


@pytest.mark.parametrize("names", [(), ("a",), ("a", "b"), ("ab",), (1,), ("a", 1)])
def test_generators_of_different_names_differ(names):
    others = [(), ("a",), ("a", "b"), ("ab",), (1,), ("a", 1), ("b", "a")]
    draws = {other: stable_rng(5, *other).random() for other in others}
    assert len(set(draws.values())) == len(others)
    assert stable_rng(5, *names).random() == draws[names]
    assert stable_rng(6, *names).random() != draws[names]


def test_generators_depend_on_seed_and_name_alone():
    first = stable_rng(3, "calibration", 2).random(4)
    stable_rng(3, "calibration", 3).random(100)
    np.testing.assert_array_equal(stable_rng(3, "calibration", 2).random(4), first)
    assert not np.array_equal(stable_rng(3, "calibration2").random(4), first)
    # The same on every machine and in every process.
    assert stable_rng(0, "calibration", 2).integers(10**9) == stable_rng(0, "calibration", 2).integers(10**9)
