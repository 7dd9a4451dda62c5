"""What `segment` and `refresh` read and print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clusterbench.cli.console import name_files, say
from clusterbench.errors import RequestError

if TYPE_CHECKING:
    from clusterbench.segments import SegmentedEntry, WrittenSegments


def edited_names(folder: Path) -> str | None:
    """Return the content of ``names.toml`` of a folder, None where there is none."""
    path = folder / "names.toml"
    try:
        return path.read_text(encoding="utf-8-sig") if path.is_file() else None
    except UnicodeDecodeError as error:
        raise RequestError("is not written in UTF-8", where=str(path), allowed="the file saved as UTF-8") from error


def say_segments(made: SegmentedEntry, written: WrittenSegments) -> None:
    """Print the segments with the evidence of their names, and the files."""
    from clusterbench.report.number_text import share

    say(f"{made.segmentation.title}: {made.segmentation.n_segments} segments")
    say(f"assigned by: {made.fit.method}, which gives {share(made.fit.overall)} of the rows their segment again")
    for segment in written.description.names:
        say(f"  {segment.name}: {segment.evidence_text}")
    name_files(written.paths)
