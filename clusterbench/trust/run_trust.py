"""The trust in the first places of a finished run."""

from __future__ import annotations

from dataclasses import replace

from clusterbench.datasets import ColumnRole
from clusterbench.errors import RequestError
from clusterbench.results import StoredRun
from clusterbench.structure import StructureVerdict
from clusterbench.trust.first_place import first_place_features
from clusterbench.trust.trust_estimate import TrustEstimate, estimate_trust, shipped_coefficients


def run_trust(run: StoredRun) -> dict[str, tuple[dict[str, float], TrustEstimate]]:
    """Return what `trust_by_dataset` gives; RequestError if nothing can be said of any dataset."""
    estimates = trust_by_dataset(run)
    if not estimates:
        by_default = run.record.ranking.is_default
        why = "no draws, or nothing that could be ranked" if by_default else "another rule than the default one"
        raise RequestError(f"run {run.name!r} has {why}", allowed="a run by the default rule")
    return estimates


def trust_by_dataset(run: StoredRun) -> dict[str, tuple[dict[str, float], TrustEstimate]]:
    """Return by dataset the features of the first entry and what they say, where something can be said."""
    estimates = {name: dataset_trust(run, name) for name in run.record.datasets}
    return {name: estimate for name, estimate in estimates.items() if estimate is not None}


def dataset_trust(run: StoredRun, name: str) -> tuple[dict[str, float], TrustEstimate] | None:
    """Return what `trust_by_dataset` gives of one dataset, None where nothing can be said."""
    dataset = run.record.datasets.get(name)
    if dataset is None or not run.record.ranking.is_default:
        return None
    features = first_place_features(
        run.board.table[run.board.table["dataset"] == name],
        n_rows=dataset.n_rows,
        n_columns=len(dataset.columns),
        reference_spaces=run.record.references.get(name, ()),
    )
    if features is None:
        return None
    columns, findings = run.details.columns, run.record.structure
    estimate = replace(
        estimate_trust(features, shipped_coefficients()),
        categories=bool(((columns["dataset"] == name) & (columns["role"] == ColumnRole.CATEGORY)).any()),
        no_clusters=(name, StructureVerdict.NOT_FOUND) in [(finding.dataset, finding.verdict) for finding in findings],
    )
    return features, estimate
