"""The numbers behind a board, from which the page ranks again: as JSON that contains no markup."""

import json
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from clusterbench.metrics import Direction, MetricFacts
from clusterbench.ranking import BETTER_OF, OrderRule
from clusterbench.report.entry_views import Board, Entry, entries_by_dataset, metric_title
from clusterbench.report.model import ReportModel
from clusterbench.report.number_text import JsonScalar, JsonValue, is_missing, json_value, number_of
from clusterbench.results import StoredRun
from clusterbench.tables import OWN, STABILITY
from clusterbench.text import in_sentence, printable

ScoreByLabels = Mapping[tuple[str, str, str, str, str], float]


def page_data(report: ReportModel) -> dict[str, list[dict[str, JsonValue]]]:
    """Return all boards in plain values.

    Scores are means over seeds, rounded to the digits that the ranking uses, so that whoever reads them needs no
    rounding of their own. Each row of `values` holds datasets x metrics x spaces, the last varying fastest; `other`
    holds the rows of entries with noise under the other noise policies. A missing score is null, an infinite one the
    string "Infinity" or "-Infinity". `weights` are those of families of metrics or of the parts of the score, by
    `order`, with their titles in `part_titles`; `ranked` names the metrics that take part.
    """
    boards = [one.board for one in report.boards]
    scores = _scores(report.run, {sha for board in boards for entry in board.entries for sha in _hashes(entry)})
    policies = set(report.run.details.policies["policy"].unique())
    return {"boards": [_board(board, boards, scores, policies) for board in boards]}


def script_json(value: object) -> str:
    """Return JSON for a script element: no character of it begins markup or ends a line.

    Examples
    --------
    >>> script_json("</script>&")
    '"\\\\u003c/script\\\\u003e\\\\u0026"'
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _board(
    board: Board, boards: Sequence[Board], scores: ScoreByLabels, scored: Collection[str]
) -> dict[str, JsonValue]:
    record = board.run.record
    metrics, entries = tuple(board.metrics.values()), board.entries
    places = entries_by_dataset(board, boards)
    policies = [policy for policy in record.policies if policy in scored and policy is not record.noise]
    noisy = [position for position, place in enumerate(places) if any(e is not None and e.n_noise for e in place)]
    by_score = board.order is OrderRule.SCORE
    ranked = [metric.name for metric in metrics if metric.name in record.ranking.order_metrics]
    families = dict.fromkeys(metric.family for metric in metrics)
    if any(not is_missing(entry.row[STABILITY]) for entry in entries):
        families[STABILITY] = None
        ranked += [STABILITY] if STABILITY in record.ranking.order_metrics else []
    weights = dict(record.ranking.score) if by_score else {one: record.ranking.weight(one) for one in families}
    return {
        "policy": record.noise,
        "order": board.order.value,
        "datasets": list(map(printable, board.datasets)),
        "spaces": list(map(printable, board.spaces)),
        "metrics": [
            {
                "name": metric.name,
                "title": metric.title,
                "family": metric.family,
                "higher": metric.direction is Direction.HIGHER,
                "shown": 1 if metric.digits <= 3 else 3,
            }
            for metric in metrics
        ],
        "ranked": ranked,
        "weights": weights,
        "part_titles": {part: _part_title(part, board) for part in weights},
        "entries": [
            {"algorithm": printable(entry.algorithm), "variant": entry.variant, "control": entry.control, "dup": number}
            for entry, number in zip(entries, _duplicates(places), strict=True)
        ],
        "values": [_values(place, board, scores, record.noise) for place in places],
        "other": {policy: {str(at): _values(places[at], board, scores, policy) for at in noisy} for policy in policies},
        "stability": [[None if e is None else json_value(e.row[STABILITY]) for e in place] for place in places],
    }


def _part_title(part: str, board: Board) -> str:
    """Return the name of a part of the score, or of a family of metrics, in words."""
    return " or ".join(in_sentence(metric_title(board.metrics, name)) for name in part.split(BETTER_OF))


def _duplicates(places: Sequence[Sequence[Entry | None]]) -> list[int]:
    """Number the entries so that those with equal labels in every seed and dataset have one number."""
    seen: dict[tuple[tuple[str, ...], ...], int] = {}
    return [seen.setdefault(tuple(map(_labels_key, place)), position) for position, place in enumerate(places)]


def _labels_key(entry: Entry | None) -> tuple[str, ...]:
    if entry is None:
        return ()
    hashes = tuple(_hashes(entry))
    if not hashes or any(is_missing(sha) for sha in hashes):
        return ("no labels", entry.anchor)
    # A deterministic entry run once equals one that found the same labels with every seed.
    return hashes[:1] if len(set(hashes)) == 1 else hashes


def _scores(run: StoredRun, hashes: Collection[str]) -> ScoreByLabels:
    """Return the values of some labelings by (dataset, labels, policy, space, metric)."""
    scores: dict[tuple[str, str, str, str, str], float] = {}
    names = ("dataset", "labels_sha256", "policy", "space", "metric", "value")
    for frame in (run.details.policies, run.scores.assign(policy=run.record.noise.value)):
        part = frame.loc[frame["labels_sha256"].isin(hashes) & (frame["space"] != OWN), list(names)]
        for *key, value in zip(*(part[name].to_numpy(dtype=object).tolist() for name in names), strict=True):
            scores[tuple(key)] = value
    return scores


def _values(place: Sequence[Entry | None], board: Board, scores: ScoreByLabels, policy: str) -> list[JsonScalar]:
    row: list[JsonScalar] = []
    for dataset, entry in zip(board.datasets, place, strict=True):
        hashes = [] if entry is None else _hashes(entry)
        row += [
            _mean([scores.get((dataset, sha, policy, space, metric.name)) for sha in hashes], metric)
            for metric in board.metrics.values()
            for space in board.spaces
        ]
    return row


def _hashes(entry: Entry) -> list[str]:
    """Return the labels of an entry, by seed."""
    return [cell.labels_sha256 for cell in sorted(entry.cells, key=lambda cell: cell.seed)]


def _mean(values: Sequence[float | None], metric: MetricFacts) -> JsonScalar:
    """Return the mean over seeds, summed in their order as the ranking does; None where a seed has no score."""
    return json_value(np.round(sum(map(number_of, values)) / len(values), metric.digits)) if values else None
