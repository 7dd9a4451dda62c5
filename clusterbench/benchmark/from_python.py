"""A benchmark from Python values: written as TOML and read like a file, so that it is checked by the same rules."""

from collections.abc import Mapping
from pathlib import Path

from clusterbench.benchmark.declaration import Benchmark, parse_benchmark
from clusterbench.errors import RequestError
from clusterbench.plugins import Registry
from clusterbench.toml_writing import TomlValue, toml_text


def python_benchmark(name: str, values: Mapping[str, TomlValue | None], registry: Registry) -> Benchmark:
    """Return the benchmark of some Python values, the keys of a benchmark file; None leaves a key out.

    RequestError for a value that a benchmark file could not hold either.
    """
    text = toml_text({key: value for key, value in values.items() if value is not None})
    path = Path(f"{name}.toml")
    try:
        return parse_benchmark(text, registry, path=path)
    except RequestError as error:
        where = (error.where or "").removeprefix(str(path)).removeprefix(": ")
        raise RequestError(error.what, where=where or None, allowed=error.allowed) from error
