"""Derived frames of a run (random partitions, draws, details), read back from its store."""

import pandas as pd

from clusterbench.results.records import RunRecord
from clusterbench.store import Store

BASELINES, DRAWS, DRAW_SCORES = "baselines", "draws", "draw scores"
_BASELINE_COLUMNS = {
    **dict.fromkeys(("dataset", "space", "generator", "metric"), str),
    **dict.fromkeys(("k", "replicate", "smallest", "largest"), int),
    "value": float,
}


def read_frames(store: Store, record: RunRecord, kind: str) -> pd.DataFrame | None:
    """Join the derived frames of one kind, with columns for their dataset, space and k; None where there are none."""
    import pyarrow as pa

    entries = record.frames_of(kind)
    stored, tables = store.frames([entry.key for entry in entries]), []
    for entry in (entry for entry in entries if entry.key in stored):
        table = stored[entry.key].replace_schema_metadata()  # the index of a frame that is read alone
        about = {"dataset": entry.dataset, "space": entry.space, "k": entry.k}
        for name, value in about.items():
            if value not in ("", None):
                others = [column for column in table.column_names if column != name]
                table = table.select(others).append_column(name, pa.repeat(value, len(table)))
        tables.append(table)
    if not tables:
        return None
    frame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    return record.own_metrics(frame).reset_index(drop=True) if "metric" in frame else frame


def read_baselines(store: Store, record: RunRecord) -> pd.DataFrame | None:
    """Return the scores of random partitions and whether each passes the gate of the run.

    None where a run is not calibrated, no rows where there are none.
    """
    if record.random_partitions == 0:
        return None
    frame = read_frames(store, record, BASELINES)
    if frame is None:
        frame = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _BASELINE_COLUMNS.items()})
    gate, n_rows = record.gate, {name: dataset.n_rows for name, dataset in record.datasets.items()}
    least = frame["dataset"].map({name: gate.smallest_allowed(n) for name, n in n_rows.items()})
    most = frame["dataset"].map({name: gate.largest_allowed(n) for name, n in n_rows.items()})
    sizes_pass = (frame["smallest"] >= least) & (frame["largest"] <= most)
    return frame.assign(passes=sizes_pass & (frame["k"] >= gate.min_clusters))
