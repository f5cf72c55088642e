// The frame of the review pages: list, item, decision, run. Pages of assays register what draws their items.
"use strict";

const exorawReview = (() => {
  const pages = {};
  const state = { study: null, item: null, shown: null, busy: false };
  const token = document.querySelector('meta[name="exoraw-token"]').content;
  const at = (id) => document.getElementById(id);

  // ------------------------------------------------------------ talking to exoraw

  async function ask(path, body) {
    const options = body === undefined ? {} : {
      method: "POST",
      headers: { "content-type": "application/json", "x-exoraw-token": token },
      body: JSON.stringify(body),
    };
    const answer = await fetch(path, options).catch(() => {
      throw new Error("exoraw review does not answer. Is it still running in the terminal?");
    });
    if ((answer.headers.get("content-type") || "").startsWith("application/json")) {
      const content = await answer.json();
      if (!answer.ok) throw new Error(content.error);
      return content;
    }
    if (!answer.ok) throw new Error((await answer.text()).trim());
    return answer.arrayBuffer();
  }

  const itemPath = (rest = "") => `/api/item/${state.item.id}${rest}`;

  // ------------------------------------------------------------ small parts

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) made.setAttribute(key, "");
      else if (value !== false && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  function say(words, kind = "") {
    at("said").className = kind;
    at("said").textContent = words;
  }

  const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

  // ------------------------------------------------------------ the list

  const flat = () => state.study.analyses.flatMap((one) => one.groups.flatMap((group) => group.items));

  function drawList() {
    const list = at("list");
    const top = list.scrollTop;
    list.replaceChildren();
    for (const analysis of state.study.analyses) {
      const items = analysis.groups.flatMap((group) => group.items);
      const name = state.study.analyses.length > 1 ? ` · ${analysis.name}` : "";
      list.append(element("h2", {}, `${analysis.title}${name} · ${counted(items.length, "item")}`));
      for (const group of analysis.groups) {
        list.append(element("h3", {}, group.title), element("ul", {}, ...group.items.map(listEntry)));
      }
    }
    list.scrollTop = top;
  }

  function listEntry(item) {
    const dot = item.errors || item.state === "failed" ? "error" : item.warnings ? "warning" : item.state === "up to date" ? "ok" : "";
    const remarks = item.errors || item.warnings
      ? `${counted(item.errors, "error")}, ${counted(item.warnings, "warning")}` : "no warnings";
    const tags = [];
    if (item.asks) tags.push(element("span", { class: "tag asks" }, item.asks));
    if (item.curated) tags.push(element("span", { class: "tag hand" }, "curated"));
    if (item.state !== "up to date") tags.push(element("span", { class: "tag" }, item.state));
    const link = element("a", {
      href: `#${item.id}`, class: item.excluded ? "out" : "",
      title: `${item.title}: ${item.asks ? `${item.asks}, ` : ""}${item.state}, ${remarks}`,
      "aria-current": state.item && state.item.id === item.id ? "true" : undefined,
    }, element("span", { class: `dot ${dot}` }), element("span", { class: "name" }, item.title), ...tags);
    return element("li", {}, link);
  }

  function step(by) {
    const items = flat();
    const now = items.findIndex((one) => state.item && one.id === state.item.id);
    const next = items[Math.min(Math.max(now + by, 0), items.length - 1)];
    if (next && (!state.item || next.id !== state.item.id)) location.hash = next.id;
  }

  // ------------------------------------------------------------ one item

  async function show(id) {
    let item;
    document.body.classList.add("opening"); // a large picture takes a while to be read
    try {
      item = await ask(`/api/item/${id}`);
    } catch (error) {
      document.body.classList.remove("opening");
      say(error.message, "error");
      if (state.shown) state.shown.destroy();
      Object.assign(state, { item: flat().find((one) => one.id === id) || null, shown: null });
      clear();
      at("stage").append(element("p", {}, error.message));
      drawList();
      return;
    }
    if (state.shown) state.shown.destroy();
    Object.assign(state, { item, shown: null });
    clear();
    drawList();
    drawScopes(item.data.scopes || []);
    drawBelow(item);
    const tools = {
      element, counted,
      part: (name) => ask(itemPath(`/part/${name}`)),
      preview: (proposal) => ask(itemPath("/preview"), { proposal }),
      edited: allow,
      fail: (error) => say(error.message, "error"),
      succeed: () => { if (at("said").className === "error") say(""); },
    };
    try {
      state.shown = await pages[item.assay]({ stage: at("stage"), numbers: at("numbers") }, item.data, tools);
    } catch (error) {
      say(error.message, "error");
    }
    document.body.classList.remove("opening");
    document.querySelector("#list [aria-current]")?.scrollIntoView({ block: "nearest" });
    allow();
  }

  function clear() {
    const item = state.item;
    at("stage").replaceChildren();
    at("numbers").replaceChildren();
    at("below").replaceChildren();
    at("item-title").textContent = item ? item.title : "Choose an item";
    at("item-group").textContent = item && item.group ? item.group : "";
    at("item-marks").replaceChildren(...(item ? marks(item) : []));
  }

  function marks(item) {
    const kinds = { "up to date": "ok", failed: "error", "cannot run": "error" };
    const found = [element("span", { class: `badge ${kinds[item.state] || "warning"}` }, item.state)];
    if (item.asks) found.push(element("span", { class: "badge warning" }, item.asks));
    if (item.curated) found.push(element("span", { class: "badge info" }, "curated"));
    if (item.excluded) found.push(element("span", { class: "badge plain" }, "left out of group results"));
    return found;
  }

  function drawScopes(scopes) {
    const legend = at("scopes").querySelector("legend");
    at("scopes").hidden = scopes.length === 0;
    at("scopes").replaceChildren(legend, ...scopes.map((scope, index) => element("label", {},
      element("input", { type: "radio", name: "scope", value: scope.value, checked: index === 0 }), ` ${scope.words}`)));
  }

  function drawBelow(item) {
    const below = at("below");
    if (item.made.length) {
      below.append(element("h2", {}, "Corrected by hand"), element("ul", {}, ...item.made.map(madeEntry)));
    }
    if (item.reason) below.append(element("h2", {}, "Left out"), element("p", {}, item.reason));
    const remarks = item.remarks.filter((one) => one.severity !== "info");
    const notes = item.remarks.filter((one) => one.severity === "info");
    if (remarks.length + notes.length) {
      below.append(element("h2", {}, "Findings"), element("ul", {}, ...[...remarks, ...notes].map(remarkEntry)));
    }
  }

  function madeEntry(made) {
    const back = element("button", { type: "button", class: "small" }, "Take back");
    back.addEventListener("click", () => withdraw(made));
    const signed = made.who ? `${made.who}, ` : "";
    const why = made.why ? `: ${made.why}` : "";
    return element("li", {}, `${made.words} (${made.reach}). ${signed}${made.when.slice(0, 10)}${why} `, back);
  }

  function remarkEntry(remark) {
    return element("li", {}, element("span", { class: `badge ${remark.severity}` }, remark.severity),
      ` ${remark.message} `, element("span", { class: "advice" }, remark.advice));
  }

  // ------------------------------------------------------------ deciding

  const signed = () => at("who").value.trim() !== "" && at("why").value.trim() !== "";
  const edited = () => state.shown !== null && state.shown.proposal() !== null;

  // What leaving out means now: the item, or the part of it that the page names; null where nothing is chosen.
  function leaving() {
    if (state.shown && state.shown.leaving) return state.shown.leaving();
    return { words: "this item", proposal: state.shown ? proposal() : {} };
  }

  function allow() {
    at("apply").disabled = state.busy || !(edited() && signed());
    at("reset").disabled = state.busy || !edited();
    at("exclude").disabled = state.busy || !(state.item && !state.item.excluded && signed() && leaving());
    at("run").disabled = state.busy || !state.study || state.study.pending.again + state.study.pending.known === 0;
    at("previous").disabled = at("next").disabled = !state.study;
  }

  function proposal() {
    const scope = document.querySelector("input[name=scope]:checked");
    return { ...(state.shown.proposal() || {}), ...(scope ? { scope: scope.value } : {}) };
  }

  async function decide(what, body) {
    document.cookie = `exoraw_who=${encodeURIComponent(at("who").value.trim())}; max-age=31536000; samesite=strict; path=/`;
    try {
      const answer = await ask(itemPath(`/${what}`), { ...body, who: at("who").value, why: at("why").value });
      await refresh();
      await show(state.item.id);
      say(`${answer.words}. Kept beside the study; run to compute it.`, "ok");
      at("why").value = "";
    } catch (error) {
      say(error.message, "error");
    }
    allow();
  }

  function withdraw(made) {
    if (!signed()) {
      say("Type who and why first, then take it back.", "error");
      at(at("who").value.trim() ? "why" : "who").focus();
      return;
    }
    decide("withdraw", { made: made.id });
  }

  // ------------------------------------------------------------ running

  function drawWaiting() {
    const { again, known, new: fresh, steps, tasks } = state.study.pending;
    const parts = steps.map((one) => `${one.step} ${one.count}`).join(", ");
    const never = fresh ? ` ${counted(fresh, "task")} never ran: exoraw run does.` : "";
    const earlier = known ? `${counted(known, "task")} known from before, to be shown again.` : "Numbers are up to date.";
    at("waiting-words").textContent = (again ? `${counted(again, "task")} to compute again (${parts}).` : earlier) + never;
    at("waiting-words").title = tasks.map((one) => `${one.task}: ${one.reason}`).join("\n");
  }

  async function run() {
    state.busy = true;
    allow();
    try {
      await ask("/api/run", {});
      await follow();
    } catch (error) {
      say(error.message, "error");
    }
    state.busy = false;
    allow();
  }

  async function follow() {
    for (;;) {
      const progress = await ask("/api/run/progress");
      if (progress.state !== "running") {
        await refresh();
        if (state.item) await show(state.item.id);
        say(progress.words, progress.state === "done" ? "ok" : "error");
        return;
      }
      at("waiting-words").textContent = `Computing: ${progress.done} of ${progress.total} tasks.`;
      await new Promise((resolve) => { setTimeout(resolve, 250); });
    }
  }

  // ------------------------------------------------------------ all of it

  async function refresh() {
    state.study = await ask("/api/study");
    at("study-title").textContent = state.study.title;
    at("blinded").hidden = !state.study.blind;
    drawList();
    drawWaiting();
    allow();
  }

  const leave = () => !edited() || window.confirm("Your change is not applied. Leave it?");

  function choose() {
    const id = location.hash.slice(1);
    if (state.item && id === state.item.id) return;
    if (!leave()) {
      history.replaceState(null, "", `#${state.item.id}`);
      return;
    }
    say("");
    show(id);
  }

  function key(event) {
    const typing = event.target.matches("input, textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n") step(1);
    else if (event.key === "p") step(-1);
    else return;
    event.preventDefault();
  }

  async function begin() {
    try {
      await refresh();
    } catch (error) {
      say(error.message, "error");
      return;
    }
    const remembered = document.cookie.match(/(?:^|; )exoraw_who=([^;]*)/);
    at("who").value = state.study.who || (remembered ? decodeURIComponent(remembered[1]) : "");
    const first = flat()[0];
    const wanted = location.hash.slice(1);
    if (flat().some((one) => one.id === wanted)) show(wanted);
    else if (first) location.hash = first.id;
  }

  window.addEventListener("hashchange", choose);
  window.addEventListener("beforeunload", (event) => { if (edited()) event.preventDefault(); });
  document.addEventListener("keydown", key);
  document.addEventListener("DOMContentLoaded", begin);
  at("previous").addEventListener("click", () => step(-1));
  at("next").addEventListener("click", () => step(1));
  at("decide").addEventListener("input", allow);
  at("decide").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!at("apply").disabled) decide("apply", { proposal: proposal() });
  });
  at("reset").addEventListener("click", () => { state.shown.reset(); say(""); allow(); });
  at("exclude").addEventListener("click", () => {
    const { words, proposal: part } = leaving();
    if (window.confirm(`Leave ${words} out of all group results? Its own numbers stay visible.`)) {
      decide("exclude", { proposal: part });
    }
  });
  at("run").addEventListener("click", run);

  return { register: (assay, mount) => { pages[assay] = mount; } };
})();
