"""Check results that someone else made: a sample of their rows is fitted and scored again as the benchmark declares."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from clusterbench.benchmark import find_benchmark, load_benchmark
from clusterbench.environment import current_environment
from clusterbench.errors import RequestError
from clusterbench.execution import Limits, scratch_folder
from clusterbench.metrics import EXTERNAL_METRICS
from clusterbench.naming import EntryNames, canonical_json
from clusterbench.plugins import Registry, load_registry
from clusterbench.ranking import KPolicy, OrderRule, RankingSpec, leaderboard
from clusterbench.results import RunRecord, cells_table, scores_table
from clusterbench.running import LogProgress, Plan, PlannedJob, Progress, Selection, Settings, make_plan
from clusterbench.running.fitting import fit
from clusterbench.running.score_stage import score
from clusterbench.statuses import CellStatus
from clusterbench.store import Store
from clusterbench.tables import BOARD_KEY, CELL_KEY, CUT_KEY, SCORE_KEY, STABILITY
from clusterbench.verification.differences import (
    Difference,
    Judgement,
    Kind,
    Rank,
    Value,
    fact_differences,
    same_score,
)
from clusterbench.verification.matching import NOT_RANKED, cell_of, entry_of, rule_facts
from clusterbench.verification.reproduction import RefittedRow, Reproduction
from clusterbench.verification.sides import Side, conditions, read_side

_OF_THE_MACHINE = [CellStatus.SKIPPED.value, CellStatus.TIMEOUT.value, CellStatus.OUT_OF_MEMORY.value]
_FACTS = ("status", "n_clusters", "noise_share", "smallest", "largest", "inertia")
_RELATIVE = 1e-6  # difference of an inertia that another machine may have
_NOT_DECLARED = "not declared"
_SUFFIXES = ("", "_now")


def reproduce_sample(
    target: str | Path,
    *,
    benchmark: str | Path | None = None,
    rows: int = 10,
    seed: int = 0,
    workspace: Path | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Fit and score a sample of submitted rows again and return what differs from the tables.

    The benchmark, its data and its plug-ins are those found here. Also compared are the data, the rules and the list of
    cells with those that the benchmark declares; and every rank with the one that follows from the submitted cells and
    scores, unless the rule needs draws or random partitions, which tables do not hold.

    Parameters
    ----------
    target : str or Path
        Exported tables, or a results folder: see `read_side`.
    benchmark : str or Path, optional
        Name or path; default: the name in the tables.
    rows : int
        Cells that are drawn, beside those of the first place. Cells that were skipped, or ran out of time or memory,
        are not drawn: they depend on the machine.
    seed : int
        Of the draw.
    workspace, settings, progress
        As for `reproduce`.

    Raises
    ------
    RequestError
        If the tables or the benchmark cannot be used, or there is nothing to draw.
    """
    side = read_side(target)
    plan, registry = _planned(side, benchmark, workspace or Path.cwd())
    sample = _drawn(side, rows, seed)
    part = replace(plan, jobs=tuple(_jobs_of(plan, sample)))
    record, progress = part.record(), progress or LogProgress()
    settings = settings or _settings(side)
    with scratch_folder() as folder, Store.writer(folder) as scratch, settings.new_executor() as executor:
        fit([part], scratch, registry, settings, executor, progress)
        score(part, scratch, progress)
        cells = cells_table(scratch, plan.name, record)
        scores = scores_table(scratch, record, cells)
    settings_of_all = side.cells[["algorithm", "params"]].drop_duplicates().itertuples(index=False, name=None)
    return Reproduction(
        benchmark=plan.name,
        target=f"a sample of {target} (seed {seed})",
        rows=tuple(_refitted_rows(sample, side.scores, cells, scores, record)),
        shared=(*_input_differences(side, plan), *_rank_differences(side, record.ranking), *_environment(side)),
        names=EntryNames.of(settings_of_all),
    )


def _planned(side: Side, benchmark: str | Path | None, workspace: Path) -> tuple[Plan, Registry]:
    """Return the plan of the benchmark: of its quick form where the tables are of that."""
    submitted = ", ".join(side.cells["benchmark"].unique())
    selection = Selection(quick=submitted.endswith(Selection(quick=True).suffix))
    path = find_benchmark(benchmark or submitted.removesuffix(selection.suffix), workspace=workspace)
    registry = load_registry(workspace)
    return make_plan(load_benchmark(path, registry), selection), registry


def _drawn(side: Side, rows: int, seed: int) -> pd.DataFrame:
    """Return the cells of the first place that has a cut, with all seeds, and random others, each cut as likely."""
    cells = side.cells[~side.cells["status"].isin(_OF_THE_MACHINE)]
    if cells.empty:
        raise RequestError(f"{side.name} has no cell that can be fitted again", allowed="cells that ran")
    first = side.board.loc[(side.board["rank"] == 1) & side.board["cut"].notna(), CUT_KEY].iloc[:1]
    weights = 1.0 / cells.groupby(CUT_KEY)["seed"].transform("size")  # controls have many seeds
    drawn = cells.sample(min(rows, len(cells)), weights=weights, random_state=seed)
    return pd.concat([first.merge(cells, on=CUT_KEY), drawn], ignore_index=True).drop_duplicates(CELL_KEY)


def _jobs_of(plan: Plan, sample: pd.DataFrame) -> Iterator[PlannedJob]:
    """Yield the planned jobs of a sample, with those of their cuts that are in it."""
    wanted = set(sample[CELL_KEY].itertuples(index=False, name=None))
    for planned in plan.jobs:
        cuts = tuple(cut for cut in planned.job.cuts if wanted & {*_cells_of(planned, (cut,))})
        if cuts:
            yield replace(planned, job=replace(planned.job, cuts=cuts))


def _cells_of(planned: PlannedJob, cuts: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    """Yield the keys of the cells of a planned job, as `CELL_KEY` has them."""
    job = planned.job
    yield from ((job.dataset, job.algorithm, job.params, job.variant, cut, seed) for cut in cuts for seed in job.seeds)


def _settings(side: Side) -> Settings:
    """Return worker processes with the threads and the limits of the submitted run."""
    limits = side.manifest.limits
    return Settings(threads=side.manifest.threads, limits=Limits(limits.seconds, limits.memory_mb))


def _refitted_rows(
    sample: pd.DataFrame, submitted: pd.DataFrame, cells: pd.DataFrame, scores: pd.DataFrame, record: RunRecord
) -> Iterator[RefittedRow]:
    """Yield every row of the sample with its differences from the cells and the scores that were computed now."""
    scores = scores[scores["metric"].isin(submitted["metric"])]  # a later version may score others too
    both = submitted.merge(scores, "outer", on=SCORE_KEY, suffixes=_SUFFIXES)
    by_cell = {key: rows.to_dict("records") for key, rows in sample[CELL_KEY].merge(both).groupby(CELL_KEY)}
    for row in sample.merge(cells, "left", on=CELL_KEY, suffixes=_SUFFIXES).to_dict("records"):
        of_row = by_cell.get(tuple(row[name] for name in CELL_KEY), [])
        before, now = (_outcome(row, suffix) for suffix in _SUFFIXES)
        same = before == now
        differences = [*_fact_differences(row)] if same else [_difference(Kind.LABELS, "labels", before, now)]
        if other := {one["labels_sha256"] for one in of_row if isinstance(one["labels_sha256"], str)} - {before}:
            differences.append(_difference(Kind.LABELS, "labels of its scores", min(other), now))
        differences += (found for one in of_row for found in _score_differences(one, record))
        yield RefittedRow(cell_of(row), before, now, len(of_row), tuple(differences))


def _outcome(row: Mapping[Any, Any], suffix: str) -> str:
    """Return the hash of the labels of a row, else its status."""
    given = (row[f"{name}{suffix}"] for name in ("labels_sha256", "status"))
    return next((value for value in given if isinstance(value, str)), _NOT_DECLARED)


def _fact_differences(row: Mapping[Any, Any]) -> Iterator[Difference]:
    """Yield the facts of a cell other than its labels that differ."""
    for name in _FACTS:
        a, b = (None if pd.isna(row[at]) else row[at] for at in (name, f"{name}_now"))
        if a != b:
            close = isinstance(a, float) and isinstance(b, float) and math.isclose(a, b, rel_tol=_RELATIVE)
            yield _difference(Kind.LABELS, name.replace("_", " "), a, b, close=close)


def _score_differences(score: Mapping[Any, Any], record: RunRecord) -> Iterator[Difference]:
    before, now = (None if pd.isna(score[place]) else float(score[place]) for place in ("value", "value_now"))
    if before != now:
        metric, close = score["metric"], False
        if before is not None and now is not None:
            facts = EXTERNAL_METRICS.get(metric) or record.ranking.metric(metric)
            close = same_score(before, now, digits=facts.digits)
        yield _difference(Kind.SCORE, f"{metric} in {score['space']}", before, now, close=close)


def _difference(kind: Kind, subject: str, a: Value | None, b: Value | None, *, close: bool = False) -> Difference:
    """Return a difference that fails unless the values are close."""
    before, now = ("none" if value is None else value for value in (a, b))
    kind, judgement = (Kind.DIGITS, Judgement.ALLOWED) if close else (kind, Judgement.FAILS)
    return Difference(kind, subject, before, now, "", judgement)


def _input_differences(side: Side, plan: Plan) -> Iterator[Difference]:
    """Yield the data, the rules and the cells that are not those of the benchmark."""
    ours = {name: dataset.content_hash for name, dataset in plan.datasets.items()}
    rules = (side.manifest.rules, plan.record().rules)
    facts = fact_differences(Kind.RULE, rule_facts(*rules), rule_facts(*rules[::-1]))
    facts += fact_differences(Kind.INPUT, {"data of": side.manifest.datasets}, {"data of": ours})
    submitted = set(side.cells[CELL_KEY].itertuples(index=False, name=None))
    declared = {cell for planned in plan.jobs for cell in _cells_of(planned, planned.job.cuts)}
    for what, cells in (("are missing", declared - submitted), ("are not declared", submitted - declared)):
        if cells:
            note = f"such as {' '.join(map(str, min(cells)))}"
            facts.append(Difference(Kind.INPUT, f"cells that {what}", len(cells), 0, note))
    yield from (replace(one, judgement=Judgement.FAILS) for one in facts)


def _rank_differences(side: Side, spec: RankingSpec) -> Iterator[Difference]:
    """Yield the entries whose rank or cut does not follow from the submitted cells and scores."""
    has_calibration = KPolicy.CALIBRATED in spec.policies(has_baselines=True)
    if spec.order is not OrderRule.SCORE or STABILITY in spec.score_metrics or has_calibration:
        note = "the rule needs draws or random partitions, which tables do not hold"
        yield Difference(Kind.RANK, "all ranks", "as given", "not checked", note, Judgement.UNDECIDED)
        return
    again = leaderboard(side.cells, side.scores, spec).table
    for row in side.board.merge(again, "outer", on=BOARD_KEY, suffixes=_SUFFIXES).to_dict("records"):
        before, now = (NOT_RANKED if pd.isna(row[name]) else Rank(int(row[name])) for name in ("rank", "rank_now"))
        cuts = [row[name] if isinstance(row[name], str) else "" for name in ("cut", "cut_now")]
        if before != now or cuts[0] != cuts[1]:
            note = "" if cuts[0] == cuts[1] else f"{cuts[0]} -> {cuts[1]}"
            yield Difference(Kind.RANK, entry_of(row), before, now, note, Judgement.FAILS)


def _environment(side: Side) -> list[Difference]:
    """Return the versions and the facts of the machine that are not those of the submitted run."""
    now = json.loads(canonical_json(asdict(current_environment())))
    facts = conditions(side.manifest)
    return fact_differences(Kind.ENVIRONMENT, {name: facts[name] for name in now}, now)
