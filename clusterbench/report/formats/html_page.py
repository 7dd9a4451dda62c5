"""The page: one file that needs no network and no script to be read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from clusterbench.report import facts
from clusterbench.report import printed_rules as rules
from clusterbench.report.board_table import board_table, legend
from clusterbench.report.closeup import Closeups, agreement_table, labels_file
from clusterbench.report.entry_details import details_of
from clusterbench.report.figures.selection_of_figures import figures_of
from clusterbench.report.figures.svg import Picture
from clusterbench.report.page_data import STABILITY, Choices, choices_of, payload, script_json
from clusterbench.report.printed import readable, readable_lines, slug
from clusterbench.report.report_entries import Section, sections_of
from clusterbench.report.templating import part, template
from clusterbench.results import Run
from clusterbench.tables import CELL_SCHEMA, SCORE_SCHEMA

FILES: tuple[tuple[str, str], ...] = (
    ("leaderboard.csv", "the leaderboard, one row per entry"),
    ("leaderboard.json", "the leaderboard with its alerts, notes, rejected entries and sensitivity"),
    ("leaderboard.tex", "a LaTeX table; bold follows the tie group of the first place"),
    ("leaderboard.md", "this report as Markdown"),
    ("scores.csv", "every score, one row each"),
    ("scores_wide.csv", "every cell, one column per metric and space"),
    ("cells.csv", "every cell with its status"),
    ("manifest.json", "versions, machine, timings, rules"),
)


def html(run: Run) -> str:
    """Return the report of a run as one self-contained page.

    It asks for nothing from outside: style, script, numbers and figures stand inside, and every text of the run is
    escaped. Without its script it can be read in full; what only the script can do is not shown then.
    """
    sections = sections_of(run)
    return render_page(run, sections, figures_of(run, sections))


def render_page(run: Run, sections: list[Section], figures: dict[int, tuple[Picture, ...]]) -> str:
    """Return the page of a run whose figures are drawn already."""
    style, script = part("page.css"), part("ranks.js") + part("page.js")
    closeups = Closeups.of(run)
    boards = [_board(run, sections, position, figures[position], closeups) for position in range(len(sections))]
    page = template("page.html.j2").render(
        style=style,
        script=script,
        policy=_policy(script),
        data=script_json(payload(run, sections)),
        boards=boards,
        labels=_labels(run, sections),
        board_columns=legend(run, [board["table"] for board in boards]),
        **_context(run),
    )
    return page + "\n"


def _labels(run: Run, sections: Sequence[Section]) -> list[tuple[str, str]]:
    """Return the files of labels beside the page, each with the entries that found them."""
    found: dict[str, list[str]] = {}
    for section in sections:
        for entry in section.entries:
            if entry.row["labels_sha256"] in run.details.labels:
                found.setdefault(labels_file(entry.row["labels_sha256"]), []).append(entry.label)
    return [(file, "; ".join(dict.fromkeys(entries))) for file, entries in found.items()]


def _policy(script: str) -> str:
    """Return a content security policy: the page runs its own script and asks for nothing."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"{rules}; base-uri 'none'; form-action 'none'"


def _board(
    run: Run, sections: Sequence[Section], position: int, pictures: tuple[Picture, ...], closeups: Closeups
) -> dict[str, Any]:
    section = sections[position]
    table = board_table(run, section)
    details = [] if section.overall else details_of(run, table, closeups)
    return {
        "section": section,
        "position": position,
        "id": slug(section.title),
        "headline": readable(run.board.headlines.get(section.dataset, "")),
        "table": table,
        "field": facts.field_of(section.entries),
        "choices": _choices(choices_of(run, section)),
        "figures": pictures,
        "details": details,
        "detailed": {details.entry.anchor for details in details},
        "undetailed": 0 if section.overall else len(section.entries) - len(details),
        "agreement": agreement_table(closeups, section),
        "sensitivity": facts.sensitivity_table(run, section.dataset, oracle=section.oracle),
        "optimised": any(field.optimised for _, row in table.rows for field in row),
    }


def _choices(choices: Choices) -> dict[str, Any]:
    """Return the choices as (value, title) pairs."""

    def named(values: Sequence[str]) -> list[tuple[str, str]]:
        return [(readable(value), readable(value)) for value in values]

    metrics = [(metric.name, metric.title) for metric in choices.metrics]
    return {
        "algorithms": named(choices.algorithms),
        "variants": named(choices.variants),
        "metrics": [*metrics, (STABILITY, "Stability")] if choices.has_stability else metrics,
        "ranked": [*choices.ranked, STABILITY],
        "spaces": named(choices.spaces),
        "datasets": named(choices.datasets),
        "policies": list(choices.policies),
        "weights": [(family, f"{weight:g}") for family, weight in choices.weights.items()],
    }


def _context(run: Run) -> dict[str, Any]:
    notices = facts.notices(run)
    return {
        "title": readable(run.record.title),
        "name": readable(run.name),
        "headline": readable(run.board.headline),
        "serious": facts.notice_groups([notice for notice in notices if notice.serious]),
        "notices": facts.notice_groups([notice for notice in notices if not notice.serious]),
        "outcomes": facts.outcome_counts(run),
        "rejected": facts.rejected_table(run),
        "refused": facts.refused_table(run),
        "failures": facts.failure_table(run),
        "metrics": rules.metric_table(run),
        "rules": rules.rules(run),
        "structure": rules.structure_table(run),
        "declared": rules.declared_tables(run),
        "environment": rules.environment(run),
        "files": FILES,
        "schemas": (("cells.csv", CELL_SCHEMA), ("scores.csv", SCORE_SCHEMA)),
        "toml": readable_lines(run.record.toml),
        "citation": citation(run),
    }


def citation(run: Run) -> str:
    """Return how to name this run in a text: what was run, by which version and commit, on which data."""
    environment = run.manifest.environment
    git = environment.git
    commit = f" (commit {git.commit[:12]}{', with changes' if git.dirty else ''})" if git else ""
    benchmark = f"benchmark {run.name} (SHA-256 {run.manifest.benchmark_sha256[:12]})"
    data = ", ".join(f"{name} (SHA-256 {entry.content_hash[:12]})" for name, entry in run.record.datasets.items())
    return readable(f"clusterbench {environment.clusterbench}{commit}, {benchmark}, data {data}.")
