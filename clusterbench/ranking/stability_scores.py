"""The stability of entries: means over refits on resampled rows, the refits, or the reason why there is none."""

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
    """Return mean_ari, min_ari and mean_jaccard per entry, over the resampled seeds; NaN where not measured.

    Parameters
    ----------
    frame : DataFrame, E rows
        The entries, with their cuts.
    stability : DataFrame or None
        The key of a cut, mean_ari and possibly seed, min_ari, mean_jaccard, refits and reason.
    """
    if stability is None or stability.empty:
        return pd.DataFrame(np.nan, index=frame.index, columns=list(_RULES))
    require_columns(stability, STABILITY_COLUMNS, "stability")
    rules = {name: rule for name, rule in _RULES.items() if name in stability.columns}
    here = stability[stability["dataset"].isin(frame["dataset"].unique())]
    means = here.groupby(CUT_KEY, as_index=False, dropna=False).agg(rules)
    joined = frame[CUT_KEY].merge(means, on=CUT_KEY, how="left")
    return joined.reindex(columns=list(_RULES)).astype(np.float64)


def refits_of(frame: pd.DataFrame, stability: pd.DataFrame | None) -> Floats:
    """Return the adjusted Rand index of every refit of each entry, shape (E, F); NaN where it was not measured.

    F is 0 where `stability` holds only means.
    """
    refits = [json.loads(text) if text else [] for text in _texts(frame, stability, "refits")]
    most = max(map(len, refits), default=0)
    if any(len(values) not in (0, most) for values in refits):
        raise RequestError("entries have different numbers of refits", where="stability")
    return np.array([values or [np.nan] * most for values in refits], dtype=np.float64).reshape(len(frame), most)


def stability_reasons(frame: pd.DataFrame, stability: pd.DataFrame | None) -> list[str]:
    """Return why each entry has no stability, for those that have none."""
    return [text or "not measured" for text in _texts(frame, stability, "reason")]


def _texts(frame: pd.DataFrame, stability: pd.DataFrame | None, column: str) -> list[str]:
    """Return a text column of `stability` per entry, "" where there is none."""
    if stability is None or column not in stability.columns:
        return [""] * len(frame)
    texts = frame[CUT_KEY].merge(stability.drop_duplicates(CUT_KEY), on=CUT_KEY, how="left")[column]
    return [text if isinstance(text, str) else "" for text in texts]


def mean_stability(parts: Sequence[Floats]) -> pd.DataFrame:
    """Return the mean of the stability over datasets, each of shape (E, 3); NaN where one lacks it."""
    return pd.DataFrame(np.mean(parts, axis=0), columns=list(_RULES))
