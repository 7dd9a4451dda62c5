"""The numbers behind a board, for the page to rank again: as JSON that no browser takes for markup."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clusterbench.metrics import METRICS, Direction, Metric, get_metric
from clusterbench.report.printed import is_nothing, readable
from clusterbench.report.report_entries import Entry, Section
from clusterbench.results import Run

STABILITY = "stability"
Scores = Mapping[tuple[str, str, str, str, str], float]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a reader may choose when a board is ranked again; the first of everything is as published.

    Attributes
    ----------
    metrics : tuple of Metric
        Those ranked, then others that were scored.
    ranked : frozenset of str
    spaces, datasets, policies, algorithms, variants : tuple of str
        As they are printed.
    weights : mapping of str to float
        Of every family, the stability's included where it was measured.
    """

    metrics: tuple[Metric, ...]
    ranked: frozenset[str]
    spaces: tuple[str, ...]
    datasets: tuple[str, ...]
    policies: tuple[str, ...]
    algorithms: tuple[str, ...]
    variants: tuple[str, ...]
    weights: Mapping[str, float]

    @property
    def has_stability(self) -> bool:
        return STABILITY in self.weights


def choices_of(run: Run, section: Section) -> Choices:
    """Return what can be chosen on a board."""
    record = run.record
    ranked = record.ranking.metrics
    datasets = tuple(record.datasets) if section.overall else (section.dataset,)
    scored = set(run.scores["metric"])
    names = [*ranked, *(name for name in METRICS if name in scored and name not in ranked)]
    metrics = tuple(get_metric(name) for name in names)
    families = dict.fromkeys(metric.family for metric in metrics)
    if any(not is_nothing(entry.row[STABILITY]) for entry in section.entries):
        families[STABILITY] = None
    others = set(run.details.policies["policy"]) - {record.noise}
    return Choices(
        metrics=metrics,
        ranked=frozenset(ranked),
        spaces=record.references[datasets[0]],
        datasets=datasets,
        policies=(record.noise, *(policy for policy in record.policies if policy in others)),
        algorithms=tuple(dict.fromkeys(readable(entry.row["algorithm"]) for entry in section.entries)),
        variants=tuple(dict.fromkeys(entry.variant for entry in section.entries)),
        weights={family: record.ranking.weight(family) for family in families},
    )


def payload(run: Run, sections: Sequence[Section]) -> dict[str, Any]:
    """Return all boards in plain values.

    Scores are means over seeds, rounded to the digits that the ranking uses, so that whoever reads them needs no
    rounding of their own. Each row of `values` holds datasets x metrics x spaces, the last varying fastest; `other`
    holds the rows of entries with noise under the other noise policies.
    """
    scores = _scores(run)
    return {"boards": [_board(run, section, sections, scores) for section in sections]}


def script_json(value: Any) -> str:
    """Return JSON that can stand in a script element: no character of it begins markup or ends a line.

    Examples
    --------
    >>> script_json("</script>&")
    '"\\\\u003c/script\\\\u003e\\\\u0026"'
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _board(run: Run, section: Section, sections: Sequence[Section], scores: Scores) -> dict[str, Any]:
    choices = choices_of(run, section)
    places = _places(section, sections, choices)
    duplicates = _duplicates(places)
    noisy: dict[str, dict[str, list[float | None]]] = {policy: {} for policy in choices.policies[1:]}
    for policy, rows in noisy.items():
        for position, place in enumerate(places):
            if any(entry is not None and entry.n_noise for entry in place):
                rows[str(position)] = _values(place, choices, scores, policy)
    return {
        "policy": choices.policies[0],
        "datasets": [readable(name) for name in choices.datasets],
        "spaces": [readable(name) for name in choices.spaces],
        "metrics": [
            {
                "name": metric.name,
                "family": metric.family,
                "higher": metric.direction is Direction.HIGHER,
                "shown": 1 if metric.digits <= 3 else 3,
            }
            for metric in choices.metrics
        ],
        "entries": [
            {
                "algorithm": readable(entry.row["algorithm"]),
                "variant": entry.variant,
                "control": entry.control,
                "dup": duplicate,
            }
            for entry, duplicate in zip(section.entries, duplicates, strict=True)
        ],
        "values": [_values(place, choices, scores, choices.policies[0]) for place in places],
        "other": noisy,
        "stability": [[None if e is None else _plain(e.row[STABILITY]) for e in place] for place in places],
    }


def _places(section: Section, sections: Sequence[Section], choices: Choices) -> list[list[Entry | None]]:
    """Return, for every entry of a board, its entry on the board of each dataset."""
    if not section.overall:
        return [[entry] for entry in section.entries]
    known = {
        (one.dataset, *_key(entry)): entry for one in sections if not one.oracle and not one.overall
        for entry in one.entries
    }  # fmt: skip
    return [[known.get((dataset, *_key(entry))) for dataset in choices.datasets] for entry in section.entries]


def _key(entry: Entry) -> tuple[str, ...]:
    return tuple(str(entry.row[name]) for name in ("algorithm", "params", "variant", "k_policy"))


def _duplicates(places: Sequence[Sequence[Entry | None]]) -> list[int]:
    """Number the entries so that those with equal labels in every seed and dataset have one number."""
    seen: dict[tuple[tuple[str, ...], ...], int] = {}
    return [seen.setdefault(tuple(map(_labels_key, place)), position) for position, place in enumerate(places)]


def _labels_key(entry: Entry | None) -> tuple[str, ...]:
    if entry is None:
        return ()
    hashes = tuple(_hashes(entry))
    if not hashes or any(is_nothing(sha) for sha in hashes):
        return ("no labels", entry.anchor)
    # A deterministic entry run once equals one that found the same labels with every seed.
    return hashes[:1] if len(set(hashes)) == 1 else hashes


def _scores(run: Run) -> Scores:
    """Return values by (dataset, labels, policy, space, metric)."""
    found: dict[tuple[str, str, str, str, str], float] = {}
    for part, policy in ((run.details.policies, None), (run.scores, run.record.noise)):
        policies = part["policy"].tolist() if policy is None else [policy] * len(part)
        columns = (part[name].tolist() for name in ("dataset", "labels_sha256", "space", "metric", "value"))
        for one, (dataset, sha, space, metric, value) in zip(policies, zip(*columns, strict=True), strict=True):
            if space != "own":
                found[dataset, sha, one, space, metric] = value
    return found


def _values(place: Sequence[Entry | None], choices: Choices, scores: Scores, policy: str) -> list[float | None]:
    row: list[float | None] = []
    for dataset, entry in zip(choices.datasets, place, strict=True):
        hashes = [] if entry is None else _hashes(entry)
        row += [
            _mean([scores.get((dataset, sha, policy, space, metric.name)) for sha in hashes], metric)
            for metric in choices.metrics
            for space in choices.spaces
        ]
    return row


def _hashes(entry: Entry) -> list[str]:
    """Return the labels of an entry, by seed."""
    cells = entry.cells
    pairs = zip(cells["seed"].tolist(), cells["labels_sha256"].tolist(), strict=True)
    return [sha for _, sha in sorted(pairs, key=lambda pair: pair[0])]


def _mean(values: Sequence[float | None], metric: Metric) -> float | None:
    """Return the mean over seeds, summed in their order as the ranking does; None where a seed has no score."""
    if not values:
        return None
    total = 0.0
    for value in values:
        total += math.nan if value is None or is_nothing(value) else float(value)
    return _plain(np.round(total / len(values), metric.digits))


def _plain(value: Any) -> float | None:
    return None if is_nothing(value) or not math.isfinite(float(value)) else float(value)
