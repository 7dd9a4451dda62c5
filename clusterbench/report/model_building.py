"""Build the report of a run."""

from collections.abc import Sequence

from clusterbench.report import first_screen, methodology, outcome_summary
from clusterbench.report.board_table import column_explanations, leaderboard_table
from clusterbench.report.class_table import class_table
from clusterbench.report.cluster_profile import data_card
from clusterbench.report.declared_parts import all_figures
from clusterbench.report.entry_details import DetailTables, details_of, labels_file
from clusterbench.report.entry_views import Board, boards_of
from clusterbench.report.figure import Figure, draw_figures
from clusterbench.report.matrices import agreement_matrix, sensitivity_matrix
from clusterbench.report.model import BoardReport, Notice, ReportModel, Table
from clusterbench.report.svg import Picture
from clusterbench.results import StoredRun
from clusterbench.text import printable
from clusterbench.trust import trust_by_dataset


def build_report(run: StoredRun, *, figures: Sequence[Figure] | None = None) -> ReportModel:
    """Return the report of a run, to be rendered by the formats.

    Parameters
    ----------
    run : StoredRun
    figures : sequence of Figure, optional
        By default all that are declared in ``clusterbench/report/figures``.
    """
    boards = boards_of(run)
    drawn = draw_figures(boards, all_figures() if figures is None else figures)
    tables = DetailTables.of(run)
    notices = tuple(outcome_summary.notices(run))
    trust = {name: estimate for name, (_, estimate) in trust_by_dataset(run).items()}
    reports = tuple(
        _board_report(board, boards, pictures, tables, notices, trust)
        for board, pictures in zip(boards, drawn, strict=True)
    )
    return ReportModel(
        run=run,
        title=printable(run.record.title),
        name=printable(run.name),
        headline=printable(run.board.headline),
        rule=methodology.rule_text(run),
        trust=methodology.trust_sentences(trust),
        facts=first_screen.run_facts(run),
        outcomes=outcome_summary.outcome_counts(run),
        citation=methodology.citation(run),
        verdicts=tuple(outcome_summary.verdicts(run)),
        notices=notices,
        boards=reports,
        columns=column_explanations(run, [report.table for report in reports]),
        rejected=outcome_summary.rejected_table(run),
        refused=outcome_summary.refused_table(run),
        failures=outcome_summary.failure_table(run),
        basis=methodology.basis(run, trust),
        rules=(*methodology.rules(run), *methodology.trust_terms(trust)),
        metrics=methodology.metric_table(run),
        structure=methodology.structure_table(run),
        declared=methodology.declared_tables(run),
        environment=methodology.environment(run),
        labels=_labels(run, boards),
    )


def _board_report(
    board: Board,
    boards: Sequence[Board],
    figures: tuple[Picture, ...],
    tables: DetailTables,
    notices: Sequence[Notice],
    trust: methodology.Trust,
) -> BoardReport:
    table, first = leaderboard_table(board), next(iter(board.contenders), None)
    return BoardReport(
        board=board,
        about=first_screen.data_facts(board.run, board.datasets),
        headline=printable(board.run.board.headlines.get(board.dataset, "")),
        competitors=outcome_summary.competitors(board.entries),
        verdicts=first_screen.verdicts_of(board, trust),
        notices=first_screen.notices_of(board, notices),
        table=table,
        details=() if board.overall else tuple(details_of(board, table, tables)),
        figures=figures,
        agreement=agreement_matrix(board, tables.ari),
        classes=Table("Known classes") if first is None else class_table(first, tables.classes_of(board, first)),
        sensitivity=sensitivity_matrix(board),
        columns=data_card(board.run, board.dataset),
        by_dataset=outcome_summary.dataset_table(board, boards),
    )


def _labels(run: StoredRun, boards: Sequence[Board]) -> dict[str, str]:
    """Return the files of labels, each with the entries that have them."""
    labels: dict[str, dict[str, None]] = {}
    for entry in (entry for board in boards for entry in board.entries if entry.labels_sha256 in run.details.labels):
        labels.setdefault(labels_file(entry.labels_sha256), {})[entry.label] = None
    return {file: "; ".join(entries) for file, entries in labels.items()}
