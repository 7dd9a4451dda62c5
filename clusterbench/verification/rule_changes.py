"""By which rules two runs were ranked: what differs, and which changes that explains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict

from clusterbench.results import DeclaredRules
from clusterbench.verification.comparison import ManifestChange
from clusterbench.verification.equality import manifest_differences
from clusterbench.verification.sides import Side


def rule_differences(one: Side, other: Side) -> tuple[ManifestChange, ...]:
    """Return the rules, and the variants and plug-ins of both, that were declared differently."""
    shared = {
        "variant": one.manifest.rules.variants.keys() & other.manifest.rules.variants.keys(),
        "plug-in": one.manifest.rules.algorithms.keys() & other.manifest.rules.algorithms.keys(),
    }
    facts = [_facts(side.manifest.rules, shared) for side in (one, other)]
    return tuple(ManifestChange(*difference) for difference in manifest_differences(*facts))


def _facts(rules: DeclaredRules, shared: Mapping[str, AbstractSet[str]]) -> dict[str, object]:
    return {
        "noise policy": rules.noise,
        "metrics": rules.ranking.metrics,
        "reference spaces": rules.ranking.reference_spaces,
        "k policies": rules.ranking.k_policies,
        "fixed k": rules.ranking.fixed_k,
        "weight": rules.ranking.weights,
        "gate": asdict(rules.gate),
        **{f"variant {name}": rules.variants[name] for name in sorted(shared["variant"])},
        **{f"plug-in {name} version": rules.algorithms[name] for name in sorted(shared["plug-in"])},
    }


def ranks_by(policy: str, side: Side) -> bool:
    """Return whether a run ranks by a k policy."""
    return policy in side.manifest.rules.ranking.k_policies


def same_noise_policy(one: Side, other: Side) -> bool:
    """Return whether both sides score noise by the same policy."""
    return one.manifest.rules.noise is other.manifest.rules.noise


def same_data(dataset: str, one: Side, other: Side) -> bool:
    """Return whether both sides have the same content of a dataset."""
    return one.manifest.datasets.get(dataset) == other.manifest.datasets.get(dataset)


def same_environment(one: Side, other: Side) -> bool:
    """Return whether versions, machine and threads are equal; workers, executor and commit change no labels."""
    facts = [
        {**asdict(side.manifest.environment), "git": None, "threads": side.manifest.threads} for side in (one, other)
    ]
    return facts[0] == facts[1]


def same_recipe(variant: str, algorithm: str, one: Side, other: Side) -> bool:
    """Return whether both sides declare a variant and a plug-in alike."""
    a, b = one.manifest.rules, other.manifest.rules
    return (
        variant in a.variants
        and a.variants[variant] == b.variants.get(variant)
        and algorithm in a.algorithms
        and a.algorithms[algorithm] == b.algorithms.get(algorithm)
    )


def noisy_labels(one: Side, other: Side) -> set[tuple[str, str]]:
    """Return (dataset, hash) of the labelings with noise, whose scores alone depend on the noise policy."""
    return set(_noisy(one)) | set(_noisy(other))


def _noisy(side: Side) -> Iterator[tuple[str, str]]:
    cells = side.cells
    mine = cells[(cells["noise_share"].astype(float) > 0) & cells["labels_sha256"].notna()]
    yield from mine[["dataset", "labels_sha256"]].itertuples(index=False, name=None)
