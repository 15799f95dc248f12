// The open customer's timeline: entries that arrive or change find their place, and the reading position stays.
// Loaded when the first entries come.
export default ({ $, $$, say, announce, shownProfile, scrolled, load }) => {
  const title = { base: document.title, profile: shownProfile(), unread: 0, channels: new Set() };
  const isAtEnd = () => !$("#newer") && scrolled() < 80;

  function showUnread() {
    document.title = title.unread ? `(${title.unread}) ${title.base}` : title.base;
    const pill = $("#pill");
    if (!pill) return;
    pill.hidden = !title.unread || isAtEnd();
    $("span", pill).textContent = say("new", { n: title.unread, channel: [...title.channels].join(", ") });
  }

  function seen() {
    if (!isAtEnd() || document.hidden) return;
    Object.assign(title, { unread: 0, channels: new Set() });
    showUnread();
  }
  const latest = () => {
    if ($("#to-latest")) { $("#to-latest").click(); return; }
    $("#tl")?.scrollTo({ top: 0 });
    seen();
  };

  /** A header shared by messages of one sender within three minutes; the server does the same on its pages. */
  function regroup(entry) {
    const before = entry?.previousElementSibling?.dataset;
    const { group, at } = entry?.dataset ?? {};
    entry?.classList.toggle("cont", Boolean(group && before?.group === group && at - before.at <= 180000));
  }

  function place(entry, fresh) {
    const days = $$("#tl-in > .day");
    const key = fresh.dataset.day;
    let day = days.find((known) => known.dataset.day === key);
    if (!day) {
      day = fresh.cloneNode(true);
      $(".entries", day).replaceChildren();
      const later = days.find((known) => known.dataset.day > key);
      if (later) later.before(day); else $("#tl-in").append(day);
    }
    const list = $(".entries", day);
    const next = [...list.children].find((known) => Number(known.dataset.at) > Number(entry.dataset.at));
    if (next) next.before(entry); else list.append(entry);
    regroup(entry);
    regroup(entry.nextElementSibling);
  }

  function keepFolds(old, fresh) {
    $$("details", fresh).forEach((fold, index) => { fold.open = Boolean($$("details", old)[index]?.open); });
  }

  /** What came behind a gap: counted once, not shown. */
  const beyond = new Set();
  let arrivedAt = 0;
  function mergeEntries(days) {
    const oldest = Number($("#tl-in .entry")?.dataset.at ?? 0);
    const newest = $("#newer") ? Number($$("#tl-in .entry").at(-1).dataset.at) : Infinity;
    const opened = isAtEnd();
    const isCalm = Date.now() - arrivedAt > 1500; // in a burst the first one is marked: painting the fading takes more than all else
    let arrived = null;
    const put = [];
    const missed = []; // nobody looked when they came
    for (const fresh of days) {
      for (const entry of $$(".entry", fresh)) {
        const known = document.getElementById(entry.id);
        if (known) {
          known.classList.remove("new");
          if (known.isEqualNode(entry)) continue;
          const isFocused = known.contains(document.activeElement);
          keepFolds(known, entry);
          const handoff = $(".handoff", known); // an old entry is sent without it
          if (handoff && !$(".handoff", entry)) entry.prepend(handoff);
          known.replaceWith(entry);
          put.push(entry);
          regroup(entry);
          if (isFocused) $("article", entry).focus({ preventScroll: true });
        } else if (Number(entry.dataset.at) >= oldest || !$("#older")) {
          const isBeyond = Number(entry.dataset.at) > newest;
          if (isBeyond && (Number(entry.dataset.at) <= Number($("#newer").dataset.latest) || beyond.has(entry.id))) continue;
          entry.classList.toggle("new", isCalm);
          arrivedAt = Date.now();
          if (isBeyond) beyond.add(entry.id); else { place(entry, fresh); put.push(entry); }
          if (entry.dataset.dir === "in") {
            arrived = entry;
            if (!opened || document.hidden) { title.unread += 1; title.channels.add(entry.dataset.channel); if (!isBeyond) missed.push(entry); }
          }
        }
      }
    }
    document.dispatchEvent(new CustomEvent("hub:entries", { detail: { arrived } }));
    settle();
    if (arrived) load("unread").then(({ come }) => come(missed), () => {});
    for (const entry of put) window.htmx?.process(entry);
    if (arrived) announce(say("said", { channel: arrived.dataset.channel, who: $("#who").textContent }), { atMostEvery: 5000 });
    showUnread();
  }

  /** An older page may end within a day that is shown already: both halves become one. */
  function joinDays() {
    const byDay = new Map();
    for (const day of $$("#tl-in > .day")) {
      const first = byDay.get(day.dataset.day);
      if (!first) { byDay.set(day.dataset.day, day); continue; }
      const seam = $(".entry", day);
      $(".entries", first).append(...$$(".entries > .entry", day));
      day.remove();
      regroup(seam);
    }
  }

  /** Older or newer pages were put in. */
  function join() {
    $("[data-seam]")?.remove();
    joinDays();
    settle();
  }
  /** Sessions, folds and the reading position, now that something joined it. */
  const settle = () => load("story").then((story) => story.settle(), () => {});

  document.addEventListener("visibilitychange", seen);
  const onScroll = (event) => { if (event.target.id === "tl") (isAtEnd() ? seen : showUnread)(); };
  document.addEventListener("scroll", onScroll, { capture: true, passive: true });
  document.addEventListener("hub:opened", () => {
    Object.assign(title, { profile: shownProfile(), base: document.title, unread: 0, channels: new Set() });
  });
  return { mergeEntries, keepFolds, join, latest, isAtEnd };
};
