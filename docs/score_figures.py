"""Figures of the rules on scores, 1 to 8, each from committed results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from reference_results import (
    BOARDS,
    RuleFigure,
    contenders,
    document,
    figure_numbers,
    manifest,
    partitions,
    structure_silhouettes,
)

from clusterbench.report.figure_style import ACCENT, MUTED, SECOND, look
from clusterbench.text import percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

STANDARD = "silhouette@standard"
HIGHEST = 20


def reference_spaces(canvas: Canvas) -> str:
    """Silhouette of a published k-means for k from 2 to 10, in three spaces."""
    audits = document("reports/reference/published/audit.json")
    results = next(audit["results"] for audit in audits if audit["title"].startswith("G1:"))
    by_k = {len(result["sizes"]): result for result in results}
    ks = sorted(by_k)
    own = [by_k[k]["own_silhouette"] for k in ks]
    references = {space: [by_k[k]["reference_silhouettes"][space] for k in ks] for space in ("standard", "log1p")}
    axes = canvas.add_subplot()
    curves = {"own space, as published": own, **{f"reference space {name}": v for name, v in references.items()}}
    for index, (name, values) in enumerate(curves.items()):
        style = look(index)
        axes.plot(ks, values, style.mark, linestyle=style.dash, color=style.colour, label=name)
    axes.set_xlabel("k")
    axes.set_ylabel("silhouette")
    axes.set_ylim(top=0.62)
    axes.legend(loc="upper right", ncols=3, fontsize=8)
    best = ks[int(np.argmax(own))]
    elsewhere = " and ".join(f"{values[ks.index(best)]:.2f}" for values in references.values())
    where = {ks[int(np.argmax(values))] for values in references.values()}
    finding = f"k = {best} is best in its own space ({max(own):.2f}), has {elsewhere} in the reference spaces"
    finding += f", where k = {' or '.join(map(str, sorted(where)))} is best"
    return finding


def gate(canvas: Canvas) -> str:
    """The 150 highest silhouettes of the benchmark credit-card by size of the smallest cluster."""
    rows = int(table_rows("credit-card"))
    least = max(manifest("credit-card")["rules"]["gate"]["min_rows"], round(rows * 0.01))
    scored = partitions("credit-card").drop_duplicates("labels_sha256").dropna(subset=[STANDARD])
    shown = scored.sort_values(STANDARD, ascending=False, kind="stable").head(150)
    axes = canvas.add_subplot()
    for status, colour, mark, name in (("rejected", SECOND, "x", "rejected"), ("ok", ACCENT, "o", "passes the gate")):
        part = shown[shown["status"] == status]
        axes.plot(part["smallest"], part[STANDARD], mark, color=colour, markerfacecolor="none", label=name)
    axes.axvline(least, color=MUTED, linestyle="--")
    axes.set_xscale("log")
    axes.set_xlabel("rows of the smallest cluster (dashed: the limit)")
    axes.set_ylabel("silhouette (standard)")
    axes.legend(loc="upper right")
    first = shown.head(HIGHEST)
    refused = int((first["status"] == "rejected").sum())
    finding = f"{refused} of the {HIGHEST} highest silhouettes belong to partitions that the gate rejects"
    return finding


def table_rows(benchmark: str) -> float:
    """Return the rows of the table of a benchmark."""
    board = contenders(benchmark)
    k2 = board[board["k"] == 2].iloc[0]
    return k2["smallest"] + k2["largest"]


def noise(canvas: Canvas) -> str:
    """Density-based partitions of the benchmark credit-card with more than 2 % noise."""
    scored = partitions("credit-card").drop_duplicates("labels_sha256").dropna(subset=[STANDARD])
    noisy = scored[scored["noise_share"] > 0.02].sort_values("noise_share")
    zero, share = noisy[STANDARD], noisy["noise_share"]
    without = zero / (1 - share)  # the policy zero divides the same sum by all rows
    axes = canvas.add_subplot()
    axes.vlines(share, zero, without, color=MUTED, linewidth=0.8)
    axes.plot(share, without, "^", color=SECOND, markerfacecolor="none", label="noise left out")
    axes.plot(share, zero, "o", color=ACCENT, label="noise counts 0 (default)")
    axes.xaxis.set_major_formatter(lambda value, _: percent(value))
    axes.set_xlabel("rows labelled as noise")
    axes.set_ylabel("silhouette (standard)")
    axes.legend(loc="upper left")
    most = (without - zero).idxmax()
    finding = f"Leaving {percent(share[most])} of the rows out as noise lifts a silhouette from"
    finding += f" {zero[most]:.2f} to {without[most]:.2f}"
    return finding


def failures(canvas: Canvas) -> str:
    """Share of silhouettes below 0 by benchmark and space."""
    axes = canvas.add_subplot()
    most, finding = 0.0, ""
    for index, space in enumerate(("log1p", "standard")):
        shares = []
        for name in BOARDS:
            values = partitions(name)[f"silhouette@{space}"].dropna()
            shares.append((values < 0).mean())
            if shares[-1] > most:
                most = shares[-1]
                finding = (
                    f"A failure written as 0 would beat {(values < 0).sum()} of {len(values):,} silhouettes on {name}"
                )
        places = np.arange(len(BOARDS)) - 0.19 + 0.38 * index
        axes.barh(places, shares, height=0.34, color=(MUTED, ACCENT)[index], label=space)
        for place, share in zip(places, shares, strict=True):
            axes.text(share + 0.003, place, percent(share), va="center", fontsize=8)
    axes.set_yticks(range(len(BOARDS)), BOARDS)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: percent(value))
    axes.set_xlabel("partitions of contenders with a silhouette below 0")
    axes.legend(loc="lower right")
    return finding


def digits(canvas: Canvas) -> str:
    """Cumulative share of the differences between neighbouring silhouettes of the four benchmarks."""
    gaps = []
    for name in BOARDS:
        values = partitions(name).drop_duplicates("labels_sha256")[STANDARD].dropna()
        gaps.append(np.diff(np.sort(values)))
    widths = np.concatenate(gaps)
    axes = canvas.add_subplot()
    limits = np.logspace(-8, -0.5, 61)
    axes.plot(limits, [(widths < limit).mean() for limit in limits], color=ACCENT)
    for digit, name in ((1e-6, "6 digits (declared)"), (1e-3, "3 digits")):
        axes.axvline(digit, color=SECOND if digit < 1e-4 else MUTED, linestyle="--")
        axes.text(digit * 0.8, 0.93, name, ha="right", fontsize=8)
    axes.set_xscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: percent(value))
    axes.set_xlabel("difference to the next silhouette")
    axes.set_ylabel("differences below")
    tied, lost = int((widths < 1e-6).sum()), (widths < 1e-3).mean()
    finding = f"Six digits separate all but {tied} of {len(widths):,} neighbouring silhouettes;"
    finding += f" three would tie {percent(lost)} of them"
    return finding


def chance(canvas: Canvas) -> str:
    """Silhouettes of 50 random partitions of each kind by k, their range shaded, on credit-card."""
    numbers = figure_numbers("credit-card", "scores-against-k")
    numbers = numbers[(numbers["metric"] == "Silhouette") & (numbers["space"] == "standard")]
    axes = canvas.add_subplot()
    widths = {}
    for name, colour in (("random centroids", ACCENT), ("nearest-neighbour growth", SECOND)):
        part = numbers[numbers["series"] == name]
        ends = part["gate"].str.split(" to ", expand=True).astype(float)
        axes.fill_between(part["clusters"], ends[0], ends[1], color=colour, alpha=0.2, linewidth=0)
        axes.plot(part["clusters"], part["value"], linestyle="--", color=colour, label=name)
        widths[name] = (ends[1] - ends[0]).tolist()
    first = numbers[numbers["series"] == numbers["series"].iloc[0]]
    axes.plot(first["clusters"], first["value"], "o-", color="#000000", label=f"first entry: {first['series'].iloc[0]}")
    axes.set_xlabel("k")
    axes.set_ylabel("silhouette (standard)")
    axes.set_ylim(top=0.75)
    axes.legend(loc="upper right", ncols=3, fontsize=8)
    low, high = (int(first["clusters"].iloc[place]) for place in (0, -1))
    band = widths["random centroids"]
    finding = f"From k = {low} to {high} the band of random partitions narrows from {band[0]:.2f} to {band[-1]:.2f};"
    finding += f" the first entry is inside it at k = {low}"
    return finding


def stability(canvas: Canvas) -> str:
    """Stability of the first ten entries of four benchmarks, best to the left; lines reach to the worst half."""
    axes = canvas.add_subplot()
    counts = []
    for index, name in enumerate(BOARDS):
        first = contenders(name).head(10)
        x = index + np.linspace(-0.36, 0.36, len(first))
        axes.vlines(x, first["stability_min"], first["stability"], color=MUTED, linewidth=1)
        axes.plot(x, first["stability"], "o", color=ACCENT)
        counts.append(int((first["stability"] < 0.8).sum()))
    axes.axhline(0.8, color=SECOND, linestyle="--")
    axes.set_xticks(range(len(BOARDS)), BOARDS)
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("ARI with fits to halves")
    finding = (
        f"Of the first ten entries of credit-card, {counts[0]} come back in halves of the rows with an ARI below 0.8;"
    )
    finding += f" of wine, {counts[1]}"
    return finding


def structure(canvas: Canvas) -> str:
    """Silhouette of k-means on four tables, and the highest on 19 tables with the same columns but no clusters."""
    axes = canvas.add_subplot()
    margins = {}
    for place, name in enumerate(BOARDS):
        value, drawn = structure_silhouettes(name)
        margins[name] = value - drawn
        axes.plot([drawn, value], [place, place], color=MUTED)
        names = ("highest of 19 drawn tables", "the table") if not place else ("", "")
        axes.plot(drawn, place, "s", color=SECOND, markerfacecolor="none", label=names[0])
        axes.plot(value, place, "o", color=ACCENT, label=names[1])
        axes.text(value + 0.006, place, f"+{value - drawn:.3f}", va="center", fontsize=8)
    axes.set_yticks(range(len(BOARDS)), BOARDS)
    axes.set_ylim(len(BOARDS) - 0.5, -0.5)
    axes.set_xlim(0, 0.42)
    axes.set_xlabel("silhouette of k-means")
    axes.legend(loc="lower right")
    clear = [name for name, margin in margins.items() if margin > 0.05]
    finding = f"k-means is more than 0.05 above tables without clusters on {' and '.join(clear)} only"
    return finding


FIGURES = (
    RuleFigure("reference-spaces", reference_spaces),
    RuleFigure("gate", gate),
    RuleFigure("noise", noise),
    RuleFigure("failures", failures),
    RuleFigure("digits", digits),
    RuleFigure("chance", chance),
    RuleFigure("stability", stability),
    RuleFigure("structure", structure, height=2.3),
)
