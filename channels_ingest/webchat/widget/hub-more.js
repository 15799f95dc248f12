// What few visitors of a chat need, loaded when they do: attaching a picture or a PDF, and saying who they are.
// A module of its own, called with what hub-chat.js lends it: with a `lead` it asks who writes, else for files. Served like it, without comments and spaces.
const LOOK = `.who{flex-wrap:wrap;gap:8px;padding:14px;border-radius:18px}.who p{flex:1 0 100%;font-size:14px}
.who input{flex:1 0 100%;min-width:0;font:inherit;font-size:16px;color:inherit;background:none;border:1px solid var(--l);border-radius:12px;padding:8px 12px}
.who button{padding:6px 14px;border-radius:12px;color:var(--m)}.who .ok{background:var(--a);color:var(--o)}
section>small{padding:4px 18px}[inert]{opacity:.5}`;
const MOST = 10 * 1024 * 1024;
const KINDS = ["image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf"];

export default (lead, element, texts, list, form, ask, put, token, hub, root) => {
  const picker = element("input", { type: "file", accept: KINDS, multiple: "" });
  const say = (words) => {
    const line = element("small", { class: "bad", role: "alert" }, words);
    form.before(line);
    setTimeout(() => line.remove(), 6e3);
  };
  const upload = async (file) => {
    const answer = await fetch(`${hub}/chat/v1/uploads`, {
      method: "POST", body: file,
      headers: {
        "authorization": `Bearer ${await token()}`,
        "content-type": "application/octet-stream",
        "x-file-name": encodeURIComponent(file.name),
      },
    });
    if (!answer.ok) throw answer;
    return answer.json();
  };
  const send = async (files) => {
    const wrong = files.find((file) => file.size > MOST || !KINDS.includes(file.type));
    if (wrong || files.length > 5) {
      say(texts.badfile);
      return;
    }
    form.toggleAttribute("inert", true);
    const line = element("small", { role: "status" }, texts.sending);
    form.before(line);
    try {
      const kept = [];
      for (const file of files) kept.push(await upload(file));
      put(kept.map((each) => `📎 ${each.name}`).join("\n"), kept.map((each) => each.id));
    } catch (fault) {
      say(fault.status === 413 || fault.status === 422 ? texts.badfile : texts.failed);
    }
    line.remove();
    form.toggleAttribute("inert", false);
  };
  picker.onchange = () => {
    const files = [...picker.files];
    picker.value = "";
    if (files.length) send(files);
  };

  if (!root.adoptedStyleSheets[1]) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(LOOK);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  }

  // What a visitor says of themselves is a claim: it is shown to agents and joins nobody.
  const askWho = () => {
    const name = element("input", { name: "name", autocomplete: "name", maxlength: 120, placeholder: texts.name, "aria-label": texts.name });
    const mail = element("input", { name: "email", type: "email", autocomplete: "email", maxlength: 254, placeholder: texts.email, "aria-label": texts.email });
    const done = element("button", { class: "ok" }, texts.send), skip = element("button", { type: "button" }, texts.skip);
    const card = element("form", { class: "who" }, element("p", { dir: "auto" }, lead), name, mail, done, skip);
    skip.onclick = () => card.remove();
    card.onsubmit = async (event) => {
      event.preventDefault();
      const told = { name: name.value.trim(), email: mail.value.trim() };
      if (!told.name && !told.email) return card.remove();
      try {
        await ask("POST", "contact", told);
        card.remove();
      } catch (fault) {
        say(fault.status === 422 ? texts.bademail : texts.failed);
      }
    };
    root.querySelector(".who")?.remove();
    list.before(card);
  };
  if (lead) askWho();
  else picker.click();
};
