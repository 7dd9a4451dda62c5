"""The page: one file that needs no network and no script to be read."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from clusterbench.report.declared_parts import Format, all_formats
from clusterbench.report.first_screen import chips, dot, interval_bar, last_rank
from clusterbench.report.model import ReportModel, Table
from clusterbench.report.number_text import JsonValue, slug
from clusterbench.report.page_columns import page_table, shade
from clusterbench.report.page_data import page_data, script_json
from clusterbench.report.templating import part, template
from clusterbench.tables import CELL_SCHEMA, OVERALL, SCORE_SCHEMA
from clusterbench.text import printable, printable_lines

BoardData = Mapping[str, JsonValue]
"""The numbers of a board."""

_MOST_DATASETS = 12  # on one page
# End tags that HTML lets a writer leave out: a seventh of the page. Text is escaped, so it has none of them.
_OPTIONAL_END = re.compile(r"</(?:td|th|tr|tbody|thead|li|dt|dd|option)>\s*")


def html_pages(report: ReportModel) -> dict[str, str]:
    """Return the report as one self-contained page, by its path; of more than 12 datasets, as a page of each too.

    A page asks for nothing from outside: style, script, numbers and figures are inside, and every text of the run is
    escaped. Without its script it can be read in full; what only the script can do is not shown then.
    """
    data = page_data(report)["boards"]
    datasets = tuple(report.run.record.datasets)
    if len(datasets) <= _MOST_DATASETS:
        return {"index.html": _html(report, data)}
    pages = {}
    for number, dataset in enumerate(datasets, start=1):
        name = printable(dataset)
        part, numbers = _part(report, data, dataset)
        labels = {one.labels_file for board in part.boards for one in board.details}
        part = replace(
            part,
            title=f"{report.title}: {name}",
            rejected=_rows_of(report.rejected, name),
            refused=_rows_of(report.refused, name),
            environment=tuple(
                (term, text)
                for term, text in report.environment
                if not term.startswith("datasets.") or term == f"datasets.{name}"
            ),
            labels={file: text for file, text in report.labels.items() if file in labels},
        )
        pages[f"dataset-{number}-{slug(name)[:40]}.html"] = _html(part, numbers, is_part=True)
    links = [(file, name, report.run.board.headlines.get(name, "")) for file, name in zip(pages, datasets, strict=True)]
    return {"index.html": _html(*_part(report, data, OVERALL), links=links), **pages}


def _part(report: ReportModel, data: Sequence[BoardData], dataset: str) -> tuple[ReportModel, list[BoardData]]:
    """Return the report with the boards of one dataset alone, and their numbers."""
    kept = [place for place, one in enumerate(report.boards) if one.board.dataset == dataset]
    return replace(report, boards=tuple(report.boards[place] for place in kept)), [data[place] for place in kept]


def _rows_of(table: Table, dataset: str) -> Table:
    return replace(table, rows=tuple(row for row in table.rows if row[0] == dataset))


def _html(
    report: ReportModel,
    data: Sequence[BoardData],
    *,
    is_part: bool = False,
    links: Sequence[tuple[str, str, str]] = (),
) -> str:
    """Return a page: of a part of a report, or with links to its parts, each as file, dataset and headline."""
    script = part("ranks.js") + part("page.js")
    tables = [page_table(one.board, one.table) for one in report.boards]
    groups = [chips(one.notices) for one in report.boards]
    page = template(
        "page.html.j2", slug=slug, shade=shade, interval_bar=interval_bar, dot=dot, last_rank=last_rank
    ).render(
        report=report,
        style=part("page.css") + part("entry.css"),
        most_columns=max((len(table.columns) for table in tables), default=0),
        script=script,
        policy=_policy(script),
        data=script_json({"boards": data}),
        boards=list(zip(report.boards, data, tables, groups, strict=True)),
        chips=chips([notice for notice in report.notices if not notice.place]),
        files=[file for one in all_formats() for file in one.files.items() if file[0] != "index.html"],
        schemas=(("cells.csv", CELL_SCHEMA), ("scores.csv", SCORE_SCHEMA)),
        toml=printable_lines(report.run.record.toml),
        is_part=is_part,
        links=links,
    )
    return _OPTIONAL_END.sub("", page) + "\n"


def _policy(script: str) -> str:
    """Return a content security policy: the page runs its own script and asks for nothing."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"{rules}; base-uri 'none'; form-action 'none'"


FORMAT = Format("html", html_pages, {"index.html": "this page"}, order=10)
