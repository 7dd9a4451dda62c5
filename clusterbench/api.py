"""The Python API: run a benchmark or tables in memory, and look at the result."""

import html
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import pandas as pd

from clusterbench.benchmark import DEFAULT_ALGORITHMS, Benchmark, TomlValue, python_benchmark
from clusterbench.cli.progress_bar import TerminalProgress
from clusterbench.datasets import Dataset, datasets_from
from clusterbench.errors import RequestError
from clusterbench.plugins import Registry, estimator_plugin, load_registry
from clusterbench.report import build_report, write_report
from clusterbench.results import StoredRun, load_stored_run
from clusterbench.running import LogProgress, Progress, Selection, Settings, make_plan, prepare, run_plan

_SHOWN = ("rank", "algorithm", "variant", "params", "k", "stability", "rank_low", "rank_high", "control")


@dataclass(frozen=True, slots=True, repr=False)
class Run(StoredRun):
    """A finished run.

    Attributes
    ----------
    name, record, manifest, cells, scores, board, computed, details
        As stored: see `clusterbench.results.StoredRun`.
    row_index : mapping of str to Index
        Index of the frames that were given, by dataset; empty for a benchmark file.
    """

    row_index: Mapping[str, pd.Index] = field(default_factory=dict)

    @property
    def leaderboard(self) -> pd.DataFrame:
        """One row per entry, rank first; `board.columns` explains the columns."""
        return self.board.table

    @property
    def headline(self) -> str:
        """Which entry is first, and how certain that is."""
        return self.board.headline

    def labels(self, rank: int = 1, *, dataset: str | None = None) -> pd.Series:
        """Return the cluster of each row by an entry, with the first seed; -1 for noise.

        The series is indexed like the frame that was given, else by row id. A run of several datasets needs `dataset`.

        Raises
        ------
        RequestError
            If there is no such dataset or rank.
        """
        names = list(self.record.datasets)
        if dataset is None and len(names) > 1:
            raise RequestError("the run has several datasets", where="dataset", allowed=", ".join(names))
        name = dataset or names[0]
        table = self.board.table
        rows = table[(table["dataset"] == name) & ~table["oracle"].astype(bool) & (table["rank"] == rank)]
        if rows.empty:
            ranks = sorted(set(table.loc[table["dataset"] == name, "rank"].astype(int)))
            listed_ranks = ", ".join(map(str, ranks)) or "none: nothing could be ranked"
            raise RequestError(f"no entry of {name!r} has rank {rank}", where="rank", allowed=listed_ranks)
        labels = self.details.labels[str(rows["labels_sha256"].iloc[0])]
        index = self.row_index.get(name)
        return pd.Series(labels, index=self.details.row_ids[name] if index is None else index, name="cluster")

    def report(self, path: str | Path) -> Path:
        """Write the report (page, Markdown, tables, figures) into a folder; return the path of the page."""
        return write_report(build_report(self), Path(path))[0]

    def __repr__(self) -> str:
        failed = f", {self.n_failed} failed" if self.n_failed else ""
        entries = len(self.board.table)
        return f"<Run {self.name!r}: {len(self.cells)} partitions{failed}, {entries} entries>\n{self.headline}"

    def _repr_html_(self) -> str:
        shown = [*_SHOWN[:5], self.record.ranking.order.value, *_SHOWN[5:]]
        table = self.board.table[shown].head(10).to_html(index=False, float_format="{:.3f}".format)
        return f"<p><strong>{html.escape(self.headline)}</strong></p>{table}"


def run(
    data: object = "credit-card",
    *,
    algorithms: Sequence[object] | None = None,
    variants: Mapping[str, Sequence[Mapping[str, TomlValue]]] | None = None,
    k: Iterable[int] | None = None,
    seeds: Iterable[int] | None = None,
    metrics: Sequence[str] | None = None,
    reference_spaces: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    truth: str | Sequence[str] | None = None,
    roles: Mapping[str, str] | None = None,
    name: str | None = None,
    options: Mapping[str, TomlValue] | None = None,
    quick: bool = False,
    only: Sequence[str] = (),
    results: Path | str = "results",
    workspace: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a benchmark, or a matrix over tables in memory; what is in the store is not computed again.

    Parameters
    ----------
    data : str, Path, table, or mapping of str to table
        Name or TOML file of a benchmark; or a pandas DataFrame, NumPy array, Arrow table or another object with
        ``to_pandas`` or ``__dataframe__``; or several of them by name.
    algorithms : sequence, optional
        For tables. Each is the name of a plug-in, a mapping as in a benchmark file
        (``{"use": "kmeans", "n_init": 5}``), an estimator (``KMeans()``), or a pair of a name and an estimator
        (``("spectral", SpectralClustering(affinity="nearest_neighbors"))``). Default: k-means, Gaussian mixtures,
        agglomerative clustering, HDBSCAN and the controls.
    variants : mapping of str to steps, optional
        Preprocessing pipelines, as in a benchmark file. Default: the six default variants.
    k : iterable of int, optional
        Numbers of clusters; default 2 to 10.
    seeds : iterable of int, optional
        Default 0.
    metrics, reference_spaces : sequence of str, optional
    drop : sequence of str
        Columns to leave out.
    truth : str or sequence of str, optional
        Columns of known classes; none is a feature.
    roles : mapping of str to str, optional
        What columns are, where they are not numbers: ``category`` and ``date`` need a step such as ``one_hot`` or
        ``date_parts`` in each variant; ``text`` and ``id`` are no features.
    name : str, optional
        Name of the run in the store; default: that of the table, ``table`` for a single one.
    options : mapping, optional
        Further tables of a benchmark file: gate, noise, ranking, stability, structure, limits.
    quick : bool
        First seed, every second k, at most 2,000 rows: a smaller benchmark of its own name.
    only : sequence of str
        Conditions such as ``algorithm=kmeans,gmm``.
    results : Path or str
        Folder of the store.
    workspace : Path, optional
        Where ``benchmarks/``, ``algorithms/``, ``metrics/`` and ``steps/`` are looked for first; default: the current
        folder.
    settings : Settings, optional
        Workers, threads, limits, retries, a Dask cluster.
    progress : Progress, optional

    Raises
    ------
    RequestError
        If the request is wrong; nothing was computed then.

    Examples
    --------
    >>> import clusterbench, numpy as np
    >>> from sklearn.cluster import KMeans
    >>> blobs = np.concatenate([np.random.default_rng(0).normal(size=(50, 2)) + 9 * i for i in range(3)])
    >>> done = clusterbench.run(blobs, algorithms=[KMeans()], k=range(2, 5))  # doctest: +SKIP
    >>> done.labels(rank=1).value_counts().tolist()  # doctest: +SKIP
    [50, 50, 50]
    """
    values = {
        "algorithms": algorithms,
        "variants": variants,
        "k": None if k is None else list(k),
        "seeds": None if seeds is None else list(seeds),
        "metrics": metrics,
        "reference_spaces": reference_spaces,
        **(options or {}),
    }
    with ExitStack() as stack:
        progress = progress or stack.enter_context(_progress())
        if isinstance(data, str | Path):
            _refuse_values({**values, "drop": drop or None, "truth": truth, "roles": roles, "name": name})
            plan, registry = prepare(data, workspace=workspace, quick=quick, only=only)
            done = run_plan(plan, registry, results=results, settings=settings, progress=progress)
            return _finished(done)
        tables = datasets_from(data, drop=drop, truth=truth, roles=roles)
        registry = load_registry(workspace or Path.cwd())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clusterbench-plugins-")))
        values["algorithms"], registry = _resolve_algorithms(algorithms or DEFAULT_ALGORITHMS, registry, folder)
        benchmark = _benchmark(name or "-".join(tables), tables, values, registry)
        plan = make_plan(benchmark, Selection.parse(only, quick=quick), tables)
        done = run_plan(plan, registry, results=results, settings=settings, progress=progress)
        index = {key: plan.datasets[key].row_ids for key in plan.datasets}
    return _finished(done, index)


def load_run(results: Path | str, name: str | None = None) -> Run:
    """Read a finished run back from its store; `name` defaults to the latest.

    Raises
    ------
    RequestError
        If there is no such store or run, or another version wrote it.
    """
    return _finished(load_stored_run(results, name))


def _finished(run: StoredRun, row_index: Mapping[str, pd.Index] | None = None) -> Run:
    return Run(**{item.name: getattr(run, item.name) for item in fields(StoredRun)}, row_index=row_index or {})


def _refuse_values(values: Mapping[str, object]) -> None:
    given = [name for name, value in values.items() if value is not None]
    if given:
        raise RequestError(
            f"{', '.join(given)} cannot be changed here: a benchmark file declares them",
            allowed="tables in memory, or another file",
        )


def _benchmark(name: str, tables: Mapping[str, Dataset], values: Mapping[str, object], registry: Registry) -> Benchmark:
    declared = {"title": name, "datasets": [{"memory": key} for key in tables], **values}
    return python_benchmark(re.sub(r"[^\w.-]+", "-", name) or "table", declared, registry)  # type: ignore[arg-type]


def _resolve_algorithms(
    algorithms: Sequence[object], registry: Registry, folder: Path
) -> tuple[list[Mapping[str, object]], Registry]:
    """Return the ``[[algorithms]]`` tables, and the registry with the estimators that were given as objects."""
    declared: list[Mapping[str, object]] = []
    for given in algorithms:
        if isinstance(given, str):
            declared.append({"use": given})
        elif isinstance(given, Mapping):
            declared.append(given)
        else:
            label, estimator = given if isinstance(given, tuple) and len(given) == 2 else (None, given)
            plugin = estimator_plugin(estimator, label)
            if label is None and plugin.name in registry.algorithms:  # KMeans() beside the plug-in kmeans
                plugin = estimator_plugin(estimator, f"{plugin.name}_object")
            registry = registry.with_algorithm(plugin.write(folder))
            declared.append({"use": plugin.name})
    return declared, registry


@contextmanager
def _progress() -> Iterator[Progress]:
    """Yield bars in a notebook, and log records elsewhere."""
    from rich.console import Console

    console = Console()
    if not console.is_jupyter:
        yield LogProgress()
        return
    with TerminalProgress(console) as bars:
        yield bars
