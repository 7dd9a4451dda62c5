"use strict";
(() => {
  const points = JSON.parse(document.getElementById("points").textContent);
  const tool = document.querySelector("form.tool"), message = document.getElementById("message");
  const plane = document.getElementById("plane"), space = document.getElementById("space");
  const show = document.getElementById("show");
  const size = 260, edge = 12;
  // A mark for each segment, as in the picture that needs no script: path at the point, cap, width, offset.
  const marks = [["h0", "round", 4.6, 0, 0], ["h4", "butt", 4, 2, 0], ["h5", "butt", 1.8, 2, 0], ["v5", "butt", 1.8, 0, 2], ["l4 4", "butt", 1.8, 2, 2]];
  const chosen = name => Number(tool.elements[name].value);
  const segments = [...new Set(points.segment)].sort((a, b) => a - b);
  const rows = segment => points.segment.flatMap((one, row) => (one === segment ? [row] : []));

  function node(tag, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* Positions of an axis between its 1 % and 99 % quantiles, which lie at the edges. */
  function placed(axis) {
    const known = points.values[axis].filter(value => value !== null).sort((a, b) => a - b);
    const cut = points.ids.length ? 0.01 : 0, margin = points.ids.length ? edge : 45;
    const low = known[Math.floor(cut * (known.length - 1))], high = known[Math.ceil((1 - cut) * (known.length - 1))];
    const scale = (size - 2 * margin) / (high - low || 1);
    return points.values[axis].map(value =>
      value === null ? null : Math.min(size - edge / 2, Math.max(edge / 2, margin + (value - low) * scale)));
  }

  function drawPlane() {
    const [x, y] = [placed(chosen("x")), placed(chosen("y")).map(value => (value === null ? null : size - value))];
    const picture = plane.querySelector("svg"), numbers = [];
    picture.replaceChildren();
    for (const segment of segments) {
      const drawn = rows(segment).filter(row => x[row] !== null && y[row] !== null);
      if (!drawn.length) continue;
      const colour = points.colours[segment];
      if (points.sizes.length) {
        const radius = 30 * Math.sqrt(points.sizes[drawn[0]] / Math.max(...points.sizes));
        picture.append(node("circle", { cx: x[drawn[0]], cy: y[drawn[0]], r: radius, fill: colour, "fill-opacity": 0.65 }));
      } else {
        const [mark, cap, width, left, above] = segment ? marks[(segment - 1) % marks.length] : ["h0", "round", 2, 0, 0];
        const d = drawn.map(row => `M${Math.round(x[row] - left)} ${Math.round(y[row] - above)}${mark}`).join("");
        picture.append(node("path", { d, stroke: colour, "stroke-linecap": cap, "stroke-width": width }));
      }
      const middle = values => drawn.map(row => values[row]).sort((a, b) => a - b)[drawn.length >> 1];
      if (segment) numbers.push(node("text", { x: middle(x), y: middle(y) }, points.numbers[segment]));
    }
    picture.append(...numbers);
    document.getElementById("axes").textContent = `Across: ${points.axes[chosen("x")]}; up: ${points.axes[chosen("y")]}.`;
  }

  async function loadPlotly() {
    const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), one => one.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  function drawSpace() {
    const ink = getComputedStyle(document.body).color, axes = ["x", "y", "z"].map(chosen);
    const most = Math.max(1, ...points.sizes);
    const traces = segments.map(segment => {
      const drawn = rows(segment), [x, y, z] = axes.map(axis => drawn.map(row => points.values[axis][row]));
      return {
        type: "scatter3d", mode: "markers", x, y, z, name: segment ? `${segment} · ${points.names[segment]}` : points.names[0],
        text: drawn.map(row => points.ids[row] ?? `${points.sizes[row]} rows`), hovertemplate: "%{text}<br>%{x}, %{y}, %{z}",
        marker: { color: points.colours[segment] === "currentColor" ? ink : points.colours[segment], opacity: 0.75,
          size: points.sizes.length ? drawn.map(row => 40 * Math.sqrt(points.sizes[row] / most)) : segment ? 3.5 : 2 },
      };
    });
    const titled = axis => ({ title: { text: points.axes[axis] }, color: ink });
    const layout = {
      margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: "rgba(0,0,0,0)", font: { color: ink, family: "system-ui, sans-serif" },
      scene: { xaxis: titled(axes[0]), yaxis: titled(axes[1]), zaxis: titled(axes[2]) },
      legend: { orientation: "h", y: 0 }, uirevision: "kept",
    };
    return Plotly.react(space, traces, layout, { responsive: true, displayModeBar: false });
  }

  async function showSpace() {
    if (!document.createElement("canvas").getContext("webgl")) {
      message.textContent = "This browser has no WebGL; the view in two dimensions shows the same points.";
      return;
    }
    show.disabled = true;
    message.textContent = "Preparing the view in three dimensions.";
    try {
      if (typeof Plotly === "undefined") await loadPlotly();
      space.hidden = false;
      await drawSpace();
      message.textContent = "";
      show.hidden = true;
    } catch (error) {
      space.hidden = true;
      show.disabled = false;
      message.textContent = `The view in three dimensions cannot be drawn: ${error.message}`;
    }
  }

  tool.hidden = false;
  tool.addEventListener("change", () => {
    drawPlane();
    if (!space.hidden) drawSpace();
  });
  show?.addEventListener("click", showSpace);
})();
