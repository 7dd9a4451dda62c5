"""The segments of the real customers read as docs/segments.md shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clusterbench.datasets import DatasetSpec, load_dataset
from clusterbench.segments import SegmentDescription, describe

NAMES = {
    "cash-advance users",
    "instalment buyers",
    "heavy buyers",
    "one-off buyers",
    "users of everything",
    "customers with low balances",
}


@pytest.fixture(scope="module")
def description(real_table_folder: Path, make_segmentation: Any) -> SegmentDescription:
    from sklearn.cluster import KMeans

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLUSTERBENCH_DATA", str(real_table_folder))
        dataset = load_dataset(DatasetSpec(use="cc-general"), base=real_table_folder)
    table = dataset.frame.set_axis(dataset.row_ids)
    space = np.log1p(table.fillna(table.median())).to_numpy()
    space = (space - space.mean(axis=0)) / space.std(axis=0)
    labels = KMeans(6, n_init=3, random_state=0).fit_predict(space)
    order = np.argsort(-np.bincount(labels), kind="stable")
    return describe(make_segmentation(table, np.argsort(order)[labels] + 1, space=space, units=dataset.units))


def test_each_segment_is_called_by_what_its_customers_do(description: SegmentDescription) -> None:
    assert set(description.called) == NAMES
    assert not any(name.weak for name in description.names)


def test_a_quarter_of_the_customers_draws_half_of_the_cash(description: SegmentDescription) -> None:
    place = description.called.index("cash-advance users")
    profile, rule = description.profiles[place], description.rules.rules[place]
    assert profile.share == pytest.approx(0.25, abs=0.02)
    assert profile.concentrated[0].column == "CASH_ADVANCE"
    assert profile.concentrated[0].share_of_total == pytest.approx(0.53, abs=0.03)
    assert rule.precision > 0.9
    assert rule.coverage > 0.9


def test_short_rules_describe_most_segments(description: SegmentDescription) -> None:
    assert sum(rule.describes for rule in description.rules.rules) == 5
    assert description.rules.tree.fidelity == pytest.approx(0.86, abs=0.02)
