// Who else looks at a customer or writes to them, in the header and in the queue; and telling them that we do.
// Loaded once a customer is open for a moment. It warns and blocks nothing.
export default async ({ $, $$, say, shownProfile, post, ask }) => {
  const LOOKS_MS = 60000;
  const WRITES_MS = 25000;
  const MOST = 4; // colleagues named; the others are counted
  const tab = Math.random().toString(36).slice(2, 12);
  const table = new Map(); // customer -> member -> { s, ch, until }
  let known = { members: {}, channels: {} };
  const me = $(".shell").dataset.member;

  function put({ p, m, s, ch }) {
    const [profile, member] = [String(p), String(m)];
    if (member === me) return;
    const here = table.get(profile) ?? new Map();
    if (s === "gone") here.delete(member);
    else here.set(member, { s, ch, until: Date.now() + (s === "writes" ? WRITES_MS : LOOKS_MS) });
    if (here.size) table.set(profile, here); else table.delete(profile);
  }

  let asked = 0;
  /** The whole truth, asked for at the start and when a claim has grown old. */
  async function refresh() {
    if (Date.now() - asked < 5000) return;
    asked = Date.now();
    try {
      const answer = await ask($(".shell").dataset.presence);
      if (!answer.ok) return;
      known = await answer.json();
    } catch { return; } // offline: what is old goes by itself
    table.clear();
    known.here.forEach(put);
    show();
  }

  function words({ s, ch }, who) {
    const channel = known.channels[ch];
    if (s !== "writes") return say("looks", { who });
    return channel ? say("writesOn", { who, channel }) : say("writes", { who });
  }
  const letters = (name) => name.split(/\s+/).filter(Boolean).slice(0, 2).map(([letter]) => letter).join("").toUpperCase();

  function chip(member, state) {
    const who = known.members[member];
    const item = document.createElement("span");
    item.className = `present ${state.s}`;
    item.title = words(state, who);
    const avatar = Object.assign(document.createElement("span"), { className: `avatar tint-${member % 6}`, textContent: letters(who) });
    avatar.setAttribute("aria-hidden", "true");
    item.append(avatar, Object.assign(document.createElement("bdi"), { textContent: item.title }));
    return item;
  }

  /** Every `[data-here]` says who is on its customer; it is left alone when it says so already. */
  function show() {
    for (const place of $$("[data-here]")) {
      const here = [...(table.get(place.dataset.here) ?? [])].filter(([member]) => known.members[member]);
      here.sort(([, one], [, other]) => (other.s === "writes") - (one.s === "writes"));
      const now = here.map(([member, { s, ch }]) => `${member}${s}${ch}`).join();
      if ((place.dataset.shown ?? "") === now) continue;
      place.dataset.shown = now;
      place.replaceChildren(...here.slice(0, MOST).map(([member, state]) => chip(member, state)));
      if (here.length <= MOST) continue;
      const title = here.slice(MOST).map(([member]) => known.members[member]).join(", ");
      place.append(Object.assign(document.createElement("span"), { className: "present", textContent: `+${here.length - MOST}`, title }));
    }
  }

  function age() {
    for (const [profile, here] of table) {
      for (const [member, state] of here) {
        if (state.until > Date.now()) continue;
        if (state.s === "writes") Object.assign(state, { s: "looks", ch: "", until: Date.now() + LOOKS_MS });
        else { here.delete(member); refresh(); }
      }
      if (!here.size) table.delete(profile);
    }
    show();
  }

  // ---- telling that we are here
  const writing = { until: 0, channel: "", toldAt: 0 };
  let told = null;
  async function beat() {
    const profile = shownProfile();
    if (document.hidden || !profile) return;
    const isWriting = writing.until > Date.now();
    told = { profile, isWriting };
    try {
      await post(`/customers/${profile}/presence/`, { tab, is_writing: isWriting ? "1" : "", channel: writing.channel });
    } catch { /* offline: they will see us go */ }
  }

  /** The agent writes on the channel; told at once, and again while they go on. */
  function write(channel) {
    const isNew = writing.until < Date.now() || writing.channel !== channel;
    Object.assign(writing, { until: Date.now() + 6000, channel });
    if (isNew || Date.now() - writing.toldAt > 15000) { writing.toldAt = Date.now(); beat(); }
  }
  function stopWriting() { if (told?.isWriting && writing.until < Date.now()) beat(); }
  function leave() {
    if (!told) return;
    const fields = new FormData();
    for (const [name, value] of Object.entries({ tab, gone: "1", csrfmiddlewaretoken: $("meta[name=csrf]").content })) fields.set(name, value);
    navigator.sendBeacon(`/customers/${told.profile}/presence/`, fields);
    told = null;
  }

  // ---- the customer is typing in a chat
  let typing = 0;
  function customerTypes(profile) {
    const line = $("#typing");
    if (!line || profile !== shownProfile()) return;
    line.textContent = say("typing", { who: $("#who").textContent });
    line.hidden = false;
    clearTimeout(typing);
    typing = setTimeout(() => { line.hidden = true; }, 6000);
  }

  document.addEventListener("hub:told", ({ detail }) => {
    if (detail.t) customerTypes(String(detail.t));
    if (detail.c && String(detail.c) === shownProfile() && $("#typing")) $("#typing").hidden = true;
    if (!detail.p) return;
    put(detail);
    if (known.members[detail.m]) show(); else refresh();
  });
  document.addEventListener("hub:typing", ({ detail }) => write(detail?.channel ?? ""));
  document.addEventListener("input", ({ target }) => {
    if (target.id === "answer") write($("#reach input:checked")?.dataset.channel ?? "");
  });
  for (const name of ["hub:rows", "htmx:after:swap"]) document.addEventListener(name, show);
  document.addEventListener("hub:opened", () => {
    if (told && told.profile !== shownProfile()) { writing.until = 0; if (!shownProfile()) leave(); }
    setTimeout(() => { if (told?.profile !== shownProfile()) beat(); }, 1500);
  });
  document.addEventListener("visibilitychange", () => { beat(); refresh(); });
  addEventListener("pagehide", leave);
  setInterval(beat, 20000);
  setInterval(stopWriting, 2000);
  setInterval(age, 5000);
  beat();
  await refresh();
  return { tellTyping: write };
};
