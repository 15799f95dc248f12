"use strict";
// The compare page: choosing a value shows at once what the merged customer would show; arrows move between fields.
(() => {
  const form = document.querySelector("#compare");
  if (!form) return;
  const fields = () => [...new Set([...form.querySelectorAll("[type=radio]")].map(({ name }) => name))];
  const radios = (name) => [...form.querySelectorAll("[type=radio]")].filter((radio) => radio.name === name);

  form.addEventListener("change", ({ target }) => {
    if (target.type !== "radio") return;
    const name = target.name.replace("trait-", "");
    for (const place of form.querySelectorAll("[data-result-for]")) {
      if (place.dataset.resultFor === name) place.textContent = target.dataset.value;
    }
    const rule = target.closest("tr").querySelector("[data-rule]");
    rule.dataset.kept ??= rule.textContent;
    rule.textContent = "kept" in target.dataset ? rule.dataset.kept : rule.dataset.chosen;
  });

  document.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const here = document.activeElement;
    const isRadio = here?.type === "radio" && form.contains(here);
    if (!isRadio && (here?.closest("input, textarea, select, summary, dialog, [contenteditable]") || localStorage.keys === "off")) return;
    const names = fields();
    const [down, up] = [event.key === "ArrowDown", event.key === "ArrowUp"];
    if (!names.length || (!isRadio && !down && !up) || (isRadio && !down && !up)) return; // left and right stay the browser's
    const next = isRadio ? names.indexOf(here.name) + (down ? 1 : -1) : down ? 0 : names.length - 1;
    event.preventDefault();
    const group = radios(names[Math.min(names.length - 1, Math.max(0, next))]);
    (group.find(({ checked }) => checked) ?? group[0]).focus();
  });
})();
