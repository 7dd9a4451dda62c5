"""``names.toml``: the names of segments, which an analyst may edit, and the segments that an analyst merges."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from clusterbench.errors import RequestError, unknown
from clusterbench.segments.segment_names import SegmentName
from clusterbench.segments.segmentation import Ints
from clusterbench.text import printable

_KEYS = ("merge", "partition", "segments")
_SEGMENT_KEYS = ("evidence", "name", "suggested")
_HEAD = """\
# Names of the segments. A name that you edit wins over the suggested one.
# To make one segment of several, list their ids: merge = [[2, 3]]. The ids in this file are those before merging.
"""


@dataclass(frozen=True, slots=True)
class NamesFile:
    """What an analyst declared; its numbers are those before merging, in the file their ids are written."""

    segment: Ints  # before merging, shape (n,)
    edited: Mapping[int, str] = field(default_factory=dict)
    merge: tuple[tuple[int, ...], ...] = ()
    earlier_ids: tuple[int, ...] = ()  # of the segments 1..m, ascending, where they continue those of a bundle

    @classmethod
    def parse(
        cls, text: str, segment: Ints, earlier_ids: tuple[int, ...] = (), *, where: str = "names.toml"
    ) -> NamesFile:
        """Read the file for the segments of a partition, shape (n,), 1..m and 0 for none.

        Raises
        ------
        RequestError
            If the text is no such file, names a segment that is not there, gives two segments the same name, or was
            written for another partition.
        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RequestError(f"not valid TOML: {error}", where=where) from error
        for key in content:
            if key not in _KEYS:
                raise unknown("key", key, _KEYS, where=where)
        known, ours = earlier_ids or _numbers(segment), partition_hash(segment)
        if content.get("partition", ours) != ours:
            if not content.get("merge") and not any(map(_is_edited, _tables(content, where).values())):
                return cls(segment, earlier_ids=earlier_ids)
            raise RequestError(
                f"these names are of another partition ({content['partition']}, not {ours})",
                where=where,
                allowed="the file that was written for this entry; delete it to start again, or delete its line "
                "'partition' to use the names by segment id",
            )
        merge = _merge(content.get("merge", []), known, where)
        return cls(segment, _edited(_tables(content, where), known, where), merge, earlier_ids)

    @property
    def merged(self) -> Ints:
        """The segments after merging, shape (n,), 0 for none; numbered by size again if no ids are continued."""
        return self._map()[self.segment]

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The numbers before merging of each segment after merging, in the order of their new numbers."""
        new = self._map()
        return tuple(tuple(np.flatnonzero(new == one).tolist()) for one in range(1, int(new.max(initial=0)) + 1))

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the segments after merging: the first of each group, where ids are continued, else 1, 2, ..."""
        if not self.earlier_ids:
            return tuple(range(1, len(self.groups) + 1))
        return tuple(self.earlier_ids[group[0] - 1] for group in self.groups)

    @property
    def written_ids(self) -> tuple[int, ...]:
        """The ids before merging, as the file has them."""
        return self.earlier_ids or _numbers(self.segment)

    def _map(self) -> Ints:
        """Return the new number of each number, shape (m + 1,)."""
        sizes = np.bincount(self.segment)
        first = np.arange(len(sizes))
        for group in self.merge:
            first[list(group)] = group[0]
        joined = np.bincount(first, weights=sizes, minlength=len(sizes))
        by_size = np.argsort(-joined, kind="stable")
        order = [one for one in (np.arange(len(first)) if self.earlier_ids else by_size) if one and first[one] == one]
        new = np.zeros(len(sizes), dtype=np.int64)
        new[order] = np.arange(1, len(order) + 1)
        return np.asarray(new[first], dtype=np.int64)


def _numbers(segment: Ints) -> tuple[int, ...]:
    return tuple(range(1, int(segment.max(initial=0)) + 1))


def partition_hash(segment: Ints) -> str:
    """Return the first 12 digits of the SHA-256 of the segments of all rows (little-endian int64)."""
    return hashlib.sha256(np.ascontiguousarray(segment, dtype="<i8").tobytes()).hexdigest()[:12]


def names_toml(declared: NamesFile, names: Sequence[SegmentName], suggested: Sequence[str]) -> str:
    """Return the content of ``names.toml`` with the names of the segments after merging."""
    ids = declared.written_ids
    merge = [[ids[one - 1] for one in group] for group in declared.merge]
    lines = [_HEAD + f"merge = {json.dumps(merge)}", f'partition = "{partition_hash(declared.segment)}"']
    for name, suggestion, group in zip(names, suggested, declared.groups, strict=True):
        lines += [
            f"\n[segments.{ids[group[0] - 1]}]",
            f"name = {_string(name.name)}",
            f"suggested = {_string(suggestion)}",
            f"evidence = {_string(name.evidence_text)}",
        ]
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)


def _segment(text: object, known: tuple[int, ...], where: str) -> int:
    """Return the number of the segment with an id."""
    if not str(text).isascii() or not str(text).isdecimal() or int(str(text)) not in known:
        raise RequestError(f"unknown segment {text!r}", where=where, allowed=", ".join(map(str, known)))
    return known.index(int(str(text))) + 1


def _merge(groups: object, known: tuple[int, ...], where: str) -> tuple[tuple[int, ...], ...]:
    allowed = "lists of at least two segment ids, such as [[2, 3]], each id once"
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise RequestError(f"{groups!r} is no list of lists", where=f"{where}: merge", allowed=allowed)
    merged = tuple(tuple(sorted(_segment(one, known, f"{where}: merge") for one in group)) for group in groups)
    ids = [one for group in merged for one in group]
    if len(set(ids)) < len(ids) or any(len(group) < 2 for group in merged):
        raise RequestError(f"{groups!r} cannot be merged", where=f"{where}: merge", allowed=allowed)
    if len(known) - len(ids) + len(merged) < 2:
        raise RequestError("one segment alone would be left", where=f"{where}: merge", allowed="at least two segments")
    return merged


def _tables(content: Mapping[str, object], where: str) -> Mapping[str, object]:
    """Return the tables of segments by the text of their ids."""
    segments = content.get("segments", {})
    if not isinstance(segments, dict):
        raise RequestError("segments is no table", where=where, allowed="[segments.1] with name = ...")
    return segments


def _is_edited(facts: object) -> bool:
    return not isinstance(facts, dict) or facts.get("name") != facts.get("suggested")


def _edited(segments: Mapping[str, object], known: tuple[int, ...], where: str) -> dict[int, str]:
    """Return the names that differ from the suggested ones."""
    edited: dict[int, str] = {}
    for key, facts in segments.items():
        place = f"{where}: segments.{key}"
        one = _segment(key, known, f"{where}: segments")
        name = facts.get("name") if isinstance(facts, dict) else None
        if not isinstance(facts, dict) or not isinstance(name, str) or not name.strip():
            raise RequestError(f"segment {key} has no name", where=place, allowed='name = "some text"')
        for other in facts:
            if other not in _SEGMENT_KEYS:
                raise unknown("key", other, _SEGMENT_KEYS, where=place)
        if _is_edited(facts):
            edited[one] = printable(name.strip())
    doubles = {name for name in edited.values() if list(edited.values()).count(name) > 1}
    if doubles:
        raise RequestError(f"two segments are called {sorted(doubles)[0]!r}", where=where, allowed="one name for each")
    return edited
