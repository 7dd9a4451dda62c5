"""Simulated credit-card customers: the table `credit-card`.

Every row is a fictitious customer over six to twelve months, with the 17 columns of the well-known card table that
`cc-general` holds. The numbers behind it (``simulator.toml``) are rounded summaries: shares, quantiles and
correlations of ranks per archetype, which is the `truth` of the table. No row of the real table is in them.

How a row is made:

1. Archetypes get their quota of rows (largest remainders), then the rows are shuffled.
2. The *zero pattern* says which of one-off purchases, instalments and cash advances occur; each archetype has its own
   shares of patterns, again by quota.
3. A Gaussian copula per archetype gives sixteen correlated normal scores.
4. Amounts, transaction counts, limits: piecewise lognormal quantile functions, in cents. A limit is a multiple of
   100 below 2,000 and of 500 above.
5. TENURE and the five frequencies: discrete shares; a frequency is ``round(j / TENURE, 6)`` with an integer ``j`` in
   ``0..TENURE``. The one-off and instalment months lie within the purchase months and cover them.
6. PURCHASES is exactly ONEOFF_PURCHASES + INSTALLMENTS_PURCHASES. An amount, its frequency and its count of
   transactions are zero together, and there is at least one transaction in each active month.
7. MINIMUM_PAYMENTS is missing where PAYMENTS is 0, and for the smallest 0.8 % of the balances; one CREDIT_LIMIT
   (per 8,950 rows, at least one) is missing.

What it does not mimic: the order of the rows, frequencies above 1, and sums that are off by rounding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from clusterbench.datasets.dataset import TruthKind
from clusterbench.datasets.named_datasets import CREDIT_CARD_COLUMNS, CREDIT_CARD_GROUPS, read_facts
from clusterbench.datasets.raw_table import RawTable
from clusterbench.errors import RequestError
from clusterbench.tables import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Archetype:
    """One kind of customer: see ``simulator.toml``. The correlation matrix, shape (16, 16), is positive definite."""

    name: str
    summary: str
    share: float
    patterns: Mapping[str, float]
    no_payment: float
    tenure: list[float]
    quantiles: Mapping[str, list[float]]
    frequencies: Mapping[str, list[float]]
    correlation: Floats


def _correlation(percent: list[list[float]]) -> Floats:
    """Complete the upper triangle of a correlation matrix; lift eigenvalues that rounding made too small to 0.001."""
    upper = np.zeros((len(percent) + 1, len(percent) + 1))
    for row, entries in enumerate(percent):
        upper[row, row + 1 :] = entries
    values, vectors = np.linalg.eigh(np.eye(len(upper)) + (upper + upper.T) / 100.0)
    lifted = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    scale = np.sqrt(np.diag(lifted))
    return np.asarray(lifted / np.outer(scale, scale))


_FACTS: Final = read_facts("simulator.toml")
LEVELS: Final[list[float]] = _FACTS["levels"]
ARCHETYPES: Final = tuple(
    Archetype(correlation=_correlation(facts.pop("correlations")), **facts) for facts in _FACTS["archetypes"]
)

_ROWS: Final = 8950  # of the real table
LATENT: Final = tuple(column for column in CREDIT_CARD_COLUMNS if column != "PURCHASES")
_AMOUNTS: Final = tuple(c for c in LATENT if c not in {*CREDIT_CARD_GROUPS["frequencies"], "TENURE"})
_PATTERN_LETTERS: Final = {"ONEOFF_PURCHASES": "O", "INSTALLMENTS_PURCHASES": "I", "CASH_ADVANCE": "C"}
_NOTHING: Final = [0.0] * len(LEVELS)
_NEVER: Final = [100.0] * 13
_SMALL_BALANCE_SHARE: Final = 73 / 8950
_SCORES: Final = np.clip(ndtri(np.array(LEVELS) / 100.0), -3.3, 3.3)  # of the quantiles; 3.3 instead of infinity
_MIN_ROWS: Final = 100  # so that every archetype occurs


def simulate_credit_card(*, n_rows: int, seed: int) -> RawTable:
    """Simulate at least 100 customers: ``CUST_ID`` (``S10001``, ``S10002``, ...), the 17 columns, and ``archetype``."""
    if n_rows < _MIN_ROWS:
        raise RequestError(f"n_rows = {n_rows} is too small", allowed=f"at least {_MIN_ROWS}")
    rng = np.random.Generator(np.random.PCG64(seed))
    sizes = _quota([archetype.share for archetype in ARCHETYPES], n_rows)
    blocks = [_customers(archetype, int(size), rng) for archetype, size in zip(ARCHETYPES, sizes, strict=True)]
    order = np.argsort(rng.random(n_rows), kind="stable")
    table = {column: np.concatenate([block[column] for block in blocks])[order] for column in LATENT}
    table["PURCHASES"] = table["ONEOFF_PURCHASES"] + table["INSTALLMENTS_PURCHASES"]
    _take_out(table, rng)
    truth = np.repeat(np.arange(len(sizes)), sizes)[order]
    kinds = pd.Index([archetype.name for archetype in ARCHETYPES])
    frame = pd.DataFrame({column: table[column] for column in CREDIT_CARD_COLUMNS})
    frame["archetype"] = pd.Categorical.from_codes(truth, categories=kinds)
    frame["CUST_ID"] = [f"S{10001 + row}" for row in range(n_rows)]
    source, kind = f"simulated, seed {seed}", TruthKind.GENERATED
    return RawTable(frame, source, id_column="CUST_ID", truth_columns=("archetype",), truth_kind=kind)


def _quota(shares: list[float], total: int) -> NDArray[np.int64]:
    """Split `total` in proportion to `shares` by largest remainders."""
    exact = np.array(shares, dtype=np.float64) / sum(shares) * total
    counts: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    most = np.argsort(counts - exact, kind="stable")[: total - int(counts.sum())]
    counts[most] += 1
    return counts


def _customers(archetype: Archetype, size: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Make the `size` customers of one archetype."""
    patterns = np.repeat(list(archetype.patterns), _quota(list(archetype.patterns.values()), size))
    active = {column: np.char.count(patterns, letter) > 0 for column, letter in _PATTERN_LETTERS.items()}
    score = dict(zip(LATENT, _scores(archetype, size, rng), strict=True))
    row = {column: _amount(archetype.quantiles.get(column, _NOTHING), score[column]) for column in _AMOUNTS}
    row["PAYMENTS"] = _payments(archetype, score["PAYMENTS"])
    row["TENURE"] = 6.0 + _discrete(archetype.tenure, score["TENURE"])
    step = np.where(row["CREDIT_LIMIT"] < 2000.0, 100.0, 500.0)
    row["CREDIT_LIMIT"] = np.maximum(np.rint(row["CREDIT_LIMIT"] / step) * step, 50.0)
    months = {
        column: _months(archetype.frequencies.get(column, _NEVER), score[column], row["TENURE"])
        for column in CREDIT_CARD_GROUPS["frequencies"]
    }
    _reconcile(months, active, row["TENURE"])
    for column, occurs in active.items():
        row[column] = np.where(occurs, np.maximum(row[column], 0.01), 0.0)
    for column, frequency in (("CASH_ADVANCE_TRX", "CASH_ADVANCE_FREQUENCY"), ("PURCHASES_TRX", "PURCHASES_FREQUENCY")):
        row[column] = np.where(months[frequency] > 0, np.maximum(np.rint(row[column]), months[frequency]), 0.0)
    for column, count in months.items():
        row[column] = np.round(count / row["TENURE"], 6)
    return row


def _scores(archetype: Archetype, size: int, rng: np.random.Generator) -> Floats:
    """Return correlated normal scores, shape (16, size).

    The factor is rounded and the sum taken term by term: a matrix product may differ between machines in its last bits,
    and the table must not.
    """
    factor = np.round(np.linalg.cholesky(archetype.correlation), 9)
    independent = ndtri(np.maximum(rng.random((len(LATENT), size)), 1e-12))
    scores = np.zeros((len(LATENT), size))
    for term, column in enumerate(factor.T):
        scores += column[:, np.newaxis] * independent[term]
    return scores


def _amount(quantiles: list[float], score: Floats) -> Floats:
    """Map normal scores to an amount, in cents: log1p of the quantiles is interpolated between their scores."""
    return np.asarray(np.round(np.expm1(np.interp(score, _SCORES, np.log1p(quantiles))), 2))


def _payments(archetype: Archetype, score: Floats) -> Floats:
    """Map scores to payments; the lowest share of them pays nothing."""
    rank, none = ndtr(score), archetype.no_payment / 100.0
    paying = np.clip((rank - none) / (1.0 - none), 1e-9, 1.0 - 1e-9)
    amount = np.maximum(_amount(archetype.quantiles["PAYMENTS"], ndtri(paying)), 0.01)
    return np.where(rank < none, 0.0, amount)


def _discrete(cumulated: list[float], score: Floats) -> Floats:
    """Return 0.. by the cumulated shares (in %) of the values."""
    return np.asarray(np.searchsorted(cumulated[:-1], 100.0 * ndtr(score), side="right"), dtype=np.float64)


def _months(cumulated: list[float], score: Floats, tenure: Floats) -> Floats:
    """Return the number of active months, at most `tenure`; a year's activity is kept in proportion."""
    twelfths = _discrete(cumulated, score)
    return np.where(twelfths > 0, np.maximum(np.rint(twelfths * tenure / 12.0), 1.0), 0.0)


def _reconcile(months: dict[str, Floats], active: dict[str, NDArray[np.bool_]], tenure: Floats) -> None:
    """Make the months of each kind fit the zero pattern and each other, in place."""
    one_off, instalments, cash = active.values()
    bought = one_off | instalments
    both = one_off & instalments
    all_months = np.where(bought, np.clip(months["PURCHASES_FREQUENCY"], 1.0, tenure), 0.0)
    single = np.where(both, np.clip(months["ONEOFF_PURCHASES_FREQUENCY"], 1.0, all_months), all_months)
    single = np.where(one_off, single, 0.0)
    parts = np.clip(months["PURCHASES_INSTALLMENTS_FREQUENCY"], np.maximum(all_months - single, 1.0), all_months)
    # Customers who only pay instalments have a few purchase months without a rate, never more than that.
    alone = np.clip(months["PURCHASES_INSTALLMENTS_FREQUENCY"], np.maximum(all_months - 2.0, 1.0), all_months)
    months["PURCHASES_FREQUENCY"] = all_months
    months["ONEOFF_PURCHASES_FREQUENCY"] = single
    months["PURCHASES_INSTALLMENTS_FREQUENCY"] = np.where(instalments, np.where(both, parts, alone), 0.0)
    months["CASH_ADVANCE_FREQUENCY"] = np.where(cash, np.clip(months["CASH_ADVANCE_FREQUENCY"], 1.0, tenure), 0.0)


def _take_out(table: dict[str, Floats], rng: np.random.Generator) -> None:
    """Make values missing as they are missing in reality, in place."""
    n_rows = len(table["BALANCE"])
    paying = np.flatnonzero(table["PAYMENTS"] > 0)
    smallest = paying[np.argsort(table["BALANCE"][paying], kind="stable")[: round(_SMALL_BALANCE_SHARE * n_rows)]]
    table["MINIMUM_PAYMENTS"][table["PAYMENTS"] == 0] = np.nan
    table["MINIMUM_PAYMENTS"][smallest] = np.nan
    n_limits = max(1, round(n_rows / _ROWS))
    table["CREDIT_LIMIT"][np.argsort(rng.random(n_rows), kind="stable")[:n_limits]] = np.nan
