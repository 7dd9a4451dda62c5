"""`clusterbench labels`."""

from pathlib import Path
from typing import Annotated

import typer

from clusterbench.cli.options import RESULTS, Results


def verb(
    sha256: Annotated[str, typer.Argument(help="The start of a labeling's SHA-256.")],
    dataset: Annotated[str | None, typer.Option(help="Whose row ids, where several tables have these labels.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A file; default: the terminal.")] = None,
    results: Results = RESULTS,
) -> None:
    """Print the labels of a cell: row id and cluster, -1 for noise."""
    import pandas as pd

    from clusterbench.cli.streams import write_exactly
    from clusterbench.labeling import labels_sha256
    from clusterbench.report import write_atomically
    from clusterbench.results import row_ids
    from clusterbench.store import Store
    from clusterbench.tables import csv_text

    with Store.reader(results) as store:
        labels = store.labels(sha256)
        ids = row_ids(store, labels_sha256(labels), dataset)
    text = csv_text(pd.DataFrame({"row_id": range(len(labels)) if ids is None else ids, "cluster": labels}))
    if out is None:
        write_exactly(text)
    else:
        write_atomically(out, text)
