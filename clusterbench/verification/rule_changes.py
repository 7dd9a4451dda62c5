"""By which rules two sides were made: what the one declares otherwise, and what that excuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from clusterbench.verification.comparison import ManifestChange
from clusterbench.verification.equality import NOT_RECORDED, manifest_differences
from clusterbench.verification.sides import Side

# Other numbers of workers, another executor or commit change no labels: of these facts they may depend.
_MAKERS = ("clusterbench", "python", "packages", "system", "cpu", "threads")

_RULES: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "noise policy": lambda rules: rules["noise"],
    "metrics": lambda rules: rules["metrics"],
    "reference spaces": lambda rules: list(dict.fromkeys(s for spaces in rules["references"].values() for s in spaces)),
    "k policies": lambda rules: rules["ranking"]["k_policies"],
    "fixed k": lambda rules: rules["ranking"]["fixed_k"],
    "weight": lambda rules: rules["ranking"]["weights"],
    "gate": lambda rules: rules["gate"],
}


def rule_differences(one: Side, other: Side) -> tuple[ManifestChange, ...]:
    """Return the rules, and the variants and plug-ins of both, that were declared otherwise, if both sides tell."""
    if one.rules is None or other.rules is None:
        return ()
    rules = (one.rules, other.rules)
    facts = [{name: of(declared) for name, of in _RULES.items()} for declared in rules]
    for what, part in (("variant", "variants"), ("plug-in", "algorithms")):
        for name in rules[0][part].keys() & rules[1][part].keys():
            for mine, declared in zip(facts, rules, strict=True):
                mine[f"{what} {name}"] = declared[part][name]
    return tuple(ManifestChange(*found) for found in manifest_differences(*facts))


def ranks_by(policy: str, one: Side, other: Side) -> bool:
    """Whether `other` was to rank by a k policy of `one`.

    An export without rules tells its policies by its board alone, and an empty board tells none: then it was asked for
    all of them.
    """
    if other.rules is not None:
        return policy in other.rules["ranking"]["k_policies"]
    known = set(other.board["k_policy"])
    return not known or policy in known or _same_file(one, other) is True


def same_noise_policy(one: Side, other: Side) -> bool | None:
    """Whether both sides score noise by one policy; None where an export does not tell."""
    if one.rules is not None and other.rules is not None:
        return bool(one.rules["noise"] == other.rules["noise"])
    return _same_file(one, other) or None


def same_data(dataset: str, one: Side, other: Side) -> bool | None:
    """Whether both manifests name one hash of a table; None where one names none."""
    hashes = [(side.manifest.get("datasets") or {}).get(dataset) for side in (one, other)]
    return None if None in hashes else hashes[0] == hashes[1]


def same_makers(one: Side, other: Side) -> bool:
    """Whether versions, machine and threads are recorded on both sides, and equal."""
    facts = [{name: side.manifest.get(name, NOT_RECORDED) for name in _MAKERS} for side in (one, other)]
    return NOT_RECORDED not in facts[0].values() and not manifest_differences(*facts)


def same_recipe(variant: str, algorithm: str, one: Side, other: Side) -> bool:
    """Whether both sides are known to declare a variant and a plug-in alike.

    Without rules the version of a plug-in is not told: it is known to be the same in one commit of the engine alone.
    """
    if one.rules is None or other.rules is None:
        commits = [(side.manifest.get("git") or {}).get("commit") for side in (one, other)]
        return _same_file(one, other) is True and commits[0] == commits[1]
    return all(
        name in one.rules[part] and name in other.rules[part] and one.rules[part][name] == other.rules[part][name]
        for part, name in (("variants", variant), ("algorithms", algorithm))
    )


def noisy_labels(one: Side, other: Side) -> set[tuple[str, str]]:
    """Return (dataset, hash) of the labelings with noise, whose scores alone depend on the noise policy."""
    return set(_noisy(one)) | set(_noisy(other))


def _noisy(side: Side) -> Iterator[tuple[str, str]]:
    cells = side.cells
    mine = cells[(cells["noise_share"].astype(float) > 0) & cells["labels_sha256"].notna()]
    yield from mine[["dataset", "labels_sha256"]].itertuples(index=False, name=None)


def _same_file(one: Side, other: Side) -> bool | None:
    hashes = [side.manifest.get("benchmark_sha256") for side in (one, other)]
    return None if None in hashes else hashes[0] == hashes[1]
