"use strict";
// The simulator's page: Enter sends, the newest message is in view, a chosen line is shown at once.
(() => {
  const atEnd = (thread) => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  const toEnd = (thread) => { thread.scrollTop = thread.scrollHeight; };
  const threads = document.querySelectorAll(".thread");
  for (const thread of threads) {
    toEnd(thread);
    let last = thread.lastElementChild?.id;
    let follows = true;
    thread.addEventListener("scroll", () => { follows = atEnd(thread); }, { passive: true });
    new MutationObserver(() => {
      const newest = thread.querySelector(".said:last-of-type")?.id;
      if (newest !== last && follows) toEnd(thread);
      last = newest;
    }).observe(thread, { childList: true });
  }
  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !(field instanceof HTMLTextAreaElement)) return;
    if (field.rows > 1 && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (field.value.trim()) field.form.requestSubmit();
  });
  for (const form of document.querySelectorAll("[data-say]")) {
    form.addEventListener("htmx:after:request", (event) => {
      if (event.target === form && event.detail?.ctx?.response?.status < 400 && !/role="alert"/.test(event.detail.ctx.text ?? "")) form.reset();
    });
  }
  for (const select of document.querySelectorAll("[data-submits]")) select.addEventListener("change", () => select.form.submit());
})();
