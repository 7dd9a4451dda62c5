"""Where benchmark files are: the workspace first, then those shipped with the engine."""

from pathlib import Path

from clusterbench.datasets import is_table_file, no_file
from clusterbench.errors import RequestError, unknown
from clusterbench.plugins import shipped_place

_CLAIMS = "published"  # the folder of claims to be audited, which are no benchmarks


def benchmark_places(workspace: Path) -> list[Path]:
    """Return the folders that hold benchmarks, the workspace's first."""
    places = [workspace / "benchmarks", shipped_place("benchmarks")]
    return list(dict.fromkeys(place.resolve() for place in places if place.is_dir()))


def find_claim(name: str, *, workspace: Path) -> Path:
    """Return the file of a published claim, given by its path or, such as ``published/A1``, by its name."""
    if Path(name).is_file():
        return Path(name)
    places = benchmark_places(workspace)
    claims = {path.relative_to(place).with_suffix("").as_posix(): path for place in reversed(places)
              for path in sorted((place / _CLAIMS).glob("*.toml"))}  # fmt: skip
    if name not in claims:
        raise unknown("claim", name, claims)
    return claims[name]


def list_benchmarks(workspace: Path) -> dict[str, Path]:
    """Return every benchmark by its name, such as ``iris`` or, in a folder, ``recipes/standard-kmeans``.

    A workspace's hides a shipped one of the same name.
    """
    found: dict[str, Path] = {}
    for place in benchmark_places(workspace):
        for path in (*sorted(place.glob("*.toml")), *sorted(place.glob("*/*.toml"))):
            if path.parent != place / _CLAIMS:
                found.setdefault(path.relative_to(place).with_suffix("").as_posix(), path)
    return found


def find_benchmark(name: str | Path, *, workspace: Path) -> Path:
    """Return the file of a benchmark, or of a table, given by its name or its path.

    RequestError names the nearest benchmark if there is none.
    """
    path = Path(name)
    if "://" in str(name):
        raise RequestError(f"{name} is no benchmark", allowed="a file; clusterbench init writes one for an address")
    if path.suffix == ".toml" or path.is_file() or is_table_file(path.name):
        located = path if path.is_absolute() else workspace / path
        if not located.is_file():
            if is_table_file(path.name):
                raise no_file(located)
            raise RequestError(f"no benchmark file {str(path)!r}", allowed="an existing TOML file")
        return located
    known = list_benchmarks(workspace)
    if str(name) not in known:
        raise unknown("benchmark", str(name), known)
    return known[str(name)]
