"use strict";
// Everything the agents' pages do beyond links, forms and htmx: live updates, keys, relative times, small switches.
// The page works without it, except that nothing new appears by itself.
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const root = document.documentElement;
  const texts = $("#texts")?.dataset ?? {};
  const say = (name, values = {}) => (texts[name] ?? "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const keep = (name, value) => { document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax`; };

  // The server shows times in the zone of this cookie; the first page of a new browser is in the server's own.
  keep("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);

  // ---- times
  const { lang } = root;
  const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  const weekday = new Intl.DateTimeFormat(lang, { weekday: "short" });
  const date = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short" });
  const dateWithYear = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", year: "numeric" });
  const unitWords = (n, unit) => new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long" }).format(n);

  function span(seconds) {
    const [name, size] = seconds < 3600 ? ["minutes", 60] : seconds < 172800 ? ["hours", 3600] : ["days", 86400];
    return say(name, { n: Math.max(1, Math.floor(seconds / size)) });
  }

  function ago(moment, style) {
    const seconds = Math.max(0, (Date.now() - moment) / 1000);
    if (style === "span") return span(seconds);
    const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["minute", 60];
    if (style === "words") return unitWords(Math.max(1, Math.floor(seconds / size)), unit);
    if (style === "long") return seconds < 60 ? say("justNow") : relative.format(-Math.floor(seconds / size), unit);
    if (seconds < 60) return say("now");
    if (seconds < 86400) return span(seconds);
    if (seconds < 518400) return weekday.format(moment);
    return (moment.getFullYear() === new Date().getFullYear() ? date : dateWithYear).format(moment);
  }

  function tellTimes() {
    for (const time of $$("time[data-ago]")) time.textContent = ago(new Date(time.dateTime), time.dataset.ago);
  }
  tellTimes();
  setInterval(tellTimes, 30000);

  // ---- theme, copy
  function nextTheme() {
    const themes = ["system", "light", "dark"];
    const theme = themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % 3];
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    keep("theme", theme);
    announce(say(theme));
  }

  async function copy(button) {
    const text = document.getElementById(button.dataset.copyFrom)?.textContent ?? button.dataset.copy;
    try { await navigator.clipboard.writeText(text); } catch { return; } // browsers allow it only over HTTPS
    button.classList.add("done");
    announce(say("copied"));
    setTimeout(() => button.classList.remove("done"), 1500);
  }
  let announcedAt = 0;
  function announce(words, { atMostEvery = 0 } = {}) {
    if (!words || Date.now() - announcedAt < atMostEvery) return;
    announcedAt = Date.now();
    $("#announce").textContent = words;
  }

  // ---- the timeline
  const customer = () => $("#customer");
  const shownProfile = () => customer()?.dataset.profile;
  const title = { base: document.title, profile: shownProfile(), unread: 0, channels: new Set() };
  const isAtEnd = () => !$("#newer") && Math.abs($("#tl")?.scrollTop ?? 0) < 80;

  function showUnread() {
    document.title = title.unread ? `(${title.unread}) ${title.base}` : title.base;
    const pill = $("#pill");
    if (!pill) return;
    pill.hidden = !title.unread || isAtEnd();
    $("span", pill).textContent = say("new", { n: title.unread, channel: [...title.channels].join(", ") });
  }

  function seen() {
    if (!isAtEnd() || document.hidden) return;
    Object.assign(title, { unread: 0, channels: new Set() });
    showUnread();
  }
  const latest = () => {
    if ($("#to-latest")) { $("#to-latest").click(); return; }
    $("#tl")?.scrollTo({ top: 0 });
    seen();
  };

  /** A header shared by messages of one sender within three minutes; the server does the same on its pages. */
  function regroup(entry) {
    const before = entry?.previousElementSibling?.dataset;
    const { group, at } = entry?.dataset ?? {};
    entry?.classList.toggle("cont", Boolean(group && before?.group === group && at - before.at <= 180000));
  }

  function place(entry, fresh) {
    const days = $$("#tl-in > .day");
    const key = fresh.dataset.day;
    let day = days.find((known) => known.dataset.day === key);
    if (!day) {
      day = fresh.cloneNode(true);
      $(".entries", day).replaceChildren();
      const later = days.find((known) => known.dataset.day > key);
      if (later) later.before(day); else $("#tl-in").append(day);
    }
    const list = $(".entries", day);
    const next = [...list.children].find((known) => Number(known.dataset.at) > Number(entry.dataset.at));
    if (next) next.before(entry); else list.append(entry);
    regroup(entry);
    regroup(entry.nextElementSibling);
  }

  function keepFolds(old, fresh) {
    $$("details", fresh).forEach((fold, index) => { fold.open = Boolean($$("details", old)[index]?.open); });
  }

  /** What came behind a gap: counted once, not shown. */
  const beyond = new Set();
  function mergeEntries(days) {
    const oldest = Number($("#tl-in .entry")?.dataset.at ?? 0);
    const newest = $("#newer") ? Number($$("#tl-in .entry").at(-1).dataset.at) : Infinity;
    const opened = isAtEnd();
    let arrived = null;
    for (const fresh of days) {
      for (const entry of $$(".entry", fresh)) {
        const known = document.getElementById(entry.id);
        if (known) {
          known.classList.remove("new");
          if (known.isEqualNode(entry)) continue;
          const isFocused = known.contains(document.activeElement);
          keepFolds(known, entry);
          known.replaceWith(entry);
          regroup(entry);
          if (isFocused) $("article", entry).focus({ preventScroll: true });
        } else if (Number(entry.dataset.at) >= oldest || !$("#older")) {
          const isBeyond = Number(entry.dataset.at) > newest;
          if (isBeyond && (Number(entry.dataset.at) <= Number($("#newer").dataset.latest) || beyond.has(entry.id))) continue;
          entry.classList.add("new");
          if (isBeyond) beyond.add(entry.id); else place(entry, fresh);
          if (entry.dataset.dir === "in") {
            arrived = entry;
            if (!opened || document.hidden) { title.unread += 1; title.channels.add(entry.dataset.channel); }
          }
        }
      }
    }
    document.dispatchEvent(new CustomEvent("hub:entries", { detail: { arrived } }));
    window.htmx?.process($("#tl-in"));
    if (arrived) announce(say("said", { channel: arrived.dataset.channel, who: $("#who").textContent }), { atMostEvery: 5000 });
    showUnread();
  }

  /** An older page may end within a day that is shown already: both halves become one. */
  function joinDays() {
    const byDay = new Map();
    for (const day of $$("#tl-in > .day")) {
      const first = byDay.get(day.dataset.day);
      if (!first) { byDay.set(day.dataset.day, day); continue; }
      const seam = $(".entry", day);
      $(".entries", first).append(...$$(".entries > .entry", day));
      day.remove();
      regroup(seam);
    }
  }
  let sideShown = "";
  /** The panel as it is now, unless the agent is using it: then the next pull tries again. */
  function mergeSide(html) {
    const side = $("#side");
    const focused = side.contains(document.activeElement) ? document.activeElement : side;
    const isSelecting = !getSelection().isCollapsed && side.contains(getSelection().anchorNode);
    if (html === sideShown || isSelecting || !(focused === side || focused.matches(".side-close"))) return;
    const old = side.cloneNode(true);
    side.innerHTML = html;
    window.htmx?.process(side);
    keepFolds(old, side);
    if (focused !== side) $(".side-close", side).focus();
    sideShown = html;
  }

  document.addEventListener("hub:show", (event) => mergeEntries(event.detail));

  // ---- the queue
  /** `fresh` rows replace or join the shown ones in their order; `gone(row)` says which shown ones leave. */
  function mergeRows(fresh, gone) {
    const list = $("#rows");
    const sign = list.dataset.order === "rising" ? 1 : -1;
    const focused = document.activeElement?.closest(".row")?.id;
    for (const row of $$(".row", list)) if (gone(row) && !fresh.some(({ id }) => id === row.id)) row.remove();
    for (const row of fresh) {
      const known = document.getElementById(row.id);
      if (known?.dataset.sort !== row.dataset.sort) row.classList.add("new");
      known?.remove();
      const next = $$(".row", list).find((other) => sign * (other.dataset.sort - row.dataset.sort) > 0);
      const more = $("#more-rows");
      if (!next && more && !known) continue; // further down than what is loaded
      list.insertBefore(row, next ?? more);
      window.htmx?.process(row);
    }
    if (focused) $(`#${focused} a`)?.focus({ preventScroll: true });
    markCurrent();
    tellTimes();
  }

  function markCurrent() {
    for (const { firstElementChild: link, dataset } of $$(".row")) {
      link[dataset.profile === shownProfile() ? "setAttribute" : "removeAttribute"]("aria-current", "true");
    }
  }

  // ---- pulling what changed
  const due = { profiles: new Set(), all: false, running: false };

  async function fetchPart(url) {
    const answer = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (answer.status === 401) location.reload();
    if (answer.status === 409) location.assign(answer.headers.get("HX-Location"));
    if (!answer.ok) throw new Error(`${answer.status} from ${url}`);
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    return part.content;
  }

  async function pullCustomer() {
    const { since, cursor, profile } = customer().dataset;
    const part = await fetchPart(`${since}?after=${encodeURIComponent(cursor)}&view=${$(".shell").dataset.view}`);
    if (shownProfile() !== profile) return; // the agent went on to the next customer meanwhile
    customer().dataset.cursor = $("[data-cursor]", part).dataset.cursor;
    mergeEntries($$("[data-part=days] > .day", part));
    mergeSide($("[data-part=side]", part).innerHTML);
    mergeRows($$("[data-part=rows] > .row", part), (row) => row.dataset.profile === profile);
    showWaiting(part);
  }
  const showWaiting = (part) => { $("#waiting-count").textContent = $("[data-waiting]", part).dataset.waiting; };

  async function pullQueue(ids) {
    const list = $("#rows");
    const part = await fetchPart(`${$(".shell").dataset.inbox}${ids ? `?ids=${ids.join(",")}` : ""}`);
    const rows = $$(".row", part);
    const edge = $("#more-rows", part) && rows.at(-1).dataset.sort; // a page speaks for what lies before its last row
    const within = (sort) => !edge || (list.dataset.order === "rising" ? edge - sort : sort - edge) >= 0;
    mergeRows(rows, (row) => (ids ? ids.includes(row.dataset.profile) : within(row.dataset.sort)));
    showWaiting(part);
    if (!ids) list.dataset.cursor = $("[data-cursor]", part).dataset.cursor;
  }

  /** Everything due is pulled, one request after the other; what becomes due meanwhile follows. */
  async function pull() {
    if (due.running) return;
    due.running = true;
    await wait(30);
    try {
      while (due.all || due.profiles.size) {
        if ($("[data-empty-hub]")) { location.reload(); return; }
        const { all, profiles } = due;
        Object.assign(due, { all: false, profiles: new Set() });
        if (customer() && (all || profiles.has(shownProfile()))) await pullCustomer();
        const others = [...profiles].filter((id) => id !== shownProfile());
        if ($("#rows") && (all || others.length)) await pullQueue(all || others.length > 50 ? null : others);
        await wait(150);
      }
      bar(!navigator.onLine);
    } catch (error) {
      due.all = true; // the next event, heartbeat or poll tries again
      if (error instanceof TypeError) bar(true);
    } finally {
      due.running = false;
    }
  }

  function bar(isLost) {
    $("#offline").hidden = !isLost;
    if (isLost) setState("off"); else if (state === "off") setState(stream.state);
  }

  // ---- the live stream: one per browser, held by the tab that has the lock, told to the others
  const stream = { state: "wait", failures: 0, holds: false };
  let state = "wait";
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("hub-live") : null;

  function setState(name) {
    if (state === name) return;
    state = name;
    const chip = $("#status");
    chip.dataset.state = name;
    chip.title = say(`${name}Why`);
    $(".status-word", chip).textContent = say(name);
  }

  function hear(message) {
    if (message.hello) { if (stream.holds) tabs?.postMessage({ state: stream.state }); return; }
    if (message.state) {
      if ((message.opened || stream.state !== message.state) && $("#rows")) due.all = true; // what came while nobody listened
      stream.state = message.state;
      setState(navigator.onLine ? message.state : "off");
    }
    // who only browses moves in no queue: a busy shop would otherwise make every open page pull all the time
    const isBrowsing = ["page_view", "custom"].includes(message.k) && String(message.c) !== shownProfile();
    if (message.c && !isBrowsing) due.profiles.add(String(message.c));
    if (message.head && Number(message.head) >= Number((customer() ?? $("[data-cursor]")).dataset.cursor)) due.all = true;
    if (due.all || due.profiles.size) pull();
  }
  const tell = (message) => { tabs?.postMessage(message); hear(message); };

  function listen(url) {
    return new Promise((ended) => {
      const source = new EventSource(url);
      source.onopen = () => { stream.failures = 0; tell({ state: "live", opened: true }); };
      source.onerror = () => { source.close(); ended(); };
      for (const name of ["e", "head"]) source.addEventListener(name, (event) => tell(JSON.parse(event.data)));
    });
  }

  async function holdStream() {
    stream.holds = true;
    for (;;) {
      try {
        const headers = { "X-CSRFToken": $("meta[name=csrf]").content };
        const ticket = await fetch($(".shell").dataset.ticket, { method: "POST", headers });
        if (!ticket.ok) throw new Error(`ticket: ${ticket.status}`);
        await listen((await ticket.json()).url);
      } catch { /* counted below, like a stream that ended */ }
      stream.failures += 1;
      if (stream.failures >= 2) tell({ state: "poll" });
      await wait(Math.min(30000, 500 * 2 ** stream.failures) * (0.5 + Math.random()));
    }
  }

  if ($("#status")) {
    if (tabs) { tabs.onmessage = (event) => hear(event.data); tabs.postMessage({ hello: true }); }
    if (navigator.locks) navigator.locks.request("hub-live", holdStream); else holdStream(); // no locks: a stream per tab
    const pullAll = () => { due.all = true; pull(); };
    const poll = () => { if (stream.state === "poll" && !document.hidden) pullAll(); };
    setInterval(poll, 20000);
    addEventListener("offline", () => bar(true));
    addEventListener("online", pullAll);
    document.addEventListener("visibilitychange", () => { seen(); poll(); });
  }

  // ---- moving about
  function toggleSide(open = !$("#side")?.classList.contains("open")) {
    const [side, toggle] = [$("#side"), $(".side-toggle")];
    if (!side || !toggle || getComputedStyle(toggle).display === "none") return false;
    side.classList.toggle("open", open);
    toggle.setAttribute("aria-expanded", String(open));
    if (open) $(".side-close", side).focus(); else if (side.contains(document.activeElement)) toggle.focus();
    return true;
  }

  function step(list, current, by) {
    const index = list.indexOf(current);
    const next = list[index < 0 ? 0 : Math.min(list.length - 1, Math.max(0, index + by))];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
    return next;
  }
  const current = () => $(".row a[aria-current]");
  const openBy = (by) => step($$(".row a"), current(), by)?.click();

  function move(by) {
    if ($("#tl")?.contains(document.activeElement)) {
      const entries = $$("#tl article");
      const here = document.activeElement.closest("article");
      step(here ? entries : entries.slice(by > 0 ? 0 : -1), here, by);
    } else step($$(".row a, .pair a, [data-hit]"), document.activeElement?.closest("a") ?? current(), by);
  }

  // ---- search: arrows between the box and the hits
  function onHitKey(event) {
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
  document.addEventListener("keydown", onHitKey, { capture: true });

  function showFound() {
    const found = document.getElementById(customer()?.dataset.found);
    if (found) { found.scrollIntoView({ block: "center" }); $("article", found)?.focus({ preventScroll: true }); }
  }
  function showSeam() {
    const seam = $("[data-seam]");
    const first = seam && $(".entry", seam.nextElementSibling ?? seam);
    seam?.remove();
    return () => first?.scrollIntoView({ block: "center" });
  }
  addEventListener("load", showFound);

  // ---- toasts: thirty seconds, longer under the pointer or the focus; what went wrong stays
  function timeToasts() {
    for (const toast of $$("[data-toast]:not([data-timed])")) {
      toast.dataset.timed = "";
      announce($("p", toast).textContent);
      if (toast.matches(".error")) continue;
      let left = 30;
      const timer = setInterval(() => {
        if (!toast.matches(":hover, :focus-within")) left -= 1;
        if (left <= 0) toast.remove();
        if (!toast.isConnected) clearInterval(timer);
      }, 1000);
    }
  }
  timeToasts();

  const actions = {
    theme: nextTheme, latest, help: () => $("#help").showModal(), side: () => toggleSide(),
    dismiss: (button) => button.closest("[data-toast]").remove(), close: (button) => button.closest("dialog").close(),
  };
  const keys = {
    j: () => move(1), k: () => move(-1), G: latest, "]": () => toggleSide(), "?": actions.help,
    J: () => openBy(1), K: () => openBy(-1), r: () => $("#answer")?.focus(),
    "g i": () => $("[data-go=i]").click(), "g w": () => $("[data-go=w]").click(),
  };
  let prefix = "";
  let ahead = null; // typed after "/", before the box is there
  function onKey(event) {
    if (event.key === "Escape" && !$("#help")?.open && toggleSide(false)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.getModifierState("AltGraph")) return;
    if (ahead !== null && event.key.length === 1) { ahead += event.key; event.preventDefault(); return; }
    const isTyping = "input:not([type=radio], [type=checkbox]), textarea, select, dialog, [contenteditable]";
    if (event.target.closest(isTyping) || localStorage.keys === "off") return;
    const combination = prefix ? `${prefix} ${event.key}` : event.key;
    const declared = $$("[data-key]").filter((element) => element.dataset.key === combination).at(-1);
    const action = declared ? () => declared.click() : keys[combination];
    prefix = event.key === "g" && !prefix ? "g" : "";
    if (prefix) setTimeout(() => { prefix = ""; }, 1500);
    if (!action || !$(".shell")) return;
    event.preventDefault();
    if (combination === "/") { ahead = ""; setTimeout(() => { ahead = null; }, 3000); }
    action();
  }
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do], [data-copy], [data-copy-from]");
    if (button) { if (button.dataset.do) actions[button.dataset.do](button); else copy(button); }
  });
  const onScroll = (event) => { if (event.target.id === "tl") (isAtEnd() ? seen : showUnread)(); };
  document.addEventListener("scroll", onScroll, { capture: true, passive: true });
  const keysOn = $("#keys-on");
  if (keysOn) keysOn.checked = localStorage.keys !== "off";
  keysOn?.addEventListener("change", () => { localStorage.keys = keysOn.checked ? "on" : "off"; });
  document.addEventListener("htmx:after:swap", (event) => {
    const goOn = showSeam();
    joinDays();
    goOn();
    tellTimes();
    timeToasts();
    const sheet = $("#sheet");
    if (event.detail?.ctx?.target === sheet && sheet && !sheet.open) sheet.showModal();
    const box = sheet?.open && ahead !== null && $("#q", sheet);
    if (box) {
      if (ahead) { box.value = ahead; box.dispatchEvent(new Event("input", { bubbles: true })); }
      ahead = null;
    }
    if (shownProfile() !== title.profile) {
      Object.assign(title, { profile: shownProfile(), base: document.title, unread: 0, channels: new Set() });
      sideShown = "";
      markCurrent();
      if (document.activeElement?.offsetParent === null || document.activeElement === document.body) $("#tl")?.focus();
    }
  });
  document.addEventListener("htmx:error", () => bar(true));
  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail; // the error page says more than a fragment can
    if (["work", "sheet"].includes(ctx.target?.id) && ctx.response.status !== 401) location.assign(ctx.request.action);
  });
})();
