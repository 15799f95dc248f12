// The reply box: where the answer goes, how long it is, what comes along, and what a colleague did meanwhile.
// The form works without it; then sending loads a page. Drafts, sending, files and the lists behind / and @ are modules of
// their own.
export default async (hub) => {
  const { $, $$, fill, ask, parsed, load, hold, release, announce, shownProfile: profile } = hub;
  const box = () => $("#box");
  const area = () => $("#answer");
  const chosen = () => $("#reach input:checked");
  const isNote = () => Boolean(box()?.elements.note);
  const { lang } = document.documentElement;
  // `seen` is the newest entry when the agent began to write: what came after may be news to them.
  const writing = { chosen, isNote, isWritten, count, open, refresh, newestShown, seen: null };
  hub.writing = writing;
  const [drafts, { send, again, sendSheet, show, complain }] = await Promise.all([load("drafts"), load("sending")]);
  hub.drafts = drafts;

  function newestShown() { return Math.max(0, ...$$("#tl .entry[id^='e-']").map(({ id }) => Number(id.slice(2)) || 0)) || null; }
  function isWritten() { return Boolean(area().value.trim() || $("#files li")); }
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
    $("#send").disabled = !isWritten() || over > 0 || hasGap || !takesText || Boolean($("#files :is(.bad, .busy)"));
  }

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
    const [place, form, was, at] = [box()?.parentElement ?? $("#compose"), box(), area()?.value, document.activeElement];
    const answer = await ask(url);
    const fresh = await answer.text();
    if (!answer.ok || form !== box()) return;
    if (area()?.value !== was) text = area().value; // typed meanwhile: that goes along
    if (focus && document.activeElement === area()) focus = "#answer";
    else if (document.activeElement !== at && !form?.matches(":focus-within")) focus = ""; // the agent went on
    place.innerHTML = fresh;
    window.htmx?.process(place);
    start();
    if (text !== null) area().value = text;
    count();
    area()?.setSelectionRange(-1, -1);
    if (focus) $(focus)?.focus();
  }

  let settling = 0;
  /** A text goes along to another address, unless something was begun there; then both stay where they are. */
  async function settle() {
    const [input, form] = [chosen(), box()];
    if (!input || input.value === form.dataset.home) return;
    const isCarried = isWritten() && !input.dataset.begun;
    if (isCarried) { drafts.dirty(); await drafts.save({ moved_from: form.dataset.home }); }
    else await drafts.save({ channel_identity: form.dataset.home });
    const focus = $("#reach").contains(document.activeElement) ? "#reach input:checked" : "#answer";
    await open(`${form.dataset.composer}?channel_identity=${input.value}`, { focus, text: isCarried ? area().value : null });
  }

  function tellWindows() {
    if (!box()) return;
    for (const window of $$("[data-until]", box())) {
      const minutes = Math.floor((new Date(window.dataset.until) - hub.now()) / 60000);
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
      const wasOpen = chosen()?.dataset.takesText;
      old.replaceWith(fresh);
      choose();
      if (wasOpen && !chosen()?.dataset.takesText) announce($("#reach .about:not([hidden])")?.textContent.trim()); // it closed while they wrote
      tellWindows();
    } catch { /* offline: the next event tries again */ } finally { refreshing = false; }
  }
  let due = 0;
  document.addEventListener("hub:entries", ({ detail }) => {
    if (!detail.arrived) return;
    clearTimeout(due);
    due = setTimeout(refresh, 400);
  });

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
    if (target.dataset.undo) { event.preventDefault(); load("undoing").then(({ undo }) => undo(target, { save: drafts.save, open, box, mark: () => { writing.seen = newestShown(); drafts.spread(profile()); } })); }
    if (!$("#tl")) return;
    if (target.id === "box") { event.preventDefault(); send(); }
    if (target.dataset.sends) { event.preventDefault(); sendSheet(target); }
  });
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#box") || event.target.matches("#reach input, #pick")) return;
    if (event.target.id === "answer") {
      if (!isWritten()) writing.seen = null; else writing.seen ??= newestShown();
      suggest();
    }
    drafts.touched();
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
      if (!hasFiles || !box() || !(name === "paste" ? event.target.id === "answer" : event.target.closest?.("#customer"))) return;
      event.preventDefault();
      if (name === "dragover") return;
      if ($("#pick")) addFiles(files); else complain(box().dataset.noFiles);
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
    if (isUnfile !== undefined) { button.closest("li").remove(); drafts.touched(); count(); area().focus(); return; }
    if (isBox !== undefined) {
      if (!$("#tl") || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      hub.toggleSide(false);
      hold(); // what is typed meanwhile belongs into the box
      if (button.hasAttribute("aria-current")) area().focus(); else { await drafts.save(); await open(button.href); }
      release();
      return;
    }
    if (isAgain) { again(button); return; }
    if (isReuse) { reuse(button); return; }
    const newest = button.closest("[data-newest]")?.dataset.newest;
    show("");
    if (button.dataset.compose === "anyway") send({ lastSeen: Number(newest) }); else { writing.seen = Number(newest); area().focus(); }
  });
  function start() {
    if (!box() || box().dataset.started) return;
    box().dataset.started = "1";
    drafts.rest();
    const kept = !isNote() && drafts.take(profile());
    if (kept) area().value = kept;
    if (area().value !== area().defaultValue) drafts.touched(); // also what was typed before there was this module
    writing.seen = isWritten() ? newestShown() : null;
    if (/Mac|iP(hone|ad)/.test(navigator.platform)) $(".send-keys").textContent = "⌘ ⏎";
    choose();
    tellWindows();
  }
  document.addEventListener("htmx:after:swap", start);
  start();
  return {};
};
