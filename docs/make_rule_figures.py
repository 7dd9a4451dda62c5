"""Write docs/rules/figures from the committed results: python docs/make_rule_figures.py"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import rank_figures
import score_figures
from reference_results import RuleFigure

from clusterbench.report import new_figure
from clusterbench.report.figure_style import house_style
from clusterbench.report.svg import Drawing, Picture, svg_picture

FOLDER = Path(__file__).with_name("rules") / "figures"
FIGURES = (*score_figures.FIGURES, *rank_figures.FIGURES)


def picture(figure: RuleFigure) -> Picture:
    """Return the figure of a rule; its title is what it shows."""
    with house_style():
        canvas = new_figure(7.4, figure.height)
        finding = figure.draw(canvas)
        title = textwrap.fill(finding.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"), 98)
        canvas.suptitle(title, x=0.01, ha="left", fontsize=9.5, fontweight="bold")
        description = (figure.draw.__doc__ or "").strip()
        return svg_picture(Drawing(canvas, description, (), ()), name=figure.page, title=finding)


def main() -> None:
    """Write every figure, and what it shows into its page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for figure in FIGURES:
        drawn = picture(figure)
        (FOLDER / f"{figure.page}.svg").write_text(drawn.file, encoding="utf-8")
        page = FOLDER.parent / f"{figure.page}.md"
        text = re.sub(r"!\[.*\](?=\(figures/)", f"![{drawn.title}]", page.read_text(encoding="utf-8"))
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
