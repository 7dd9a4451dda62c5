"""Tie letters: a compact letter display of the entries that are not separated."""

from __future__ import annotations

import re
import string

import numpy as np

from clusterbench.tables import Bools

_SINGLE = string.ascii_lowercase + string.ascii_uppercase
_TOKEN = re.compile(r"[A-Za-z]|\(\d+\)")


def tie_letters(apart: Bools) -> list[str]:
    """Return the letters of each entry: two entries share a letter exactly when they are not separated.

    The groups cover all pairs that are not separated by sets in which no pair is separated, as in the insert-absorb
    algorithm (Piepho 2004, doi:10.1198/1061860043515), but grown greedily in the order of the entries: insert-absorb
    may need exponentially many letters, this needs at most one per pair.

    Parameters
    ----------
    apart : ndarray of bool, shape (E, E)
        The separated pairs; symmetric, entries in the order of the board.

    Returns
    -------
    list of str, length E
        Letters a-z, A-Z, then (53), (54), ...

    Examples
    --------
    >>> import numpy as np
    >>> tie_letters(np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool))
    ['a', 'ab', 'b']
    """
    n = len(apart)
    # Sets of entries are integers with one bit per entry, which are intersected in one operation.
    bits = np.packbits(~(apart | apart.T) | np.eye(n, dtype=bool), axis=1, bitorder="little")
    together = [int.from_bytes(row.tobytes(), "little") for row in bits]
    covered = [0] * n
    groups: list[int] = []
    for i in range(n):
        while open_pairs := (together[i] & ~covered[i]) >> i << i:
            group = _grow(i, open_pairs, together)
            groups.append(group)
            for member in _members(group):
                covered[member] |= group
    names = [letter(index) for index in range(len(groups))]
    return ["".join(names[g] for g, group in enumerate(groups) if group >> i & 1) for i in range(n)]


def _grow(first: int, open_pairs: int, together: list[int]) -> int:
    """Return the group of `first`: its pairs that still lack a letter, in order, then all others that fit."""
    group = 1 << first
    allowed = together[first]
    for candidates in (open_pairs & ~group, together[first]):
        for candidate in _members(candidates):
            if allowed >> candidate & 1 and not group >> candidate & 1:
                group |= 1 << candidate
                allowed &= together[candidate]
    return group


def _members(group: int) -> list[int]:
    members = []
    while group:
        lowest = group & -group
        members.append(lowest.bit_length() - 1)
        group ^= lowest
    return members


def letter(index: int) -> str:
    """Return the name of the tie group number `index`, from 0."""
    return _SINGLE[index] if index < len(_SINGLE) else f"({index + 1})"


def letters_of(tie: str) -> frozenset[str]:
    """Return the letters in a value of the column ``tie``.

    Examples
    --------
    >>> sorted(letters_of("ab(53)"))
    ['(53)', 'a', 'b']
    """
    return frozenset(_TOKEN.findall(tie))
