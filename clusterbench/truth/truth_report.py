"""Run a matrix on labelled tables, compare rules on it, and write what came out: tables, a text, a figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from clusterbench.benchmark import find_benchmark, load_benchmark
from clusterbench.datasets import Dataset
from clusterbench.errors import RequestError
from clusterbench.metrics import ARI
from clusterbench.plugins import load_registry
from clusterbench.ranking import BETTER_OF, rank_candidates
from clusterbench.report import write_atomically
from clusterbench.report.number_text import fixed
from clusterbench.results import StoredRun, draw_tables
from clusterbench.results.stored_frames import read_baselines
from clusterbench.running import Progress, Selection, Settings, make_plan, run_plan
from clusterbench.store import Store
from clusterbench.text import percent
from clusterbench.trust import Coefficients
from clusterbench.truth.labelled_benchmark import TableOrigin, folder_benchmark
from clusterbench.truth.regret_figure import regret_figure
from clusterbench.truth.regrets import RANDOM, LabelledRun, Question, regrets, stored_regrets
from clusterbench.truth.rule_files import DEFAULT, Rule, shipped_rules
from clusterbench.truth.stored_pool import stored_pool
from clusterbench.truth.summaries import ALL_KINDS, LARGE_REGRET, leave_one_battery_out, summarise, with_origins
from clusterbench.truth.trust_fit import fit_trust, trust_table, trust_text, trust_toml

_SHOWN = ["rule", "mean", "low", "high", "median", "large", "spearman"]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What rules lose on tables with known classes.

    Attributes
    ----------
    title : str
    n_tables, n_partitions, n_stored : int
        Partitions: those that pass the gate, of contenders. Stored ones are a pool of their own: see `stored_pool`.
    metrics : tuple of str
        That were computed of each.
    regret : DataFrame
        `regrets` with kind and battery, and those of the rule chosen on other batteries.
    summary : DataFrame
        See `summarise`.
    algorithms : DataFrame
        algorithm, first (share of tables on which the default rule puts one of its entries first), best (share on which
        one of its partitions is the best by known classes); a table that several share counts for each by its part.
    trust : tuple or None
        See `fit_trust`.
    """

    title: str
    n_tables: int
    n_partitions: int
    n_stored: int
    metrics: tuple[str, ...]
    regret: pd.DataFrame
    summary: pd.DataFrame
    algorithms: pd.DataFrame
    trust: tuple[Coefficients, pd.DataFrame] | None


def gather_evidence(
    source: str | Path,
    rules: Mapping[str, Rule],
    *,
    results: Path | str = "results",
    workspace: Path | None = None,
    max_rows: int = 1000,
    quick: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Evidence:
    """Run the matrix on every table with known classes and compare rules; what is in the store is not fitted again.

    Parameters
    ----------
    source : str or Path
        A folder of labelled tables (see `clusterbench.datasets.labelled_tables`) with or without stored partitions of
        them (`stored_partitions`), or a benchmark whose tables all have known classes.
    rules : mapping of str to Rule
    results : Path or str
        Folder of the store.
    max_rows : int
        A longer table of a folder is represented by so many random rows.
    quick : bool
        As of a run.

    Raises
    ------
    RequestError
        If there is no such table, or a table has no known classes.
    """
    workspace = workspace or Path.cwd()
    registry = load_registry(workspace)
    selection = Selection(quick=quick)
    origins: dict[str, TableOrigin] = {}
    folder = Path(source) if Path(source).is_dir() else None
    if folder is not None:
        benchmark, tables, origins = folder_benchmark(folder, registry, max_rows=max_rows)
        plan = make_plan(benchmark, selection, tables)
    else:
        path = find_benchmark(source, workspace=workspace)
        plan = make_plan(load_benchmark(path, registry), selection)
    without = [name for name, dataset in plan.datasets.items() if not dataset.known_classes]
    if without:
        raise RequestError(f"no known classes in {', '.join(without)}", allowed="truth = COLUMN of each dataset")
    run = run_plan(plan, registry, results=results, settings=settings, progress=progress)
    labelled = _labelled_run(run, Path(results))
    places = {name: origins.get(name, _origin(dataset)) for name, dataset in plan.datasets.items()}
    pool = stored_pool(folder, plan, labelled.spec) if folder is not None else None
    chosen = [regrets(labelled, rules.values()), *([stored_regrets(pool, rules.values())] if pool is not None else [])]
    regret = with_origins(pd.concat(chosen, ignore_index=True), places)
    default = rules[DEFAULT].spec(labelled.spec)
    board = pd.concat([rank_candidates(table.candidates(default)).table for table in labelled.tables()])
    trust = fit_trust(trust_table(run, board, regret))
    eligible = labelled.eligible()
    best = eligible[eligible["ari"] == eligible.groupby("dataset")["ari"].transform("max")]
    first = board[(board["rank"] == 1) & ~board["control"].astype(bool)]
    regret = pd.concat([regret, leave_one_battery_out(regret)], ignore_index=True)
    metrics = tuple(dict.fromkeys(run.scores["metric"]))
    return Evidence(
        title=run.record.title,
        n_tables=len(plan.datasets),
        n_partitions=len(labelled.eligible()),
        n_stored=len(pool.eligible()) if pool is not None else 0,
        metrics=metrics,
        regret=regret,
        summary=summarise(regret),
        algorithms=pd.DataFrame({"first": _shares(first), "best": _shares(best)}).fillna(0.0).reset_index(),
        trust=trust,
    )


def _shares(rows: pd.DataFrame) -> pd.Series:
    """Return the share of datasets that each algorithm has; those of one dataset share it."""
    pairs = rows[["dataset", "algorithm"]].drop_duplicates()
    parts = 1.0 / pairs.groupby("dataset")["algorithm"].transform("size")
    return parts.groupby(pairs["algorithm"]).sum() / pairs["dataset"].nunique()


def _origin(dataset: Dataset) -> TableOrigin:
    """Return the origin of a table of a benchmark: the first part of its name, such as blobs of ``blobs-3``."""
    kind = str(dataset.truth_kind) if dataset.truth_kind else "class"
    return TableOrigin(dataset.name.rpartition("-")[0] or dataset.name, kind)


def _labelled_run(run: StoredRun, results: Path) -> LabelledRun:
    with Store.reader(results) as store:
        draws, baselines = draw_tables(store, run.record), read_baselines(store, run.record)
    agreement = run.scores[run.scores["metric"] == ARI]
    ari = agreement.groupby(["dataset", "labels_sha256"])["value"].max()  # of several references, the best
    return LabelledRun(run.cells, run.scores, baselines, draws, run.record.ranking, ari)


def write_evidence(evidence: Evidence, folder: Path) -> list[Path]:
    """Write tables, a text, a figure and ``evidence.toml`` into a folder; return their paths.

    Also ``trust.csv`` and ``trust.toml``, where there are tables enough to fit coefficients. `clusterbench.trust` reads
    the two TOML files.
    """
    texts = {
        "regret.csv": _csv(evidence.regret),
        "summary.csv": _csv(evidence.summary),
        "summary.md": evidence_text(evidence),
        "regret.svg": regret_figure(evidence.summary, evidence.title),
        "evidence.toml": _evidence_toml(evidence),
    }
    if evidence.trust is not None:
        coefficients, checked = evidence.trust
        texts |= {"trust.csv": _csv(checked), "trust.toml": trust_toml(coefficients)}
    return [write_atomically(folder / name, text) for name, text in texts.items()]


def _evidence_toml(evidence: Evidence) -> str:
    rows = evidence.summary[evidence.summary["question"] == str(Question.ALL)]
    means = rows[rows["kind"] == ALL_KINDS].set_index("rule")["mean"]
    lines = [f"tables = {evidence.n_tables}", f"partitions = {evidence.n_partitions}"]
    named = {"regret": DEFAULT, "random": RANDOM, "silhouette": "silhouette"}
    lines += [f"{name} = {means[rule]:.4f}" for name, rule in named.items() if rule in means]
    for name in ("first", "best"):
        shares = zip(evidence.algorithms["algorithm"], evidence.algorithms[name], strict=True)
        lines += ["", f"[{name}]", *(f"{algorithm} = {share:.4f}" for algorithm, share in shares)]
    return "\n".join(lines) + "\n"


def _csv(frame: pd.DataFrame) -> str:
    text = io.StringIO()
    frame.round(4).to_csv(text, index=False, lineterminator="\n")
    return text.getvalue()


def evidence_text(evidence: Evidence) -> str:
    """Return one table per question: the mean regret of each rule, over all tables and per kind."""
    stored = f"; {evidence.n_stored:,} stored partitions are a pool of their own" if evidence.n_stored else ""
    lines = [
        f"# {evidence.title}",
        "",
        f"{evidence.n_tables} tables, {evidence.n_partitions:,} partitions that pass the gate, {len(evidence.metrics)} "
        f"metrics{stored}. Regret: the highest adjusted Rand index among the partitions of a table, minus that of the "
        "partition that the rule chooses. Mean over tables; in brackets the 90 % interval over tables, whole batteries "
        "drawn.",
    ]
    for question in [each for each in Question if each in set(evidence.summary["question"])]:
        lines += ["", f"## Which {question}?", "", *_rule_table(evidence.summary, question)]
    lines += ["", "## Which index for which kind of table?", "", *_index_table(evidence.regret)]
    lines += ["", "## Which algorithm is first, which is best?", "", *_algorithm_table(evidence.algorithms)]
    text = "\n".join(lines) + "\n"
    return text if evidence.trust is None else f"{text}\n{trust_text(*evidence.trust)}"


def _rule_table(summary: pd.DataFrame, question: Question) -> Sequence[str]:
    rows = summary[summary["question"] == str(question)]
    kinds = [str(kind) for kind in rows["kind"].unique() if kind != ALL_KINDS]
    means = rows.set_index(["kind", "rule"])["mean"]
    overall = rows[rows["kind"] == ALL_KINDS]
    head = ["rule", ALL_KINDS, *kinds, "median", f"> {LARGE_REGRET:g}", "Spearman"]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for rule, mean, low, high, median, large, spearman in overall[_SHOWN].itertuples(index=False):
        shown = [f"{mean:.3f} [{low:.3f}, {high:.3f}]", *(fixed(means.get((kind, rule), np.nan), 3) for kind in kinds)]
        shown += [f"{median:.3f}", percent(large), fixed(spearman, 2)]
        lines.append(f"| {rule} | " + " | ".join(shown) + " |")
    return lines


def _index_table(regret: pd.DataFrame) -> Sequence[str]:
    """Return the mean regret per battery of every single index, the default and a random pick; the least is bold."""
    scores = {name: list(rule.table.used_score) for name, rule in shipped_rules().items()}
    indices = [name for name, parts in scores.items() if len(parts) == 1 and BETTER_OF not in parts[0]]
    first = regret[(regret["question"] == str(Question.ALL)) & regret["rule"].isin([*indices, DEFAULT, RANDOM])]
    means = first.pivot_table("regret", ["kind", "battery"], "rule", sort=False)
    n_tables = first.groupby(["kind", "battery"])["table"].nunique()
    names = sorted(means.columns, key=lambda name: (name == RANDOM, name == DEFAULT, means[name].mean()))
    lines = ["| kind | battery | tables | " + " | ".join(names) + " |", "|" + " --- |" * (len(names) + 3)]
    for place in sorted(means.index):
        row = means.loc[place, names]
        cells = [f"**{value:.3f}**" if value == row.min() else f"{value:.3f}" for value in row]
        lines.append("| " + " | ".join([*place, str(n_tables[place]), *cells]) + " |")
    return lines


def _algorithm_table(algorithms: pd.DataFrame) -> Sequence[str]:
    lines = ["| algorithm | first by the default rule | best by known classes |", "| --- | --- | --- |"]
    for name, first, best in algorithms.sort_values("best", ascending=False).itertuples(index=False):
        lines.append(f"| {name} | {percent(first)} | {percent(best)} |")
    return lines
