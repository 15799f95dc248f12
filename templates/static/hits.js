// Search: arrows between the box and the hits. Loaded once something with hits stands on the page.
export default ({ $, $$, step }) => {
  function onKey(event) {
    const place = event.target.closest("[data-hits]");
    if (!place || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const box = $("input", place);
    const by = { ArrowDown: 1, ArrowUp: -1, ...(event.target === box ? {} : { j: 1, k: -1 }) }[event.key];
    if (!by || (event.key.length === 1 && localStorage.keys === "off")) return;
    const hits = $$("[data-hit]", place);
    const next = hits.indexOf(event.target) + by;
    event.preventDefault();
    event.stopPropagation();
    if (next < 0) box.focus(); else step(hits, hits[Math.min(next, hits.length - 1)], 0);
  }
  document.addEventListener("keydown", onKey, { capture: true });
  return {};
};
