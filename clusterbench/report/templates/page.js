"use strict";
/* Sorts, filters and ranks the leaderboards of the page again, and keeps the view in the address. Without it the page
   shows the published ranking. */
(() => {
  const { boards, rank, ascending } = window.clusterbench;
  /** Of more rows than MANY, only CHUNK at once are put on the page. */
  const [MANY, CHUNK] = [500, 100];
  const text = (value) => value.trim().toLowerCase();
  const element = (tag, content, values = {}) => Object.assign(document.createElement(tag), values, { textContent: content });

  /** What a cell is sorted by: its number, the mean of its numbers, or its text; null where there is nothing. */
  function sortKey(cell) {
    if (cell.dataset.key) return Number(cell.dataset.key);
    const values = [...cell.querySelectorAll("data")].map((one) => Number(one.value));
    if (values.length) return values.reduce((sum, value) => sum + value, 0) / values.length;
    const shown = text(cell.textContent);
    return shown === "" || shown === "\u2013" ? null : shown;
  }

  /** A score as the page prints it; JSON has no infinity, so an infinite score is a text. */
  function printed(value, decimals) {
    if (value === null) return "\u2013";
    const number = Number(value);
    return Number.isFinite(number) ? number.toFixed(decimals) : number > 0 ? "\u221e" : "-\u221e";
  }

  function number(value, decimals) {
    const shown = printed(value, decimals);
    return value === null ? element("span", shown) : element("data", shown, { value: String(value) });
  }

  /* ---- one board on the page ------------------------------------------------------------------------------------ */

  class Board {
    constructor(root, data, prefix) {
      this.data = data;
      this.prefix = prefix; // of its keys in the address
      this.table = root.querySelector("table.leaderboard");
      this.bodies = [...this.table.tBodies];
      this.band = this.table.querySelector(".band");
      this.heads = [...this.table.tHead.rows[0].cells];
      this.form = root.querySelector("form.tool");
      this.note = root.querySelector(".recomputed");
      this.said = root.querySelector(".said");
      this.count = root.querySelector(".count");
      this.wrap = this.table.parentElement;
      // Rows are on the page by band, entries in the data by rank.
      const printedRows = [...this.table.querySelectorAll("tbody tr:not(.band)")];
      const order = [false, true].flatMap((control) =>
        data.entries.map((_, e) => e).filter((e) => data.entries[e].control === control));
      this.rows = [];
      order.forEach((e, place) => { this.rows[e] = printedRows[place]; });
      this.names = this.rows.map((row) => text(row.cells[this.place("entry")].textContent));
      this.places = this.rows.map((row) => row.cells[this.place("rank")].querySelector("data").value);
      this.original = new Map();
      this.keys = new Map(); // by column
      this.later = [];
      this.sort = null;
      this.prepare();
    }

    place(name) {
      return this.heads.findIndex((head) => head.dataset.name === name);
    }

    prepare() {
      for (const head of this.heads) {
        const button = document.createElement("button");
        button.type = "button";
        button.title = head.title;
        button.append(head.firstChild); // without the names of the spaces
        head.prepend(button);
        head.removeAttribute("title");
        button.addEventListener("click", () => this.sortBy(head));
      }
      this.form.hidden = false;
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.form.addEventListener("input", () => {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.changed(), this.rows.length > MANY ? 60 : 0);
      });
      this.form.addEventListener("reset", () => setTimeout(() => {
        this.sort = null;
        this.changed();
        this.said.textContent = "This is the published ranking.";
      }, 0));
      this.wrap.addEventListener("scroll", () => {
        const left = this.wrap.scrollHeight - this.wrap.scrollTop - this.wrap.clientHeight;
        if (this.later.length && left < 3 * this.wrap.clientHeight) this.more(CHUNK);
      });
      window.addEventListener("beforeprint", () => this.more(this.later.length));
    }

    changed() {
      this.update();
      keepView();
    }

    sortBy(head) {
      const first = head.dataset.first === "descending" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      this.sort = { name: head.dataset.name, direction: head.getAttribute("aria-sort") === first ? other : first };
      this.changed();
      this.said.textContent = `Sorted by ${head.firstChild.textContent.replace(/\s[↑↓]$/, "")}, ${this.sort.direction}.`;
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
      const { entries } = this.data;
      return entries.map((_, e) => e).filter((e) => algorithms.has(entries[e].algorithm) &&
        variants.has(entries[e].variant) && words.every((word) => this.names[e].includes(word)));
    }

    /** Show what the form and the sorted column ask for. */
    update() {
      this.restore();
      for (const box of this.form.querySelectorAll("input[name=column]")) {
        this.table.classList.toggle(`h${this.place(box.value) + 1}`, !box.checked);
      }
      const shown = this.shown();
      const again = this.form.elements.again.checked;
      const position = this.rows.map((_, e) => e);
      this.table.classList.toggle("again", again);
      this.note.hidden = !again;
      if (again) this.rankAgain(shown, position);
      this.count.textContent = `${shown.length} of ${this.rows.length} entries`;
      const sorted = this.sorted(shown, position);
      const control = (e) => this.data.entries[e].control;
      this.later = [...sorted.filter((e) => !control(e)), ...sorted.filter(control)];
      for (const body of this.bodies) body.replaceChildren();
      this.more(this.rows.length > MANY ? CHUNK : this.rows.length);
      this.wrap.scrollTop = 0;
    }

    sorted(shown, position) {
      const { name, direction } = this.sort || { name: "rank", direction: "ascending" };
      const place = this.place(name);
      for (const head of this.heads) head.removeAttribute("aria-sort");
      this.heads[place].setAttribute("aria-sort", direction);
      const before = (a, b) => position[a] - position[b];
      if (!this.sort) return shown.sort(before);
      if (!this.keys.has(place)) this.keys.set(place, this.rows.map((row) => sortKey(row.cells[place])));
      const keys = this.keys.get(place);
      const sign = direction === "ascending" ? 1 : -1;
      return shown.sort((a, b) => {
        const [x, y] = [keys[a], keys[b]];
        if (x === null || y === null) return (x === null) - (y === null) || before(a, b);
        return sign * ((typeof x === "string") - (typeof y === "string") || ascending(x, y)) || before(a, b);
      });
    }

    /** Put the next rows on the page; of very many, the others follow as the reader scrolls to them. */
    more(count) {
      const next = this.later.splice(0, count);
      for (const control of [false, true]) {
        const rows = next.filter((e) => this.data.entries[e].control === control).map((e) => this.rows[e]);
        if (!rows.length) continue;
        const body = this.bodies[this.bodies.length > 1 && control ? 1 : 0];
        if (control && !body.rows.length) body.append(this.band);
        body.append(...rows);
      }
    }

    rankAgain(shown, position) {
      const chosen = this.chosen();
      const ranked = rank(this.data, chosen, shown);
      shown.forEach((e, index) => { position[e] = index; });
      for (const e of shown) {
        this.writeRank(e, "\u2013");
        this.write(e, this.data.order, [number(null, 3)]);
        if (chosen.policy !== this.data.policy) this.writeScores(e, chosen);
      }
      ranked.forEach((one, index) => {
        position[one.entry] = index;
        this.writeRank(one.entry, one.rank);
        this.write(one.entry, this.data.order, [number(one.value, 3)]);
      });
      const why = ranked.length ? "" : shown.length ? " Nothing is left to rank by." : " No entry matches.";
      this.note.textContent = `This is not the published ranking: ${shown.length} of ${this.rows.length} entries, ` +
        `ranked among themselves by ${this.rule(chosen)}.${why}`;
    }

    /** By what the shown entries are ranked; what has no weight takes no part, so it is not named. */
    rule(chosen) {
      const by = this.data.order === "score" ? this.score(chosen) : this.families(chosen);
      const several = this.data.datasets.length > 1;
      return `${by || "nothing"} in ${chosen.spaces.join(", ") || "no space"}` +
        `${several ? ` on ${chosen.datasets.join(", ") || "no dataset"}` : ""}; noise policy ${chosen.policy}`;
    }

    title(name) {
      const metric = this.data.metrics.find((one) => one.name === name);
      return metric ? metric.title : name;
    }

    score(chosen) {
      const parts = Object.entries(chosen.weights).map(([part, weight]) => {
        const metrics = part.split("|").filter((metric) => chosen.metrics.includes(metric));
        const titles = metrics.map((metric) => this.title(metric)).join(" or ");
        return weight > 0 && metrics.length ? `${weight === 1 ? "" : `${weight} times `}${titles}` : "";
      });
      return parts.filter(Boolean).join(" + ");
    }

    families(chosen) {
      const families = new Map();
      const add = (family, metric) => {
        if (!chosen.metrics.includes(metric) || !(chosen.weights[family] > 0)) return;
        families.set(family, [...(families.get(family) || []), this.title(metric)]);
      };
      for (const metric of this.data.metrics) add(metric.family, metric.name);
      add("stability", "stability");
      const weighed = [...this.form.querySelectorAll("input[name=weight]")].some((o) => o.value !== o.defaultValue);
      const parts = [...families].map(([family, titles]) => titles.join(", ") +
        (weighed ? ` (family ${family}, weight ${chosen.weights[family]})` : ""));
      return parts.join(", ");
    }

    /** Scores under another noise policy replace those under the declared one, where a row is noise. */
    writeScores(e, chosen) {
      const row = (this.data.other[chosen.policy] || {})[e];
      if (this.data.datasets.length > 1 || !row) return;
      const wide = this.data.spaces.length;
      this.data.metrics.forEach((metric, m) => {
        const values = row.slice(m * wide, (m + 1) * wide);
        this.write(e, metric.name, values.map((value) => number(value, metric.shown)));
      });
    }

    /** The new rank, with the published one beside it. */
    writeRank(e, shown) {
      const now = shown === "\u2013" ? element("span", shown) : element("data", shown, { value: String(shown) });
      this.write(e, "rank", [now, " ", element("small", `published ${this.places[e]}`)]);
    }

    write(e, name, nodes) {
      const cell = this.rows[e].cells[this.place(name)];
      if (!cell) return;
      if (!this.original.has(cell)) this.original.set(cell, [...cell.childNodes]);
      cell.replaceChildren(...nodes);
      this.keys.clear();
    }

    restore() {
      if (this.original.size) this.keys.clear();
      for (const [cell, nodes] of this.original) cell.replaceChildren(...nodes);
      this.original.clear();
    }

    /* What the reader changed, as keys and values of the address. */

    key(field) {
      const value = field.type === "checkbox" && field.value !== "on" ? `:${field.value}` : "";
      return `${this.prefix}${field.dataset.part || field.name}${value}`;
    }

    fields() {
      return [...this.form.elements].filter((field) => field.name);
    }

    view() {
      const sort = this.sort ? [[`${this.prefix}sort`, `${this.sort.name}:${this.sort.direction}`]] : [];
      const changes = this.fields().flatMap((field) => {
        if (field.type === "checkbox") {
          return field.checked === field.defaultChecked ? [] : [[this.key(field), field.checked ? "1" : "0"]];
        }
        const published = field.tagName === "SELECT" ? this.data.policy : field.defaultValue;
        return field.value === published ? [] : [[this.key(field), field.value]];
      });
      return [...changes, ...sort];
    }

    load(view) {
      for (const field of this.fields()) {
        const value = view.get(this.key(field));
        if (field.type === "checkbox") field.checked = value === null ? field.defaultChecked : value === "1";
        else field.value = value ?? (field.tagName === "SELECT" ? this.data.policy : field.defaultValue);
      }
      const [name, direction] = (view.get(`${this.prefix}sort`) || "").split(":");
      this.sort = this.place(name) >= 0 && /^(a|de)scending$/.test(direction) ? { name, direction } : null;
      this.update();
    }
  }

  const parts = [...document.querySelectorAll("[data-of]")];
  const roots = parts.filter((part) => part.classList.contains("board"));
  const tables = roots.filter((root) => root.dataset.board)
    .map((root) => new Board(root, boards[root.dataset.of], roots.length > 1 ? `${root.dataset.of}.` : ""));

  /* ---- tabs: one board at a time -------------------------------------------------------------------------------- */

  const tabs = document.createElement("div");
  let current = 0;

  function show(position) {
    current = position;
    for (const part of parts) part.classList.toggle("other", part.dataset.of !== String(position));
    [...tabs.children].forEach((tab, t) => {
      tab.setAttribute("aria-selected", String(t === position));
      tab.tabIndex = t === position ? 0 : -1;
    });
  }

  if (roots.length > 1) {
    tabs.className = "tabs";
    tabs.setAttribute("role", "tablist");
    tabs.setAttribute("aria-label", "Datasets");
    roots.forEach((root, position) => {
      const tab = element("button", root.querySelector("h3").textContent, { type: "button" });
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", root.id);
      tab.addEventListener("click", () => { show(position); keepView(); });
      root.setAttribute("role", "tabpanel");
      root.setAttribute("aria-label", tab.textContent);
      tabs.append(tab);
    });
    tabs.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs.children[(current + step + roots.length) % roots.length];
      next.click();
      next.focus();
    });
    document.getElementById("leaderboard").prepend(tabs);
    show(0);
  }

  /* ---- the view in the address ---------------------------------------------------------------------------------- */

  let opened = ""; // id of the entry that was opened last

  function keepView() {
    const view = new URLSearchParams(tables.flatMap((board) => board.view()));
    if (current) view.set("tab", roots[current].id);
    if (opened) view.set("open", opened);
    const address = view.size ? `#${view}` : location.hash ? "#" : "";
    if (address) history.replaceState(null, "", address);
  }

  function arrive() {
    const hash = location.hash.slice(1);
    if (hash === "" || hash.includes("=")) {
      const view = new URLSearchParams(hash);
      for (const board of tables) board.load(view);
      if (roots.length > 1) show(Math.max(0, roots.findIndex((root) => root.id === view.get("tab"))));
      open(view.get("open") || "");
    } else {
      open(decodeURIComponent(hash));
    }
  }

  /** Open an entry, or another drawer, and show it. */
  function open(id) {
    const target = id && document.getElementById(id);
    if (!target || target.tagName !== "DETAILS") return;
    const part = target.closest("[data-of]");
    if (part) show(Number(part.dataset.of));
    target.open = true;
    target.scrollIntoView();
  }

  document.addEventListener("toggle", (event) => {
    const entry = event.target;
    if (!entry.matches("details.entry") || (!entry.open && entry.id !== opened)) return;
    opened = entry.open ? entry.id : "";
    keepView();
  }, true);
  window.addEventListener("hashchange", arrive);
  arrive();

  /* ---- on paper what is folded in the first screen is unfolded ---------------------------------------------------- */

  let unfolded = [];
  window.addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details.chip:not([open])")];
    for (const chip of unfolded) chip.open = true;
  });
  window.addEventListener("afterprint", () => { for (const chip of unfolded) chip.open = false; });
})();
