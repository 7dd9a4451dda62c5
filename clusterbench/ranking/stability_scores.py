"""Stability as it reaches a board: means over refits on resampled rows, the refits themselves, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.ranking.score_matrix import STABILITY_COLUMNS
from clusterbench.tables import CUT_KEY, Floats, require_columns

_RULES = {"mean_ari": "mean", "min_ari": "min", "mean_jaccard": "mean"}


def stability_of(frame: pd.DataFrame, stability: pd.DataFrame | None) -> pd.DataFrame:
    """Return mean_ari, min_ari and mean_jaccard per entry, over the seeds that were resampled; NaN where not measured.

    Parameters
    ----------
    frame : DataFrame, E rows
        The entries, with their cuts.
    stability : DataFrame or None
        The key of a cut, mean_ari and possibly seed, min_ari, mean_jaccard, refits and reason.
    """
    empty = pd.DataFrame(np.nan, index=frame.index, columns=list(_RULES))
    if stability is None or stability.empty:
        return empty
    require_columns(stability, STABILITY_COLUMNS, "stability")
    there = {name: rule for name, rule in _RULES.items() if name in stability.columns}
    mine = stability[stability["dataset"].isin(frame["dataset"].unique())]
    groups = mine.groupby(CUT_KEY, as_index=False, dropna=False).agg(there)
    if not len(groups):
        return empty
    joined = frame[CUT_KEY].merge(groups, on=CUT_KEY, how="left")
    if len(joined) != len(frame):
        raise RequestError("an entry is repeated", where="stability")
    return joined.reindex(columns=list(_RULES)).astype(np.float64)


def refits_of(frame: pd.DataFrame, stability: pd.DataFrame | None) -> Floats:
    """Return the adjusted Rand index of every refit of each entry, shape (E, F); NaN where it was not measured.

    F is 0 where the table of stability holds means alone.
    """
    told = [json.loads(text) if text else [] for text in _told(frame, stability, "refits")]
    most = max(map(len, told), default=0)
    if any(len(values) not in (0, most) for values in told):
        raise RequestError("entries have different numbers of refits", where="stability")
    return np.array([values or [np.nan] * most for values in told], dtype=np.float64).reshape(len(frame), most)


def stability_reasons(frame: pd.DataFrame, stability: pd.DataFrame | None) -> list[str]:
    """Return why an entry has no stability, as far as that is told."""
    return [text or "not measured" for text in _told(frame, stability, "reason")]


def _told(frame: pd.DataFrame, stability: pd.DataFrame | None, column: str) -> list[str]:
    """Return a text of the table of stability per entry, "" where there is none."""
    if stability is None or column not in stability.columns:
        return [""] * len(frame)
    rows = stability.drop_duplicates(CUT_KEY)
    found = frame[CUT_KEY].merge(rows, on=CUT_KEY, how="left")[column]
    return [text if isinstance(text, str) else "" for text in found]


def mean_stability(parts: Sequence[Floats]) -> pd.DataFrame:
    """Return the mean of an entry's stability over datasets, each of shape (E, 3); NaN where one lacks it."""
    return pd.DataFrame(np.mean(parts, axis=0), columns=list(_RULES))
