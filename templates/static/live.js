"use strict";
// What happens elsewhere appears here: one event stream for all tabs of the browser, which says what to pull.
(() => {
  const { $, $$, say, wait, customer, shownProfile, load } = window.hub;
  const due = { all: false, entries: false, rows: new Set() };

  function note(id) {
    due.rows.add(String(id));
    if (String(id) === shownProfile()) due.entries = true;
  }

  async function pull() {
    try {
      const { pullDue } = await load("pulls");
      if (await pullDue(due)) bar(!navigator.onLine);
    } catch (error) {
      due.all = due.entries = true; // the next event, heartbeat or poll tries again
      if (error.constructor !== Error) bar(true); // nothing came, or not in time
    }
  }

  // ---- no connection: said with how long it has been; what was sent meanwhile waits for its end
  const lost = { since: 0, ticking: 0 };
  function tellLost() {
    const seconds = Math.round((Date.now() - lost.since) / 1000);
    const time = seconds < 60 ? say("seconds", { n: seconds }) : say("minutes", { n: Math.floor(seconds / 60) });
    $("#offline-for").textContent = say("lost", { time });
  }
  function bar(isLost) {
    $("#offline").hidden = !isLost;
    if (isLost && !lost.since) {
      lost.since = Date.now();
      lost.ticking = setInterval(() => { tellLost(); if (navigator.onLine && (Date.now() - lost.since) % 5000 < 1000) pullAll(); }, 1000);
      tellLost();
    }
    if (!isLost && lost.since) {
      clearInterval(lost.ticking);
      lost.since = 0;
      document.dispatchEvent(new Event("hub:back"));
    }
    if (isLost) setState("off"); else if (state === "off") setState(stream.state);
  }

  // ---- the live stream: one tab of the browser holds it, and tells the others
  let stream = { state: "wait" };
  let state = "wait";

  function setState(name) {
    if (state === name) return;
    state = name;
    const chip = $("#status");
    if (!chip) return;
    chip.dataset.state = name;
    chip.title = say(`${name}Why`);
    $(".status-word", chip).textContent = say(name);
  }

  function hear(message, was) {
    if (message.isSilent) { pullAll(); return; }
    if (message.state) {
      if (!message.opened && was !== message.state && $("#rows")) due.all = true; // a tab that joins late
      setState(navigator.onLine ? message.state : "off");
    }
    // who only browses moves in no queue: a busy shop would otherwise make every open page pull all the time
    const isBrowsing = ["page_view", "custom"].includes(message.k) && String(message.c) !== shownProfile();
    if (message.c && !isBrowsing) note(message.c);
    if (message.head && $$("#customer, #rows, [data-empty-hub]").some(({ dataset }) => message.head >= parseInt(dataset.cursor))) due.all = true;
    if (message.k === "gone") document.getElementById(`e-${message.e}`)?.remove(); // taken back before it left
    document.dispatchEvent(new CustomEvent("hub:told", { detail: message }));
    if (due.all || due.rows.size) pull();
  }
  const tell = (message) => (stream.tell ?? hear)(message);
  const join = () => load("stream").then((there) => { stream = Object.assign(there, { hear }); }, () => setTimeout(join, 5000));
  join();
  const pullAll = () => { due.all = true; pull(); };
  const poll = () => { if (stream.state === "poll" && !document.hidden) pullAll(); };
  setInterval(poll, 20000);
  addEventListener("offline", () => bar(true));
  addEventListener("online", pullAll);
  document.addEventListener("visibilitychange", poll);
  // what this page itself did to customers, and rows whose answer is due, or overdue, by the minute
  const changed = (ids) => { ids.forEach(note); if (ids.length) pull(); };
  document.addEventListener("hub:changed", ({ detail }) => changed(detail.ids));
  setInterval(() => { if (!document.hidden) changed($$(".row:has([data-ago=left]), #customer:has(.due)").map(({ dataset }) => dataset.profile)); }, 60000);
  document.addEventListener("change", ({ target }) => { if (target.matches(".row-check input")) load("choosing"); });
  document.addEventListener("htmx:error", () => bar(true));

  // ---- another customer is opened, more of one is shown
  function showFound() {
    const found = document.getElementById(customer()?.dataset.found);
    if (found) { found.scrollIntoView({ block: "center" }); $("article", found)?.focus({ preventScroll: true }); }
  }
  let toward = null; // whose page is on its way: the next key goes on from there
  function markCurrent() {
    const profile = toward?.closest(".row")?.dataset.profile ?? shownProfile();
    for (const { firstElementChild: link, dataset } of $$(".row")) {
      link[dataset.profile === profile ? "setAttribute" : "removeAttribute"]("aria-current", "true");
    }
  }
  const head = (from, to) => { if (toward === from) { toward = to; markCurrent(); } };
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => { if (ctx.sourceElement.matches(".row a")) head(toward, ctx.sourceElement); });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => head(ctx.sourceElement, null));
  let opened = shownProfile();
  addEventListener("load", showFound);
  /** Whoever stays with a customer for a moment is seen there; who only passes by is not. */
  const look = () => setTimeout(() => { if (customer()) load("presence").catch(() => {}); }, 1500);
  look();
  const showNews = () => { if (Number(customer()?.dataset.unread)) load("unread").catch(() => {}); };
  showNews();
  document.addEventListener("hub:show", ({ detail }) => load("timeline").then(({ mergeEntries }) => mergeEntries(detail)));
  document.addEventListener("focusin", ({ target }) => { if (target.closest("#tl article, #narrow")) load("story").catch(() => {}); });
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    if (/^(older|newer)$/.test(detail?.ctx?.target?.id)) load("timeline").then(({ join }) => join());
    if (shownProfile() === opened) return;
    opened = shownProfile();
    document.dispatchEvent(new CustomEvent("hub:opened"));
    look();
    showNews();
    markCurrent();
    if (document.activeElement?.offsetParent === null || document.activeElement === document.body) $("#tl")?.focus();
  });
  const connection = { isLost: () => Boolean(lost.since), back: () => new Promise((end) => { document.addEventListener("hub:back", end, { once: true }); }) };
  Object.assign(window.hub, { markCurrent, tell, connection });

  // ---- the reply box comes alive when somebody turns to it
  let awake = null;
  const wakes = ({ type, target }) => target.closest?.(type === "dragenter" ? "#customer" : "#compose, [data-again], [data-reuse], [data-compose], [data-box]");
  function wake() {
    awake ??= load("composer").then(() => { awake.isDone = true; }, () => { awake = null; });
    return awake;
  }
  function onTurn(event) {
    if (awake?.isDone || !wakes(event)) return;
    const { type, target, key, ctrlKey, metaKey, shiftKey } = event;
    const sends = type === "keydown" && key === "Enter" && (ctrlKey || metaKey);
    if (type === "click" || type === "submit" || sends) { event.preventDefault(); event.stopPropagation(); }
    if (type === "click") window.hub.hold(); // what is typed meanwhile is meant for the box
    wake().then(() => {
      if (sends) target.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true }));
      if (type === "click") { target.closest("a, button, label, input, textarea")?.click(); if (!target.closest("[data-box]")) window.hub.release(); }
      if (type === "submit" && awake) target.requestSubmit();
      if (type === "input" || type === "change") target.dispatchEvent(new Event(type, { bubbles: true }));
    });
  }
  document.addEventListener("keydown", (event) => { // a channel is chosen: on to the text
    if (event.key === "Enter" && event.target.matches("#reach input")) { event.preventDefault(); $("#answer").focus(); }
  });
  for (const name of ["focusin", "pointerdown", "dragenter", "input", "change", "keydown", "click", "submit"]) document.addEventListener(name, onTurn, { capture: true });
  const concerns = { "hub:entries": ({ arrived }) => arrived, "hub:told": ({ drafted }) => drafted && drafted === shownProfile() };
  for (const [name, isMine] of Object.entries(concerns)) document.addEventListener(name, ({ detail }) => {
    if (!awake && isMine(detail)) wake().then(() => document.dispatchEvent(new CustomEvent(name, { detail })));
  });
  document.addEventListener("htmx:after:swap", () => { if ($("#answer")?.value) wake(); });
})();
