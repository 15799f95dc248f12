// The session ended, or another log-in changed the token of the forms. Loaded when the server first refuses.
export default ({ $, $$, load }) => {
  const token = () => $("meta[name=csrf]");
  let admitting = null;

  async function look() {
    const answer = await fetch("/session/", { credentials: "same-origin" });
    if (!answer.ok) throw new TypeError(`${answer.status} from /session/`);
    const { member, csrf } = await answer.json();
    if (member && member !== $(".shell").dataset.member) { location.reload(); await new Promise(() => {}); } // somebody else's page
    return { member, csrf };
  }

  /** The forms of the page carry the token of now. */
  function renew(csrf) {
    token().content = csrf;
    for (const input of $$("input[name=csrfmiddlewaretoken]")) input.value = csrf;
  }

  async function fill(dialog, html) {
    dialog.innerHTML = html;
    const form = $("form", dialog);
    const email = $("input[type=email]", form);
    email.value ||= $(".menu-who span")?.textContent ?? "";
    (email.value ? $("input[type=password]", form) : email).focus();
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const fields = new FormData(form);
      const { csrf } = await look();
      fields.set("csrfmiddlewaretoken", csrf);
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields), credentials: "same-origin" });
      if (answer.status === 204) dialog.close("done"); else fill(dialog, await answer.text());
    });
  }

  /** The dialog over the page; true once somebody is logged in, here or in another tab, false when it was put away. */
  async function dialogue() {
    const dialog = Object.assign(document.createElement("dialog"), { className: "dialog sheet", id: "again" });
    dialog.setAttribute("aria-labelledby", "again-h");
    document.body.append(dialog);
    const answer = await fetch("/session/log-in/", { credentials: "same-origin" });
    const focused = document.activeElement;
    dialog.showModal();
    await fill(dialog, await answer.text());
    const onReturn = async () => { if (!document.hidden && (await look()).member) dialog.close("done"); };
    addEventListener("focus", onReturn);
    document.addEventListener("visibilitychange", onReturn);
    await new Promise((closed) => { dialog.addEventListener("close", closed, { once: true }); });
    removeEventListener("focus", onReturn);
    document.removeEventListener("visibilitychange", onReturn);
    dialog.remove();
    focused?.focus();
    return dialog.returnValue === "done";
  }

  async function enter() {
    const { member, csrf } = await look();
    if (member) { renew(csrf); return true; }
    if (!await dialogue()) return false;
    renew((await look()).csrf);
    return true;
  }

  /** Whether it is worth asking again. However many were refused, one dialog asks. */
  const admit = () => {
    admitting ??= enter().finally(() => { admitting = null; });
    return admitting;
  };

  const asked = new WeakSet();
  /** What htmx was refused is asked once more; when it is refused again it has failed. */
  async function again(ctx, refuse) {
    const { sourceElement: element } = ctx;
    if (asked.has(element)) { asked.delete(element); refuse(); return; }
    if (!await admit() || !element?.isConnected) return;
    asked.add(element);
    setTimeout(() => asked.delete(element), 5000);
    document.dispatchEvent(new Event("hub:back"));
    (await load("faults")).repeat(ctx);
  }
  return { admit, again };
};
