"""The first entry against random partitions of its own k: how many of them score as well?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterbench.ranking.alerts import Alert, AlertKind
from clusterbench.ranking.rules import RankingSpec
from clusterbench.tables import OVERALL

_RARE = 0.10


def chance_share(row: pd.Series, baselines: pd.DataFrame, spec: RankingSpec) -> float:
    """Return the share of random partitions that score at least as well as an entry, mean over metrics and spaces.

    A z-score does not answer this: where clusters are clear, some random partitions find them, which widens the spread.

    Parameters
    ----------
    row : Series
        A row of the leaderboard: dataset, k and the score columns ``metric@space``.
    baselines : DataFrame
        dataset, space, k, metric, value.

    Returns
    -------
    float
        NaN where there are no random partitions of that k.
    """
    of_k = baselines[(baselines["dataset"] == row["dataset"]) & (baselines["k"] == row["k"])]
    shares = []
    for metric in spec.facts:
        for space in spec.reference_spaces:
            partitions = of_k[(of_k["metric"] == metric.name) & (of_k["space"] == space)]
            random = partitions["value"].to_numpy(dtype=np.float64, na_value=np.nan)
            random = random[~np.isnan(random)]
            value = row[f"{metric.name}@{space}"]
            if len(random) and not pd.isna(value):
                shares.append(float(np.mean(metric.sign * random >= metric.sign * value)))
    return float(np.mean(shares)) if shares else float("nan")


def chance_alerts(table: pd.DataFrame, baselines: pd.DataFrame, spec: RankingSpec) -> list[Alert]:
    """Return an alert for every dataset in which random partitions often score as well as the first entry."""
    alerts = []
    contenders = table[~table["control"].astype(bool) & ~table["oracle"].astype(bool) & (table["dataset"] != OVERALL)]
    for dataset, rows in contenders.groupby("dataset", sort=False):
        first = rows.iloc[0]
        share = chance_share(first, baselines, spec)
        if share > _RARE:
            text = (
                f"random partitions come close: {share:.0%} of those with k = {first['k']} score at least as"
                " well as the first entry (mean over metrics and reference spaces)"
            )
            alerts.append(Alert(AlertKind.CHANCE, text, str(dataset)))
    return alerts
