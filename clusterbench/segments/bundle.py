"""A bundle: a saved segmentation in a folder. Loading it checks everything before any number is used."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from clusterbench.errors import RequestError
from clusterbench.segments.column_source import ColumnSource
from clusterbench.segments.npz_files import unpacked
from clusterbench.segments.program import Assigned, Program, parse_program
from clusterbench.segments.value_bins import BinCounts, Bins

MANIFEST, PROGRAM, ARRAYS, PROFILE = "manifest.json", "program.json", "arrays.npz", "profile.csv"

_MOST_BYTES = {MANIFEST: 2**24, ARRAYS: 2**30}  # of any other file 2**26
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_DIGITS = 1e-9  # relative: logarithms and powers of two machines may differ in their last bits

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Rows = Annotated[int, Field(ge=0, le=2**53)]
Text = Annotated[str, Field(max_length=2000)]
Counts = tuple[tuple[Rows, ...], ...]


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A raw column of the program, and its values in the fitted table (those that are not missing)."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    name: Text
    unit: Text
    filled: bool  # whether the program fills missing values
    minimum: float
    maximum: float
    mean: float
    std: float
    quantiles: tuple[float, ...]  # at the manifest's `levels`
    zero_share: Share  # of all rows
    missing_share: Share
    counts: Counts = ()  # of rows by segment and bin, as the program assigns them; see `value_bins`
    source: ColumnSource | None = None  # of a column that was made of a category or a date


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """A segment, and its rows in the fitted table."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    id: Annotated[int, Field(ge=1)]
    name: Text
    rows: Rows
    agreement: Share  # of its rows that the program gives it
    jaccard: Share | None  # mean over the draws of the run
    distances: tuple[float, ...]  # quantiles of the distance of its rows, at `levels`


@dataclass(frozen=True, slots=True)
class EntryScore:
    """A score of the fitted partition."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    space: Text
    metric: Text
    value: float


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file beside the manifest."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z]+$", max_length=100)]  # no path
    size: Rows
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Made-up rows, and what the program gave for them when it was saved; null is a missing value, 0 no segment."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    rows: tuple[tuple[float | None, ...], ...]
    segment: tuple[Rows, ...]
    distance: tuple[float, ...]
    second: tuple[Rows, ...]
    margin: tuple[float, ...]

    def complaint(self, program: Program) -> str | None:
        """Return what a program gives differently, or None."""
        values = np.array(self.rows, dtype=np.float64).reshape(len(self.rows), -1)
        given = program.assign(values)
        for name in ("segment", "second", "distance", "margin"):
            expected, got = np.array(getattr(self, name)), getattr(given, name)
            if expected.shape != got.shape or not np.allclose(got, expected, rtol=_DIGITS, atol=_DIGITS):
                return f"the {name} of its test rows differs"
        return None


@dataclass(frozen=True, slots=True)
class BundleManifest:
    """What a bundle holds, and where it came from."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    schema_version: Literal[1]
    title: Text
    dataset: Text
    data_sha256: Text
    labels_sha256: Text
    finished: Text  # when the run ended, in UTC
    clusterbench: Text  # version
    method: Text  # how the program was made
    agreement: Share  # with the fitted segments, on all rows of the table
    n_rows: Annotated[int, Field(ge=1)]
    n_without_segment: Rows
    contains_rows: bool
    levels: tuple[Share, ...]
    columns: tuple[ColumnFacts, ...]
    segments: tuple[SegmentFacts, ...]
    scores: tuple[EntryScore, ...]
    self_test: SelfTest
    files: tuple[FileRecord, ...]
    distance_counts: Counts = ()  # of rows by segment and bin of the distance
    retired: tuple[Rows, ...] = ()  # ids of segments of earlier bundles, never used again

    @property
    def medians(self) -> tuple[float, ...]:
        """The medians of the columns."""
        return tuple(column.quantiles[self.levels.index(0.5)] for column in self.columns)

    @property
    def bins(self) -> Bins:
        """The bins of columns and distances, by the quantiles."""
        ids, distances = [one.id for one in self.segments], [one.distances for one in self.segments]
        return Bins.of(ids, self.levels, [column.quantiles for column in self.columns], distances)

    @property
    def counts(self) -> BinCounts | None:
        """The counts of the fitted rows; None where there are none, or not of these bins."""
        return self.bins.kept([column.counts for column in self.columns], self.distance_counts)


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A loaded bundle."""

    id: str  # SHA-256 of its manifest
    manifest: BundleManifest
    program: Program
    files: Mapping[str, bytes]  # the others that the manifest lists, such as ``profile.csv``

    def assign(self, values: NDArray[np.float64], *, first_row: int = 1) -> Assigned:
        """Assign rows: see `Program.assign`."""
        return self.program.assign(values, first_row=first_row)

    @property
    def names(self) -> dict[int, str]:
        """The names of the segments by id."""
        return {segment.id: segment.name for segment in self.manifest.segments}

    def imputed(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which values, shape (n, p), are missing, so that the program fills them."""
        return np.isnan(values)

    def out_of_range(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which values, shape (n, p), lie outside of the range of the fitted table."""
        low = np.array([column.minimum for column in self.manifest.columns])
        high = np.array([column.maximum for column in self.manifest.columns])
        return (values < low) | (values > high)


def load_bundle(folder: Path | str, *, expect: str | None = None) -> Bundle:
    """Load a bundle.

    Parameters
    ----------
    folder : Path or str
    expect : str, optional
        The id that it must have.

    Raises
    ------
    RequestError
        If a file is missing, has another size or hash than the manifest says, or holds anything but checked numbers; if
        the test rows are assigned differently here; if the id is another one than `expect`.
    """
    place = Path(folder)
    content = _read(place / MANIFEST)
    identity = hashlib.sha256(content).hexdigest()
    if expect is not None and identity != expect.lower():
        raise RequestError(f"its id is {identity}", where=str(place), allowed=expect)
    manifest = _manifest(content, str(place / MANIFEST))
    files = {file.name: _checked(place, file) for file in manifest.files}
    if PROGRAM not in files:
        raise RequestError(f"the manifest lists no {PROGRAM}", where=str(place))
    arrays = unpacked(files[ARRAYS], str(place / ARRAYS)) if ARRAYS in files else {}
    program = parse_program(files[PROGRAM], arrays, where=str(place / PROGRAM))
    complaint = _mismatch(manifest, program, bool(arrays))
    if complaint:
        raise RequestError(complaint, where=str(place))
    others = {name: content for name, content in files.items() if name not in (PROGRAM, ARRAYS)}
    return Bundle(identity, manifest, program, others)


def _mismatch(manifest: BundleManifest, program: Program, has_rows: bool) -> str | None:
    """Return what a manifest says otherwise than its program."""
    n_levels = len(manifest.levels)
    quantiles = [*(column.quantiles for column in manifest.columns), *(part.distances for part in manifest.segments)]
    if program.columns != tuple(column.name for column in manifest.columns):
        return "the columns of the manifest are not those of the program"
    if program.segments != tuple(segment.id for segment in manifest.segments):
        return "the segments of the manifest are not those of the program"
    if set(program.segments) & set(manifest.retired):
        return "a segment has a retired id"
    if 0.5 not in manifest.levels or any(len(values) != n_levels for values in quantiles):
        return f"a column or segment has not {n_levels} quantiles with the median"
    if manifest.distance_counts and manifest.counts is None:
        return "the counts of a column or of the distances are not by its segments and bins"
    if manifest.contains_rows is not has_rows:
        return f"contains_rows is {manifest.contains_rows} of a bundle {'with' if has_rows else 'without'} rows"
    if not manifest.self_test.rows or {len(row) for row in manifest.self_test.rows} != {len(program.columns)}:
        return f"the test rows do not have {len(program.columns)} values"
    return manifest.self_test.complaint(program)


def manifest_json(manifest: BundleManifest) -> bytes:
    """Return a manifest as it is written."""
    return _adapter().dump_json(manifest, indent=1, ensure_ascii=False) + b"\n"


@cache
def _adapter() -> TypeAdapter[BundleManifest]:
    return TypeAdapter(BundleManifest)


def _manifest(content: bytes, where: str) -> BundleManifest:
    try:
        return _adapter().validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise RequestError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", where=where) from error


def _read(path: Path) -> bytes:
    try:
        most = _MOST_BYTES.get(path.name, 2**26)
        if path.stat().st_size > most:
            raise RequestError(f"{path} is larger than {most} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        inner = path.parent / "bundle"  # where `clusterbench segment` writes it
        allowed = str(inner) if (inner / MANIFEST).is_file() else "the folder of a bundle"
        reason = getattr(error, "strerror", None) or error
        raise RequestError(f"{path} cannot be read: {reason}", allowed=allowed) from error


def _checked(folder: Path, file: FileRecord) -> bytes:
    content = _read(folder / file.name)
    if len(content) != file.size or hashlib.sha256(content).hexdigest() != file.sha256:
        raise RequestError(f"{file.name} is not the file that the manifest describes", where=str(folder))
    return content
