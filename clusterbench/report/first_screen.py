"""The first screen of the page: what was run, what is to be said of the first place, and the ranks of the first ten."""

import math
from collections.abc import Sequence
from datetime import datetime

from clusterbench.datasets import ColumnRole
from clusterbench.ranking import AlertKind, letters_of
from clusterbench.report.column_summary import column_facts, columns_of
from clusterbench.report.entry_views import Board, Entry, dataset_title
from clusterbench.report.methodology import Trust
from clusterbench.report.model import Notice, Terms, Tone, Verdict
from clusterbench.report.number_text import fixed, is_missing, number_of
from clusterbench.report.outcome_summary import outcome_counts
from clusterbench.results import StoredRun
from clusterbench.structure import StructureFinding, StructureVerdict
from clusterbench.structure.finding import LEVEL
from clusterbench.text import counted, listed, percent, printable, spanned
from clusterbench.trust import NO_CLUSTERS, TrustEstimate

_ANSWERED = frozenset({AlertKind.CONTROLS_UNBEATEN, AlertKind.NO_STRUCTURE, AlertKind.KNOWN_CLASSES})
_TITLES = {
    AlertKind.NOT_ROBUST: "not robust",
    AlertKind.END_OF_RANGE: "k at the end of its range",
    AlertKind.CHANCE: "chance comes close",
    AlertKind.FAILED_CELLS: "failures",
    AlertKind.DATA: "about the data",
    AlertKind.SELECTION: "a part of the benchmark",
}
_STRUCTURE = {
    StructureVerdict.FOUND: ("Found", Tone.GOOD),
    StructureVerdict.NOT_FOUND: ("None found", Tone.BAD),
    StructureVerdict.NOT_DECIDED: ("Not decided", Tone.DOUBT),
}


def run_facts(run: StoredRun) -> Terms:
    """Return what was run on what data, as (term, text)."""
    record, cells = run.record, run.cells
    ks = cells["k"].dropna()
    matrix = [
        counted(len(record.variants), "preprocessing variant"),
        counted(cells[["algorithm", "params"]].drop_duplicates().shape[0], "algorithm setting"),
        *([f"k = {spanned(sorted(set(ks)))}"] if len(ks) else []),
        counted(len(record.seeds), "seed"),
    ]
    columns = column_facts(run, next(iter(record.datasets))) if len(record.datasets) == 1 else ""
    facts = {
        "Data": data_facts(run, list(record.datasets)),
        **({"Columns": columns} if columns else {}),
        "Matrix": " × ".join(matrix),
        "Asked for": outcome_counts(run),
        "Run": f"{datetime.fromisoformat(run.manifest.finished):%d %B %Y}".lstrip("0"),
    }
    return tuple((term, printable(text)) for term, text in facts.items())


def data_facts(run: StoredRun, datasets: Sequence[str]) -> str:
    """Return rows, columns and source of one dataset, or the names of several."""
    if len(datasets) > 1:
        return printable(f"{len(datasets)} tables: {listed(datasets, most=4)}")
    table = run.record.datasets[datasets[0]]
    return printable(f"{table.n_rows:,} rows × {counted(len(table.columns), 'column')}, {table.source}")


def notices_of(board: Board, notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """Return the notices about the dataset of a board, without those that a verdict says."""
    if board.oracle:
        return ()
    return tuple(n for n in notices if n.place == dataset_title(board.dataset) and n.kind not in _ANSWERED)


def chips(notices: Sequence[Notice]) -> list[tuple[str, bool, list[str]]]:
    """Return notices by what they are about, as (title, whether serious, texts)."""
    groups: dict[tuple[str, bool], list[str]] = {}
    for notice in notices:
        groups.setdefault((_TITLES.get(notice.kind, notice.kind.value), notice.serious), []).append(notice.text)
    return [(title, serious, texts) for (title, serious), texts in groups.items()]


def verdicts_of(board: Board, trust: Trust) -> tuple[Verdict, ...]:
    """Return what is to be said of the first place of a board, most important first."""
    leaders = [entry for entry in board.contenders if entry.rank == 1]
    if not leaders:
        return (Verdict("First place", "No entry could be ranked", "The reasons are below.", Tone.BAD),)
    leaders.sort(key=lambda entry: -number_of(entry.row["p_first"]) if entry.has_interval else 0.0)
    verdicts = (_first(board, leaders), _separated(board, leaders), _trust(board, trust), _controls(board))
    others = (_structure(board), _known_classes(board, leaders[0]))
    return tuple(verdict for verdict in (*verdicts, *others) if verdict is not None)


def _first(board: Board, leaders: list[Entry]) -> Verdict:
    first = leaders[0]
    title = board.order.heading.lower()
    evidence = f"first of {counted(len(board.contenders), 'contender')} by {title} ({fixed(first.order_value, 3)})"
    if len(leaders) > 1:
        evidence += f", shared with {listed([entry.label for entry in leaders[1:]], most=2)}"
    return Verdict("First place", first.label, evidence)


def _separated(board: Board, leaders: list[Entry]) -> Verdict:
    first, question = leaders[0], "How sure is that?"
    if not first.has_interval:
        return Verdict(question, "Not measured", "nothing was fitted to halves of the rows", Tone.DOUBT)
    letters = set(letters_of(str(first.row["tie"])))
    near = [one for one in board.contenders if one not in leaders and letters & set(letters_of(str(one.row["tie"])))]
    chance = f"be first in {percent(number_of(first.row['p_first']))} of them"
    confidence = f"{100 * board.run.record.ranking.confidence:g} %"
    evidence = f"in other samples of this size it would rank {first.interval} ({confidence}), and {chance}"
    if near:
        return Verdict(question, f"{counted(len(near), 'other')} may be as good", evidence, Tone.DOUBT)
    return Verdict(question, "Ahead of all others", evidence, Tone.GOOD)


def _trust(board: Board, trust: Trust) -> Verdict | None:
    question = "Can it be trusted?"
    if board.overall and trust:
        trusted = [name for name, estimate in trust.items() if estimate.trusted]
        tone = Tone.GOOD if len(trusted) == len(trust) else Tone.DOUBT if trusted else Tone.BAD
        return Verdict(question, f"On {len(trusted)} of {counted(len(trust), 'table')}", listed(trusted, most=3), tone)
    known = not board.oracle and board.dataset in trust
    return Verdict(question, *_trust_words(trust[board.dataset])) if known else None


def _trust_words(estimate: TrustEstimate) -> tuple[str, str, Tone]:
    warning = f". {NO_CLUSTERS}".removesuffix(".") if estimate.no_clusters else ""
    basis = f"as judged by {estimate.coefficients.tables} tables with known classes"
    if estimate.categories:
        known = f"it has categories, none of the {estimate.coefficients.tables} tables with known classes has"
        return "Not known for a table like this", f"{known}{warning}", Tone.DOUBT
    loss = (
        "of adjusted Rand index (1: the same clusters, 0: by chance) against the best result here"
        f" (a random pick {estimate.random:.2f}), {basis}{warning}"
    )
    if estimate.abstains:
        return "Not on a table like this", f"it may lose up to {estimate.high:.2f} {loss}", Tone.BAD
    answer = f"Likely to lose {estimate.low:.2f} to {estimate.high:.2f}"
    return answer, loss, Tone.DOUBT if warning else Tone.GOOD


def _controls(board: Board) -> Verdict:
    """Return whether the first entry beats the deliberately trivial competitors."""
    question, controls = "Beats trivial rivals?", len(board.entries) - len(board.contenders)
    for alert in board.run.board.alerts:
        about_board = (alert.dataset, alert.oracle) == (board.dataset, board.oracle)
        if alert.kind is AlertKind.CONTROLS_UNBEATEN and about_board:
            return Verdict(question, "No", printable(alert.text.removeprefix("the first entry ")), Tone.BAD)
    if not controls:
        return Verdict(question, "Not known", "no control took part", Tone.DOUBT)
    return Verdict(
        question, "Yes", f"it beats {'the only' if controls == 1 else f'all {controls}'} controls", Tone.GOOD
    )


def _structure(board: Board) -> Verdict | None:
    findings = {finding.dataset: finding for finding in board.run.record.structure}
    question = "Any clusters at all?"
    if board.overall and findings:
        verdicts = [finding.verdict for finding in findings.values()]
        found = verdicts.count(StructureVerdict.FOUND)
        none = verdicts.count(StructureVerdict.NOT_FOUND)
        tone = Tone.GOOD if found == len(verdicts) else Tone.DOUBT
        evidence = f"none found on {none}, not decided on {len(verdicts) - found - none}"
        return Verdict(question, f"Found on {found} of {counted(len(verdicts), 'table')}", evidence, tone)
    finding = findings.get(board.dataset)
    if finding is None:
        return None
    has_categories = bool((columns_of(board.run, board.dataset)["role"] == ColumnRole.CATEGORY).any())
    return Verdict(question, *_structure_words(finding, has_categories=has_categories))


def _structure_words(finding: StructureFinding, *, has_categories: bool) -> tuple[str, str, Tone]:
    answer, tone = _STRUCTURE[finding.verdict]
    evidence = []
    if finding.columns:
        has = "has" if len(finding.columns) == 1 else "have"
        evidence.append(f"{listed(list(map(printable, finding.columns)), most=2)} {has} more than one mode")
    if finding.observed.silhouette is not None and finding.silhouettes:
        values = f"silhouette {finding.observed.silhouette:.3f} against {max(finding.silhouettes):.3f}"
        evidence.append(f"k-means {_gain(finding)} tables drawn without clusters ({values})")
    if has_categories and finding.verdict is StructureVerdict.NOT_FOUND:
        evidence.append("groups that differ in a few levels of categories are not seen by it")
    return answer, "; ".join(evidence), tone


def _gain(finding: StructureFinding) -> str:
    """Return how k-means compares with the tables drawn without clusters, as a verb."""
    if finding.p is not None and finding.p <= LEVEL:
        return "exceeds"
    silhouette = finding.observed.silhouette
    better = silhouette is not None and silhouette > max(finding.silhouettes)
    return "hardly exceeds" if better else "does no better than"


def _known_classes(board: Board, first: Entry) -> Verdict | None:
    known = [entry for entry in board.contenders if not is_missing(entry.row.get("ari"))]
    if first not in known:
        return None
    best = max(known, key=lambda entry: number_of(entry.row["ari"]))
    evidence = f"adjusted Rand index; the best here {fixed(number_of(best.row['ari']), 2)}, of rank {best.rank}"
    return Verdict("Like known classes?", fixed(number_of(first.row["ari"]), 2), f"{evidence}. No rank depends on it")


def interval_bar(entry: Entry, last: float) -> str:
    """Return the place of a rank interval on an axis from rank 1 to `last`, in percent, as CSS: its start and width."""
    low, high = (entry.rank_low, entry.rank_high) if entry.has_interval else (entry.rank, entry.rank)
    scale = 100.0 / max(last - 1.0, 1.0)
    return f"left:{(low - 1) * scale:.3g}%;width:{(high - low) * scale:.3g}%"


def dot(rank: int, last: float) -> str:
    """Return the place of a rank on the same axis, as CSS."""
    return f"left:{100.0 * (rank - 1) / max(last - 1.0, 1.0):.3g}%"


def last_rank(entries: Sequence[Entry]) -> int:
    """Return the worst rank that the intervals of some entries reach."""
    return int(max((e.rank_high if math.isfinite(e.rank_high) else e.rank for e in entries), default=1))
