"""The regret of every rule as a figure: mean and interval over all tables, and the mean of each kind."""

from __future__ import annotations

import io

import pandas as pd

from clusterbench.report import house_style, look, new_figure
from clusterbench.truth.regrets import Question

_ALL = "all"


def regret_figure(summary: pd.DataFrame, title: str) -> str:
    """Return an SVG: rules from top to bottom by their mean regret for "which algorithm and k"."""
    rows = summary[summary["question"] == str(Question.ALL)]
    overall = rows[rows["kind"] == _ALL].sort_values("mean", ascending=False, kind="stable").reset_index(drop=True)
    kinds = [kind for kind in rows["kind"].unique() if kind != _ALL]
    with house_style():
        figure = new_figure(7.5, 1.2 + 0.26 * len(overall))
        axes = figure.add_subplot()
        spans = overall[["low", "high"]].to_numpy()
        means = overall["mean"].to_numpy()
        axes.hlines(range(len(overall)), spans[:, 0], spans[:, 1], color=look(6).colour, linewidth=1)
        axes.plot(means, range(len(overall)), "o", color=look(6).colour, label="all tables, 90 % interval")
        for number, kind in enumerate(kinds):
            of_kind = rows[rows["kind"] == kind].set_index("rule")["mean"].reindex(overall["rule"])
            style = look(number)
            axes.plot(of_kind, range(len(overall)), style.mark, color=style.colour, label=kind, fillstyle="none")
        axes.set_yticks(range(len(overall)), overall["rule"])
        axes.set_xlabel("mean regret (adjusted Rand index lost); lower is better")
        axes.set_title(f"{title}: the rule {overall['rule'].iloc[-1]!r} loses least", wrap=True)
        axes.legend(loc="upper right")
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
