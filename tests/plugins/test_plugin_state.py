"""Somebody else's code leaves the process as it found it: a job in a worker, and the import of a plug-in here."""

from __future__ import annotations

import gc
import locale
import os
import random
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from clusterbench.plugins import kept_state, load_registry


def _environment(_: Path) -> None:
    os.environ["CLUSTERBENCH_TEST"] = "changed"
    os.environ.pop("PATH", None)


def _folder(place: Path) -> None:
    os.chdir(place)


def _removed_folder(place: Path) -> None:
    gone = place / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()


def _path(place: Path) -> None:
    sys.path[:] = [str(place)]


def _streams(_: Path) -> None:
    sys.stdout, sys.stderr = sys.stderr, sys.stdout


def _state() -> dict[str, object]:
    return {
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "path": list(sys.path),
        "locale": locale.setlocale(locale.LC_ALL),
        "depth": sys.getrecursionlimit(),
        "gc": gc.isenabled(),
        "streams": (sys.stdout, sys.stderr),
    }


CHANGES = {
    "environment": _environment,
    "folder": _folder,
    "removed folder": _removed_folder,
    "path": _path,
    "streams": _streams,
    "depth": lambda _: sys.setrecursionlimit(sys.getrecursionlimit() + 17),
    "gc": lambda _: gc.disable(),
    "locale": lambda _: locale.setlocale(locale.LC_ALL, "C"),
}


@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("change", sorted(CHANGES))
def test_what_a_job_changes_is_put_back(change: str, raises: bool, tmp_path: Path) -> None:
    before = _state()
    try:
        with kept_state():
            CHANGES[change](tmp_path)
            if raises:
                raise KeyError("inside")
    except KeyError:
        assert raises
    assert _state() == before


PLUGIN = """
from clusterbench.plugins import Algorithm, Family

ALGORITHM = Algorithm(
    name="good", family=Family.OTHER, summary="all rows in turn", reference="none", packages={},
    build=lambda X, seed: lambda k: np.arange(len(X)) % k,
)
"""
IMPORTS = {
    "working directory": "os.chdir('/')",
    "environment": "os.environ['CLUSTERBENCH_TEST'] = 'changed'",
    "floating-point errors": "np.seterr(all='raise')",
    "warnings": "warnings.simplefilter('error')",
    "an alarm": "signal.alarm(1)",
    "a timer": "signal.setitimer(signal.ITIMER_VIRTUAL, 5.0, 5.0)",
    "a handler": "signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "generators": "random.seed(1); np.random.seed(1)",
    "import path": "sys.path.clear()",
    "streams": "sys.stderr = sys.stdout",
    "hooks": "sys.excepthook = print",
    "umask": "os.umask(0o777)",
    "locale": "import locale; locale.setlocale(locale.LC_ALL, 'C')",
}


def whole_state() -> tuple[object, ...]:
    mask = os.umask(0)
    os.umask(mask)
    return (
        *(os.getcwd(), dict(os.environ), np.geterr(), list(warnings.filters), mask, signal.getsignal(signal.SIGINT)),
        *(signal.getitimer(signal.ITIMER_VIRTUAL), signal.getitimer(signal.ITIMER_REAL)[0] > 2.0, random.getstate()),
        *(np.random.get_state()[1].tolist(), list(sys.path), sys.stderr, sys.excepthook),  # noqa: NPY002
        locale.setlocale(locale.LC_ALL),
    )  # fmt: skip


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("change", IMPORTS)
def test_what_an_import_changes_in_this_process_is_put_back(tmp_path, change, fails):
    (tmp_path / "algorithms").mkdir()
    code = f"import os, random, signal, sys, warnings\nimport numpy as np\n{IMPORTS[change]}\n"
    (tmp_path / "algorithms" / "good.py").write_text(code + ("1 / 0" if fails else PLUGIN))
    before = whole_state()
    registry = load_registry(tmp_path)
    assert whole_state() == before
    assert ("good" in registry) is not fails
