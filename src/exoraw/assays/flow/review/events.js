// Events of a tube in the browser: where they lie on an axis, and how many are in a population.
"use strict";

const exorawEvents = (() => {
  // Columns as `shown.packed` wrote them: float64, one after the other.
  function unpack(buffer, names, count) {
    const columns = {};
    names.forEach((name, index) => {
      columns[name] = new Float64Array(buffer, index * count * 8, count);
    });
    return { count, columns };
  }

  function bits(base64, count) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const mask = new Uint8Array(count);
    for (let i = 0; i < count; i += 1) mask[i] = (bytes[i >> 3] >> (i & 7)) & 1;
    return mask;
  }

  // Place between 0 and 1 of a linear value; `grid` holds the linear values at even places, rising.
  function place(grid, value) {
    const last = grid.length - 1;
    if (!(value > grid[0])) return 0;
    if (value >= grid[last]) return 1;
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (grid[middle] <= value) low = middle;
      else high = middle;
    }
    const width = grid[high] - grid[low];
    return (low + (width > 0 ? (value - grid[low]) / width : 0)) / last;
  }

  function places(grid, column) {
    const found = new Float32Array(column.length);
    for (let i = 0; i < column.length; i += 1) found[i] = place(grid, column[i]);
    return found;
  }

  // Linear value at a place, to four digits: finer than a pixel, short enough to read.
  function valueAt(grid, where) {
    const at = Math.min(Math.max(where, 0), 1) * (grid.length - 1);
    const low = Math.min(Math.floor(at), grid.length - 2);
    const exact = grid[low] + (at - low) * (grid[low + 1] - grid[low]);
    return Number(exact.toPrecision(4));
  }

  // Even-odd rule. An event exactly on the outline may fall on either side here; exoraw counts it in.
  function inside(corners, x, y) {
    let odd = false;
    for (let i = 0, j = corners.length - 1; i < corners.length; j = i, i += 1) {
      const [ax, ay] = corners[i];
      const [bx, by] = corners[j];
      if ((ay > y) !== (by > y) && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
    }
    return odd;
  }

  function insideMask(events, gate) {
    const [x, y] = gate.axes.map((axis) => events.columns[axis]);
    const mask = new Uint8Array(events.count);
    for (let i = 0; i < events.count; i += 1) mask[i] = inside(gate.corners, x[i], y[i]) ? 1 : 0;
    return mask;
  }

  // Events of `mask` by which borders they lie above: an event on a border lies below it, as in the analysis.
  function countAbove(events, mask, lines) {
    const counts = new Array(1 << lines.length).fill(0);
    let total = 0;
    for (let i = 0; i < events.count; i += 1) {
      if (!mask[i]) continue;
      let code = 0;
      let known = true;
      for (let k = 0; k < lines.length; k += 1) {
        const value = events.columns[lines[k].axis][i];
        known = known && Number.isFinite(value);
        if (value > lines[k].value) code |= 1 << k;
      }
      if (known) {
        counts[code] += 1;
        total += 1;
      }
    }
    return { counts, total };
  }

  return { unpack, bits, place, places, valueAt, inside, insideMask, countAbove };
})();
