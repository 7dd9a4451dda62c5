"""Trial imports of plug-ins in another process: a crash or hang at import must not end the run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

SECONDS = 60.0
_SHOWN = 200
_CODE = """
import json, os, sys
places, sys.path[:], progress = json.loads(sys.argv[1])
from clusterbench.errors import RequestError
from clusterbench.plugins.loading import run_plugin
for place in places:
    try:
        run_plugin(place)
    except RequestError:
        pass  # reported where it is loaded to be used
    with open(progress, "a") as file:
        print(file=file)
os._exit(0)  # does not wait for threads that an import has started
"""


def import_faults(places: Sequence[str], *, seconds: float = SECONDS) -> dict[str, str]:
    """Return what was wrong with the plug-ins whose import ends its process or takes longer than `seconds`.

    All are imported in one process; one that ends it is left out, and the rest is imported in another.

    Parameters
    ----------
    places : sequence of str
        Files and entry points, as `load_plugin` takes them.
    seconds : float
    """
    faults: dict[str, str] = {}
    left = list(places)
    while left:
        n_imported, fault = _import_all(left, seconds)
        if n_imported < len(left):
            faults[left[n_imported]] = fault
        left = left[n_imported + 1 :]
    return faults


def _import_all(places: Sequence[str], seconds: float) -> tuple[int, str]:
    """Import plug-ins in a new process; return how many it finished and how the process ended."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as err:
        progress = Path(folder) / "progress"
        progress.touch()
        order = json.dumps([list(places), sys.path, str(progress)])
        command = [sys.executable, "-P", "-c", _CODE, order]
        try:
            # Not into pipes: a process that the import has started could hold them open.
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            fault = f"its import did not end within {seconds:g} s"
        else:
            how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
            last = _last_line(err)[:_SHOWN]
            fault = f"its import ended the process ({how})" + (f": {last}" if last else "")
        return progress.read_text().count("\n"), fault


def _last_line(file: IO[bytes]) -> str:
    file.seek(0)
    return (file.read().decode(errors="replace").splitlines() or [""])[-1]
