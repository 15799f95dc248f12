"use strict";
// What every page of the agents needs at once: words, keys, dialogs, modules on first use, and `hub`, which the others use.
// A page works without any of it, except that nothing new appears by itself.
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const root = document.documentElement;
  const texts = $("#texts")?.dataset ?? {};
  const fill = (text, values = {}) => (text ?? "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  const say = (name, values) => fill(texts[name], values);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const keep = (name, value) => { document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax`; };
  const customer = () => $("#customer");
  const shownProfile = () => customer()?.dataset.profile;

  // The hub's clock counts: the browser's may be a day off.
  const skew = root.dataset.now - Date.now();
  const now = () => Date.now() + skew;

  // The server shows times in the zone of this cookie; the first page of a new browser is in the server's own.
  keep("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);

  // What the server said in words ("5 min") ages.
  setInterval(() => load("times").then(({ tell }) => tell(), () => {}), 30000);

  let announcedAt = 0;
  /** A screen reader says the words, once it has finished what it is saying. */
  function announce(words, { atMostEvery = 0 } = {}) {
    if (!words || Date.now() - announcedAt < atMostEvery) return;
    announcedAt = Date.now();
    $("#announce").textContent = words;
  }

  // ---- what is only needed on first use
  const loading = new Map();
  let failures = 0;
  /** The module of that name in `#modules`: what its default export answered when it was given the hub, once. */
  function load(name) {
    if (!loading.has(name)) {
      const url = $("#modules")?.dataset[name];
      // A browser may remember that a module could not be had; with another address it asks again.
      const module = import(failures ? `${url}?${failures}` : url).then(({ default: start }) => start?.(hub) ?? {});
      module.catch(() => { failures += 1; loading.delete(name); });
      loading.set(name, module);
    }
    return loading.get(name);
  }

  /** A click on the link or button: its module's `run(element)`, or the link's own way when the module cannot be had. */
  async function run(element) {
    hold();
    try {
      await (await load(element.dataset.module)).run(element);
      release();
    } catch (error) {
      held = null;
      if (element.href) location.assign(element.href); else announce(say("off"));
      if (!(error instanceof TypeError)) throw error;
    }
  }

  const attached = new WeakSet();
  /** What is no link and no button gets its module as soon as it stands on the page: `attach(element)`, once. */
  function attach() {
    for (const element of $$("[data-module]:not(a, button)")) {
      if (attached.has(element)) continue;
      attached.add(element);
      load(element.dataset.module).then((module) => module.attach?.(element), () => attached.delete(element));
    }
  }

  let held = null; // keys pressed while what they are meant for is on its way
  let holding = 0;
  function hold() {
    held ??= [];
    clearTimeout(holding);
    holding = setTimeout(() => { held = null; }, 3000);
  }
  /** The keys held back go where the focus is now; outside of a box or a dialog they would mean something else. */
  function release() {
    const pressed = held ?? [];
    held = null;
    for (const key of pressed) {
      const box = document.activeElement ?? document.body;
      const isText = box.matches("input:not([type=radio], [type=checkbox]), textarea");
      const isBack = key === "Backspace";
      if (isText && (isBack || key.length === 1)) {
        box.setRangeText(isBack ? "" : key, Math.max(0, box.selectionStart - isBack), box.selectionEnd, "end");
        box.dispatchEvent(new Event("input", { bubbles: true }));
      } else if (isText || box.closest("dialog")) box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }
  }

  // ---- asking the server
  const PATIENCE_MS = 30000; // what hangs for longer counts as lost; a file that is sent may take its time
  /** What the server answers. When it wants a log-in first, or has another token for forms, it is asked once more. */
  async function ask(url, options = {}, isAgain = false) {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const headers = { "HX-Request": "true", ...options.headers };
    if (options.method) headers["X-CSRFToken"] = $("meta[name=csrf]").content;
    options.body?.delete?.("csrfmiddlewaretoken"); // the page's is of now
    const answer = await fetch(url, { credentials: "same-origin", signal, ...options, headers });
    const isRefused = answer.status === 401 || (answer.status === 403 && options.method);
    if (isAgain || !isRefused) return answer;
    return await (await load("session")).admit() ? ask(url, options, true) : answer;
  }
  function parsed(html) {
    const part = document.createElement("template");
    part.innerHTML = html;
    return part.content;
  }
  let isLeaving = false; // what the next page says is said once: going there twice would lose it
  addEventListener("pagehide", () => { isLeaving = false; });
  /** A fragment of a page. Raises when there is none; a merged customer's page is left for the right one. */
  async function fetchPart(url) {
    const answer = await ask(url);
    if (answer.status === 409 && !isLeaving) { isLeaving = true; location.assign(answer.headers.get("HX-Location") + ($("#answer:focus") ? "#answer" : "")); }
    if (!answer.ok) throw new Error(`${answer.status} from ${url}`);
    return parsed(await answer.text());
  }
  /** Posts the fields as a form does; the answer is the browser's. */
  const post = (url, fields = {}) => ask(url, { method: "POST", body: new URLSearchParams(fields) });

  // ---- moving about
  function toggleSide(open = !$("#side")?.classList.contains("open")) {
    const [side, toggle] = [$("#side"), $(".side-toggle")];
    if (!side || !toggle || !matchMedia("(max-width: 80rem)").matches) return false;
    side.classList.toggle("open", open);
    toggle.setAttribute("aria-expanded", String(open));
    if (open) $(".side-close", side).focus(); else if (side.contains(document.activeElement)) toggle.focus();
    return true;
  }

  const pane = (name) => load("panes").then(({ toggle }) => toggle(name));
  const toggleDetails = () => toggleSide() || pane("side");

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
      const stops = "#tl .entry:not(.folded) article, #tl .fold-line button";
      const entries = $$(stops);
      const here = document.activeElement.closest(stops);
      step(here ? entries : entries.slice(by > 0 ? 0 : -1), here, by);
    } else step($$(".row a, .pair a, [data-hit]"), document.activeElement?.closest("a") ?? current(), by);
  }

  // ---- keys and clicks
  const use = (module, name) => (element) => load(module).then((used) => used[name](element));
  const actions = {
    help: () => $("#help").showModal(), side: toggleDetails, close: (button) => button.closest("dialog").close(),
    print: () => print(), dismiss: (button) => button.closest("[data-toast]").remove(),
    latest: use("timeline", "latest"),
    theme: use("switches", "nextTheme"), copy: use("switches", "copy"), keys: use("switches", "keys"),
  };
  let isReplying; // the keys wait for the reply box
  function reply() {
    isReplying = $(".compose-wait a");
    if (isReplying) return hold();
    $("#answer")?.focus();
    $("#answer")?.setSelectionRange(-1, -1);
    release();
  }
  if (location.hash === "#answer") reply();
  const keys = {
    j: () => move(1), k: () => move(-1), J: () => openBy(1), K: () => openBy(-1), r: reply, f: () => $("#find")?.focus(),
    x: use("choosing", "toggle"), G: actions.latest, u: use("unread", "next"), U: use("unread", "markUnread"),
    "[": () => pane("queue"), "]": toggleDetails, "?": actions.help, "g i": () => $("[data-go=i]").click(), "g w": () => $("[data-go=w]").click(),
  };
  /** The last one that can be seen; of hidden ones the first. */
  const declared = (combination) => {
    const found = $$("[data-key]").filter(({ dataset }) => dataset.key === combination);
    return found.filter((element) => element.checkVisibility()).at(-1) ?? found[0];
  };
  // Single keys are the member's own choice, kept by the server: off, or others than ours.
  const shell = $(".shell")?.dataset;
  if (shell) localStorage.keys = shell.keys;
  const meaning = JSON.parse(shell?.meaning ?? "{}");
  /** A click, as soon as htmx has taken the link over: before, it would leave the page. */
  function press(element) {
    const isComing = document.readyState !== "complete" || window.htmx;
    if (isComing && element.isConnected && element.matches("[hx-get]:not([data-htmx-powered])")) setTimeout(press, 20, element);
    else element.click();
  }
  let prefix = "";
  function onKey(event) {
    const { key, isComposing } = event;
    if (key === "Escape" && !$("#help")?.open && toggleSide(false)) return;
    if (event.altKey || isComposing || event.getModifierState?.("AltGraph")) return;
    if (event.ctrlKey || event.metaKey) { onChord(event); return; }
    if (held && /^(.|Enter|Backspace|Arrow(Down|Up))$/.test(key)) {
      held.push(key);
      event.preventDefault();
      return;
    }
    const isTyping = "input:not([type=radio], [type=checkbox]), textarea, select, dialog, [contenteditable]";
    if (event.target.closest(isTyping)?.checkVisibility() || localStorage.keys === "off") return; // a closed dialog keeps the focus for a moment
    const pressed = prefix ? `${prefix} ${key}` : key;
    const combination = meaning[pressed] ?? pressed;
    const element = declared(combination);
    const chosen = element && $(":checked", element); // of a group the chosen one is turned to
    const action = element ? () => (chosen ? chosen.focus() : press(element)) : keys[combination];
    prefix = key === "g" && !prefix ? "g" : "";
    if (prefix) setTimeout(() => { prefix = ""; }, 1500);
    if (!action || !$(".shell")) return;
    event.preventDefault();
    if (element && event.repeat) return; // a key held down does it once
    if (element?.matches('[hx-get][hx-target="#sheet"]')) hold();
    action(event.target);
  }
  /** Ctrl or Cmd with a key: `data-key="Ctrl+k"`, everywhere, also while typing and with single keys off. */
  function onChord(event) {
    const element = declared(`Ctrl+${event.shiftKey ? "Shift+" : ""}${event.key.toLowerCase()}`);
    if (!element) return;
    event.preventDefault();
    if (element.getAttribute("hx-target") === "#sheet") hold();
    press(element);
  }
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do], [data-copy], [data-copy-from], a[data-module], button[data-module]");
    if (!button || event.defaultPrevented) return;
    if (!button.dataset.module) { actions[button.dataset.do ?? "copy"]?.(button); return; }
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    run(button);
  });

  // ---- after each swap by htmx
  document.addEventListener("htmx:after:swap", (event) => {
    attach();
    if (isReplying) reply();
    const sheet = $("#sheet");
    const { target, swap } = event.detail?.ctx ?? {};
    if (target !== sheet || !sheet || swap === "none") return; // none: it failed, which is said elsewhere
    if ($("[data-done]", sheet)) { sheet.close(); sheet.replaceChildren(); } else if (!sheet.open) sheet.showModal();
    release();
  });
  /** What was asked for came to nothing: why is said where it was asked, with the way to ask again. */
  const fail = ({ detail }) => {
    held = null;
    if (detail.ctx?.request) load("faults").then(({ tell }) => tell(detail.ctx), () => announce(say("off")));
  };
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    const { status } = ctx.response;
    if (status !== 401 && !(status === 403 && ctx.request.method !== "GET")) return;
    event.preventDefault(); // else the address would be that of what was refused
    load("session").then(({ again }) => again(ctx, () => fail(event)));
  });
  for (const name of ["htmx:response:error", "htmx:error"]) document.addEventListener(name, fail);
  // had at the first touch: when it is needed the connection may be gone
  const warm = () => { for (const name of $(".divider") ? ["faults", "panes"] : ["faults"]) load(name).catch(() => {}); };
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, warm, { once: true });

  /** How far the timeline is scrolled up, as it told itself: asking at another time lays the page out. */
  const scrolls = new WeakMap();
  function scrolled(tl = $("#tl")) {
    if (tl && !scrolls.has(tl)) scrolls.set(tl, Math.abs(tl.scrollTop));
    return scrolls.get(tl) ?? 0;
  }
  const onScroll = ({ target }) => { if (target.id === "tl") { scrolls.delete(target); scrolled(target); } };
  document.addEventListener("scroll", onScroll, { capture: true, passive: true });

  const hub = {
    $, $$, now, say, fill, wait, keep, announce, load, ask, post, fetchPart, parsed, customer, shownProfile, scrolled,
    step, move, toggleSide, actions, keys, meaning, hold, release, current,
  };
  window.hub = hub;
  document.addEventListener("DOMContentLoaded", attach);
})();
