"""The numbers in the page are those of the ranking, and its arithmetic is the ranking's."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import METRICS
from clusterbench.ranking import Draws, OrderRule, RankingSpec, column_ranks, final_ranks, leaderboard, mean_ranks
from clusterbench.report import BoardReport, Entry, ReportModel
from clusterbench.tables import OVERALL

KEY = ["algorithm", "params", "variant"]


METRIC_NAMES = ["silhouette", "davies_bouldin", "calinski_harabasz"]
Render = Callable[[ReportModel, str], str]


def data_of(page: str) -> list[dict[str, Any]]:
    """The data of the boards in a page."""
    text = page.partition('<script type="application/json" id="board-data">')[2].partition("</script>")[0]
    assert not set(text) & set("<>&\u2028\u2029\n")
    boards: list[dict[str, Any]] = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))[
        "boards"
    ]
    return boards


@pytest.fixture(
    params=["mixed_report", "full_report", "two_reports", "scored_reports", "hostile_report", "rejected_report"]
)
def any_report(request: pytest.FixtureRequest) -> ReportModel:
    return request.getfixturevalue(request.param)


def test_the_data_of_the_page_has_the_shape_that_it_promises(any_report: ReportModel, render: Render) -> None:
    for board, report in zip(data_of(render(any_report, "html")), any_report.boards, strict=True):
        width = len(board["datasets"]) * len(board["metrics"]) * len(board["spaces"])
        entries = report.board.entries
        assert len(board["entries"]) == len(board["values"]) == len(board["stability"]) == len(entries)
        assert all(len(row) == width for row in board["values"])
        assert all(len(row) == len(board["datasets"]) for row in board["stability"])
        assert all(len(row) == width for rows in board["other"].values() for row in rows.values())
        assert all(entry["dup"] <= place for place, entry in enumerate(board["entries"]))
        assert [entry["control"] for entry in board["entries"]] == [one.control for one in entries]


def test_values_are_those_of_the_leaderboard_rounded_as_the_ranking_rounds_them(
    full_report: ReportModel, render: Render
) -> None:
    (board,) = data_of(render(full_report, "html"))
    table = full_report.run.board.table
    for m, metric in enumerate(METRIC_NAMES):
        for s, space in enumerate(("standard", "log1p")):
            exact = table[f"{metric}@{space}"].to_numpy()
            assert [row[2 * m + s] for row in board["values"]] == np.round(exact, METRICS[metric].digits).tolist()
    assert [row[0] for row in board["stability"]] == table["stability"].tolist()


def test_entries_with_equal_labels_have_one_number_and_only_noise_has_other_values(
    full_report: ReportModel, render: Render
) -> None:
    entries = full_report.boards[0].board.entries
    (board,) = data_of(render(full_report, "html"))
    groups: dict[int, list[Entry]] = {}
    for entry, values in zip(entries, board["entries"], strict=True):
        groups.setdefault(values["dup"], []).append(entry)
    (together,) = [group for group in groups.values() if len(group) > 1]
    assert {entry.name for entry in together} == {"kmeans"}
    noisy = {str(place) for place, entry in enumerate(entries) if entry.n_noise}
    assert {policy: set(rows) for policy, rows in board["other"].items()} == dict.fromkeys(
        ("drop", "cluster", "nearest"), noisy
    )


def test_the_numbers_for_the_board_over_all_tables_are_those_of_its_tables(
    two_reports: ReportModel, render: Render
) -> None:
    board = data_of(render(two_reports, "html"))[0]
    assert board["datasets"] == ["cards", "wine"]
    key = ["dataset", "algorithm", "params", "variant", "k_policy"]
    rows = {tuple(row[name] for name in key): row for row in two_reports.run.board.table.to_dict("records")}
    places = list(itertools.product(board["datasets"], METRIC_NAMES, board["spaces"]))
    for entry, values in zip(two_reports.boards[0].board.entries, board["values"], strict=True):
        for (dataset, metric, space), value in zip(places, values, strict=True):
            row = rows.get((dataset, *entry.key))
            expected = (
                None if row is None else pytest.approx(row[f"{metric}@{space}"], abs=10.0 ** -METRICS[metric].digits)
            )
            assert value == expected


# --- the same selections, ranked by both ------------------------------------------------------------------------------


def board_at(report: ReportModel, dataset: str) -> BoardReport:
    return next(one for one in report.boards if one.board.dataset == dataset)


def everything(report: ReportModel, dataset: str) -> dict[str, Any]:
    """Everything that can be chosen on a board."""
    entries, ranking = board_at(report, dataset).board.entries, report.run.record.ranking
    return {
        "metrics": METRIC_NAMES,
        "stability": True,
        "spaces": ["standard", "log1p"],
        "policy": "zero",
        "weights": dict(ranking.score or {"separation": 1.0, "stability": 1.0}),
        "algorithms": list(dict.fromkeys(entry.row["algorithm"] for entry in entries)),
        "variants": list(dict.fromkeys(entry.row["variant"] for entry in entries)),
    }


def selections(report: ReportModel, dataset: str, count: int) -> list[dict[str, Any]]:
    """Random choices of everything that can be chosen."""
    rng = np.random.default_rng(11)
    every = everything(report, dataset)

    def some(values: Any) -> list[str]:
        kept = [str(value) for value in values if rng.random() < 0.6]
        return kept or [str(rng.choice(list(values)))]

    return [
        {
            "metrics": some(sorted(every["metrics"])),
            "stability": bool(rng.random() < 0.7),
            "spaces": some(every["spaces"]),
            "policy": str(rng.choice(["zero", "drop", "cluster", "nearest"])),
            "weights": {
                part: weight * float(rng.choice([0, 1, 3] if number else [0.5, 1, 2]))
                for number, (part, weight) in enumerate(every["weights"].items())
            },
            "algorithms": some(every["algorithms"]),
            "variants": some(every["variants"]),
        }
        for _ in range(count)
    ]


def ranked_by_the_ranking(report: ReportModel, dataset: str, chosen: dict[str, Any], draws: Draws) -> dict[Any, Any]:
    """Rank what is chosen with the real leaderboard, every entry keeping the cut that it was published with."""
    run = report.run
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
    rule = chosen_rule(run.record.ranking, chosen)
    if rule is None:
        return {}
    spec = RankingSpec(
        reference_spaces=tuple(chosen["spaces"]),
        metrics=tuple(chosen["metrics"]),
        controls=frozenset({"random_labels"}),
        n_bootstrap=0,
        **rule,
    )
    found = leaderboard(cells, scores, spec, draws=draws if chosen["stability"] else None).table
    mine = found[found["dataset"] == dataset]
    return {
        tuple(row[:3]): (int(row[3]), float(row[4]))
        for row in mine[[*KEY, "rank", spec.order.value]].itertuples(index=False, name=None)
    }


def chosen_rule(ranking: RankingSpec, chosen: dict[str, Any]) -> dict[str, Any] | None:
    """The rule of a ranking with the chosen metrics and weights; None where nothing is left to rank by."""
    metrics, weights = [*chosen["metrics"], *(["stability"] if chosen["stability"] else [])], chosen["weights"]
    if ranking.order is OrderRule.MEAN_RANK:
        families = {"stability" if name == "stability" else "separation" for name in metrics}
        return {"weights": weights} if any(weights[family] for family in families) else None
    parts = {part: [name for name in part.split("|") if name in metrics] for part in weights}
    score = {"|".join(names): weights[part] for part, names in parts.items() if names and weights[part]}
    return {"order": ranking.order, "score": score} if score else None


def ranked_by_the_page(report: ReportModel, dataset: str, chosen: dict[str, Any], page: Any) -> dict[Any, Any]:
    board = board_at(report, dataset)
    position, entries = report.boards.index(board), board.board.entries
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
    return {tuple(entries[one["entry"]].row[name] for name in KEY): (one["rank"], one["value"]) for one in found}


@pytest.fixture(scope="module", params=["two_reports", "scored_reports"])
def ranked_report(request: pytest.FixtureRequest) -> ReportModel:
    """A report of each order rule."""
    report: ReportModel = request.getfixturevalue(request.param)
    return report


@pytest.fixture(scope="module")
def page(ranked_report: ReportModel, chromium: Any, render: Render, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(render(ranked_report, "html"), encoding="utf-8")
    tab = chromium.new_page()
    tab.goto(path.as_uri())
    return tab


@pytest.mark.parametrize("dataset", ["cards", "wine", OVERALL])
def test_the_page_ranks_as_the_ranking_does(ranked_report: ReportModel, dataset: str, page: Any, draws_of: Any) -> None:
    draws = draws_of(ranked_report.run.cells, ranked_report.run.scores)
    for chosen in selections(ranked_report, dataset, 12):
        expected = ranked_by_the_ranking(ranked_report, dataset, chosen, draws)
        assert ranked_by_the_page(ranked_report, dataset, chosen, page) == expected, chosen


@pytest.mark.parametrize("dataset", ["cards", "wine", OVERALL])
def test_with_nothing_changed_the_page_gives_the_published_ranking(
    ranked_report: ReportModel, dataset: str, page: Any
) -> None:
    chosen = everything(ranked_report, dataset)
    found = ranked_by_the_page(ranked_report, dataset, chosen, page)
    published = {
        tuple(entry.row[name] for name in KEY): (entry.rank, entry.order_value)
        for entry in board_at(ranked_report, dataset).board.entries
    }
    assert list(found.items()) == list(published.items())


@pytest.mark.parametrize(("kind", "what"), [("only metric", "stability"), ("only metric", "davies_bouldin"),
                                            ("only space", "log1p"), ("without metric", "silhouette"),
                                            ("without metric", "stability")])  # fmt: skip
def test_leaving_something_out_gives_the_ranks_of_the_sensitivity_table(
    ranked_report: ReportModel, page: Any, kind: str, what: str
) -> None:
    every = [*METRIC_NAMES, "stability"]
    metrics = {"only metric": [what], "without metric": [name for name in every if name != what]}.get(kind, every)
    chosen = {
        **everything(ranked_report, "cards"),
        "metrics": [name for name in metrics if name != "stability"],
        "stability": "stability" in metrics,
        "spaces": [what] if kind == "only space" else ["standard", "log1p"],
    }
    frame, value = ranked_report.run.board.sensitivity, ranked_report.run.record.ranking.order.value
    mine = frame[(frame["dataset"] == "cards") & (frame["kind"] == kind) & (frame["what"] == what)]
    expected = {tuple(row[:3]): tuple(row[3:]) for row in mine[[*KEY, "rank", value]].itertuples(index=False)}
    assert expected
    assert ranked_by_the_page(ranked_report, "cards", chosen, page) == expected


def test_ties_and_missing_scores_are_ranked_as_in_the_ranking(page: Any) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(0, 4, size=(30, 4)).astype(float)
    values[rng.random(values.shape) < 0.1] = np.nan
    values[rng.random(values.shape) < 0.05] = np.inf
    contender = rng.random(30) < 0.8
    oriented = np.where(np.isnan(values), -np.inf, values)
    means = mean_ranks(column_ranks(oriented, contender), ["a", "a", "b", "b"], {"a": 2.0, "b": 0.3})
    board = {
        "order": "mean_rank", "policy": "zero", "datasets": ["d"], "spaces": ["s", "t"], "other": {},
        "metrics": [{"name": "m", "family": "a", "higher": True}, {"name": "n", "family": "b", "higher": True}],
        "entries": [{"control": not bool(free), "dup": place} for place, free in enumerate(contender)],
        "values": [[None if np.isnan(v) else "Infinity" if np.isinf(v) else v for v in row] for row in values],
        "stability": [[None]] * 30,
    }  # fmt: skip
    chosen = {"metrics": ["m", "n", "stability"], "spaces": ["s", "t"], "datasets": ["d"], "policy": "zero",
              "weights": {"a": 2.0, "b": 0.3}}  # fmt: skip
    found = page.evaluate("([b, c, s]) => clusterbench.rank(b, c, s)", [board, chosen, list(range(30))])
    ranks = {one["entry"]: (one["rank"], one["value"]) for one in found}
    assert ranks == {
        e: (int(r), float(m)) for e, (r, m) in enumerate(zip(final_ranks(means, contender), means, strict=True))
    }
    # By score: half of the better of both metrics in each space, averaged; last where one is missing.
    better = 0.5 * np.maximum(values[:, :2], values[:, 2:]).mean(axis=1)
    scores = np.where(np.isnan(better), -np.inf, better)
    by_score = [{**board, "order": "score"}, {**chosen, "weights": {"m|n": 0.5, "stability": 1}}, list(range(30))]
    found = page.evaluate("([b, c, s]) => clusterbench.rank(b, c, s)", by_score)
    assert {one["entry"]: (one["rank"], one["value"]) for one in found} == {
        e: (int(r), float(m)) for e, (r, m) in enumerate(zip(final_ranks(-scores, contender), scores, strict=True))
    }
    nothing = {**chosen, "weights": {"a": 0, "b": 0}}
    assert page.evaluate("([b, c, s]) => clusterbench.rank(b, c, s)", [board, nothing, [0, 1]]) == []
