"""Run the service on an address."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

import uvicorn

from clusterbench.errors import RequestError
from clusterbench.segments.bundle import Bundle
from clusterbench.serve.request_guard import LOG
from clusterbench.serve.service import create_app


def run_server(bundle: Bundle, host: str, port: int, *, say: Callable[[str], None]) -> None:
    """Serve a bundle until a signal ends it.

    Parameters
    ----------
    bundle : Bundle
    host : str
        Name or address of this machine.
    port : int
        0 takes a free one.
    say : function of str
        Given the address once connections are accepted.

    Raises
    ------
    RequestError
        If the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        what = f"cannot listen on {host}, port {port}: {error}"
        raise RequestError(what, allowed="another --port or --host") from error
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    LOG.setLevel(logging.INFO)
    config = uvicorn.Config(
        create_app(bundle),
        log_config=None,  # nor the access log, which has addresses with their query
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    with listener:
        address = f"[{host}]" if ":" in host else host
        say(f"http://{address}:{listener.getsockname()[1]}/")
        uvicorn.Server(config).run([listener])
