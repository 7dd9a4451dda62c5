"""What splits when k becomes k + 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clusterbench.segments import Segmentation, k_step


def test_a_segment_that_splits_is_named_with_its_parts(planted: Segmentation, make_segmentation: Any) -> None:
    two = make_segmentation(planted.table, np.minimum(planted.segment, 2), features=planted.features)
    step = k_step(two, planted, ("cheap", "dear"))
    assert step.sentences == ("dear splits into high SALES, low VISITS (60 %) and high SALES, high VISITS (40 %).",)
    assert [one.size for one in step.segments] == [200, 120, 80]
    assert step.segments[2].shares == pytest.approx((0.0, 1.0))


def test_a_segment_gathered_from_several_is_named_with_them(planted: Segmentation, make_segmentation: Any) -> None:
    taken = np.isin(np.arange(400), [*range(30), *range(200, 220)])
    finer = make_segmentation(planted.table, np.where(taken, 4, planted.segment), features=planted.features)
    step = k_step(planted, finer, ("a", "b", "c"))
    (sentence,) = [one for one in step.sentences if "gathered" in one]
    assert sentence.endswith("is gathered from a (60 %) and b (40 %).")
