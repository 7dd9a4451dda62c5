"""The page: one file that needs no network and no script to be read."""

import base64
import hashlib
import re

from clusterbench.report.declared_parts import Format, all_formats
from clusterbench.report.first_screen import chips, dot, interval_bar, last_rank
from clusterbench.report.model import ReportModel
from clusterbench.report.number_text import slug
from clusterbench.report.page_columns import page_table, shade
from clusterbench.report.page_data import page_data, script_json
from clusterbench.report.templating import part, template
from clusterbench.tables import CELL_SCHEMA, SCORE_SCHEMA
from clusterbench.text import printable_lines

# End tags that HTML lets a writer leave out: a seventh of the page. Text is escaped, so it has none of them.
_OPTIONAL_END = re.compile(r"</(?:td|th|tr|tbody|thead|li|dt|dd|option)>\s*")


def html(report: ReportModel) -> str:
    """Return the report as one self-contained page.

    It asks for nothing from outside: style, script, numbers and figures are inside, and every text of the run is
    escaped. Without its script it can be read in full; what only the script can do is not shown then.
    """
    script, data = part("ranks.js") + part("page.js"), page_data(report)
    tables = [page_table(one.board, one.table) for one in report.boards]
    groups = [chips(one.notices) for one in report.boards]
    page = template(
        "page.html.j2", slug=slug, shade=shade, interval_bar=interval_bar, dot=dot, last_rank=last_rank
    ).render(
        report=report,
        style=part("page.css") + part("entry.css"),
        most_columns=max(len(table.columns) for table in tables),
        script=script,
        policy=_policy(script),
        data=script_json(data),
        boards=list(zip(report.boards, data["boards"], tables, groups, strict=True)),
        chips=chips([notice for notice in report.notices if not notice.place]),
        files=[file for one in all_formats() for file in one.files.items() if file[0] != "index.html"],
        schemas=(("cells.csv", CELL_SCHEMA), ("scores.csv", SCORE_SCHEMA)),
        toml=printable_lines(report.run.record.toml),
    )
    return _OPTIONAL_END.sub("", page) + "\n"


def _policy(script: str) -> str:
    """Return a content security policy: the page runs its own script and asks for nothing."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"{rules}; base-uri 'none'; form-action 'none'"


FORMAT = Format("html", lambda report: {"index.html": html(report)}, {"index.html": "this page"}, order=10)
