"""Everything that is written of the segments of an entry: files for an analyst, a bundle, and a change log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clusterbench.errors import RequestError
from clusterbench.segments.bundle import Bundle
from clusterbench.segments.bundle_writing import write_bundle
from clusterbench.segments.description import SegmentDescription, describe
from clusterbench.segments.entry_segmentation import SegmentedEntry
from clusterbench.segments.parts import write_parts
from clusterbench.segments.refresh_report import write_change_log
from clusterbench.segments.refreshing import KEPT_OVERLAP, ChangeLog, change_log


@dataclass(frozen=True, slots=True, eq=False)
class WrittenSegments:
    """What was written of the segments of an entry."""

    description: SegmentDescription
    changes: ChangeLog | None  # None: no earlier bundle is continued
    paths: tuple[Path, ...]


def write_segments(
    made: SegmentedEntry,
    folder: Path,
    *,
    with_rows: bool = True,
    previous: Bundle | None = None,
    overlap: float = KEPT_OVERLAP,
) -> WrittenSegments:
    """Write the files on the segments, the bundle in the folder ``bundle``, and what changed from an earlier bundle.

    Parameters
    ----------
    made : SegmentedEntry
    folder : Path
    with_rows : bool
        Whether pages may show ids and single rows.
    previous : Bundle, optional
        The bundle that `made` continues.
    overlap : float
        With which it was made.

    Raises
    ------
    RequestError
        If the folder cannot be written, or rows are to be left out and the bundle would hold some.
    """
    if not with_rows and made.fit.program.arrays():
        what = f"the bundle would hold rows of the table: {made.fit.figures()} is the best program"
        raise RequestError(what, allowed="--rows, or an entry whose program needs no rows")
    described = describe(
        made.segmentation,
        names=made.names,
        finer=made.finer,
        structure=made.structure,
        notes=made.notes,
        with_rows=with_rows,
        earlier_names=previous.names if previous else {},
    )
    paths = write_parts(described, folder)
    changes = change_log(previous, made.segmentation, described.called, overlap) if previous else None
    paths += write_bundle(
        made.segmentation,
        made.fit,
        described.called,
        made.provenance,
        folder / "bundle",
        profile=(folder / "profile.csv").read_text(encoding="utf-8"),
        retired=changes.retired if changes else (),
    )
    paths += write_change_log(changes, folder) if changes else []
    return WrittenSegments(described, changes, tuple(paths))
