"""Names of segments: suggested, distinct, edited, merged."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.segments import (
    NamesFile,
    Segmentation,
    SegmentDescription,
    describe,
    profile_segments,
    suggest_names,
)

COLUMNS = (
    *("BALANCE", "PURCHASES", "ONEOFF_PURCHASES", "INSTALLMENTS_PURCHASES", "CASH_ADVANCE"),
    *("CREDIT_LIMIT", "PAYMENTS", "PRC_FULL_PAYMENT", "TENURE"),
)


def _cards(make_segmentation: Any, levels: dict[str, tuple[float, ...]], size: int = 30) -> Segmentation:
    """Segments of credit-card customers whose named columns have the given means; the others are equal."""
    m = len(next(iter(levels.values())))
    noise = np.random.default_rng(0).normal(size=(m * size, len(COLUMNS)))
    table = pd.DataFrame(50.0 + noise, columns=list(COLUMNS))
    segment = np.repeat(range(1, m + 1), size)
    for column, values in levels.items():
        table[column] += np.array(values)[segment - 1]
    return make_segmentation(table, segment)


def test_credit_card_customers_are_named_by_what_they_do_with_evidence(make_segmentation: Any) -> None:
    cash, buys = (8.0, 0.0, 0.0), (0.0, 8.0, 0.0)
    levels = {"CASH_ADVANCE": cash, "PURCHASES": buys, "INSTALLMENTS_PURCHASES": buys, "BALANCE": (0.0, 0.0, -9.0)}
    first, second, third = suggest_names(profile_segments(_cards(make_segmentation, levels)))
    assert [one.name for one in (first, second, third)] == [
        "cash-advance users",
        "instalment buyers",
        "inactive customers",
    ]
    assert first.evidence_text.startswith("CASH_ADVANCE +1.4 sd, PURCHASES -0.7 sd")
    assert not first.weak


def test_any_other_table_is_named_by_its_largest_deviations(planted: Segmentation) -> None:
    names = suggest_names(profile_segments(planted))
    assert [one.name for one in names] == ["low SALES", "high SALES, low VISITS", "high SALES, high VISITS"]
    assert names[1].evidence[0][0] in ("SALES", "VISITS")


def test_segments_that_would_be_named_alike_are_told_apart(make_segmentation: Any) -> None:
    levels = {
        "CASH_ADVANCE": (9.0, 9.0, 0.0, 0.0),
        "PURCHASES": (-5.0, -5.0, 5.0, 5.0),
        "TENURE": (2.0, -2.0, 0.0, 0.0),
    }
    names = [one.name for one in suggest_names(profile_segments(_cards(make_segmentation, levels)))]
    assert names[:2] == ["cash-advance users, higher tenure", "cash-advance users, lower tenure"]
    assert len(set(names)) == 4


def test_names_of_the_same_columns_in_another_order_are_told_apart(make_segmentation: Any) -> None:
    segment = np.repeat([1, 2, 3], 30)
    values = {"A": np.choose(segment - 1, [3.0, 2.9, 0.0]), "B": np.choose(segment - 1, [2.0, 2.2, 0.0])}
    noise = np.random.default_rng(0).normal(size=90)
    table = pd.DataFrame({**values, "C": noise})
    names = [one.name for one in suggest_names(profile_segments(make_segmentation(table, segment)))]
    assert names == ["high A, high B, segment 1", "high A, high B, segment 2", "low A, low B"]


def test_equal_columns_are_named_once(make_segmentation: Any) -> None:
    segment = np.repeat([1, 2], 30)
    column = 5.0 * segment + np.random.default_rng(0).normal(size=60)
    other = 3.0 * segment + np.random.default_rng(1).normal(size=60)
    table = pd.DataFrame({"A": column, "copy of A": column, "B": other})
    names = [one.name for one in suggest_names(profile_segments(make_segmentation(table, segment)))]
    assert names == ["low A, low B", "high A, high B"]


def test_a_segment_without_a_marked_feature_has_a_weak_name(make_segmentation: Any) -> None:
    table = pd.DataFrame({"A": np.tile([0.0, 1.0], 30), "B": np.tile([1.0, 1.0, 3.0], 20)})
    names = suggest_names(profile_segments(make_segmentation(table, np.repeat([1, 2], 30))))
    assert [one.weak for one in names] == [True, True]
    assert names[0].name != names[1].name


def _named(planted: Segmentation, text: str) -> SegmentDescription:
    return describe(planted, names=NamesFile.parse(text, planted.segment))


def test_names_are_written_and_edited_ones_win_when_read_back(planted: Segmentation) -> None:
    written = describe(planted).names_file
    assert tomllib.loads(written)["segments"]["2"]["name"] == "high SALES, low VISITS"
    assert _named(planted, written).names_file == written
    edited = written.replace('name = "high SALES, low VISITS"', 'name = "Rare but \\"dear\\""', 1)
    again = _named(planted, edited)
    assert again.called == ("low SALES", 'Rare but "dear"', "high SALES, high VISITS")
    assert [one.edited for one in again.names] == [False, True, False]
    assert _named(planted, again.names_file).called == again.called


def test_an_unedited_file_of_another_partition_is_written_again(planted: Segmentation) -> None:
    written = describe(planted).names_file
    other = np.where(planted.segment == 3, 2, planted.segment)
    assert not NamesFile.parse(written, other).edited


def test_a_suggested_name_gives_way_to_an_equal_edited_one(planted: Segmentation) -> None:
    called = _named(planted, '[segments.3]\nname = "low SALES"\n').called
    assert called == ("low SALES, segment 1", "high SALES, low VISITS", "low SALES")


def test_merged_segments_are_one_and_the_file_keeps_their_ids(planted: Segmentation, make_segmentation: Any) -> None:
    names = NamesFile.parse(describe(planted).names_file.replace("merge = []", "merge = [[3, 2]]"), planted.segment)
    assert names.groups == ((1,), (2, 3))
    merged = make_segmentation(planted.table, names.merged, features=planted.features)
    description = describe(merged, names=names)
    assert [profile.size for profile in description.profiles] == [200, 200]
    assert description.called == ("low SALES", "high SALES")
    content = tomllib.loads(description.names_file)
    assert content["merge"] == [[2, 3]]
    assert set(content["segments"]) == {"1", "2"}
    edited = description.names_file.replace('name = "high SALES"', 'name = "dear"')
    assert describe(merged, names=NamesFile.parse(edited, planted.segment)).called == ("low SALES", "dear")


def test_merged_segments_are_numbered_by_size_again() -> None:
    names = NamesFile.parse("merge = [[2, 3]]", np.repeat([0, 1, 2, 3, 4], [3, 10, 9, 8, 2]))
    assert names.groups == ((2, 3), (1,), (4,))
    assert np.bincount(names.merged).tolist() == [3, 17, 10, 2]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[segments.4]\nname = 'x'", r"names.toml: segments: unknown segment '4' \(allowed: 1, 2, 3\)"),
        ("[segments.noise]\nname = 'x'", "unknown segment 'noise'"),
        ("[segments.1]\nname = ' '", "segment 1 has no name"),
        ("[segments.1]\nnam = 'x'", "segment 1 has no name"),
        ("[segments.1]\nname = 'x'\nnme = 'y'", "unknown key 'nme', did you mean 'name'"),
        ("[segments.1]\nname = 'x'\n[segments.2]\nname = 'x'", "two segments are called 'x'"),
        ("merge = [[1, 9]]", "merge: unknown segment 9"),
        ("merge = [[1, 1]]", "cannot be merged"),
        ("merge = [[2]]", "cannot be merged"),
        ("merge = [1, 2]", "no list of lists"),
        ("merge = [[1, 2, 3]]", "one segment alone would be left"),
        ("marge = [[1, 2]]", "unknown key 'marge', did you mean 'merge'"),
        ("partition = '0123456789ab'\n[segments.1]\nname = 'x'", "names are of another partition"),
        ("partition = '0123456789ab'\nmerge = [[1, 2]]", "names are of another partition"),
        ("segments = 1", "segments is no table"),
        ("[segments.1", "not valid TOML"),
    ],
)
def test_a_names_file_that_does_not_fit_is_refused(planted: Segmentation, text: str, complaint: str) -> None:
    with pytest.raises(RequestError, match=complaint):
        NamesFile.parse(text, planted.segment)
