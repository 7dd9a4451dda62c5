"""The pages of the rules of trust: complete, with figures that are what the committed results give."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import rank_figures
import reference_results
from make_rule_figures import FIGURES, picture

from clusterbench import score_labelings

PAGES = Path(__file__).resolve().parent.parent / "docs" / "rules"
SECTIONS = ["The defect", "The rule", "What the results show", "Check it yourself", "Limits", "Sources"]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.page)
def test_a_figure_is_what_the_committed_results_give(figure):
    drawn = picture(figure)
    committed = (PAGES / "figures" / f"{figure.page}.svg").read_text(encoding="utf-8")
    assert drawn.file == committed, "run python docs/make_rule_figures.py"
    assert len(committed) < 30_000
    assert f"![{drawn.title}](figures/{figure.page}.svg)" in (PAGES / f"{figure.page}.md").read_text(encoding="utf-8")


def test_every_rule_has_a_complete_page_and_a_line_in_the_index():
    index = (PAGES / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[.+\]\((.+)\.md\)", index, re.MULTILINE)
    assert [int(number) for number, _ in listed] == list(range(1, 17))
    assert [page for _, page in listed] == [figure.page for figure in FIGURES]
    for number, page in listed:
        text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
        assert 40 <= len(text.splitlines()) <= 90


def test_the_mean_ranks_that_are_drawn_are_those_of_the_board():
    board = reference_results.contenders("credit-card")
    metrics = reference_results.manifest("credit-card")["rules"]["ranking"]["facts"]
    np.testing.assert_allclose(rank_figures.mean_rank(board, metrics), board["mean_rank"], atol=1e-6)


def test_a_silhouette_without_noise_is_that_with_noise_as_zero_over_the_share_of_clustered_rows():
    rng = np.random.default_rng(0)
    labels = np.array([0] * 20 + [1] * 15 + [-1] * 5)
    table = rng.normal(size=(40, 3)) + 4.0 * labels[:, None]
    scores = score_labelings(table, labels, metrics=["silhouette"], noise=["zero", "drop"]).set_index("noise")["value"]
    assert scores["drop"] == pytest.approx(scores["zero"] / 0.875, rel=1e-9)
