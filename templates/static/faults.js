// What failed is said in words where it was asked, with the id that finds it in the log and the way to ask again; what
// was written stays. Loaded at the first touch of a page: once the connection is gone it could not be had.
export default async ({ $, $$, fill, load, parsed }) => {
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

  /** The same once more: a button pressed stays the button pressed, and is the same button when its part came anew. */
  function repeat({ sourceElement: source, sourceEvent, request, target }) {
    const element = !source || source.isConnected ? source : $$(source.localName).find(({ outerHTML }) => outerHTML === source.outerHTML);
    if (!element || !["click", "submit"].includes(sourceEvent?.type)) {
      const isPage = target?.id === "work" || sourceEvent?.type === "input"; // a part that asks by itself does so again
      if (request.method === "GET" && isPage) location.assign(request.action);
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

  // ---- forms that the browser itself would post: the page of a failure would take the place of what was written
  const posting = new WeakSet();

  /** The answer to the form, after a log-in if one was wanted. */
  async function posted(form, submitter, isAgain = false) {
    const fields = new URLSearchParams(new FormData(form, submitter));
    fields.delete("csrfmiddlewaretoken"); // the page's is of now
    const headers = { "X-CSRFToken": $("meta[name=csrf]").content, "X-Plain-Form": "1" };
    const url = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
    const answer = await fetch(url, { method: "POST", body: fields, headers, credentials: "same-origin" });
    if (isAgain || ![401, 403].includes(answer.status)) return answer;
    return await (await load("session")).admit() ? posted(form, submitter, true) : answer;
  }

  /** The page that came instead of the next one: what is wrong with the form, or something that is shown once. */
  async function open(answer) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [old, fresh] = [$("#work"), $("#work", page)];
    const place = old.scrollTop;
    if (!fresh) { location.assign(answer.url); return; }
    old.replaceWith(fresh);
    fresh.scrollTop = place;
    $("#toasts").replaceWith($("#toasts", page));
    htmx.process(fresh);
    document.dispatchEvent(new CustomEvent("htmx:after:swap"));
    $("[aria-invalid=true], [role=status], [role=alert]", fresh)?.scrollIntoView({ block: "nearest" });
    ($("[aria-invalid=true]", fresh) ?? fresh).focus({ preventScroll: true });
  }

  function goOn(url) {
    const next = new URL(url, location.href);
    const isHere = next.hash && next.pathname + next.search === location.pathname + location.search;
    location.assign(next);
    if (isHere) location.reload();
  }

  async function submit(form, submitter) {
    if (posting.has(form)) return;
    posting.add(form);
    const answer = await attempt(form, () => posted(form, submitter));
    posting.delete(form);
    const next = answer.headers.get("HX-Redirect") ?? (answer.redirected ? answer.url : "");
    if (next) goOn(next);
    else if (answer.ok || [409, 422].includes(answer.status)) await open(answer);
    else show(form, answer, null);
  }
  // after all others, who may post it in their own way
  addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || form.method !== "post" || !$("#work")) return;
    event.preventDefault();
    submit(form, submitter);
  });
  return { tell, repeat, attempt };
};
