"""Finding plug-ins: shipped with the engine, in the folders of a workspace, and in installed packages."""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import numpy as np

from clusterbench import metrics, preprocessing
from clusterbench.errors import RequestError, unknown
from clusterbench.metrics import Metric
from clusterbench.plugins.algorithm import Algorithm
from clusterbench.plugins.plugin_loading import (
    ALGORITHM_KIND,
    ENTRY_POINT,
    KINDS,
    METRIC_KIND,
    STEP_KIND,
    PluginKind,
    import_faults,
    load,
)
from clusterbench.plugins.process_state import kept_generators, kept_state
from clusterbench.preprocessing import Step

T = TypeVar("T")
Found = dict[str, list[tuple[T, str]]]


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plug-in that cannot be used: its file's stem or the name that two share, its file or entry point, and why."""

    name: str
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plugins(Mapping[str, T], Generic[T]):
    """The plug-ins of one kind by name, in alphabetical order.

    Asking for an unknown or a broken one raises RequestError, with the nearest spelling or the reason.
    """

    word: str
    usable: Mapping[str, tuple[T, str]] = field(default_factory=dict)
    broken: tuple[BrokenPlugin, ...] = ()

    def __getitem__(self, name: str) -> T:
        return self._entry(name)[0]

    def __contains__(self, name: object) -> bool:
        return name in self.usable

    def __iter__(self) -> Iterator[str]:
        return iter(self.usable)

    def __len__(self) -> int:
        return len(self.usable)

    def where(self, name: str) -> str:
        """Return the file or entry point of `name`, or the package of a built-in one."""
        return self._entry(name)[1]

    def _entry(self, name: str) -> tuple[T, str]:
        for plugin in self.broken:
            if plugin.name == name:
                raise RequestError(f"{self.word} {name!r} cannot be used: {plugin.reason}", where=plugin.where)
        if name not in self.usable:
            raise unknown(self.word, name, self.usable)
        return self.usable[name]


@dataclass(frozen=True, slots=True)
class Registry:
    """All plug-ins that a workspace can use, the built-in metrics and steps among them."""

    algorithms: Plugins[Algorithm]
    metrics: Plugins[Metric]
    steps: Plugins[type[Step]]

    @property
    def broken(self) -> tuple[BrokenPlugin, ...]:
        return self.algorithms.broken + self.metrics.broken + self.steps.broken

    def with_algorithm(self, path: Path) -> Registry:
        """Return the registry with one more plug-in file; it replaces an algorithm of the same name."""
        algorithm = load(path, ALGORITHM_KIND)
        usable = {**self.algorithms.usable, algorithm.name: (algorithm, str(path))}
        return replace(self, algorithms=replace(self.algorithms, usable=usable))


def shipped_place(folder: str = "algorithms") -> Path:
    """Return the folder of the shipped algorithms or benchmarks: package data in a wheel, else the checkout's."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_shipped" / folder
    return packed if packed.is_dir() else package.parent / folder


def load_registry(workspace: Path | None = None) -> Registry:
    """Find and load all plug-ins.

    Algorithms are shipped, in the workspace's `algorithms` or behind the entry points ``clusterbench.algorithms`` of
    installed packages; metrics and steps are built in, in `metrics` and `steps` or behind ``clusterbench.metrics`` and
    ``clusterbench.steps``. A file whose name starts with ``_`` is no plug-in. Files of one name and content are one
    plug-in. Two different plug-ins of one name are both refused, since which of them a benchmark means cannot be known.

    A plug-in that is not shipped is first imported in another process, since its import may end or hang that, and
    what it changes in this process is restored. The workspace is the current folder by default.
    """
    root = workspace if workspace is not None else Path.cwd()
    places = {kind.word: list(_candidates(kind, root)) for kind in KINDS}
    shipped, found = shipped_place().resolve(), [where for each in places.values() for _, where in each]
    faults = import_faults([where for where in found if Path(where).parent != shipped])
    return Registry(
        algorithms=_load_all(ALGORITHM_KIND, {}, places[ALGORITHM_KIND.word], faults),
        metrics=_load_all(METRIC_KIND, _built_in(metrics, metrics.METRICS), places[METRIC_KIND.word], faults),
        steps=_load_all(STEP_KIND, _built_in(preprocessing, preprocessing.STEPS), places[STEP_KIND.word], faults),
    )


def _built_in(package: ModuleType, plugins: Mapping[str, T]) -> Found[T]:
    return {name: [(plugin, package.__name__)] for name, plugin in plugins.items()}


def _load_all(
    kind: PluginKind[T], loaded: Found[T], places: list[tuple[str, str]], faults: Mapping[str, str]
) -> Plugins[T]:
    broken: list[BrokenPlugin] = []
    for stem, where in places:
        try:
            if where in faults:
                raise RequestError(faults[where], where=where)
            with kept_state(), kept_generators(), warnings.catch_warnings(), np.errstate():
                plugin: Any = load(where, kind)
        except RequestError as error:
            broken.append(BrokenPlugin(stem, where, error.what + (f"; {error.allowed}" if error.allowed else "")))
        else:
            loaded.setdefault(plugin.name, []).append((plugin, where))
    usable: dict[str, tuple[T, str]] = {}
    for name, found in sorted(loaded.items()):
        if len(found) == 1:
            usable[name] = found[0]
        else:
            others = " and ".join(where for _, where in found)
            broken.append(BrokenPlugin(name, found[-1][1], f"{len(found)} {kind.word}s have this name: {others}"))
    return Plugins(kind.word, usable, tuple(broken))


def _candidates(kind: PluginKind[Any], workspace: Path) -> Iterator[tuple[str, str]]:
    """Give (name to expect, where) of every plug-in; a copy of an earlier file is left out."""
    folders = [shipped_place()] if kind is ALGORITHM_KIND else []
    seen: set[tuple[str, bytes]] = set()
    for folder in dict.fromkeys(folder.resolve() for folder in [*folders, workspace / f"{kind.word}s"]):
        for path in sorted(folder.glob("*.py")):
            if path.name.startswith("_") or not path.is_file():
                continue
            file = (path.name, path.read_bytes())
            if file not in seen:
                seen.add(file)
                yield path.stem, str(path)
    entries = importlib.metadata.entry_points(group=f"clusterbench.{kind.word}s")
    for entry in sorted(entries, key=lambda entry: (entry.name, entry.value)):
        yield entry.name, f"{ENTRY_POINT}{entry.value}"
