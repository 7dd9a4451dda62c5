"""How the tests of the command line call it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from clusterbench.cli import main


class Ended(NamedTuple):
    """A finished call: its exit status, and what it wrote."""

    status: int
    out: str
    err: str


Call = Callable[..., Ended]


@pytest.fixture
def call(monkeypatch, capfd) -> Call:
    """Run the command line in this process, in the current folder."""

    def clusterbench(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["clusterbench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code or 0), *capfd.readouterr())

    return clusterbench
