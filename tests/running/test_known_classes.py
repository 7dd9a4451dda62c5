"""Known classes of a table: scored beside every labeling, shown on the board, read by no rank."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from clusterbench.ranking import AlertKind
from clusterbench.report import all_formats, build_report, terminal_table
from clusterbench.results import StoredRun, load_stored_run
from clusterbench.tables import CLASSES, CUT_KEY

from .conftest import HEAD, KMEANS, RANKING, TABLES, Workspace

KINDS = 'truth = ["kind", "half"]\ntruth_kind = "generated"\ntruth_noise = "none"\n'
LINKAGES = '[[algorithms]]\nuse = "agglomerative"\nlinkage = ["ward", "average", "complete"]\n'
CONTROL = '[[algorithms]]\nuse = "random_voronoi"\n'


def text(truth: str = KINDS) -> str:
    tables = TABLES.replace('path = "clouds.csv"\n', f'path = "clouds.csv"\n{truth}')
    return HEAD + tables + RANKING + KMEANS + LINKAGES + CONTROL


@pytest.fixture(scope="module")
def clouds() -> pd.DataFrame:
    """Three clouds of 20 rows; two columns of classes, one of which leaves out five rows."""
    rng = np.random.default_rng(3)
    points = rng.normal(size=(60, 2)) + np.repeat([[0, 0], [4, 0], [0, 4]], 20, axis=0)
    kind = np.repeat(["red", "green", "blue"], 20)
    half = np.where(np.arange(60) < 5, "none", np.where(np.arange(60) < 30, "low", "high"))
    return pd.DataFrame({"x": points[:, 0], "y": points[:, 1], "kind": kind, "half": half})


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, clouds) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("classes"), "b", clouds=clouds)


@pytest.fixture(scope="module")
def done(workspace) -> StoredRun:
    return workspace.run(text())


def test_every_labeling_is_scored_against_each_column_of_classes(done, workspace, clouds):
    scores = done.scores[done.scores["space"].str.startswith(CLASSES)]
    assert set(zip(scores["space"], scores["metric"], strict=True)) == {
        (f"classes:{name}", metric) for name in ("kind", "half") for metric in ("ari", "ami")
    }
    assert len(scores) == 4 * done.cells["labels_sha256"].notna().sum()
    with workspace.store() as store:
        labelings = store.labelings(list(scores["labels_sha256"]))
    functions = {"ari": adjusted_rand_score, "ami": adjusted_mutual_info_score}
    for row in scores.to_dict("records"):
        classes = clouds[row["space"].removeprefix(CLASSES)]
        known = (classes != "none").to_numpy()
        expected = functions[row["metric"]](classes[known], labelings[row["labels_sha256"]][known])
        assert row["value"] == pytest.approx(expected, abs=1e-9)


def test_the_board_has_the_best_score_over_the_columns(done):
    scores = done.scores[done.scores["space"].str.startswith(CLASSES)]
    best = scores[scores["seed"] == 0].groupby([*CUT_KEY, "metric"])["value"].max()
    for row in done.board.table.to_dict("records"):
        for metric in ("ari", "ami"):
            assert row[metric] == best[*(row[name] for name in CUT_KEY), metric]
    columns = {column.name: column for column in done.board.columns}
    assert not columns["ari"].ranked
    assert list(columns) == list(done.board.table.columns)


def test_a_stored_run_shows_the_same(done, workspace):
    again = load_stored_run(workspace.results)
    pd.testing.assert_frame_equal(again.board.table, done.board.table)
    assert again.board.alerts == done.board.alerts
    pd.testing.assert_frame_equal(again.details.class_counts, done.details.class_counts)


def test_no_rank_depends_on_the_classes(done, workspace, clouds):
    shuffled = clouds.assign(kind=np.random.default_rng(0).permutation(clouds["kind"]), half="low")
    other = Workspace(workspace.folder, "c", clouds=shuffled)
    changed = other.run(text(), results="others")
    without = other.run(text('drop = ["kind", "half"]\n'), results="others")
    clouds.to_csv(workspace.folder / "clouds.csv", index=False)
    measured = ["ari", "ami", "fit_seconds", "peak_mb"]
    expected = done.board.table.drop(columns=measured)
    pd.testing.assert_frame_equal(changed.board.table.drop(columns=measured), expected)
    pd.testing.assert_frame_equal(without.board.table.drop(columns=measured, errors="ignore"), expected)
    assert "ari" not in without.board.table
    assert not without.scores["space"].str.startswith(CLASSES).any()
    assert without.computed == 0


def test_one_sentence_says_how_far_order_and_classes_agree(done):
    (alert,) = (alert for alert in done.board.alerts if alert.kind is AlertKind.KNOWN_CLASSES)
    contenders = done.board.table[~done.board.table["control"]]
    first, best = contenders["ari"].iloc[0], contenders["ari"].max()
    rho = spearmanr(-contenders["rank"], contenders["ari"]).statistic
    assert alert.dataset == "clouds"
    assert alert.text.startswith(
        f"order and known classes (the groups from which the rows were drawn) agree at rho = {rho:.2f}; first place has"
        f" ARI {first:.2f}, the best {best:.2f} (rank "
    )


def test_the_report_shows_the_agreement_as_not_ranked(done, clouds):
    report = build_report(done, figures=())
    rendered = {name: text for one in all_formats() for name, text in one.render(report).items()}
    ari = f"{done.board.table['ari'].iloc[0]:.2f}"
    assert f"| {ari} |" in rendered["leaderboard.md"]
    assert "Known classes, not ranked" in rendered["leaderboard.md"]
    assert "the known classes, of several the best; not ranked." in rendered["index.html"]
    assert "ari@classes:kind" in rendered["scores_wide.csv"].splitlines()[0]
    assert terminal_table(report).columns[-2].header.plain == "ARI\ngrey"
    (metrics,) = (row for row in report.metrics.rows if row[0] == "Adjusted Rand index")
    assert "no, shown only" in metrics


def test_the_first_entry_is_shown_class_by_cluster(done, clouds):
    (board,) = build_report(done, figures=()).boards
    table = board.classes
    assert table.caption.startswith("Rows of each known class (kind) by cluster of ")
    assert [row[0] for row in table.rows] == ["blue", "green", "red"]
    cells = np.array([row[1:] for row in table.rows], dtype=int)
    assert cells.sum(axis=1).tolist() == [20, 20, 20]
    assert sorted(cells.sum(axis=0).tolist(), reverse=True) == list(board.board.contenders[0].sizes)


def test_classes_that_are_declared_later_cost_no_fit(workspace, done):
    later = workspace.run(text('drop = ["kind"]\ntruth = "half"\ntruth_noise = "none"\n'))
    assert later.computed == 0
    assert set(later.scores["space"]) == {"own", "standard", "classes:half"}
