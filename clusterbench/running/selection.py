"""Selection of a part of a benchmark by `--quick` and `--only`; a part is a benchmark of its own name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from clusterbench.benchmark import Benchmark, FitJob
from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError, unknown

_FIELDS = ("dataset", "variant", "algorithm", "k", "seed")
_QUICK_ROWS = 2000
_QUICK_SEED = 0
_QUICK_DRAWS = 6


def _conditions(given: str) -> list[str]:
    """Split a text into conditions: a part that begins with a field and "=" begins the next condition."""
    conditions: list[str] = []
    for part in given.split(","):
        if conditions and part.partition("=")[0].strip() not in _FIELDS:
            conditions[-1] += f",{part}"
        else:
            conditions.append(part)
    return conditions


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of a benchmark that is run."""

    quick: bool = False  # first seed only, every second k, at most 2,000 rows of each table, six draws
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the selected values, by field of `_FIELDS`

    @classmethod
    def parse(cls, conditions: Sequence[str], *, quick: bool = False) -> Selection:
        """Read conditions of the form ``algorithm=kmeans,gmm``; a comma may begin the next one: ``k=2,seed=0``."""
        only: dict[str, tuple[str, ...]] = {}
        for condition in (part for given in conditions for part in _conditions(given)):
            name, equals, values = condition.partition("=")
            wanted = tuple(value.strip() for value in values.split(",") if value.strip())
            if not equals or not wanted:
                raise RequestError(f"--only {condition!r} is not a condition", allowed="FIELD=VALUE[,VALUE...]")
            if name.strip() not in _FIELDS:
                raise unknown("field", name.strip(), _FIELDS, where="--only")
            only[name.strip()] = (*only.get(name.strip(), ()), *wanted)
        return cls(quick, only)

    @property
    def suffix(self) -> str:
        return ("-quick" if self.quick else "") + ("-part" if self.only else "")

    def words(self) -> str:
        """Return the selection in words, "" for everything."""
        parts = [f"{name}={','.join(values)}" for name, values in self.only.items()]
        if self.quick:
            parts.append(f"quick: first seed, every second k, at most {_QUICK_ROWS} rows, {_QUICK_DRAWS} draws")
        return "; ".join(parts)

    def check(self, known: Mapping[str, Sequence[str]]) -> None:
        """Refuse a value that the benchmark does not have."""
        for name, values in self.only.items():
            for value in values:
                if value not in known[name]:
                    raise unknown(name, value, known[name], where=f"--only {name}")

    def seeds(self, seeds: Sequence[int]) -> tuple[int, ...]:
        """Return the selected seeds."""
        wanted = self.only.get("seed")
        selected = tuple(seed for seed in seeds if wanted is None or str(seed) in wanted)
        return selected[:1] if self.quick else selected

    def narrow(self, job: FitJob) -> FitJob | None:
        """Return the selected part of `job`, or None; its seeds are selected already."""
        for name in ("dataset", "variant", "algorithm"):
            if name in self.only and getattr(job, name) not in self.only[name]:
                return None
        cuts = job.cuts
        if "k" in self.only:
            ks = [json.loads(cut).get("k") for cut in cuts]
            cuts = tuple(cut for cut, k in zip(cuts, ks, strict=True) if k is None or str(k) in self.only["k"])
        if self.quick and len(cuts) > 4:
            cuts = cuts[::2]
        return replace(job, cuts=cuts) if cuts else None

    def thin(self, benchmark: Benchmark) -> Benchmark:
        """Return the benchmark with the selected seeds; with fewer draws if quick."""
        thinned = replace(benchmark, seeds=self.seeds(benchmark.seeds))
        if not self.quick:
            return thinned
        stability = benchmark.stability.model_copy(
            update={"resamples": min(benchmark.stability.resamples, _QUICK_DRAWS)}
        )
        return replace(thinned, stability=stability)

    def sample(self, dataset: Dataset) -> Dataset:
        """Return at most 2,000 random rows of a table if quick."""
        return dataset.sample(_QUICK_ROWS, seed=_QUICK_SEED) if self.quick else dataset
