"""Loading one plug-in from its file or entry point, after a trial import in another process."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from clusterbench.errors import RequestError
from clusterbench.plugins.algorithm import Algorithm

if TYPE_CHECKING:
    from clusterbench.metrics import Metric
    from clusterbench.preprocessing import Step

ENTRY_POINT = "entry point "
IMPORT_SECONDS = 60.0
_IMPORT_CODE = """
import json, os, sys
places, sys.path[:], progress = json.loads(sys.argv[1])
from clusterbench.errors import RequestError
from clusterbench.plugins.plugin_loading import run_plugin
for place in places:
    try:
        run_plugin(place)
    except RequestError:
        pass  # reported where it is loaded to be used
    with open(progress, "a") as file:
        print(file=file)
os._exit(0)  # does not wait for threads that an import has started
"""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PluginKind(Generic[T]):
    """A kind of plug-in: its word, how a file declares one, and its check.

    A workspace's folder is the plural of the word, the variable in a file the same in capitals.
    ``accept(value, where)`` returns the plug-in with its place, or None if `value` is none.
    """

    word: str
    form: str
    accept: Callable[[object, str], T | None]


def _algorithm(value: object, where: str) -> Algorithm | None:
    return replace(value, source=where) if isinstance(value, Algorithm) else None


def _step(value: object, where: str) -> type[Step] | None:
    from clusterbench.preprocessing import Step

    if not (isinstance(value, type) and issubclass(value, Step)):
        return None
    if not isinstance(getattr(value, "name", None), str):
        raise RequestError(f"{value.__name__} has no name", where=where, allowed='name = "my_step" in its class')
    if not isinstance(value.version, int) or value.version < 1:
        raise RequestError(f"version = {value.version!r}", where=where, allowed="an integer of at least 1")
    inherited = value.estimator is Step.estimator and value.transformer is Step.transformer
    if inspect.isabstract(value) or (inherited and not value.wraps):
        raise RequestError(f"{value.__name__} has no estimator", where=where, allowed="def estimator(self): ...")
    value.source = where
    return value


def _metric(value: object, where: str) -> Metric | None:
    from clusterbench.metrics import Metric, MetricKind

    if not isinstance(value, Metric):
        return None
    if value.kind is not MetricKind.INTERNAL or value.shared is not None or value.version < 1:
        allowed = "kind internal, a function value or values, and a version of at least 1"
        raise RequestError(f"the metric {value.name!r} cannot be computed here", where=where, allowed=allowed)
    return value


ALGORITHM_KIND = PluginKind("algorithm", "ALGORITHM = Algorithm(...)", _algorithm)
METRIC_KIND = PluginKind("metric", "METRIC = Metric(...)", _metric)
STEP_KIND = PluginKind("step", "STEP = MyStep, a subclass of Step", _step)
KINDS: tuple[PluginKind[Any], ...] = (ALGORITHM_KIND, METRIC_KIND, STEP_KIND)


def load_plugin(where: str | Path) -> Algorithm:
    """Load one algorithm from a Python file, or from ``"entry point module:ATTRIBUTE"``; the file is run anew.

    RequestError if the file cannot be read, raises when it is imported, or holds no `ALGORITHM`.
    """
    return load(where, ALGORITHM_KIND)


def load(where: str | Path, kind: PluginKind[T]) -> T:
    """Load one plug-in of `kind`: see `load_plugin`."""
    text = str(where)
    variable = kind.word.upper()
    value = run_plugin(text, variable)
    plugin = kind.accept(value, text)
    if plugin is None:
        given = "nothing" if value is None else f"a {type(value).__name__}"
        raise RequestError(f"holds {given} called {variable}", where=text, allowed=kind.form)
    return plugin


def run_plugin(where: str, variable: str = "") -> Any:
    """Import a plug-in and return the value of `variable`; of an entry point, the attribute that it names."""
    try:
        if where.startswith(ENTRY_POINT):
            module_name, _, attribute = where.removeprefix(ENTRY_POINT).partition(":")
            return getattr(importlib.import_module(module_name), attribute or variable, None)
        return getattr(_run_file(Path(where)), variable, None)
    except (Exception, SystemExit) as error:
        raise RequestError(f"cannot be imported: {type(error).__name__}: {error}", where=where) from error


def _run_file(path: Path) -> ModuleType:
    path = path.resolve()
    if path.suffix != ".py":
        raise ImportError(f"{path.name} is not a Python file")
    # A name of its own, so that neither a package called like the file nor a second folder's file is hidden.
    name = f"clusterbench_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    # A loader would take cached bytecode for a file that was edited in the same second and kept its size.
    code = compile(path.read_bytes(), str(path), "exec")
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def import_faults(places: Sequence[str]) -> dict[str, str]:
    """Return what was wrong with the plug-ins whose import ends its process or takes longer than `IMPORT_SECONDS`.

    All are imported in one process, because their import may crash or hang; one that ends it is left out, and the
    rest is imported in another.
    """
    faults: dict[str, str] = {}
    left = list(places)
    while left:
        n_imported, fault = _import_all(left)
        if n_imported < len(left):
            faults[left[n_imported]] = fault
        left = left[n_imported + 1 :]
    return faults


def _import_all(places: Sequence[str]) -> tuple[int, str]:
    """Import plug-ins in a new process; return how many it finished and how the process ended."""
    with tempfile.TemporaryDirectory() as folder:
        progress, messages = Path(folder) / "progress", Path(folder) / "messages"
        progress.touch()
        order = json.dumps([list(places), sys.path, str(progress)])
        command = [sys.executable, "-P", "-c", _IMPORT_CODE, order]
        try:
            # Not into pipes: a process that the import has started could hold them open.
            with messages.open("wb") as err:
                done = subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, timeout=IMPORT_SECONDS
                )
        except subprocess.TimeoutExpired:
            fault = f"its import did not end within {IMPORT_SECONDS:g} s"
        else:
            how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
            last = messages.read_text(errors="replace").splitlines()[-1:]
            fault = ": ".join([f"its import ended the process ({how})", *(line[:200] for line in last)])
        return progress.read_text().count("\n"), fault
