"""Compare two runs or exports, row by row."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.metrics import EXTERNAL_METRICS
from clusterbench.naming import EntryNames, parameter_pairs
from clusterbench.results import DeclaredRules
from clusterbench.statuses import WITHOUT_LABELS, ScoreStatus
from clusterbench.tables import BOARD_KEY, CELL_KEY, ENTRY_KEY, OVERALL, OWN
from clusterbench.text import counted
from clusterbench.verification.comparison import Comparison, Counts
from clusterbench.verification.differences import (
    Difference,
    Judgement,
    Kind,
    Rank,
    RowKey,
    Value,
    fact_differences,
    same_score,
    short_hash,
)
from clusterbench.verification.sides import Side, conditions, read_side

NOT_RANKED = "not ranked"
_SCORE_KEY = ["dataset", "variant", "labels_sha256", "space", "metric"]
_SUFFIXES = ("_a", "_b")
# The note and the judgement of a fall, by whether the intervals are apart.
_BY_APART = {
    True: ("beyond its interval", Judgement.FAILS),
    False: ("within its interval", Judgement.ALLOWED),
    None: ("no interval known", Judgement.UNDECIDED),
}


def compare(a: str | Path | Side, b: str | Path | Side) -> Comparison:
    """Compare two runs or exports.

    Entries are matched by dataset, algorithm, parameters, variant and k policy; cells by dataset, algorithm,
    parameters, variant, cut and seed; scores by dataset, labels, space and metric (in an own space also by variant).

    Parameters
    ----------
    a, b : str or Path or Side
        Before and after; see `read_side`.

    Raises
    ------
    RequestError
        If a side cannot be read, has a metric that this version does not know, or has nothing in common with the other.

    Notes
    -----
    Where the sides declare different noise policies, scores of labelings with noise are not compared. Ranks are those
    of each side's own board. Where the boards have different entries, an entry may move because others joined or left.
    """
    one, other = (side if isinstance(side, Side) else read_side(side) for side in (a, b))
    entries = one.board.merge(other.board, on=BOARD_KEY, suffixes=_SUFFIXES)
    cells = one.cells.merge(other.cells, on=CELL_KEY, suffixes=_SUFFIXES)
    matched = _scores_of(one).merge(_scores_of(other), on=_SCORE_KEY, suffixes=_SUFFIXES)
    if not (len(cells) or len(matched) or (entries["dataset"] != OVERALL).any()):
        raise _unrelated(one, other)  # B would never be worse
    scores = matched[~_by_other_rule(matched, one, other)]
    settings = pd.concat(
        [frame[["algorithm", "params"]] for side in (one, other) for frame in (side.board, side.cells)]
    )
    rules = (one.manifest.rules, other.manifest.rules)
    return Comparison(
        a=one.name,
        b=other.name,
        counts=Counts(
            *(len(entries), len(cells), len(scores)),
            *(len(one.cells) - len(cells), len(other.cells) - len(cells), len(matched) - len(scores)),
        ),
        differences=(
            *fact_differences(Kind.RULE, rule_facts(*rules), rule_facts(*rules[::-1])),
            *_moves(entries),
            *_entries_of_one_side(one, other),
            *_score_differences(scores, one, other),
            *_label_differences(cells, one, other),
            *_status_differences(cells),
            *fact_differences(Kind.ENVIRONMENT, conditions(one.manifest), conditions(other.manifest)),
            *_fit_times(cells),
        ),
        names=EntryNames.of(settings.drop_duplicates().itertuples(index=False, name=None)),
    )


def _unrelated(one: Side, other: Side) -> RequestError:
    a, b = (", ".join(map(str, side.cells["dataset"].unique())) or "none" for side in (one, other))
    return RequestError(
        f"{one.name} and {other.name} have nothing in common: datasets of A: {a}; of B: {b}",
        allowed="two runs of one benchmark, or of benchmarks with common cells",
    )


def rule_facts(rules: DeclaredRules, others: DeclaredRules) -> dict[str, object]:
    """Return declared rules as facts; of variants and plug-ins, those that both sides have."""
    ranking = rules.ranking
    return {
        "noise policy": rules.noise,
        "metrics": ranking.metrics,
        "reference spaces": ranking.reference_spaces,
        "k policies": ranking.k_policies,
        "fixed k": ranking.fixed_k,
        "weight": ranking.weights,
        "gate": asdict(rules.gate),
        "variant": {name: steps for name, steps in rules.variants.items() if name in others.variants},
        "version of metric": {m.name: m.version for m in ranking.facts if m.name in others.ranking.metrics},
        "version of plug-in": {name: n for name, n in rules.algorithms.items() if name in others.algorithms},
    }


def _moves(entries: pd.DataFrame) -> list[Difference]:
    """Return the entries of another rank, the farthest first."""
    moves = []
    for row in entries[entries["rank_a"] != entries["rank_b"]].to_dict("records"):
        before, after = _rank(row, "_a"), _rank(row, "_b")
        fell = after.rank - before.rank
        notes = [f"fell by {fell}" if fell > 0 else f"rose by {-fell}"]
        text, judgement = _BY_APART[before.is_apart(after)]
        notes.append(text)
        if row["cut_a"] != row["cut_b"] and isinstance(row["cut_a"], str) and isinstance(row["cut_b"], str):
            notes.append(" -> ".join(", ".join(parameter_pairs(row[f"cut{side}"])) for side in _SUFFIXES))
        if row["control_a"]:
            notes.append("a control")
        if row["control_a"] or fell < 0:
            judgement = Judgement.ALLOWED
        difference = Difference(Kind.RANK, entry_of(row), before, after, ", ".join(notes), judgement)
        moves.append((-abs(fell), before.rank, entry_of(row), difference))
    return [difference for *_, difference in sorted(moves, key=lambda item: item[:3])]


def _entries_of_one_side(one: Side, other: Side) -> Iterator[Difference]:
    """Yield the entries that only one side ranks, in the order of their board; losing a rank makes B worse."""
    for row in _missing(one.board, other.board):
        note, judgement = "", Judgement.ALLOWED
        if row["control"]:
            note = "a control"
        elif row["dataset"] != OVERALL:
            ran = other.cells[ENTRY_KEY].eq([row[name] for name in ENTRY_KEY]).all(axis=1).any()
            declared = bool(ran) and row["k_policy"] in other.manifest.rules.ranking.k_policies
            judgement = Judgement.FAILS if declared else Judgement.UNDECIDED
            note = "" if declared else "B did not run it, or not by that k policy"
        yield Difference(Kind.ENTRY, entry_of(row), _rank(row), NOT_RANKED, note, judgement)
    for row in _missing(other.board, one.board):
        yield Difference(Kind.ENTRY, entry_of(row), NOT_RANKED, _rank(row))


def _missing(board: pd.DataFrame, others: pd.DataFrame) -> list[dict[Any, Any]]:
    known = pd.MultiIndex.from_frame(board[BOARD_KEY]).isin(pd.MultiIndex.from_frame(others[BOARD_KEY]))
    return board[~known].to_dict("records")


def _rank(row: Mapping[Any, Any], suffix: str = "") -> Rank:
    low, high = row[f"rank_low{suffix}"], row[f"rank_high{suffix}"]
    ends = () if pd.isna(low) or pd.isna(high) else (int(low), int(high))
    return Rank(int(row[f"rank{suffix}"]), *ends)


def entry_of(row: Mapping[Any, Any]) -> RowKey:
    return RowKey(*(row[name] for name in BOARD_KEY))


def _scores_of(side: Side) -> pd.DataFrame:
    """Return the scores of labels, each once: in a reference space, the variant of the labels does not matter."""
    scores = side.scores[side.scores["labels_sha256"].notna()]
    for metric in scores["metric"].unique():
        _digits(side, metric)
    scores = scores.assign(variant=scores["variant"].where(scores["space"] == OWN, ""))
    return scores.drop_duplicates(_SCORE_KEY)[[*_SCORE_KEY, "value", "status"]]


def _digits(side: Side, metric: str) -> int:
    try:
        known = EXTERNAL_METRICS.get(metric)
        return known.digits if known else side.manifest.rules.ranking.metric(metric).digits
    except RequestError as error:
        raise error.within(side.name) from error


def _by_other_rule(scores: pd.DataFrame, one: Side, other: Side) -> pd.Series:
    """Return whether each score depends on a noise policy that the sides declare differently."""
    noisy = pd.concat([side.cells[side.cells["noise_share"].astype(float) > 0] for side in (one, other)])
    differ, key = one.manifest.rules.noise is not other.manifest.rules.noise, ["dataset", "labels_sha256"]
    by_noise = pd.MultiIndex.from_frame(scores[key]).isin(pd.MultiIndex.from_frame(noisy[key]))
    return pd.Series(by_noise & differ, index=scores.index, dtype=bool)


def _score_differences(scores: pd.DataFrame, one: Side, other: Side) -> Iterator[Difference]:
    a, b = (scores[f"value{side}"].to_numpy(dtype=np.float64) for side in _SUFFIXES)
    same = (scores["status_a"] == scores["status_b"]) & ((a == b) | (np.isnan(a) & np.isnan(b)))
    for row in scores[~same].to_dict("records"):
        metric, dataset = row["metric"], row["dataset"]
        digits = min(_digits(one, metric), _digits(other, metric))
        if row["status_a"] == row["status_b"] and same_score(row["value_a"], row["value_b"], digits=digits):
            continue
        values: list[Value] = [
            float(row[f"value{side}"]) if row[f"status{side}"] == ScoreStatus.OK else row[f"status{side}"]
            for side in _SUFFIXES
        ]
        space = f"{OWN} ({row['variant']})" if row["space"] == OWN else row["space"]
        subject = f"{dataset}: {metric} in {space} of {short_hash(row['labels_sha256'])}"
        note = "" if _same_data(dataset, one, other) else "the data differ"
        yield Difference(Kind.SCORE, subject, values[0], values[1], note, Judgement.FAILS)


def _label_differences(cells: pd.DataFrame, one: Side, other: Side) -> Iterator[Difference]:
    hashes = cells[["labels_sha256_a", "labels_sha256_b"]]
    differ = hashes.notna().all(axis=1) & (hashes["labels_sha256_a"] != hashes["labels_sha256_b"])
    for row in cells[differ].to_dict("records"):
        causes = list(_causes(row, one, other))
        note = f"not the same: {', '.join(causes)}" if causes else "though data, declaration and environment are equal"
        judgement = Judgement.ALLOWED if causes else Judgement.FAILS
        before, after = (row[name] for name in hashes)
        yield Difference(Kind.LABELS, cell_of(row), before, after, note, judgement)


def _causes(row: Mapping[Any, Any], one: Side, other: Side) -> Iterator[str]:
    """Yield what labels depend on and the sides do not have alike."""
    rules, others = one.manifest.rules, other.manifest.rules
    if not _same_data(row["dataset"], one, other):
        yield "data"
    if rules.variants.get(row["variant"]) != others.variants.get(row["variant"]):
        yield "variant"
    if rules.algorithms.get(row["algorithm"]) != others.algorithms.get(row["algorithm"]):
        yield "version of the plug-in"
    if not _same_environment(row["environment_a"], row["environment_b"]):
        yield "environment"


def _same_data(dataset: str, one: Side, other: Side) -> bool:
    return one.manifest.datasets.get(dataset) == other.manifest.datasets.get(dataset)


def _same_environment(one: str, other: str) -> bool:
    """Return whether versions, machine and threads are equal; the commit of the engine changes no labels."""
    a, b = json.loads(one), json.loads(other)
    shared = a["packages"].keys() & b["packages"].keys()  # an export does not list all packages of plug-ins
    return all(a[name] == b[name] for name in ("clusterbench", "python", "system", "cpu", "cores", "threads")) and all(
        a["packages"][name] == b["packages"][name] for name in shared
    )


def _status_differences(cells: pd.DataFrame) -> Iterator[Difference]:
    lost = [cells[f"status{side}"].isin(WITHOUT_LABELS) for side in _SUFFIXES]
    for row in cells[lost[0] != lost[1]].to_dict("records"):
        in_b = row["status_b"] in WITHOUT_LABELS
        reason, judgement = (row["reason_b"], Judgement.FAILS) if in_b else (row["reason_a"], Judgement.ALLOWED)
        yield Difference(Kind.STATUS, cell_of(row), row["status_a"], row["status_b"], reason or "", judgement)


def cell_of(row: Mapping[Any, Any]) -> RowKey:
    dataset, algorithm, params, variant = (row[name] for name in ENTRY_KEY)
    return RowKey(dataset, algorithm, params, variant, cut=row["cut"], seeds=(int(row["seed"]),))


def _fit_times(cells: pd.DataFrame) -> Iterator[Difference]:
    """Yield the median seconds of each algorithm over the cells that both sides fitted, and the median ratio."""
    times = cells[["fit_seconds_a", "fit_seconds_b"]].astype(float)
    fitted = (times > 0).all(axis=1) & cells["labels_sha256_a"].notna() & cells["labels_sha256_b"].notna()
    for algorithm, seconds in times[fitted].groupby(cells["algorithm"]):
        ratio = (seconds["fit_seconds_b"] / seconds["fit_seconds_a"]).median()
        before, after = (float(f"{median:.3g}") for median in seconds.median())
        note = f"{ratio:.2f} times ({counted(len(seconds), 'cell')})"
        if ratio != 1.0:
            yield Difference(Kind.FIT_TIME, str(algorithm), before, after, note)
