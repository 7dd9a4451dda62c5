"""What explains numbers that are not reproduced as claimed: noise, a scaler, another space, another k or table."""

from __future__ import annotations

import math
from collections.abc import Iterator

from clusterbench.audit.audit_findings import Finding, FindingKind
from clusterbench.audit.claim import ClaimedResult
from clusterbench.audit.claim_fits import ClaimFits, Fit, Steps, other_table, with_imputation
from clusterbench.audit.claimed_numbers import Agreement
from clusterbench.audit.table_findings import SCALERS
from clusterbench.errors import RequestError
from clusterbench.metrics import METRICS
from clusterbench.naming import Cut
from clusterbench.preprocessing import DEFAULT_VARIANTS, describe, parse_steps
from clusterbench.text import percent

_EVIDENT_DIGITS = 3  # a number of fewer digits agrees by chance with one of a dozen spaces


def undefined_as_number(fits: ClaimFits, result: ClaimedResult, fit: Fit, scored_in: Steps) -> Finding | None:
    """Return the finding that a number was claimed where no index exists."""
    scores = fits.scores(result, fit, scored_in)
    undefined = [name for name, value in scores.items() if math.isnan(value)]
    if not undefined or fit.labeling.n_clusters > 1:
        return None
    groups = f"{fit.labeling.n_clusters} cluster{'s' if fit.labeling.n_clusters != 1 else ''}"
    noise = f" and {fit.labeling.n_noise} rows of noise" if fit.labeling.n_noise else ""
    claimed = ", ".join(f"{name} = {result.numbers[name]}" for name in undefined)
    return Finding(FindingKind.UNDEFINED, f"the fit gives {groups}{noise}, so no index exists; claimed: {claimed}")


def noise_as_cluster(fits: ClaimFits, result: ClaimedResult, fit: Fit, scored_in: Steps) -> Finding | None:
    """Return the finding that the claimed scores or counts take noise for one more cluster."""
    noise, clusters = fit.labeling.n_noise, fit.labeling.n_clusters
    if not noise:
        return None
    if "clusters" in result.numbers and int(result.numbers["clusters"]) == clusters + 1:
        return Finding(FindingKind.NOISE_CLUSTER, f"{clusters} clusters and {noise} rows of noise, not {clusters + 1}")
    if result.sizes and sorted((*fit.labeling.sizes, noise), reverse=True) == list(result.sizes):
        return Finding(FindingKind.NOISE_CLUSTER, f"one of the sizes is the {noise} rows of noise")
    if not any(name in METRICS for name in result.numbers):
        return None
    if fits.agreement(result, fit, scored_in, noise="cluster") is not Agreement.REPRODUCED:
        return None
    values = fits.scores(result, fit, scored_in)
    texts = ", ".join(f"{name} {_text(value)}" for name, value in values.items())
    share = noise / len(fit.labeling.labels)
    evidence = (
        f"the scores are those of {noise} rows of noise ({percent(share, 1)}) as one more cluster; with noise as"
        f" noise: {texts}"
    )
    return Finding(FindingKind.NOISE_CLUSTER, evidence)


def explanations(
    fits: ClaimFits, result: ClaimedResult, fit: Fit, steps: Steps, scored_in: Steps, seed: int
) -> Iterator[Finding]:
    """Yield what reproduces numbers that are not reproduced as claimed, the simplest explanation first."""
    yield from _without_scaler(fits, result, fit, steps, seed)
    yield from _other_space(fits, result, fit, steps, scored_in)
    yield from _other_k(fits, result, steps, scored_in, seed)
    yield from _other_table(fits, result, steps, seed)


def _without_scaler(
    fits: ClaimFits, result: ClaimedResult, fit: Fit, steps: Steps, seed: int
) -> Iterator[Finding]:  # fmt: skip
    """Yield a step without which another partition has the claimed numbers."""
    for number, step in enumerate(steps):
        without = [*steps[:number], *steps[number + 1 :]]
        if step["step"] not in SCALERS or not _reproduced(fits, result, without, without, seed):
            continue
        if fits.fit(result, without, seed).labeling.sha256 != fit.labeling.sha256:
            evidence = f"the numbers are those of a fit without step {number + 1}, {step['step']}: it had no effect"
            yield Finding(FindingKind.IDLE_SCALER, evidence)


def _other_space(
    fits: ClaimFits, result: ClaimedResult, fit: Fit, steps: Steps, scored_in: Steps
) -> Iterator[Finding]:  # fmt: skip
    if not any(_digits(result, name) >= _EVIDENT_DIGITS for name in result.numbers if name in METRICS):
        return
    prefixes = [list(steps[:length]) for length in range(len(steps) + 1)]
    planes = [[*steps, {"step": "pca", "n_components": 2}], [*steps, {"step": "pca", "n_components": 3}]]
    usual: list[Steps] = [[{"step": "robust"}], *DEFAULT_VARIANTS.values()]
    others: list[Steps] = [*reversed(prefixes), *planes, *usual]
    for other in others:
        candidate = with_imputation(fits, other)
        try:
            if candidate == list(scored_in) or fits.agreement(result, fit, candidate) is not Agreement.REPRODUCED:
                continue
        except RequestError:
            continue  # the table does not allow these steps
        claimed, found = fits.scores(result, fit, scored_in), fits.scores(result, fit, candidate)
        texts = [f"{name} {result.numbers[name]}, but {_text(claimed[name])} in the claimed space" for name in found]
        words = _words(fits, candidate)
        yield Finding(FindingKind.OTHER_SPACE, f"the numbers are those in the space '{words}': {'; '.join(texts)}")
        return


def _other_k(
    fits: ClaimFits, result: ClaimedResult, steps: Steps, scored_in: Steps, seed: int
) -> Iterator[Finding]:  # fmt: skip
    if result.cut.k is None or not any(name in METRICS or name == "inertia" for name in result.numbers):
        return
    for k in range(2, min(max(11, result.cut.k + 4), fits.dataset.n_rows)):
        if k != result.cut.k and _reproduced(fits, result, steps, scored_in, seed, cut=Cut("k", k)):
            evidence = f"the numbers are those of k = {k}, not of k = {result.cut.k}"
            yield Finding(FindingKind.OTHER_K, evidence)
            return


def _other_table(fits: ClaimFits, result: ClaimedResult, steps: Steps, seed: int) -> Iterator[Finding]:
    other = other_table(fits)
    if other is None:
        return
    filled = with_imputation(other, steps)
    if _reproduced(other, result, filled, filled, seed):
        what = "the complete rows" if other.claim.declared.dataset.rows == "all" else "all rows, missing values filled"
        evidence = (
            f"the numbers are those of another table: {what}, {other.dataset.n_rows} instead of {fits.dataset.n_rows}"
        )
        yield Finding(FindingKind.OTHER_K, evidence)


def _reproduced(
    fits: ClaimFits, result: ClaimedResult, steps: Steps, scored_in: Steps, seed: int, *, cut: Cut | None = None
) -> bool:  # fmt: skip
    try:
        fit = fits.fit(result, steps, seed, cut=cut)
        return fits.agreement(result, fit, scored_in) is Agreement.REPRODUCED
    except (RequestError, ValueError):
        return False  # the table does not allow it


def _digits(result: ClaimedResult, name: str) -> int:
    return len(result.numbers[name].as_tuple().digits)


def _text(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.4f}"


def _words(fits: ClaimFits, steps: Steps) -> str:
    return describe(parse_steps(list(steps), where="steps", known=fits.claim.registry.steps))
