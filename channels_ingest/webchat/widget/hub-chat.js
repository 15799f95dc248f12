// The chat on a customer's site: one custom element, no dependency, nothing but fetch to the hub it was loaded from.
// Served without its comments and spaces by channels_ingest.webchat.serving; at most 6 kB gzipped, English words only.
(() => {
  const site = document, script = site.currentScript, { key, theme, locale } = script.dataset;
  const hub = new URL(script.src).origin, name = "hub-chat " + key;
  const tongue = locale || site.documentElement.lang || navigator.language;
  const wording = {
    chat: "Chat", close: "Close", title: "Chat with us", write: "Write a message", hello: "Hello!", sending: "…",
  }; // the others come with the session

  // ---- what lasts: v visitor token, id visitor, p proved, w wrote, q own messages not back yet, s seen until, d draft, o open
  let memory = {};
  const load = (box, otherwise) => { try { return JSON.parse(box()[name] || "{}"); } catch { return otherwise; } };
  const save = (box, value) => { try { box()[name] = JSON.stringify(value); } catch { /* blocked: this page forgets when it closes */ } };
  const local = () => localStorage, tab = () => sessionStorage;
  const kept = () => (memory = load(local, memory)); // another tab may have written
  const keep = (change) => save(local, (memory = { ...kept(), ...change }));
  const queue = () => kept().q || [];
  const mark = (id, change) => { keep({ q: queue().map((each) => (each.id === id ? { ...each, ...change } : each)) }); show(); };

  // ---- elements
  const ICONS = {
    chat: "M21 12a8 8 0 0 1-12 7l-5 1 1-5a8 8 0 1 1 16-3z",
    close: "M6 6l12 12M18 6 6 18",
    send: "M12 19V5l-6 6m6-6 6 6",
    done: "M5 12l5 5 9-9",
    add: "M12 5v14M5 12h14",
  };
  const element = (tag, attributes = {}, ...children) => {
    const made = site.createElement(tag);
    for (const attribute in attributes) made.setAttribute(attribute, attributes[attribute]);
    made.append(...children);
    return made;
  };
  const icon = (shape) => {
    const space = "http://www.w3.org/2000/svg", svg = site.createElementNS(space, "svg"), path = site.createElementNS(space, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    path.setAttribute("d", ICONS[shape]);
    svg.append(path);
    return svg;
  };
  const button = (look, shape, act) => Object.assign(element("button", { class: look }, icon(shape)), { onclick: act });
  const badge = element("b"), go = button("go", "chat", () => (isOpen() ? closePanel() : openPanel()));
  const title = element("h2", { id: "h", dir: "auto" }), news = element("p", { dir: "auto" }), shut = button("x", "close", () => closePanel());
  const list = element("div", { class: "log", role: "log", "aria-live": "off", "aria-labelledby": "h", tabindex: 0 });
  const box = element("textarea", { rows: 1, maxlength: 4000, dir: "auto" }), sendButton = button("s", "send");
  const clip = button("x", "add", () => more());
  const form = element("form", {}, clip, box, sendButton), live = element("div", { class: "v", "aria-live": "polite" });
  const panel = element("section", { role: "dialog", "aria-labelledby": "h" }, element("header", {}, element("div", {}, title, news), shut), list, form);
  const host = site.createElement("hub-chat");
  const isOpen = () => !panel.hidden;
  const isSmall = () => innerWidth <= 480;
  const label = () => {
    title.textContent = wording.title;
    for (const [made, words] of [[shut, wording.close], [sendButton, wording.send], [box, wording.write], [clip, wording.file]]) made.setAttribute("aria-label", words || "");
    box.placeholder = wording.write;
  };

  // ---- the session
  let session, opening, proof;
  const hold = (fresh) => {
    save(tab, (session = fresh));
    Object.assign(wording, fresh.texts);
    label();
  };
  hold(load(tab, {}));
  const here = () => ({ url: location.href, title: site.title, referrer: site.referrer });
  const call = (method, path, body, pass, signal) => fetch(`${hub}/chat/v1/${path}`, {
    method, signal, body: body && JSON.stringify(body),
    headers: { ...(pass && { authorization: `Bearer ${pass}` }), ...(body && { "content-type": "application/json" }) },
  });
  const read = (answer) => {
    if (answer.ok) return answer.status === 204 || answer.json();
    throw answer;
  };
  // Tabs take turns, so that they are one visitor.
  const pass = () => (session.until > Date.now() ? session.token
    : (opening ??= (navigator.locks?.request(name, begin) ?? begin()).finally(() => { opening = null; })));
  const ask = async (method, path, body, signal) => {
    const used = await pass();
    let answer = await call(method, path, body, used, signal);
    if (answer.status === 401) {
      if (session.token === used) hold({});
      answer = await call(method, path, body, await pass(), signal);
    }
    return read(answer);
  };
  const begin = async () => {
    const jwt = await proof?.(), body = { widget_key: key, visitor_token: kept().v, page: here(), locale: tongue };
    let answer = await call("POST", "sessions", { ...body, identity_jwt: jwt }, session.token);
    if (answer.status === 401) answer = await call("POST", "sessions", body);
    const opened = await read(answer), before = kept();
    if (before.id && before.id !== opened.visitor_id) { // somebody else sits here now
      forget();
      if (before.p) keep({ q: [] });
    }
    keep({ v: opened.visitor_token, id: opened.visitor_id, p: opened.identity === "verified", w: opened.has_written || queue().length > 0 });
    hold({ token: opened.session_token, until: Date.now() + opened.expires_in * 900, texts: opened.texts });
    if (opened.form) more(opened.form);
    show();
    return opened.session_token;
  };

  // ---- what is new
  const log = new Map(); // messages by id
  let since = "", latest = 0, failures = 0, writer = "", told, stop, nap, isRunning, isFlushing;
  const forget = () => { log.clear(); since = ""; list.replaceChildren(); };
  const wake = () => { failures = 0; stop?.abort(); nap?.(); show(); run(); };
  const run = async () => {
    if (isRunning) return;
    isRunning = 1;
    flush();
    while ((kept().w || isOpen()) && !site.hidden && navigator.onLine) {
      const isEager = () => isOpen() || Date.now() - latest < 18e5, began = Date.now();
      let rest;
      try {
        stop = new AbortController();
        const found = await ask("GET", `events?after=${since}&wait=${isEager() ? 25 : 0}`, undefined, stop.signal);
        failures = 0;
        take(found);
        // Where nobody holds the poll it is asked again soon, and a closed chat of yesterday now and then.
        rest = !isEager() ? 6e4 : found.reset || found.events.length || Date.now() - began > 900 ? 0 : 2e3;
      } catch (fault) {
        if (fault.status === 403 || fault.status === 404) break;
        failures++;
        rest = Math.min(3e4, 500 * 2 ** failures) * (0.5 + Math.random());
      }
      show();
      flush();
      if (rest) await new Promise((done) => { nap = done; setTimeout(done, rest); });
    }
    isRunning = 0;
  };
  const take = (found) => {
    if (found.reset) forget();
    since = found.cursor;
    for (const event of found.events) {
      if (event.type === "typing") {
        writer = event.agent || wording.chat;
        setTimeout(() => { writer = ""; show(); }, 6e3);
        continue;
      }
      if (event.agent !== undefined) {
        writer = "";
        if (!found.reset && !log.has(event.id)) live.textContent = `${event.agent} ${event.text}`;
      }
      log.set(event.id, event);
      latest = Math.max(latest, Date.parse(event.at));
    }
    const back = [...log.values()].map((event) => event.client_message_id);
    keep({ q: queue().filter((each) => !back.includes(each.id)) });
  };
  // What waits goes out in order, one at a time; what the hub will not take says so.
  const flush = async () => {
    if (isFlushing) return;
    isFlushing = 1;
    let next;
    while ((next = queue().find((each) => !each.sent && !each.bad))) {
      try {
        await ask("POST", "messages", { client_message_id: next.id, text: next.u ? "" : next.text, upload_ids: next.u, page: here() });
        mark(next.id, { sent: 1 });
      } catch (fault) {
        if (fault.status !== 409 && fault.status !== 422) break; // the poll tries again
        mark(next.id, { bad: 1 });
      }
    }
    isFlushing = 0;
  };

  // ---- showing
  const show = () => {
    const all = [...log.values()].filter((event) => event.agent !== undefined), newest = all.at(-1), isSeen = isOpen() && !site.hidden;
    if (newest) {
      const seen = isSeen ? "read" : "delivered";
      if (isSeen && kept().s !== newest.at) keep({ s: newest.at });
      if (told !== seen + newest.id) {
        told = seen + newest.id;
        ask("POST", "seen", { last: newest.id, state: seen }).catch(() => { told = ""; });
      }
    }
    const unread = all.filter((event) => event.at > (kept().s || "")).length;
    badge.textContent = unread || "";
    go.setAttribute("aria-label", unread ? `${wording.chat} (${unread})` : wording.chat);
    go.setAttribute("aria-expanded", isOpen());
    news.textContent = !navigator.onLine ? wording.offline : failures > 1 ? wording.lost : writer ? `${writer} ${wording.typing}`
      : [...new Set(all.map((event) => event.agent).filter(Boolean))].slice(-3).join(", ");
    if (isOpen()) arrange();
  };
  // What stands there already stays, so that nothing flickers and a selection holds.
  const arrange = () => {
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    const known = new Map([...list.children].map((made) => [made.name, made]));
    let place = 0;
    for (const [row, draw] of linesNow()) {
      const made = known.get(row) || Object.assign(draw(), { name: row });
      if (list.children[place] !== made) list.insertBefore(made, list.children[place]);
      place++;
    }
    while (list.children[place]) list.lastChild.remove();
    if (isAtEnd) list.scrollTop = 1e9;
  };
  // [what it says, how to draw it] of each row: a row is drawn anew when what it says changes.
  const linesNow = () => {
    const own = queue().map((each) => ({ ...each, at: new Date(each.at).toISOString(), mine: 1 }));
    const all = [...log.values()].sort((one, other) => (one.at < other.at ? -1 : 1)).concat(own);
    if (!all.length) return [[wording.hello, () => element("div", { class: "hi" }, icon("chat"), element("b", { dir: "auto" }, wording.hello), wording.stay || "")]];
    const made = [];
    all.forEach((message, place) => {
      const joins = (other) => other && other.agent === message.agent && Math.abs(Date.parse(other.at) - Date.parse(message.at)) < 18e4;
      const before = all[place - 1], isNext = joins(before), isFollowed = joins(all[place + 1]), at = new Date(message.at), day = at.toDateString();
      if (day !== (before && new Date(before.at).toDateString())) {
        made.push([day, () => element("time", {}, at.toLocaleDateString(tongue, { dateStyle: "medium" }))]);
      }
      made.push([JSON.stringify([message, isNext, isFollowed, navigator.onLine]), () => row(message, at, isNext, isFollowed)]);
    });
    return made;
  };
  const row = (message, at, isNext, isFollowed) => {
    const isMine = message.agent === undefined, words = message.revoked ? wording.gone : message.text;
    const parts = isMine ? [words] : words.split(/(https?:\/\/\S+[^\s.,;:!?)])/).map((part, place) => (
      place % 2 ? element("a", { href: part, target: "_blank", rel: "noopener" }, part) : part));
    const made = element("div", { class: (isMine ? "me" : "us") + (isNext ? " c" : "") });
    if (message.agent && !isNext) made.append(element("small", { dir: "auto" }, message.agent));
    if (!isMine && !isFollowed) made.append(element("i", { "aria-hidden": true }, message.agent ? message.agent.split(" ", 2).map((word) => [...word][0]).join("") : icon("chat")));
    made.append(element("p", { dir: "auto" }, ...parts));
    if (message.bad) {
      const retry = element("button", {}, wording.again);
      retry.onclick = () => { mark(message.id, { bad: 0 }); flush(); };
      made.append(element("small", { class: "bad" }, wording.failed, " ", retry));
    } else if (message.mine && !message.sent) made.append(element("small", {}, wording.sending));
    else if (!isFollowed) made.append(element("small", {}, at.toLocaleTimeString(tongue, { timeStyle: "short" }), isMine ? icon("done") : ""));
    return made;
  };

  // ---- opening, writing
  const turn = (isOn) => {
    panel.hidden = !isOn;
    host.toggleAttribute("open", isOn);
    panel.setAttribute("aria-modal", isSmall());
    keep({ o: isOn });
  };
  const openPanel = (isQuiet) => {
    turn(true);
    wake();
    list.scrollTop = 1e9;
    if (isQuiet !== true) box.focus();
  };
  const closePanel = () => {
    turn(false);
    show();
    go.focus();
  };
  const typed = () => {
    keep({ d: box.value });
    sendButton.setAttribute("aria-disabled", !box.value.trim());
    box.style.height = 0;
    box.style.height = `${box.scrollHeight}px`;
  };
  const submit = () => {
    const text = box.value.trim();
    box.focus();
    if (!text) return;
    box.value = "";
    typed();
    put(text);
  };
  // A message waits to go out; u are the ids of files that were uploaded for it.
  const put = (text, u) => {
    const id = `${Date.now()}${Math.random()}`; // one among this visitor's own
    keep({ w: 1, q: [...queue(), { id, text, u, at: Date.now() }] });
    show();
    list.scrollTop = 1e9;
    latest = Date.now();
    flush();
    run();
  };

  // What few need is a file of its own, named by its digest.
  const more = (lead) => import(`${hub}/chat/v1/more.${MORE}.js`).then((part) => part.default(lead, element, wording, list, form, ask, put, pass, hub, root));

  // ---- what the page may say
  let lastPage;
  const api = {
    open: openPanel, close: closePanel,
    // A token, or a function that gives a fresh one whenever a session begins.
    async identify(jwt) {
      let fresh = jwt;
      proof = typeof jwt === "function" ? jwt : () => { const once = fresh; fresh = undefined; return once; };
      if (!kept().w && !isOpen()) return;
      stop?.abort(); // its session ends with the log-in
      await begin().catch(() => {});
      wake();
    },
    async logout() {
      const ended = session.token;
      proof = null;
      save(local, (memory = {}));
      hold({});
      forget();
      box.value = "";
      stop?.abort();
      if (isOpen()) closePanel();
      typed();
      if (ended) await call("DELETE", "sessions", undefined, ended).catch(() => {});
    },
    page() {
      if (lastPage === location.href || (!kept().w && script.dataset.pages !== "all")) return;
      lastPage = location.href;
      ask("POST", "pages", { page: here() }).catch(() => {});
    },
  };

  customElements.define("hub-chat", class extends HTMLElement {});
  const sheet = new CSSStyleSheet(), root = host.attachShadow({ mode: "open" }), night = matchMedia("(prefers-color-scheme:dark)");
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  root.append(panel, go, live);
  go.append(badge);
  panel.hidden = true;
  host.lang = tongue;
  host.dir = /^(ar|fa|he|ur)/.test(tongue) ? "rtl" : "ltr";
  const paint = () => host.toggleAttribute("dark", theme ? theme === "dark" : night.matches);
  night.onchange = paint;
  paint();
  box.value = kept().d || "";
  box.oninput = typed;
  sendButton.setAttribute("aria-disabled", !box.value);
  box.onkeydown = (event) => {
    // With a touch keyboard Enter is the only way to a new line.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || matchMedia("(pointer:coarse)").matches) return;
    event.preventDefault();
    submit();
  };
  form.onsubmit = (event) => { event.preventDefault(); submit(); };
  panel.onkeydown = (event) => {
    if (event.key === "Escape") closePanel();
    if (event.key !== "Tab" || !isSmall()) return;
    const stops = [...panel.querySelectorAll("button,a,[tabindex],textarea")];
    if (root.activeElement !== stops.at(event.shiftKey ? 0 : -1)) return;
    event.preventDefault();
    stops.at(event.shiftKey ? -1 : 0).focus();
  };
  addEventListener("online", wake);
  addEventListener("offline", show);
  addEventListener("storage", show);
  site.addEventListener("visibilitychange", wake);
  const start = () => {
    site.body.append(host);
    if (kept().o && !isSmall()) openPanel(true);
    else wake();
    api.page();
  };
  if (site.body) start(); else addEventListener("DOMContentLoaded", start);
  window.hubChat = api;
})();
