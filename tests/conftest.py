"""Fixtures that several rooms share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# Examples are the same in every run, and a busy machine fails no test.
settings.register_profile("clusterbench", deadline=None, derandomize=True)
settings.load_profile("clusterbench")

# A shell that starts the tests in the background has Ctrl-C ignored, here and in whatever is started from here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_table_folder() -> Path:
    """The folder that holds CC_GENERAL.csv and its facts; tests of it skip where there is none."""
    candidates = [os.environ.get("CLUSTERBENCH_DATA"), str(ROOT.parent / "shared" / "data")]
    for candidate in candidates:
        if candidate and (Path(candidate) / "CC_GENERAL.csv").is_file():
            return Path(candidate)
    pytest.skip("the real table CC_GENERAL.csv is not here: set CLUSTERBENCH_DATA to the folder that holds it")
