"""A benchmark file, validated as a whole and expanded to fit jobs."""

import itertools
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from clusterbench.benchmark.complaints import explain
from clusterbench.benchmark.table_drafts import draft_toml
from clusterbench.benchmark.toml_tables import (
    AlgorithmTable,
    BenchmarkFile,
    FitTable,
    LimitsTable,
    NoiseTable,
    RankingTable,
    StabilityTable,
    StructureTable,
    expand_range,
)
from clusterbench.datasets import DatasetSpec, is_table_file
from clusterbench.errors import RequestError, request_errors, unknown
from clusterbench.metrics import COSTLY, METRICS, Metric
from clusterbench.naming import Cut, canonical_json
from clusterbench.plugins import Algorithm, CutRange, Registry
from clusterbench.preprocessing import DEFAULT_VARIANTS, Step, parse_steps
from clusterbench.ranking import Gate

DEFAULT_REFERENCE_SPACES = ("standard", "log1p")
_CONTROL_SEEDS = 20


@dataclass(frozen=True, slots=True)
class FitJob:
    """Work that is shared: one build, many cuts. `params` and `cuts` are canonical JSON.

    `seeds` are the seeds it is for: one, or all of them when the seed has no influence.
    """

    dataset: str
    variant: str
    algorithm: str
    params: str
    seeds: tuple[int, ...]
    cuts: tuple[str, ...]

    @property
    def seed(self) -> int:
        return self.seeds[0]


@dataclass(frozen=True, slots=True)
class AlgorithmRun:
    """One resolved `[[algorithms]]` table: parameter sets (canonical JSON) x cuts x variants x datasets."""

    algorithm: Algorithm
    params: tuple[str, ...]
    cuts: tuple[Cut, ...]
    variants: tuple[str, ...]
    datasets: tuple[str, ...]

    @property
    def ks(self) -> tuple[int, ...]:
        """The numbers of clusters asked for; none where another argument is cut by."""
        return tuple(cut.k for cut in self.cuts if cut.k is not None)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A validated benchmark; every name in it is known to exist."""

    name: str  # stem of the file; of a table that has none, its name
    path: Path
    text: str  # the TOML as it was read
    title: str
    seeds: tuple[int, ...]
    ks: tuple[int, ...]
    metrics: tuple[str, ...]  # those that rank, among them `plugin_metrics`; see also `scored_metrics`
    plugin_metrics: tuple[Metric, ...]
    datasets: tuple[DatasetSpec, ...]
    variants: Mapping[str, tuple[Step, ...]]  # the declared ones and those that are reference spaces only
    fitted_variants: tuple[str, ...]
    variants_declared: bool  # by the file; a default one that a table does not allow is left out with a warning
    reference_spaces: tuple[str, ...]
    references_declared: bool  # likewise
    runs: tuple[AlgorithmRun, ...]
    noise: NoiseTable
    gate: Gate
    ranking: RankingTable
    stability: StabilityTable
    structure: StructureTable
    fit: FitTable
    limits: LimitsTable

    @property
    def scored_metrics(self) -> tuple[Metric, ...]:
        """The metrics that are computed: those that rank, and all built-in ones that cost little."""
        built_in = (metric for name, metric in METRICS.items() if name not in COSTLY or name in self.metrics)
        return (*built_in, *self.plugin_metrics)

    def jobs(self) -> list[FitJob]:
        """Expand to fit jobs in the order of the file, equal jobs merged."""
        merged: dict[tuple[str, str, str, str, tuple[int, ...]], dict[str, None]] = {}
        names = [spec.stable_name for spec in self.datasets]
        for name, run in ((name, run) for name in names for run in self.runs if name in run.datasets):
            for variant, params in itertools.product(run.variants, run.params):
                for seeds in self._seeds(run.algorithm, params):
                    key = (name, variant, run.algorithm.name, params, seeds)
                    merged.setdefault(key, {}).update(dict.fromkeys(cut.text for cut in run.cuts))
        return [FitJob(*key, tuple(cuts)) for key, cuts in merged.items()]

    def _seeds(self, algorithm: Algorithm, params: str) -> list[tuple[int, ...]]:
        """Return the seeds of each fit job; a random control has at least 20, since its expectation is compared."""
        if algorithm.is_deterministic(json.loads(params)):
            return [self.seeds]
        count = max(_CONTROL_SEEDS, len(self.seeds)) if algorithm.control else len(self.seeds)
        further = (seed for seed in itertools.count() if seed not in self.seeds)
        return [(seed,) for seed in itertools.islice(itertools.chain(self.seeds, further), count)]

    def algorithm(self, name: str) -> Algorithm:
        """Return the plug-in that this benchmark runs under `name`."""
        return next(run.algorithm for run in self.runs if run.algorithm.name == name)


def load_benchmark(path: Path, registry: Registry, declared: Sequence[str] = ()) -> Benchmark:
    """Read and validate a benchmark file, or draft that of a table, with the lines `declared` in ``[[datasets]]``.

    An error names file, line or key, what was given and what is allowed.
    """
    if is_table_file(path.name):
        return parse_benchmark(draft_toml(path, folder=path.parent, declared=declared), registry, path=path)
    if declared:
        raise RequestError(f"{path} is no table", where="--with", allowed="lines in [[datasets]] of that file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise RequestError(f"no benchmark file {str(path)!r}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"cannot read benchmark file {str(path)!r}: {error}") from error
    return parse_benchmark(text, registry, path=path)


def parse_benchmark(text: str, registry: Registry, *, path: Path) -> Benchmark:
    """Validate the TOML `text` of a benchmark; `path` locates errors and relative data paths."""
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise RequestError(f"not valid TOML: {error}", where=str(path), allowed=_quotes_hint(text, error)) from error
    try:
        return _resolve(BenchmarkFile.model_validate(raw), registry, text, path)
    except ValidationError as error:
        raise explain(error, BenchmarkFile, str(path)) from error
    except RequestError as error:
        raise error.within(str(path)) from error


def _quotes_hint(text: str, error: BaseException) -> str | None:
    """Return how to write a path with backslashes, if the line of a TOML error has one in double quotes."""
    at = re.search(r"at line (\d+)", str(error))
    line = text.splitlines()[int(at[1]) - 1] if at else ""
    quoted = re.search(r'"([^"]*\\[^"]*)"?', line)
    return f"single quotes around backslashes: '{quoted[1]}'" if quoted else None


def _check_path(spec: DatasetSpec, *, where: str) -> None:
    r"""Raise RequestError for a path such as "C:\temp", whose backslash and t are a tab in double quotes."""
    for text in (spec.path, spec.database):
        if text is not None and not str(text).isprintable():
            raise RequestError(
                f"{str(text)!r} has control characters: in double quotes a backslash starts an escape",
                where=where,
                allowed=r"single quotes around backslashes, such as path = 'C:\temp\new.csv'",
            )


def _resolve(file: BenchmarkFile, registry: Registry, text: str, path: Path) -> Benchmark:
    ranked = [registry.metrics[name] for name in dict.fromkeys((*file.metrics, *file.ranking.score_metrics))]
    names = [spec.stable_name for spec in file.datasets]
    for number, spec in enumerate(file.datasets, start=1):
        _check_path(spec, where=f"datasets[{number}]")
    if name := next((name for name in names if names.count(name) > 1), None):
        raise RequestError(f"two datasets are called {name!r}; give one of them another `name`", where="datasets")
    raw_variants = DEFAULT_VARIANTS if file.variants is None else file.variants
    references = file.reference_spaces or DEFAULT_REFERENCE_SPACES
    known = {**DEFAULT_VARIANTS, **raw_variants}
    for name in references:
        if name not in known:
            raise unknown("variant", name, known, where="reference_spaces")
    wanted = dict.fromkeys((*raw_variants, *references))
    variants = {name: parse_steps(known[name], where=f"variants.{name}", known=registry.steps) for name in wanted}
    ks = tuple(dict.fromkeys(file.k))
    if file.ranking.fixed_k is not None and file.ranking.fixed_k not in ks:
        raise RequestError(f"fixed_k = {file.ranking.fixed_k} is not run", where="ranking", allowed=f"one of k = {ks}")
    used = {table.use for table in file.algorithms}
    if unused := [name for name in file.fit.max_rows if name not in used]:
        raise unknown("algorithm", unused[0], used, where="fit.max_rows")
    runs = []
    for number, table in enumerate(file.algorithms, start=1):
        with request_errors(table.use, where=f"algorithms[{number}] ({table.use})"):
            runs.append(_resolve_run(table, registry, file, tuple(raw_variants), tuple(names)))
    name = names[0] if is_table_file(path.name) else path.stem
    return Benchmark(
        name=name,
        path=path,
        text=text,
        title=file.title or name,
        seeds=file.seeds,
        ks=ks,
        metrics=tuple(metric.name for metric in ranked),
        plugin_metrics=tuple(metric for metric in ranked if metric.name not in METRICS),
        datasets=file.datasets,
        variants=variants,
        fitted_variants=tuple(raw_variants),
        variants_declared=file.variants is not None,
        reference_spaces=references,
        references_declared=file.reference_spaces is not None,
        runs=tuple(runs),
        noise=file.noise,
        gate=file.gate,
        ranking=file.ranking,
        stability=file.stability,
        structure=file.structure,
        fit=file.fit,
        limits=file.limits,
    )


def _resolve_run(
    table: AlgorithmTable, registry: Registry, file: BenchmarkFile, variants: tuple[str, ...], datasets: tuple[str, ...]
) -> AlgorithmRun:
    algorithm = registry.algorithms[table.use]
    algorithm = replace(algorithm, max_rows=file.fit.max_rows.get(table.use, algorithm.max_rows))
    for key, given, known in (("variant", table.variants, variants), ("dataset", table.datasets, datasets)):
        for name in given or ():
            if name not in known:
                raise unknown(key, name, known)
        if given == ():
            raise RequestError(f"{key}s = [] leaves nothing to run")
    try:
        arguments = {name: expand_range(value) for name, value in table.arguments.items()}
    except ValueError as error:
        raise RequestError(str(error)) from error
    cut = _chosen_cut(algorithm, arguments)
    ks = dict.fromkeys(file.k)
    values = _as_list(arguments.pop(cut.name, None)) or list(ks if cut.default is None else cut.default)
    for value in values:
        complaint = algorithm.cut_complaint(cut, value)
        if complaint:
            raise RequestError(f"{cut.name} = {value!r} cannot be run", allowed=complaint)
    grid = {**{name: list(given) for name, given in algorithm.grid.items()}, **_grid(algorithm, arguments)}
    sets = [dict(zip(grid, combo, strict=True)) for combo in itertools.product(*grid.values())]
    params = dict.fromkeys(_params_text(algorithm.resolve(chosen)) for chosen in sets)
    cuts = {_params_text({cut.name: value}): Cut(cut.name, value) for value in values}
    places = (table.variants or variants, table.datasets or datasets)
    return AlgorithmRun(algorithm, tuple(params), tuple(cuts.values()), *places)


def _params_text(params: Mapping[str, Any]) -> str:
    for name, value in params.items():
        try:
            canonical_json(value)
        except (TypeError, ValueError) as error:
            allowed = "text, finite numbers, true or false, or a list of these"
            raise RequestError(f"{name} = {value!r} cannot be stored ({error})", allowed=allowed) from error
    return canonical_json(params)


def _chosen_cut(algorithm: Algorithm, arguments: Mapping[str, Any]) -> CutRange:
    named = [cut for cut in algorithm.cuts if cut.name in arguments]
    if len(named) > 1:
        both = " and ".join(cut.name for cut in named)
        raise RequestError(f"{both} exclude each other", allowed="one of them")
    for cut in named:
        if _as_list(arguments[cut.name]) == []:
            raise RequestError(f"{cut.name} = [] is an empty grid", allowed="at least one value")
    return named[0] if named else algorithm.cuts[0]


def _grid(algorithm: Algorithm, arguments: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the values of each argument: a list is a grid; where the default is itself a list, a list of lists is."""
    defaults = algorithm.parameters
    grid: dict[str, list[Any]] = {}
    for name, value in arguments.items():
        one_list = isinstance(defaults.get(name), (list, tuple)) and not any(
            isinstance(v, list) for v in _as_list(value)
        )
        grid[name] = [value] if one_list else _as_list(value)
        if value == []:
            raise RequestError(f"{name} = [] is an empty grid", allowed="a value or a list of values")
    return grid


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]
