// The picture of a membrane, bands dark, to zoom into and to move; raw pixels in, raw pixels out.
"use strict";

const exorawFilm = (() => {
  const TOP = 65534; // brightest level; what sits on the detector's ceiling is one above (film.py)
  const CLIPPED = [194, 38, 75]; // as in the pictures of the report (blot/plots.py)
  const AT_FIRST = 50; // of the slider: where film.py wants white and black
  const HARDEST = 15; // times the contrast at first
  const CLOSEST = 24; // raw pixels across the view
  const FIRM = 4; // screen pixels: a press that moves less is a click
  const TALLEST = 0.55; // of the window
  const SVG = "http://www.w3.org/2000/svg";

  function svg(name, attributes = {}, text = "") {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  }

  // ------------------------------------------------------------ grey

  function greys(picture, slider) {
    const [first, whole] = [picture.dark - picture.white, TOP - picture.white];
    const share = slider / AT_FIRST;
    const span = share <= 1 ? whole * (first / whole) ** share : first * (1 / HARDEST) ** (share - 1);
    const white = picture.white + Math.max(share - 1, 0) * (picture.ground - picture.white);
    const found = new Uint8Array(TOP + 1);
    for (let level = 0; level <= TOP; level += 1) {
      found[level] = 255 * (1 - Math.min(Math.max((level - white) / span, 0), 1));
    }
    return found;
  }

  function developed(levels, picture, slider) {
    const grey = greys(picture, slider);
    const image = new ImageData(picture.columns, picture.rows);
    const pixels = new Uint32Array(image.data.buffer);
    const clipped = (255 << 24) | (CLIPPED[2] << 16) | (CLIPPED[1] << 8) | CLIPPED[0];
    for (let i = 0; i < levels.length; i += 1) {
      const value = grey[levels[i]];
      pixels[i] = levels[i] > TOP ? clipped : (255 << 24) | (value << 16) | (value << 8) | value;
    }
    const canvas = document.createElement("canvas");
    canvas.width = picture.columns;
    canvas.height = picture.rows;
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  // ------------------------------------------------------------ the view

  // `moved` is called after every change of the view; `clicked` gets raw pixels.
  function make(tools, picture, packed, moved, clicked) {
    const levels = new Uint16Array(packed); // little-endian, as every machine with a browser is
    const canvas = tools.element("canvas", { "aria-hidden": "true" });
    const drawing = svg("svg", { id: "membrane", tabindex: "0", role: "application" });
    const root = tools.element("div", { class: "film" }, canvas, drawing);
    const view = { x: 0, y: 0, width: picture.width, across: 1, down: 1, slider: AT_FIRST };
    let plate = developed(levels, picture, view.slider);

    const pixel = () => view.width / view.across; // raw pixels of one screen pixel
    const onScreen = ([x, y]) => [(x + 0.5 - view.x) / pixel(), (y + 0.5 - view.y) / pixel()];
    const widest = () => Math.max(picture.width, (picture.height * view.across) / view.down);

    function inPicture([x, y]) {
      const kept = (value, size) => Math.round(Math.min(Math.max(value, 0), size - 1) * 10) / 10;
      return [kept(x, picture.width), kept(y, picture.height)];
    }

    function toRaw(event) {
      const box = drawing.getBoundingClientRect();
      return inPicture([
        view.x + (event.clientX - box.left) * pixel() - 0.5, view.y + (event.clientY - box.top) * pixel() - 0.5,
      ]);
    }

    function place() {
      const height = view.down * pixel();
      const kept = (at, size, shown) => (shown >= size ? (size - shown) / 2 : Math.min(Math.max(at, 0), size - shown));
      view.x = kept(view.x, picture.width, view.width);
      view.y = kept(view.y, picture.height, height);
      paint();
      moved();
    }

    function paint() {
      const ratio = window.devicePixelRatio || 1;
      canvas.width = Math.round(view.across * ratio);
      canvas.height = Math.round(view.down * ratio);
      const pen = canvas.getContext("2d");
      const scale = canvas.width / view.width;
      pen.imageSmoothingEnabled = scale * picture.step < 3; // close up, pixels are seen as what they are
      pen.imageSmoothingQuality = "high";
      pen.setTransform(scale, 0, 0, scale, -view.x * scale, -view.y * scale);
      pen.drawImage(plate, 0, 0, picture.columns * picture.step, picture.rows * picture.step);
    }

    function fit() {
      view.width = widest();
      place();
    }

    // The raw pixel under `at` stays where it is.
    function zoom(factor, at = [view.x + view.width / 2, view.y + (view.down * pixel()) / 2]) {
      const width = Math.min(Math.max(view.width / factor, CLOSEST), widest());
      const share = width / view.width;
      view.x = at[0] - (at[0] - view.x) * share;
      view.y = at[1] - (at[1] - view.y) * share;
      view.width = width;
      place();
    }

    function sized() {
      const across = root.clientWidth;
      if (!across) return;
      const whole = view.width >= widest() - 1e-9;
      view.across = across;
      view.down = Math.round(Math.max(Math.min((across * picture.height) / picture.width, TALLEST * window.innerHeight), 160));
      root.style.height = `${view.down}px`;
      if (whole) fit();
      else place();
    }

    function reveal([x, y]) {
      const height = view.down * pixel();
      const edge = 0.08 * view.width;
      if (x < view.x + edge) view.x = x - edge;
      if (x > view.x + view.width - edge) view.x = x - view.width + edge;
      if (y < view.y + edge) view.y = y - edge;
      if (y > view.y + height - edge) view.y = y - height + edge;
      place();
    }

    function contrast(slider) {
      view.slider = slider;
      plate = developed(levels, picture, slider);
      paint();
    }

    drawing.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest("[data-handle]")) return;
      event.preventDefault();
      drawing.classList.add("pressed"); // no ring and no cross for a mouse; a key brings them back
      drawing.focus({ preventScroll: true });
      drawing.setPointerCapture(event.pointerId);
      const start = { x: event.clientX, y: event.clientY, left: view.x, top: view.y, far: false };
      const follow = (now) => {
        const [dx, dy] = [now.clientX - start.x, now.clientY - start.y];
        start.far = start.far || Math.hypot(dx, dy) > FIRM;
        if (!start.far) return;
        view.x = start.left - dx * pixel();
        view.y = start.top - dy * pixel();
        place();
      };
      const end = (last) => {
        drawing.removeEventListener("pointermove", follow);
        drawing.removeEventListener("pointerup", end);
        drawing.removeEventListener("pointercancel", end);
        if (!start.far && last.type === "pointerup") clicked(toRaw(last));
      };
      drawing.addEventListener("pointermove", follow);
      drawing.addEventListener("pointerup", end);
      drawing.addEventListener("pointercancel", end);
    });
    for (const name of ["keydown", "blur"]) drawing.addEventListener(name, () => drawing.classList.remove("pressed"));
    drawing.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the wheel alone moves the page
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300), toRaw(event));
    }, { passive: false });
    const watcher = new ResizeObserver(sized);
    watcher.observe(root);

    return {
      root, drawing, onScreen, toRaw, inPicture, pixel, fit, zoom, reveal, contrast, sized, AT_FIRST,
      middle: () => inPicture([view.x + view.width / 2, view.y + (view.down * pixel()) / 2]),
      closed: () => watcher.disconnect(),
    };
  }

  return { make, svg };
})();
