"""Two sides, matched row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.metrics import METRICS
from clusterbench.statuses import ScoreStatus
from clusterbench.tables import OVERALL, OWN
from clusterbench.verification.comparison import (
    LOST,
    CellKey,
    Comparison,
    EntryKey,
    FailureChange,
    FitTime,
    LabelChange,
    ManifestChange,
    Move,
    ScoreChange,
)
from clusterbench.verification.equality import manifest_differences, same_score
from clusterbench.verification.exported_run import CELL, ENTRY_KEY
from clusterbench.verification.rule_changes import (
    noisy_labels,
    ranks_by,
    rule_differences,
    same_data,
    same_environment,
    same_noise_policy,
    same_recipe,
)
from clusterbench.verification.sides import Side, read_side

_SCORE = ["dataset", "variant", "labels_sha256", "space", "metric"]
_OF_ONE_RUN = ("partitions", "seconds", "finished", "rules")  # results of a run, not conditions of it


def compare(a: str | Path | Side, b: str | Path | Side) -> Comparison:
    """Compare two runs or exports.

    Entries are matched by dataset, algorithm, parameters, variant and k policy; cells by dataset, variant, algorithm,
    parameters, cut and seed; scores by dataset, labels, space and metric (in an own space also by variant).

    Parameters
    ----------
    a, b : str or Path or Side
        Before and after; see `read_side`.

    Raises
    ------
    RequestError
        If a side cannot be read, scores a metric that this version does not know, or has nothing in common with the
        other.

    Notes
    -----
    Where the sides declare other noise policies, scores of labelings with noise are not compared: they differ by rule.
    Ranks are those of each side's own board. Where the boards have other entries, an entry may move because of who
    joined or left.
    """
    one, other = (side if isinstance(side, Side) else read_side(side) for side in (a, b))
    entries = one.board.merge(other.board, on=ENTRY_KEY, suffixes=("_a", "_b"))
    cells = one.cells.merge(other.cells, on=CELL, suffixes=("_a", "_b"))
    matched = _matched_scores(one, other)
    _refuse_strangers(one, other, entries, cells, matched)
    scores = matched[~_by_another_rule(matched, one, other)]
    only_a, only_b = _only(one.board, other.board), _only(other.board, one.board)
    asked = {entry: _asked_for(entry, one, other) for entry in only_a if _competes(entry, one)}
    return Comparison(
        a=one.name,
        b=other.name,
        n_entries=len(entries),
        n_cells=len(cells),
        n_scores=len(scores),
        moves=tuple(sorted(_moves(entries), key=lambda move: (-abs(move.by), move.rank_a, move.entry))),
        only_a=only_a,
        only_b=only_b,
        lost=tuple(entry for entry, both in asked.items() if both),
        scores=tuple(_score_changes(scores, one, other)),
        labels=tuple(_label_changes(cells, one, other)),
        failures=tuple(_failures(cells)),
        cells_only_a=len(one.cells) - len(cells),
        cells_only_b=len(other.cells) - len(cells),
        manifest=tuple(ManifestChange(*found) for found in manifest_differences(_facts(one), _facts(other))),
        fit_times=tuple(_fit_times(cells)),
        gone=tuple(entry for entry, both in asked.items() if not both),
        settings=_settings(one, other),
        rules=rule_differences(one, other),
        n_by_other_rule=len(matched) - len(scores),
    )


def _facts(side: Side) -> dict[str, object]:
    """Return on what a run ran; its rules are compared apart."""
    facts = asdict(side.manifest)
    environment = facts.pop("environment")
    return {**environment, **{name: value for name, value in facts.items() if name not in _OF_ONE_RUN}}


def _refuse_strangers(one: Side, other: Side, entries: pd.DataFrame, cells: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Refuse sides that share nothing: of them "not worse" would always be true."""
    if (entries["dataset"] != OVERALL).any() or len(cells) or len(scores):
        return
    a, b = (", ".join(map(str, side.cells["dataset"].unique())) or "none" for side in (one, other))
    raise RequestError(
        f"{one.name} and {other.name} have nothing in common: datasets of A: {a}; of B: {b}",
        allowed="two runs of one benchmark, or of benchmarks with common cells",
    )


def _settings(one: Side, other: Side) -> tuple[tuple[str, str], ...]:
    names = ["algorithm", "params"]
    frames = [frame[names] for side in (one, other) for frame in (side.board, side.cells)]
    found = {key for frame in frames for key in frame.drop_duplicates().itertuples(index=False, name=None)}
    return tuple(sorted(found))


def _only(here: pd.DataFrame, there: pd.DataFrame) -> tuple[EntryKey, ...]:
    """Return the entries of one board that the other has not, in the order of the board."""
    known = set(there[ENTRY_KEY].itertuples(index=False, name=None))
    return tuple(EntryKey(*key) for key in here[ENTRY_KEY].itertuples(index=False, name=None) if key not in known)


def _competes(entry: EntryKey, side: Side) -> bool:
    """Whether an entry of a dataset's board is no control."""
    mine = _has(side.board, entry, ENTRY_KEY) & ~side.board["control"].astype(bool)
    return entry.dataset != OVERALL and bool(mine.any())


def _asked_for(entry: EntryKey, one: Side, other: Side) -> bool:
    """Whether B ran what an entry of A stands for, and was to rank by its k policy."""
    return ranks_by(entry.k_policy, other) and bool(_has(other.cells, entry, ENTRY_KEY[:-1]).any())


def _has(frame: pd.DataFrame, entry: EntryKey, names: list[str]) -> pd.Series:
    return (frame[names] == [getattr(entry, name) for name in names]).all(axis=1)


def _moves(entries: pd.DataFrame) -> Iterator[Move]:
    for row in entries[entries["rank_a"] != entries["rank_b"]].to_dict("records"):
        yield Move(
            EntryKey(*(row[name] for name in ENTRY_KEY)),
            bool(row["control_a"]),
            int(row["rank_a"]),
            int(row["rank_b"]),
            _interval(row["rank_low_a"], row["rank_high_a"]),
            _interval(row["rank_low_b"], row["rank_high_b"]),
            _text_or_none(row["cut_a"]),
            _text_or_none(row["cut_b"]),
        )


def _interval(low: Any, high: Any) -> tuple[int, int] | None:
    return None if pd.isna(low) or pd.isna(high) else (int(low), int(high))


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _matched_scores(one: Side, other: Side) -> pd.DataFrame:
    """Return the scores that both sides have for equal labels, each once."""
    frames = []
    for side in (one, other):
        scores = side.scores[side.scores["labels_sha256"].notna()]
        strange = sorted(set(scores["metric"]) - set(METRICS))
        if strange:
            raise RequestError(
                f"unknown metric {strange[0]!r}: its reproducible digits are not known",
                where=side.name,
                allowed=", ".join(METRICS),
            )
        # A score in a reference space is the same whatever variant the labels came from.
        scores = scores.assign(variant=scores["variant"].where(scores["space"] == OWN, ""))
        frames.append(scores.drop_duplicates(_SCORE)[[*_SCORE, "value", "status"]])
    return frames[0].merge(frames[1], on=_SCORE, suffixes=("_a", "_b"))


def _by_another_rule(scores: pd.DataFrame, one: Side, other: Side) -> pd.Series:
    """Say of every score whether the sides are known to compute it by other noise policies."""
    if same_noise_policy(one, other):
        return pd.Series(data=False, index=scores.index)
    return _in(scores, noisy_labels(one, other))


def _in(scores: pd.DataFrame, labelings: set[tuple[str, str]]) -> pd.Series:
    known = [key in labelings for key in scores[["dataset", "labels_sha256"]].itertuples(index=False, name=None)]
    return pd.Series(known, index=scores.index, dtype=bool)


def _score_changes(scores: pd.DataFrame, one: Side, other: Side) -> Iterator[ScoreChange]:
    values = [scores[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in ("value_a", "value_b")]
    equal = (values[0] == values[1]) | (np.isnan(values[0]) & np.isnan(values[1]))
    suspects = scores[~equal | (scores["status_a"] != scores["status_b"])]
    for row in suspects.to_dict("records"):
        told = [row[f"status_{s}"] for s in "ab"]
        if told[0] == told[1] and same_score(row["metric"], row["value_a"], row["value_b"]):
            continue
        a, b = (float(row[f"value_{s}"]) if row[f"status_{s}"] == ScoreStatus.OK else row[f"status_{s}"] for s in "ab")
        variant = row["variant"] or None
        dataset, sha = row["dataset"], row["labels_sha256"]
        same = same_data(dataset, one, other)
        yield ScoreChange(dataset, variant, row["space"], row["metric"], sha, a, b, same)


def _label_changes(cells: pd.DataFrame, one: Side, other: Side) -> Iterator[LabelChange]:
    hashes = cells[["labels_sha256_a", "labels_sha256_b"]]
    differ = hashes.notna().all(axis=1) & (hashes["labels_sha256_a"] != hashes["labels_sha256_b"])
    made_alike = same_environment(one, other)
    for row in cells[differ].to_dict("records"):
        same = same_data(row["dataset"], one, other)
        unexplained = bool(same and made_alike and same_recipe(row["variant"], row["algorithm"], one, other))
        yield LabelChange(_cell(row), row["labels_sha256_a"], row["labels_sha256_b"], same, unexplained)


def _failures(cells: pd.DataFrame) -> Iterator[FailureChange]:
    lost = [cells[f"status_{side}"].isin([status.value for status in LOST]) for side in "ab"]
    for row in cells[lost[0] != lost[1]].to_dict("records"):
        reason = row["reason_b"] if row["status_b"] in LOST else row["reason_a"]
        yield FailureChange(_cell(row), row["status_a"], row["status_b"], reason or "")


def _cell(row: Any) -> CellKey:
    dataset, variant, algorithm, params, cut, seed = (row[name] for name in CELL)
    return CellKey(dataset, variant, algorithm, params, cut, int(seed))


def _fit_times(cells: pd.DataFrame) -> Iterator[FitTime]:
    times = cells[["fit_seconds_a", "fit_seconds_b"]].astype(float)
    fitted = cells[(times > 0).all(axis=1) & cells["labels_sha256_a"].notna() & cells["labels_sha256_b"].notna()]
    ratios = (fitted["fit_seconds_b"] / fitted["fit_seconds_a"]).astype(float)
    for algorithm, mine in ratios.groupby(fitted["algorithm"]):
        yield FitTime(str(algorithm), float(mine.median()), len(mine))
