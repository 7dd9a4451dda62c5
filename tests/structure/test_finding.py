"""The verdict on a table, and the words that say what was tested."""

import pytest

from clusterbench.structure import ColumnDip, StructureFinding, StructureVerdict, TableFit

FOUND, NOT_FOUND, NOT_DECIDED = StructureVerdict


def finding(observed: float | None, *drawn: float | None, dip: float = 1.0) -> StructureFinding:
    dips = (ColumnDip("SPENT", 0.02, dip), ColumnDip("PAID", 0.01, 1.0))
    tables = tuple(TableFit(silhouette, {}) for silhouette in drawn)
    return StructureFinding("cards", 2000, TableFit(observed, {}), tables, dips)


@pytest.mark.parametrize(
    ("tested", "p", "verdict"),
    [
        (finding(0.46, *[0.40] * 19), 0.05, FOUND),
        (finding(0.44, *[0.40] * 19), 1.0, NOT_FOUND),  # higher, but within the margin
        (finding(0.46, *[0.40] * 18, 0.42), 0.1, NOT_FOUND),
        (finding(0.46, *[0.40] * 18, None), 0.1, NOT_FOUND),  # a table without a partition is no evidence
        (finding(0.46, 0.40, 0.40), 1 / 3, NOT_DECIDED),  # two tables are too few to show structure
        (finding(0.46, 0.40, 0.45), 2 / 3, NOT_FOUND),  # but one of them may contradict it
        (finding(None, *[0.40] * 19), None, NOT_DECIDED),
        (finding(None), None, NOT_DECIDED),
        (finding(1.0, *[1.0] * 19), 1.0, NOT_DECIDED),  # the values of the columns are groups
        (finding(0.44, *[0.40] * 19, dip=0.001), 1.0, FOUND),
        (finding(None, dip=0.02), None, FOUND),
    ],
)
def test_structure_is_found_by_either_test_and_denied_by_the_drawn_tables_alone(tested, p, verdict):
    assert tested.p == pytest.approx(p)
    assert tested.verdict is verdict
    assert tested.text.startswith(f"{verdict} in 2,000 rows: ")


def test_the_text_says_what_was_tested():
    assert finding(0.44, *[0.40] * 18, None, dip=0.04).text == (
        "no structure found in 2,000 rows: k-means reaches a silhouette of 0.440, and at most 0.400 on 19"
        " tables, with the same columns and rank correlations but no clusters (Gaussian copula, margin 0.05, p = 1.00);"
        " columns or combinations of columns with more than one mode: none (dip test at 0.02, corrected for 2, smallest"
        " p = 0.04)"
    )
    assert "of columns with more than one mode: SPENT (dip test" in finding(0.9, 0.1, dip=1e-9).text
    assert "on 2 tables, of the 19 that a verdict needs, with the same" in finding(0.9, 0.1, 0.2).text
    assert "and no partition that passes the gate on 1 table" in finding(0.9, None).text
    assert "no partition by k-means passes the gate;" in finding(None, 0.1).text
