"""The numbers in the page are those of the ranking, and its arithmetic is the ranking's."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbench.metrics import get_metric
from clusterbench.ranking import RankingSpec, column_ranks, final_ranks, leaderboard, mean_ranks
from clusterbench.report import html
from clusterbench.report.page_data import choices_of, payload, script_json
from clusterbench.report.report_entries import Entry, sections_of
from clusterbench.results import Run
from clusterbench.tables import OVERALL

KEY = ["algorithm", "params", "variant"]


@given(st.recursive(st.none() | st.text() | st.integers(-9, 9), lambda inner: st.lists(inner, max_size=3)))
def test_json_in_a_script_is_the_same_value_and_no_markup(value: Any) -> None:
    text = script_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029\n")


def test_values_are_those_of_the_leaderboard_rounded_as_the_ranking_rounds_them(full_run: Run) -> None:
    (board,) = payload(full_run, sections_of(full_run))["boards"]
    for m, metric in enumerate(("silhouette", "davies_bouldin", "calinski_harabasz")):
        for s, space in enumerate(("standard", "log1p")):
            found = [row[2 * m + s] for row in board["values"]]
            exact = full_run.board.table[f"{metric}@{space}"].to_numpy()
            assert found == np.round(exact, get_metric(metric).digits).tolist()
    assert [row[0] for row in board["stability"]] == full_run.board.table["stability"].tolist()


def test_entries_with_equal_labels_have_one_number(full_run: Run) -> None:
    (section,) = sections_of(full_run)
    (board,) = payload(full_run, [section])["boards"]
    groups: dict[int, list[Entry]] = {}
    for entry, told in zip(section.entries, board["entries"], strict=True):
        groups.setdefault(told["dup"], []).append(entry)
    together = [{entry.label for entry in group} for group in groups.values() if len(group) > 1]
    assert len(together) == 1
    assert {label.split(" · ")[0] for label in together[0]} == {"kmeans"}


def test_only_entries_with_noise_have_other_values_under_another_policy(full_run: Run) -> None:
    (section,) = sections_of(full_run)
    (board,) = payload(full_run, [section])["boards"]
    assert list(board["other"]) == ["drop", "cluster", "nearest"]
    noisy = {str(place) for place, entry in enumerate(section.entries) if entry.n_noise}
    assert noisy
    for rows in board["other"].values():
        assert set(rows) == noisy


def test_without_a_closer_look_only_the_declared_policy_can_be_chosen(mixed_run: Run) -> None:
    (section,) = sections_of(mixed_run)
    choices = choices_of(mixed_run, section)
    assert choices.policies == ("zero",)
    assert not choices.has_stability


# --- the same selections, ranked by both ------------------------------------------------------------------------------


def selections(run: Run, dataset: str, count: int) -> list[dict[str, Any]]:
    """Random choices of everything that can be chosen."""
    rng = np.random.default_rng(11)
    section = next(one for one in sections_of(run) if one.dataset == dataset)
    choices = choices_of(run, section)

    def some(values: Any) -> list[str]:
        kept = [str(value) for value in values if rng.random() < 0.6]
        return kept or [str(rng.choice(list(values)))]

    return [
        {
            "metrics": some(sorted(choices.ranked)),
            "stability": bool(rng.random() < 0.7),
            "spaces": some(choices.spaces),
            "policy": str(rng.choice(choices.policies)),
            "weights": {"separation": float(rng.choice([0.5, 1, 2])), "stability": float(rng.choice([0, 1, 3]))},
            "algorithms": some(choices.algorithms),
            "variants": some(choices.variants),
        }
        for _ in range(count)
    ]


def ranked_by_the_ranking(run: Run, dataset: str, chosen: dict[str, Any], stability: pd.DataFrame) -> dict[Any, Any]:
    """Rank what is chosen with the real leaderboard, every entry keeping the cut that it was published with."""
    table = run.board.table
    published = table[(table["dataset"] != OVERALL) & table["algorithm"].isin(chosen["algorithms"])]
    published = published[published["variant"].isin(chosen["variants"])]
    cuts = published[["dataset", "algorithm", "params", "variant", "cut"]]
    refused = run.board.rejected[["dataset", *KEY]].merge(run.cells)
    refused = refused[refused["algorithm"].isin(chosen["algorithms"]) & refused["variant"].isin(chosen["variants"])]
    cells = pd.concat([run.cells.merge(cuts), refused[list(run.cells.columns)]], ignore_index=True)
    scores = run.scores.merge(cuts)
    other = run.details.policies[run.details.policies["policy"] == chosen["policy"]]
    other = other.set_index(["dataset", "labels_sha256", "space", "metric"])["value"].to_dict()
    keys = scores[["dataset", "labels_sha256", "space", "metric"]].itertuples(index=False, name=None)
    scores["value"] = [other.get(key, value) for key, value in zip(keys, scores["value"], strict=True)]
    spec = RankingSpec(
        reference_spaces=tuple(chosen["spaces"]),
        metrics=tuple(chosen["metrics"]),
        weights=chosen["weights"],
        controls=frozenset({"random_labels"}),
        n_bootstrap=0,
    )
    found = leaderboard(cells, scores, spec, stability=stability if chosen["stability"] else None).table
    mine = found[found["dataset"] == dataset]
    return {
        tuple(row[:3]): (int(row[3]), float(row[4]))
        for row in mine[[*KEY, "rank", "mean_rank"]].itertuples(index=False, name=None)
    }


def ranked_by_the_page(run: Run, dataset: str, chosen: dict[str, Any], page: Any) -> dict[Any, Any]:
    sections = sections_of(run)
    position = next(place for place, one in enumerate(sections) if one.dataset == dataset)
    entries = sections[position].entries
    shown = [
        place
        for place, entry in enumerate(entries)
        if entry.row["algorithm"] in chosen["algorithms"] and entry.row["variant"] in chosen["variants"]
    ]
    metrics = [*chosen["metrics"], *(["stability"] if chosen["stability"] else [])]
    datasets = page.evaluate("b => clusterbench.boards[b].datasets", position)
    asked = {**chosen, "metrics": metrics, "datasets": datasets}
    found = page.evaluate(
        "([b, chosen, shown]) => clusterbench.rank(clusterbench.boards[b], chosen, shown)", [position, asked, shown]
    )
    assert [one["rank"] for one in found] == sorted(one["rank"] for one in found)
    return {tuple(entries[one["entry"]].row[name] for name in KEY): (one["rank"], one["meanRank"]) for one in found}


@pytest.fixture(scope="module")
def page(two_tables: Run, chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(html(two_tables), encoding="utf-8")
    tab = chromium.new_page()
    tab.goto(path.as_uri())
    return tab


@pytest.mark.parametrize("dataset", ["cards", "wine", OVERALL])
def test_the_page_ranks_as_the_ranking_does(two_tables: Run, dataset: str, page: Any, stability_of: Any) -> None:
    stability = stability_of(two_tables.cells)
    for chosen in selections(two_tables, dataset, 25):
        expected = ranked_by_the_ranking(two_tables, dataset, chosen, stability)
        assert ranked_by_the_page(two_tables, dataset, chosen, page) == expected, chosen


@pytest.mark.parametrize("dataset", ["cards", "wine", OVERALL])
def test_with_nothing_changed_the_page_gives_the_published_ranking(two_tables: Run, dataset: str, page: Any) -> None:
    section = next(one for one in sections_of(two_tables) if one.dataset == dataset)
    choices = choices_of(two_tables, section)
    chosen = {
        "metrics": sorted(choices.ranked),
        "stability": True,
        "spaces": choices.spaces,
        "policy": choices.policies[0],
        "weights": choices.weights,
        "algorithms": choices.algorithms,
        "variants": choices.variants,
    }
    found = ranked_by_the_page(two_tables, dataset, chosen, page)
    published = {tuple(entry.row[name] for name in KEY): (entry.rank, entry.mean_rank) for entry in section.entries}
    assert list(found.items()) == list(published.items())


@pytest.mark.parametrize(("kind", "what"), [("only metric", "stability"), ("only metric", "davies_bouldin"),
                                            ("only space", "log1p"), ("without metric", "silhouette"),
                                            ("without metric", "stability")])  # fmt: skip
def test_leaving_something_out_gives_the_ranks_of_the_sensitivity_table(
    two_tables: Run, page: Any, kind: str, what: str
) -> None:
    section = next(one for one in sections_of(two_tables) if one.dataset == "cards")
    choices = choices_of(two_tables, section)
    every = [*sorted(choices.ranked), "stability"]
    metrics = {"only metric": [what], "without metric": [name for name in every if name != what]}.get(kind, every)
    chosen = {
        "metrics": [name for name in metrics if name != "stability"],
        "stability": "stability" in metrics,
        "spaces": [what] if kind == "only space" else choices.spaces,
        "policy": "zero",
        "weights": choices.weights,
        "algorithms": choices.algorithms,
        "variants": choices.variants,
    }
    frame = two_tables.board.sensitivity
    mine = frame[(frame["dataset"] == "cards") & (frame["kind"] == kind) & (frame["what"] == what)]
    expected = {tuple(row[:3]): tuple(row[3:]) for row in mine[[*KEY, "rank", "mean_rank"]].itertuples(index=False)}
    assert expected
    assert ranked_by_the_page(two_tables, "cards", chosen, page) == expected


def test_ties_and_missing_scores_are_ranked_as_in_the_ranking(page: Any) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(0, 4, size=(30, 4)).astype(float)
    values[rng.random(values.shape) < 0.1] = np.nan
    contender = rng.random(30) < 0.8
    oriented = np.where(np.isnan(values), -np.inf, values)
    means = mean_ranks(column_ranks(oriented, contender), ["a", "a", "b", "b"], {"a": 2.0, "b": 0.3})
    board = {
        "policy": "zero", "datasets": ["d"], "spaces": ["s", "t"], "other": {},
        "metrics": [{"name": "m", "family": "a", "higher": True}, {"name": "n", "family": "b", "higher": True}],
        "entries": [{"control": not bool(free), "dup": place} for place, free in enumerate(contender)],
        "values": [[None if np.isnan(value) else value for value in row] for row in values],
        "stability": [[None]] * 30,
    }  # fmt: skip
    chosen = {"metrics": ["m", "n", "stability"], "spaces": ["s", "t"], "datasets": ["d"], "policy": "zero",
              "weights": {"a": 2.0, "b": 0.3}}  # fmt: skip
    found = page.evaluate("([b, c, s]) => clusterbench.rank(b, c, s)", [board, chosen, list(range(30))])
    ranks = {one["entry"]: (one["rank"], one["meanRank"]) for one in found}
    assert ranks == {
        e: (int(r), float(m)) for e, (r, m) in enumerate(zip(final_ranks(means, contender), means, strict=True))
    }
    nothing = {**chosen, "weights": {"a": 0, "b": 0}}
    assert page.evaluate("([b, c, s]) => clusterbench.rank(b, c, s)", [board, nothing, [0, 1]]) == []
