"""The rules by which a run was ranked, what took part, and its environment, in printed form."""

import json
from collections.abc import Mapping

from clusterbench.metrics import EXTERNAL_METRICS, SHOWN_METRICS, STABILITY_METRIC, Direction
from clusterbench.naming import flat_facts
from clusterbench.ranking import OrderRule
from clusterbench.report.entry_views import metrics_of
from clusterbench.report.model import Table, Terms, text_table
from clusterbench.report.number_text import NOTHING, fixed, is_missing, settings, share
from clusterbench.report.templating import template
from clusterbench.results import StoredRun
from clusterbench.structure import DIP_LEVEL, MARGIN
from clusterbench.tables import STABILITY
from clusterbench.text import counted, listed, printable
from clusterbench.trust import TrustEstimate, shipped_evidence

Trust = Mapping[str, TrustEstimate]
"""How far the first place of a dataset can be trusted, where something can be said."""

MOST_TRUST_SENTENCES = 3


def metric_table(run: StoredRun) -> Table:
    """Return the facts of every metric of the run; the ranked ones first."""
    known = [EXTERNAL_METRICS[name] for name in SHOWN_METRICS if name in run.board.table]
    metrics = [*metrics_of(run).values(), *([STABILITY_METRIC] if has_stability(run) else []), *known]
    rows = []
    for metric in metrics:
        better = "higher is better" if metric.direction is Direction.HIGHER else "lower is better"
        bounds = f"{metric.lower:g} to {metric.upper:g}, {better}".replace("inf", "∞")
        weight = run.record.ranking.weight(metric.family)
        ranking = run.record.ranking
        if ranking.order is OrderRule.SCORE:
            vote = "yes, in the score" if metric.name in ranking.score_metrics else "no, shown only"
        elif metric.name not in (*ranking.metrics, STABILITY):
            vote = "no, shown only"
        elif weight > 0:
            vote = f"yes, family {metric.family} of weight {weight:g}"
        else:
            vote = f"no, family {metric.family} has weight 0"
        facts = (metric.title, metric.formula, bounds, metric.caveat, vote, metric.digits, metric.reference)
        rows.append([NOTHING if fact == "" else fact for fact in facts])
    header = ("Metric", "Formula", "Range and direction", "Caveat", "Ranked", "Digits", "Reference")
    return text_table("Metrics", header, rows, numeric=(5,))


def has_stability(run: StoredRun) -> bool:
    """Return whether the stability of any entry was measured."""
    return any(not is_missing(value) for value in run.board.table[STABILITY])


def rules(run: StoredRun) -> Terms:
    """Return the rules of the benchmark, declared and built in, as (term, sentence)."""
    record, metrics = run.record, metrics_of(run)
    references = dict.fromkeys(space for spaces in record.references.values() for space in spaces)
    families = [*(metrics[name].family for name in record.ranking.metrics), *([STABILITY] * has_stability(run))]
    text = template("rules.txt.j2", share=share, listed=listed).render(
        references=list(map(printable, references)),
        gate=record.gate,
        noise=record.noise.value,
        ranking=record.ranking,
        families=list(dict.fromkeys([*families, *record.ranking.weights])),
        has_stability=has_stability(run),
        random_partitions=record.random_partitions,
        resamples=record.resamples,
        structure=record.structure,
        margin=MARGIN,
        dip_level=DIP_LEVEL,
        evidence=shipped_evidence() if record.ranking.is_default else None,
        content=f"{100 * record.ranking.confidence:g} %",
        seeds=record.seeds,
        notes=[printable(note) for note in run.board.notes if note != record.ranking.rule_text],
    )
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
    return tuple((term, rule) for term, _, rule in (text.partition(": ") for text in paragraphs if text))


def rule_text(run: StoredRun) -> str:
    """Return how k is chosen and entries are ordered, and for the default rule what that is worth by the evidence."""
    ranking = run.record.ranking
    return printable(ranking.rule_text + (f" {shipped_evidence().sentence}" if ranking.is_default else ""))


def trust_sentences(trust: Trust) -> Terms:
    """Return how far the first places can be trusted, each with the dataset that it is of."""
    return tuple((printable(name), printable(estimate.sentence)) for name, estimate in trust.items())


def basis(run: StoredRun, trust: Trust) -> tuple[str, ...]:
    """Return what is said under the headline: the rule, and how far the first places can be trusted."""
    if len(trust) > MOST_TRUST_SENTENCES:
        trusted = [printable(name) for name, estimate in trust.items() if estimate.trusted]
        where = f" ({listed(trusted, most=MOST_TRUST_SENTENCES)})" if trusted else ""
        text = f"The first place can be trusted on {len(trusted)} of {len(trust)} tables{where}"
        others = "; on the others none can, or no clusters were found" if len(trusted) < len(trust) else ""
        return (rule_text(run), f"{text}{others}. What each may lose is among the rules below.")
    several = len(run.record.datasets) > 1
    return (rule_text(run), *(f"{name}: {text}" if several else text for name, text in trust_sentences(trust)))


def trust_terms(trust: Trust) -> Terms:
    """Return the sentences on trust as (term, sentence) where there are too many of them for the headline."""
    if len(trust) <= MOST_TRUST_SENTENCES:
        return ()
    return tuple((f"Trust, {name}", sentence) for name, sentence in trust_sentences(trust))


def structure_table(run: StoredRun) -> Table:
    """Return the results of the tests for any structure, one row per dataset."""
    rows = [
        (
            finding.dataset,
            finding.verdict,
            finding.n_rows,
            fixed(finding.observed.silhouette, 3),
            f"{fixed(max(finding.silhouettes, default=None), 3)} ({counted(len(finding.drawn), 'table')})",
            fixed(finding.p, 2),
            listed(finding.columns) or "none",
            fixed(finding.dips[0].p, 3),
        )
        for finding in run.record.structure
    ]
    kmeans, dips = (
        ("Silhouette of k-means", "Its highest on drawn tables", "p"),
        "Columns or combinations with more than one mode",
    )
    header = ("Dataset", "Verdict", "Rows", *kmeans, dips, "Smallest p of a dip")
    return text_table("Is there structure at all?", header, rows, numeric=(2, 3, 4, 5, 7))


def variant_text(run: StoredRun, variant: str) -> str:
    """Return the steps of a variant on one line."""
    declared = run.record.variants.get(variant)
    return NOTHING if declared is None else printable(declared.description)


def declared_tables(run: StoredRun) -> tuple[Table, ...]:
    """Return what took part: datasets, variants, algorithms."""
    record, params_of = run.record, run.cells.groupby("algorithm")["params"].unique()
    datasets = [
        (name, one.n_rows, len(one.columns), one.true_k or NOTHING, one.source, one.content_hash[:12])
        for name, one in record.datasets.items()
    ]
    variants = [(name, variant_text(run, name)) for name in record.variants]
    algorithms = [
        (
            *(name, one.family, one.summary),
            "; ".join(settings(params) or "no parameters" for params in params_of.get(name, ())),
            *(", ".join(one.optimises) or NOTHING, "control" if one.control else "", one.reference),
        )
        for name, one in record.algorithms.items()
    ]
    about_data = ("Dataset", "Rows", "Columns", "Known classes", "Source", "Hash")
    about_plugins = ("Algorithm", "Family", "What it does", "Settings", "Optimises", "Mark", "Reference")
    return (
        text_table("Datasets", about_data, datasets, numeric=(1, 2, 3)),
        text_table("Variants", ("Variant", "Steps"), variants),
        text_table("Algorithms", about_plugins, algorithms),
    )


def environment(run: StoredRun) -> Terms:
    """Return the manifest as (term, text); names of nested values are joined by points."""
    facts = json.loads(run.manifest.to_json())
    facts.pop("rules")  # shown in a table of their own
    return tuple((printable(term), printable(text)) for term, text in flat_facts(facts, "."))


def citation(run: StoredRun) -> str:
    """Return how to cite this run: what was run, by which version and commit, on which data."""
    environment = run.manifest.environment
    git = environment.git
    commit = f" (commit {git.commit[:12]}{', with changes' if git.dirty else ''})" if git else ""
    benchmark = f"benchmark {run.name} (SHA-256 {run.manifest.benchmark_sha256[:12]})"
    data = ", ".join(f"{name} (SHA-256 {entry.content_hash[:12]})" for name, entry in run.record.datasets.items())
    return printable(f"clusterbench {environment.clusterbench}{commit}, {benchmark}, data {data}.")
