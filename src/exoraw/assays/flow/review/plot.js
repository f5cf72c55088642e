// A density plot with gates as handles: drag them, or nudge them with the arrow keys.
"use strict";

const exorawPlot = (() => {
  const SIZE = { width: 600, height: 520, left: 66, right: 14, top: 12, bottom: 52 };
  const BINS = 128; // as in the pictures of the report (flow/plots.py), like the colours and the dots
  const DOTS_BELOW = 1.5;
  const MOST_DOTS = 2500;
  const COLOURS = ["#9db8dd", "#4a7fc1", "#2c5ba8", "#3d9a8b", "#8fc152", "#f4d03f", "#ee8a2e"];
  const NUDGE = 1 / 400; // of the axis; with Shift ten times as far
  const GRIP = 7;
  const SVG = "http://www.w3.org/2000/svg";

  const inner = { width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom };
  const across = (place) => SIZE.left + place * inner.width;
  const up = (place) => SIZE.top + (1 - place) * inner.height;

  function svg(name, attributes = {}, text = "") {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  }

  // ------------------------------------------------------------ density

  function palette() {
    const stops = COLOURS.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
    return Array.from({ length: 256 }, (_, level) => {
      const at = (level / 255) * (stops.length - 1);
      const low = Math.min(Math.floor(at), stops.length - 2);
      return stops[low].map((value, part) => value + (at - low) * (stops[low + 1][part] - value));
    });
  }

  const KERNEL = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((at) => Math.exp((-at * at) / 2));
  const KERNEL_SUM = KERNEL.reduce((sum, weight) => sum + weight, 0);

  function smoothed(counts) {
    const along = (source, step, stride) => {
      const result = new Float32Array(source.length);
      for (let row = 0; row < BINS; row += 1) {
        for (let at = 0; at < BINS; at += 1) {
          let sum = 0;
          for (let k = -4; k <= 4; k += 1) {
            const from = at + k;
            if (from >= 0 && from < BINS) sum += KERNEL[k + 4] * source[row * stride + from * step];
          }
          result[row * stride + at * step] = sum / KERNEL_SUM;
        }
      }
      return result;
    };
    return along(along(counts, 1, BINS), BINS, 1);
  }

  function binned(x, y, mask) {
    const counts = new Float32Array(BINS * BINS);
    for (let i = 0; i < x.length; i += 1) {
      if (mask[i]) counts[bin(x[i], y[i])] += 1;
    }
    return counts;
  }

  const bin = (x, y) => Math.min(Math.floor(y * BINS), BINS - 1) * BINS + Math.min(Math.floor(x * BINS), BINS - 1);

  function paint(canvas, x, y, mask) {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = inner.width * ratio;
    canvas.height = inner.height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, inner.width, inner.height);
    const smooth = smoothed(binned(x, y, mask));
    paintDots(pen, x, y, mask, smooth);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(densityImage(smooth), 0, 0, inner.width, inner.height);
  }

  function paintDots(pen, x, y, mask, smooth) {
    const sparse = [];
    for (let i = 0; i < x.length; i += 1) if (mask[i] && smooth[bin(x[i], y[i])] < DOTS_BELOW) sparse.push(i);
    const every = Math.max(1, Math.ceil(sparse.length / MOST_DOTS));
    pen.fillStyle = "#5f7fae";
    for (let k = 0; k < sparse.length; k += every) {
      pen.beginPath();
      pen.arc(x[sparse[k]] * inner.width, (1 - y[sparse[k]]) * inner.height, 1.1, 0, 2 * Math.PI);
      pen.fill();
    }
  }

  function densityImage(smooth) {
    const image = new ImageData(BINS, BINS);
    const top = smooth.reduce((most, value) => Math.max(most, value), 0);
    const colours = palette();
    for (let row = 0; row < BINS; row += 1) {
      for (let column = 0; column < BINS; column += 1) {
        const value = smooth[row * BINS + column];
        if (value < DOTS_BELOW) continue;
        const at = ((BINS - 1 - row) * BINS + column) * 4;
        image.data.set([...colours[Math.round(255 * Math.sqrt(value / top))], 255], at);
      }
    }
    const small = document.createElement("canvas");
    small.width = small.height = BINS;
    small.getContext("2d").putImageData(image, 0, 0);
    return small;
  }

  // ------------------------------------------------------------ frame and ticks

  function frame(drawing, xAxis, yAxis) {
    drawing.append(svg("rect", {
      x: SIZE.left, y: SIZE.top, width: inner.width, height: inner.height, class: "frame-line",
    }));
    xAxis.ticks.major.forEach((place, index) => {
      tick(drawing, across(place), up(0), 0, 6);
      drawing.append(svg("text", { x: across(place), y: up(0) + 20, class: "tick", "text-anchor": "middle" }, xAxis.ticks.labels[index]));
    });
    yAxis.ticks.major.forEach((place, index) => {
      tick(drawing, across(0), up(place), -6, 0);
      drawing.append(svg("text", { x: across(0) - 9, y: up(place) + 4, class: "tick", "text-anchor": "end" }, yAxis.ticks.labels[index]));
    });
    xAxis.ticks.minor.forEach((place) => tick(drawing, across(place), up(0), 0, 3));
    yAxis.ticks.minor.forEach((place) => tick(drawing, across(0), up(place), -3, 0));
    drawing.append(
      svg("text", { x: across(0.5), y: SIZE.height - 10, class: "axis", "text-anchor": "middle" }, xAxis.label),
      svg("text", { transform: `translate(15 ${up(0.5)}) rotate(-90)`, class: "axis", "text-anchor": "middle" }, yAxis.label),
    );
  }

  const tick = (drawing, x, y, dx, dy) => drawing.append(svg("line", { x1: x, y1: y, x2: x + dx, y2: y + dy, class: "tick-line" }));

  // ------------------------------------------------------------ handles

  // Follows the pointer from press to release; `move` gets places between 0 and 1.
  function draggable(handle, drawing, move, release) {
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      handle.focus();
      handle.setPointerCapture(event.pointerId);
      let moved = false;
      const follow = (now) => {
        const box = drawing.getBoundingClientRect();
        moved = true;
        move((now.clientX - box.left - SIZE.left) / inner.width, 1 - (now.clientY - box.top - SIZE.top) / inner.height);
      };
      const end = () => {
        handle.removeEventListener("pointermove", follow);
        handle.removeEventListener("pointerup", end);
        handle.removeEventListener("pointercancel", end);
        if (moved) release();
      };
      handle.addEventListener("pointermove", follow);
      handle.addEventListener("pointerup", end);
      handle.addEventListener("pointercancel", end);
    });
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

  function nudgeable(handle, nudge, release) {
    handle.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const far = NUDGE * (event.shiftKey ? 10 : 1);
      nudge(step[0] * far, step[1] * far);
    });
    handle.addEventListener("keyup", (event) => { if (ARROWS[event.key]) release(); });
  }

  return { SIZE, inner, across, up, svg, paint, frame, draggable, nudgeable, GRIP };
})();
