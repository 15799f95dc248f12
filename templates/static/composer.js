"use strict";
// The reply box: where the answer goes, how long it is, drafts, sending without waiting, and what a colleague did meanwhile.
// The form works without it; then sending loads a page. Files and the lists behind / and @ are modules of their own.
(() => {
  const { $, $$, fill, ask, parsed, load, hold, release, shownProfile: profile } = window.hub;
  const box = () => $("#box");
  const area = () => $("#answer");
  const chosen = () => $("#reach input:checked");
  const isNote = () => Boolean(box()?.elements.note);
  const { lang } = document.documentElement;
  const drafts = new Map(); // what the server has not taken yet, by customer, while the page is open
  const uuid = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // randomUUID wants HTTPS
  let seen = null; // the newest entry when the agent began to write: what came after may be news to them
  const write = (url, body, more) => ask(url, { method: "POST", body, ...more });

  const newestShown = () => Math.max(0, ...$$("#tl .entry[id^='e-']").map(({ id }) => Number(id.slice(2)) || 0)) || null;

  const isWritten = () => Boolean(area().value.trim() || $("#files li"));
  function count() {
    const said = $("#count");
    const { longest = 200000, channel, takesText = "1" } = chosen()?.dataset ?? {};
    const text = area().value;
    const over = [...text].length - Number(longest);
    const texts = box().dataset;
    const hasGap = /⟦.*?⟧/.test(text);
    if (over > 0) said.textContent = fill(texts.over, { n: over });
    else if (hasGap) said.textContent = texts.gap;
    else if (channel === "sms" && text) {
      load("texting").then(({ tell }) => { if (area()?.value === text && !said.matches(".over")) said.textContent = tell(text, texts); });
    } else said.textContent = over > -200 && text ? fill(texts.left, { n: -over }) : "";
    said.classList.toggle("over", over > 0 || hasGap);
    $("#send").disabled = !isWritten() || over > 0 || hasGap || !takesText || Boolean($("#files .bad, #files .busy"));
  }

  // ---- drafts: on the server, 0.8 s after the last key and at least every 3 s
  let dirtySince = 0;
  let timer = 0;
  function touched() {
    dirtySince ||= Date.now();
    $("#saved").textContent = "";
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(800, dirtySince + 3000 - Date.now())));
    const detail = { profile: profile(), channel: isNote() ? "note" : chosen()?.dataset.channel, word: chosen()?.dataset.word };
    document.dispatchEvent(new CustomEvent("hub:typing", { detail }));
  }
  async function save(more = {}, keepalive = false) {
    const form = box();
    clearTimeout(timer);
    if (!form || !dirtySince || !$("#tl")) return;
    const since = dirtySince;
    dirtySince = 0;
    const fields = new FormData(form);
    for (const [name, value] of Object.entries(more)) fields.set(name, value);
    try {
      const answer = await write(form.dataset.draft, fields, { keepalive });
      if (!answer.ok) throw new Error(answer.status);
      if (form === box() && !dirtySince) $("#saved").textContent = isWritten() ? form.dataset.saved : "";
    } catch { if (form === box()) { dirtySince ||= since; timer = setTimeout(save, 5000); } }
  }
  addEventListener("visibilitychange", () => { if (document.hidden) save({}, true); });
  addEventListener("pagehide", () => save({}, true));

  // ---- where it goes
  function choose() {
    const input = chosen();
    if (!input) { count(); return; }
    for (const about of $$("#reach .about")) about.hidden = about.dataset.about !== input.value;
    $("#send-word").textContent = fill(box().dataset.send, { channel: input.dataset.word });
    $(".paper", box()).className = `paper ch-${input.dataset.channel}`;
    count();
  }

  /** The box as the server has it now; what is written in it comes from the server's draft. */
  async function open(url, { focus = "#answer", text = null } = {}) {
    const [place, form, was] = [box()?.parentElement ?? $("#compose"), box(), area()?.value];
    const answer = await ask(url);
    const fresh = await answer.text();
    if (!answer.ok || form !== box()) return;
    const typed = area()?.value; // meanwhile: that goes along
    if (typed !== was) text = typed;
    if (focus && document.activeElement === area()) focus = "#answer";
    place.innerHTML = fresh;
    window.htmx?.process(place);
    start();
    if (text !== null) area().value = text;
    count();
    area()?.setSelectionRange(area().value.length, area().value.length);
    if (focus) $(focus)?.focus();
  }

  let settling = 0;
  /** A text goes along to another address, unless something was begun there; then both stay where they are. */
  async function settle() {
    const [input, form] = [chosen(), box()];
    if (!input || input.value === form.dataset.home) return;
    const isCarried = isWritten() && !input.dataset.begun;
    if (isCarried) { dirtySince ||= 1; await save({ moved_from: form.dataset.home }); }
    else await save({ channel_identity: form.dataset.home });
    const focus = $("#reach").contains(document.activeElement) ? "#reach input:checked" : "#answer";
    await open(`${form.dataset.composer}?channel_identity=${input.value}`, { focus, text: isCarried ? area().value : null });
  }

  function tellWindows() {
    if (!box()) return;
    for (const window of $$("[data-until]", box())) {
      const minutes = Math.floor((new Date(window.dataset.until) - Date.now()) / 60000);
      const unit = (n, name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "short" }).format(n);
      const time = [minutes >= 60 && unit(Math.floor(minutes / 60), "hour"), unit(minutes % 60, "minute")].filter(Boolean).join(" ");
      const texts = box().dataset;
      $("span", window).textContent = minutes < 0 ? texts.closed : fill(minutes < 120 ? texts.ends : texts.window, { time });
      window.classList.toggle("soon", minutes < 120);
      if (minutes < 0) refresh();
    }
  }
  setInterval(tellWindows, 30000);

  let refreshing = false;
  /** The addresses as they stand now; the text, and the choice as long as there is a text, stay. */
  async function refresh() {
    if (refreshing || !box() || isNote()) return;
    refreshing = true;
    try {
      const [form, keeps] = [box(), isWritten() ? `?channel_identity=${chosen().value}` : ""];
      const answer = await ask(form.dataset.composer + keeps);
      if (!answer.ok || form !== box()) return;
      const part = parsed(await answer.text());
      const [fresh, old] = [$("#reach", part), $("#reach")];
      if (!fresh || old.contains(document.activeElement)) return;
      if ($("#box", part).dataset.home !== form.dataset.home) { // they wrote on another channel, nothing is begun
        if (!isWritten()) await open(form.dataset.composer, { focus: document.activeElement === area() ? "#answer" : "" });
        return;
      }
      old.replaceWith(fresh);
      choose();
      tellWindows();
    } catch { /* offline: the next event tries again */ } finally { refreshing = false; }
  }
  let due = 0;
  document.addEventListener("hub:entries", ({ detail }) => {
    if (!detail.arrived) return;
    clearTimeout(due);
    due = setTimeout(refresh, 400);
  });

  // ---- sending
  function show(html) { if ($("#said")) $("#said").innerHTML = html; }
  function complain(words) {
    $("#said").replaceChildren(Object.assign(document.createElement("div"), { className: "note refused", textContent: words }));
  }

  /** The message as it will stand, until the server's own comes. */
  function pending(text, key) {
    const item = document.createElement("li");
    item.className = `entry message out pending ${isNote() ? "noting" : `ch-${chosen()?.dataset.channel}`}`;
    item.id = `pending-${key}`;
    const bubble = Object.assign(document.createElement("div"), { className: "bubble" });
    const files = $$("#files .file-chip-name").map((name) => name.textContent);
    const words = Object.assign(document.createElement("p"), { className: "text", dir: "auto", textContent: [text, ...files].filter(Boolean).join("\n") });
    const meta = Object.assign(document.createElement("p"), { className: "meta", textContent: box().dataset.sending });
    bubble.append(words, meta);
    const article = document.createElement("article");
    article.append(bubble);
    item.append(article);
    const list = $$("#tl-in .day .entries").at(-1);
    list?.append(item);
    $("#tl")?.scrollTo({ top: 0 });
    return item;
  }

  async function post(url, body) {
    const answer = await write(url, body);
    return { status: answer.status, html: await answer.text() };
  }

  /** The entries take their place, and what can be taken back says so for as long as it can. */
  function place(html) {
    const part = parsed(html);
    document.dispatchEvent(new CustomEvent("hub:show", { detail: $$(".day", part) }));
    const toast = $(".toast", part);
    if (!toast) return;
    $("#toasts").append(toast);
    const [home, words] = [profile(), box()?.dataset.held];
    load("undoing").then((undoing) => undoing.hold(toast, home, words));
  }

  let waiting = 0;
  /** Without a connection the message waits for it and is asked for again: its key makes it one message. */
  async function patiently(sending, item) {
    const { connection } = window.hub;
    for (;;) {
      try { return await sending(); } catch (error) {
        if (!connection?.isLost()) throw error;
        $(".meta", item).textContent = window.hub.say("waits");
        waiting += 1;
        await connection.back();
        waiting -= 1;
      }
    }
  }
  addEventListener("beforeunload", (event) => { if (waiting) event.preventDefault(); });

  /** The text is on its way at once and comes back if it cannot be sent; a repeated click is the same message. */
  async function send({ lastSeen = seen ?? newestShown(), isLast = false } = {}) {
    const [form, home] = [box(), profile()];
    if (!form || $("#send").disabled) return;
    const { key, replaces } = form.elements;
    const [text, fields, files] = [area().value, new FormData(form), [...$("#files").children]];
    const wasPlain = !files.length && !form.elements.subject;
    fields.set("last_seen_entry", lastSeen ?? "");
    const item = pending(text, key.value);
    clearTimeout(timer);
    dirtySince = 0;
    area().value = "";
    $("#saved").textContent = "";
    for (const file of files) file.remove();
    show("");
    count();
    let told;
    try { told = await patiently(() => post(form.action, fields), item); } catch { told = { status: 0 }; }
    item.remove();
    if (told.status === 201) {
      if (profile() === home) place(told.html);
      if (form === box()) {
        key.value = uuid();
        replaces.value = "";
        seen = area().value ? newestShown() : null;
        if (!wasPlain && !isWritten()) open(`${form.dataset.composer}?channel_identity=${form.dataset.home}`, { focus: document.activeElement === area() ? "#answer" : "" });
        if (isLast) $("[data-key=e]")?.click();
      }
      return;
    }
    if (form !== box()) { drafts.set(home, text); return; } // the agent went on: the text waits there
    area().value = area().value ? `${text}\n${area().value}` : text;
    $("#files").prepend(...files);
    if ([409, 422].includes(told.status)) show(told.html); else complain(form.dataset.lost);
    touched();
    count();
    area().focus();
  }

  async function again(button) {
    button.disabled = true;
    try {
      const told = await post(button.dataset.again, new URLSearchParams({ last_seen_entry: "" }));
      if (told.status === 201) { place(told.html); return; }
      show(told.html);
    } catch { show(""); }
    button.disabled = false;
  }

  /** A failed text comes back into the box, on the next address that takes it. */
  function reuse({ dataset }) {
    if (!box() || isNote()) return;
    area().value = $(`#e-${dataset.reuse} .text`)?.textContent ?? "";
    box().elements.replaces.value = dataset.reuse;
    const other = $$("#reach input").find((input) => input.dataset.takesText && !input.checked);
    if (other) { other.checked = true; choose(); } else count();
    area().focus();
  }

  // ---- files and lists, which come with their first use
  async function addFiles(list) {
    const files = [...list]; // the event's own list is empty by the time the module is here
    (await load("files")).add(files, box());
  }
  /** What stands before the caret: a / that begins a word calls for snippets, in a note an @ for colleagues. */
  async function suggest() {
    const { selectionStart: at, value } = area();
    const found = (isNote() ? /(?:^|\s)([@/])([^\n/@]{0,40})$/u : /(?:^|\s)(\/)([^\n/]{0,40})$/u).exec(value.slice(0, at));
    if (!found && !$("#picker")) return;
    const url = found && (found[1] === "@" ? box().dataset.names : `${box().dataset.snippets}?channel_identity=${box().dataset.home}`);
    (await load("picker")).update(area(), found && { url, typed: found[2], from: at - found[2].length - 1 });
  }

  // ---- events
  document.addEventListener("submit", (event) => {
    const { target } = event;
    if (target.dataset.undo) { event.preventDefault(); load("undoing").then(({ undo }) => undo(target, { post, save, open, box, mark: () => { seen = newestShown(); } })); }
    if (!$("#tl")) return;
    if (target.id === "box") { event.preventDefault(); send(); }
    if (target.dataset.sends) { event.preventDefault(); sendSheet(target); }
  });
  /** A template from its sheet: the answer stands there if it is no. */
  async function sendSheet(form) {
    const fields = new FormData(form);
    fields.set("last_seen_entry", newestShown() ?? "");
    const told = await post(form.action, fields);
    if (told.status === 201) { form.closest("dialog").close(); place(told.html); refresh(); } else $("[data-said]", form).innerHTML = told.html;
  }
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#box") || event.target.matches("#reach input, #pick")) return;
    if (event.target.id === "answer") {
      if (!isWritten()) seen = null; else seen ??= newestShown();
      suggest();
    }
    touched();
    count();
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("#reach input")) { choose(); clearTimeout(settling); settling = setTimeout(settle, 200); }
    if (target.id === "pick") { addFiles(target.files); target.value = ""; }
  });
  for (const name of ["dragover", "drop", "paste"]) {
    document.addEventListener(name, (event) => {
      const { items, files } = event.dataTransfer ?? event.clipboardData ?? {};
      const hasFiles = files?.length || [...items ?? []].some(({ kind }) => kind === "file");
      if (!hasFiles || !box() || !$("#pick") || !(name === "paste" ? event.target.id === "answer" : event.target.closest?.("#customer"))) return;
      event.preventDefault();
      if (name !== "dragover") addFiles(files);
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "answer" || event.isComposing || event.defaultPrevented) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if ($("#tl")) send({ isLast: event.shiftKey }); else box().requestSubmit();
    }
    if (event.key === "Escape") { event.preventDefault(); $("#tl")?.focus(); }
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-again], [data-reuse], [data-compose], [data-box], [data-unfile]");
    if (!button) return;
    const { again: isAgain, reuse: isReuse, box: isBox, unfile: isUnfile } = button.dataset;
    if (isUnfile !== undefined) { button.closest("li").remove(); touched(); count(); area().focus(); return; }
    if (isBox !== undefined) {
      if (!$("#tl") || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      hold(); // what is typed meanwhile belongs into the box
      if (button.hasAttribute("aria-current")) area().focus(); else { await save(); await open(button.href); }
      release();
      return;
    }
    if (isAgain) { again(button); return; }
    if (isReuse) { reuse(button); return; }
    const newest = button.closest("[data-newest]")?.dataset.newest;
    show("");
    if (button.dataset.compose === "anyway") send({ lastSeen: Number(newest) }); else { seen = Number(newest); area().focus(); }
  });
  document.addEventListener("htmx:before:swap", (event) => {
    if (event.detail?.ctx?.target?.id !== "work" || !dirtySince) return;
    if (!isNote()) drafts.set(profile(), area().value);
    save({}, true).then(() => { if (!dirtySince) drafts.clear(); });
  });
  function start() {
    if (!box() || box().dataset.started) return;
    box().dataset.started = "1";
    dirtySince = 0;
    const kept = drafts.get(profile());
    if (kept && !isNote()) { area().value = kept; drafts.delete(profile()); touched(); }
    seen = isWritten() ? newestShown() : null;
    if (/Mac|iP(hone|ad)/.test(navigator.platform)) $(".send-keys").textContent = "⌘ ⏎";
    choose();
    tellWindows();
  }
  document.addEventListener("htmx:after:swap", start);
  start();
})();
