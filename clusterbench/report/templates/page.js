"use strict";
/* Sorts, filters and ranks the leaderboards of the page again. Without it the page shows the published ranking. */
(() => {
  const { boards, rank, ascending } = window.clusterbench;

  /* ---- one board on the page ----------------------------------------------------------------------------------- */

  const text = (value) => value.trim().toLowerCase();

  /** What a cell is sorted by: the exact number where there is one, a number in its text, or its text. */
  function sortKey(cell) {
    const data = cell.querySelector("data");
    const own = data ? data.value : cell.dataset.key;
    if (own !== undefined && own !== "") return Number(own);
    const shown = text(cell.firstChild ? cell.firstChild.textContent : "");
    return shown === "" || shown === "\u2013" ? null : shown;
  }

  /** A score as the page prints it; JSON has no infinity, so an infinite score is a text. */
  function printed(value, decimals) {
    if (value === null) return "\u2013";
    const number = Number(value);
    return Number.isFinite(number) ? number.toFixed(decimals) : number > 0 ? "\u221e" : "-\u221e";
  }

  /** Rows that are put on the page at once. */
  const CHUNK = 250;

  class Board {
    constructor(root, data) {
      this.data = data;
      this.table = root.querySelector("table.leaderboard");
      this.body = this.table.tBodies[0];
      this.rows = [...this.body.rows];
      this.names = this.rows.map((row) => text(row.dataset.text || ""));
      this.heads = [...this.table.querySelectorAll("th[data-col]")];
      this.form = root.querySelector("form.tool");
      this.note = root.querySelector(".recomputed");
      this.said = root.querySelector(".said");
      this.wrap = this.table.parentElement;
      this.later = [];
      this.leftOut = new Set();
      this.published = true;
      this.original = new Map();
      this.places = this.rows.map((row) => Number(row.dataset.rank));
      this.prepare();
    }

    prepare() {
      for (const head of this.heads) {
        const button = document.createElement("button");
        button.type = "button";
        button.title = head.title;
        // Columns of several metrics carry the name of one space.
        if (head.dataset.title) button.setAttribute("aria-label", head.dataset.title);
        button.append(...head.childNodes);
        head.append(button);
        head.removeAttribute("title");
        button.addEventListener("click", () => this.sortBy(head));
      }
      this.column("rank")?.setAttribute("aria-sort", "ascending");
      this.form.hidden = false;
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.form.addEventListener("input", () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.recompute(), this.rows.length > 500 ? 150 : 0);
      });
      this.form.addEventListener("reset", () => setTimeout(() => this.recompute(), 0));
      this.note.querySelector("button").addEventListener("click", () => {
        this.form.reset();
        this.form.querySelector("input").focus();
      });
      this.wrap.addEventListener("scroll", () => {
        const left = this.wrap.scrollHeight - this.wrap.scrollTop - this.wrap.clientHeight;
        if (this.later.length && left < 3 * this.wrap.clientHeight) this.more(CHUNK);
      });
      window.addEventListener("beforeprint", () => this.more(this.later.length));
      this.put(this.rows);
      // A browser may keep what was filled in when a page is loaded again.
      this.form.reset();
    }

    column(name) {
      return this.heads.find((head) => head.dataset.name === name);
    }

    sortBy(head) {
      const column = Number(head.dataset.col);
      const first = head.dataset.first === "descending" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const direction = head.getAttribute("aria-sort") === first ? other : first;
      this.order(head, column, direction);
      this.said.textContent = `Sorted by ${head.dataset.title || head.textContent.trim()}, ${direction}.`;
    }

    order(head, column, direction) {
      const keys = new Map(this.rows.map((row) => [row, sortKey(row.cells[column])]));
      const place = new Map(this.rows.map((row, index) => [row, this.position ? this.position[index] : index]));
      const sign = direction === "ascending" ? 1 : -1;
      const sorted = [...this.rows].sort((a, b) => {
        const [x, y] = [keys.get(a), keys.get(b)];
        if (x === null || y === null) return (x === null) - (y === null) || place.get(a) - place.get(b);
        const mixed = (typeof x === "string") - (typeof y === "string");
        return sign * (mixed || ascending(x, y)) || place.get(a) - place.get(b);
      });
      for (const one of this.heads) one.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", direction);
      this.put(sorted);
    }

    /** Show rows in order; of very many the first, the others as the reader scrolls to them. */
    put(rows) {
      this.later = rows.filter((row) => !this.leftOut.has(row));
      this.body.replaceChildren();
      this.more(this.rows.length > 2 * CHUNK ? CHUNK : this.rows.length);
      this.wrap.scrollTop = 0;
    }

    more(count) {
      this.body.append(...this.later.splice(0, count));
    }

    checked(name) {
      return [...this.form.querySelectorAll(`input[name="${name}"]`)].filter((one) => one.checked).map((o) => o.value);
    }

    chosen() {
      const weights = {};
      for (const input of this.form.querySelectorAll("input[name=weight]")) {
        weights[input.dataset.part] = Math.max(0, Number(input.value) || 0);
      }
      const policy = this.form.elements.policy ? this.form.elements.policy.value : this.data.policy;
      const datasets = this.data.datasets.length > 1 ? this.checked("dataset") : this.data.datasets;
      return { metrics: this.checked("metric"), spaces: this.checked("space"), datasets, policy, weights };
    }

    shown() {
      const [algorithms, variants] = [new Set(this.checked("algorithm")), new Set(this.checked("variant"))];
      const words = text(this.form.elements.text.value).split(/\s+/).filter(Boolean);
      return this.data.entries
        .map((entry, e) => e)
        .filter((e) => algorithms.has(this.data.entries[e].algorithm) && variants.has(this.data.entries[e].variant))
        .filter((e) => words.every((word) => this.names[e].includes(word)));
    }

    changed() {
      const fields = [...this.form.elements];
      return fields.some((one) => {
        if (one.type === "checkbox") return one.checked !== one.defaultChecked;
        if (one.tagName === "SELECT") return [...one.options].some((o) => o.selected !== o.defaultSelected);
        return "defaultValue" in one && one.type !== "reset" && one.value !== one.defaultValue;
      });
    }

    recompute() {
      this.restore();
      this.published = !this.changed();
      const shown = this.shown();
      const chosen = this.chosen();
      const ranked = this.published ? null : rank(this.data, chosen, shown);
      this.table.classList.toggle("other", !this.published);
      this.note.hidden = this.published;
      const visible = new Set(shown);
      this.rows.forEach((row, e) => {
        if (this.published || visible.has(e)) this.leftOut.delete(row);
        else this.leftOut.add(row);
        row.classList.toggle("first", this.published && this.places[e] === 1 && !this.data.entries[e].control);
      });
      this.position = this.rows.map((_, e) => e);
      if (!this.published) this.show(ranked, chosen, shown);
      for (const one of this.heads) one.removeAttribute("aria-sort");
      this.column("rank")?.setAttribute("aria-sort", "ascending");
      const order = this.rows.map((_, e) => e).sort((a, b) => this.position[a] - this.position[b]);
      this.put(order.map((e) => this.rows[e]));
      this.said.textContent = this.published ? "This is the published ranking." : "";
    }

    show(ranked, chosen, shown) {
      shown.forEach((e, index) => { this.position[e] = index; });
      for (const e of shown) {
        for (const name of ["rank", "interval", "tie", this.data.order]) this.write(e, name, "\u2013");
        if (chosen.policy !== this.data.policy) this.writeScores(e, chosen);
      }
      ranked.forEach((one, index) => {
        this.position[one.entry] = index;
        this.write(one.entry, "rank", String(one.rank), one.rank);
        this.write(one.entry, this.data.order, printed(one.value, 3), one.value);
        const isFirst = one.rank === 1 && !this.data.entries[one.entry].control;
        this.rows[one.entry].classList.toggle("first", isFirst);
      });
      const why = ranked.length ? "" : shown.length ? " Nothing is left to rank by." : " No entry matches.";
      this.note.querySelector("span").textContent = `${shown.length} of ${this.rows.length} entries, ranked among` +
        ` themselves by ${this.rule(chosen)}.${why}`;
    }

    /** By what the shown entries are ranked; what has no weight takes no part, so it is not named. */
    rule(chosen) {
      const by = this.data.order === "score" ? this.score(chosen) : this.families(chosen);
      const several = this.data.datasets.length > 1;
      return `${by || "nothing"} in ${chosen.spaces.join(", ") || "no space"}` +
        `${several ? ` on ${chosen.datasets.join(", ") || "no dataset"}` : ""}; noise policy ${chosen.policy}`;
    }

    score(chosen) {
      const parts = Object.entries(chosen.weights).map(([part, weight]) => {
        const metrics = part.split("|").filter((metric) => chosen.metrics.includes(metric));
        return weight > 0 && metrics.length ? `${weight === 1 ? "" : `${weight} times `}${metrics.join(" or ")}` : "";
      });
      return parts.filter(Boolean).join(" + ");
    }

    families(chosen) {
      const families = new Map();
      const add = (family, metric) => {
        if (!chosen.metrics.includes(metric) || !(chosen.weights[family] > 0)) return;
        families.set(family, [...(families.get(family) || []), metric]);
      };
      for (const metric of this.data.metrics) add(metric.family, metric.name);
      add("stability", "stability");
      const weighed = [...this.form.querySelectorAll("input[name=weight]")].some((o) => o.value !== o.defaultValue);
      const parts = [...families].map(([family, metrics]) => metrics.join(", ") +
        (weighed ? ` (family ${family}, weight ${chosen.weights[family]})` : ""));
      return parts.join(", ");
    }

    /** Scores under another noise policy replace those under the declared one, where a row is noise. */
    writeScores(e, chosen) {
      const row = (this.data.other[chosen.policy] || {})[e];
      if (this.data.datasets.length > 1 || !row) return;
      this.data.metrics.forEach((metric, m) => {
        this.data.spaces.forEach((space, s) => {
          const value = row[m * this.data.spaces.length + s];
          const shown = printed(value, metric.shown);
          this.write(e, `${metric.name}@${space}`, shown, value === null ? undefined : value);
        });
      });
    }

    write(e, name, shown, key) {
      const head = this.column(name);
      if (!head) return;
      const cell = this.rows[e].cells[Number(head.dataset.col)];
      if (!this.original.has(cell)) this.original.set(cell, [[...cell.childNodes], cell.dataset.key]);
      const mark = cell.querySelector("sup");
      cell.replaceChildren(shown, ...(mark ? [mark.cloneNode(true)] : []));
      if (key === undefined) delete cell.dataset.key;
      else cell.dataset.key = String(key);
    }

    restore() {
      for (const [cell, [nodes, key]] of this.original) {
        if (key === undefined) delete cell.dataset.key;
        else cell.dataset.key = key;
        cell.replaceChildren(...nodes);
      }
      this.original.clear();
    }
  }

  for (const root of document.querySelectorAll(".board[data-board]")) {
    new Board(root, boards[Number(root.dataset.board)]);
  }

  /* ---- drill-down: a link to an entry opens it ------------------------------------------------------------------ */

  function open() {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", open);
  open();
})();
