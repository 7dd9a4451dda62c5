"""Write docs/rules-of-trust.md from the stores of two finished runs. Run by hand:

clusterbench run cc-general --results REAL
clusterbench run credit-card --results SIMULATED
python docs/make_rules_of_trust.py REAL SIMULATED
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from trust_rankings import KEY, RULES, agreement, boards_of, contenders, plain_spec, rejection, silhouettes

from clusterbench.naming import EntryNames
from clusterbench.ranking import Leaderboard, rank_correlation
from clusterbench.results import StoredRun, load_stored_run
from clusterbench.text import percent
from clusterbench.trust import shipped_evidence, trust_by_dataset

TOP = 5
MOVES = 8
ENOUGH = 0.7


def name_of(row: pd.Series, run: StoredRun) -> str:
    """Return algorithm, the parameters in which its settings differ, and variant."""
    names = EntryNames.of(run.cells[["algorithm", "params"]].itertuples(index=False, name=None))
    return names.entry(row["algorithm"], row["params"], row["variant"])


def outcome(row: pd.Series, board: Leaderboard) -> str:
    """Return the rank and k of an entry under a rule, or why it has none."""
    for frame, text in ((board.table, rank_text), (board.rejected, refusal_text)):
        rows = frame[(frame[KEY] == row[KEY]).all(axis=1)]
        if len(rows):
            return text(rows.iloc[0])
    return "not run"


def rank_text(row: pd.Series) -> str:
    return f"{row['rank']} (k = {row['k']})"


def refusal_text(row: pd.Series) -> str:
    return f"{row['status']}: {row['reason']}"


def side_by_side(boards: Mapping[str, Leaderboard], run: StoredRun) -> list[str]:
    """Return the first entries under every rule as a table."""
    tops = {name: contenders(board).head(TOP) for name, board in boards.items()}
    cells = {
        name: [f"{name_of(row, run)}, k = {row['k']} ({sizes(row)})" for _, row in top.iterrows()]
        for name, top in tops.items()
    }
    rows = [
        [str(place + 1), *(column[place] if place < len(column) else "" for column in cells.values())]
        for place in range(TOP)
    ]
    return markdown_table(["", *(RULES[name].title for name in boards)], rows)


def sizes(row: pd.Series) -> str:
    """Return the rows of the largest and of the smallest cluster."""
    return f"sizes {row['largest']:,} to {row['smallest']:,}"


def winners(boards: Mapping[str, Leaderboard], run: StoredRun) -> list[str]:
    """Return the first entry of every rule with its silhouettes, and its rank under the other rules."""
    spaces = ["own", *plain_spec(run).reference_spaces]
    firsts = {name: contenders(board).iloc[0] for name, board in boards.items()}
    first_by: dict[tuple[str, ...], list[str]] = {}
    for name, first in firsts.items():
        first_by.setdefault(tuple(first[[*KEY, "cut"]]), []).append(name)
    rows = []
    for names in first_by.values():
        first = firsts[names[0]]
        values = silhouettes(first, run)
        numbers = [f"{values[space]:.3f}" for space in spaces]
        titles = "; ".join(RULES[name].title for name in names)
        winner = f"{name_of(first, run)}, k = {first['k']}"
        rows.append([titles, winner, *numbers, *(outcome(first, board) for board in boards.values())])
    header = [
        "First by",
        "Entry",
        *(f"silhouette, {space}" for space in spaces),
        *(RULES[name].title for name in boards),
    ]
    return markdown_table(header, rows)


def markdown_table(header: list[str], rows: list[list[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]


def changes(boards: Mapping[str, Leaderboard], run: StoredRun) -> list[str]:
    """Return sentences on what each rule changes against the one before."""
    own, reference = boards["own"], boards["ungated"]
    first = contenders(own).iloc[0]
    values = silhouettes(first, run)
    elsewhere = ", ".join(f"{value:.3f} in {space}" for space, value in values.items() if space != "own")
    rho, shared = agreement(own, reference)
    judged = run.cells[run.cells["status"].isin(["ok", "rejected"])]
    reasons = Counter(reason_kind(text) for text in run.cells.loc[run.cells["status"] == "rejected", "reason"])
    counts = ", ".join(f"{count} for {what}" for what, count in reasons.most_common())
    lost_text = lost_entries(reference, run)
    steady, n_steady = agreement(boards["gated"], boards["full"])
    moved = sum(
        outcome(row, boards["full"]) != rank_text(row) for _, row in contenders(boards["gated"]).head(TOP).iterrows()
    )
    return [
        f"- **Reference spaces.** {name_of(first, run)} with k = {first['k']} wins by a silhouette of"
        f" {values['own']:.3f} in its own space; the same labels have {elsewhere}. Over the {shared} entries that both"
        f" rank, the order by own spaces and the order in the reference spaces correlate at Spearman {rho:.2f}.",
        f"- **Gate.** {gate_text(run)} {sum(reasons.values()):,} of {len(judged):,} labelings are rejected: {counts}."
        f" {lost_text}",
        f"- **The score.** {run.record.ranking.rule_text} {moved} of the first {TOP} get another k or another place;"
        f" over {n_steady} entries the order before and after correlates at Spearman {steady:.2f}.",
        f"- **The result.** {run.board.headline}",
    ]


def trust_lines(run: StoredRun) -> list[str]:
    """Return what the rule loses on tables with known classes, and what that says of the first place here."""
    evidence = shipped_evidence()
    loses = (
        evidence.sentence.replace(
            "the documentation, The ranking rule and its evidence", "[the evidence](ranking-rule.md)"
        )
        if evidence
        else ""
    )
    estimates = [estimate.sentence for _, estimate in trust_by_dataset(run).values()]
    return [f"The ranking rule is itself a competitor. {loses}", "", "Of this table: " + " ".join(estimates)]


def gate_text(run: StoredRun) -> str:
    """Return the limits of the gate of a run."""
    gate = run.record.gate
    return (
        f"Every cluster needs {gate.min_rows} rows and {percent(gate.min_share)} of the table, none may hold more than"
        f" {percent(gate.max_share)}, and at most {percent(gate.max_noise)} may be noise."
    )


def reason_kind(reason: str) -> str:
    """Return the kind of a reason that the gate gives."""
    kinds = {"smallest cluster": "a cluster that is too small", "largest cluster": "one that holds nearly everything"}
    kinds["rows are noise"] = "too much noise"
    return next((kind for words, kind in kinds.items() if words in reason), reason)


def lost_entries(before: Leaderboard, run: StoredRun) -> str:
    """Return which of the first entries lose their labels to the gate."""
    lost = []
    for _, row in contenders(before).head(TOP).iterrows():
        reason = rejection(row, run)
        if reason:
            lost.append(f"{name_of(row, run)}, place {row['rank']} with k = {row['k']} ({reason})")
    names = f": {'; '.join(lost)}" if lost else ""
    return f"Of the labelings on the first {TOP} places without it, {len(lost) or 'none'} would be lost{names}."


def comparison(real: StoredRun, simulated: StoredRun, boards: Mapping[str, Leaderboard]) -> list[str]:
    """Return how the boards of the simulated and of the real table agree."""
    correlation = rank_correlation(real.board.table, simulated.board.table)
    others = boards_of(simulated)
    verdict = (
        f"At least {ENOUGH}: who is good on the simulated customers is good on the real ones."
        if correlation.rho >= ENOUGH
        else f"Below {ENOUGH}: on the simulated customers the order is not yet that of the real ones."
    )
    rules = []
    for name, rule in RULES.items():
        rho, shared = agreement(boards[name], others[name])
        rules.append([rule.title, f"{rho:.2f}", str(shared)])
    return [
        f"Spearman's rho between the leaderboards of the real and the simulated table is **{correlation.rho:.2f}** over"
        f" the {correlation.n_shared} entries that both rank. {verdict}",
        "",
        *markdown_table(["Rule", "Spearman", "Entries"], rules),
        "",
        "The entries that move most:",
        "",
        *moves(real, simulated),
    ]


def moves(real: StoredRun, simulated: StoredRun) -> list[str]:
    """Return the entries whose places differ most."""
    here, there = (contenders(run.board).set_index(KEY) for run in (real, simulated))
    shared = here.index.intersection(there.index)
    places = pd.DataFrame({"real": here.loc[shared, "rank"], "simulated": there.loc[shared, "rank"]}, dtype=float)
    order = (places["real"] - places["simulated"]).abs().sort_values(ascending=False, kind="stable").index[:MOVES]
    rows = []
    for key in order:
        row = pd.Series(dict(zip(KEY, key, strict=True)))
        rows.append([name_of(row, real), outcome(row, real.board), outcome(row, simulated.board)])
    return markdown_table(["Entry", "Real", "Simulated"], rows)


def page(real: StoredRun, simulated: StoredRun) -> str:
    """Return the page."""
    boards = boards_of(real)
    dataset = next(iter(real.record.datasets.values()))
    introduction = [
        f"The same {len(real.cells):,} labelings of the real table ({dataset.n_rows:,} customers,"
        f" {len(dataset.columns)} columns), ranked under four rules. Each excludes more than the one before.",
        "",
        *(f"{number}. **{rule.title}.** {rule.explanation}" for number, rule in enumerate(RULES.values(), start=1)),
    ]
    note = (
        "The labels that each rule puts first, with their silhouettes; then the place of that entry under every rule,"
        " each rule choosing its own k."
    )
    sections = {
        "# Four rankings of one table": introduction,
        f"## The first {TOP} under each rule": side_by_side(boards, real),
        "## The first entry of each rule under the other rules": [note, "", *winners(boards, real)],
        "## What each rule changes": changes(boards, real),
        "## How far the first place can be trusted": trust_lines(real),
        "## Simulated and real customers": comparison(real, simulated, boards),
    }
    lines = [line for heading, text in sections.items() for line in (heading, "", *text, "")]
    source = (
        "Made by `docs/make_rules_of_trust.py` from finished runs of the benchmarks `cc-general` and `credit-card`."
    )
    return "\n".join([*lines, source]) + "\n"


def main() -> None:
    """Read two results folders, write the page."""
    parser = argparse.ArgumentParser(description="Write the page on the rules of trust from two finished runs.")
    parser.add_argument("real", type=Path, help="results folder of a run of cc-general")
    parser.add_argument("simulated", type=Path, help="results folder of a run of credit-card")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("rules-of-trust.md"))
    asked = parser.parse_args()
    asked.out.write_text(page(load_stored_run(asked.real), load_stored_run(asked.simulated)), encoding="utf-8")


if __name__ == "__main__":
    main()
