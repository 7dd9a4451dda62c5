"""Finding and loading plug-ins."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, ModuleType

from clusterbench.errors import RequestError, unknown
from clusterbench.plugins.algorithm import Algorithm
from clusterbench.plugins.import_probe import import_faults
from clusterbench.plugins.process_state import kept_whole_state

ENTRY_POINT_GROUP = "clusterbench.algorithms"
_ENTRY_POINT = "entry point "


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plug-in that cannot be used.

    Attributes
    ----------
    name : str
        The file's stem, or the name that two plug-ins share.
    where : str
        Its file or entry point.
    reason : str
    """

    name: str
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The algorithms that can be used, by name, in alphabetical order.

    Attributes
    ----------
    broken : tuple of BrokenPlugin
        Found, but not usable. Asking for one is an error; otherwise it is worth a warning.
    """

    _algorithms: dict[str, tuple[Algorithm, str]] = field(default_factory=dict)
    broken: tuple[BrokenPlugin, ...] = ()

    def __getitem__(self, name: str) -> Algorithm:
        return self._find(name)[0]

    def __contains__(self, name: object) -> bool:
        return name in self._algorithms

    def __iter__(self) -> Iterator[str]:
        return iter(self._algorithms)

    def __len__(self) -> int:
        return len(self._algorithms)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._algorithms)

    def where(self, name: str) -> str:
        """Return the file or entry point of `name`; `load_plugin` takes it.

        Raises
        ------
        RequestError
            If there is no such algorithm.
        """
        return self._find(name)[1]

    def with_file(self, path: Path) -> Registry:
        """Return the registry with one more plug-in file; it replaces an algorithm of the same name."""
        algorithm = load_plugin(path)
        return replace(self, _algorithms={**self._algorithms, algorithm.name: (algorithm, str(path))})

    def _find(self, name: str) -> tuple[Algorithm, str]:
        """Return the algorithm and its place; RequestError names the nearest spelling, or why it is broken."""
        for plugin in self.broken:
            if plugin.name == name:
                raise RequestError(f"algorithm {name!r} cannot be used: {plugin.reason}", where=plugin.where)
        if name not in self._algorithms:
            raise unknown("algorithm", name, self._algorithms)
        return self._algorithms[name]


def shipped_place() -> Path:
    """Return the folder of the shipped plug-ins: package data in a wheel, the repository's in a checkout."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_shipped" / "algorithms"
    return packed if packed.is_dir() else package.parent / "algorithms"


def plugin_places(workspace: Path | None = None) -> tuple[Path, ...]:
    """Return the folders that hold plug-ins: the shipped one, then the workspace's `algorithms`.

    Parameters
    ----------
    workspace : Path, optional
        Default: the current folder.
    """
    own = (workspace if workspace is not None else Path.cwd()) / "algorithms"
    places = [place.resolve() for place in (shipped_place(), own) if place.is_dir()]
    return tuple(dict.fromkeys(places))


def load_plugin(where: str | Path) -> Algorithm:
    """Load one plug-in, running its file anew.

    Parameters
    ----------
    where : str or Path
        A Python file, or ``"entry point module:ATTRIBUTE"`` as `Registry.where` gives it.

    Returns
    -------
    Algorithm

    Raises
    ------
    RequestError
        If the file cannot be read, raises when it is imported, or holds no `ALGORITHM`.
    """
    text = str(where)
    try:
        if text.startswith(_ENTRY_POINT):
            module_name, _, attribute = text.removeprefix(_ENTRY_POINT).partition(":")
            found = getattr(importlib.import_module(module_name), attribute or "ALGORITHM", None)
        else:
            found = _run_file(Path(where))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise RequestError(f"cannot be imported: {type(error).__name__}: {error}", where=text) from error
    if not isinstance(found, Algorithm):
        given = "nothing" if found is None else f"a {type(found).__name__}"
        raise RequestError(f"holds {given} called ALGORITHM", where=text, allowed="ALGORITHM = Algorithm(...)")
    return found


def _run_file(path: Path) -> object:
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
    return getattr(module, "ALGORITHM", None)


@functools.lru_cache(maxsize=64)
def _compiled(content: bytes, path: str) -> CodeType:
    """Compile a file, once for its content.

    An import loader's cached bytecode is taken for a file that was edited within the same second and kept its size.
    """
    return compile(content, path, "exec")


def load_registry(workspace: Path | None = None) -> Registry:
    """Find and load all plug-ins: shipped, in the workspace's `algorithms`, and from installed packages.

    A plug-in that is not shipped is first imported in a process of its own, since its import may end or hang that, and
    what it changes in this process is put back. A file whose name starts with ``_`` is none. Files with the same
    content are one plug-in. Two different ones with one name are both refused, since which of them a benchmark means
    cannot be known.

    Parameters
    ----------
    workspace : Path, optional
        Default: the current folder.
    """
    loaded: dict[str, list[tuple[Algorithm, str]]] = {}
    broken: list[BrokenPlugin] = []
    candidates = list(_candidates(workspace))
    faults = import_faults([where for _, where in candidates if not _is_shipped(where)])
    for stem, where in candidates:
        if where in faults:
            broken.append(BrokenPlugin(stem, where, faults[where]))
            continue
        try:
            with nullcontext() if _is_shipped(where) else kept_whole_state():
                algorithm = load_plugin(where)
        except RequestError as error:
            broken.append(BrokenPlugin(stem, where, f"{error.what}" + (f"; {error.allowed}" if error.allowed else "")))
        else:
            loaded.setdefault(algorithm.name, []).append((algorithm, where))
    usable: dict[str, tuple[Algorithm, str]] = {}
    for name, found in sorted(loaded.items()):
        if len(found) == 1:
            usable[name] = found[0]
        else:
            others = " and ".join(where for _, where in found)
            broken.append(BrokenPlugin(name, found[-1][1], f"{len(found)} plug-ins have this name: {others}"))
    return Registry(usable, tuple(broken))


def _candidates(workspace: Path | None) -> Iterator[tuple[str, str]]:
    """Give (name to expect, where) of every plug-in; a copy of an earlier file is left out."""
    seen: set[tuple[str, bytes]] = set()
    for place in plugin_places(workspace):
        for path in sorted(place.glob("*.py")):
            if path.name.startswith("_") or not path.is_file():
                continue
            content = (path.name, _content(path))
            if content not in seen:
                seen.add(content)
                yield path.stem, str(path)
    for entry in sorted(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda e: (e.name, e.value)):
        yield entry.name, f"{_ENTRY_POINT}{entry.value}"


def _is_shipped(where: str) -> bool:
    return Path(where).parent == shipped_place().resolve()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return str(path).encode()  # like no other file; loading it tells what is wrong
