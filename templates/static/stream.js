// One event stream for all tabs of the browser, over every page that has a use for it: the tab with the lock holds it and
// tells the others. What is news to this member alone comes up as a notice.
export default ({ $, wait, post, load }) => {
  const SILENT_MS = 40000; // two heartbeats and more were missed
  const CONNECT_MS = 10000;
  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("hub-live") : null;
  const { member } = $(".shell").dataset;
  let failures = 0;
  let holds = false;

  function receive(message) {
    if (message.hello) {
      if (message.hello !== member) location.reload(); // somebody else logged in: this page is not theirs
      if (holds) tabs?.postMessage({ state: stream.state });
      return;
    }
    const was = stream.state;
    stream.state = message.state ?? was;
    stream.hear(message, was);
  }
  /** `hear(message, state before)` is what the page does with it. */
  const stream = { state: "wait", hear() {}, tell(message) { tabs?.postMessage(message); receive(message); } };

  function listen(url) {
    return new Promise((ended) => {
      const source = new EventSource(url);
      let [heardAt, patience] = [Date.now(), CONNECT_MS];
      const end = () => { source.close(); clearInterval(watch); ended(); };
      // after a sleep the connection may be dead and not know it
      const watch = setInterval(() => { if (Date.now() - heardAt > patience) { receive({ isSilent: true }); end(); } }, 5000);
      source.onopen = () => { [failures, patience] = [0, SILENT_MS]; stream.tell({ state: "live", opened: true }); };
      source.onerror = end;
      for (const name of ["e", "head"]) source.addEventListener(name, (event) => {
        heardAt = Date.now();
        const message = JSON.parse(event.data);
        if (message.n) load("notices").then(({ notify }) => notify(message.n)).catch(() => {}); else stream.tell(message);
      });
    });
  }

  async function hold() {
    holds = true;
    for (;;) {
      try {
        const ticket = await post($(".shell").dataset.ticket);
        if (!ticket.ok) throw new Error(`ticket: ${ticket.status}`);
        await listen((await ticket.json()).url);
      } catch { /* counted below, like a stream that ended */ }
      failures += 1;
      if (failures >= 2) stream.tell({ state: "poll" });
      const isBack = new Promise((back) => { addEventListener("online", back, { once: true }); });
      await Promise.race([isBack, wait(Math.min(30000, 500 * 2 ** failures) * (0.5 + Math.random()))]);
    }
  }

  if (tabs) { tabs.onmessage = (event) => receive(event.data); tabs.postMessage({ hello: member }); }
  if (navigator.locks) navigator.locks.request("hub-live", hold); else hold(); // no locks: a stream per tab
  return stream;
};
