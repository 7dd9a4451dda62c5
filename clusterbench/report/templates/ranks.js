"use strict";
/* The arithmetic of the ranking, for those who choose other metrics, weights or entries: `clusterbench.rank`. */
(() => {
  const boards = JSON.parse(document.getElementById("board-data").textContent).boards;

  /** Round to the nearest multiple of 10^-decimals, halves to even, as numpy does. */
  function rounded(value, decimals) {
    const scale = 10 ** decimals;
    const scaled = value * scale;
    const down = Math.floor(scaled);
    const rest = scaled - down;
    const up = rest > 0.5 || (rest === 0.5 && down % 2 !== 0);
    return (up ? down + 1 : down) / scale;
  }

  const ascending = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

  /** How many of the sorted values lie below `value` (or at it, if `inclusive`). */
  function below(sorted, value, inclusive) {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < value || (inclusive && sorted[middle] === value)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rank one column, higher is better: 1/2 + better contenders + 1/2 equal contenders. Missing values rank last. */
  function columnRanks(values, contender) {
    const oriented = values.map((v) => (Number.isNaN(v) ? -Infinity : Math.max(v, -Number.MAX_VALUE)));
    const field = Float64Array.from(oriented.filter((_, e) => contender[e])).sort();
    return oriented.map((value) => 0.5 + field.length - 0.5 * (below(field, value, true) + below(field, value, false)));
  }

  /** Duplicates share the mean stability of those that found the labels; a control takes over that of contenders. */
  function sharedStability(values, entries) {
    const groups = new Map();
    entries.forEach((entry, e) => {
      if (!groups.has(entry.dup)) groups.set(entry.dup, []);
      groups.get(entry.dup).push(e);
    });
    const shared = values.slice();
    for (const group of groups.values()) {
      const contenders = group.filter((e) => !entries[e].control);
      const found = (contenders.length ? contenders : group).map((e) => values[e]).filter((v) => v !== null);
      const mean = found.length ? found.reduce((a, b) => a + b, 0) / found.length : null;
      for (const e of group) shared[e] = mean;
    }
    return shared;
  }

  /** The scores of an entry under a noise policy; where no row is noise, all policies agree. */
  function scoresOf(board, entry, policy) {
    const other = policy === board.policy ? undefined : (board.other[policy] || {})[entry];
    return other || board.values[entry];
  }

  /** Columns of oriented values for the shown entries, each with its metric and place; a missing value is NaN.
      An infinite score is the text "Infinity" or "-Infinity", which becomes a number here. */
  function axesOf(board, chosen, shown) {
    const axes = [];
    const rows = shown.map((e) => scoresOf(board, e, chosen.policy));
    const entries = shown.map((e) => board.entries[e]);
    const wide = board.metrics.length * board.spaces.length;
    board.datasets.forEach((dataset, d) => {
      if (!chosen.datasets.includes(dataset)) return;
      board.metrics.forEach((metric, m) => {
        if (!chosen.metrics.includes(metric.name)) return;
        board.spaces.forEach((space, s) => {
          if (!chosen.spaces.includes(space)) return;
          const at = d * wide + m * board.spaces.length + s;
          const sign = metric.higher ? 1 : -1;
          const values = rows.map((row) => (row[at] === null ? NaN : sign * row[at]));
          axes.push({ metric: metric.name, family: metric.family, place: `${d} ${s}`, values });
        });
      });
      const stability = shown.map((e) => board.stability[e][d]);
      if (chosen.metrics.includes("stability") && stability.some((value) => value !== null)) {
        const shared = sharedStability(stability, entries);
        const values = shared.map((v) => (v === null ? NaN : rounded(v, 6)));
        axes.push({ metric: "stability", family: "stability", place: `${d}`, values });
      }
    });
    return axes;
  }

  /** Mean over families, by weight, of the mean over the columns of each family. */
  function meanRanks(axes, weights, contender) {
    const families = new Map();
    for (const axis of axes) {
      const ranks = columnRanks(axis.values, contender);
      families.set(axis.family, [...(families.get(axis.family) || []), ranks]);
    }
    const total = contender.map(() => 0);
    let weightSum = 0;
    for (const [family, columns] of families) {
      const weight = weights[family];
      if (!(weight > 0)) continue;
      weightSum += weight;
      for (let e = 0; e < total.length; e += 1) {
        total[e] += weight * (columns.reduce((sum, ranks) => sum + ranks[e], 0) / columns.length);
      }
    }
    return total.map((sum) => (weightSum > 0 ? rounded(sum / weightSum, 9) : NaN));
  }

  /** Weighted sum of the parts of the score: of each, the best of its metrics in every place, averaged over places.
      Without one of its values an entry has the score -Infinity; a part without a column takes no part. */
  function scores(axes, weights, count) {
    const total = new Array(count).fill(0);
    let counted = false;
    for (const [part, weight] of Object.entries(weights)) {
      const places = new Map();
      for (const axis of axes.filter((one) => part.split("|").includes(one.metric))) {
        places.set(axis.place, [...(places.get(axis.place) || []), axis.values]);
      }
      if (!(weight > 0) || !places.size) continue;
      counted = true;
      for (let e = 0; e < count; e += 1) {
        const best = [...places.values()].map((columns) => Math.max(...columns.map((values) => values[e])));
        total[e] += weight * (best.reduce((sum, value) => sum + value, 0) / best.length);
      }
    }
    return total.map((sum) => (!counted ? NaN : Number.isNaN(sum) ? -Infinity : rounded(sum, 9)));
  }

  /**
   * Rank the entries numbered `shown` of a board among themselves.
   * chosen: {metrics, spaces, datasets, policy, weights}. Returns [{entry, rank, value}], best first, controls
   * beside the contenders whose rank they would have had; an empty list where nothing is left to rank by.
   * The value is the score or the mean rank, by the order rule of the board.
   */
  function rank(board, chosen, shown) {
    const contender = shown.map((e) => !board.entries[e].control);
    const axes = axesOf(board, chosen, shown);
    const byScore = board.order === "score";
    const values = byScore ? scores(axes, chosen.weights, shown.length) : meanRanks(axes, chosen.weights, contender);
    if (!shown.length || Number.isNaN(values[0])) return [];
    const lower = values.map((value) => (byScore ? -value : value)); // is better
    const field = Float64Array.from(lower.filter((_, e) => contender[e])).sort();
    const ranks = lower.map((value) => 1 + below(field, value, false));
    const control = shown.map((entry) => (board.entries[entry].control ? 1 : 0));
    const order = shown.map((_, e) => e).sort((a, b) => ranks[a] - ranks[b] || control[a] - control[b] ||
      ascending(lower[a], lower[b]) || shown[a] - shown[b]);
    return order.map((e) => ({ entry: shown[e], rank: ranks[e], value: values[e] }));
  }

  Object.defineProperty(window, "clusterbench", { value: Object.freeze({ boards, rank, ascending }) });
})();
