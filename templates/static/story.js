// What a timeline tells beyond its entries: sessions, folds, the way to an entry, and a page that stays small.
// Loaded when somebody reads in it or something joins it. Marks follow from the entries alone, as in `showing/marks.py`.
export default ({ $, $$, say, fill, announce, customer, post, meaning, scrolled, load }) => {
  const SESSION = 1800000, GROUP = 180000, MOST = 1000;
  const LEAST = { pages: 3, work: 2, order: 2, withheld: 2 };
  const entriesOf = (within) => $$(".entries > .entry", within);
  const after = (one, next) => next.dataset.at - one.dataset.at;

  // ---- marks
  function runsOf(entries) {
    const runs = [];
    for (const entry of entries) {
      const last = runs.at(-1)?.at(-1);
      const { fold } = entry.dataset;
      const follows = fold && last?.dataset.fold === fold && (fold !== "pages" || after(last, entry) <= SESSION);
      if (follows) runs.at(-1).push(entry); else runs.push([entry]);
    }
    const kind = ([{ dataset }]) => dataset.fold?.split(":")[0];
    return runs.map((run) => ({ run, kind: kind(run) })).filter((one) => one.kind && one.run.length >= LEAST[one.kind]);
  }

  function span(ms) {
    const seconds = ms / 1000;
    const [name, size] = seconds < 3600 ? ["minutes", 60] : seconds < 172800 ? ["hours", 3600] : ["days", 86400];
    return say(name, { n: Math.max(1, Math.floor(seconds / size)) });
  }

  function foldWords(kind, run) {
    const text = $("#tl").dataset;
    if (kind === "order") return run.map(({ dataset }) => `${dataset.word} ${dataset.clock}`).join(" → ");
    const names = [...new Set(run.map(({ dataset }) => dataset.word))];
    const named = names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "");
    return fill(text[kind], { n: run.length, names: named, time: span(after(run[0], run.at(-1))) });
  }

  function sessionsOf(entries) {
    const sessions = [];
    for (const entry of entries) {
      const { kind, outcome } = entry.dataset;
      const session = sessions.at(-1);
      if (outcome && session) session.isResolved = outcome === "resolved";
      if (!["message", "page_view", "custom"].includes(kind)) continue;
      if (session && after(session.at(-1), entry) <= SESSION) { session.push(entry); session.isResolved = false; } else sessions.push([entry]);
    }
    return sessions;
  }

  function sessionWords(session) {
    const said = session.filter(({ dataset }) => dataset.kind === "message");
    if (said.length < 2) return "";
    const text = $("#tl").dataset;
    const words = [...new Set(said.map(({ dataset }) => dataset.channel))];
    const channels = words.reduce((one, next) => fill(text.then, { one, next }));
    const [start, end] = [session[0].dataset.clock, session.at(-1).dataset.clock];
    return fill(session.isResolved ? text.sessionResolved : text.session, { time: start === end ? start : `${start}–${end}`, channels });
  }

  function put(name, entry, words, isOpen) {
    const key = `${name}-${entry.id}`;
    const known = $(`#tl-in .mark[data-for="${key}"]`);
    const mark = known ?? $(`#mark-${name}`).content.firstElementChild.cloneNode(true);
    Object.assign(mark.dataset, { for: key, at: entry.dataset.at });
    const place = $("p, span", mark);
    if (place.textContent !== words) place.textContent = words;
    $("button", mark)?.setAttribute("aria-expanded", String(isOpen));
    const fold = name === "session" && entry.previousElementSibling?.closest(".fold-line");
    const next = fold || entry; // a session's label stands above the fold that begins it
    if (mark.nextElementSibling !== next) next.before(mark);
    return mark;
  }

  /** Headers, session labels and folds are as the server would have made them of all that stands here. */
  function mark() {
    const wanted = new Set();
    const all = entriesOf($("#tl-in"));
    for (const session of sessionsOf(all)) {
      const words = sessionWords(session);
      if (words) wanted.add(put("session", session[0], words));
    }
    for (const day of $$("#tl-in > .day")) {
      const entries = entriesOf(day);
      entries.forEach((entry, index) => {
        const { group, at } = entry.dataset;
        const before = entries[index - 1]?.dataset;
        entry.classList.toggle("cont", Boolean(group && before?.group === group && at - before.at <= GROUP));
      });
      const behind = new Set();
      for (const { run, kind } of runsOf(entries)) {
        const isOpen = run.some(({ dataset }) => "unfolded" in dataset);
        wanted.add(put(kind, run[0], foldWords(kind, run), isOpen));
        for (const entry of kind === "order" ? run.slice(0, -1) : run) show(entry, isOpen, behind);
      }
      for (const entry of entries) if (!behind.has(entry)) entry.classList.remove("folded");
    }
    for (const one of $$("#tl-in .mark")) if (!wanted.has(one)) one.remove();
  }
  function show(entry, isOpen, behind) {
    behind.add(entry);
    entry.classList.toggle("folded", !isOpen);
    if (isOpen) entry.dataset.unfolded = ""; else delete entry.dataset.unfolded;
  }

  function fold(button) {
    const first = button.closest(".mark").nextElementSibling;
    const { run, kind } = runsOf(entriesOf(first.parentElement)).find(({ run: [one] }) => one === first);
    const isOpen = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(isOpen));
    for (const entry of kind === "order" ? run.slice(0, -1) : run) show(entry, isOpen, new Set());
  }

  /** The reply box is set to an address, as far as it may be written to. */
  function replyOn(channelIdentity) {
    const choice = $(`#reach input[value="${channelIdentity}"]`);
    if (choice) { choice.checked = true; choice.dispatchEvent(new Event("change", { bubbles: true })); }
    $("#answer")?.focus();
  }

  // ---- one entry
  const closeSheet = () => { if ($("#sheet")?.open) $("#sheet").close(); };
  /** Pinned if it was not, and the other way round. */
  async function pin(id) {
    closeSheet();
    const isPinned = $(`#pins [data-entry="${id}"]`);
    const { attempt } = await load("faults");
    const answer = await attempt(null, () => post(`/entries/${id}/${isPinned ? "unpin" : "pin"}/`));
    const told = await answer.text();
    if (answer.status === 422) { announce(told); return; }
    if (answer.ok) $("#pins").innerHTML = told;
  }
  function replyTo(id) {
    closeSheet();
    document.dispatchEvent(new CustomEvent("hub:reply-to", { detail: { entry: Number(id) } }));
    $("#answer")?.focus();
  }
  async function copyLink(id) {
    const link = $(`#${id} .dots`).href.replace(/\/entries\/\d+\/menu\/$/, `/customers/${customer().dataset.profile}/?entry=${id.slice(2)}`);
    try { await navigator.clipboard.writeText(link); } catch { return; } // browsers allow it only over HTTPS
    announce(say("copied"));
  }
  function run(button) {
    const { replyOn: address, replyTo: answered, pin: pinned } = button.dataset;
    if (address) replyOn(address); else if (answered) replyTo(answered); else if (pinned) pin(pinned); else fold(button);
  }
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || localStorage.keys === "off") return;
    if (event.key === "Escape" && event.target.closest?.("#narrow, #tl, #hits") && $("#find")?.value) {
      event.preventDefault();
      event.stopImmediatePropagation();
      closeFind();
      return;
    }
    if (event.target.id === "find" && event.key === "Enter" && hits().length) { event.preventDefault(); nextHit(event.shiftKey ? -1 : 1); return; }
    const by = !event.target.closest?.("input, textarea, select, dialog") && hits().length && { n: 1, p: -1 }[event.key];
    if (by) { event.preventDefault(); event.stopImmediatePropagation(); nextHit(by); return; }
    const entry = event.target.matches?.("#tl article") && event.target.closest(".entry");
    const action = entry && { ".": () => $(".dots", entry).click(), y: () => copyLink(entry.id), p: () => pin(entry.id.slice(2)) }[meaning[event.key] ?? event.key];
    if (!action) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // elsewhere the key means something else
    action();
  }
  document.addEventListener("keydown", onKey, { capture: true });

  // ---- the reading position
  /** The entry at the top of what is seen, and where it stands; nothing for who reads the newest, and goes on to. */
  function placeNow() {
    const tl = $("#tl");
    if (!$("#newer") && scrolled() < 2) return null;
    const { left, top, width, height } = tl.getBoundingClientRect();
    for (let down = 8; down < height; down += 24) {
      const element = document.elementFromPoint(left + width / 2, top + down)?.closest(".entry");
      if (element) return { element, top: element.getBoundingClientRect().top };
    }
    return null;
  }

  // ---- a page of so many entries: the farthest go, and the way back to them stands where they were
  function control(name, id, latest) {
    const old = $(`#${name}`);
    const fresh = old ?? $(`#${name}-control`).content.firstElementChild.cloneNode(true);
    const button = $("button", fresh);
    const more = button.cloneNode(true);
    more.setAttribute("hx-get", $(`#${name}-control`).content.querySelector("button").getAttribute("hx-get").replace("from=0", `from=${id}`));
    button.replaceWith(more);
    if (latest && !old) fresh.dataset.latest = latest;
    if (!old && name === "older") { $("#tl-in .beginning")?.remove(); $("#tl-in").prepend(fresh); } else if (!old) $("#tl-in").append(fresh);
    window.htmx?.process(fresh);
  }

  function trim(place) {
    const entries = entriesOf($("#tl-in"));
    const excess = entries.length - MOST;
    if (excess <= 0) return;
    const isAbove = place && entries.indexOf(place) < entries.length / 2;
    const gone = isAbove ? entries.slice(-excess) : entries.slice(0, excess);
    const [oldest, newest] = isAbove ? [entries[0], entries.at(-excess - 1)] : [entries[excess], entries.at(-1)];
    for (const entry of gone) entry.remove();
    for (const day of $$("#tl-in > .day")) if (!$(".entry", day)) day.remove();
    if (isAbove) control("newer", newest.id.slice(2), gone.at(-1).dataset.at); else control("older", oldest.id.slice(2));
  }

  let held = null; // where the agent was before a page was put in
  /** The page is whole again after something joined it, and what the agent reads stays where it is. */
  function settle() {
    if (!$("#tl-in")) return;
    const place = held?.element.isConnected ? held : placeNow();
    held = null;
    trim(place?.element);
    mark();
    if (place) $("#tl").scrollTop += place.element.getBoundingClientRect().top - place.top;
  }

  // ---- to an entry
  function goTo(id) {
    const entry = document.getElementById(id);
    if (!entry) return false;
    const mark = entry.classList.contains("folded") && runsOf(entriesOf(entry.parentElement)).find(({ run }) => run.includes(entry));
    if (mark) fold($("button", mark.run[0].previousElementSibling));
    entry.scrollIntoView({ block: "center" });
    $("article", entry)?.focus({ preventScroll: true });
    entry.classList.add("found");
    setTimeout(() => entry.classList.remove("found"), 3000);
    return true;
  }

  // ---- what was found in this story
  const hits = () => $$("#hits [data-found-hit]");
  function markHit(link) {
    const all = hits();
    for (const one of all) one.toggleAttribute("aria-current", one === link);
    link.setAttribute("aria-current", "true");
    link.scrollIntoView({ block: "nearest" });
    const count = $("#hits [data-of]");
    count.textContent = fill(count.dataset.of, { n: all.indexOf(link) + 1, total: count.dataset.total });
  }
  function nextHit(by) {
    const all = hits();
    const here = all.findIndex((one) => one.hasAttribute("aria-current"));
    all[here < 0 ? 0 : (here + by + all.length) % all.length].click();
  }
  function closeFind() {
    $("#find").value = "";
    $("#hits").replaceChildren();
    $("#tl").focus();
  }

  // ---- events
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".talk a[href*='#e-']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const id = link.hash.slice(1);
    const isHit = "foundHit" in link.dataset;
    if (!goTo(id) && isHit) return; // htmx brings the part of the story around it
    event.preventDefault();
    event.stopPropagation();
    if (isHit) markHit(link);
    else if (!document.getElementById(id)) location.assign(`${customer().dataset.page}?entry=${id.slice(2)}${$("#tl").dataset.show}#${id}`);
  }, { capture: true });
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (detail?.ctx?.target?.id === "story") goTo($("#tl").dataset.found);
  });
  const isPart = ({ detail }) => ["older", "newer"].includes(detail?.ctx?.target?.id);
  document.addEventListener("htmx:before:swap", (event) => { if (isPart(event)) held = placeNow(); });
  settle();
  return { run, goTo, settle };
};
