"""Fit what `clusterbench trust` says, and measure on batteries left out of the fit how far it is right."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clusterbench.results import StoredRun
from clusterbench.text import percent
from clusterbench.trust import FEATURES, Coefficients, estimate_trust, first_place_features
from clusterbench.truth.regrets import RANDOM, Question
from clusterbench.truth.rule_files import DEFAULT

_TAILS = (0.05, 0.95)
_PENALTY = 0.005  # of the absolute coefficients of standardised features: few tables, so few large coefficients
_RIDGE = 5.0
_LEAST_TABLES = 30
LARGE_REGRET = 0.5


def trust_table(run: StoredRun, table: pd.DataFrame, regret: pd.DataFrame) -> pd.DataFrame:
    """Return the features of each table, its regret under the default rule, and that of a random pick.

    Parameters
    ----------
    run : StoredRun
    table : DataFrame
        The leaderboard by the default rule.
    regret : DataFrame
        See `regrets`, with battery.

    Returns
    -------
    DataFrame
        table, battery, the features, regret, random: one row per table of which all is known.
    """
    first = regret[regret["question"] == str(Question.ALL)].set_index("table")
    own, random = first[first["rule"] == DEFAULT], first[first["rule"] == RANDOM]["regret"]
    rows = []
    for name, row in own.iterrows():
        dataset = run.record.datasets[str(name)]
        features = first_place_features(
            table[table["dataset"] == name],
            n_rows=dataset.n_rows,
            n_columns=len(dataset.columns),
            reference_spaces=run.record.references[str(name)],
        )
        if features is not None:
            known = {"regret": row["regret"], "random": random[str(name)]}
            rows.append({"table": name, "battery": row["battery"], **features, **known})
    return pd.DataFrame(rows, columns=["table", "battery", *FEATURES, "regret", "random"])


def fit_trust(tables: pd.DataFrame) -> tuple[Coefficients, pd.DataFrame] | None:
    """Fit the coefficients on all tables, and on those outside each battery for its own tables.

    Linear quantile regression (Koenker & Bassett 1978, doi:10.2307/1913643) for the ends of the interval, ridge
    regression for the random pick.

    Parameters
    ----------
    tables : DataFrame
        See `trust_table`.

    Returns
    -------
    Coefficients, DataFrame
        And `tables` with low, high, random_expected, abstains: what was said of each table without its battery. None
        for fewer than 30 tables or two batteries.
    """
    if len(tables) < _LEAST_TABLES or tables["battery"].nunique() < 2:
        return None
    parts = []
    for battery, group in tables.groupby("battery"):
        fitted = _fit(tables[tables["battery"] != battery])
        features = ({name: float(row[name]) for name in FEATURES} for _, row in group.iterrows())
        said = [estimate_trust(each, fitted) for each in features]
        parts.append(
            group.assign(
                low=[one.low for one in said],
                high=[one.high for one in said],
                random_expected=[one.random for one in said],
                abstains=[one.abstains for one in said],
            )
        )
    checked = pd.concat(parts).loc[tables.index]
    inside = checked["regret"].between(checked["low"] - 1e-9, checked["high"] + 1e-9)
    return _fit(tables, coverage=float(inside.mean())), checked


def _fit(tables: pd.DataFrame, coverage: float = np.nan) -> Coefficients:
    from sklearn.linear_model import QuantileRegressor, Ridge

    values = tables[list(FEATURES)].to_numpy(dtype=np.float64)
    centre, spread = values.mean(axis=0), values.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = (values - centre) / spread
    models = [QuantileRegressor(quantile=tail, alpha=_PENALTY, solver="highs") for tail in _TAILS]
    targets = ["regret", "regret", "random"]
    sums = []
    for model, target in zip([*models, Ridge(_RIDGE)], targets, strict=True):
        model.fit(scaled, tables[target])
        weights = model.coef_ / spread
        constant = float(model.intercept_ - weights @ centre)
        sums.append({"constant": constant, **dict(zip(FEATURES, map(float, weights), strict=True))})
    low, high, random = sums
    return Coefficients(low, high, random, len(tables), coverage)


def trust_text(coefficients: Coefficients, checked: pd.DataFrame) -> str:
    """Return a Markdown section: coverage, abstention, and the table of coefficients."""
    kept = checked[~checked["abstains"].astype(bool)]
    shares = [float((frame["regret"] > LARGE_REGRET).mean()) if len(frame) else np.nan for frame in (checked, kept)]
    lines = [
        "## How far can the first place be trusted?",
        "",
        "Said of each table by coefficients fitted on the other batteries: the regret was inside the 90 % interval on "
        f"{percent(coefficients.coverage)} of {len(checked)} tables. It abstains on {len(checked) - len(kept)} of"
        f" them. The mean regret is {kept['regret'].mean():.3f} where it does not and {checked['regret'].mean():.3f} on"
        f" all; a regret above {LARGE_REGRET:g} has {percent(shares[1])} against {percent(shares[0])}.",
        "",
        "| feature | low | high | random pick | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, meaning in {"constant": "", **FEATURES}.items():
        sums = (coefficients.low, coefficients.high, coefficients.random)
        lines.append(f"| {name} | {' | '.join(f'{each[name]:.4f}' for each in sums)} | {meaning} |")
    return "\n".join(lines) + "\n"


def trust_toml(coefficients: Coefficients) -> str:
    """Return the coefficients as the file that `clusterbench.trust` reads."""
    lines = [f"tables = {coefficients.tables}", f"coverage = {coefficients.coverage:.4f}"]
    for name in ("low", "high", "random"):
        lines += ["", f"[{name}]", *(f"{key} = {value:.6f}" for key, value in getattr(coefficients, name).items())]
    return "\n".join(lines) + "\n"
