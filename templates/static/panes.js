// How wide the panes are and whether they are there: dragged, by arrow keys on the dividers, by `[` and `]`.
// A cookie tells the server, so that the next page is made so. Loaded at the first touch of a page that has dividers.
export default ({ $, $$, keep }) => {
  const STEP = 16, USUAL = 320;
  const root = document.documentElement;
  const shell = $(".shell");
  const wide = { queue: USUAL, side: USUAL };
  const divider = (pane) => $(`[data-pane="${pane}"]`);
  for (const pane of Object.keys(wide)) wide[pane] = Number(divider(pane)?.getAttribute("aria-valuenow") ?? USUAL);

  function save() {
    const away = `${shell.matches(".no-queue") ? "q" : ""}${shell.matches(".no-side") ? "s" : ""}`;
    keep("panes", `${wide.queue}.${wide.side}.${away}`);
  }
  function widen(element, pixels) {
    const { pane } = element.dataset;
    const [least, most] = ["aria-valuemin", "aria-valuemax"].map((name) => Number(element.getAttribute(name)));
    wide[pane] = Math.round(Math.min(most, Math.max(least, pixels)));
    root.style.setProperty(`--${pane}`, `${wide[pane]}px`);
    element.setAttribute("aria-valuenow", wide[pane]);
  }
  /** The pane goes, or comes back. */
  function toggle(pane) {
    const isFocused = document.activeElement?.closest(".queue, .side");
    shell.classList.toggle(`no-${pane}`);
    if (isFocused?.offsetParent === null) $("#tl")?.focus();
    save();
  }

  // ---- which way is wider: to the end for the queue, to the start for the side
  const sign = ({ dataset }) => (dataset.pane === "queue" ? 1 : -1) * (root.dir === "rtl" ? -1 : 1);
  function drag(element, from) {
    const before = wide[element.dataset.pane];
    const move = (event) => widen(element, before + sign(element) * (event.clientX - from));
    const end = () => { removeEventListener("pointermove", move); shell.classList.remove("dragging"); save(); };
    shell.classList.add("dragging");
    addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end, { once: true });
  }
  function onKey(event) {
    const element = event.target;
    if (!element.matches?.("[data-pane]")) return;
    const by = { ArrowRight: STEP, ArrowLeft: -STEP }[event.key];
    const to = { Home: 0, End: Infinity }[event.key];
    if (event.key === "Enter") toggle(element.dataset.pane);
    else if (by) widen(element, wide[element.dataset.pane] + sign(element) * by);
    else if (to !== undefined) widen(element, to);
    else return;
    event.preventDefault();
    save();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.matches("[data-pane]") || event.button) return;
    event.preventDefault();
    drag(event.target, event.clientX);
  });
  document.addEventListener("dblclick", ({ target }) => { if (target.matches("[data-pane]")) { widen(target, USUAL); save(); } });
  return { toggle };
};
