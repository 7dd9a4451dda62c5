"""Write a bundle: program, facts of columns and segments, test rows and a model card."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from clusterbench.naming import path_inside
from clusterbench.report.writing import write_atomically
from clusterbench.segments.bundle import (
    ARRAYS,
    MANIFEST,
    PROFILE,
    PROGRAM,
    BundleManifest,
    ColumnFacts,
    EntryScore,
    FileRecord,
    SegmentFacts,
    SelfTest,
    load_bundle,
    manifest_json,
)
from clusterbench.segments.entry_segmentation import Provenance
from clusterbench.segments.model_card import CARD, model_card
from clusterbench.segments.npz_files import packed
from clusterbench.segments.operations import Floats
from clusterbench.segments.program import Program
from clusterbench.segments.program_building import Fit, fitted_rows
from clusterbench.segments.segmentation import Segmentation

_LEVELS = (0.0, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 1.0)
_TEST_ROWS = 20


def write_bundle(
    segmentation: Segmentation,
    fit: Fit,
    names: Sequence[str],
    provenance: Provenance,
    folder: Path,
    *,
    profile: str | None = None,
    retired: Sequence[int] = (),
) -> list[Path]:
    """Write a bundle and return the paths of its files, the manifest last; the same input gives the same bytes.

    Parameters
    ----------
    segmentation : Segmentation
    fit : Fit
        The program that assigns new rows to its segments.
    names : sequence of str
        Names of the segments 1..m.
    provenance : Provenance
    folder : Path
        Made where it is missing; files of an earlier bundle are replaced.
    profile : str, optional
        Content of ``profile.csv``: every column in every segment.
    retired : sequence of int
        Ids of segments of earlier bundles, never used again.

    Raises
    ------
    RequestError
        If the folder cannot be written, or the bundle cannot be loaded again.
    """
    program = _with_ids(fit.program, segmentation.ids)
    arrays = program.arrays()
    content = {PROGRAM: program.to_json().encode(), **({ARRAYS: packed(arrays)} if arrays else {})}
    columns = tuple(_columns(segmentation, program))
    manifest = BundleManifest(
        schema_version=1,
        title=segmentation.title,
        dataset=segmentation.dataset,
        data_sha256=provenance.data_sha256,
        labels_sha256=provenance.labels_sha256,
        finished=provenance.finished,
        clusterbench=provenance.clusterbench,
        method=fit.method,
        agreement=fit.overall,
        n_rows=len(segmentation.segment),
        n_without_segment=int(np.sum(segmentation.segment == 0)),
        contains_rows=bool(arrays),
        levels=_LEVELS,
        columns=columns,
        segments=tuple(_segments(segmentation, fit, names)),
        scores=tuple(_scores(segmentation)),
        self_test=_self_test(columns, program),
        files=(),
        retired=tuple(retired),
    )
    manifest = _counted(manifest, segmentation, program)
    content |= {CARD: model_card(manifest).encode(), **({} if profile is None else {PROFILE: profile.encode()})}
    files = (FileRecord(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in content.items())
    content[MANIFEST] = manifest_json(replace(manifest, files=tuple(files)))
    folder.mkdir(parents=True, exist_ok=True)
    written = [write_atomically(path_inside(folder, name), data) for name, data in content.items()]
    for name in {ARRAYS, PROFILE} - set(content):  # of an earlier bundle
        (folder / name).unlink(missing_ok=True)
    load_bundle(folder)
    return written


def _with_ids(program: Program, ids: Sequence[int]) -> Program:
    """Return a program that gives the ids of the segments 1..m."""
    last = program.decision
    decision = replace(last, segments=np.array((0, *ids))[last.segments])
    return replace(program, operations=(*program.steps, decision))


def _columns(segmentation: Segmentation, program: Program) -> Iterator[ColumnFacts]:
    for name in program.columns:
        values = segmentation.table[name].to_numpy(dtype=np.float64)
        present = values[~np.isnan(values)]
        yield ColumnFacts(
            name=name,
            unit=segmentation.units.get(name, ""),
            filled=name in program.filled,
            minimum=float(present.min()),
            maximum=float(present.max()),
            mean=float(present.mean()),
            std=float(present.std()),
            quantiles=_quantiles(present),
            zero_share=float(np.mean(values == 0)),
            missing_share=float(np.mean(np.isnan(values))),
            source=segmentation.sources.get(name),
        )


def _segments(segmentation: Segmentation, fit: Fit, names: Sequence[str]) -> Iterator[SegmentFacts]:
    for number, name in enumerate(names, start=1):
        own = segmentation.segment == number
        yield SegmentFacts(
            id=segmentation.ids[number - 1],
            name=name,
            rows=int(own.sum()),
            agreement=fit.per_segment[number - 1],
            jaccard=segmentation.jaccard[number - 1],
            distances=_quantiles(segmentation.distance[own]),
        )


def _counted(manifest: BundleManifest, segmentation: Segmentation, program: Program) -> BundleManifest:
    """Return the manifest with the counts of the fitted rows, to which later rows are compared."""
    rows = segmentation.table[list(program.columns)].to_numpy(dtype=np.float64)
    given = fitted_rows(program, segmentation.table, segmentation.space, segmentation.row_ids)
    counts = manifest.bins.count(rows, given.segment, given.distance, np.zeros(rows.shape, dtype=np.bool_))
    tables = [tuple(map(tuple, table.tolist())) for table in (*counts.columns, counts.distances)]
    columns = (replace(column, counts=table) for column, table in zip(manifest.columns, tables, strict=False))
    return replace(manifest, columns=tuple(columns), distance_counts=tables[-1])


def _quantiles(values: Floats) -> tuple[float, ...]:
    return tuple(np.quantile(values, _LEVELS).tolist())


def _scores(segmentation: Segmentation) -> Iterator[EntryScore]:
    for space, metric, value in segmentation.scores[["space", "metric", "value"]].itertuples(index=False, name=None):
        if np.isfinite(value):
            yield EntryScore(str(space), str(metric), float(value))


def _self_test(columns: Sequence[ColumnFacts], program: Program) -> SelfTest:
    """Return made-up rows, each value a quantile of its column or, where it is filled, sometimes missing."""
    rng = np.random.default_rng(0)
    quantiles = np.array([column.quantiles for column in columns])
    rows = quantiles[np.arange(len(columns)), rng.integers(len(_LEVELS), size=(_TEST_ROWS, len(columns)))]
    missing = rng.random(rows.shape) < 0.1
    rows[missing & [column.filled for column in columns]] = np.nan
    given = program.assign(rows)
    plain = tuple(tuple(None if np.isnan(value) else value for value in row) for row in rows.tolist())
    parts = (given.segment, given.distance, given.second, given.margin)
    return SelfTest(plain, *(tuple(part.tolist()) for part in parts))
