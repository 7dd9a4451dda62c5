"""Loading one plug-in from its file or entry point."""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Generic, TypeVar

from clusterbench.errors import RequestError
from clusterbench.metrics import Metric, MetricKind
from clusterbench.plugins.algorithm import Algorithm
from clusterbench.preprocessing import Step

ENTRY_POINT = "entry point "
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind of plug-in.

    Attributes
    ----------
    word : str
        What one is called; a workspace's folder is the plural, the variable in a file the same in capitals.
    form : str
        How a file declares one.
    accept : callable
        ``accept(value, where)`` returns the plug-in with its place, or None if `value` is none.
    """

    word: str
    form: str
    accept: Callable[[object, str], T | None]

    @property
    def folder(self) -> str:
        return f"{self.word}s"

    @property
    def variable(self) -> str:
        return self.word.upper()

    @property
    def entry_points(self) -> str:
        return f"clusterbench.{self.word}s"


def _algorithm(value: object, where: str) -> Algorithm | None:
    return replace(value, source=where) if isinstance(value, Algorithm) else None


def _step(value: object, where: str) -> type[Step] | None:
    if not (isinstance(value, type) and issubclass(value, Step)):
        return None
    if not isinstance(getattr(value, "name", None), str):
        raise RequestError(f"{value.__name__} has no name", where=where, allowed='name = "my_step" in its class')
    if not isinstance(value.version, int) or value.version < 1:
        raise RequestError(f"version = {value.version!r}", where=where, allowed="an integer of at least 1")
    if inspect.isabstract(value) or (value.estimator is Step.estimator and value.transformer is Step.transformer):
        raise RequestError(f"{value.__name__} has no estimator", where=where, allowed="def estimator(self): ...")
    value.source = where
    return value


def _metric(value: object, where: str) -> Metric | None:
    if not isinstance(value, Metric):
        return None
    if value.kind is not MetricKind.INTERNAL or value.shared is not None or value.version < 1:
        allowed = "kind internal, a function value or values, and a version of at least 1"
        raise RequestError(f"the metric {value.name!r} cannot be computed here", where=where, allowed=allowed)
    return value


ALGORITHMS = Kind("algorithm", "ALGORITHM = Algorithm(...)", _algorithm)
METRICS = Kind("metric", "METRIC = Metric(...)", _metric)
STEPS = Kind("step", "STEP = MyStep, a subclass of Step", _step)


def load_plugin(where: str | Path) -> Algorithm:
    """Load one algorithm, running its file anew.

    Parameters
    ----------
    where : str or Path
        A Python file, or ``"entry point module:ATTRIBUTE"`` as `Plugins.where` gives it.

    Returns
    -------
    Algorithm

    Raises
    ------
    RequestError
        If the file cannot be read, raises when it is imported, or holds no `ALGORITHM`.
    """
    return load(where, ALGORITHMS)


def load(where: str | Path, kind: Kind[T]) -> T:
    """Load one plug-in of `kind`: see `load_plugin`."""
    text = str(where)
    value = run_plugin(text, kind.variable)
    plugin = kind.accept(value, text)
    if plugin is None:
        given = "nothing" if value is None else f"a {type(value).__name__}"
        raise RequestError(f"holds {given} called {kind.variable}", where=text, allowed=kind.form)
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
    code = _compiled(path.read_bytes(), str(path))
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@functools.lru_cache(maxsize=64)
def _compiled(content: bytes, path: str) -> CodeType:
    """Compile a file, once for its content.

    An import loader's cached bytecode is used for a file that was edited within the same second and kept its size.
    """
    return compile(content, path, "exec")
