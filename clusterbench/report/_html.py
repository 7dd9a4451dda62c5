"""The page: one file that needs no network and no script to be read."""

from __future__ import annotations

from importlib import resources
from typing import Any

from clusterbench.conductor import Run
from clusterbench.report import _facts as facts
from clusterbench.report import _rules as rules
from clusterbench.report._board_table import board_table
from clusterbench.report._details import details_of
from clusterbench.report._entries import Section, sections_of
from clusterbench.report._figures import figures_of
from clusterbench.report._format import readable, slug
from clusterbench.report._schema import CELL_SCHEMA, SCORE_SCHEMA
from clusterbench.report._svg import Picture

FILES = ("leaderboard.csv", "scores.csv", "cells.csv", "manifest.json", "leaderboard.md")


def html(run: Run) -> str:
    """Return the report of a run as one self-contained page.

    It asks for nothing from outside: style and figures stand inside, and every text of the run is escaped.
    """
    sections = sections_of(run)
    return render_page(run, sections, figures_of(run, sections))


def render_page(run: Run, sections: list[Section], figures: dict[int, tuple[Picture, ...]]) -> str:
    """Return the page of a run whose figures are drawn already."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("clusterbench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = resources.files("clusterbench.report").joinpath("templates/page.css").read_text(encoding="utf-8")
    boards = [_board(run, section, figures[position]) for position, section in enumerate(sections)]
    return environment.get_template("page.html.j2").render(style=style, boards=boards, **_context(run)) + "\n"


def _board(run: Run, section: Section, pictures: tuple[Picture, ...]) -> dict[str, Any]:
    table = board_table(run, section)
    return {
        "section": section,
        "id": slug(section.title),
        "headline": readable(run.board.headlines.get(section.dataset, "")),
        "table": table,
        "figures": pictures,
        "details": details_of(run, table),
        "sensitivity": facts.sensitivity_table(run, section.dataset, oracle=section.oracle),
        "optimised": any(field.optimised for _, row in table.rows for field in row),
    }


def _context(run: Run) -> dict[str, Any]:
    plan = run.plan
    return {
        "title": readable(plan["title"]),
        "name": readable(run.name),
        "headline": readable(run.board.headline),
        "notices": facts.notices(run),
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
        "board_columns": [(column.name, column.title, readable(column.explanation)) for column in run.board.columns],
        "toml": str(plan["toml"]),
        "citation": citation(run),
    }


def citation(run: Run) -> str:
    """Return how to name this run in a text: what was run, by which version, on which data."""
    manifest = run.manifest
    benchmark = f"benchmark {run.name} (SHA-256 {str(manifest.get('benchmark_sha256', 'unknown'))[:12]})"
    data = ", ".join(f"{name} (SHA-256 {entry['hash'][:12]})" for name, entry in run.plan["datasets"].items())
    return readable(f"clusterbench {manifest.get('clusterbench', 'unknown')}, {benchmark}, data {data}.")
