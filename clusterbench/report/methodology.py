"""The rules by which a run was ranked, what took part, and its environment, in printed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from clusterbench.metrics import STABILITY_METRIC, Direction, NoisePolicy
from clusterbench.naming import plain_value
from clusterbench.report.entry_views import metrics_of
from clusterbench.report.model import Table
from clusterbench.report.number_text import NOTHING, fixed, is_missing, settings, share
from clusterbench.results import AlgorithmRecord, DatasetRecord, StoredRun
from clusterbench.tables import STABILITY
from clusterbench.text import listed, printable

_NOISE_WORDS = {
    NoisePolicy.ZERO: "rows labelled noise contribute 0 to the silhouette, whose denominator stays n; the other indices"
    " are of the clustered rows, with the coverage beside them",
    NoisePolicy.DROP: "rows labelled noise are left out of every index",
    NoisePolicy.CLUSTER: "all rows labelled noise count as one more cluster",
    NoisePolicy.NEAREST: "rows labelled noise are assigned to the nearest cluster",
}


def metric_table(run: StoredRun) -> Table:
    """Return the facts of every metric of the run; the ranked ones first."""
    metrics = [*metrics_of(run).values(), *([STABILITY_METRIC] if has_stability(run) else [])]
    rows = []
    for metric in metrics:
        better = "higher is better" if metric.direction is Direction.HIGHER else "lower is better"
        bounds = f"{metric.lower:g} to {metric.upper:g}, {better}".replace("inf", "∞")
        shown_only = metric.name not in (*run.record.ranking.metrics, STABILITY)
        vote = "no, shown only" if shown_only else _vote(run, metric.family)
        resampled = f"no row bootstrap: {metric.no_row_bootstrap}" if metric.no_row_bootstrap else "yes"
        facts = (metric.title, metric.formula, bounds, metric.caveat, vote, str(metric.digits), resampled)
        rows.append(tuple(printable(text) or NOTHING for text in (*facts, metric.reference)))
    header = ("Metric", "Formula", "Range and direction", "Caveat", "Ranked", "Digits", "Row bootstrap", "Reference")
    return Table("Metrics", header, tuple(rows), numeric=(5,))


def _vote(run: StoredRun, family: str) -> str:
    weight = run.record.ranking.weight(family)
    return f"yes, family {family} of weight {weight:g}" if weight > 0 else f"no, family {family} has weight 0"


def has_stability(run: StoredRun) -> bool:
    """Return whether the stability of any entry was measured."""
    return any(not is_missing(value) for value in run.board.table[STABILITY])


def rules(run: StoredRun) -> list[tuple[str, str]]:
    """Return the rules of the benchmark, declared and built in, as (term, sentence)."""
    gate, ranking, policy = run.record.gate, run.record.ranking, run.record.noise
    references = list(dict.fromkeys(printable(s) for spaces in run.record.references.values() for s in spaces))
    fixed_k = f"; fixed k = {ranking.fixed_k}" if ranking.fixed_k else ""
    metrics = metrics_of(run)
    families = dict.fromkeys([metrics[name].family for name in ranking.metrics] + [STABILITY] * has_stability(run))
    weights = {family: ranking.weight(family) for family in {**families, **ranking.weights}}
    return [
        ("Reference spaces", f"{listed(references)}; scores in any other space are never ranked"),
        (
            "Gate",
            f"at least {gate.min_clusters} clusters; the smallest has at least {gate.min_rows} rows and"
            f" {share(gate.min_share)}; the largest at most {share(gate.max_share)}; noise at most"
            f" {share(gate.max_noise)}. A rejected labeling keeps its scores and loses its rank",
        ),
        ("Noise policy", f"{policy.value}: {_NOISE_WORDS[policy]}"),
        ("k policy", ", ".join(ranking.k_policies) + fixed_k),
        ("Family weights", ", ".join(f"{family} {weight:g}" for family, weight in weights.items())),
        *_methods(run),
        ("Seeds", ", ".join(map(str, run.record.seeds))),
        *(("Ranking", printable(note)) for note in run.board.notes),
    ]


def _methods(run: StoredRun) -> list[tuple[str, str]]:
    """Return how the numbers beside a score are computed: random partitions, stability, bootstrap."""
    partitions, draws = run.record.random_partitions, run.record.ranking.n_bootstrap
    content = f"{100 * run.record.ranking.confidence:g} %"
    methods = [
        (
            "Ranks",
            "every metric ranks the contenders in every reference space, equals sharing the mean of their ranks; the"
            " mean rank is the mean over these columns within a family, then over families by weight",
        )
    ]
    if partitions:
        how = f"{partitions} from random centroids and up to {partitions} by random nearest-neighbour growth"
        methods.append(
            (
                "Random partitions",
                f"of the same rows, for every k and reference space: {how}. 'random' is the mean of their scores;"
                " z is the distance of a score from it in their standard deviations, positive where the score is"
                " better (Hennig 2019, doi:10.1007/978-981-13-5716-1)",
            )
        )
    if has_stability(run):
        number = run.record.resamples
        methods.append(
            (
                "Stability",
                f"every entry is fitted again to {number or 'several'} resamples, each the distinct rows of a bootstrap"
                " sample (about 63 % of the table), and its labels of these rows are compared with the first ones by"
                " the adjusted Rand index, every row of noise a group of its own: 1 is the same partition, 0 is the"
                " expectation of unrelated ones",
            )
        )
    if not draws:
        return [*methods, ("Bootstrap", "none: the uncertainty of the ranks was not measured")]
    refits = (
        ", its stability by refits drawn with replacement where each of them is known" if has_stability(run) else ""
    )
    return [
        *methods,
        (
            "Bootstrap",
            f"{draws} draws of rows and seeds (those that vary: see Ranking), the same for all entries, each ranked"
            f" again{refits}. The interval contains the central {content} of the ranks, and is widened to contain the"
            " published rank; P(first) is the share of draws in which an entry is first",
        ),
        (
            "Tie letters",
            f"two entries share a letter unless the central {content} of the differences of their mean ranks over the"
            " draws lies on one side of 0; pairs are not corrected for their number",
        ),
    ]


def structure_table(run: StoredRun) -> Table:
    """Return the results of the tests for any structure, one row per dataset."""
    rows = []
    for finding in run.record.structure:
        fields = [
            f"{fixed(dip.dip, 4)} (p = {fixed(dip.p, 3)})" for dip in (finding.first_component, finding.distances)
        ]
        silhouettes = [table.silhouette for table in finding.shuffled if table.silhouette is not None]
        scores = [table.z for table in finding.shuffled if table.z is not None]
        fields += [fixed(finding.silhouette, 3), fixed(max(silhouettes, default=None), 3)]
        fields += [fixed(finding.z, 2), fixed(max(scores, default=None), 2)]
        rows.append((printable(finding.dataset), *fields))
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


def variant_text(run: StoredRun, variant: str) -> str:
    """Return the steps of a variant on one line."""
    declared = run.record.variants.get(variant)
    return NOTHING if declared is None else printable(declared.description)


def declared_tables(run: StoredRun) -> list[Table]:
    """Return what took part: datasets, variants, algorithms."""
    return [
        _declared("Datasets", [_dataset_row(name, d) for name, d in run.record.datasets.items()], numeric=(1, 2, 3)),
        _declared("Variants", [{"Variant": name, "Steps": variant_text(run, name)} for name in run.record.variants]),
        _declared("Algorithms", [_algorithm_row(run, name, a) for name, a in run.record.algorithms.items()]),
    ]


def _dataset_row(name: str, declared: DatasetRecord) -> dict[str, str]:
    return {
        "Dataset": name,
        "Rows": str(declared.n_rows),
        "Columns": str(len(declared.columns)),
        "Known classes": str(declared.true_k or NOTHING),
        "Source": declared.source,
        "Hash": declared.content_hash[:12],
    }


def _algorithm_row(run: StoredRun, name: str, declared: AlgorithmRecord) -> dict[str, str]:
    used = run.cells.loc[run.cells["algorithm"] == name, "params"].unique()
    return {
        "Algorithm": name,
        "Family": declared.family,
        "What it does": declared.summary,
        "Settings": "; ".join(settings(params) or "no parameters" for params in used),
        "Optimises": ", ".join(declared.optimises) or NOTHING,
        "Mark": "control" if declared.control else "",
        "Reference": declared.reference,
    }


def _declared(caption: str, rows: Sequence[Mapping[str, str]], *, numeric: tuple[int, ...] = ()) -> Table:
    header = tuple(rows[0]) if rows else ()
    return Table(caption, header, tuple(tuple(map(printable, row.values())) for row in rows), numeric)


def environment(run: StoredRun) -> list[tuple[str, str]]:
    """Return the manifest as (term, text); names of nested values are joined by points."""
    facts = asdict(run.manifest)
    facts.pop("rules")  # shown in a table of their own
    return [(printable(term), printable(text)) for term, text in _flat({**facts.pop("environment"), **facts}, "")]


def _flat(value: Any, name: str) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [item for key, inner in value.items() for item in _flat(inner, f"{name}.{key}" if name else str(key))]
    if isinstance(value, list | tuple):
        return [(name, ", ".join(map(plain_value, value)) or "none")]
    return [(name, "none" if value is None else plain_value(value))]


def citation(run: StoredRun) -> str:
    """Return how to cite this run: what was run, by which version and commit, on which data."""
    environment = run.manifest.environment
    git = environment.git
    commit = f" (commit {git.commit[:12]}{', with changes' if git.dirty else ''})" if git else ""
    benchmark = f"benchmark {run.name} (SHA-256 {run.manifest.benchmark_sha256[:12]})"
    data = ", ".join(f"{name} (SHA-256 {entry.content_hash[:12]})" for name, entry in run.record.datasets.items())
    return printable(f"clusterbench {environment.clusterbench}{commit}, {benchmark}, data {data}.")
