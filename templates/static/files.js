// Files for the reply box, picked, dropped or pasted: uploaded one after the other, each with a chip of its own.
export default ({ $, $$, fill, ask }) => {
  /** The box saves its draft and counts anew. */
  const tell = (form) => $("#answer", form)?.dispatchEvent(new Event("input", { bubbles: true }));
  const complain = (form, words) => {
    $("#said", form).append(Object.assign(document.createElement("div"), { className: "note refused", textContent: words }));
  };

  /** What is too many or too big for any channel never sets out. */
  function taken(files, form) {
    const { mostFiles, mostBytes, manyFiles, bigFile } = form.dataset;
    const room = Math.max(0, Number(mostFiles) - $$("#files li", form).length);
    const fitting = files.filter(({ size }) => size <= Number(mostBytes));
    for (const { name } of files.filter((file) => !fitting.includes(file))) complain(form, fill(bigFile, { name }));
    if (fitting.length > room) complain(form, manyFiles);
    return fitting.slice(0, room);
  }

  async function upload(file, form) {
    const chip = Object.assign(document.createElement("li"), { className: "file-chip busy" });
    chip.append(Object.assign(document.createElement("span"), { className: "file-chip-name", dir: "auto", textContent: file.name }));
    chip.append(document.createElement("progress"));
    $("#files", form).append(chip);
    const fields = new FormData();
    fields.append("file", file);
    fields.append("channel_identity", form.dataset.home);
    try {
      const answer = await ask(form.dataset.upload, { method: "POST", body: fields, signal: null });
      const said = await answer.text();
      if (answer.status === 201) { chip.outerHTML = said; return; }
      if (answer.status !== 422) throw new Error(answer.status);
      $("#said", form).insertAdjacentHTML("beforeend", said);
    } catch { complain(form, fill(form.dataset.lostFile, { name: file.name })); }
    chip.remove();
  }

  async function add(files, form) {
    $("#said", form).replaceChildren();
    for (const file of taken(files, form)) {
      const uploading = upload(file, form);
      tell(form);
      await uploading;
      tell(form);
    }
    $("#answer", form)?.focus();
  }

  return { add };
};
