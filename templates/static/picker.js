// The list behind / (snippets) and @ (colleagues) in the reply box: search by typing, arrows, Enter, Escape.
export default ({ $, $$, ask }) => {
  let area = null;
  let asked = null; // what stands before the caret, and from where
  let dismissed = ""; // Escape closes the list until something else is typed there
  let number = 0;

  async function update(textarea, found) {
    area = textarea;
    if (!found || dismissed === `${found.from}`) { if (!found) dismissed = ""; close(); return; }
    asked = found;
    number += 1;
    const mine = number;
    const url = new URL(found.url, location.href);
    url.searchParams.set("q", found.typed);
    let html = "";
    try {
      const answer = await ask(url);
      if (answer.ok) html = await answer.text();
    } catch { /* offline: no list */ }
    if (mine !== number || !area.isConnected) return;
    if (!html.includes("data-insert") && found.typed.includes(" ")) { close(); return; } // it was only a slash
    const list = $("#picker") ?? Object.assign(document.createElement("ul"), { id: "picker", className: "picker" });
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", area.form.dataset.list);
    list.innerHTML = html;
    area.closest(".paper").before(list);
    area.setAttribute("aria-controls", "picker");
    point(0);
  }

  const options = () => $$("#picker [data-insert]");

  function point(index) {
    const all = options();
    all.forEach((option, place) => { option.setAttribute("aria-selected", String(place === index)); });
    all[index]?.scrollIntoView({ block: "nearest" });
    if (all[index]) area.setAttribute("aria-activedescendant", all[index].id); else area.removeAttribute("aria-activedescendant");
  }

  function close() {
    number += 1;
    $("#picker")?.remove();
    area?.removeAttribute("aria-controls");
    area?.removeAttribute("aria-activedescendant");
  }

  function choose(option) {
    const text = option.dataset.insert;
    area.focus();
    area.setRangeText(text, asked.from, area.selectionStart, "end");
    close();
    const gap = area.value.indexOf("⟦", asked.from);
    if (gap >= 0) area.setSelectionRange(gap, area.value.indexOf("⟧", gap) + 1);
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("keydown", (event) => {
    if (event.target !== area || !$("#picker") || event.isComposing) return;
    const all = options();
    const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && all.length) point((at + step + all.length) % all.length);
    else if (["Enter", "Tab"].includes(event.key) && !event.ctrlKey && !event.metaKey && all[at]) choose(all[at]);
    else if (event.key === "Escape") { dismissed = `${asked.from}`; close(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, { capture: true });

  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.("#picker [data-insert]");
    if (option) { event.preventDefault(); choose(option); } else if (!event.target.closest?.("#picker")) close();
  });

  return { update };
};
