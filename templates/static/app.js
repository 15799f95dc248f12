"use strict";
// Everything the agents' pages do beyond links, forms and htmx: live updates, keys, relative times, small switches.
// The page works without it, except that nothing new appears by itself.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;
  const texts = $("#texts")?.dataset ?? {};
  const say = (name, values = {}) => (texts[name] ?? "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const keep = (name, value) => { document.cookie = `${name}=${encodeURIComponent(value)};path=/;max-age=31536000;samesite=lax`; };

  // The server shows times in the zone of this cookie; the first page of a new browser is in the server's own.
  keep("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);

  // ---- times -------------------------------------------------------------------------------------------------

  const lang = root.lang || "en";
  const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  const weekday = new Intl.DateTimeFormat(lang, { weekday: "short" });
  const date = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short" });
  const dateWithYear = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", year: "numeric" });
  const unitWords = (n, unit) => new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long" }).format(n);

  function span(seconds) {
    if (seconds < 3600) return say("minutes", { n: Math.max(1, Math.floor(seconds / 60)) });
    if (seconds < 172800) return say("hours", { n: Math.floor(seconds / 3600) });
    return say("days", { n: Math.floor(seconds / 86400) });
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

  function tellTimes(within = document) {
    for (const time of $$("time[data-ago]", within)) {
      const words = ago(new Date(time.dateTime), time.dataset.ago);
      if (words && time.textContent !== words) time.textContent = words;
    }
  }
  tellTimes();
  setInterval(tellTimes, 30000);

  // ---- theme, copy -------------------------------------------------------------------------------------------

  function nextTheme() {
    const themes = ["system", "light", "dark"];
    const theme = themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % 3];
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    keep("theme", theme);
    announce(say(`theme${theme[0].toUpperCase()}${theme.slice(1)}`));
  }

  async function copy(button) {
    const from = button.dataset.copyFrom;
    await navigator.clipboard?.writeText(from ? document.getElementById(from).textContent : button.dataset.copy);
    button.classList.add("done");
    announce(say("copied"));
    setTimeout(() => button.classList.remove("done"), 1500);
  }

  let announcedAt = 0;
  function announce(words, { atMostEvery = 0 } = {}) {
    if (!words || Date.now() - announcedAt < atMostEvery) return;
    announcedAt = Date.now();
    const region = $("#announce");
    if (region) region.textContent = words;
  }

  // ---- the timeline ------------------------------------------------------------------------------------------

  const title = { base: document.title, unread: 0, channels: new Set() };
  const customer = () => $("#customer");
  const shownProfile = () => customer()?.dataset.profile;
  const isAtEnd = () => Math.abs($("#tl")?.scrollTop ?? 0) < 80;

  function showUnread() {
    document.title = title.unread ? `(${title.unread}) ${title.base}` : title.base;
    const pill = $("#pill");
    if (!pill) return;
    pill.hidden = !title.unread || isAtEnd();
    $("span", pill).textContent = say("new", { n: title.unread, channel: [...title.channels].join(", ") });
  }

  function seen() {
    if (!isAtEnd() || document.hidden) return;
    title.unread = 0;
    title.channels.clear();
    showUnread();
  }

  function latest() {
    $("#tl")?.scrollTo({ top: 0 });
    seen();
  }

  /** A header shared by messages of one sender within three minutes; the server does the same on its pages. */
  function regroup(entry) {
    if (!entry) return;
    const before = entry.previousElementSibling;
    const key = entry.dataset.group;
    entry.classList.toggle("cont", Boolean(key && before && before.dataset.group === key && entry.dataset.at - before.dataset.at <= 180000));
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

  function mergeEntries(days) {
    const oldest = Number($("#tl-in .entry")?.dataset.at ?? 0);
    const opened = isAtEnd();
    let arrived = null;
    for (const fresh of days) {
      for (const entry of $$(".entry", fresh)) {
        const known = document.getElementById(entry.id);
        if (known) {
          $$("details", known).forEach((fold, index) => { const same = $$("details", entry)[index]; if (same) same.open = fold.open; });
          known.replaceWith(entry);
          regroup(entry);
        } else if (Number(entry.dataset.at) >= oldest || !$("#older")) {
          entry.classList.add("new");
          place(entry, fresh);
          if (entry.dataset.dir === "in") {
            arrived = entry;
            if (!opened || document.hidden) { title.unread += 1; title.channels.add(entry.dataset.channel); }
          }
        }
      }
    }
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
  function mergeSide(html) {
    const side = $("#side");
    if (!side || html === sideShown || side.contains(document.activeElement) && side !== document.activeElement) return;
    if (sideShown || !$(".side.open")) side.innerHTML = html;
    sideShown = html;
  }

  // ---- the queue ---------------------------------------------------------------------------------------------

  /** `fresh` rows replace or join the shown ones in their order; `gone(row)` says which shown ones leave. */
  function mergeRows(fresh, gone) {
    const list = $("#rows");
    if (!list) return;
    const rising = list.dataset.order === "rising";
    const focused = document.activeElement?.closest?.(".row")?.id;
    const stays = new Set(fresh.map((row) => row.id));
    for (const row of $$(".row", list)) if (!stays.has(row.id) && gone(row)) row.remove();
    for (const row of fresh) {
      const known = document.getElementById(row.id);
      if (known?.dataset.sort !== row.dataset.sort) row.classList.add("new");
      known?.remove();
      const sort = Number(row.dataset.sort);
      const next = $$(".row", list).find((other) => rising ? Number(other.dataset.sort) > sort : Number(other.dataset.sort) < sort);
      const more = $("#more-rows");
      if (next) next.before(row); else if (more && !known) continue; else if (more) more.before(row); else list.append(row);
      window.htmx?.process(row);
    }
    if (focused) $(`#${focused} a`)?.focus({ preventScroll: true });
    markCurrent();
  }

  function markCurrent() {
    for (const link of $$(".row a")) {
      if (link.closest(".row").dataset.profile === shownProfile()) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  }

  // ---- pulling what changed ----------------------------------------------------------------------------------

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
    const shown = customer();
    const { since, cursor, profile } = shown.dataset;
    const part = await fetchPart(`${since}?after=${encodeURIComponent(cursor)}&view=${$(".shell").dataset.view}`);
    if (shownProfile() !== profile) return; // the agent went on to the next customer meanwhile
    shown.dataset.cursor = $("[data-cursor]", part).dataset.cursor;
    mergeEntries($$("[data-part=days] > .day", part));
    mergeSide($("[data-part=side]", part).innerHTML);
    mergeRows($$("[data-part=rows] > .row", part), (row) => row.dataset.profile === profile);
    showWaiting(part);
  }

  function showWaiting(part) {
    const count = $("#waiting-count");
    if (count) count.textContent = $("[data-waiting]", part).dataset.waiting;
  }

  async function pullQueue(ids) {
    const list = $("#rows");
    const part = await fetchPart(`${$(".shell").dataset.inbox}${ids ? `?ids=${ids.join(",")}` : ""}`);
    const rows = $$(".row", part);
    const edge = rows.length && $("#more-rows", part) ? Number(rows.at(-1).dataset.sort) : null;
    const within = (sort) => edge === null || (list.dataset.order === "rising" ? sort <= edge : sort >= edge);
    mergeRows(rows, (row) => (ids ? ids.includes(row.dataset.profile) : within(Number(row.dataset.sort))));
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
        const { all } = due;
        const ids = [...due.profiles];
        due.all = false;
        due.profiles.clear();
        if (customer() && (all || ids.includes(shownProfile()))) await pullCustomer();
        const others = ids.filter((id) => id !== shownProfile());
        if ($("#rows") && (all || others.length)) await pullQueue(all || others.length > 50 ? null : others);
        tellTimes();
        await wait(150);
      }
      bar(false);
    } catch (error) {
      due.all = true; // the next event, heartbeat or poll tries again
      if (error instanceof TypeError) bar(true);
    } finally {
      due.running = false;
    }
  }

  function bar(isLost) {
    const offline = $("#offline");
    if (offline) offline.hidden = !isLost;
    if (isLost) setState("off"); else if (state === "off") setState(stream.state);
  }

  // ---- the live stream: one per browser, held by the tab that has the lock, told to the others ----------------

  const stream = { state: "wait", failures: 0, holds: false };
  let state = "wait";
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("hub-live") : null;

  function setState(name) {
    state = name;
    for (const chip of $$("#status")) {
      chip.dataset.state = name;
      chip.title = say(`${name}Why`);
      const word = $(".status-word", chip);
      if (word.textContent !== say(name)) word.textContent = say(name);
    }
  }

  function hear(message) {
    if (message.hello) { if (stream.holds) tabs?.postMessage({ state: stream.state }); return; }
    if (message.state) {
      if (message.state === "live" && stream.state !== "live" && $("#rows")) due.all = true; // what came before we listened
      stream.state = message.state;
      setState(navigator.onLine ? message.state : "off");
    }
    if (message.c) due.profiles.add(String(message.c));
    if (message.head && Number(message.head) >= Number((customer() ?? $("[data-cursor]")).dataset.cursor)) due.all = true;
    if (due.all || due.profiles.size) pull();
  }

  function tell(message) {
    tabs?.postMessage(message);
    hear(message);
  }

  function listen(url) {
    return new Promise((ended) => {
      const source = new EventSource(url);
      source.onopen = () => { stream.failures = 0; tell({ state: "live" }); };
      source.onerror = () => { source.close(); ended(); };
      source.addEventListener("e", (event) => tell(JSON.parse(event.data)));
      source.addEventListener("head", (event) => tell(JSON.parse(event.data)));
    });
  }

  async function holdStream() {
    stream.holds = true;
    stream.failures = 0;
    for (;;) {
      try {
        const ticket = await fetch($(".shell").dataset.ticket, { method: "POST", headers: { "X-CSRFToken": $("meta[name=csrf]").content } });
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
    if (navigator.locks) navigator.locks.request("hub-live", holdStream); else holdStream();
    setInterval(() => { if (stream.state === "poll" && !document.hidden) { due.all = true; pull(); } }, 20000);
    addEventListener("offline", () => bar(true));
    addEventListener("online", () => { due.all = true; pull(); });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) { seen(); if (due.all || stream.state === "poll") { due.all = true; pull(); } } });
  }

  // ---- moving about ------------------------------------------------------------------------------------------

  function toggleSide(open = !$("#side")?.classList.contains("open")) {
    const side = $("#side");
    const toggle = $(".side-toggle");
    if (!side || !toggle || getComputedStyle(toggle).display === "none") return false;
    side.classList.toggle("open", open);
    toggle.setAttribute("aria-expanded", String(open));
    if (open) $(".side-close", side).focus(); else if (side.contains(document.activeElement)) toggle.focus();
    return true;
  }

  function step(list, current, by) {
    const index = list.indexOf(current);
    const next = list[index < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, index + by))];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
    return next;
  }

  const links = () => $$(".row a");
  const currentLink = () => document.activeElement?.closest?.(".row a") ?? $(".row a[aria-current]");

  function move(by) {
    if ($("#tl")?.contains(document.activeElement)) {
      const entries = $$("#tl article");
      const here = document.activeElement.closest("article");
      step(here ? entries : entries.slice(by > 0 ? 0 : -1), here, by);
    } else step(links(), currentLink(), by);
  }

  const actions = {
    theme: nextTheme, latest, help: () => $("#help").showModal(), side: () => toggleSide(),
  };
  const keys = {
    j: () => move(1), k: () => move(-1), G: latest, "]": () => toggleSide(), "?": actions.help,
    J: () => step(links(), $(".row a[aria-current]"), 1)?.click(), K: () => step(links(), $(".row a[aria-current]"), -1)?.click(),
    "g i": () => $("[data-go=i]").click(), "g w": () => $("[data-go=w]").click(),
  };
  let prefix = "";

  function onKey(event) {
    if (event.key === "Escape" && !$("#help")?.open && toggleSide(false)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.getModifierState("AltGraph")) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]") || localStorage.getItem("keys") === "off") return;
    const action = keys[prefix ? `${prefix} ${event.key}` : event.key];
    prefix = event.key === "g" && !prefix ? "g" : "";
    if (prefix) setTimeout(() => { prefix = ""; }, 1500);
    if (!action || !$(".shell")) return;
    event.preventDefault();
    action();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do], [data-copy], [data-copy-from]");
    if (button) { if (button.dataset.do) actions[button.dataset.do](); else copy(button); }
  });
  document.addEventListener("scroll", (event) => { if (event.target.id === "tl") { if (isAtEnd()) seen(); else showUnread(); } }, { capture: true, passive: true });
  const keysOn = $("#keys-on");
  if (keysOn) {
    keysOn.checked = localStorage.getItem("keys") !== "off";
    keysOn.addEventListener("change", () => localStorage.setItem("keys", keysOn.checked ? "on" : "off"));
  }

  document.addEventListener("htmx:after:swap", () => {
    joinDays();
    tellTimes();
    if (shownProfile() !== title.profile) {
      Object.assign(title, { profile: shownProfile(), base: document.title, unread: 0 });
      title.channels.clear();
      sideShown = "";
      markCurrent();
      if (document.activeElement?.offsetParent === null || document.activeElement === document.body) $("#tl")?.focus();
    }
  });
  document.addEventListener("htmx:error", () => bar(true));
  document.addEventListener("htmx:response:error", (event) => {
    const { ctx } = event.detail; // the error page says more than a fragment can
    if (ctx.target?.id === "work" && ctx.response.status !== 401) location.assign(ctx.request.action);
  });
  title.profile = shownProfile();
})();
