// Files for the reply box, picked, dropped or pasted: uploaded one after the other, each with a chip of its own.
const $ = (selector, within = document) => within.querySelector(selector);

export async function add(files, form, headers) {
  const list = $("#files", form);
  for (const file of files) {
    const chip = Object.assign(document.createElement("li"), { className: "file-chip busy" });
    chip.append(Object.assign(document.createElement("span"), { className: "file-chip-name", dir: "auto", textContent: file.name }));
    chip.append(document.createElement("progress"));
    list.append(chip);
    tell(form);
    const fields = new FormData();
    fields.append("file", file);
    fields.append("channel_identity", form.dataset.home);
    let said = "";
    try {
      const answer = await fetch(form.dataset.upload, { method: "POST", body: fields, headers });
      said = await answer.text();
      if (answer.status === 201) chip.outerHTML = said; else { chip.remove(); $("#said", form).innerHTML = answer.status === 422 ? said : ""; }
      if (![201, 422].includes(answer.status)) throw new Error(answer.status);
    } catch {
      chip.remove();
      const words = form.dataset.lostFile.replace("{name}", file.name);
      $("#said", form).replaceChildren(Object.assign(document.createElement("div"), { className: "note refused", textContent: words }));
    }
    tell(form);
  }
  $("#answer", form)?.focus();
}

/** The box saves its draft and counts anew. */
function tell(form) { $("#answer", form)?.dispatchEvent(new Event("input", { bubbles: true })); }
