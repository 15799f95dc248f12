"use strict";
// The reply box: where the answer goes, how long it is, sending without waiting, and what a colleague did meanwhile.
// The form works without it; then sending loads a page.
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fill = (text, values) => (text ?? "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  const box = () => $("#box");
  const area = () => $("#answer");
  const profile = () => $("#customer")?.dataset.profile;
  const chosen = () => $("#reach input:checked");
  const { lang } = document.documentElement;
  const drafts = new Map(); // by customer, while the page is open: nothing of a customer is kept in the browser
  const uuid = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // randomUUID wants HTTPS
  let seen = null; // the newest entry when the agent began to write: what came after may be news to them

  const newestShown = () => Math.max(0, ...$$("#tl .entry[id^='e-']").map(({ id }) => Number(id.slice(2)) || 0)) || null;

  // ---- length: GSM 03.38 counts 7 bits a character, and its extension twice; one other character makes all of it UCS-2
  const BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
  const EXTENDED = "\f^{}\\[~]|€";
  function segments(text) {
    let units = 0;
    for (const letter of text) {
      if (BASIC.includes(letter)) units += 1; else if (EXTENDED.includes(letter)) units += 2; else { units = -1; break; }
    }
    const [used, one, many] = units < 0 ? [text.length, 70, 67] : [units, 160, 153];
    const count = used <= one ? 1 : Math.ceil(used / many);
    return { used, count, most: count === 1 ? one : count * many };
  }

  function count() {
    const [input, said] = [chosen(), $("#count")];
    const { longest, channel, takesText } = input.dataset;
    const text = area().value;
    const over = [...text].length - Number(longest);
    const texts = box().dataset;
    if (over > 0) said.textContent = fill(texts.over, { n: over });
    else if (channel === "sms" && text) {
      const { used, most, count: n } = segments(text);
      said.textContent = `${fill(texts.units, { used, most })} · ${n === 1 ? texts.segment : fill(texts.segments, { n })}`;
    } else said.textContent = over > -200 && text ? fill(texts.left, { n: -over }) : "";
    said.classList.toggle("over", over > 0);
    $("#send").disabled = !text.trim() || over > 0 || !takesText;
  }

  // ---- where it goes
  function choose() {
    const input = chosen();
    for (const about of $$("#reach .about")) about.hidden = about.dataset.about !== input.value;
    $("#send-word").textContent = fill(box().dataset.send, { channel: input.dataset.word });
    $(".paper", box()).className = `paper ch-${input.dataset.channel}`;
    count();
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
    if (refreshing || !box()) return;
    refreshing = true;
    try {
      const [form, keeps] = [box(), area().value.trim() ? `?channel_identity=${chosen().value}` : ""];
      const answer = await fetch(form.dataset.composer + keeps, { headers: { "HX-Request": "true" } });
      if (!answer.ok || form !== box()) return;
      const part = document.createElement("template");
      part.innerHTML = await answer.text();
      const [fresh, old] = [$("#reach", part.content), $("#reach")];
      if (!fresh || old.contains(document.activeElement)) return;
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
  function show(html) { $("#said").innerHTML = html; }

  /** The message as it will stand, until the server's own comes. */
  function pending(text, key) {
    const input = chosen();
    const item = document.createElement("li");
    item.className = `entry message out pending ch-${input.dataset.channel}`;
    item.id = `pending-${key}`;
    const bubble = Object.assign(document.createElement("div"), { className: "bubble" });
    const words = Object.assign(document.createElement("p"), { className: "text", dir: "auto", textContent: text });
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

  async function post(url, fields) {
    const token = $("meta[name=csrf]").content;
    const answer = await fetch(url, {
      method: "POST", body: new URLSearchParams(fields), credentials: "same-origin",
      headers: { "X-CSRFToken": token, "HX-Request": "true" },
    });
    if (answer.status === 401) location.reload();
    return { status: answer.status, html: await answer.text() };
  }

  function place(html) {
    const part = document.createElement("template");
    part.innerHTML = html;
    document.dispatchEvent(new CustomEvent("hub:show", { detail: $$(".day", part.content) }));
  }

  /** The text is on its way at once and comes back if it cannot be sent; a repeated click is the same message. */
  async function send(lastSeen = seen ?? newestShown()) {
    const [form, text, home] = [box(), area().value, profile()];
    if ($("#send").disabled || !form) return;
    const { key } = form.elements;
    const { replaces } = form.elements;
    const fields = { channel_identity: chosen().value, text, key: key.value, last_seen_entry: lastSeen ?? "", replaces: replaces.value };
    const item = pending(text, key.value);
    area().value = "";
    show("");
    count();
    let told;
    try { told = await post(form.action, fields); } catch { told = { status: 0 }; }
    item.remove();
    if (told.status === 201) {
      if (profile() === home) place(told.html);
      if (form === box()) { key.value = uuid(); replaces.value = ""; seen = area().value ? newestShown() : null; }
      return;
    }
    if (form !== box()) { drafts.set(home, text); return; } // the agent went on: the text waits there
    area().value = area().value ? `${text}\n${area().value}` : text;
    if (![409, 422].includes(told.status)) {
      const note = Object.assign(document.createElement("div"), { className: "note refused", textContent: form.dataset.lost });
      $("#said").replaceChildren(note);
    } else show(told.html);
    count();
    area().focus();
  }

  async function again(button) {
    button.disabled = true;
    try {
      const told = await post(button.dataset.again, { last_seen_entry: "" });
      if (told.status === 201) { place(told.html); return; }
      if (box()) show(told.html);
    } catch { if (box()) show(""); }
    button.disabled = false;
  }

  /** A failed text comes back into the box, on the next address that takes it. */
  function reuse({ dataset }) {
    if (!box()) return;
    area().value = $(`#e-${dataset.reuse} .text`)?.textContent ?? "";
    box().elements.replaces.value = dataset.reuse;
    const other = $$("#reach input").find((input) => input.dataset.takesText && !input.checked);
    if (other) { other.checked = true; choose(); } else count();
    area().focus();
  }

  // ---- events
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "box" || !$("#tl")) return;
    event.preventDefault();
    send();
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "answer") {
      if (!event.target.value.trim()) seen = null; else seen ??= newestShown();
      count();
    }
  });
  document.addEventListener("change", (event) => { if (event.target.matches("#reach input")) choose(); });
  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "answer" || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); if ($("#tl")) send(); else box().requestSubmit(); }
    if (event.key === "Escape") { event.preventDefault(); $("#tl")?.focus(); }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-again], [data-reuse], [data-compose]");
    if (!button) return;
    if (button.dataset.again) { again(button); return; }
    if (button.dataset.reuse) { reuse(button); return; }
    const newest = button.closest("[data-newest]")?.dataset.newest;
    show("");
    if (button.dataset.compose === "anyway") send(Number(newest)); else { seen = Number(newest); area().focus(); }
  });
  document.addEventListener("htmx:before:swap", (event) => {
    if (event.detail?.ctx?.target?.id === "work" && area()?.value) drafts.set(profile(), area().value);
  });
  function start() {
    if (!box() || box().dataset.started) return;
    box().dataset.started = "1";
    seen = null;
    const kept = drafts.get(profile());
    if (kept) { area().value = kept; drafts.delete(profile()); seen = newestShown(); }
    if (/Mac|iP(hone|ad)/.test(navigator.platform)) $(".send-keys").textContent = "⌘ ⏎";
    choose();
    tellWindows();
  }
  document.addEventListener("htmx:after:swap", start);
  start();
})();
