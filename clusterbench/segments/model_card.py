"""The model card of a bundle: what it was made of, how good it is and what it must not be used for, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clusterbench.report.number_text import share
from clusterbench.segments.bundle import BundleManifest
from clusterbench.text import counted, percent, printable

CARD = "model-card.md"


_COLUMNS_OF_SEGMENTS = """
Agreement: share of the rows of the segment that the program gives it. Jaccard: mean similarity of the segment to the
nearest one when halves of the rows are fitted again; segments below 0.5 do not hold.
"""
_LIMITS = """
## Limits

- Segments describe the table that they were fitted to. A row outside of its ranges is assigned, and marked.
- The nearest segment is given even where the second is as near: see the margin.
- Segments are no causes and no classes: do not decide about a person by a segment alone.
"""


def model_card(manifest: BundleManifest) -> str:
    """Return the card of a bundle."""
    scores = [[one.metric, one.space, f"{one.value:.4g}"] for one in manifest.scores]
    parts = [
        f"# {printable(manifest.title)}\n",
        _origin(manifest),
        "## Segments\n",
        *_segments(manifest),
        _COLUMNS_OF_SEGMENTS,
        "## Columns\n",
        *_columns(manifest),
        "\n## Scores of the fitted partition\n",
        *markdown_table(["metric", "space", "value"], scores),
        _LIMITS,
    ]
    return "\n".join(parts)


def _origin(manifest: BundleManifest) -> str:
    without = f" {manifest.n_without_segment:,} have no segment." if manifest.n_without_segment else ""
    privacy = (
        "The bundle contains rows of the fitted table: it is as confidential as they are."
        if manifest.contains_rows
        else "The bundle contains no row of the fitted table, only numbers that describe columns and segments."
    )
    return (
        f"{counted(len(manifest.segments), 'segment')} of {manifest.n_rows:,} rows of {printable(manifest.dataset)}."
        f"{without} Fitted in a run that ended {manifest.finished}, with clusterbench {manifest.clusterbench}.\n\n"
        f"New rows are assigned by: {manifest.method}. On the fitted rows this gives the fitted segment to"
        f" {percent(manifest.agreement, 2)}.\n{privacy}\n"
    )


def _segments(manifest: BundleManifest) -> list[str]:
    rows = [
        [
            *(str(one.id), one.name, f"{one.rows:,}", share(one.rows / manifest.n_rows)),
            *(share(one.agreement), _share(one.jaccard)),
        ]
        for one in manifest.segments
    ]
    return markdown_table(["id", "name", "rows", "share", "agreement", "Jaccard"], rows)


def _columns(manifest: BundleManifest) -> list[str]:
    rows = [
        [
            *(one.name, one.unit),
            *(f"{value:g}" for value in (one.minimum, median, one.maximum)),
            *(share(one.zero_share), share(one.missing_share), "filled" if one.filled else "refused"),
        ]
        for one, median in zip(manifest.columns, manifest.medians, strict=True)
    ]
    return markdown_table(
        ["column", "unit", "minimum", "median", "maximum", "zero", "missing", "a missing value is"], rows
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(printable(cell).replace('|', '&#124;') for cell in line)} |" for line in lines]
