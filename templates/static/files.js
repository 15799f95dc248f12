// Files for the reply box, picked, dropped or pasted: uploaded one after the other, each with a chip of its own.
export default ({ $, fill, ask }) => {
  /** The box saves its draft and counts anew. */
  const tell = (form) => $("#answer", form)?.dispatchEvent(new Event("input", { bubbles: true }));

  async function add(files, form) {
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
        const answer = await ask(form.dataset.upload, { method: "POST", body: fields, headers: { "X-CSRFToken": $("meta[name=csrf]").content } });
        said = await answer.text();
        if (answer.status === 201) chip.outerHTML = said; else { chip.remove(); $("#said", form).innerHTML = answer.status === 422 ? said : ""; }
        if (![201, 422].includes(answer.status)) throw new Error(answer.status);
      } catch {
        chip.remove();
        const words = fill(form.dataset.lostFile, { name: file.name });
        $("#said", form).replaceChildren(Object.assign(document.createElement("div"), { className: "note refused", textContent: words }));
      }
      tell(form);
    }
    $("#answer", form)?.focus();
  }

  return { add };
};
