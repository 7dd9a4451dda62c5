"""Importing plug-ins of a workspace in processes of their own first: what ends or hangs there must not do so here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

SECONDS = 60.0
_AT_ONCE = 4
_SHOWN = 200
_CODE = """
import json, sys
where, sys.path[:] = json.loads(sys.stdin.read())
from clusterbench.errors import RequestError
from clusterbench.plugins import load_plugin
try:
    load_plugin(where)
except RequestError:
    pass  # told again where it is loaded to be used
print("imported")
"""


def import_faults(places: Sequence[str], *, seconds: float = SECONDS) -> dict[str, str]:
    """Return, for the plug-ins whose import ends its process or does not end, how.

    Parameters
    ----------
    places : sequence of str
        Files, as `load_plugin` takes them.
    seconds : float
        What one import may take.
    """
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        told = threads.map(lambda where: _fault(where, seconds), places)
        return {where: fault for where, fault in zip(places, told, strict=True) if fault}


def _fault(where: str, seconds: float) -> str:
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _CODE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, err = process.communicate(json.dumps([where, sys.path]), timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"its import did not end within {seconds:g} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if out.rstrip().endswith("imported"):
        return ""
    code = process.returncode
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    last = err.strip().splitlines()[-1:] or [""]
    return f"its import ended the process ({how})" + (f": {last[0][:_SHOWN]}" if last[0] else "")
