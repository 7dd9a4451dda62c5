"""Plug-ins that cut the order of the first column into k equal parts, and do something careless."""

from __future__ import annotations

import textwrap
from pathlib import Path

TEMPLATE = '''
"""A plug-in of the tests."""
import contextlib, ctypes, faulthandler, gc, locale, os, random, shutil, signal, subprocess, sys, tempfile, threading
import time, warnings
from pathlib import Path
import numpy as np
from clusterbench.plugins import Algorithm, Family, Partition
{top}
def build(X, seed, wait=0.0):
{build}
    def cutter(k):
        labels = X[:, 0].argsort().argsort() * k // len(X)
{cut}
        return labels
    return cutter

ALGORITHM = Algorithm({name!r}, Family.OTHER, __doc__, "none", build, packages={packages!r}{more})
'''


def write_plugin(
    folder: Path,
    name: str,
    *,
    top: str = "",
    build: str = "",
    cut: str = "",
    packages: dict[str, str] | None = None,
    more: str = "",
) -> Path:
    """Write a plug-in with code at its top, at the begin of its build, and at the end of each cut."""
    path = folder / f"{name}.py"
    build, cut = textwrap.indent(build or "pass", " " * 4), textwrap.indent(cut or "pass", " " * 8)
    path.write_text(TEMPLATE.format(name=name, top=top, build=build, cut=cut, packages=packages or {}, more=more))
    return path


# What each does in its cut at k = 3.
AT_THREE = {
    "raises": "raise ValueError(f'k = {k} is too odd')",
    "raises_base": "raise type('Unusual', (BaseException,), {})",
    "raises_generator_exit": "raise GeneratorExit('out')",
    "bad_message": "raise type('Mute', (Exception,), {'__str__': lambda self: 1 // 0})",
    "surrogates": r"raise ValueError('half a \ud800 pair,\x00 a zero,\n a line and \x1b[31mred')",
    "os_exit": "os._exit(7)",
    "sys_exit": "sys.exit(3)",
    "segfault": "ctypes.string_at(0)",
    "kills_itself": "os.kill(os.getpid(), signal.SIGKILL)",
    "hangs": "while True: pass",
    "hangs_in_c": "ctypes.PyDLL(None).sleep(1000)",
    "hangs_with_children": "[subprocess.Popen(['sleep', '1234'], start_new_session=s) for s in (0, 1)][0].wait()",
    "prints_without_end": "while True: os.write(2, b'the same again and again\\n' * 1000)",
    "closes_files": "os.closerange(0, 256)",
    "closes_files_and_hangs": "os.closerange(0, 256); time.sleep(1000)",
    "allocates_in_a_child": "subprocess.run([sys.executable, '-c', 'b = []\\nwhile 1: b.append(bytearray(10**7))'])",
    "asks_for_too_much": "np.empty(10**15)",
    "mutates": "X[0] = 1e6",
    "mutates_by_force": "X.flags.writeable = True",
    "mutates_in_c": "ctypes.memset(X.ctypes.data, 255, 8)",
    "bad_shape": "labels = labels[:7]",
    "bad_values": "labels = ['a', 'b'] * (len(X) // 2)",
    "forks": "os.fork()",
    "leaves_processes": "subprocess.Popen(['setsid', '--fork', 'env', '-i', 'sleep', '1234'])",
    "leaves_a_thread": "threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
    "prints_rubbish": "os.write(1, bytes(range(256)) * 40); sys.stdout.write('rubbish'); sys.stdout.flush()",
    "sets_a_timer": "signal.signal(signal.SIGALRM, signal.SIG_DFL); signal.setitimer(signal.ITIMER_REAL, 0.3)",
}  # fmt: skip

CHANGES_EVERYTHING = """
os.chdir("/")
os.environ.clear()
os.environ["OMP_NUM_THREADS"] = "7"
locale.setlocale(locale.LC_ALL, "C")
warnings.simplefilter("error")
random.seed(1)
np.random.seed(1)
np.seterr(all="raise")
sys.path.clear()
sys.stdout = sys.stderr = None
sys.setrecursionlimit(400)
"""
CLEARS_TEMPORARY_FILES = """
folder = Path(tempfile.gettempdir())
shutil.rmtree(folder)
(folder / str(k)).mkdir(parents=True)
(folder / str(k) / "file").touch()
(folder / "link").symlink_to("/")
os.chmod(folder / str(k), 0)
"""
PATCHES = """
import resource
np.quantile = lambda values, shares: np.zeros_like(shares)
resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))
"""
QUANTILES = """
for descriptor in [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]:
    os.close(descriptor)
labels = np.searchsorted(np.quantile(X[:, 0], np.arange(1, k) / k), X[:, 0])
"""
DRAWS = "labels = np.random.randint(k, size=len(X)) + random.randrange(2) * k * (X[:, 0] > 0)"
RECORDS = """
began = time.time()
time.sleep(wait)
def read(path):
    return Path(path).read_text().strip() if Path(path).exists() else None
labels = Partition(labels, info={
    "pid": os.getpid(), "omp": os.environ.get("OMP_NUM_THREADS"), "cwd": os.getcwd(), "hash": hash("x"),
    "pandas": "pandas" in sys.modules,
    "file": __file__, "times": [began, time.time()], "oom": read("/proc/self/oom_score_adj")})
"""


def write_all(folder: Path) -> None:
    """Write every plug-in of this module to a folder."""
    for name, code in AT_THREE.items():
        write_plugin(folder, name, cut=f"if k == 3:\n    {code}")
    write_plugin(folder, "hangs_in_build", build="time.sleep(1000)")
    write_plugin(folder, "exits_on_import", top="os._exit(5)")
    write_plugin(folder, "hangs_on_import", top="time.sleep(1000)")
    (folder / "no_plugin.py").write_text('"""Holds no algorithm."""\n')
    write_plugin(folder, "keeps_memory", top="KEPT = []", cut="if k == 4: KEPT.append(np.ones(36_000_000))")
    cuts = {
        "healthy": "",
        "changes_everything": CHANGES_EVERYTHING,
        "clears_temporary_files": CLEARS_TEMPORARY_FILES,
        "patches": PATCHES,
        "quantiles": QUANTILES,
        "draws_globally": DRAWS,
        "recorder": RECORDS,
    }
    for name, code in cuts.items():
        write_plugin(folder, name, cut=code)
