"""Names that several packages write and read: canonical JSON, cuts, entries, folders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clusterbench.errors import RequestError


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys: equal settings have equal texts."""
    return json.dumps(value, sort_keys=True, separators=(", ", ": "), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Cut:
    """One argument and value at which a build is cut, such as k = 5, eps = 0.3 or min_cluster_size = 20.

    >>> Cut.parse('{"eps": 0.3}')
    Cut(name='eps', value=0.3)
    """

    name: str
    value: int | float | str

    @classmethod
    def parse(cls, text: str) -> Cut:
        """Return the cut that `text`, a JSON object with one key, names; refuse any other text."""
        try:
            [(name, value)] = json.loads(text).items()
        except (ValueError, TypeError, AttributeError) as error:
            allowed = 'a JSON object with one key, such as {"k": 5}'
            raise RequestError(f"{text!r} is not a cut", allowed=allowed) from error
        return cls(name, value)

    @property
    def text(self) -> str:
        """The canonical JSON that is stored and exported."""
        return canonical_json(self.arguments)

    @property
    def arguments(self) -> dict[str, Any]:
        """The keyword argument of the cutter."""
        return {self.name: self.value}

    @property
    def k(self) -> int | None:
        """The number of clusters asked for, or None where another argument is cut by."""
        return int(self.value) if self.name == "k" else None


def plain_value(value: object) -> str:
    """Return a JSON value as text: a string without quotation marks, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def flat_facts(facts: Mapping[str, object], separator: str) -> Iterator[tuple[str, str]]:
    """Yield the values of nested tables as text, each under its names joined by `separator`.

    Examples
    --------
    >>> list(flat_facts({"git": None, "packages": {"numpy": "2"}, "seeds": [0, 1]}, "."))
    [('git', 'none'), ('packages.numpy', '2'), ('seeds', '0, 1')]
    """
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}{separator}{inner}", text) for inner, text in flat_facts(value, separator))
        elif isinstance(value, list | tuple):
            yield str(name), ", ".join(map(plain_value, value)) or "none"
        else:
            yield str(name), "none" if value is None else plain_value(value)


def parameter_pairs(params: str) -> list[str]:
    """Return ``name=value`` of each key of a JSON object, in its order; a text that is no JSON object as it is."""
    values = _json_object(params)
    return [params] if values is None else [f"{name}={plain_value(value)}" for name, value in values.items()]


@dataclass(frozen=True, slots=True)
class EntryNames:
    """Names of settings and entries: of the parameters, those in which the settings of an algorithm differ.

    `settings` holds the parameters (JSON) of every setting of each algorithm that the names must distinguish.

    >>> names = EntryNames.of([("ward", '{"p": 1, "q": 0}'), ("ward", '{"p": 2, "q": 0}')])
    >>> names.entry("ward", '{"p": 2, "q": 0}', "pca", k=5)
    'ward (p=2) on pca with k = 5'
    """

    settings: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, settings: Iterable[tuple[str, str]]) -> EntryNames:
        """Return the names that distinguish these pairs of algorithm and parameters."""
        found: dict[str, dict[str, None]] = {}
        for algorithm, params in settings:
            found.setdefault(algorithm, {})[params] = None
        return cls({algorithm: tuple(texts) for algorithm, texts in found.items()})

    def parameters(self, algorithm: str, params: str) -> list[str]:
        """Return ``name=value`` of the parameters that are not the same in all settings of the algorithm."""
        others = [other for other in self.settings.get(algorithm, ()) if other != params]
        if not others:
            return []
        values, other_values = _json_object(params), [_json_object(other) for other in others]
        if values is None:
            return [params]
        same = {name for name in values if all(other and other.get(name) == values[name] for other in other_values)}
        return [f"{name}={plain_value(value)}" for name, value in values.items() if name not in same]

    def setting(self, algorithm: str, params: str, *more: str) -> str:
        """Return ``agglomerative (linkage=ward)``, or the bare name; `more` is added in the parentheses."""
        details = ", ".join([*self.parameters(algorithm, params), *more])
        return f"{algorithm} ({details})" if details else algorithm

    def entry(
        self, algorithm: str, params: str, variant: str, *, k: int | None = None, policy: str | None = None
    ) -> str:
        """Return ``agglomerative (linkage=ward, k by silhouette) on pca with k = 5``, `policy` where needed."""
        setting = self.setting(algorithm, params, *([f"k by {policy}"] if policy else []))
        return f"{setting} on {variant}" + (f" with k = {k}" if k is not None else "")


def folder_name(name: str) -> str:
    """Return the name of a benchmark if it can be the name of a folder; refuse a path to somewhere else."""
    if name in ("", ".", "..") or not name.isprintable() or "/" in name or "\\" in name or len(name.encode()) > 200:
        raise RequestError(
            f"the benchmark name {name!r} cannot be the name of a folder",
            allowed="at most 200 bytes without / and \\, other than . and ..; rename the file, or use --name",
        )
    return name


def path_inside(folder: Path, name: str) -> Path:
    """Return ``folder / name``; refuse it if a folder between them is a symbolic link, which would lead elsewhere."""
    path = folder
    for part in Path(name).parent.parts:
        path /= part
        if path.is_symlink():
            raise RequestError(f"{str(path)!r} is a symbolic link and is not followed", allowed="a folder")
    return folder / name


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        values = json.loads(text)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None
