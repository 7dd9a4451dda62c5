"""Scores worked out by hand, and by exact fractions for whole numbers on a line."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clusterbench.metrics import score_labelings

ALL = ["silhouette", "silhouette_macro", "davies_bouldin", "calinski_harabasz"]
RECTANGLE = [[0, 0], [3, 0], [0, 4], [3, 4]]  # sides 3 and 4, diagonal 5
LINE = [[0], [1], [10], [11], [4]]
BESIDE = [0, 0, 1, 1, -1]


def scores(X, labels, noise="zero"):
    table = score_labelings(np.asarray(X, dtype=float), [labels], metrics=ALL, noise=noise)
    return dict(zip(table["metric"], table["value"], strict=True))


@pytest.mark.parametrize(
    ("X", "labels", "silhouette", "macro", "davies_bouldin", "calinski_harabasz"),
    [
        # Row 0: a 2, b 10; row 2: a 2, b 8; the lone row 0. Centroids 1 and 10, spreads 1 and 0.
        ([[0], [2], [10]], [0, 0, 1], F(31, 60), F(31, 80), F(1, 9), 27),
        # Interleaved: a is 6 for all, b is 7 outside and 3 inside.
        ([[0], [4], [6], [10]], [0, 1, 0, 1], F(-5, 28), F(-5, 28), F(3, 2), F(8, 9)),
        # Three pairs; the worst partner of the first is the second, of the third the second.
        (
            [[0], [1], [4], [5], [12], [14]],
            [0, 0, 1, 1, 2, 2],
            (2 * F(7, 9) + 2 * F(5, 7) + F(11, 15) + F(15, 19)) / 6,
            (2 * F(7, 9) + 2 * F(5, 7) + F(11, 15) + F(15, 19)) / 6,
            F(23, 102),
            F(163, 2),
        ),
        # Along the long side (a 3, b 4.5), along the short one (a 4, b 4).
        (RECTANGLE, [0, 0, 1, 1], F(1, 3), F(1, 3), F(3, 4), F(32, 9)),
        (RECTANGLE, [0, 1, 0, 1], 0, 0, F(4, 3), F(9, 8)),
    ],
)
def test_values_worked_out_by_hand(X, labels, silhouette, macro, davies_bouldin, calinski_harabasz):
    found = scores(X, labels)
    expected = [silhouette, macro, davies_bouldin, calinski_harabasz]
    assert [found[name] for name in ALL] == pytest.approx([float(value) for value in expected], rel=1e-13, abs=1e-15)


def test_across_the_diagonals_the_centroids_coincide():
    table = score_labelings(np.array(RECTANGLE, dtype=float), [[0, 1, 1, 0]], metrics=ALL).set_index("metric")
    assert table.loc["silhouette", "value"] == pytest.approx(-0.3)  # a 5, b 3.5
    assert table.loc["silhouette_macro", "value"] == pytest.approx(-0.3)
    assert table.loc["davies_bouldin", "reason"] == "two centroids coincide"
    assert table.loc["calinski_harabasz", "value"] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize(
    ("noise", "silhouette", "macro", "davies_bouldin", "calinski_harabasz"),
    [
        ("drop", (F(19, 21) + F(17, 19)) / 2, (F(19, 21) + F(17, 19)) / 2, F(1, 10), 200),
        ("zero", (F(19, 21) + F(17, 19)) * F(2, 5), (F(19, 21) + F(17, 19)) * F(2, 5), F(1, 10), 200),
        # The noise row is a cluster of its own at 4: b is 4, 3, 6, 7 for the others.
        ("cluster", F(87, 140), F(29, 56), F(9, 70), F(509, 5)),
        # It joins {0, 1}: centroids 5/3 and 21/2, spreads 14/9 and 1/2.
        (
            "nearest",
            (F(16, 21) + F(15, 19) + F(6, 13) + F(22, 25) + F(25, 28)) / 5,
            ((F(16, 21) + F(15, 19) + F(6, 13)) / 3 + (F(22, 25) + F(25, 28)) / 2) / 2,
            F(37, 159),
            3 * (3 * (F(26, 5) - F(5, 3)) ** 2 + 2 * F(53, 10) ** 2) / (F(26, 3) + F(1, 2)),
        ),
    ],
)
def test_one_noise_row_by_hand_under_each_policy(noise, silhouette, macro, davies_bouldin, calinski_harabasz):
    found = scores(LINE, BESIDE, noise)
    expected = [silhouette, macro, davies_bouldin, calinski_harabasz]
    assert [found[name] for name in ALL] == pytest.approx([float(value) for value in expected], rel=1e-13)


def on_a_line(points, labels):
    """The four indices in exact fractions; None where a denominator is zero."""
    groups = {c: [F(x) for x, label in zip(points, labels, strict=True) if label == c] for c in set(labels)}
    n, k = len(points), len(groups)
    rows = {c: [] for c in groups}
    for c, members in groups.items():
        for x in members:
            b = min(sum(abs(x - y) for y in other) / len(other) for d, other in groups.items() if d != c)
            a = sum(abs(x - y) for y in members) / (len(members) - 1) if len(members) > 1 else None
            rows[c].append(F(0) if a is None or max(a, b) == 0 else (b - a) / max(a, b))
    centre = {c: sum(members) / len(members) for c, members in groups.items()}
    spread = {c: sum(abs(x - centre[c]) for x in members) / len(members) for c, members in groups.items()}
    within = sum(sum((x - centre[c]) ** 2 for x in members) for c, members in groups.items())
    middle = sum(map(F, points)) / n
    between = sum(len(members) * (centre[c] - middle) ** 2 for c, members in groups.items())
    apart = len(set(centre.values())) == k
    worst = [
        max((spread[c] + spread[d]) / abs(centre[c] - centre[d]) for d in groups if d != c) for c in groups if apart
    ]
    return {
        "silhouette": sum(map(sum, rows.values())) / n if k < n else None,
        "silhouette_macro": sum(sum(s) / len(s) for s in rows.values()) / k if k < n else None,
        "davies_bouldin": sum(worst) / k if apart and k < n else None,
        "calinski_harabasz": between / within * F(n - k, k - 1) if within else math.inf if between and k < n else None,
    }


@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(0, 3)), min_size=3, max_size=25))
@settings(max_examples=40)
def test_whole_numbers_on_a_line_agree_with_exact_fractions(rows):
    points, labels = zip(*rows, strict=True)
    assume(len(set(labels)) > 1)
    expected = on_a_line(points, labels)
    found = scores(np.array(points)[:, None], labels)
    for name in ALL:
        if expected[name] is None:
            assert np.isnan(found[name])
        else:
            assert found[name] == pytest.approx(float(expected[name]), rel=1e-11, abs=1e-13)
