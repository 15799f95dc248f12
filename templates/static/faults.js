// What failed is said in words where it was asked, with the id that finds it in the log and the way to ask again; what
// was written stays. Loaded at the first touch of a page: once the connection is gone it could not be had.
export default async ({ $, $$, fill, parsed }) => {
  const { dataset: texts, content } = parsed(await (await fetch("/fault/")).text()).firstElementChild;
  const CAUSES = { 403: "forbidden", 404: "missing", 410: "missing", 429: "busy", 503: "busy", 504: "busy" };
  const causeOf = (status) => (status ? CAUSES[status] ?? (status < 500 ? "refused" : "server") : "lost");

  /** `answer` is what came instead, none when nothing did; `again` asks once more, none when that helps nobody. */
  function show(source, answer, again) {
    const fault = content.firstElementChild.cloneNode(true);
    $("span", fault).textContent = texts[causeOf(answer?.status)];
    const id = answer?.headers.get("X-Request-ID");
    $("code", fault).textContent = id ? fill(texts.request, { id }) : "";
    const button = $(".toast-do", fault);
    if (again) button.addEventListener("click", () => { fault.remove(); again(); }); else button.remove();
    for (const old of $$(".fault")) old.remove();
    const sheet = source?.closest?.("dialog[open]");
    if (sheet) sheet.append(fault); else $("#toasts").append(fault);
    fault.scrollIntoView({ block: "nearest" });
  }

  /** The same once more: a button pressed stays the button pressed. */
  function repeat({ sourceElement: element, sourceEvent, request }) {
    if (!element?.isConnected || !["click", "submit"].includes(sourceEvent?.type)) {
      if (request.method === "GET") location.assign(request.action);
    } else if (element.matches("form")) element.requestSubmit(sourceEvent.submitter?.isConnected ? sourceEvent.submitter : null);
    else element.click();
  }

  /** A request of htmx. What a page asks for by itself is asked for again by itself. */
  function tell(ctx) {
    const { sourceElement, sourceEvent, request, response } = ctx;
    const isAsked = ["click", "submit"].includes(sourceEvent?.type) || (request.method === "GET" && ctx.target?.id === "work");
    const answer = response?.status >= 400 ? response : null;
    if (response && !answer) return; // it came; what was made of it failed
    if (isAsked) show(sourceElement, answer, () => repeat(ctx));
    else if (sourceEvent?.type === "input") show(sourceElement, answer, null);
  }

  /** What a script asks for: its answer, which may have to be asked for again first. */
  async function attempt(element, asking) {
    for (;;) {
      const answer = await asking().catch(() => null);
      if (answer && answer.status < 500) return answer;
      await new Promise((again) => { show(element, answer, again); });
    }
  }

  // a form that the browser itself would post: without a connection its own page would take the place of this one
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || navigator.onLine || event.target.method !== "post") return;
    event.preventDefault();
    show(event.target, null, () => event.target.requestSubmit(event.submitter));
  });
  return { tell, repeat, attempt };
};
