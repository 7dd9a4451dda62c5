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

# A shell that starts the tests in the background, or nohup, has signals ignored, here and in what is started from here.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

ROOT = Path(__file__).resolve().parent.parent


def data_folder(wanted: str) -> Path:
    """The folder of data that holds `wanted`; the test skips where there is none."""
    candidates = [os.environ.get("CLUSTERBENCH_DATA"), str(ROOT.parent / "shared" / "data")]
    for candidate in candidates:
        if candidate and (Path(candidate) / wanted).exists():
            return Path(candidate)
    pytest.skip(f"{wanted} is not here: set CLUSTERBENCH_DATA to the folder that holds it")


@pytest.fixture(scope="session")
def real_table_folder() -> Path:
    """The folder that holds CC_GENERAL.csv and its facts."""
    return data_folder("CC_GENERAL.csv")


@pytest.fixture(scope="session")
def labelled_folder() -> Path:
    """The folder of tables with known classes, stored partitions and published scores."""
    return data_folder("labelled/stored") / "labelled"
