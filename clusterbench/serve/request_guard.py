"""What surrounds every request: security headers, a log line without values, and failures without their message."""

from __future__ import annotations

import logging
import traceback
from time import perf_counter

from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("clusterbench.serve")

_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]


class RequestGuard:
    """Wraps an application. The log names the route of a request, never its address, which may hold values."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, outcome = perf_counter(), "closed by the client"

        async def send_with_headers(message: Message) -> None:
            nonlocal outcome
            if message["type"] == "http.response.start":
                outcome = str(message["status"])
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            pass
        except Exception as error:  # noqa: BLE001  (its message may hold values, so that it goes nowhere)
            LOG.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            if not outcome.isdigit():
                await JSONResponse({"detail": "internal error"}, 500)(scope, receive, send_with_headers)
        route = getattr(scope.get("route"), "path", "an unknown path")
        LOG.info("%s %s: %s in %.0f ms", scope["method"], route, outcome, 1000 * (perf_counter() - start))
