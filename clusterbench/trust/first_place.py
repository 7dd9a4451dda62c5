"""What a board says of its first entry, as numbers that can be compared between tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

FEATURES: Mapping[str, str] = {
    "rows": "log10 of the number of rows",
    "columns": "log10 of the number of columns",
    "silhouette": "silhouette of the first entry, mean over reference spaces",
    "separation": "separation along the spanning tree of the first entry, mean over reference spaces",
    "stability": "stability of the first entry",
    "mean_stability": "mean stability of all contenders",
    "margin": "score of the first entry minus the best score of another partition",
    "separation_lag": "separation of the first entry minus the highest of all contenders",
}
"""The features by name, each with its meaning."""


def first_place_features(
    table: pd.DataFrame, *, n_rows: int, n_columns: int, reference_spaces: tuple[str, ...]
) -> dict[str, float] | None:
    """Return the `FEATURES` of the first entry of one board; None where they are not known.

    `table` has the rows of a leaderboard, of one dataset; controls and entries with the true k take no part. Nothing is
    known of a board without an entry, without draws, or not ordered by a score.
    """
    contenders = table[~table["control"].astype(bool) & ~table["oracle"].astype(bool)]
    if contenders.empty or "score" not in contenders or contenders["stability"].isna().all():
        return None
    first = contenders.iloc[0]
    separation = _mean(contenders, "mst_separation", reference_spaces)
    others = contenders.loc[contenders["labels_sha256"] != first["labels_sha256"], "score"]
    features = {
        "rows": float(np.log10(n_rows)),
        "columns": float(np.log10(n_columns)),
        "silhouette": float(_mean(contenders, "silhouette", reference_spaces).iloc[0]),
        "separation": float(separation.iloc[0]),
        "stability": float(first["stability"]),
        "mean_stability": float(contenders["stability"].mean()),
        "margin": float(first["score"] - others.max()) if len(others) else 0.0,
        "separation_lag": float(separation.iloc[0] - separation.max()),
    }
    return features if np.isfinite(list(features.values())).all() else None


def _mean(contenders: pd.DataFrame, metric: str, spaces: tuple[str, ...]) -> pd.Series:
    columns = [f"{metric}@{space}" for space in spaces if f"{metric}@{space}" in contenders]
    return contenders[columns].astype(float).mean(axis=1) if columns else pd.Series(np.nan, contenders.index)
