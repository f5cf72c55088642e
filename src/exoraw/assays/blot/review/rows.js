// What is said of the rows of a picture: tabs, the table of lanes, remarks. Nothing here changes anything.
"use strict";

const exorawRows = (() => {
  const UNUSABLE = "This picture cannot be measured; the remarks say why. Points would change nothing.";
  const SOURCES = {
    found: "Found without points", clicked: "Read with points that were clicked", typed: "Read with the points of study.yaml",
    mine: "Read with your points, not applied yet",
  };

  // One short word for a row: what it needs, or what its numbers come from.
  function standing(row, mine) {
    if (mine === 2) return { kind: "info", words: "your points" };
    if (mine === 1) return { kind: "warning", words: "one point yet" };
    if (row.state !== "ok") return { kind: "warning", words: "needs points" };
    return { kind: row.source === "found" ? "ok" : "info", words: row.source === "found" ? "found" : "by points" };
  }

  function tab(tools, row, index, active, mine, choose) {
    const { kind, words } = standing(row, mine);
    const button = tools.element("button", {
      type: "button", role: "tab", id: `row-${index + 1}`, "aria-selected": String(active),
    }, `${row.name} `, tools.element("span", { class: `badge ${kind}` }, words));
    button.addEventListener("click", choose);
    return button;
  }

  function laneName(lane) {
    return lane.name ? `lane ${lane.number}, ${lane.name}` : `lane ${lane.number}`;
  }

  // What the person is to do next, by name.
  function wanted(row, lanes, slots, mine) {
    const [first, last] = [lanes[0], lanes[lanes.length - 1]];
    const what = row.tall ? "" : "band of ";
    if (!slots[0] && !slots[1] && row.state === "ok") {
      return `${row.name} was found by itself. Should it lie elsewhere, click the middle of the first ${row.tall ? "lane" : "band"} (${laneName(first)}).`;
    }
    if (!slots[0]) return `${row.name}: click the middle of the FIRST ${what}${row.tall ? "lane: " : ""}${laneName(first)}.`;
    if (!slots[1]) return `${row.name}: now click the middle of the LAST ${what}${row.tall ? "lane: " : ""}${laneName(last)}.`;
    if (!mine && row.state !== "ok") return `${row.name} cannot be read with these points. Drag them to the middle of the first and the last band.`;
    if (!mine) return `${row.name} is read with ${row.source === "typed" ? "the points of study.yaml" : "points that were clicked"}. Drag a point that lies wrong.`;
    return `${row.name}: both points are set. Drag them, or press Backspace to take the last step back.`;
  }

  const volume = (value) => (value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en"));
  const fold = (value) => (value === null || value === undefined ? "–" : value.toPrecision(3));

  function laneTable(tools, row, before, lanes, chosen, choose) {
    const withFold = row.fold !== "";
    const withBefore = before.bands.length > 0 && JSON.stringify(before.bands) !== JSON.stringify(row.bands);
    const body = lanes.map((lane) => {
      const now = row.bands.find((band) => band.lane === lane.number);
      const was = before.bands.find((band) => band.lane === lane.number);
      const changed = now && (!was || was.volume !== now.volume);
      const pick = tools.element("button", {
        type: "button", class: "small lane", "aria-pressed": String(chosen === lane.number),
        "aria-label": laneName(lane), title: "Choose this lane, to leave it out", disabled: !lane.sample,
      }, String(lane.number));
      pick.addEventListener("click", () => choose(lane.number));
      const cells = [
        tools.element("th", { scope: "row" }, pick, tools.element("span", { class: lane.excluded ? "out" : "" }, ` ${lane.name}`)),
        tools.element("td", { class: "num now", title: spread(now) }, now ? volume(now.volume) : "–"),
      ];
      if (withBefore) cells.push(tools.element("td", { class: "num was" }, was ? volume(was.volume) : "–"));
      if (withFold) cells.push(tools.element("td", { class: "num fold" }, now ? fold(now.fold) : "–"));
      const faint = now && !now.detected ? " faint" : "";
      return tools.element("tr", { class: `${changed ? "changed" : ""}${faint}`, "data-lane": lane.number }, ...cells);
    });
    const head = ["Lane", "volume", ...(withBefore ? ["before"] : []), ...(withFold ? ["fold"] : [])].map((words, index) =>
      tools.element("th", { class: index ? "num" : "" }, words));
    return tools.element("table", { class: "lanes" }, tools.element("thead", {}, tools.element("tr", {}, ...head)),
      tools.element("tbody", {}, ...body));
  }

  const spread = (band) => (!band || band.low === null ? ""
    : `95 % interval ${volume(band.low)} to ${volume(band.high)}${band.detected ? "" : "; below its detection limit"}${band.saturated ? "; saturated" : ""}`);

  function about(tools, row, mine) {
    const source = SOURCES[mine === 2 ? "mine" : row.source];
    const fold = row.fold ? `; fold of control ${row.fold}` : "";
    const parts = [tools.element("h2", {}, [`${row.name}: ${row.role}`, row.mass].filter(Boolean).join(", "))];
    if (row.state !== "ok") {
      const reason = row.reason ? `: ${row.reason.replace(/\.$/, "")}` : "";
      parts.push(tools.element("p", { class: "reason", id: "reason" }, `No number${reason}.`));
    } else parts.push(tools.element("p", { class: "muted source" }, `${source}${fold}.`));
    return parts;
  }

  function remarks(tools, row, picture) {
    const every = [...row.remarks, ...picture];
    const line = (one) => tools.element("li", {}, tools.element("span", { class: `badge ${one.severity}` }, one.severity), ` ${one.words}`);
    const list = (which, id) => tools.element("ul", { class: "remarks", id }, ...which.map(line));
    const [doubts, notes] = [every.filter((one) => one.severity !== "info"), every.filter((one) => one.severity === "info")];
    const found = doubts.length ? [list(doubts, "remarks")] : [];
    if (notes.length) {
      found.push(tools.element("details", {}, tools.element("summary", { class: "muted" }, tools.counted(notes.length, "note")), list(notes, "notes")));
    }
    return found;
  }

  return { UNUSABLE, tab, wanted, laneTable, laneName, about, remarks };
})();
