"""Means of regrets with intervals, per question, rule and kind of table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from clusterbench.seeding import stable_rng
from clusterbench.tables import Floats
from clusterbench.truth.labelled_benchmark import TableOrigin
from clusterbench.truth.regrets import K_MEANS, RANDOM, Question

ALL_KINDS = "all"
LARGE_REGRET = 0.5
_DRAWS = 2000
_CONFIDENCE = 0.9


def with_origins(regret: pd.DataFrame, origins: Mapping[str, TableOrigin]) -> pd.DataFrame:
    """Return the rows of `regrets` with the kind and the battery of each table, named in front."""
    kinds = regret["table"].map({name: origin.kind for name, origin in origins.items()})
    batteries = regret["table"].map({name: origin.battery for name, origin in origins.items()})
    placed = regret.assign(kind=kinds, battery=batteries)
    return placed[["table", "kind", "battery", *(name for name in regret.columns if name != "table")]]


def summarise(regret: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return means over tables, per question, rule and kind of table, and over all kinds.

    Parameters
    ----------
    regret : DataFrame
        The rows of `regrets` with kind and battery.
    seed : int
        Of the bootstrap over tables, in which a battery is drawn as a whole.

    Returns
    -------
    DataFrame
        question, kind, rule, tables, mean, low, high (90 % interval), median, large (share of tables with a regret
        above 0.5), spearman (mean over tables); by question, kind and mean.
    """
    rows = []
    whole = pd.concat([regret.assign(kind=ALL_KINDS), regret])
    for (question, kind, rule), group in whole.groupby(["question", "kind", "rule"], sort=False):
        low, high = _interval(group, seed)
        values = group["regret"]
        large, spearman = float((values > LARGE_REGRET).mean()), float(group["spearman"].mean())
        rows.append((question, kind, rule, len(group), values.mean(), low, high, values.median(), large, spearman))
    columns = ["question", "kind", "rule", "tables", "mean", "low", "high", "median", "large", "spearman"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["question", "kind", "mean"], kind="stable").reset_index(drop=True)


def _interval(group: pd.DataFrame, seed: int) -> tuple[float, float]:
    """Return the interval of the mean regret under batteries drawn with replacement."""
    batteries = group.groupby("battery")["regret"].agg(["sum", "count"])
    sums: Floats = batteries["sum"].to_numpy(dtype=np.float64)
    counts: Floats = batteries["count"].to_numpy(dtype=np.float64)
    picks = stable_rng(seed, "regret", len(counts)).integers(len(counts), size=(_DRAWS, len(counts)))
    means = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    low, high = np.quantile(means, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return float(low), float(high)


LEFT_OUT = "best rule on the other batteries"


def leave_one_battery_out(regret: pd.DataFrame) -> pd.DataFrame:
    """Return the regrets of the rule that is best on all other batteries: by its mean regret, every kind counting once.

    It says what choosing a rule by such evidence is worth on tables that were not part of it. Kinds count alike,
    however many tables they have: otherwise a large battery left out would take most of its kind with it.

    Returns
    -------
    DataFrame
        Rows as in `regret`, of the rule ``best rule on the other batteries``; `chosen_rule` names it.
    """
    first = regret[(regret["question"] == str(Question.ALL)) & ~regret["rule"].isin([RANDOM, K_MEANS])]
    parts = []
    for battery in first["battery"].unique():
        others = first[first["battery"] != battery]
        if others.empty:
            continue
        best = str(others.groupby(["rule", "kind"])["regret"].mean().groupby("rule").mean().idxmin())
        rows = regret[(regret["battery"] == battery) & (regret["rule"] == best)]
        parts.append(rows.assign(rule=LEFT_OUT, chosen_rule=best))
    return pd.concat(parts, ignore_index=True) if parts else regret.iloc[:0].assign(chosen_rule="")
