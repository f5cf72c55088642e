"use strict";

exorawReview.register("wells", async ({ stage, numbers }, data, tools) => {
  let typed = null;
  const field = tools.element("input", { type: "number", id: "signal", "aria-label": "signal of A1" });
  field.addEventListener("input", async () => {
    typed = field.value === "" ? null : { well: "A1", signal: Number(field.value) };
    tools.edited();
    if (typed) numbers.textContent = `signal ${(await tools.preview(typed)).signal}`;
  });
  const picture = new Uint8Array(await tools.part("picture"));
  stage.append(tools.element("p", { id: "wells" }, Object.keys(data.wells).join(" ")), field);
  numbers.textContent = `${picture.length} bytes`;
  return {
    proposal: () => typed,
    reset: () => { typed = null; field.value = ""; },
    destroy: () => {},
  };
});
