"""Fixtures that several rooms share."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium, driven by playwright; tests that need it are skipped where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"there is no Chromium: none of {', '.join(names)} is on the path")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra 'test')")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    # One module at a time: a started driver keeps an event loop in this thread.
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
