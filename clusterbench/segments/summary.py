"""The executive summary: one printed page, as HTML and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from clusterbench.report.entry_details import stability_reading
from clusterbench.report.figure_style import look
from clusterbench.report.formats.markdown_text import escaped
from clusterbench.report.number_text import NOTHING, amount, fixed, share
from clusterbench.report.templating import part, template
from clusterbench.segments.description import SegmentDescription
from clusterbench.segments.profile import ColumnProfile, SegmentProfile, distances_to_means
from clusterbench.segments.segment_names import SegmentName
from clusterbench.segments.segment_rules import SegmentRule
from clusterbench.segments.segmentation import Segmentation
from clusterbench.structure import StructureVerdict
from clusterbench.tables import OWN
from clusterbench.text import listed, percent, printable

PACKAGE = "clusterbench.segments"
_NEAR = 0.1  # the mean of another segment that is at most this much farther is near
_MANY = 0.0005  # share of missing values that is mentioned
_DOUBTED = 0.6  # Jaccard similarity below which a segment is not to be trusted (Hennig 2007)


@dataclass(frozen=True, slots=True)
class Card:
    """A segment as the summary shows it."""

    segment: int
    name: str
    colour: str
    weak: bool
    share: float
    share_text: str
    size: str  # ``of customers (2,228)``
    totals: tuple[str, ...]  # columns of which it has much more than its share of rows
    reasons: tuple[str, ...]
    rule: str
    rule_quality: str
    stability: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What the executive summary says."""

    title: str
    dataset: str
    headline: str
    cards: tuple[Card, ...]
    sure: tuple[str, ...]
    cautions: tuple[str, ...]


def summarise(description: SegmentDescription) -> Summary:
    """Return the executive summary of a segmentation."""
    segmentation, rows = description.segmentation, description.rows_noun
    parts = zip(description.profiles, description.names, description.rules.rules, strict=True)
    cards = tuple(_card(profile, name, rule, rows) for profile, name, rule in parts)
    named = "; ".join(f"{card.name} ({percent(card.share)})" for card in cards)
    return Summary(
        printable(segmentation.title),
        printable(segmentation.dataset),
        f"{_counts(segmentation, rows)}: {named}.",
        cards,
        tuple(_how_sure(description)),
        tuple(_cautions(description)),
    )


def _counts(segmentation: Segmentation, rows: str) -> str:
    n_rows, without = len(segmentation.segment), int((segmentation.segment == 0).sum())
    if not without:
        return f"{n_rows:,} {rows} in {segmentation.n_segments} segments"
    return f"{n_rows - without:,} of {n_rows:,} {rows} in {segmentation.n_segments} segments, {without:,} in none"


def summary_html(description: SegmentDescription) -> str:
    """Return the executive summary as one page that prints on A4 and asks for nothing from outside."""
    page = template("summary.html.j2", PACKAGE).render(summary=summarise(description), style=page_style())
    return page + "\n"


def summary_markdown(description: SegmentDescription) -> str:
    """Return the executive summary as Markdown."""
    text = template("summary.md.j2", PACKAGE, md=escaped).render(summary=summarise(description))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def page_style() -> str:
    """Return the style of pages on segments: that of reports with additions."""
    return part("page.css") + part("segments.css", PACKAGE)


def segment_colour(segment: int) -> str:
    """Return the colour of a segment on a page; black is the text's own colour, which reads in light and dark."""
    colour = look(segment - 1).colour
    return "currentColor" if colour == "#000000" else colour


def reason(one: ColumnProfile) -> str:
    """Return a column of a segment beside all other rows, in the units of the table."""
    if one.marked is not None:
        return f"{one.marked.text}: {amount(100 * one.mean)} %, others {amount(100 * one.rest_mean)} %"
    return f"{printable(one.column)}: mean {amount(one.mean)}, others {amount(one.rest_mean)}"


def _card(profile: SegmentProfile, name: SegmentName, rule: SegmentRule, rows: str) -> Card:
    totals = [f"{percent(one.share_of_total or 0.0)} of {printable(one.column)}" for one in profile.concentrated[:3]]
    quality = f"precision {fixed(rule.precision, 2)}, coverage {fixed(rule.coverage, 2)}"
    jaccard = profile.jaccard
    return Card(
        profile.id,
        printable(name.name),
        segment_colour(profile.segment),
        name.weak,
        profile.share,
        share(profile.share),
        f"of {rows} ({profile.size:,})",
        tuple(totals),
        tuple(map(reason, profile.named(column for column, _ in name.evidence))),
        rule.text,
        quality if rule.describes else f"{quality}: no short rule describes these {rows}",
        NOTHING if jaccard is None else f"{stability_reading(jaccard)} (Jaccard {fixed(jaccard, 2)})",
    )


def _how_sure(description: SegmentDescription) -> Iterator[str]:
    segmentation, profiles, rows = description.segmentation, description.profiles, description.rows_noun
    if description.structure is StructureVerdict.NOT_FOUND:
        yield f"No clusters were found in this table, so other ways of dividing the {rows} may be as good."
    known = [one.jaccard for one in profiles if one.jaccard is not None]
    if known:
        firm = sum(one >= 0.75 for one in known)
        yield (
            f"Fitted again to halves of the {rows}, {firm} of {len(known)} segments come back "
            f"(mean Jaccard similarity of at least 0.75; the lowest is {fixed(min(known), 2)})."
        )
    else:
        yield "Whether the segments come back in other samples was not measured."
    near = share(_near_share(segmentation))
    yield f"{near} of the {rows} are nearly as close (within 10 %) to the mean of another segment."
    silhouettes = segmentation.scores[
        (segmentation.scores["metric"] == "silhouette") & (segmentation.scores["space"] != OWN)
    ]
    if len(silhouettes):
        texts = [f"{fixed(v, 2)} in {s}" for s, v in silhouettes[["space", "value"]].itertuples(index=False)]
        yield f"Silhouette {listed(texts)}: 1 would be segments far apart, 0 segments that touch."
    tree = description.rules.tree
    verdict = "" if tree.describes else "; no short tree describes the segmentation"
    yield (
        f"A tree with {len(tree.leaves)} leaves on the columns as they are gives {share(tree.fidelity)} of the "
        f"{rows} their segment (cross-validated){verdict}."
    )
    yield from description.notes


def _near_share(segmentation: Segmentation) -> float:
    """Return the share of rows with a segment whose distance to another mean is at most 1.1 times that to their own."""
    known = segmentation.segment > 0
    distances, own = distances_to_means(segmentation)[known], segmentation.segment[known] - 1
    places = np.arange(len(own))
    nearest = distances[places, own]
    distances[places, own] = np.inf
    return float((distances.min(axis=1) <= (1 + _NEAR) * nearest).mean())


def _cautions(description: SegmentDescription) -> Iterator[str]:
    rows, table = description.rows_noun, description.segmentation.table
    named = list(zip(description.profiles, description.names, description.rules.rules, strict=True))
    if description.structure is StructureVerdict.NOT_FOUND:
        yield f"That the {rows} fall into separate groups: no clusters were found in this table."
    else:
        yield f"That the {rows} fall into separate groups by nature: a clustering divides any table."
    yield "That a segment causes anything, or lasts: it describes one table at one time."
    doubted = [printable(n.name) for p, n, _ in named if p.jaccard is not None and p.jaccard < _DOUBTED]
    if doubted:
        yield f"That {'; '.join(doubted)} would be found again in another sample."
    if weak := [printable(name.name) for _, name, _ in named if name.weak]:
        yield f"That the name says much of {'; '.join(weak)}: no column deviates by half a standard deviation."
    if vague := [printable(name.name) for _, name, rule in named if not rule.describes]:
        yield f"That the rule shown defines {'; '.join(vague)}: it misses or adds too many {rows}."
    if passive := [printable(c) for c in map(str, table.columns) if c not in description.segmentation.features]:
        yield f"That {listed(passive, most=4)} formed the segments: they were not used for clustering."
    if without := int((description.segmentation.segment == 0).sum()):
        yield f"Anything about the {without:,} {rows} that have no segment."
    gaps = table.isna().mean().sort_values(ascending=False, kind="stable")
    if texts := [f"{printable(column)} ({share(gap)})" for column, gap in gaps[gaps >= _MANY].items()]:
        yield f"That missing values are known: those of {listed(texts, most=3)} were filled in for clustering."
