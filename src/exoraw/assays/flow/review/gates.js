// The flow page: one tube, its panels, its gates, and the counts that follow them at once.
"use strict";

exorawReview.register("flow", async (parts, data, tools) => {
  const { element } = tools;
  const { svg, across, up, inner, SIZE, GRIP } = exorawPlot;
  const events = exorawEvents.unpack(await tools.part("events"), data.columns, data.events.shown);
  const everything = new Uint8Array(events.count).fill(1);
  const whole = data.events.shown === data.events.in_range;
  const scatter = "cells"; // the gate that is an outline on scatter; what is counted in it follows on release
  const before = data.numbers;
  const state = { gates: [], changed: new Set(), singles: null, numbers: before, panel: data.panels[0], asked: 0, exact: true };
  const view = {};

  const gateOf = (name) => state.gates.find((gate) => gate.name === name);
  const shown = (value) => Math.round(value).toLocaleString("en");

  // ------------------------------------------------------------ what a person has changed

  function reset() {
    state.gates = structuredClone(data.gates);
    state.changed.clear();
    state.singles = exorawEvents.bits(data.singles, events.count);
    state.numbers = before;
    state.asked += 1;
    state.exact = true;
    draw();
  }

  function proposal() {
    if (!state.changed.size) return null;
    const found = { borders: {} };
    for (const name of state.changed) {
      const gate = gateOf(name);
      if (gate.kind === "line") found.borders[name] = gate.value;
      else found.cells = gate.corners;
    }
    return found;
  }

  function moved(gate) {
    state.changed.add(gate.name);
    state.asked += 1;
    state.exact = false;
    state.numbers = counted(gate);
    drawGates();
    drawNumbers();
    tools.edited();
  }

  // On release exoraw counts all events itself; what comes late for an older place is dropped.
  async function released() {
    const asked = state.asked;
    try {
      const answer = await tools.preview(proposal());
      if (asked !== state.asked) return;
      state.numbers = answer.numbers;
      state.singles = exorawEvents.bits(answer.singles, events.count);
      state.exact = true;
      drawDensity();
      drawNumbers();
    } catch (error) {
      tools.fail(error);
    }
  }

  // ------------------------------------------------------------ counting at once

  function counted(gate) {
    const fresh = gate.kind === "line" ? byBorders() : outlined(gate);
    return before.map((row) => fresh[row.name] || (gate.kind === "line" ? find(row.name) : { ...row, count: null, percent: null }));
  }

  const find = (name) => state.numbers.find((row) => row.name === name);

  // Single cells that no dye of dead cells takes out: the population of which the shares are.
  function parentMask() {
    const borders = data.alive.map(gateOf).filter((gate) => gate && gate.value !== null);
    if (!borders.length) return state.singles;
    const mask = state.singles.slice();
    for (const gate of borders) {
      const values = events.columns[gate.axis];
      for (let i = 0; i < mask.length; i += 1) if (!(values[i] <= gate.value)) mask[i] = 0;
    }
    return mask;
  }

  const sumOf = (mask) => mask.reduce((sum, one) => sum + one, 0);

  function byBorders() {
    const found = {};
    const mask = parentMask();
    if (data.alive.length) found[data.parent] = row(data.parent, sumOf(mask), sumOf(state.singles));
    const named = [...new Set(data.populations.flatMap((one) => Object.keys(one.above || {})))];
    const lines = named.map(gateOf);
    if (!lines.length || lines.some((line) => !line || line.value === null)) return found;
    const { counts, total } = exorawEvents.countAbove(events, mask, lines);
    for (const population of data.populations.filter((one) => one.above)) {
      const code = lines.reduce((sum, line, k) => sum + (population.above[line.name] ? 1 << k : 0), 0);
      found[population.name] = row(population.name, counts[code], total);
    }
    for (const population of data.populations.filter((one) => one.sum.length)) {
      found[population.name] = row(population.name, population.sum.reduce((sum, name) => sum + found[name].count, 0), total);
    }
    return found;
  }

  function outlined(gate) {
    const mask = exorawEvents.insideMask(events, gate);
    return { [scatter]: row(scatter, sumOf(mask), events.count) };
  }

  const row = (name, count, total) => ({ name, count, total, percent: total ? (100 * count) / total : null });

  // ------------------------------------------------------------ the plot

  function build() {
    view.tabs = element("div", { class: "tabs", role: "tablist" });
    for (const panel of data.panels) {
      const tab = element("button", { type: "button", role: "tab", id: `tab-${panel.name}` }, panel.title);
      tab.addEventListener("click", () => { state.panel = panel; draw(); });
      view.tabs.append(tab);
    }
    view.canvas = element("canvas", { "aria-hidden": "true" });
    view.drawing = svg("svg", { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, width: SIZE.width, height: SIZE.height });
    view.plot = element("div", { class: "flow-plot" }, view.canvas, view.drawing);
    view.hint = element("p", { class: "muted hint" });
    parts.stage.append(view.tabs, view.plot, view.hint);
  }

  function draw() {
    const panel = state.panel;
    for (const tab of view.tabs.children) tab.setAttribute("aria-selected", String(tab.id === `tab-${panel.name}`));
    view.drawing.replaceChildren();
    exorawPlot.frame(view.drawing, data.axes[panel.x], data.axes[panel.y]);
    view.layer = svg("g", {});
    view.drawing.append(view.layer);
    view.hint.textContent = hintOf(panel);
    drawDensity();
    drawHandles();
    drawGates();
    drawNumbers();
  }

  function hintOf(panel) {
    if (!panel.gates.length) return "The border of this marker follows from its control and is not set here.";
    return panel.name === scatter
      ? "Drag a corner, or use the arrow keys on it. Double-click a side: new corner; Delete: remove it."
      : "Drag a line, or focus it (Tab) and use the arrow keys; Shift moves ten times as far.";
  }

  function maskOf(panel) {
    if (panel.parent === "in range") return everything;
    return panel.parent === data.parent ? parentMask() : state.singles;
  }

  function drawDensity() {
    const panel = state.panel;
    const [x, y] = [panel.x, panel.y].map((name) => exorawEvents.places(data.axes[name].grid, events.columns[name]));
    exorawPlot.paint(view.canvas, x, y, maskOf(panel));
  }

  // Handles are made once a panel; moving a gate only moves them, so that the focus stays.
  function drawHandles() {
    view.layer.replaceChildren();
    view.handles = {};
    view.corners = state.panel.corners.map(() => svg("text", { class: "share" }));
    view.layer.append(...view.corners);
    for (const name of state.panel.gates) {
      const gate = gateOf(name);
      view.handles[name] = gate.kind === "line" ? lineHandle(gate) : outlineHandles(gate);
    }
  }

  function lineHandle(gate) {
    const upright = gate.axis === state.panel.x;
    const handle = svg("g", {
      class: "line", tabindex: "0", role: "slider", "aria-label": gate.title, id: `gate-${gate.name}`,
      "aria-orientation": upright ? "horizontal" : "vertical",
    });
    const [line, reach] = [svg("line", { class: "gate" }), svg("line", { class: "reach" })];
    const grip = svg("rect", { class: "grip", width: upright ? GRIP : 16, height: upright ? 16 : GRIP, rx: 2 });
    handle.append(line, reach, grip);
    view.layer.append(handle);
    const set = (where) => {
      gate.value = exorawEvents.valueAt(data.axes[gate.axis].grid, where);
      moved(gate);
    };
    exorawPlot.draggable(handle, view.drawing, (x, y) => set(upright ? x : y), released);
    exorawPlot.nudgeable(handle, (dx, dy) => set(lineAt(gate) + (upright ? dx : dy)), released);
    return { upright, handle, line, reach, grip };
  }

  const lineAt = (gate) => (gate.value === null ? 0.5 : exorawEvents.place(data.axes[gate.axis].grid, gate.value));

  function outlineHandles(gate) {
    const body = svg("polygon", { class: "gate outline" });
    const sides = svg("polygon", { class: "reach outline", id: "outline-sides" });
    sides.addEventListener("dblclick", (event) => addCorner(gate, event));
    view.layer.append(body, sides);
    const corners = gate.corners.map((_, index) => cornerHandle(gate, index));
    return { body, sides, corners };
  }

  function cornerHandle(gate, index) {
    const handle = svg("circle", {
      class: "corner", r: GRIP - 1, tabindex: "0", role: "button", id: `corner-${index + 1}`,
      "aria-label": `corner ${index + 1} of ${gate.corners.length}`,
    });
    view.layer.append(handle);
    const set = (x, y) => {
      gate.corners[index] = [x, y].map((where, k) => exorawEvents.valueAt(data.axes[gate.axes[k]].grid, where));
      moved(gate);
    };
    exorawPlot.draggable(handle, view.drawing, set, released);
    exorawPlot.nudgeable(handle, (dx, dy) => {
      const [x, y] = cornerAt(gate, index);
      set(x + dx, y + dy);
    }, released);
    handle.addEventListener("keydown", (event) => {
      if ((event.key === "Delete" || event.key === "Backspace") && gate.corners.length > 3) removeCorner(gate, index);
    });
    return handle;
  }

  const cornerAt = (gate, index) => gate.corners[index].map((value, k) => exorawEvents.place(data.axes[gate.axes[k]].grid, value));

  function addCorner(gate, event) {
    const box = view.drawing.getBoundingClientRect();
    const x = (event.clientX - box.left - SIZE.left) / inner.width;
    const y = 1 - (event.clientY - box.top - SIZE.top) / inner.height;
    const places = gate.corners.map((_, index) => cornerAt(gate, index));
    const far = places.map((from, index) => farFromSide([x, y], from, places[(index + 1) % places.length]));
    const side = far.indexOf(Math.min(...far));
    gate.corners.splice(side + 1, 0, [x, y].map((where, k) => exorawEvents.valueAt(data.axes[gate.axes[k]].grid, where)));
    drawHandles();
    moved(gate);
    released();
  }

  function removeCorner(gate, index) {
    gate.corners.splice(index, 1);
    drawHandles();
    moved(gate);
    released();
  }

  function farFromSide([x, y], [ax, ay], [bx, by]) {
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const along = length ? Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0), 1) : 0;
    return Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay));
  }

  function drawGates() {
    for (const name of state.panel.gates) {
      const gate = gateOf(name);
      if (gate.kind === "line") placeLine(gate, view.handles[name]);
      else placeOutline(gate, view.handles[name]);
    }
  }

  function placeLine(gate, made) {
    const at = lineAt(gate);
    const ends = made.upright
      ? { x1: across(at), x2: across(at), y1: up(0), y2: up(1) }
      : { x1: across(0), x2: across(1), y1: up(at), y2: up(at) };
    for (const one of [made.line, made.reach]) for (const [key, value] of Object.entries(ends)) one.setAttribute(key, value);
    made.line.classList.toggle("unset", gate.value === null);
    made.grip.setAttribute("x", made.upright ? across(at) - GRIP / 2 : across(1) - 16);
    made.grip.setAttribute("y", made.upright ? up(1) : up(at) - GRIP / 2);
    made.handle.setAttribute("aria-valuenow", gate.value === null ? "" : String(gate.value));
    made.handle.setAttribute("aria-valuetext", gate.value === null ? "not set" : shown(gate.value));
  }

  function placeOutline(gate, made) {
    const places = gate.corners.map((_, index) => cornerAt(gate, index));
    const points = places.map(([x, y]) => `${across(x)},${up(y)}`).join(" ");
    made.body.setAttribute("points", points);
    made.sides.setAttribute("points", points);
    made.corners.forEach((handle, index) => {
      handle.setAttribute("cx", across(places[index][0]));
      handle.setAttribute("cy", up(places[index][1]));
    });
  }

  // ------------------------------------------------------------ the numbers

  const CORNER_PLACES = [[0.015, 0.03, "start"], [0.985, 0.03, "end"], [0.985, 0.965, "end"], [0.015, 0.965, "start"]];

  function drawNumbers() {
    drawShares();
    const lines = state.gates.filter((gate) => gate.kind === "line");
    parts.numbers.replaceChildren(numberTable(), element("p", { class: "how", id: "how" }, how()), borderTable(lines));
  }

  function drawShares() {
    state.panel.corners.forEach((name, index) => {
      const [x, y, anchor] = CORNER_PLACES[index];
      const found = find(name);
      const text = view.corners[index];
      text.textContent = found && found.percent !== null ? `${name} ${found.percent.toFixed(1)} %` : name;
      text.setAttribute("x", across(x));
      text.setAttribute("y", up(y));
      text.setAttribute("text-anchor", anchor);
    });
  }

  const percent = (value) => (value === null || value === undefined ? "–" : value.toFixed(2));

  function numberTable() {
    const body = state.numbers.map((now) => {
      const was = before.find((one) => one.name === now.name);
      const automatic = data.automatic.find((one) => one.name === now.name);
      const changed = was && now.percent !== null && was.percent !== now.percent;
      const count = now.count === null ? "…" : now.count.toLocaleString("en");
      return element("tr", { class: changed ? "changed" : "", "data-name": now.name, title: interval(now) },
        element("th", { scope: "row" }, now.name), element("td", { class: "num count" }, count),
        element("td", { class: "num now" }, now.count === null ? "…" : percent(now.percent)),
        element("td", { class: "num was" }, automatic ? percent(automatic.percent) : "–"));
    });
    return element("table", {}, element("thead", {}, element("tr", {}, element("th", {}, "Population"),
      element("th", { class: "num" }, "Events"), element("th", { class: "num" }, "%"),
      element("th", { class: "num" }, "automatic"))), element("tbody", {}, ...body));
  }

  const interval = (now) => (now.low === null || now.low === undefined ? ""
    : `of ${now.of}; 95 % interval ${now.low.toFixed(2)} to ${now.high.toFixed(2)} %`);

  function how() {
    if (state.exact) return `Exact: exoraw counted all ${data.events.all.toLocaleString("en")} events of the file.`;
    const all = whole ? `all ${data.events.shown.toLocaleString("en")} events in range` : `${data.events.shown.toLocaleString("en")} of ${data.events.in_range.toLocaleString("en")} events`;
    return `While you drag: counted in the browser on ${all}; exact after letting go.`;
  }

  function borderTable(lines) {
    const body = lines.map((line) => element("tr", { "data-gate": line.name },
      element("th", { scope: "row", title: line.title }, line.title.replace(/ border$/, "")),
      element("td", { class: "num now" }, line.value === null ? "not set" : shown(line.value)),
      element("td", { class: "num was" }, line.automatic === null ? "none found" : shown(line.automatic)),
      element("td", { title: line.source }, line.source)));
    return element("table", { class: "borders" }, element("thead", {}, element("tr", {}, element("th", {}, "Border"),
      element("th", { class: "num" }, "now"), element("th", { class: "num" }, "automatic"), element("th", {}, "found on"))),
    element("tbody", {}, ...body));
  }

  build();
  reset();
  return { proposal, reset, destroy: () => { state.asked += 1; } };
});
