"""Everything that the pages and tables of a segmentation say, computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clusterbench.errors import RequestError
from clusterbench.segments.finer_segments import KStep, k_step
from clusterbench.segments.names_file import NamesFile, names_toml
from clusterbench.segments.profile import SegmentProfile, profile_segments
from clusterbench.segments.segment_names import SegmentName, name_table, suggest_names
from clusterbench.segments.segment_rules import SegmentRules, find_rules
from clusterbench.segments.segmentation import Segmentation
from clusterbench.structure import StructureVerdict
from clusterbench.text import printable

_FEWEST_ROWS = 5  # a mean of fewer rows would say too much of one of them


@dataclass(frozen=True, slots=True, eq=False)
class SegmentDescription:
    """A segmentation with profile, names and rules of its segments; see `describe`."""

    segmentation: Segmentation
    profiles: tuple[SegmentProfile, ...]
    names: tuple[SegmentName, ...]
    rules: SegmentRules
    step: KStep | None
    structure: StructureVerdict | None  # None where it was not tested
    notes: tuple[str, ...]  # sentences on the entry: how far it can be trusted
    with_rows: bool  # whether ids and values of single rows may be shown
    names_file: str  # content of ``names.toml``

    @property
    def called(self) -> tuple[str, ...]:
        """The names of the segments 1..m."""
        return tuple(one.name for one in self.names)

    @property
    def rows_noun(self) -> str:
        """What the rows of the table are called."""
        return name_table(map(str, self.segmentation.table.columns)).rows


def describe(
    segmentation: Segmentation,
    *,
    names: NamesFile | None = None,
    finer: Segmentation | None = None,
    structure: StructureVerdict | None = None,
    notes: Sequence[str] = (),
    with_rows: bool = True,
    earlier_names: Mapping[int, str] | None = None,
) -> SegmentDescription:
    """Return profile, names and rules of the segments.

    Parameters
    ----------
    segmentation : Segmentation
    names : NamesFile, optional
        Names that the analyst edited win. Where it merges segments, `segmentation` is the merged one.
    finer : Segmentation, optional
        The same setting with one more segment, of the same rows: what splits is shown.
    structure : StructureVerdict, optional
        Whether structure was found in the table.
    notes : sequence of str
        Sentences on the entry, such as how far its first place can be trusted.
    with_rows : bool
        False leaves out every id and every single row.
    earlier_names : mapping of int to str, optional
        Names by id of the bundle whose segments are continued: suggested for the ids that are kept, and for no other.

    Raises
    ------
    RequestError
        If rows are to be left out and a segment has fewer than five.
    """
    declared = NamesFile(segmentation.segment) if names is None else names
    sizes = np.bincount(segmentation.segment, minlength=segmentation.n_segments + 1)[1:]
    if not with_rows and sizes.min(initial=_FEWEST_ROWS) < _FEWEST_ROWS:
        few = int(np.argmin(sizes)) + 1
        what = f"segment {few} has {sizes[few - 1]} rows: its means would show them"
        raise RequestError(what, allowed=f"segments of at least {_FEWEST_ROWS} rows, or a page with rows")
    profiles = profile_segments(segmentation)
    earlier = earlier_names or {}
    suggested = _renamed(suggest_names(profiles), segmentation.ids, list(map(earlier.get, segmentation.ids)), earlier)
    edits = [next((declared.edited[one] for one in group if one in declared.edited), None) for group in declared.groups]
    renamed = _renamed(suggested, segmentation.ids, edits, declared.edited)
    chosen = tuple(replace(one, edited=edit is not None) for one, edit in zip(renamed, edits, strict=True))
    return SegmentDescription(
        segmentation,
        profiles,
        chosen,
        find_rules(segmentation),
        step=None if finer is None else k_step(segmentation, finer, [one.name for one in chosen]),
        structure=structure,
        notes=tuple(map(printable, notes)),
        with_rows=with_rows,
        names_file=names_toml(declared, chosen, [one.name for one in suggested]),
    )


def _renamed(
    suggested: Sequence[SegmentName], ids: Sequence[int], given: Sequence[str | None], taken: Mapping[int, str]
) -> tuple[SegmentName, ...]:
    """Return the given name of each segment, else the suggested one, made different from every name that is taken."""
    names = []
    for suggestion, segment, name in zip(suggested, ids, given, strict=True):
        other = f"{suggestion.name}, segment {segment}" if suggestion.name in taken.values() else suggestion.name
        names.append(replace(suggestion, name=other if name is None else name))
    return tuple(names)
