// What can be taken back for a moment, from here or from the next customer's page. Loaded with the first such message.
export default ({ $, fill, parsed, load, ask, shownProfile }) => {
  const toasts = new Set();
  document.addEventListener("htmx:after:swap", () => { for (const toast of toasts) if (!toast.isConnected) $("#toasts").append(toast); });

  /** The toast counts down and goes; `profile` is whose message it is about. */
  function hold(toast, profile, words) {
    toast.dataset.profile = profile ?? "";
    toasts.add(toast);
    const held = Number(toast.dataset.held);
    let left = held || 10;
    const ticking = setInterval(() => {
      left -= 1;
      if (held && words) $("p", toast).textContent = fill(words, { n: left });
      if (left > 0 && toasts.has(toast)) return;
      drop(toast);
      clearInterval(ticking);
    }, 1000);
  }
  function drop(toast) {
    toasts.delete(toast);
    toast.remove();
  }

  /** Taken back before it left: the entry goes, the text comes. */
  async function undo(form, { save, open, box, mark }) {
    const toast = form.closest(".toast");
    await save();
    const { attempt } = await load("faults");
    const told = await attempt(form, () => ask(form.action, { method: "POST", body: new FormData(form) }));
    const said = await told.text();
    if (told.status !== 200) {
      $("p", toast).textContent = parsed(said).textContent.trim();
      form.remove();
      return;
    }
    drop(toast);
    document.getElementById(`e-${form.dataset.undo}`)?.remove();
    if (toast.dataset.profile !== shownProfile() || !box()) { location.assign(form.dataset.customer); return; }
    const kind = form.action.includes("/notes/") ? "&note=1" : "";
    await open(`${box().dataset.composer}?channel_identity=${said}${kind}`);
    mark();
  }

  return { hold, undo };
};
