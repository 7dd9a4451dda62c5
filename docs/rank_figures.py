"""Figures of the rules on ranks, 9 to 16, each from committed results."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from reference_results import (
    BOARDS,
    ROOT,
    SPACES,
    RuleFigure,
    contenders,
    figure_numbers,
    manifest,
    partitions,
    table,
)

from clusterbench.report.figure_style import ACCENT, MUTED, SECOND, literal, look, seconds_axis
from clusterbench.text import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

FAMILY = ("Silhouette", "Davies-Bouldin", "Calinski-Harabasz")
OTHERS = ("Spanning-tree separation", "Size evenness")
RULES = {
    "default": "default rule",
    "silhouette or separation": "without evenness",
    "separation": "separation alone",
    "mean ranks of all families": "mean ranks of all families",
    "silhouette": "silhouette alone",
    "stability": "stability alone",
    "Calinski-Harabasz": "Calinski-Harabasz alone",
    "Davies-Bouldin": "Davies-Bouldin alone",
    "random pick": "random pick",
}


def families(canvas: Canvas) -> str:
    """Spearman correlation of pairs of metrics, mean over two spaces; above the line: one family."""
    axes = canvas.add_subplot()
    pairs = [(one, other) for i, one in enumerate(FAMILY) for other in FAMILY[i + 1 :]]
    pairs += [(one, other) for other in OTHERS for one in FAMILY]
    means: dict[bool, list[float]] = {True: [], False: []}
    for index, name in enumerate(BOARDS):
        numbers = figure_numbers(name, "metric-correlation").set_index("column")
        values = [numbers.loc[f"{one}, {s}", f"{other}, {s}"] for one, other in pairs for s in SPACES]
        values = np.reshape(values, (len(pairs), -1)).mean(axis=1)
        style = look(index)
        axes.plot(values, range(len(pairs)), style.mark, color=style.colour, markerfacecolor="none", label=name)
        for (_, other), value in zip(pairs, values, strict=True):
            means[other in FAMILY].append(value)
    axes.axhline(2.5, color=MUTED, linestyle="--")
    axes.set_yticks(range(len(pairs)), [f"{one} – {other}" for one, other in pairs])
    axes.invert_yaxis()
    axes.set_xlim(-1.2, 1.02)
    axes.set_xlabel("rank correlation over the contenders")
    axes.legend(loc="lower left", fontsize=8)
    inside, outside = (float(np.mean(means[kind])) for kind in (True, False))
    finding = f"Three indices of one family agree at {inside:.2f} on average, with other families at {outside:.2f}"
    return finding


def intervals(canvas: Canvas) -> str:
    """Rank and 90 % rank interval of the first eight entries of four benchmarks."""
    shares = []
    places = [canvas.add_subplot(1, len(BOARDS), 1 + index) for index in range(len(BOARDS))]
    for axes, name in zip(places, BOARDS, strict=True):
        first = contenders(name).head(8)
        heights = np.arange(1, len(first) + 1)
        axes.hlines(heights, first["rank_low"], first["rank_high"], color=MUTED, linewidth=2)
        axes.plot(first["rank"], heights, "o", color=ACCENT)
        axes.set_title(f"{name}: first in {percent(first['p_first'].iloc[0])}", fontsize=8, fontweight="normal")
        axes.set_ylim(len(first) + 0.5, 0.5)
        axes.set_yticks([])
        axes.set_xlim(0, 42)
        axes.set_xlabel("rank")
        shares.append(first["p_first"].iloc[0])
    places[0].set_ylabel("first eight entries")
    finding = (
        f"The first entries of four boards are first in {percent(min(shares))} to {percent(max(shares))} of samples:"
    )
    return f"{finding} none is certain"


def controls(canvas: Canvas) -> str:
    """Score of every contender and control of four benchmarks; the rank of the best control."""
    axes = canvas.add_subplot()
    best = {}
    for place, name in enumerate(BOARDS):
        board = table(name, "leaderboard")
        control = board["control"]
        kinds = ((~control, -0.12, "o", ACCENT, "contender"), (control, 0.16, "s", SECOND, "control"))
        for kind, shift, mark, colour, label in kinds:
            scores = board.loc[kind, "score"]
            heights = np.full(len(scores), place + shift)
            axes.plot(scores, heights, mark, color=colour, markerfacecolor="none", label=label if not place else "")
        best[name] = (int(board.loc[control, "rank"].min()), int((~control).sum()))
    axes.set_yticks(range(len(BOARDS)), [f"{name}: control at {rank} of {n}" for name, (rank, n) in best.items()])
    axes.set_ylim(len(BOARDS) - 0.5, -0.5)
    axes.set_xlabel("score of the default rule")
    axes.legend(loc="upper left", fontsize=8)
    name, (rank, n) = min(best.items(), key=lambda item: item[1][0])
    return f"On {name} half of one column would have rank {rank} of {n}; on the other tables controls come late"


def oracle(canvas: Canvas) -> str:
    """Adjusted Rand index with known classes of every entry that takes a k, at the chosen and at the true k."""
    axes = canvas.add_subplot()
    limits, gains = [0.0, 1.0], {}
    for index, name in enumerate(BOARDS):
        k = manifest(name)["rules"]["ranking"]["true_k"][name]
        scored = partitions(name)
        (column,) = [column for column in scored if column.startswith("ari@")]
        at_true = scored[scored["k"] == k].groupby(["algorithm", "params", "variant"])[column].mean()
        board = contenders(name).join(at_true.rename("true"), on=["algorithm", "params", "variant"])
        board = board.dropna(subset=["true"])
        style = look(index)
        axes.plot(
            board["ari"],
            board["true"],
            style.mark,
            color=style.colour,
            markerfacecolor="none",
            label=f"{name} (true k = {k})",
        )
        gains[name] = board["ari"].mean(), board["true"].mean()
    axes.plot(limits, limits, color=MUTED, linestyle="--")
    axes.set_xlabel("ARI at the k that the rule chooses")
    axes.set_ylabel("ARI at the true k")
    axes.legend(loc="lower right", fontsize=8)
    name, (chosen, true) = max(gains.items(), key=lambda item: item[1][1] - item[1][0])
    finding = (
        f"With the true k given, entries of {name} have an ARI with the known classes of {true:.2f}, else {chosen:.2f}"
    )
    return finding


def labels(canvas: Canvas) -> str:
    """Partitions and seconds of four benchmarks."""
    left, right = (canvas.add_subplot(1, 2, place) for place in (1, 2))
    asked, distinct, seconds = [], [], []
    for name in BOARDS:
        asked.append(manifest(name)["partitions"]["asked"])
        distinct.append(table(name, "cells")["labels_sha256"].nunique())
        seconds.append([manifest(name)["seconds"][stage] for stage in ("fitting", "scoring")])
    _pair(left, [asked, distinct], ("partitions", "distinct"), "partitions")
    _pair(right, np.transpose(seconds).tolist(), ("fitting", "scoring"), "seconds")
    right.set_yticklabels([])
    fitted, scored = np.sum(seconds, axis=0)
    finding = f"{sum(asked):,} partitions are {sum(distinct):,} distinct ones, and scoring them takes"
    return f"{finding} {percent(scored / fitted)} of the time of the fits"


def _pair(axes: Axes, values: list[list[float]], names: tuple[str, str], unit: str) -> None:
    for index, (series, name) in enumerate(zip(values, names, strict=True)):
        places = np.arange(len(BOARDS)) - 0.19 + 0.38 * index
        axes.barh(places, series, height=0.34, color=(MUTED, ACCENT)[index], label=name)
    axes.set_yticks(range(len(BOARDS)), BOARDS)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(unit)
    axes.set_xlim(right=1.8 * max(map(max, values)))
    axes.legend(loc="lower right", fontsize=8)


def mean_rank(board: pd.DataFrame, metrics: list[dict[str, str]]) -> pd.Series:
    """Return the mean rank of the rows of a board among themselves: of metrics in a family, then of families."""
    by_family: dict[str, list[pd.Series]] = {}
    for metric in metrics:
        for space in SPACES:
            values = board[f"{metric['name']}@{space}"].round(int(metric["digits"]))
            ranks = values.rank(ascending=metric["direction"] == "lower", na_option="bottom")
            by_family.setdefault(metric["family"], []).append(ranks)
    by_family["stability"] = [board["stability"].rank(ascending=False, na_option="bottom")]
    return pd.concat([pd.concat(ranks, axis=1).mean(axis=1) for ranks in by_family.values()], axis=1).mean(axis=1)


def subset(canvas: Canvas) -> str:
    """Entries of the benchmark credit-card ordered by mean rank: among all contenders, and among those shown."""
    metrics = manifest("credit-card")["rules"]["ranking"]["facts"]
    board = contenders("credit-card")
    shown = board[board["variant"].isin(["standard", "minmax"])]
    before, after = mean_rank(board, metrics)[shown.index], mean_rank(shown, metrics)
    left, right = before.rank(method="first"), after.rank(method="first")
    axes = canvas.add_subplot()
    for index, row in enumerate(shown.itertuples()):
        style = look(index)
        ends = [left[row.Index], right[row.Index]]
        axes.plot([0, 1], ends, style.mark, linestyle=style.dash, color=style.colour)
        axes.text(1.03, ends[1], literal(f"{row.algorithm} · {row.variant}"), va="center", fontsize=8)
    axes.set_xticks([0, 1], ["among all", "among themselves"])
    axes.set_xlim(-0.1, 1.5)
    axes.invert_yaxis()
    axes.set_ylabel("order by mean rank")
    pairs = list(itertools.combinations(shown.index, 2))
    swapped = sum((before[one] - before[other]) * (after[one] - after[other]) < 0 for one, other in pairs)
    first = "the same" if before.idxmin() == after.idxmin() else "another"
    return f"Ranked among themselves, {swapped} of {len(pairs)} pairs change their order, and {first} entry is first"


def times(canvas: Canvas) -> str:
    """Seconds of a fit on credit-card by algorithm, controls too."""
    cells = table("credit-card", "cells")
    per_score = manifest("credit-card")["seconds"]["scoring"] / cells["labels_sha256"].nunique()
    by_algorithm = cells[cells["seed"] == 0].groupby("algorithm")["fit_seconds"].describe(percentiles=[0.1, 0.5, 0.9])
    by_algorithm = by_algorithm.sort_values("50%", ascending=False)
    axes = canvas.add_subplot()
    places = range(len(by_algorithm))
    axes.hlines(places, by_algorithm["10%"], by_algorithm["90%"], color=MUTED, linewidth=2)
    axes.plot(by_algorithm["50%"], places, "o", color=ACCENT)
    axes.axvline(per_score, color=SECOND, linestyle="--")
    axes.text(per_score * 1.1, -0.6, "scoring one partition", fontsize=8)
    seconds_axis(axes)
    axes.set_yticks(places, by_algorithm.index)
    axes.set_ylim(len(by_algorithm) - 0.5, -1.1)
    axes.set_xlabel("seconds of a fit (median, 10 % to 90 %)")
    fastest, slowest = by_algorithm["50%"].loc["clara"], by_algorithm["50%"].iloc[0]
    finding = f"Scoring takes {per_score:.2f} s a partition: {percent(per_score / fastest)} of a fit of clara,"
    finding += f" {percent(per_score / slowest, 1)} of one of {by_algorithm.index[0]}"
    return finding


def rule(canvas: Canvas) -> str:
    """Mean regret of nine of the measured rules, best above."""
    summary = pd.read_csv(ROOT / "results" / "reference" / "truth" / "summary.csv")
    summary = summary[(summary["question"] == "algorithm and k") & (summary["kind"] == "all")].set_index("rule")
    shown = summary.loc[list(RULES)]
    axes = canvas.add_subplot()
    places = np.arange(len(shown))
    axes.hlines(places, shown["low"], shown["high"], color=MUTED, linewidth=2)
    axes.plot(shown["mean"], places, "o", color=ACCENT)
    axes.set_yticks(places, list(RULES.values()))
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(f"regret (ARI), mean over {shown['tables'].iloc[0]} tables, with its 90 % interval")
    means = shown["mean"]
    finding = f"The default rule loses {means['default']:.2f} of ARI, the silhouette alone {means['silhouette']:.2f},"
    finding += f" a random pick {means['random pick']:.2f}"
    return finding


FIGURES = (
    RuleFigure("families", families, height=3.2),
    RuleFigure("intervals", intervals, height=2.5),
    RuleFigure("controls", controls),
    RuleFigure("oracle", oracle, height=3.6),
    RuleFigure("labels", labels, height=2.4),
    RuleFigure("subset", subset, height=3.4),
    RuleFigure("times", times, height=3.4),
    RuleFigure("rule", rule, height=3.0),
)
