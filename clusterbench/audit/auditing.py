"""Audit a claim: fit it again, compare its numbers, and look for the thirteen findings."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from clusterbench.audit.audit_findings import Finding
from clusterbench.audit.claim import Claim, ClaimedResult
from clusterbench.audit.claim_fits import ClaimFits, Fit, Steps, load_table, scores_of, with_imputation
from clusterbench.audit.claimed_numbers import Agreement, ComparedNumber, compare_numbers, worst
from clusterbench.audit.number_findings import explanations, noise_as_cluster, undefined_as_number
from clusterbench.audit.partition_findings import (
    beside_chance,
    degenerate_sizes,
    local_optimum,
    not_stable,
    random_centroids_as_well,
    seed_band,
    slices_as_well,
    stability,
)
from clusterbench.audit.table_findings import foreign_columns, idle_scalers, rows_dropped
from clusterbench.benchmark import DEFAULT_REFERENCE_SPACES
from clusterbench.errors import RequestError
from clusterbench.preprocessing import DEFAULT_VARIANTS, describe, parse_steps
from clusterbench.running import Progress, Silent

_CANDIDATES: tuple[list[dict[str, Any]], ...] = tuple(
    [{"step": "impute", "strategy": fill}, *scaler]
    for scaler in ([], [{"step": "standardize"}], [{"step": "minmax"}], [{"step": "robust"}])
    for fill in ("median", "mean")
)
"""Steps that are tried where a claim states none."""


class Standing(StrEnum):
    """Whether a claim holds under the rules of trust."""

    HOLDS = "holds"
    RESERVATIONS = "holds with reservations"
    FAILS = "does not hold"


@dataclass(frozen=True, slots=True)
class ResultAudit:
    """One result of a claim, fitted again."""

    name: str
    is_conclusion: bool
    numbers: tuple[ComparedNumber, ...]
    agreement: Agreement
    sizes: tuple[int, ...]
    n_noise: int
    own_silhouette: float
    reference_silhouettes: Mapping[str, float]  # in the reference spaces that the table allows
    stability: float  # NaN where it was not asked about
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """The answer to a claim."""

    title: str
    source: str
    quotes: tuple[str, ...]
    dataset: str
    n_rows: int
    n_all: int
    pipeline: str
    scored_in: str
    assumptions: tuple[str, ...]  # what the claim does not state, and what was taken
    findings: tuple[Finding, ...]  # about the whole claim
    results: tuple[ResultAudit, ...]

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings about the claim and about each of its results."""
        return (*self.findings, *(finding for result in self.results for finding in result.findings))

    @property
    def counted_findings(self) -> tuple[Finding, ...]:
        """The findings about the claim and about the results that its conclusion rests on."""
        return (*self.findings, *(each for one in self.results if one.is_conclusion for each in one.findings))

    @property
    def agreement(self) -> Agreement:
        """The worst agreement of its results; results without numbers do not count."""
        order = [Agreement.NOT, Agreement.CLOSE, Agreement.REPRODUCED]
        present = {result.agreement for result in self.results}
        return next((agreement for agreement in order if agreement in present), Agreement.NOTHING)

    @property
    def standing(self) -> Standing:
        """Whether the claim holds: not where its numbers are not reproduced, or a finding that counts refutes it."""
        if self.agreement is Agreement.NOT or any(finding.kind.refutes for finding in self.counted_findings):
            return Standing.FAILS
        return Standing.RESERVATIONS if self.counted_findings else Standing.HOLDS


def audit(claim: Claim, progress: Progress | None = None) -> Audit:
    """Fit the results of a claim again, compare their numbers and look for findings.

    RequestError if the table cannot be obtained, or a step or the algorithm refuses it.
    """
    shown = progress or Silent()
    try:
        fits = load_table(claim)
        claim, steps, assumptions = _stated(fits)
        fits.claim = claim
        file = claim.declared
        scored_in = file.scored_in if file.scored_in is not None else steps
        fits.space(steps), fits.space(scored_in)
        shown.stage("auditing", len(claim.results))
        results = []
        for result in claim.results:
            results.append(_audited(fits, result, steps, scored_in))
            shown.advance(1, result.name)
    except RequestError as error:
        raise error.within(str(claim.path)) from error
    return Audit(
        title=file.title,
        source=file.source,
        quotes=file.quotes,
        dataset=fits.dataset.name,
        n_rows=fits.dataset.n_rows,
        n_all=fits.n_all,
        pipeline=_words(fits, steps),
        scored_in=_words(fits, scored_in),
        assumptions=tuple(assumptions),
        findings=(*rows_dropped(fits), *foreign_columns(fits, steps), *idle_scalers(fits, steps)),
        results=tuple(results),
    )


def _audited(fits: ClaimFits, result: ClaimedResult, steps: Steps, scored_in: Steps) -> ResultAudit:
    fit, seed, findings = _fitted(fits, result, steps, scored_in)
    agreement = fits.agreement(result, fit, scored_in)
    noise = "zero"
    if undefined := undefined_as_number(fits, result, fit, scored_in):
        findings.append(undefined)
    elif agreement is not Agreement.REPRODUCED:
        if counted_noise := noise_as_cluster(fits, result, fit, scored_in):
            findings.append(counted_noise)
            noise = "cluster"
        else:
            findings += itertools.islice(explanations(fits, result, fit, steps, scored_in, seed), 1)
    numbers = compare_numbers(result, fit.labeling, fit.inertia, fits.scores(result, fit, scored_in, noise))
    stable, further = math.nan, list(_trust(fits, result, fit, steps, seed, is_undefined=undefined is not None))
    if result.is_conclusion and fit.labeling.n_clusters > 1:
        stable = stability(fits, result, fit, steps, seed)
        # A poor optimum, a degenerate partition and one too many clusters do not come back either.
        further += not_stable(stable) if not further else []
    return ResultAudit(
        name=result.name,
        is_conclusion=result.is_conclusion,
        numbers=tuple(numbers),
        agreement=worst(numbers),
        sizes=fit.labeling.sizes,
        n_noise=fit.labeling.n_noise,
        own_silhouette=scores_of(fits.space(steps), fit.labeling, ["silhouette"])["silhouette"],
        reference_silhouettes=_reference_silhouettes(fits, fit),
        stability=stable,
        findings=tuple(replace(finding, result=result.name) for finding in (*findings, *further)),
    )


def _fitted(
    fits: ClaimFits, result: ClaimedResult, steps: Steps, scored_in: Steps
) -> tuple[Fit, int, list[Finding]]:  # fmt: skip
    """Return the fit of a result; without a seed that one of many which agrees best with the numbers."""
    if result.seed is not None:
        return fits.fit(result, steps, result.seed), result.seed, []
    if result.algorithm.is_deterministic(result.algorithm.resolve(dict(result.params))):
        return fits.fit(result, steps, 0), 0, []
    band = seed_band(fits, result, steps, scored_in)
    order = [Agreement.REPRODUCED, Agreement.NOTHING, Agreement.CLOSE, Agreement.NOT]
    ranked = [order.index(fits.agreement(result, fit, scored_in)) for fit in band.fits]
    seed = ranked.index(min(ranked))
    return band.fits[seed], seed, [band.finding]


def _trust(
    fits: ClaimFits, result: ClaimedResult, fit: Fit, steps: Steps, seed: int, *, is_undefined: bool
) -> Iterator[Finding]:  # fmt: skip
    """Yield what the rules of trust say of a partition, whatever was claimed of it."""
    if is_undefined:
        return
    degenerate = list(degenerate_sizes(result, fit))
    yield from degenerate
    yield from local_optimum(fits, result, fit, steps)
    if degenerate or not result.is_conclusion:
        return
    # The columns of a table without clusters keep their modes, so slices of one reach what they reach in the table.
    found = [*slices_as_well(fits, fit, steps)] or [*beside_chance(fits, result, steps, seed)]
    yield from found or random_centroids_as_well(fits, fit, steps)


def _reference_silhouettes(fits: ClaimFits, fit: Fit) -> dict[str, float]:
    values = {}
    for name in DEFAULT_REFERENCE_SPACES:
        try:
            space = fits.space(DEFAULT_VARIANTS[name])
        except RequestError:
            continue  # the table does not allow it, such as the logarithm of negative values
        values[name] = scores_of(space, fit.labeling, ["silhouette"])["silhouette"]
    return values


def _stated(fits: ClaimFits) -> tuple[Claim, Steps, list[str]]:
    """Return the claim and its steps with what it does not state filled in, and what that was."""
    claim, assumptions = fits.claim, list[str]()
    file = claim.declared
    if file.steps is not None:
        return claim, file.steps, assumptions
    first = claim.results[0]
    candidates: list[Steps] = [with_imputation(fits, []), *_CANDIDATES]
    for steps in candidates:
        try:
            fit = fits.fit(first, steps, first.seed or 0)
            if fits.agreement(first, fit, file.scored_in or steps) is Agreement.REPRODUCED:
                words = _words(fits, steps)
                return claim, steps, [f"steps are not stated; these give the claimed numbers: {words}"]
        except (RequestError, ValueError):
            continue  # the table does not allow these steps
    words = _words(fits, candidates[0])
    return (
        claim,
        candidates[0],
        [f"steps are not stated, and none of {len(candidates)} usual ones gives the numbers: {words}"],
    )


def _words(fits: ClaimFits, steps: Steps) -> str:
    return describe(parse_steps(list(steps), where="steps", known=fits.claim.registry.steps))
