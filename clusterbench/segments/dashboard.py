"""The dashboard: one page that needs no network, with views of the rows and all tables on the segments."""

from __future__ import annotations

import base64
import gzip
import hashlib
import itertools
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources, util

import numpy as np

from clusterbench.report.cluster_view import cluster_svg
from clusterbench.report.entry_details import stability_reading
from clusterbench.report.model import Table, text_table
from clusterbench.report.number_text import NOTHING, amount, fixed, share, signed, slug
from clusterbench.report.page_data import script_json
from clusterbench.report.templating import part, template
from clusterbench.segments.description import SegmentDescription
from clusterbench.segments.finer_segments import k_curve_table
from clusterbench.segments.profile import QUANTILES, ColumnProfile, SegmentProfile, compare_segments
from clusterbench.segments.scatter import Scatter, scatter_of
from clusterbench.segments.summary import PACKAGE, page_style, segment_colour, summarise
from clusterbench.text import percent, printable

_MOST_PAIRED = 6  # segments that are compared in pairs
_MOST_COMPARED = 10  # columns of a comparison


@dataclass(frozen=True, slots=True)
class Circle:
    """The mean of a segment on a picture of 260 by 260 units."""

    segment: int
    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True, slots=True)
class SegmentSection:
    """What the page says of one segment."""

    segment: int
    name: str
    evidence: str
    edited: bool
    weak: bool
    profile: Table
    rule: str
    borderline: Table


def dashboard_html(description: SegmentDescription) -> str:
    """Return the dashboard as one self-contained page.

    The tables and a picture can be read without a script. The script draws the picture on other axes, and in three
    dimensions where plotly was installed when the page was made and the browser has WebGL.
    """
    scatter, script = scatter_of(description), part("dashboard.js", PACKAGE)
    colours = tuple(segment_colour(profile.segment) for profile in description.profiles)
    packed, plotly_hash = _plotly()
    ids = description.segmentation.ids
    page = template("dashboard.html.j2", PACKAGE, slug=slug).render(
        summary=summarise(description),
        description=description,
        style=page_style(),
        script=script,
        policy=_policy([_sha256(script), *([plotly_hash] if plotly_hash else [])]),
        data=script_json(scatter.document(ids, tuple(map(printable, description.called)), colours)),
        plotly=packed,
        caption=scatter.caption,
        axes=scatter.axes,
        picture="" if scatter.sizes else _picture(scatter, ids),
        circles=_circles(scatter, ids, colours) if scatter.sizes else (),
        segments=_segment_table(description),
        heat=_heat(description),
        sections=[_section(description, profile) for profile in description.profiles],
        comparisons=_comparisons(description),
        left_out=_left_out(len(description.names)),
        k_curve=_k_curve(description),
        k_step=_k_step(description),
        step_sentences=description.step.sentences if description.step else (),
        tree=_tree(description),
    )
    return page + "\n"


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _policy(hashes: list[str]) -> str:
    """Return a content security policy: the page runs its own scripts and asks for nothing."""
    scripts = " ".join(f"'sha256-{one}'" for one in hashes)
    rules = f"default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src {scripts}"
    return f"{rules}; base-uri 'none'; form-action 'none'"


def _plotly() -> tuple[str, str]:
    """Return plotly's script, compressed, as base64, and its SHA-256; two empty texts where it is not installed."""
    return _packed_plotly() if util.find_spec("plotly") else ("", "")


@cache
def _packed_plotly() -> tuple[str, str]:
    source = (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    packed = base64.b64encode(gzip.compress(source, 9, mtime=0)).decode()
    return packed, base64.b64encode(hashlib.sha256(source).digest()).decode()


def _picture(scatter: Scatter, ids: tuple[int, ...]) -> str:
    return cluster_svg(scatter.values[:, :2], (scatter.segment - 1).tolist(), "Rows by segment", numbers=ids)


def _circles(scatter: Scatter, ids: tuple[int, ...], colours: tuple[str, ...]) -> tuple[Circle, ...]:
    plane = scatter.values[:, :2]
    low, high = plane.min(axis=0), plane.max(axis=0)
    at = 45 + 170 * (plane - (low + high) / 2) / max(float((high - low).max()), 1e-12) + 85
    radii = 30 * np.sqrt(np.array(scatter.sizes) / max(scatter.sizes))
    facts = zip(ids, at.tolist(), radii.tolist(), colours, strict=True)
    return tuple(Circle(segment, round(x, 1), round(260 - y, 1), round(r, 1), c) for segment, (x, y), r, c in facts)


def _segment_table(description: SegmentDescription) -> Table:
    rows = []
    for profile, name in zip(description.profiles, description.names, strict=True):
        totals = [f"{percent(c.share_of_total or 0)} of {c.column}" for c in profile.concentrated[:3]]
        jaccard = profile.jaccard
        stability = NOTHING if jaccard is None else f"{fixed(jaccard, 2)}, {stability_reading(jaccard)}"
        facts = (f"{profile.size:,}", share(profile.share), ", ".join(totals) or NOTHING, stability)
        rows.append((str(profile.id), name.name, *facts))
    without = int((description.segmentation.segment == 0).sum())
    if without:
        rows.append(
            (NOTHING, "no segment", f"{without:,}", share(without / len(description.segmentation.segment)), "", "")
        )
    header = ("Segment", "Name", "Rows", "Share", "More than its share of", "Jaccard")
    return text_table("Segments by size", header, rows, numeric=(0, 2, 3))


@dataclass(frozen=True, slots=True)
class HeatCell:
    """The mean of a column in a segment."""

    text: str
    deviation: str
    level: str  # class of its shade: u1 to u3 above, d1 to d3 below the mean of all rows, "" near it


def _heat(description: SegmentDescription) -> tuple[tuple[str, bool, tuple[HeatCell, ...]], ...]:
    """Return a row per column: its name, whether the clustering used it, and a cell per segment."""
    columns = zip(*(profile.columns for profile in description.profiles), strict=True)
    return tuple((printable(row[0].column), row[0].used, tuple(map(_heat_cell, row))) for row in columns)


def _heat_cell(one: ColumnProfile) -> HeatCell:
    strength = sum(abs(one.deviation) >= least for least in (0.3, 0.8, 1.5))
    level = f"{'u' if one.deviation > 0 else 'd'}{strength}" if strength else ""
    mean = amount(one.mean) if one.marked is None else f"{amount(100 * one.mean)} %"
    return HeatCell(mean, f"{signed(one.deviation)} sd", level)


def _section(description: SegmentDescription, profile: SegmentProfile) -> SegmentSection:
    name, rule = description.names[profile.segment - 1], description.rules.rules[profile.segment - 1]
    quality = f"precision {fixed(rule.precision, 2)}, coverage {fixed(rule.coverage, 2)}, cross-validated"
    verdict = "" if rule.describes else "; no short rule describes this segment"
    return SegmentSection(
        profile.id,
        printable(name.name),
        printable(name.evidence_text),
        name.edited,
        name.weak,
        _profile_table(description, profile),
        f"{rule.text} ({quality}{verdict})",
        _borderline(description, profile) if description.with_rows else Table("Borderline rows"),
    )


def _profile_table(description: SegmentDescription, profile: SegmentProfile) -> Table:
    medoid = None
    if description.with_rows:
        table = description.segmentation.table
        medoid = table.iloc[int(np.flatnonzero(table.index.astype(str) == profile.medoid)[0])]
    rows = [
        (
            one.column + ("" if one.used else " (profile only)"),
            amount(one.mean),
            amount(one.median),
            *(amount(value) for value in one.quantiles),
            amount(one.rest_mean),
            signed(one.deviation),
            f"{fixed(one.effect.value, 2)} ({fixed(one.effect.low, 2)} to {fixed(one.effect.high, 2)})",
            NOTHING if one.share_of_total is None else share(one.share_of_total),
            share(one.zero_share),
            share(one.missing_share),
            *(() if medoid is None else (amount(float(medoid[one.column])),)),
        )
        for one in profile.columns
    ]
    quantiles = (f"{percent(at)}" for at in QUANTILES)
    header = ("Column", "Mean", "Median", *quantiles, "Others' mean", "Deviation (sd)", "Cliff's delta (95 %)")
    header = (*header, "Of the total", "Zeros", "Missing", *(() if medoid is None else ("Medoid",)))
    caption = "Against all other rows" + ("" if medoid is None else f"; the medoid is row {profile.medoid}")
    return text_table(printable(caption), header, rows, numeric=range(1, len(header)))


def _borderline(description: SegmentDescription, profile: SegmentProfile) -> Table:
    called = (NOTHING, *description.called)
    rows = [(row, called[second], amount(margin)) for row, second, margin in profile.borderline]
    return text_table("Borderline rows: the smallest margins", ("Row", "Second segment", "Margin"), rows, numeric=(2,))


def _comparisons(description: SegmentDescription) -> list[Table]:
    tables = []
    for one, other in itertools.combinations(range(1, min(len(description.names), _MOST_PAIRED) + 1), 2):
        compared = compare_segments(description.segmentation, one, other)[:_MOST_COMPARED]
        rows = [
            (
                c.column + ("" if c.used else " (profile only)"),
                amount(c.mean),
                amount(c.other_mean),
                f"{fixed(c.effect.value, 2)} ({fixed(c.effect.low, 2)} to {fixed(c.effect.high, 2)})",
            )
            for c in compared
        ]
        names = description.called[one - 1], description.called[other - 1]
        ids = description.segmentation.ids[one - 1], description.segmentation.ids[other - 1]
        header = ("Column", f"Mean of {ids[0]}", f"Mean of {ids[1]}", "Cliff's delta (95 %)")
        caption = f"{ids[0]} · {names[0]} against {ids[1]} · {names[1]}"
        tables.append(text_table(printable(caption), header, rows, numeric=(1, 2, 3)))
    return tables


def _left_out(n_segments: int) -> str:
    """Return how many pairs of segments are not shown, in words; "" where all are."""
    if n_segments <= _MOST_PAIRED:
        return ""
    shown, pairs = math.comb(_MOST_PAIRED, 2), math.comb(n_segments, 2)
    return f"Shown are {shown} of {pairs:,} pairs, those of the first {_MOST_PAIRED} segments; comparisons.csv has all."


def _k_curve(description: SegmentDescription) -> Table:
    wide = k_curve_table(description.segmentation)
    rows = [(int(k), *(fixed(value, 3) for value in values)) for k, *values in wide.itertuples(name=None)]
    return text_table("The leaderboard's scores of this setting by k", ("k", *wide.columns), rows, numeric=range(9))


def _k_step(description: SegmentDescription) -> Table:
    finer = () if description.step is None else description.step.segments
    rows = [(one.name, f"{one.size:,}", *(share(part) for part in one.shares)) for one in finer]
    header = (f"Segment at k = {len(finer)}", "Rows", *(f"from {name}" for name in description.called))
    return text_table("One more segment: where its rows come from", header, rows, numeric=range(1, len(header)))


def _tree(description: SegmentDescription) -> Table:
    called = ("", *description.called)
    rows = [
        (called[leaf.segment], leaf.text, f"{leaf.size:,}", share(leaf.purity))
        for leaf in description.rules.tree.leaves
    ]
    header = ("Segment", "Conditions", "Rows", "Of this segment")
    return text_table("One tree for all segments", header, rows, numeric=(2, 3))
