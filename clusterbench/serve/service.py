"""The application: routes of the JSON interface, and the pages."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

import clusterbench
from clusterbench.segments.bundle import Bundle
from clusterbench.serve.answers import Assignment, Health, Problem, Refusal, Segment, Version, assignments, segments
from clusterbench.serve.pages import add_pages
from clusterbench.serve.request_guard import RequestGuard
from clusterbench.serve.request_rows import MOST_ROWS, RefusedRows, RowReader, read_body, row_schema

_NO_TELEMETRY: Any = dict.fromkeys(("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False)
_ONE, _MANY = TypeAdapter(Assignment), TypeAdapter(list[Assignment])


def create_app(bundle: Bundle) -> FastAPI:
    """Return the ASGI application that serves a bundle.

    Parameters
    ----------
    bundle : Bundle
        As `clusterbench.segments.load_bundle` gives it.

    Raises
    ------
    RequestError
        If its profile cannot be read.
    """
    app = FastAPI(
        title=f"clusterbench: {bundle.manifest.title}",
        version=clusterbench.__version__,
        description="Segments of new rows. A row has every column of the bundle; null is a missing value.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    app.add_middleware(RequestGuard)
    app.add_exception_handler(RefusedRows, _refuse)
    _add_assignment(app, bundle)
    _add_facts(app, bundle)
    add_pages(app, bundle)
    return app


def _add_assignment(app: FastAPI, bundle: Bundle) -> None:
    reader = RowReader(bundle)
    row = row_schema(bundle)
    post = partial(app.post, responses={413: {"model": Problem}, 422: {"model": Refusal}})

    @post("/assign", response_model=Assignment, openapi_extra=_json_body(row))
    async def assign(request: Request) -> Response:
        """Return the segment of one row."""
        [answer] = assignments(bundle, reader.row(await read_body(request)))
        return _json(_ONE.dump_json(answer))

    batch = {"type": "array", "items": row, "maxItems": MOST_ROWS}

    @post("/assign/batch", response_model=list[Assignment], openapi_extra=_json_body(batch))
    async def assign_batch(request: Request) -> Response:
        """Return the segments of rows, in their order; if a row is wrong, the first such row is refused and no other
        is assigned."""
        body = await read_body(request)
        return _json(await run_in_threadpool(lambda: _MANY.dump_json(assignments(bundle, reader.rows(body)))))


def _add_facts(app: FastAPI, bundle: Bundle) -> None:
    facts = bundle.manifest

    @app.get("/segments")
    async def list_segments() -> list[Segment]:
        """Return the segments of the bundle."""
        return segments(bundle)

    @app.get("/version")
    async def version() -> Version:
        """Return which bundle and which clusterbench answer."""
        return Version(
            *(clusterbench.__version__, bundle.id, facts.title, facts.dataset, facts.data_sha256, facts.finished)
        )

    @app.get("/healthz")
    async def healthz() -> Health:
        """Return that the process answers."""
        return Health("ok")

    @app.get("/readyz", responses={503: {"model": Problem}})
    async def readyz() -> Health:
        """Return that the test rows of the bundle get the segments that they got when it was saved."""
        if complaint := facts.self_test.complaint(bundle.program):
            raise HTTPException(503, complaint)
        return Health("ok")


def _json_body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedRows)
    n_errors = len(error.errors)
    refusal = Refusal(f"{n_errors} error{'s' * (n_errors > 1)} in the rows", error.errors)
    return JSONResponse(asdict(refusal), 422)
