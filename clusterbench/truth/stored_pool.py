"""Partitions that others have stored beside the tables of a folder: competitors without a fit, at the known k."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from clusterbench.datasets import Dataset, stored_partitions
from clusterbench.labeling import Labels, canonical, labels_sha256
from clusterbench.metrics import ARI, external_scores, score_labelings
from clusterbench.naming import Cut
from clusterbench.ranking import RankingSpec
from clusterbench.results.run_tables import add_sizes, judge
from clusterbench.running import Plan
from clusterbench.statuses import CellStatus
from clusterbench.tables import CELL_KEY
from clusterbench.truth.regrets import LabelledRun


def stored_pool(folder: Path, plan: Plan, spec: RankingSpec) -> LabelledRun | None:
    """Score and gate stored partitions into the known number of clusters, as those of a run are.

    Parameters
    ----------
    folder : Path
        See `stored_partitions`; battery and name say of which table they are.
    plan : Plan
        Of the tables in the folder. Of a table that is represented by some rows, these rows are taken.
    spec : RankingSpec
        Rules of the run of that plan.

    Returns
    -------
    LabelledRun or None
        One entry per table and method, without draws and baselines; None where nothing is stored.
    """
    labelings: dict[str, dict[str, Labels]] = {}
    for file in stored_partitions(folder):
        name = f"{file.battery}/{file.name}"
        dataset = plan.datasets.get(name)
        if dataset is not None and dataset.true_k == file.k:
            rows = dataset.row_ids.to_numpy()
            taken = {method: canonical(labels[rows]) for method, labels in file.load().items()}
            labelings.setdefault(name, {}).update(taken)
    if not labelings:
        return None
    cells = pd.concat([_cells(plan.datasets[name], own) for name, own in labelings.items()], ignore_index=True)
    add_sizes(cells)
    judge(cells, plan.benchmark.gate)
    policy, scores = plan.benchmark.noise.policy, []
    ari: dict[tuple[str, str], float] = {}
    for name in labelings:
        group = cells[cells["dataset"] == name]
        distinct = group.drop_duplicates("labels_sha256")
        labels = [labelings[name][method] for method in distinct["algorithm"]]
        for space in plan.references[name]:
            values = plan.spaces[name, space].values
            frame = score_labelings(values, labels, metrics=plan.benchmark.scored_metrics, noise=policy)
            frame["labels_sha256"] = distinct["labels_sha256"].to_numpy()[frame["labeling"]]
            scores.append(group[[*CELL_KEY, "labels_sha256"]].merge(frame, on="labels_sha256").assign(space=space))
        references = {known.name: known.codes for known in plan.datasets[name].known_classes}
        agreement = external_scores(labels, references, metrics=ARI)["value"]
        ari |= dict(zip(zip(distinct["dataset"], distinct["labels_sha256"], strict=True), agreement, strict=True))
    return LabelledRun(cells, pd.concat(scores, ignore_index=True), None, None, spec, pd.Series(ari))


def _cells(dataset: Dataset, labelings: dict[str, Labels]) -> pd.DataFrame:
    sizes = [np.bincount(labels[labels >= 0]).tolist() for labels in labelings.values()]
    return pd.DataFrame(
        {
            "dataset": dataset.name,
            "algorithm": list(labelings),
            "params": "{}",
            "variant": "stored",
            "cut": Cut("k", dataset.true_k or 0).text,
            "seed": 0,
            "labels_sha256": [labels_sha256(labels) for labels in labelings.values()],
            "status": CellStatus.OK.value,
            "reason": None,
            "n_rows": dataset.n_rows,
            "n_noise": [dataset.n_rows - sum(each) for each in sizes],
            "sizes": [json.dumps(each) for each in sizes],
            "fit_seconds": np.nan,
            "peak_mb": np.nan,
        }
    )
