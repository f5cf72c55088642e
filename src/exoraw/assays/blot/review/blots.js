// The picture of a membrane with its rows of bands: two clicks a row, by mouse or by keyboard.
"use strict";

exorawReview.register("blot", async (parts, data, tools) => {
  const { element } = tools;
  const { svg } = exorawFilm;
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const FAR = 10; // times, with Shift
  const CLOSER = 1.5; // one step of the zoom
  const packed = await tools.part("film");
  const { lanes, picture } = data;
  const last = lanes.length - 1;
  const state = { rows: [], remarks: [], ladder: { x: 0, rungs: [] }, slots: [], changed: new Set(), steps: [], row: 0, lane: null, shown: null, asked: 0, exact: true, busy: false, gone: false, cross: null };
  const view = {};

  const filled = (index) => state.slots[index].filter((point) => point !== null).length;
  const mine = (index) => (state.changed.has(index) ? filled(index) : 0);
  const rowsShown = () => state.rows;

  // ------------------------------------------------------------ what a person has changed

  function reset() {
    Object.assign(state, { rows: data.rows, remarks: data.remarks, ladder: data.ladder, steps: [], asked: state.asked + 1, exact: true });
    state.slots = data.rows.map((row) => (row.points ? row.points.map((point) => [...point]) : [null, null]));
    state.changed.clear();
    const open = data.rows.findIndex((row) => row.state !== "ok");
    state.row = Math.max(open, 0);
    draw();
  }

  function proposal() {
    if (!state.changed.size) return null;
    return { points: state.slots.map((slots, index) => (state.changed.has(index) ? slots.filter((point) => point !== null) : null)) };
  }

  function leaving() {
    const lane = lanes.find((one) => one.number === state.lane);
    return lane ? { words: `${exorawRows.laneName(lane)}, on every picture of this membrane,`, proposal: { lane: lane.number } } : null;
  }

  const untouched = (index) => {
    const before = data.rows[index].points || [null, null];
    return JSON.stringify(before) === JSON.stringify(state.slots[index]);
  };

  // Every change goes through here; what was there before can be taken back.
  function change(index, slot, point, { remember = true } = {}) {
    if (remember) state.steps.push({ index, slots: structuredClone(state.slots[index]) });
    state.slots[index][slot] = point;
    settled(index);
  }

  function settled(index) {
    if (untouched(index)) state.changed.delete(index);
    else state.changed.add(index);
    state.asked += 1;
    state.exact = false;
    draw();
    tools.edited();
  }

  function takeBack() {
    const step = state.steps.pop();
    if (!step) return;
    state.slots[step.index] = step.slots;
    state.row = step.index;
    settled(step.index);
    released();
  }

  function clicked(point) {
    if (!picture.usable) return;
    const slot = state.slots[state.row].indexOf(null);
    if (slot < 0) {
      view.wanted.classList.add("again");
      return;
    }
    change(state.row, slot, point);
    if (filled(state.row) === 2) {
      const open = rowsShown().findIndex((row, index) => row.state !== "ok" && filled(index) < 2);
      if (open >= 0) state.row = open;
      draw();
    }
    released();
  }

  function takeReading(index, pair) {
    state.steps.push({ index, slots: structuredClone(state.slots[index]) });
    state.shown = null;
    state.slots[index] = pair.map((point) => view.film.inPicture(point));
    settled(index);
    released();
  }

  const incomplete = () => state.slots.some((_, index) => state.changed.has(index) && filled(index) < 2);

  // exoraw reads the rows as the analysis does: one question at a time, the next one for the newest points.
  async function released() {
    state.asked += 1;
    drawNumbers();
    if (state.busy) return;
    state.busy = true;
    for (let asked = null; asked !== state.asked && !state.gone && !incomplete();) {
      asked = state.asked;
      try {
        const answer = state.changed.size ? await tools.preview(proposal()) : data;
        if (asked === state.asked) answered(answer);
      } catch (error) {
        if (asked === state.asked) tools.fail(error);
      }
    }
    state.busy = false;
  }

  function answered({ rows, remarks, ladder }) {
    Object.assign(state, { rows, remarks, ladder, exact: true });
    tools.succeed();
    draw();
  }

  // ------------------------------------------------------------ the page

  function build() {
    view.tabs = element("div", { class: "row-tabs", role: "tablist", "aria-label": "Rows of bands" });
    view.wanted = element("p", { class: "wanted", id: "wanted", role: "status", "aria-live": "polite" });
    view.film = exorawFilm.make(tools, picture, packed, drawPicture, clicked);
    view.drawing = view.film.drawing;
    view.drawing.setAttribute("aria-label", "Picture of the membrane. Arrow keys move the cross, Enter sets a point, Backspace takes it back.");
    view.layer = svg("g");
    view.handles = svg("g");
    view.cross = svg("path", { class: "cross", "aria-hidden": "true" });
    view.drawing.append(view.layer, view.cross, view.handles);
    view.drawing.addEventListener("keydown", byKey);
    parts.stage.append(view.tabs, view.wanted, view.film.root, controls(),
      element("p", { class: "muted film-hint" }, "Drag a point, or focus it (Tab) and use the arrow keys; Shift moves ten times as far. Without a mouse: focus the picture, move the cross with the arrows, set a point with Enter. Ctrl and the wheel zoom; drag the picture to move it. Only the display is stretched, the raw pixels are measured."),
      element("p", { class: "facts" }, `${data.expected} ${picture.words}.`));
    view.film.sized();
  }

  function controls() {
    const slider = element("input", { type: "range", min: "0", max: "100", value: String(view.film.AT_FIRST), id: "contrast" });
    slider.addEventListener("input", () => view.film.contrast(Number(slider.value)));
    const button = (words, label, work) => {
      const made = element("button", { type: "button", class: "small", "aria-label": label, title: label }, words);
      made.addEventListener("click", work);
      return made;
    };
    return element("div", { class: "controls" },
      element("label", {}, "Contrast ", slider), element("span", { class: "zoom" },
        button("−", "Zoom out (key -)", () => view.film.zoom(1 / CLOSER)), button("+", "Zoom in (key +)", () => view.film.zoom(CLOSER)),
        button("Whole picture", "Whole picture (key 0)", view.film.fit)));
  }

  function draw() {
    view.tabs.replaceChildren(...rowsShown().map((row, index) =>
      exorawRows.tab(tools, row, index, index === state.row, mine(index), () => { state.row = index; draw(); view.drawing.focus({ preventScroll: true }); })));
    view.wanted.classList.remove("again");
    const row = rowsShown()[state.row];
    view.wanted.textContent = row ? exorawRows.wanted(row, lanes, state.slots[state.row], mine(state.row))
      : exorawRows.UNUSABLE;
    drawPicture();
    drawNumbers();
  }

  function drawPicture() {
    if (!view.layer) return;
    view.layer.replaceChildren();
    rowsShown().forEach((row, index) => { if (index !== state.row) drawRow(row, index); });
    if (rowsShown()[state.row]) drawRow(rowsShown()[state.row], state.row);
    drawLadder();
    drawHandles();
    drawCross();
  }

  function drawLadder() {
    const group = svg("g", { class: "ladder" });
    for (const [mass, y] of state.ladder.rungs) {
      const [x, at] = view.film.onScreen([state.ladder.x, y]);
      group.append(svg("line", { x1: x - 9, y1: at, x2: x + 9, y2: at }),
        svg("text", { x: x - 12, y: at + 4, "text-anchor": "end" }, String(mass)));
    }
    view.layer.append(group);
  }

  // ------------------------------------------------------------ rows over the picture

  function drawRow(row, index) {
    const active = index === state.row;
    const stale = !state.exact && state.changed.has(index);
    const group = svg("g", { class: `row ${active ? "active" : ""} ${stale ? "stale" : ""}`, "data-row": index + 1 });
    view.layer.append(group);
    if (row.line.length) group.append(svg("polyline", { class: "line", points: row.line.map((point) => view.film.onScreen(point).join(",")).join(" ") }));
    for (const [at, box] of row.lanes.entries()) drawBox(group, box, "unsure", active ? String(at + 1) : "");
    for (const band of row.bands) {
      const kind = `${band.saturated ? "saturated" : band.detected ? "band" : "absent"}${state.lane === band.lane ? " chosen" : ""}`;
      drawBox(group, band.box, kind, active ? String(band.lane) : "");
    }
    if (active && !filled(index)) row.readings.forEach((pair, at) => drawReading(group, pair, at));
    drawName(group, row, index);
    if (stale && filled(index) === 2) drawEqual(group, state.slots[index]);
  }

  function drawBox(group, [x0, y0, x1, y1], kind, number) {
    const [left, top] = view.film.onScreen([x0 - 0.5, y0 - 0.5]);
    const [right, bottom] = view.film.onScreen([x1 - 0.5, y1 - 0.5]);
    group.append(svg("rect", { class: `box ${kind}`, x: left, y: top, width: Math.max(right - left, 1), height: Math.max(bottom - top, 1) }));
    if (number) group.append(svg("text", { class: "number", x: (left + right) / 2, y: Math.max(top - 4, 11), "text-anchor": "middle" }, number));
  }

  function drawReading(group, pair, at) {
    const [from, to] = pair.map(view.film.onScreen);
    const reading = svg("g", { class: `reading ${at ? "other" : ""} ${state.shown === at ? "shown" : ""}` });
    reading.append(svg("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }));
    for (const [x, y] of [from, to]) reading.append(svg("path", { d: `M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x - 5} ${y + 5}L${x + 5} ${y - 5}` }));
    reading.append(svg("text", { class: "letter", x: Math.max(from[0], 4), y: from[1] + (at % 2 ? 17 : -9), "text-anchor": "middle" }, String.fromCharCode(65 + at)));
    group.append(reading);
  }

  function drawName(group, row, index) {
    const boxes = [...row.lanes, ...row.bands.map((band) => band.box)];
    if (!boxes.length) return;
    const left = Math.min(...boxes.map((box) => box[0]));
    const bottom = row.tall ? Math.min(...boxes.map((box) => box[1])) + 14 * view.film.pixel() : Math.max(...boxes.map((box) => box[3]));
    const [x, y] = view.film.onScreen([left, bottom]);
    const sure = row.state === "ok" || mine(index) === 2;
    group.append(svg("text", { class: "name", x: Math.max(x, 3), y: y + 13 }, sure ? [row.name, row.mass].filter(Boolean).join(", ") : `${row.name}?`));
  }

  // Until exoraw has answered: a line between the points with equal lanes.
  function drawEqual(group, [from, to]) {
    const [[ax, ay], [bx, by]] = [from, to].map(view.film.onScreen);
    group.append(svg("line", { class: "equal", x1: ax, y1: ay, x2: bx, y2: by }));
    for (let lane = 0; lane <= last; lane += 1) {
      const share = last ? lane / last : 0;
      const [x, y] = [ax + share * (bx - ax), ay + share * (by - ay)];
      group.append(svg("line", { class: "equal", x1: x, y1: y - 8, x2: x, y2: y + 8 }));
    }
  }

  // ------------------------------------------------------------ points

  // Handles stay the same elements while they move, so that the focus stays.
  function drawHandles() {
    const wanted = state.slots.flatMap((slots, index) => slots.map((point, slot) => ({ point, index, slot, name: `${index}-${slot}` }))
      .filter((one) => one.point !== null));
    for (const old of [...view.handles.children]) if (!wanted.some((one) => one.name === old.dataset.handle)) old.remove();
    for (const one of wanted) {
      const handle = view.handles.querySelector(`[data-handle="${one.name}"]`) || makeHandle(one);
      const [x, y] = view.film.onScreen(one.point);
      handle.setAttribute("transform", `translate(${x} ${y})`);
      handle.setAttribute("class", `point ${one.index === state.row ? "active" : ""} ${state.changed.has(one.index) ? "mine" : ""}`);
      handle.setAttribute("aria-label", `${one.slot ? "last" : "first"} point of ${rowsShown()[one.index].name}, at ${one.point.join(", ")}`);
    }
  }

  function makeHandle({ index, slot, name }) {
    const handle = svg("g", { tabindex: "0", role: "button", "data-handle": name, id: `point-${index + 1}-${slot ? "last" : "first"}` });
    handle.append(svg("circle", { class: "reach", r: 14 }), svg("circle", { class: "ring", r: 8 }), svg("path", { class: "mark", d: "M-4 0H4M0 -4V4" }),
      svg("text", { class: "end", x: 0, y: 21, "text-anchor": "middle" }, slot ? "last" : "first"));
    view.handles.append(handle);
    handle.addEventListener("pointerdown", (event) => drag(event, handle, index, slot));
    handle.addEventListener("keydown", (event) => nudge(event, index, slot));
    handle.addEventListener("keyup", (event) => { if (ARROWS[event.key]) released(); });
    handle.addEventListener("focus", () => { if (state.row !== index) { state.row = index; draw(); } });
    return handle;
  }

  function drag(event, handle, index, slot) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    let remember = true;
    const follow = (now) => {
      change(index, slot, view.film.toRaw(now), { remember });
      remember = false;
    };
    const end = () => {
      handle.removeEventListener("pointermove", follow);
      handle.removeEventListener("pointerup", end);
      handle.removeEventListener("pointercancel", end);
      if (!remember) released();
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", end);
    handle.addEventListener("pointercancel", end);
  }

  function nudge(event, index, slot) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = ARROWS[event.key];
    if (step) {
      const far = event.shiftKey ? FAR : 1;
      const [x, y] = state.slots[index][slot];
      change(index, slot, view.film.inPicture([x + step[0] * far, y + step[1] * far]), { remember: !event.repeat });
    } else if (event.key === "Backspace" || event.key === "Delete") {
      change(index, slot, null);
      view.drawing.focus({ preventScroll: true });
      released();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ------------------------------------------------------------ keyboard on the picture

  function byKey(event) {
    if (event.target !== view.drawing || event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key !== "z") return;
    const step = ARROWS[event.key];
    if (step) moveCross(step, event.shiftKey ? FAR : 1);
    else if (event.key === "Enter" || event.key === " ") { if (state.cross) clicked(state.cross); else moveCross([0, 0], 1); }
    else if (event.key === "Backspace" || event.key === "z") takeBack();
    else if (event.key === "+" || event.key === "=") view.film.zoom(CLOSER, state.cross || undefined);
    else if (event.key === "-") view.film.zoom(1 / CLOSER, state.cross || undefined);
    else if (event.key === "0") view.film.fit();
    else return;
    event.preventDefault();
  }

  function moveCross([dx, dy], far) {
    const [x, y] = state.cross || view.film.middle();
    state.cross = view.film.inPicture([x + dx * far, y + dy * far]);
    view.film.reveal(state.cross);
  }

  function drawCross() {
    if (!state.cross) return;
    const [x, y] = view.film.onScreen(state.cross);
    view.cross.setAttribute("d", `M${x - 16} ${y}H${x - 4}M${x + 4} ${y}H${x + 16}M${x} ${y - 16}V${y - 4}M${x} ${y + 4}V${y + 16}`);
  }

  // ------------------------------------------------------------ numbers

  function drawNumbers() {
    const row = rowsShown()[state.row];
    if (!row) {
      parts.numbers.replaceChildren(...exorawRows.remarks(tools, { remarks: [] }, state.remarks));
      return;
    }
    const choose = (number) => { state.lane = state.lane === number ? null : number; draw(); tools.edited(); };
    parts.numbers.replaceChildren(...exorawRows.about(tools, row, mine(state.row)), ...readings(row),
      exorawRows.laneTable(tools, row, data.rows[state.row], lanes, state.lane, choose),
      element("p", { class: "muted measured", id: "how" }, how()), ...exorawRows.remarks(tools, row, state.remarks));
  }

  function readings(row) {
    if (!row.readings.length || filled(state.row)) return [];
    const buttons = row.readings.map((pair, at) => {
      const made = element("button", { type: "button", class: "small", id: `reading-${at + 1}` }, `Take ${String.fromCharCode(65 + at)}`);
      made.addEventListener("click", () => takeReading(state.row, pair));
      const show = (which) => { state.shown = which; drawPicture(); };
      for (const name of ["pointerenter", "focus"]) made.addEventListener(name, () => show(at));
      for (const name of ["pointerleave", "blur"]) made.addEventListener(name, () => show(null));
      return made;
    });
    return [element("p", { class: "readings" }, "Possible readings, as drawn: ", ...buttons)];
  }

  function how() {
    if (incomplete()) return "Set both points of the row to see its numbers.";
    if (!state.exact) return "Measuring …";
    return rowsShown()[state.row].bands.length ? "Exact: measured by exoraw as in the analysis." : "";
  }

  build();
  reset();
  return { proposal, reset, leaving, destroy: () => { state.gone = true; state.asked += 1; view.film.closed(); } };
});
