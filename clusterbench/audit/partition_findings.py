"""Findings about one partition: degenerate sizes, seeds, local optima, chance, controls, stability."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterbench.audit.audit_findings import Finding, FindingKind
from clusterbench.audit.claim import ClaimedResult
from clusterbench.audit.claim_fits import ClaimFits, Fit, Steps, fit_rows, silhouettes
from clusterbench.labeling import Floats, Labeling
from clusterbench.metrics import METRICS, random_partitions
from clusterbench.naming import Cut
from clusterbench.plugins import as_partition
from clusterbench.ranking import Gate, gate_reason
from clusterbench.running.draw_stage import compare_labels, draw_rows
from clusterbench.seeding import stable_rng
from clusterbench.structure import copula_table
from clusterbench.text import percent

SEEDS = 20
_STARTS = 5  # further seeds, each with at least 10 starts where the algorithm has them
_BETTER = 1e-3  # of the inertia: less is the same optimum
_NULL_TABLES = 19
_NULL_ROWS = 3000
_DRAWS = 10
_STABLE = 0.8
_FEWEST_ROWS = 40  # of fewer, halves say nothing
_CONTROL_DRAWS = 20
_SAME = 1e-6  # difference of two silhouettes that are one


def degenerate_sizes(result: ClaimedResult, fit: Fit) -> Iterator[Finding]:
    """Yield why the gate rejects a partition, as fitted and as claimed."""
    labeling = fit.labeling
    reason = gate_reason(labeling.sizes, labeling.n_noise, len(labeling.labels), Gate())
    if labeling.n_clusters < 2:
        noise = f" plus {labeling.n_noise} rows of noise" if labeling.n_noise else ""
        reason = f"{labeling.n_clusters} cluster{noise} is not a clustering: every score is undefined"
    if reason is None and result.sizes:
        claimed = gate_reason(result.sizes, int(result.numbers.get("noise", 0)), sum(result.sizes), Gate())
        reason = f"as claimed: {claimed}" if claimed else None
    if reason:
        yield Finding(FindingKind.DEGENERATE, reason)


@dataclass(frozen=True, slots=True)
class SeedBand:
    """Fits with other seeds, where a claim states none: the band of their silhouettes."""

    fits: tuple[Fit, ...]
    metric: str
    low: float
    high: float
    partitions: int

    @property
    def finding(self) -> Finding:
        values = "undefined" if math.isnan(self.low) else f"{self.low:.4f} to {self.high:.4f}"
        evidence = (
            f"over {len(self.fits)} seeds the {self.metric} is {values}, with {self.partitions} different partitions"
        )
        return Finding(FindingKind.UNSEEDED, evidence)


def seed_band(fits: ClaimFits, result: ClaimedResult, steps: Steps, scored_in: Steps) -> SeedBand:
    """Fit a result with `SEEDS` seeds."""
    made = tuple(fits.fit(result, steps, seed) for seed in range(SEEDS))
    metric = next((name for name in result.numbers if name in METRICS), "silhouette")
    if metric == "silhouette":
        values = silhouettes(fits.space(scored_in), [each.labeling.labels for each in made])
    else:
        values = np.array([fits.scores(result, each, scored_in)[metric] for each in made])
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (math.nan, math.nan)
    return SeedBand(made, metric, low, high, len({each.labeling.sha256 for each in made}))


def local_optimum(fits: ClaimFits, result: ClaimedResult, fit: Fit, steps: Steps) -> Iterator[Finding]:
    """Yield a better objective that further starts reach."""
    params = result.algorithm.resolve(dict(result.params))
    if fit.inertia is None or result.algorithm.is_deterministic(params):
        return
    more = _more_starts(result)
    tried = [fits.fit(result, steps, 1000 + seed, **more) for seed in range(_STARTS)]
    best = min(tried, key=lambda other: math.inf if other.inertia is None else other.inertia)
    if best.inertia is not None and best.inertia < fit.inertia * (1 - _BETTER):
        gain, sizes = 1 - best.inertia / fit.inertia, ", ".join(map(str, best.labeling.sizes))
        agreement, _ = compare_labels(fit.labeling.labels, best.labeling.labels, fit.labeling.n_clusters)
        starts_text = f"{_STARTS * more.get('n_init', 1)} further starts"
        lower = f"an inertia {percent(gain, 1)} lower ({best.inertia:.6g} instead of {fit.inertia:.6g})"
        yield Finding(
            FindingKind.LOCAL_OPTIMUM,
            f"{starts_text} reach {lower}, with sizes {sizes} and ARI {agreement:.2f} to this one",
        )


def _more_starts(result: ClaimedResult) -> dict[str, Any]:
    """Return at least 10 starts for an algorithm that has them."""
    starts = result.algorithm.resolve(dict(result.params)).get("n_init")
    return {"n_init": max(10, starts)} if isinstance(starts, int) else {}


def beside_chance(fits: ClaimFits, result: ClaimedResult, steps: Steps, seed: int) -> Iterator[Finding]:
    """Yield that tables without clusters reach the silhouette at this k, with the largest k at which they do not."""
    if result.cut.k is None:
        return
    rows = fits.space(steps)
    if len(rows) > _NULL_ROWS:
        chosen = stable_rng(seed, "audit: rows beside chance").choice(len(rows), _NULL_ROWS, replace=False)
        rows = np.ascontiguousarray(rows[np.sort(chosen)])
    rng = stable_rng(seed, "audit: tables without clusters")
    tables = [copula_table(rows, rng) for _ in range(_NULL_TABLES)]
    here, null = _beside(result, rows, tables, result.cut.k, seed)
    if here > null:
        return
    smaller = range(result.cut.k - 1, 1, -1)
    supported = next((k for k in smaller if np.greater(*_beside(result, rows, tables, k, seed))), None)
    upto = f"the largest k above chance is {supported}" if supported else "no k up to this one is above chance"
    evidence = f"at k = {result.cut.k} the silhouette is {here:.3f}; {_NULL_TABLES} tables of the same columns and rank"
    yield Finding(FindingKind.CHANCE, f"{evidence} correlations but without clusters reach {null:.3f}; {upto}")


def _beside(result: ClaimedResult, rows: Floats, tables: list[Floats], k: int, seed: int) -> tuple[float, float]:
    values = []
    for table in (rows, *tables):
        fit = fit_rows(result, table, seed, Cut("k", k), **_more_starts(result))  # the question is k, not the optimum
        # A table without clusters reaches a high value with a few far rows as a cluster: the gate rejects it.
        counts = table is rows or _passes(fit.labeling)
        values.append(float(silhouettes(table, [fit.labeling.labels])[0]) if counts else math.nan)
    return values[0], max((value for value in values[1:] if not math.isnan(value)), default=-math.inf)


def slices_as_well(fits: ClaimFits, fit: Fit, steps: Steps) -> Iterator[Finding]:
    """Yield that slices of one column, as many as there are clusters, have a silhouette as high."""
    rows, k = fits.space(steps), fit.labeling.n_clusters
    cutter = fits.claim.registry.algorithms["quantile_split"].build(rows, 0)
    slices = Labeling.of(as_partition(cutter(k=k), len(rows)).labels)
    if _passes(slices):
        value, own = silhouettes(rows, [slices.labels, fit.labeling.labels])
        yield from _as_well(f"{k} slices of one column", float(value), float(own))


def random_centroids_as_well(fits: ClaimFits, fit: Fit, steps: Steps) -> Iterator[Finding]:
    """Yield that random centroids, as many as there are clusters, have a silhouette as high on average."""
    rows, k = fits.space(steps), fit.labeling.n_clusters
    if k <= len(np.unique(rows, axis=0)):
        drawn = [Labeling.of(one) for one in random_partitions(rows, k, n_centroid=_CONTROL_DRAWS, n_growth=0)]
        passing = [one for one in drawn if _passes(one)] or drawn
        *values, own = silhouettes(rows, [*(one.labels for one in passing), fit.labeling.labels])
        yield from _as_well(f"{k} random centroids, on average of {len(values)},", float(np.mean(values)), float(own))


def _as_well(control: str, value: float, own: float) -> Iterator[Finding]:
    if value >= own - _SAME:
        evidence = f"the silhouette of {control} is {value:.3f}, that of the claim {own:.3f}"
        yield Finding(FindingKind.CONTROLS, evidence)


def _passes(labeling: Labeling) -> bool:
    return gate_reason(labeling.sizes, labeling.n_noise, len(labeling.labels), Gate()) is None


def stability(fits: ClaimFits, result: ClaimedResult, fit: Fit, steps: Steps, seed: int) -> float:
    """Return the mean agreement (ARI) of refits to halves of the rows with the partition, NaN for a short table."""
    rows = fits.space(steps)
    if len(rows) < _FEWEST_ROWS:
        return math.nan
    agreements = []
    for number in range(_DRAWS):
        part = draw_rows(len(rows), seed, number)
        refit = fit_rows(result, rows[part], seed, result.cut)
        before = fit.labeling.labels[part]
        agreements.append(compare_labels(before, refit.labeling.labels, fit.labeling.n_clusters)[0])
    return float(np.mean(agreements))


def not_stable(agreement: float) -> Iterator[Finding]:
    """Yield that a partition does not come back on halves of the rows."""
    if agreement < _STABLE:
        evidence = f"refits to {_DRAWS} halves of the rows agree with it by an ARI of {agreement:.2f} on average"
        yield Finding(FindingKind.NOT_STABLE, f"{evidence}, below {_STABLE}")
