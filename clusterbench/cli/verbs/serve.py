"""`clusterbench serve`."""

import importlib.util
from typing import Annotated

import typer

from clusterbench.cli.options import BundleFolder, Expect


def verb(
    bundle: BundleFolder,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    expect: Expect = None,
) -> None:
    """Serve a bundle: a form that assigns a row and explains its segment, and a JSON interface. Ctrl-C ends it."""
    from clusterbench.cli.console import say
    from clusterbench.errors import RequestError
    from clusterbench.segments import load_bundle

    for package in ("fastapi", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise RequestError(f"{package} is not installed", allowed="pip install 'clusterbench[serve]'")
    from clusterbench.serve import run_server

    loaded = load_bundle(bundle, expect=expect)
    say(f"bundle   {loaded.id}")
    run_server(loaded, host, port, say=lambda address: say(f"serving  {address}"))
