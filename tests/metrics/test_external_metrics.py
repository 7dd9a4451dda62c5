"""Agreement with known classes: values on paper, laws, noise, several references, and what has no value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from clusterbench import RequestError
from clusterbench.metrics import EXTERNAL_METRICS, Metric, MetricKind, UndefinedScore, external_scores

NAMES = ["ari", "ami", "nmi", "fowlkes_mallows", "nca", "npa", "pair_precision", "pair_recall"]
SYMMETRIC = ["ari", "ami", "nmi", "fowlkes_mallows", "npa"]


def values(labels, references, metrics=None, **options) -> dict[str, float]:
    table = external_scores([labels], references, metrics=metrics, **options)
    return dict(zip(table["metric"], table["value"], strict=True))


def from_counts(*rows: list[int]) -> tuple[list[int], list[int]]:
    """Labels and classes with these numbers of rows per class (row) and cluster (column)."""
    cells = [(label, code) for code, row in enumerate(rows) for label, count in enumerate(row) for _ in range(count)]
    return [label for label, _ in cells], [code for _, code in cells]


def test_a_table_of_two_classes_and_two_clusters_on_paper():
    # 3 1 / 1 5: n = 10, 45 pairs. Pairs in both: 3 + 10 = 13; of one class: 6 + 15 = 21; in one cluster: 21.
    got = values(*from_counts([3, 1], [1, 5]))
    expected = 21 * 21 / 45
    information = sum(c / 10 * math.log(10 * c / (a * b)) for c, a, b in [(3, 4, 4), (1, 4, 6), (1, 6, 4), (5, 6, 6)])
    entropy = -(0.4 * math.log(0.4) + 0.6 * math.log(0.6))
    # Of the 210 tables with these margins, C(4, j) C(6, 4 - j) have j rows in the first cell.
    tables = {j: math.comb(4, j) * math.comb(6, 4 - j) / 210 for j in range(5)}
    chance = 0.0
    for j, share in tables.items():
        cells = [(j, 4, 4), (4 - j, 4, 6), (4 - j, 6, 4), (2 + j, 6, 6)]
        chance += share * sum(c / 10 * math.log(10 * c / (a * b)) for c, a, b in cells if c)
    assert got == pytest.approx(
        {
            "ari": (13 - expected) / (21 - expected),
            "ami": (information - chance) / (entropy - chance),
            "nmi": information / entropy,
            "fowlkes_mallows": 13 / 21,
            "nca": 3 / 4 + 5 / 6 - 1,
            "npa": (8 / 10 - 1 / 2) / (1 / 2),
            "pair_precision": 13 / 21,
            "pair_recall": 13 / 21,
        }
    )


def test_a_table_of_three_classes_and_three_clusters_on_paper():
    # 4 0 1 / 0 3 0 / 2 0 2: class sizes 5 3 4, cluster sizes 6 3 3, 66 pairs.
    labels, classes = from_counts([4, 0, 1], [0, 3, 0], [2, 0, 2])
    both, of_class, of_cluster = 6 + 3 + 1 + 1, 10 + 3 + 6, 15 + 3 + 3
    expected = of_class * of_cluster / 66
    got = values(labels, classes, ["ari", "fowlkes_mallows", "nca", "npa", "pair_precision", "pair_recall"])
    assert got == pytest.approx(
        {
            "ari": (both - expected) / ((of_class + of_cluster) / 2 - expected),
            "fowlkes_mallows": both / math.sqrt(of_class * of_cluster),
            "nca": (4 / 5 + 3 / 3 + 2 / 4 - 1) / 2,
            "npa": (9 / 12 - 1 / 3) / (2 / 3),
            "pair_precision": both / of_cluster,
            "pair_recall": both / of_class,
        }
    )
    assert values(labels, classes)["ami"] == pytest.approx(sk.adjusted_mutual_info_score(classes, labels))


def test_more_clusters_than_classes_leave_clusters_unmatched():
    # 2 2 0 / 0 0 4: the classes match the clusters of 2 and 4 rows; three groups at most.
    got = values(*from_counts([2, 2, 0], [0, 0, 4]), metrics=["nca", "npa"])
    assert got == pytest.approx({"nca": 2 / 4 + 4 / 4 - 1, "npa": (6 / 8 - 1 / 3) / (2 / 3)})


def test_expected_information_of_many_rows_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    classes, labels = rng.choice(3, 9_000, p=[0.78, 0.2, 0.02]), rng.choice(5, 9_000, p=[0.6, 0.3, 0.09, 0.005, 0.005])
    labels[:3_000] = classes[:3_000]
    assert values(labels, classes)["ami"] == pytest.approx(sk.adjusted_mutual_info_score(classes, labels), abs=1e-11)


def test_worse_than_chance_is_negative():
    assert values([0, 1, 0, 1], [0, 0, 1, 1], ["ari"])["ari"] == pytest.approx(-0.5)


labelings = st.integers(2, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n) for _ in range(2)])
)


@settings(max_examples=40)
@given(labelings, st.permutations(range(5)), st.randoms(use_true_random=False))
def test_names_of_clusters_and_order_of_rows_do_not_count(two, renaming, random):
    labels, classes = two
    order = list(range(len(labels)))
    random.shuffle(order)
    moved = values([renaming[labels[i]] for i in order], [renaming[classes[i]] for i in order])
    assert moved == pytest.approx(values(labels, classes), nan_ok=True)


@settings(max_examples=40)
@given(labelings)
def test_labels_and_classes_may_change_places(two):
    labels, classes = two
    one, other = values(labels, classes), values(classes, labels)
    assert {name: one[name] for name in SYMMETRIC} == pytest.approx(
        {name: other[name] for name in SYMMETRIC}, nan_ok=True
    )
    assert one["pair_precision"] == pytest.approx(other["pair_recall"], nan_ok=True)


@settings(max_examples=40)
@given(labelings)
def test_values_agree_with_scikit_learn_and_keep_to_their_ranges(two):
    labels, classes = two
    table = external_scores([labels], classes)
    assert set(table["status"]) <= {"ok", "undefined"}
    got = dict(zip(table["metric"], table["value"], strict=True))
    assert got["ari"] == pytest.approx(sk.adjusted_rand_score(classes, labels), abs=1e-12)
    assert got["ami"] == pytest.approx(sk.adjusted_mutual_info_score(classes, labels), abs=1e-9)
    assert got["nmi"] == pytest.approx(sk.v_measure_score(classes, labels), abs=1e-9)
    if not math.isnan(got["fowlkes_mallows"]):
        assert got["fowlkes_mallows"] == pytest.approx(sk.fowlkes_mallows_score(classes, labels), abs=1e-12)


@settings(max_examples=40)
@given(labelings)
def test_a_labeling_agrees_with_itself(two):
    got = values(two[0], two[0])
    assert [value for value in got.values() if not math.isnan(value)] == pytest.approx(
        [1.0] * sum(not math.isnan(value) for value in got.values())
    )


def test_a_million_rows_do_not_overflow():
    # Half a million rows per class, three quarters of each in one cluster: shares of pairs follow from the counts.
    quarter = 125_000
    classes = np.repeat([0, 1], 4 * quarter)
    labels = np.concatenate([np.repeat([0, 1], [3 * quarter, quarter]), np.repeat([0, 1], [quarter, 3 * quarter])])
    n, both = 8 * quarter, 2 * (math.comb(3 * quarter, 2) + math.comb(quarter, 2))
    of_class = 2 * math.comb(4 * quarter, 2)
    expected = of_class * of_class / math.comb(n, 2)
    got = values(labels, classes)
    assert got["ari"] == pytest.approx((both - expected) / (of_class - expected), rel=1e-9)
    assert got["pair_recall"] == pytest.approx(both / of_class, rel=1e-12)
    assert got["ami"] == pytest.approx(got["nmi"], abs=1e-5)
    assert (got["nca"], got["npa"]) == pytest.approx((0.5, 0.5))


def test_the_best_of_several_references_counts_and_is_named():
    references = {"coarse": [0, 0, 0, 1, 1, 1], "fine": [0, 0, 1, 1, 2, 2]}
    table = external_scores([[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2]], references, metrics="ari")
    assert table["reference"].tolist() == ["coarse", "fine"]
    assert table["value"].tolist() == [1.0, 1.0]
    only = external_scores([[0, 0, 0, 1, 1, 1]], {"fine": references["fine"]}, metrics="ari")
    assert only["value"].item() < 1.0


def test_each_metric_takes_its_own_reference():
    labels = [0, 0, 0, 0, 1, 1]
    references = {"one": [0, 0, 0, 1, 1, 1], "all": [0, 0, 0, 0, 0, 0]}
    table = external_scores([labels], references, metrics=["ari", "pair_precision", "nca"]).set_index("metric")
    assert table["reference"].to_dict() == {"ari": "one", "pair_precision": "all", "nca": "one"}


def test_rows_without_a_class_are_left_out():
    table = external_scores([[0, 0, 1, 1, 2, 2]], [0, 0, 1, 1, -1, -1])
    assert table["value"].tolist() == [1.0] * len(NAMES)


def test_noise_agrees_with_nothing_unless_another_policy_is_declared():
    # Clusters 2 2, and two noise rows, one of each class.
    labels, classes = [0, 0, -1, 1, 1, -1], [0, 0, 0, 1, 1, 1]
    apart = values(labels, classes, ["ari", "nca", "npa", "pair_precision", "pair_recall"])
    expected = 6 * 2 / 15
    assert apart == pytest.approx(
        {
            "ari": (2 - expected) / (4 - expected),
            "nca": 2 / 3 + 2 / 3 - 1,
            "npa": (4 / 6 - 1 / 2) / (1 / 2),
            "pair_precision": 1.0,
            "pair_recall": 2 / 6,
        }
    )
    assert values(labels, classes)["ami"] == pytest.approx(sk.adjusted_mutual_info_score(classes, [0, 0, 8, 1, 1, 9]))
    assert set(values(labels, classes, noise="drop").values()) == {1.0}
    together = values(labels, classes, ["ari", "ami", "nmi"], noise="cluster")
    assert together == pytest.approx(
        {
            "ari": sk.adjusted_rand_score(classes, labels),
            "ami": sk.adjusted_mutual_info_score(classes, labels),
            "nmi": sk.normalized_mutual_info_score(classes, labels),
        }
    )


def test_what_has_no_value_says_why():
    table = external_scores([[0, 1, 2, 3]], [0, 0, 0, 0]).set_index("metric")
    assert table.loc["nca", "reason"] == "there is only one class"
    assert table.loc["pair_precision", "reason"] == "no two rows are in one cluster"
    assert table.loc["fowlkes_mallows", "status"] == "undefined"
    assert (
        external_scores([[0, 0]], [0, 1]).set_index("metric").loc["pair_recall", "reason"]
        == "no two rows are of one class"
    )
    alone = external_scores([[0, 0, 1]], [0, -1, -1])
    assert set(alone["reason"]) == {"fewer than 2 rows with a known class"}
    assert external_scores([[-1, -1]], [0, 1], noise="drop")["status"].tolist() == ["undefined"] * len(NAMES)


def test_a_reference_without_a_value_does_not_hide_another():
    table = external_scores([[0, 0, 1, 1]], {"none": [-1] * 4, "all": [0, 0, 1, 1]}, metrics="ari")
    assert table[["value", "reference"]].values.tolist() == [[1.0, "all"]]


def test_tables_that_would_not_fit_in_memory_are_refused_with_the_reason():
    n = 5000
    table = external_scores([np.arange(n)], np.arange(n), metrics="ari")
    assert table["reason"].item() == "5000 classes and 5000 clusters are too many to be counted"


def test_the_built_in_metrics_declare_what_they_are():
    assert list(EXTERNAL_METRICS) == NAMES
    for metric in EXTERNAL_METRICS.values():
        assert (metric.kind, metric.direction, metric.upper) == (MetricKind.EXTERNAL, "higher", 1.0)
        assert metric.formula
        assert metric.caveat
        assert metric.reference
    assert "V-measure" in EXTERNAL_METRICS["nmi"].formula


def test_a_metric_of_ones_own_is_computed_from_the_counts():
    def purity(table):
        if len(table.counts) == 1:
            raise UndefinedScore("one class")
        return table.counts.max(axis=0).sum() / table.n_rows

    own = Metric(
        name="purity", kind="external", direction="higher", formula="share of the majority", upper=1.0, agreement=purity
    )
    table = external_scores([[0, 0, 0, 1]], {"two": [0, 0, 1, 1], "one": [0, 0, 0, 0]}, metrics=[own, "ari"])
    assert table["value"].tolist()[0] == 0.75
    assert external_scores([[0, 0]], [0, 0], metrics=own)["reason"].item() == "one class"
    broken = Metric(name="b", kind="external", direction="higher", formula="f", upper=1.0, agreement=lambda table: 2.0)
    assert "outside its range" in external_scores([[0, 0]], [0, 0], metrics=broken)["reason"].item()
    raising = Metric(name="r", kind="external", direction="higher", formula="f", agreement=lambda table: 1 / 0)
    assert external_scores([[0, 0]], [0, 0], metrics=raising)["reason"].item().startswith("ZeroDivisionError")


@pytest.mark.parametrize(
    ("references", "options", "message"),
    [
        ([0, 1, 1], {"metrics": "arj"}, "unknown external metric 'arj', did you mean 'ari'?"),
        ([0, 1, 1], {"noise": "nearest"}, "noise policy 'nearest' needs a space"),
        ([0, 1], {}, "labeling 0 has shape"),
        ({"a": [0, 1, 1], "b": [0, 1]}, {}, "known classes of 'a' 3, 'b' 2 rows"),
        ({}, {}, "known classes of no rows"),
        ({"a": [0.5, 1, 1]}, {}, "known classes 'a': labels must be integers"),
    ],
)
def test_wrong_requests_are_refused(references, options, message):
    with pytest.raises(RequestError) as raised:
        external_scores([[0, 0, 1]], references, **options)
    assert message in str(raised.value)


@pytest.mark.parametrize("fields", [{"kind": "external"}, {"agreement": len, "value": len}])
def test_an_external_metric_needs_its_function(fields):
    with pytest.raises(RequestError, match="agreement and kind external go together"):
        Metric(**{"name": "m", "direction": "higher", "formula": "f"} | fields)
