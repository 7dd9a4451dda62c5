"""By which rules a run was ranked, and on what it was made, in printed form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from clusterbench.conductor import Run
from clusterbench.errors import RequestError
from clusterbench.report._facts import Table
from clusterbench.report._format import NOTHING, fixed, listing, pairs, plain_value, readable, settings, share
from clusterbench.scoring import METRICS, Direction, NoisePolicy, get_metric
from clusterbench.variants import describe, parse_steps

_NOISE_WORDS = {
    NoisePolicy.ZERO: "rows labelled noise contribute 0 to the silhouette, whose denominator stays n; the other indices"
    " are of the clustered rows, with the coverage beside them",
    NoisePolicy.DROP: "rows labelled noise are left out of every index",
    NoisePolicy.CLUSTER: "all rows labelled noise count as one more cluster",
    NoisePolicy.NEAREST: "rows labelled noise are sent to the nearest cluster",
}


def metric_table(run: Run) -> Table:
    """Return what is known of every metric of the run; the ranked ones first."""
    ranked = list(run.plan["metrics"])
    others = [name for name in METRICS if name not in ranked and name in set(run.scores["metric"])]
    rows = []
    for metric in map(get_metric, [*ranked, *others]):
        better = "higher is better" if metric.direction is Direction.HIGHER else "lower is better"
        bounds = f"{_bound(metric.lower)} to {_bound(metric.upper)}, {better}"
        vote = f"yes, family {metric.family}" if metric.name in ranked else "no, shown only"
        rows.append((metric.title, metric.formula, bounds, metric.caveat, vote, str(metric.decimals), metric.reference))
    header = ("Metric", "Formula", "Range and direction", "Caveat", "Ranked", "Decimals ranked", "Reference")
    return Table("Metrics", header, tuple(rows), numeric=(5,))


def rules(run: Run) -> list[tuple[str, str]]:
    """Return the declared rules of the benchmark as (term, sentence)."""
    plan, gate, ranking = run.plan, run.plan["gate"], run.plan["ranking"]
    policy = NoisePolicy(plan["noise"])
    references = dict.fromkeys(readable(space) for spaces in plan["references"].values() for space in spaces)
    fixed_k = f"; fixed k = {ranking['fixed_k']}" if ranking["fixed_k"] else ""
    families = dict.fromkeys(get_metric(name).family for name in plan["metrics"])
    weights = {family: ranking["weights"].get(family, 1.0) for family in {**families, **ranking["weights"]}}
    return [
        ("Reference spaces", f"{listing(list(references))}; scores in any other space are never ranked"),
        (
            "Gate",
            f"at least {gate['min_clusters']} clusters; the smallest has at least {gate['min_rows']} rows and"
            f" {share(gate['min_share'])}; the largest at most {share(gate['max_share'])}; noise at most"
            f" {share(gate['max_noise'])}. A rejected labeling keeps its scores and loses its rank",
        ),
        ("Noise policy", f"{policy.value}: {_NOISE_WORDS[policy]}"),
        ("k policy", ", ".join(ranking["k_policies"]) + fixed_k),
        ("Family weights", ", ".join(f"{family} {weight:g}" for family, weight in weights.items())),
        ("Seeds", ", ".join(map(str, plan["seeds"]))),
        *(("Ranking", readable(note)) for note in run.board.notes),
    ]


def structure_table(run: Run) -> Table:
    """Return what the tests for any structure at all found, one row per dataset."""
    rows = []
    for dataset, found in run.plan.get("structure", {}).items():
        dips = [found.get(kind) for kind in ("dip_pc1", "dip_distances")]
        pairs = (("champion_silhouette", "permuted_silhouettes", 3), ("champion", "permuted", 2))
        fields = [NOTHING if dip is None else f"{fixed(dip['dip'], 4)} (p = {fixed(dip['p'], 3)})" for dip in dips]
        for own, shuffled, decimals in pairs:
            nulls = [value for value in found.get(shuffled, []) if value is not None]
            fields += [fixed(found.get(own), decimals), fixed(max(nulls), decimals) if nulls else NOTHING]
        rows.append((readable(dataset), *fields))
    header = (
        "Dataset",
        "Dip of the first component",
        "Dip of the distances",
        "Silhouette of the first entry",
        "Its best on shuffled columns",
        "Calibrated score of the first entry",
        "Its best on shuffled columns",
    )
    return Table("Is there structure at all?", header, tuple(rows), numeric=(1, 2, 3, 4, 5, 6))


def variant_text(run: Run, variant: str) -> str:
    """Return the steps of a variant in words."""
    steps = run.plan["variants"].get(variant)
    if steps is None:
        return NOTHING
    try:
        return readable(describe(parse_steps(steps, where=variant)))
    except RequestError:  # written by another version: shown as it was stored
        return readable(" > ".join(pairs(step) for step in steps))


def declared_tables(run: Run) -> list[Table]:
    """Return what took part: datasets, variants, algorithms."""
    return [
        _declared("Datasets", [_dataset_row(name, d) for name, d in run.plan["datasets"].items()], numeric=(1, 2, 3)),
        _declared("Variants", [{"Variant": name, "Steps": variant_text(run, name)} for name in run.plan["variants"]]),
        _declared("Algorithms", [_algorithm_row(run, name, a) for name, a in run.plan["algorithms"].items()]),
    ]


def _dataset_row(name: str, declared: Mapping[str, Any]) -> dict[str, str]:
    return {
        "Dataset": name,
        "Rows": str(declared["n_rows"]),
        "Columns": str(len(declared["columns"])),
        "Known classes": str(declared["true_k"] or NOTHING),
        "Source": declared["source"],
        "Hash": declared["hash"][:12],
    }


def _algorithm_row(run: Run, name: str, declared: Mapping[str, Any]) -> dict[str, str]:
    used = run.cells.loc[run.cells["algorithm"] == name, "params"].unique()
    return {
        "Algorithm": name,
        "Family": declared["family"],
        "What it does": declared["summary"],
        "Settings": "; ".join(settings(params) or "no parameters" for params in used),
        "Optimises": ", ".join(declared["optimises"]) or NOTHING,
        "Mark": "control" if declared["control"] else "",
        "Reference": declared["reference"],
    }


def _declared(caption: str, rows: Sequence[Mapping[str, str]], *, numeric: tuple[int, ...] = ()) -> Table:
    header = tuple(rows[0]) if rows else ()
    return Table(caption, header, tuple(tuple(map(readable, row.values())) for row in rows), numeric)


def environment(run: Run) -> list[tuple[str, str]]:
    """Return the manifest as (term, text), nested tables joined by points."""
    return [(readable(term), readable(text)) for term, text in _flat(run.manifest, "")]


def _flat(value: Any, name: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [item for key, inner in value.items() for item in _flat(inner, f"{name}.{key}" if name else str(key))]
    if isinstance(value, list):
        return [(name, ", ".join(map(plain_value, value)) or "none")]
    return [(name, "none" if value is None else plain_value(value))]


def _bound(value: float) -> str:
    return ("∞" if value > 0 else "-∞") if math.isinf(value) else f"{value:g}"
