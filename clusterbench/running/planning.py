"""Planning: load the tables, fit every space, and expand a benchmark to fit jobs with their keys."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from clusterbench.benchmark import Benchmark, FitJob
from clusterbench.credentials import mask_credentials
from clusterbench.datasets import ColumnRole, Dataset, KnownClasses, load_dataset
from clusterbench.environment import package_version
from clusterbench.errors import RequestError
from clusterbench.metrics import SCORING_VERSION
from clusterbench.naming import canonical_json
from clusterbench.plugins import Algorithm, Assignment, missing_packages, standardized_rows
from clusterbench.preprocessing import Space, describe, fit_space, resolved
from clusterbench.ranking import Alert, AlertKind, RankingSpec
from clusterbench.results import AlgorithmRecord, DatasetRecord, JobRecord, RunRecord, SpaceRecord, VariantRecord
from clusterbench.running.selection import Selection
from clusterbench.seeding import RowSample
from clusterbench.tables import CLASSES
from clusterbench.text import percent

_CATEGORIES = (
    "columns made of categories have {} of the variance of the space {}: they can decide the clustering "
    "(in the documentation: Tables, Categories can decide the clustering)"
)
_Record = TypeVar("_Record", DatasetRecord, AlgorithmRecord, JobRecord)


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A fit job with its key; `obstacle` says why it cannot run, None if it can."""

    job: FitJob
    key: str
    space_hash: str
    obstacle: str | None
    sample: RowSample | None = None  # of the rows that are fitted; None is all
    is_refit: bool = False  # whether the `refit` of its algorithm fits it


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run will do."""

    benchmark: Benchmark
    name: str  # of the benchmark, with a suffix if only a part of it is run
    selection: Selection
    datasets: Mapping[str, Dataset]
    spaces: Mapping[tuple[str, str], Space]  # by dataset and variant
    references: Mapping[str, tuple[str, ...]]  # the reference spaces of each dataset
    jobs: tuple[PlannedJob, ...]
    warnings: tuple[Alert, ...]

    @property
    def n_cells(self) -> int:
        return sum(len(planned.job.cuts) * len(planned.job.seeds) for planned in self.jobs)

    def scored_spaces(self) -> Iterator[tuple[tuple[str, str], Space | KnownClasses]]:
        """Yield everything that labelings are scored by, with dataset and name: the spaces, then known classes."""
        yield from self.spaces.items()
        for name, dataset in self.datasets.items():
            yield from (((name, CLASSES + classes.name), classes) for classes in dataset.known_classes)

    def record(self) -> RunRecord:
        """Return the record of the plan: all that is needed to make the tables again without the data."""
        bench = self.benchmark
        algorithms = {run.algorithm.name: run.algorithm for run in bench.runs}
        references = dict.fromkeys(space for spaces in self.references.values() for space in spaces)
        return RunRecord(
            title=bench.title,
            toml=mask_credentials(bench.text),
            path=str(bench.path),
            selection=self.selection.words(),
            quick=self.selection.quick,
            only=self.selection.only,
            seeds=bench.seeds,
            gate=bench.gate,
            noise=bench.noise.policy,
            policies=bench.noise.policies,
            ranking=RankingSpec(
                reference_spaces=tuple(references),
                metrics=bench.metrics,
                weights=bench.ranking.weights,
                k_policies=bench.ranking.k_policies,
                order=bench.ranking.order,
                score=bench.ranking.used_score,
                fixed_k=bench.ranking.fixed_k,
                true_k={name: true_k for name, dataset in self.datasets.items() if (true_k := dataset.true_k)},
                controls=frozenset(name for name, algorithm in algorithms.items() if algorithm.control),
                seed=bench.ranking.seed,
                n_bootstrap=bench.ranking.bootstraps,
                facts=tuple(metric.facts for metric in bench.plugin_metrics),
            ),
            random_partitions=bench.ranking.random_partitions,
            resamples=bench.stability.resamples,
            datasets={name: _recorded(DatasetRecord, dataset) for name, dataset in self.datasets.items()},
            variants={
                name: VariantRecord(describe(steps), canonical_json(resolved(steps)))
                for name, steps in bench.variants.items()
            },
            algorithms={
                name: _recorded(AlgorithmRecord, one, family=one.family.value, assignment=one.assignment.value)
                for name, one in algorithms.items()
            },
            spaces=tuple(SpaceRecord(*place, score_key(space)) for place, space in self.scored_spaces()),
            references=self.references,
            jobs=tuple(
                _recorded(
                    JobRecord,
                    each.job,
                    key=each.key,
                    space_hash=each.space_hash,
                    obstacle=each.obstacle,
                    sample=each.sample,
                )
                for each in self.jobs
            ),
            warnings=self.warnings,
        )


def make_plan(benchmark: Benchmark, selection: Selection, tables: Mapping[str, Dataset] | None = None) -> Plan:
    """Load the tables but those given in memory, fit every space and expand the jobs; no algorithm runs yet.

    RequestError if a table, a variant or the selection cannot be used.
    """
    where = str(benchmark.path)
    selection.check(
        {
            "dataset": [spec.stable_name for spec in benchmark.datasets],
            "variant": benchmark.fitted_variants,
            "algorithm": [run.algorithm.name for run in benchmark.runs],
            "k": [str(k) for k in sorted({k for run in benchmark.runs for k in run.ks})],
            "seed": [str(seed) for seed in benchmark.seeds],
        }
    )
    benchmark = selection.thin(benchmark)
    jobs = [job for job in map(selection.narrow, benchmark.jobs()) if job is not None]
    if not jobs:
        raise RequestError(f"{selection.words()} leaves nothing to run", where=where)
    try:
        datasets, spaces, references, warnings = _spaces(benchmark, selection, jobs, tables or {})
    except RequestError as error:
        raise error.within(where) from error
    algorithms = {run.algorithm.name: run.algorithm for run in benchmark.runs}
    planned, hashes = [], dict[tuple[str, str, bool], str]()  # the seeds of an algorithm share what it is given
    for job in jobs:
        if (job.dataset, job.variant) not in spaces:
            continue
        dataset, algorithm = datasets[job.dataset], algorithms[job.algorithm]
        _enough_rows(job, dataset, where)
        space = spaces[job.dataset, job.variant]
        given, sample = (job.dataset, job.variant, algorithm.standardizes), _sample(algorithm, dataset, benchmark)
        if given not in hashes:
            hashes[given] = input_hash(space, algorithm)
        key = job_key(job, algorithm, hashes[given], sample)
        planned.append(PlannedJob(job, key, space.content_hash, _obstacle(algorithm, dataset, sample), sample))
    name = benchmark.name + selection.suffix
    return Plan(benchmark, name, selection, datasets, spaces, references, tuple(planned), tuple(warnings))


def _spaces(
    benchmark: Benchmark, selection: Selection, jobs: list[FitJob], tables: Mapping[str, Dataset]
) -> tuple[dict[str, Dataset], dict[tuple[str, str], Space], dict[str, tuple[str, ...]], list[Alert]]:
    datasets: dict[str, Dataset] = {}
    spaces: dict[tuple[str, str], Space] = {}
    references: dict[str, tuple[str, ...]] = {}
    warnings: list[Alert] = []
    wanted = {job.dataset for job in jobs}
    for spec in benchmark.datasets:
        name = spec.stable_name
        if name not in wanted:
            continue
        dataset = selection.sample(tables.get(name) or load_dataset(spec, base=benchmark.path.parent))
        datasets[name] = dataset
        fitted = dict.fromkeys(job.variant for job in jobs if job.dataset == name)
        complaints = [*dataset.warnings, *_fit_spaces(benchmark, name, dataset, fitted, spaces)]
        references[name] = tuple(space for space in benchmark.reference_spaces if (name, space) in spaces)
        shares = {space: _category_share(dataset, spaces[name, space]) for space in references[name]}
        complaints += [_CATEGORIES.format(percent(share), space) for space, share in shares.items() if share > 0.5][:1]
        warnings += [Alert(AlertKind.DATA, complaint, name) for complaint in complaints]
    return datasets, spaces, _common(references, warnings), warnings


def _category_share(dataset: Dataset, space: Space) -> float:
    """Return the share of the variance of a space that the columns of one-hot categories have."""
    categories = tuple(f"{name}=" for name, one in dataset.coded.items() if one.role is ColumnRole.CATEGORY)
    variances = space.values.var(axis=0)
    made = np.array([name.startswith(categories) for name in space.columns])
    return float(variances[made].sum() / max(variances.sum(), np.finfo(float).tiny))


def _fit_spaces(
    benchmark: Benchmark, name: str, dataset: Dataset, fitted: Iterable[str], spaces: dict[tuple[str, str], Space]
) -> Iterator[str]:
    """Fit variants and reference spaces of a dataset into `spaces`; yield which default ones it does not allow."""
    variants = [("variant", variant, f"variants.{variant}", benchmark.variants_declared) for variant in fitted]
    references = [
        ("reference space", variant, f"reference space {variant}", benchmark.references_declared)
        for variant in benchmark.reference_spaces
    ]
    for what, variant, where, is_declared in (*variants, *references):
        try:
            if (name, variant) not in spaces:
                steps = benchmark.variants[variant]
                spaces[name, variant] = fit_space(dataset, steps, where=f"{where} on {dataset.name}")
        except RequestError as error:
            if is_declared:
                raise
            yield f"default {what} {variant} left out: {error.what}"


def _common(references: dict[str, tuple[str, ...]], complaints: list[Alert]) -> dict[str, tuple[str, ...]]:
    """Keep the reference spaces that every dataset has: all leaderboards of a run follow the same rule."""
    first, *others = references.values()
    shared = tuple(space for space in first if all(space in other for other in others))
    if not shared:
        raise RequestError(f"no reference space is possible for every dataset: {'; '.join(map(str, complaints))}")
    return dict.fromkeys(references, shared)


def score_key(space: Space | KnownClasses) -> str:
    """Return the key of the scores in a space or against known classes; another scoring version has other keys."""
    return hashlib.sha256(f"{space.content_hash}:{SCORING_VERSION}".encode()).hexdigest()


def input_hash(space: Space, algorithm: Algorithm) -> str:
    """Return the hash of what an algorithm makes of a space: the space, or its standardised rows."""
    if not algorithm.standardizes:
        return space.content_hash
    rows, _, _ = standardized_rows(space.values)
    return hashlib.sha256(f"standardised {rows.shape}".encode() + rows.tobytes()).hexdigest()


def job_key(
    job: FitJob, algorithm: Algorithm, space_hash: str, sample: RowSample | None = None, *, is_refit: bool = False
) -> str:
    """Return the hash of everything that the labels of a job depend on; `space_hash` is that of `input_hash`."""
    seed = None if algorithm.is_deterministic(json.loads(job.params)) else job.seed
    parts = [space_hash, algorithm.name, algorithm.version, job.params, seed, versions_of(algorithm)]
    if sample is not None:
        parts.append([sample.rows, sample.seed])
    if is_refit:
        parts.append("refit")
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def versions_of(algorithm: Algorithm) -> dict[str, str]:
    """Return the installed versions of the packages that an algorithm uses; "" for a missing one."""
    versions = {}
    for requirement in algorithm.packages.values():
        name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0]
        versions[name] = package_version(name) or ""
    return versions


def _sample(algorithm: Algorithm, dataset: Dataset, benchmark: Benchmark) -> RowSample | None:
    """Return the sample to which an algorithm is fitted; None where it takes all rows, or cannot assign others."""
    if not _is_too_long(dataset, algorithm) or not benchmark.fit.sample or algorithm.assignment is Assignment.NONE:
        return None
    return RowSample(min(benchmark.fit.sample, algorithm.max_rows or 0), benchmark.ranking.seed)


def _is_too_long(dataset: Dataset, algorithm: Algorithm) -> bool:
    return algorithm.max_rows is not None and dataset.n_rows > algorithm.max_rows


def _obstacle(algorithm: Algorithm, dataset: Dataset, sample: RowSample | None) -> str | None:
    missing = missing_packages(algorithm.packages)
    if missing is None and sample is None and _is_too_long(dataset, algorithm):
        rule = " and it has no rule for rows outside a sample" if algorithm.assignment is Assignment.NONE else ""
        limit = f"{dataset.n_rows} rows are more than the {algorithm.max_rows} that {algorithm.name} is declared for"
        return f"{limit}{rule} (allowed: [fit] max_rows = {{ {algorithm.name} = {dataset.n_rows} }})"
    return missing


def _enough_rows(job: FitJob, dataset: Dataset, where: str) -> None:
    for cut in map(json.loads, job.cuts):
        if cut.get("k", 0) > dataset.n_rows:
            raise RequestError(
                f"k = {cut['k']} is more than the {dataset.n_rows} rows of {dataset.name}",
                where=f"{where}: k",
                allowed=f"k up to {dataset.n_rows}",
            )


def _recorded(kind: type[_Record], source: object, **others: Any) -> _Record:
    """Return a record whose fields are the attributes of the same names of `source`, but for `others`."""
    same: dict[str, Any] = {name: getattr(source, name) for name in kind.__dataclass_fields__ if name not in others}
    return kind(**same, **others)
