// What is written in the reply box is kept on the server, 0.8 s after the last key and at least every 3 s. Other tabs of the
// browser that show the same box follow, unless something is being written there. Loaded with the box.
export default (hub) => {
  const { $, ask, tell, shownProfile: profile } = hub;
  const { writing } = hub;
  const unsaved = new Map(); // what the server has not taken yet, by customer, while the page is open
  const here = `${Date.now()}-${Math.random()}`; // this tab
  let dirtySince = 0;
  let timer = 0;
  const saves = new Map(); // under way, by the draft's address
  let isBehind = false; // another tab has written on

  function touched() {
    dirtySince ||= Date.now();
    $("#saved").textContent = "";
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(800, dirtySince + 3000 - Date.now())));
    const { channel, word } = writing.chosen()?.dataset ?? {};
    const detail = { profile: profile(), channel: writing.isNote() ? "note" : channel, word };
    document.dispatchEvent(new CustomEvent("hub:typing", { detail }));
  }
  /** Whether the server took it; null when a later save of the same draft took its place, for it would arrive after that. */
  async function deliver(url, fields, keepalive) {
    saves.get(url)?.abort();
    const mine = new AbortController();
    saves.set(url, mine);
    try {
      const signal = AbortSignal.any([mine.signal, AbortSignal.timeout(30000)]);
      return (await ask(url, { method: "POST", body: fields, keepalive, signal })).ok;
    } catch { return mine.signal.aborted ? null : false; }
  }
  async function save(more = {}, keepalive = false) {
    const [form, home] = [$("#box"), profile()];
    clearTimeout(timer);
    if (!form || !dirtySince || !$("#tl")) return;
    const since = dirtySince;
    dirtySince = 0;
    const fields = new FormData(form);
    for (const [name, value] of Object.entries(more)) fields.set(name, value);
    const isTaken = await deliver(form.dataset.draft, fields, keepalive);
    if (isTaken) spread(home);
    if (form !== $("#box") || isTaken === null) return;
    if (!isTaken) { dirtySince ||= since; timer = setTimeout(save, 5000); }
    else if (!dirtySince) $("#saved").textContent = writing.isWritten() ? form.dataset.saved : "";
  }
  /** The box goes away: its text waits here until the server has it, or until its customer is opened again. */
  async function leave(form, home) {
    const [text, fields] = [$("#answer").value, new FormData(form)];
    rest();
    if (!writing.isNote()) unsaved.set(home, text);
    let isTaken = await deliver(form.dataset.draft, fields, true);
    for (let tries = 0; isTaken === false && tries < 100; tries += 1) {
      await new Promise((later) => { setTimeout(later, 5000); });
      if (unsaved.get(home) !== text) return;
      isTaken = await deliver(form.dataset.draft, fields, true);
    }
    if (!isTaken) return;
    spread(home);
    if (unsaved.get(home) === text) unsaved.delete(home);
  }
  /** What stands in the box is no draft of its own any more: it is sent, or came from the server. */
  function rest() {
    clearTimeout(timer);
    dirtySince = 0;
  }
  const spread = (home) => tell({ drafted: home, from: here });

  function follow() {
    if (!isBehind || document.hidden || dirtySince || !$("#box")) return;
    isBehind = false;
    const { composer, home } = $("#box").dataset;
    const to = writing.isNote() ? "note=1" : `channel_identity=${home}`;
    writing.open(`${composer}?${to}`, { focus: document.activeElement?.id === "answer" ? "#answer" : "" });
  }
  document.addEventListener("hub:told", ({ detail: { drafted, from } }) => {
    if (!drafted || drafted !== profile() || from === here) return;
    isBehind = true;
    follow();
  });
  addEventListener("visibilitychange", () => { if (document.hidden) save({}, true); else follow(); });
  addEventListener("pagehide", () => save({}, true));
  document.addEventListener("htmx:before:swap", (event) => {
    if (event.detail?.ctx?.target?.id === "work" && dirtySince && $("#box") && $("#tl")) leave($("#box"), profile());
  });

  return {
    touched, save, rest, spread,
    /** A text waits for when its customer is opened again. */
    put: (home, text) => unsaved.set(home, text),
    take(home) {
      const text = unsaved.get(home);
      unsaved.delete(home);
      return text;
    },
    dirty: () => { dirtySince ||= 1; },
  };
};
