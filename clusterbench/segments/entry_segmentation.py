"""From an entry of a stored run to its segmentation: the fitted labels, the table loaded again, and a program."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError, request_errors
from clusterbench.naming import Cut, EntryNames
from clusterbench.plugins import (
    Algorithm,
    Assignment,
    Floats,
    cutter_of,
    kept_state,
    missing_packages,
    recorded_warnings,
)
from clusterbench.plugins import as_partition as partition_of
from clusterbench.preprocessing import Space
from clusterbench.results import JobRecord, StoredRun, load_stored_run, read_run
from clusterbench.segments.bundle import Bundle
from clusterbench.segments.encoded_columns import without_encoders
from clusterbench.segments.names_file import NamesFile
from clusterbench.segments.program_building import Fit, build_program, fitted_rows
from clusterbench.segments.refreshing import KEPT_OVERLAP, continued_ids, earlier_segments
from clusterbench.segments.segmentation import Ints, Segmentation
from clusterbench.store import Store
from clusterbench.structure import StructureVerdict
from clusterbench.tables import OVERALL
from clusterbench.trust import dataset_trust
from clusterbench.verification import Target, entry_target, find_target, planned_again

_RANK = re.compile(r"#?(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a segmentation came from."""

    data_sha256: str
    labels_sha256: str
    finished: str  # when the run ended, in UTC
    clusterbench: str  # version


@dataclass(frozen=True, slots=True, eq=False)
class SegmentedEntry:
    """An entry with its segments, and the program that assigns new rows to them."""

    segmentation: Segmentation
    fit: Fit
    provenance: Provenance
    names: NamesFile  # what the analyst declared
    finer: Segmentation | None  # the same setting with one more segment, where it was run; without distances
    structure: StructureVerdict | None  # of the table; None where it was not tested
    notes: tuple[str, ...]  # sentences on the entry and its table


def segment_entry(
    results: Path | str,
    entry: str = "1",
    *,
    benchmark: str | None = None,
    names: str | None = None,
    previous: Bundle | None = None,
    overlap: float = KEPT_OVERLAP,
    workspace: Path | None = None,
) -> SegmentedEntry:
    """Return the segments of an entry of a stored run, and a program that assigns new rows to them.

    The labels are those of the store. The table is loaded and its space made again as declared; a plug-in whose model
    gives the cluster of new rows is fitted again.

    Parameters
    ----------
    results : Path or str
        Folder of the store.
    entry : str
        A rank on the leaderboard, the start of a labels hash, or ``algorithm/variant/k``; see `find_target`.
    benchmark : str, optional
        Name in the store; default: the latest run.
    names : str, optional
        Content of a ``names.toml``; segments are merged as it says.
    previous : Bundle, optional
        Ids are continued from it: see `continued_ids`.
    overlap : float
        Jaccard similarity from which a segment keeps its id.
    workspace : Path, optional
        Folder whose plug-ins are used; default: the current folder.

    Raises
    ------
    RequestError
        If there is no such entry, its table is not here or has changed, no program agrees with its labels, or `names`
        is of other segments.
    """
    run, job = _chosen(Path(results), entry, benchmark)
    target = Target(run.name, run.record, run.manifest, (job,))
    plan, registry = planned_again(target, workspace or Path.cwd())
    dataset, space = plan.datasets[job.dataset], plan.spaces[job.dataset, job.variant]
    if dataset.content_hash != run.record.datasets[job.dataset].content_hash:
        raise RequestError(f"the table {job.dataset!r} has changed since the run", allowed="a run on the present table")
    with request_errors("no assignment program"):
        variant = plan.benchmark.variants[job.variant]
        encoded, steps, space, sources = without_encoders(dataset, variant, space)
    sha256 = _sha256(run, job)
    clusters = _segments(Path(results), sha256)
    order, ids = np.arange(1, clusters.max() + 1), tuple[int, ...]()
    if previous is not None:
        given = continued_ids(clusters, earlier_segments(previous, encoded.frame), previous, overlap)
        order, ids = np.argsort(given) + 1, tuple(sorted(given))  # the clusters in the order of their ids
    fitted = np.append(0, np.argsort(order) + 1)[clusters]
    declared = NamesFile(fitted, earlier_ids=ids) if names is None else NamesFile.parse(names, fitted, ids)
    algorithm = registry.algorithms[job.algorithm]
    model = _model(algorithm, job, space.values, run.manifest.threads)
    with request_errors("no assignment program"):
        fit = build_program(encoded.frame, steps, space, declared.merged, model)
    segmentation = replace(_segmentation(run, job, encoded, space, fit, declared, order), sources=sources)
    provenance = Provenance(dataset.content_hash, sha256, run.manifest.finished, run.manifest.environment.clusterbench)
    finer = _finer(Path(results), run, job, segmentation)
    structure = next((one.verdict for one in run.record.structure if one.dataset == job.dataset), None)
    return SegmentedEntry(segmentation, fit, provenance, declared, finer, structure, tuple(_notes(run, job.dataset)))


def _chosen(results: Path, entry: str, benchmark: str | None) -> tuple[StoredRun, JobRecord]:
    """Return the run and the job, with one cut and its first seed, that an entry names."""
    if rank := _RANK.fullmatch(entry):
        run = load_stored_run(results, benchmark)
        table = run.board.table
        ranked = table[(table["dataset"] != OVERALL) & ~table["oracle"] & ~table["control"]]
        rows = ranked[ranked["rank"] == int(rank[1])]
        if rows.empty or len(set(rows["dataset"])) > 1:
            what = f"no entry has rank {rank[1]}" if rows.empty else f"several tables have an entry of rank {rank[1]}"
            names = [
                entry_target(run.cells, {str(key): row[key] for key in row})
                for row in (ranked if rows.empty else rows).head(5).to_dict("records")
            ]
            raise RequestError(what, where=f"leaderboard of {run.name}", allowed=" or ".join(names) or "none")
        row = rows.iloc[0]
        jobs = tuple(
            replace(job, cuts=(row["cut"],))
            for job in run.record.jobs
            if [job.dataset, job.algorithm, job.params, job.variant]
            == row[["dataset", "algorithm", "params", "variant"]].tolist()
        )
        return run, jobs[0]
    with Store.reader(results) as store:
        target = find_target(store, entry, benchmark)
        run = read_run(store, target.benchmark)
    meant = {(j.dataset, j.algorithm, j.params, j.variant, cut): j for j in reversed(target.jobs) for cut in j.cuts}
    if len(meant) > 1:
        columns = ("dataset", "algorithm", "params", "variant", "cut")
        names = [entry_target(run.cells, dict(zip(columns, key, strict=True))) for key in list(meant)[:5]]
        raise RequestError(f"{entry!r} names {len(meant)} partitions", allowed=" or ".join(names))
    [(key, job)] = meant.items()
    return run, replace(job, cuts=key[-1:])


def _sha256(run: StoredRun, job: JobRecord) -> str:
    cells = run.cells[(run.cells["job_key"] == job.key) & (run.cells["cut"] == job.cuts[0])]
    sha256 = cells["labels_sha256"].iloc[0] if len(cells) else None
    if not isinstance(sha256, str) or cells["n_clusters"].iloc[0] < 2:
        reason = cells["reason"].iloc[0] if len(cells) else "it was not run"
        raise RequestError(f"{job.algorithm} on {job.variant} with {job.cuts[0]} has no segments: {reason}")
    return sha256


def _segments(results: Path, sha256: str) -> Ints:
    """Return the segment of each row: clusters are numbered 0.. by size in the store, noise is -1."""
    with Store.reader(results) as store:
        return np.asarray(store.labels(sha256), dtype=np.int64) + 1


def _model(algorithm: Algorithm, job: JobRecord, values: Floats, threads: int) -> object | None:
    """Return the model of a plug-in that predicts, fitted again; None of the others."""
    from threadpoolctl import threadpool_limits

    if algorithm.assignment is not Assignment.PREDICT or missing_packages(algorithm.packages):
        return None
    with request_errors(f"{algorithm.origin} cannot be fitted again"), kept_state(), recorded_warnings():
        if algorithm.warm_up is not None:
            algorithm.warm_up()
        with threadpool_limits(threads):
            cutter = cutter_of(algorithm, values, job.seeds[0], json.loads(job.params), job.sample)
            return partition_of(cutter(**Cut.parse(job.cuts[0]).arguments), len(values)).model


def _segmentation(
    run: StoredRun, job: JobRecord, dataset: Dataset, space: Space, fit: Fit, declared: NamesFile, order: Ints
) -> Segmentation:
    segment = declared.merged
    given = fitted_rows(fit.program, dataset.frame, space.values, segment)
    same = given.segment == segment
    key = (job.dataset, job.variant, job.algorithm, job.params, job.cuts[0])
    jaccards = run.details.jaccards.get(key, ())  # of the clusters
    known = [jaccards[order[group[0] - 1] - 1] if len(group) == 1 and jaccards else None for group in declared.groups]
    scores = run.scores[
        (run.scores["dataset"] == job.dataset)
        & (run.scores["algorithm"] == job.algorithm)
        & (run.scores["params"] == job.params)
        & (run.scores["variant"] == job.variant)
        & (run.scores["seed"] == job.seeds[0])
        & (run.scores["status"] == "ok")
    ]
    coded = [name for name in dataset.coded if name not in fit.program.columns]  # codes have no means
    names = EntryNames.of((one.algorithm, one.params) for one in run.record.jobs)
    cut = Cut.parse(job.cuts[0])
    return Segmentation(
        title=f"{names.entry(job.algorithm, job.params, job.variant)} with {cut.name} = {cut.value}",
        dataset=job.dataset,
        table=dataset.frame.drop(columns=coded).set_axis(_ids(dataset)),
        units=dataset.units,
        features=fit.program.columns,
        space=space.values,
        space_columns=space.columns,
        segment=segment,
        second=np.where(same, given.second, given.segment),
        distance=given.distance,
        margin=np.where(same, given.margin, 0.0),
        ids=declared.ids,
        jaccard=tuple(None if value is None or np.isnan(value) else float(value) for value in known),
        scores=scores.loc[scores["cut"] == job.cuts[0], ["space", "metric", "value"]].reset_index(drop=True),
        k_curve=scores.loc[scores["k"].notna(), ["k", "space", "metric", "value"]].reset_index(drop=True),
    )


def _ids(dataset: Dataset) -> pd.Index:
    """Return the row ids as text; where there are none, the numbers of the rows from 1, as new rows are numbered."""
    ids = dataset.row_ids
    numbers = ids + 1 if ids.equals(pd.RangeIndex(len(ids))) else ids
    return pd.Index([str(row) for row in numbers], dtype=object)


def _notes(run: StoredRun, dataset: str) -> Iterator[str]:
    """Yield what is known of how far the leaderboard and the table can be trusted."""
    yield run.board.headlines[dataset]
    if (trust := dataset_trust(run, dataset)) is not None:
        yield trust[1].sentence
    yield from (finding.text for finding in run.record.structure if finding.dataset == dataset)


def _finer(results: Path, run: StoredRun, job: JobRecord, segmentation: Segmentation) -> Segmentation | None:
    """Return the same setting with one more segment, where it was run."""
    k = Cut.parse(job.cuts[0]).k
    if k is None:
        return None
    finer = replace(job, cuts=(Cut("k", k + 1).text,))
    try:
        segment = _segments(results, _sha256(run, finer))
    except RequestError:
        return None
    nothing = np.zeros(len(segment))
    ids = tuple(range(1, int(segment.max()) + 1))
    return replace(
        segmentation,
        segment=segment,
        second=np.zeros_like(segment),
        distance=nothing,
        margin=nothing,
        ids=ids,
        jaccard=(None,) * len(ids),
    )
