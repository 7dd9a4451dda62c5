"""The pages: the form with its result, and a description of the JSON interface. None needs a script."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from clusterbench.report.number_text import NOTHING, amount, share, slug
from clusterbench.report.templating import part, template
from clusterbench.segments.bundle import Bundle
from clusterbench.segments.program import RowError
from clusterbench.segments.raw_fields import RawField, RawValue, raw_fields, raw_names
from clusterbench.serve.answers import Segment, assignments, segments
from clusterbench.serve.form import EMPTY, Form, form_fields, read_form
from clusterbench.serve.request_rows import MOST_BYTES, MOST_ROWS, read_body, request_rows
from clusterbench.serve.result import Result, result_of, segment_medians
from clusterbench.text import printable

_PACKAGE = "clusterbench.serve"


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table of text, as the templates of reports print it; `numeric` are the positions of columns of numbers."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...]


def add_pages(app: FastAPI, bundle: Bundle) -> None:
    """Add the routes of the pages."""
    form_page, medians = template("form.html.j2", _PACKAGE, slug=slug), segment_medians(bundle)
    facts = {"title": printable(bundle.manifest.title), "dataset": printable(bundle.manifest.dataset), "id": bundle.id}
    style = part("page.css") + part("serve.css", _PACKAGE)

    def shown(form: Form, result: Result | None = None) -> Response:
        fields, table = form_fields(bundle, form), _segment_table(segments(bundle))
        text = form_page.render(facts, fields=fields, problems=form.problems, result=result, segments=table)
        return HTMLResponse(text, 200 if form.is_right else 422)

    def answered(form: Form) -> Response:
        if not form.is_right:
            return shown(form)
        try:
            return shown(form, result_of(bundle, medians, form.values(bundle)))
        except RowError as error:
            places = raw_names(bundle.manifest)
            known = {places[name]: f"The number {error.reason}." for name in error.columns if name in places}
            return shown(replace(form, errors=known, problems=() if known else (f"{error.reason.capitalize()}.",)))

    @app.get("/", include_in_schema=False)
    async def empty_form() -> Response:
        return shown(EMPTY)

    @app.post("/", include_in_schema=False)
    async def result(request: Request) -> Response:
        form = read_form(bundle, await read_body(request))
        return await run_in_threadpool(answered, form)

    @app.get("/style.css", include_in_schema=False)
    async def style_sheet() -> Response:
        return Response(style, media_type="text/css")

    @cache
    def interface_page() -> str:
        return template("interface.html.j2", _PACKAGE, slug=slug).render(facts, **_interface(app, bundle))

    @app.get("/api", include_in_schema=False)
    async def interface() -> Response:
        return HTMLResponse(interface_page())


def _segment_table(rows: list[Segment]) -> PageTable:
    texts = tuple((str(one.segment), printable(one.name), f"{one.rows:,}", share(one.share)) for one in rows)
    return PageTable("Segments of the fitted table", ("Segment", "Name", "Rows", "Share"), texts, (2, 3))


def _interface(app: FastAPI, bundle: Bundle) -> dict[str, Any]:
    """Return what the page on the JSON interface shows: routes, columns, and a row with its answer."""
    fields, median = raw_fields(bundle.manifest), bundle.manifest.levels.index(0.5)
    row: dict[str, RawValue] = {field.name: field.example(median) for field in fields}
    [answer] = assignments(bundle, request_rows(fields, [row]))
    return {
        "paths": app.openapi()["paths"],
        "row": json.dumps(row, ensure_ascii=False),
        "answer": json.dumps(asdict(answer), ensure_ascii=False, indent=1),
        "most_bytes": f"{MOST_BYTES:,}",
        "most_rows": f"{MOST_ROWS:,}",
        "columns": PageTable(
            "Fields of a row; all of them are needed",
            ("Field", "Unit", "Minimum", "Median", "Maximum", "null"),
            tuple(map(_field_row, fields, map(str, row.values()))),
            (2, 3, 4),
        ),
    }


def _field_row(field: RawField, example: str) -> tuple[str, ...]:
    [column, *_], null = field.columns, "is taken" if field.may_be_missing else "is refused"
    name, unit = printable(field.name), printable(column.unit)
    if column.source:
        return (name, "date" if field.is_date else "level", NOTHING, f"such as {printable(example)}", NOTHING, null)
    return (name, unit, amount(column.minimum), amount(float(example)), amount(column.maximum), null)
