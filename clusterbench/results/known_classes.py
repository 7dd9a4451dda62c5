"""Agreement with known classes beside a finished leaderboard, which never reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from clusterbench.datasets import TruthKind
from clusterbench.metrics import AMI, ARI, EXTERNAL_METRICS, SHOWN_METRICS
from clusterbench.ranking import Alert, AlertKind, Column, Leaderboard
from clusterbench.results.records import RunRecord
from clusterbench.tables import CLASSES, CUT_KEY, OVERALL

_TITLES = {ARI: "ARI", AMI: "AMI"}
_KINDS = {
    TruthKind.GENERATED: "known classes (the groups from which the rows were drawn)",
    TruthKind.EXPERT: "known classes (clusters that a person sees)",
    TruthKind.CLASS: "known classes (labels of another purpose, which need not be clusters)",
    None: "known classes",
}


def with_known_classes(board: Leaderboard, scores: pd.DataFrame, record: RunRecord) -> Leaderboard:
    """Return a leaderboard with the columns ``ari`` and ``ami`` of the first seed's labels, and an alert on the order.

    Of several known classes of a table, the best score counts. Without known classes the leaderboard is returned as it
    is.
    """
    known = scores[scores["space"].str.startswith(CLASSES) & (scores["seed"] == record.seeds[0])]
    if known.empty:
        return board
    best = known.pivot_table("value", CUT_KEY, "metric", aggfunc="max").reindex(columns=list(SHOWN_METRICS))
    table = board.table.merge(best, left_on=CUT_KEY, right_index=True, how="left")
    columns = tuple(
        Column(
            name,
            _TITLES[name],
            f"{EXTERNAL_METRICS[name].title} of the first seed's labels and the known classes, of several the best; not"
            " ranked.",
            ".2f",
        )
        for name in SHOWN_METRICS
    )
    alerts = (*board.alerts, *_order_alerts(table, record))
    return replace(board, table=table, columns=(*board.columns, *columns), alerts=alerts)


def _order_alerts(table: pd.DataFrame, record: RunRecord) -> Iterator[Alert]:
    """Yield, for each board of a dataset, how its order and the known classes agree."""
    contenders = table[~table["control"] & table[ARI].notna() & (table["dataset"] != OVERALL)]
    for (dataset, oracle), part in contenders.groupby(["dataset", "oracle"], sort=False):
        varies = len(part) > 2 and part[["rank", ARI]].nunique().min() > 1
        kind = _KINDS[record.datasets[str(dataset)].truth_kind]
        rho = (-part["rank"].astype(float)).corr(part[ARI], method="spearman") if varies else None
        head = f"agreement with {kind}" if rho is None else f"order and {kind} agree at rho = {rho:.2f}"
        best = part.iloc[int(part[ARI].argmax())]
        text = (
            f"{head}; first place has ARI {part[ARI].iloc[0]:.2f}, the best {best[ARI]:.2f} (rank {best['rank']})."
            " No rank depends on the classes."
        )
        yield Alert(AlertKind.KNOWN_CLASSES, text, str(dataset), bool(oracle))
