"""Draw docs/images/growth.svg, and write the table of docs/how-large.md, from docs/growth.csv. Run by hand.

The numbers are measured by ``benchmarks/speed/growth.py``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from clusterbench.report import house_style, look, new_figure
from clusterbench.report.svg import Drawing, svg_picture

DOCS = Path(__file__).parent
PAGE, FIGURE = DOCS / "how-large.md", DOCS / "images" / "growth.svg"
STAGES = {
    "planning": "loading, the space",
    "fitting": "fits",
    "scoring": "scores",
    "calibrating": "random partitions",
    "draws": "draws: fits",
    "scoring draws": "draws: scores",
    "details": "details",
    "structure": "structure",
    "report": "report",
}
TOTAL, PEAK = "**all**", "peak of all processes together, MB"


def measured() -> pd.DataFrame:
    """Return the measurements: rows, stage, cpu_seconds, peak_mb."""
    return pd.read_csv(DOCS / "growth.csv")


def seconds(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the processor seconds, a row for each stage and one for all, a column for each number of rows."""
    by_stage = {name: lines[lines["stage"] == stage].set_index("rows")["cpu_seconds"] for stage, name in STAGES.items()}
    table = pd.DataFrame(by_stage).T
    return pd.concat([table, table.sum(skipna=False).to_frame(TOTAL).T])


def exponents(table: pd.DataFrame) -> pd.Series:
    """Return the power of the rows by which the seconds of each stage grow, from the fewest rows to the most."""
    fewest, most = table.columns.min(), table.columns.max()
    return pd.Series(np.log(table[most] / table[fewest]) / np.log(most / fewest), name="grows as rows to the power of")


def markdown(lines: pd.DataFrame) -> str:
    """Return the measurements as a table in Markdown."""
    table, peaks = seconds(lines), lines.groupby("rows")["peak_mb"].max()
    power = exponents(table)

    def shown(value: float, form: str) -> str:
        return "" if np.isnan(value) else f"{value:{form}}"

    head = ["stage", *(f"{rows:,} rows" for rows in table.columns), power.name]
    body = [
        [stage, *(shown(value, ",.0f") for value in row), shown(power[stage], ".2f")] for stage, row in table.iterrows()
    ]
    body.append([PEAK, *(shown(peaks[rows], ",.0f") for rows in table.columns), ""])
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])


def with_table(page: str, lines: pd.DataFrame) -> str:
    """Return the page with the table of the measurements in place of the one that it has."""
    return re.sub(r"(?<=\n)\| stage \|.*?(?=\n\n)", markdown(lines), page, count=1, flags=re.DOTALL)


def description(lines: pd.DataFrame) -> str:
    """Return what the figure shows, for readers who do not see it."""
    powers = exponents(seconds(lines))
    grown = "; ".join(f"{stage} {power:.2f}" for stage, power in powers.drop(TOTAL).dropna().items())
    return f"Processor seconds of every stage against the rows, on logarithmic scales. Powers of the rows: {grown}."


def picture(lines: pd.DataFrame) -> str:
    """Return the growth of every stage as an SVG file."""
    table = seconds(lines)
    with house_style():
        figure = new_figure(7.5, 4.2)
        axes = figure.add_subplot(xscale="log", yscale="log", xlabel="rows", ylabel="processor seconds")
        for number, (stage, row) in enumerate(table.drop(TOTAL).iterrows()):
            style = look(number)
            axes.plot(row.index, row, color=style.colour, marker=style.mark, linestyle=style.dash, label=stage)
        ends = np.array([table.columns.min(), table.columns.max()])
        axes.plot(ends, table.loc["fits"].iloc[0] * ends / ends[0], color="#8c959f", linewidth=0.8, label="linear")
        axes.set_xticks(table.columns, [f"{rows:,}" for rows in table.columns])
        axes.minorticks_off()
        figure.legend(loc="outside right upper")
        drawing = Drawing(figure, description(lines), (), ())
        return svg_picture(drawing, name="growth", title="How the stages of a run grow with the rows").file


if __name__ == "__main__":
    FIGURE.write_text(picture(measured()), encoding="utf-8")
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), measured()), encoding="utf-8")
