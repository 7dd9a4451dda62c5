"""How often the verdict on structure is right, on kinds of tables whose structure is known.

``CLUSTERBENCH_STRUCTURE_RATES=FILE`` tests ten tables of each kind instead of one and appends the counts to the file:
they are the figures of `docs/structure.md`.
"""

import os
from pathlib import Path

import pandas as pd
import pytest

from clusterbench.running import Silent
from clusterbench.structure import StructureVerdict

from .conftest import Workspace
from .structure_kinds import CLUSTERED, STRUCTURELESS, tables

RATES = os.environ.get("CLUSTERBENCH_STRUCTURE_RATES")
TOML = """
title = "Structure"
seeds = [0]
k = [2]
reference_spaces = ["standard"]
[[datasets]]
path = "table.csv"
[variants]
standard = [{ step = "standardize" }]
[ranking]
k_policies = ["silhouette"]
random_partitions = 0
bootstraps = 0
[stability]
resamples = 0
[[algorithms]]
use = "kmeans"
n_init = 1
"""


@pytest.mark.timeout(3600 if RATES else 600)
@pytest.mark.parametrize("kind", [*STRUCTURELESS, *CLUSTERED])
def test_structure_is_denied_where_there_is_none_and_only_there(kind, tmp_path):
    verdicts = []
    for number, table in enumerate(tables(kind, 10 if RATES else 1, most_rows=1000 if RATES else 400)):
        folder = tmp_path / str(number)
        folder.mkdir()
        study = Workspace(folder, "table", table=pd.DataFrame(table).add_prefix("c"))
        (finding,) = study.run(TOML, progress=Silent()).record.structure
        verdicts.append(finding.verdict)
    alarms = verdicts.count(StructureVerdict.NOT_FOUND)
    if RATES:
        with Path(RATES).open("a") as file:
            print(kind, *map(verdicts.count, StructureVerdict), sep=",", file=file)
    if kind in STRUCTURELESS:
        assert alarms >= 0.9 * len(verdicts)
    else:
        assert alarms <= 0.1 * len(verdicts)
