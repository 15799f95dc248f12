// What the agent has not read of the open customer: the line above it, telling the server what was seen, `u` and `Shift+U`.
// Loaded with the first news. Nothing is told while nothing is new.
export default ({ $, $$, now, say, post, ask, announce, tell, load, customer, shownProfile, scrolled, current }) => {
  const { lang } = document.documentElement;
  const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" });
  const dateClock = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  let kept = null; // marked unread by hand: read again when it is opened again
  const TELLS_MS = 1000; // who reads along in a fast talk says so once a second
  let [told, toldAt, telling, owed] = [0, 0, 0, null];

  const numberOf = ({ id }) => Number(id.slice(2)) || 0;
  const newest = () => Math.max(0, ...$$("#tl .entry[id^='e-']").map(numberOf));
  const isAway = () => document.hidden || $("#newer") || $("#tl").dataset.show || scrolled() > 80;

  // ---- the line between read and new; it stays until the agent leaves
  function divide(entry, count, since) {
    $("#tl .new-since")?.remove();
    if (!entry || !count) return;
    const line = document.createElement("li");
    line.className = "new-since";
    const time = since && (since.toDateString() === new Date(now()).toDateString() ? clock : dateClock).format(since);
    Object.assign(line.dataset, { count, time: time ?? "" });
    entry.before(line);
    word(line);
  }
  function word(line) {
    const { count, time } = line.dataset;
    const n = Number(count) >= 100 ? "99+" : count;
    line.textContent = time ? say("newSince", { n, time }) : say("newWithout", { n });
  }

  /** Something came; nobody looked at the entries `missed` when they did. */
  function come(missed) {
    const line = $("#tl .new-since");
    if (line && missed.length) { line.dataset.count = Number(line.dataset.count) + missed.length; word(line); }
    if (!line) divide(missed[0], missed.length, new Date(now()));
    seen();
  }

  // ---- telling what was seen
  function showRead(profile) { $(`#row-${profile} .unread`)?.remove(); }

  function seen() {
    const profile = shownProfile();
    if (!profile || isAway() || kept === profile || newest() <= told) return;
    told = newest();
    showRead(profile);
    owed = { profile, cursor: customer().dataset.cursor, entry: told };
    clearTimeout(telling);
    telling = setTimeout(tellSeen, toldAt + TELLS_MS - Date.now());
  }
  async function tellSeen() {
    if (!owed) return;
    const { profile, ...fields } = owed;
    [owed, toldAt] = [null, Date.now()];
    try {
      await ask(`/customers/${profile}/seen/`, { method: "POST", body: new URLSearchParams(fields), keepalive: true });
      tell({ seen: profile });
    } catch { told = 0; } // offline: the next look tells it
  }

  async function markUnread() {
    const entry = document.activeElement.closest("#tl .entry") ?? $$("#tl .entry[data-dir=in]").at(-1);
    if (!entry) return;
    const profile = shownProfile();
    owed = null;
    const { attempt } = await load("faults");
    const answer = await attempt(null, () => post(`/entries/${numberOf(entry)}/unread/`));
    if (!answer.ok) return;
    const { count } = await answer.json();
    kept = profile;
    divide(entry, count, null);
    (await load("pulls")).pullQueue([profile]);
    announce(say("newWithout", { n: count }));
  }

  async function next() {
    const rows = $$(".row");
    const here = rows.indexOf(current()?.closest(".row"));
    const found = [...rows.slice(here + 1), ...rows.slice(0, Math.max(0, here))].find((row) => $(".unread", row));
    if (found) { $("a", found).focus(); $("a", found).click(); return; }
    const answer = await ask(`/unread/next/?after=${shownProfile() ?? ""}`);
    if (answer.status === 200) location.assign((await answer.json()).url);
    else (await load("toasts")).show(say("nothingUnread"));
  }

  function open() {
    tellSeen();
    [told, kept] = [0, null];
    const { unread, firstUnread, unreadSince } = customer()?.dataset ?? {};
    if (!Number(unread)) { told = newest(); return; }
    const first = document.getElementById(`e-${firstUnread}`) ?? $("#tl .entry");
    divide(first, unread, unreadSince ? new Date(unreadSince) : null);
    seen();
  }

  document.addEventListener("hub:opened", open);
  document.addEventListener("hub:told", ({ detail }) => { if (detail.seen) showRead(detail.seen); });
  document.addEventListener("hub:rows", () => { if (shownProfile() && !isAway() && kept !== shownProfile()) showRead(shownProfile()); });
  document.addEventListener("visibilitychange", seen);
  addEventListener("pagehide", tellSeen);
  document.addEventListener("scroll", (event) => { if (event.target.id === "tl") seen(); }, { capture: true, passive: true });
  open();
  return { markUnread, next, come };
};
