"""The change log of a refresh, as Markdown and as JSON."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from clusterbench.naming import path_inside
from clusterbench.report.number_text import fixed, share
from clusterbench.report.writing import write_atomically
from clusterbench.segments.monitoring_report import migration_lines
from clusterbench.segments.refreshing import ChangeKind, ChangeLog, SegmentChange
from clusterbench.text import listed, printable


def write_change_log(log: ChangeLog, folder: Path) -> list[Path]:
    """Write ``changes.md`` and ``changes.json`` and return their paths."""
    json = TypeAdapter(ChangeLog).dump_json(log, indent=1) + b"\n"
    markdown = write_atomically(path_inside(folder, "changes.md"), change_log_markdown(log))
    return [markdown, write_atomically(path_inside(folder, "changes.json"), json)]


def change_log_markdown(log: ChangeLog) -> str:
    """Return the change log as Markdown."""
    retired = f"Retired ids, never used again: {listed(list(map(str, log.retired))) or 'none'}."
    return "\n".join(
        [
            "# Change log",
            "",
            f"From the bundle {log.previous}. A segment keeps its id from a Jaccard similarity of {log.overlap:g} on.",
            "",
            *(f"- {line}" for line in change_lines(log)),
            "",
            f"{retired} {share(log.migration.stayed)} of the rows keep their segment.",
            "",
            "## Rows by segment before (by the previous bundle) and after",
            "",
            *migration_lines(log.migration, log.names_before, log.names_after),
            "",
        ]
    )


def change_lines(log: ChangeLog) -> list[str]:
    """Return a sentence for each change."""
    return [_line(change, log) for change in log.changes]


def _line(change: SegmentChange, log: ChangeLog) -> str:
    before = listed([printable(f"{one} {log.names_before[one]}") for one in change.before])
    after = listed([printable(f"{one} {log.names_after[one]}") for one in change.after])
    if change.kind is ChangeKind.KEPT:
        renamed = "" if log.names_before[change.before[0]] == log.names_after[change.after[0]] else f", now {after}"
        return f"kept: {before}{renamed} (Jaccard {fixed(change.overlap, 2)})"
    if change.kind in (ChangeKind.SPLIT, ChangeKind.MERGED):
        return f"{change.kind}: {before} into {after}"
    if change.kind is ChangeKind.NEW:
        return f"new: {after}"
    to = log.migration.table[log.migration.before.index(change.before[0])]
    most = log.migration.after[int(to.argmax())]
    into = f"{most} {log.names_after[most]}" if most else "no segment"
    return f"gone: {before} ({share(to.max() / max(1, to.sum()))} of its rows are now in {printable(into)})"
