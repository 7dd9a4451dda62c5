"""Importing plug-ins of a workspace in processes of their own first: what ends or hangs there must not do so here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO

SECONDS = 60.0
_AT_ONCE = 4
_SHOWN = 200
_END = 4096  # bytes that are read of what an import has written
_CODE = """
import json, sys
where, sys.path[:], word = json.loads(sys.stdin.read())
from clusterbench.errors import RequestError
from clusterbench.plugins import load_plugin
try:
    load_plugin(where)
except RequestError:
    pass  # told again where it is loaded to be used
print(word)
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
    running: list[subprocess.Popen[bytes]] = []
    threads = ThreadPoolExecutor(_AT_ONCE)
    try:
        told = threads.map(lambda where: _fault(where, seconds, running), places)
        return {where: fault for where, fault in zip(places, told, strict=True) if fault}
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        for process in list(running):  # after Ctrl-C, which does not wait for what hangs
            _end(process)
        threads.shutdown()


def _fault(where: str, seconds: float, running: list[subprocess.Popen[bytes]]) -> str:
    word = uuid.uuid4().hex  # nobody else says it
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # Into files, not pipes: what the import has started may hold a pipe open for as long as it likes.
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _CODE], stdin=subprocess.PIPE, stdout=out, stderr=err, start_new_session=True
        )
        running.append(process)
        assert process.stdin is not None
        with suppress(OSError), process.stdin as orders:
            orders.write(json.dumps([where, sys.path, word]).encode())
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"its import did not end within {seconds:g} s"
        finally:
            running.remove(process)
            _end(process)
            process.wait()
        if _end_of(out).endswith(word):
            return ""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        last = _end_of(err).splitlines()[-1:] or [""]
    return f"its import ended the process ({how})" + (f": {last[0][:_SHOWN]}" if last[0] else "")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it has left behind in its group."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)


def _end_of(file: IO[bytes]) -> str:
    file.seek(max(0, file.seek(0, os.SEEK_END) - _END))
    return file.read().decode(errors="replace").strip()
