// Sending from the reply box: the message stands there at once, waits for the connection, and comes back if it cannot go.
// Loaded with the box.
export default (hub) => {
  const { $, $$, ask, parsed, load, shownProfile: profile, writing } = hub;
  const box = () => $("#box");
  const area = () => $("#answer");
  const uuid = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // randomUUID wants HTTPS

  function show(html) { if ($("#said")) $("#said").innerHTML = html; }
  function complain(words) {
    $("#said").replaceChildren(Object.assign(document.createElement("div"), { className: "note refused", textContent: words }));
  }

  /** The message as it will stand, until the server's own comes. */
  function pending(text, key) {
    const item = document.createElement("li");
    item.className = `entry message out pending ${writing.isNote() ? "noting" : `ch-${writing.chosen()?.dataset.channel}`}`;
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

  const told = async (answer) => ({ status: answer.status, html: await answer.text() });
  const post = (url, body) => ask(url, { method: "POST", body }).then(told);
  /** The same for what says by itself, where it was asked, that nothing came, and asks again. */
  const attempt = async (element, body, url = element.action) =>
    told(await (await load("faults")).attempt(element, () => ask(url, { method: "POST", body })));

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
  /** Without a connection the message waits for it and is asked for again, and so is what got no answer in time: its key
      makes it one message. */
  async function patiently(sending, item) {
    const { connection } = hub;
    for (;;) {
      try { return await sending(); } catch (error) {
        const isSlow = error.name === "TimeoutError";
        if (!isSlow && !connection?.isLost()) throw error;
        $(".meta", item).textContent = hub.say("waits");
        waiting += 1;
        if (!isSlow) await connection.back();
        waiting -= 1;
      }
    }
  }
  addEventListener("beforeunload", (event) => { if (waiting) event.preventDefault(); });

  /** The text is on its way at once and comes back if it cannot be sent; a repeated click is the same message. */
  async function send({ lastSeen = writing.seen ?? writing.newestShown(), isLast = false } = {}) {
    const [form, home] = [box(), profile()];
    if (!form || $("#send").disabled) { $("#reach .about:not([hidden]) a")?.focus(); return; } // where a template is chosen
    const { key, replaces } = form.elements;
    const [text, fields, files] = [area().value, new FormData(form), [...$("#files").children]];
    const wasPlain = !files.length && !form.elements.subject;
    fields.set("last_seen_entry", lastSeen ?? "");
    const item = pending(text, key.value);
    hub.drafts.rest();
    area().value = "";
    $("#saved").textContent = "";
    for (const file of files) file.remove();
    show("");
    writing.count();
    const { status, html } = await patiently(() => post(form.action, fields), item).catch(() => ({ status: 0 }));
    item.remove();
    if (status === 201) {
      hub.drafts.spread(home);
      if (profile() === home) place(html);
      if (form === box()) {
        key.value = uuid();
        replaces.value = "";
        writing.seen = area().value ? writing.newestShown() : null;
        if (!wasPlain && !writing.isWritten()) writing.open(`${form.dataset.composer}?channel_identity=${form.dataset.home}`, { focus: document.activeElement === area() ? "#answer" : "" });
        if (isLast) $("[data-key=e]")?.click();
      }
      return;
    }
    if (form !== box()) { hub.drafts.put(home, text); return; } // the agent went on: the text waits there
    area().value = area().value ? `${text}\n${area().value}` : text;
    $("#files").prepend(...files);
    if ([409, 422].includes(status)) show(html); else complain(form.dataset.lost);
    if ($("#said [data-spent]")) key.value = uuid();
    hub.drafts.touched();
    writing.count();
    area().focus();
  }

  /** A failed message goes out once more. */
  async function again(button) {
    button.disabled = true;
    const { status, html } = await attempt(button, new URLSearchParams({ last_seen_entry: "" }), button.dataset.again);
    if (status === 201) { place(html); return; }
    show(html);
    button.disabled = false;
  }

  /** A template from its sheet: the answer stands there if it is no. */
  async function sendSheet(form) {
    const fields = new FormData(form);
    fields.set("last_seen_entry", writing.newestShown() ?? "");
    const { status, html } = await attempt(form, fields);
    if (status === 201) { form.closest("dialog").close(); place(html); writing.refresh(); } else $("[data-said]", form).innerHTML = html;
  }

  return { send, again, sendSheet, show, complain };
};
