// Pulling what changed: the open customer's entries and panel, and rows of the queue. Loaded when the first thing happens.
export default async ({ $, $$, fill, wait, customer, shownProfile, fetchPart, markCurrent, load }) => {
  const { mergeEntries, keepFolds } = await load("timeline");

  let sideShown = "";
  /** The head of the panel as it is now, unless the agent is using it: then the next pull tries again. The rest of the
      panel asks for itself after each pull (`hx-trigger` in side.html). */
  function mergeSide(html) {
    const now = $("#side-now");
    const isSelecting = !getSelection().isCollapsed && now.contains(getSelection().anchorNode);
    if (html === sideShown || isSelecting || now.contains(document.activeElement)) return;
    const old = now.cloneNode(true);
    now.innerHTML = html;
    window.htmx?.process(now);
    keepFolds(old, now);
    sideShown = html;
  }

  // ---- the queue
  let movedAt = 0;
  /** `fresh` rows replace or join the shown ones in their order; `gone(row)` says which shown ones leave. */
  function mergeRows(fresh, gone) {
    const list = $("#rows");
    const sign = list.dataset.order === "rising" ? 1 : -1;
    const focused = document.activeElement?.closest(".row")?.id;
    for (const row of $$(".row", list)) if (gone(row) && !fresh.some(({ id }) => id === row.id)) row.remove();
    const isCalm = Date.now() - movedAt > 1500; // a queue that moves all the time does not flash: nobody could tell where
    for (const row of fresh) {
      const known = document.getElementById(row.id);
      if (known?.dataset.sort !== row.dataset.sort) { movedAt = Date.now(); row.classList.toggle("new", isCalm); }
      if (known && $(".row-check :checked", known)) $(".row-check input", row).checked = true;
      known?.remove();
      const next = $$(".row", list).find((other) => sign * (other.dataset.sort - row.dataset.sort) > 0);
      const more = $("#more-rows");
      if (!next && more && !known) continue; // further down than what is loaded
      list.insertBefore(row, next ?? more);
      window.htmx?.process(row);
    }
    if (focused) $(`#${focused} a`)?.focus({ preventScroll: true });
    markCurrent();
    document.dispatchEvent(new CustomEvent("hub:rows"));
  }

  // ---- the timeline
  /** Until when the message that waits wants its answer. */
  function showDue(due) {
    for (const old of $$("#tl .due")) old.remove();
    if (due) document.getElementById(due.dataset.entry)?.append(due.firstElementChild);
  }
  /** What came since the chips were chosen, and is none of what they show. */
  function tellOutside(entries) {
    const line = $("#outside");
    if (!line) return;
    line.ids ??= new Set();
    for (const { dataset } of entries) if (Number(dataset.at) > Number(line.dataset.made)) line.ids.add(dataset.outside);
    line.hidden = !line.ids.size;
    $("span", line).textContent = fill(line.dataset.words, { n: line.ids.size });
  }

  // ---- asking
  function kept(name, part) {
    const fresh = $(`[data-part=${name}]`, part).innerHTML.trim();
    const shown = document.getElementById(name);
    if (fresh !== shown.innerHTML.trim() && !shown.contains(document.activeElement)) shown.innerHTML = fresh;
  }
  const here = () => { const { view, queue } = $(".shell").dataset; return `view=${view}&queue=${encodeURIComponent(queue)}`; };

  /** What is new in the open customer's timeline. */
  async function pullEntries() {
    const { since, cursor, profile } = customer().dataset;
    const part = await fetchPart(`${since}?after=${encodeURIComponent(cursor)}&${here()}${$("#tl").dataset.show}`);
    if (shownProfile() !== profile) return; // the agent went on to the next customer meanwhile
    mergeEntries($$("[data-part=days] > .day", part));
    customer().dataset.cursor = $("[data-cursor]", part).dataset.cursor;
    tellOutside($$("[data-outside]", part));
    kept("handoff", part);
  }

  /** The rows of these customers, and what stands around the open one's timeline if it is among them; without ids all. */
  async function pullRows(ids) {
    const profile = shownProfile();
    const isOpen = profile && (!ids || ids.includes(profile));
    if (isOpen) await pullAround(profile, ids ?? []);
    if ($("#rows") && (!ids || !isOpen)) await pullQueue(ids);
  }
  async function pullAround(profile, ids) {
    const part = await fetchPart(`${customer().dataset.since.replace(/since\/$/, "around/")}?${here()}&ids=${ids.join(",")}`);
    if ($("#rows")) mergeRows($$("[data-part=rows] > .row", part), ({ dataset }) => dataset.profile === profile || ids.includes(dataset.profile));
    showCounts(part);
    if (shownProfile() !== profile) return;
    showDue($("[data-part=due]", part));
    kept("pins", part);
    mergeSide($("[data-part=side]", part).innerHTML);
    mergeActs($("[data-part=acts]", part));
  }
  function showCounts(part) {
    for (const { dataset, textContent } of $$("[data-of]", part)) {
      for (const count of $$(`[data-count="${dataset.of}"]`)) count.textContent = textContent;
    }
  }
  /** The buttons above the timeline as things stand now; who has one of them focused keeps it. */
  function mergeActs(fresh) {
    const acts = $("#acts-now");
    if (!fresh || acts.dataset.shown === fresh.innerHTML || $("#acts:popover-open")) return;
    const { key } = acts.contains(document.activeElement) ? document.activeElement.dataset : {};
    acts.dataset.shown = fresh.innerHTML;
    acts.replaceChildren(...fresh.childNodes);
    window.htmx?.process(acts);
    if (key) ($(`[data-key="${key}"]`, acts) ?? $(".act", acts)).focus({ preventScroll: true });
  }

  async function pullQueue(ids) {
    const list = $("#rows");
    const { inbox } = $(".shell").dataset;
    const part = await fetchPart(`${inbox}${ids ? `${inbox.includes("?") ? "&" : "?"}ids=${ids.join(",")}` : ""}`);
    const rows = $$(".row", part);
    const edge = $("#more-rows", part) && rows.at(-1).dataset.sort; // a page speaks for what lies before its last row
    const within = (sort) => !edge || (list.dataset.order === "rising" ? edge - sort : sort - edge) >= 0;
    mergeRows(rows, (row) => (ids ? ids.includes(row.dataset.profile) : within(row.dataset.sort)));
    showCounts(part);
    if (!ids) list.dataset.cursor = $("[data-cursor]", part).dataset.cursor;
  }

  // ---- what is due, one request of each kind at a time
  const busy = { entries: false, rows: false };
  let entries = null;
  let [rowsAt, pace, hurry] = [0, 250, null];

  async function pullDueEntries(due) {
    busy.entries = true;
    try {
      while (due.entries) {
        due.entries = false;
        if (customer()) await pullEntries();
      }
    } finally { busy.entries = false; }
  }
  async function pullDueRows(due) {
    busy.rows = true;
    try {
      while (due.all || due.rows.size) {
        const left = rowsAt + pace - Date.now();
        if (left > 0 && !due.all) { await Promise.race([wait(left), new Promise((now) => { hurry = now; })]); continue; }
        if (busy.entries) await entries.catch(() => {}); // what stands around them speaks of them
        const ids = due.all || due.rows.size > 50 ? null : [...due.rows];
        Object.assign(due, { all: false, rows: new Set() });
        const began = Date.now();
        await pullRows(ids);
        rowsAt = Date.now();
        pace = Math.min(2000, Math.max(250, 3 * (rowsAt - began)));
      }
    } finally { busy.rows = false; }
  }
  /** Entries of the open customer are pulled at once, whatever else is on its way: somebody waits for them. What stands
      around them and the rows of the queue follow a few times a second, less often where that takes long. Answers with
      nothing when both were on their way. */
  function pullDue(due) {
    if ($("[data-empty-hub]")) { location.reload(); return null; }
    if (due.all) { due.entries = true; hurry?.(); }
    const begun = [];
    if (due.entries && !busy.entries) begun.push(entries = pullDueEntries(due));
    if ((due.all || due.rows.size) && !busy.rows) begun.push(pullDueRows(due));
    return begun.length ? Promise.all(begun) : null;
  }

  document.addEventListener("hub:opened", () => { sideShown = ""; });
  return { pullDue, pullQueue };
};
