"""The command line: one short function per verb, no logic."""

from clusterbench.cli.app import app, main

__all__ = ["app", "main"]
