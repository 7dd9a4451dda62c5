"""The command line: one short function per verb, no logic."""

from clusterbench.cli._app import app, main

__all__ = ["app", "main"]
