"""Means over tables, their intervals, and the rule that other batteries would have chosen."""

import numpy as np
import pandas as pd
import pytest

from clusterbench.truth import leave_one_battery_out, summarise


def regret_rows(values: dict[tuple[str, str], float], question: str = "algorithm and k") -> pd.DataFrame:
    """Rows of `regrets`, of (battery/table, rule)."""
    return pd.DataFrame(
        [
            {
                "table": table,
                "kind": "shapes" if table.startswith("a") else "real",
                "battery": table.split("/")[0],
                "question": question,
                "rule": rule,
                "ari_chosen": 0.9 - regret,
                "ari_best": 0.9,
                "regret": regret,
                "spearman": 0.5,
            }
            for (table, rule), regret in values.items()
        ]
    )


REGRETS = regret_rows(
    {
        **{("a/1", "x"): 0.1, ("a/2", "x"): 0.3, ("b/1", "x"): 0.8},
        **{("a/1", "y"): 0.2, ("a/2", "y"): 0.2, ("b/1", "y"): 0.0},
    }
)


def test_means_over_tables_are_those_of_paper():
    rows = summarise(REGRETS).set_index(["kind", "rule"])
    assert rows.loc[("all", "x"), "mean"] == pytest.approx(0.4)
    assert rows.loc[("all", "x"), "median"] == pytest.approx(0.3)
    assert rows.loc[("all", "x"), "large"] == pytest.approx(1 / 3)
    assert rows.loc[("shapes", "y"), "mean"] == pytest.approx(0.2)
    assert rows.loc[("all", "y"), "tables"] == 3
    assert list(summarise(REGRETS).query("kind == 'all'")["rule"]) == ["y", "x"]


def test_interval_draws_whole_batteries():
    rows = summarise(REGRETS).set_index(["kind", "rule"])
    # Both batteries, or one of them twice: means 0.2, 0.4 or 0.8.
    assert (rows.loc[("all", "x"), "low"], rows.loc[("all", "x"), "high"]) == pytest.approx((0.2, 0.8))
    assert rows.loc[("real", "x"), ["low", "high"]].tolist() == pytest.approx([0.8, 0.8])


def test_left_out_battery_has_no_say_in_its_rule():
    rows = leave_one_battery_out(REGRETS).set_index("table")
    # Without battery b the two rules have equal means, so the first by name; without a, y is better.
    assert rows["chosen_rule"].to_dict() == {"a/1": "y", "a/2": "y", "b/1": "x"}
    assert rows["regret"].to_dict() == {"a/1": 0.2, "a/2": 0.2, "b/1": 0.8}


def test_kinds_count_alike_in_the_choice_whatever_their_number_of_tables():
    # On the tables of a and c, x loses 0.1 on six shapes and 0.9 on one real table; y loses 0.3 on each.
    shapes = {(f"a/{n}", rule): regret for n in range(6) for rule, regret in (("x", 0.1), ("y", 0.3))}
    real = {("c/1", "x"): 0.9, ("c/1", "y"): 0.3, ("d/1", "x"): 0.5, ("d/1", "y"): 0.5}
    rows = leave_one_battery_out(regret_rows(shapes | real)).set_index("table")
    assert rows.loc["d/1", "chosen_rule"] == "y"


def test_one_battery_alone_chooses_nothing():
    assert leave_one_battery_out(REGRETS[REGRETS["battery"] == "a"]).empty


def test_summary_is_the_same_each_time():
    rng = np.random.default_rng(0)
    values = {(f"{battery}/{n}", "x"): float(rng.random()) for battery in "abcdef" for n in range(3)}
    pd.testing.assert_frame_equal(summarise(regret_rows(values)), summarise(regret_rows(values)))
