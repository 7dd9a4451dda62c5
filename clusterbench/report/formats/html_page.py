"""The page: one file that needs no network and no script to be read."""

import base64
import hashlib
import re
from collections.abc import Iterable

from clusterbench.report.declared_parts import Format, all_formats
from clusterbench.report.model import Notice, ReportModel
from clusterbench.report.number_text import slug
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
    page = template("page.html.j2", slug=slug).render(
        report=report,
        style=part("page.css") + part("entry.css"),
        script=script,
        policy=_policy(script),
        data=script_json(data),
        boards=list(zip(report.boards, data["boards"], strict=True)),
        serious=_by_place(notice for notice in report.notices if notice.serious),
        notices=_by_place(notice for notice in report.notices if not notice.serious),
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


def _by_place(notices: Iterable[Notice]) -> list[tuple[str, list[str]]]:
    """Return notices by their dataset, as (dataset, texts)."""
    groups: dict[str, list[str]] = {}
    for notice in notices:
        groups.setdefault(notice.place, []).append(notice.text)
    return list(groups.items())


FORMAT = Format("html", lambda report: {"index.html": html(report)}, {"index.html": "this page"}, order=10)
