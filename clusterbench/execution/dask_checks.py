"""What must be the same on this side and on every Dask worker, so that labels are the same wherever a job runs."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from clusterbench import __version__
from clusterbench.errors import RequestError
from clusterbench.plugins import load_plugin, shipped_place

_ALWAYS = ("numpy", "scipy", "scikit-learn")
_ENTRY_POINT = "entry point "
_ENGINE = ("errors.py", "cells.py", "labeling.py", "plugins/*.py", "execution/*.py")
_NONE = "none"
_MOST_SHOWN = 6

Surroundings = Mapping[str, str]
"""Name of a thing (a package, a plug-in file) to its version or the start of its SHA-256."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What the jobs of a run use, and what of it is sent along.

    Attributes
    ----------
    packages : tuple of str
        Names of distributions.
    shipped : tuple of str
        Paths on this side of plug-ins that come with clusterbench; every worker has its own.
    modules : tuple of str
        Modules of plug-ins that are entry points of installed packages.
    sources : mapping of str to bytes
        Path of a workspace's plug-in on this side to its content: workers need not see this file system.
    """

    packages: tuple[str, ...]
    shipped: tuple[str, ...]
    modules: tuple[str, ...]
    sources: Mapping[str, bytes]


def needs_of(plugins: Iterable[str]) -> Needs:
    """Return what the plug-ins at these places need; one that cannot be loaded fails where it is used."""
    packages, shipped, modules = dict.fromkeys(_ALWAYS), list[str](), list[str]()
    sources: dict[str, bytes] = {}
    home = shipped_place()
    for where in sorted(set(plugins)):
        try:
            requirements = load_plugin(where).packages.values()
        except RequestError:
            requirements = {}.values()
        packages |= dict.fromkeys(re.split(r"[^A-Za-z0-9_.-]", text, maxsplit=1)[0] for text in requirements)
        path = Path(where)
        if where.startswith(_ENTRY_POINT):
            modules.append(where.removeprefix(_ENTRY_POINT).partition(":")[0])
        elif path.is_file() and path.resolve().parent == home.resolve():
            shipped.append(where)
        elif path.is_file():
            sources[where] = path.read_bytes()
    return Needs(tuple(packages), tuple(shipped), tuple(modules), sources)


def surroundings(needs: Needs) -> dict[str, str]:
    """Return what this process has of what a run needs. It is asked here and on every worker."""
    found = {
        "Python": ".".join(map(str, sys.version_info[:2])),
        "clusterbench": __version__,
        "the engine's sources": _engine(),
    }
    found |= {package: _version(package) for package in needs.packages}
    found |= {f"plug-in {Path(path).name}": digest_of_file(shipped_path(path)) for path in needs.shipped}
    found |= {f"plug-in module {name}": _module(name) for name in needs.modules}
    return found


def shipped_path(path: str) -> Path:
    """Return where the shipped plug-in of the same file name is in this installation."""
    return shipped_place() / Path(path).name


def differences(here: Surroundings, there: Surroundings, *, names: Iterable[str] | None = None) -> list[str]:
    """Return what differs, in words; `names` limits the comparison.

    Examples
    --------
    >>> differences({"numpy": "2.1.0", "scipy": "1.17.1"}, {"numpy": "2.2.0", "scipy": "1.17.1"})
    ['numpy 2.2.0 (here 2.1.0)']
    """
    compared = here if names is None else names
    return [
        f"{name} {there.get(name, _NONE)} (here {here[name]})"
        for name in compared
        if there.get(name, _NONE) != here[name]
    ]


def mismatch(scheduler: str, found: Mapping[str, list[str]]) -> RequestError:
    """Return the error for members of a cluster, by name, that do not have what this side has."""
    told = [f"{member} has {', '.join(differing[:_MOST_SHOWN])}" for member, differing in found.items()]
    more = f"; and {len(told) - _MOST_SHOWN} more" if len(told) > _MOST_SHOWN else ""
    return RequestError(
        f"{'; '.join(told[:_MOST_SHOWN])}{more}",
        where=f"scheduler {scheduler}",
        allowed="the same versions and plug-ins here, on the scheduler and on every worker",
    )


def digest_of_file(path: Path) -> str:
    """Return the start of a file's SHA-256, "none" where it cannot be read."""
    try:
        return digest_of(path.read_bytes())
    except OSError:
        return _NONE


def digest_of(content: bytes) -> str:
    """Return the start of the SHA-256 of `content`, long enough to tell files apart and to be read."""
    return hashlib.sha256(content).hexdigest()[:16]


def _engine() -> str:
    """Return the digest of the code that makes labels: one version number may stand for many checkouts."""
    package = Path(__file__).resolve().parent.parent
    files = sorted(path for pattern in _ENGINE for path in package.glob(pattern))
    return digest_of(b"".join(path.name.encode() + path.read_bytes() for path in files))


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return _NONE


def _module(name: str) -> str:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return _NONE
    return _NONE if spec is None or spec.origin is None else digest_of_file(Path(spec.origin))
