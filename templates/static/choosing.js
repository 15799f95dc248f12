// Several customers at once: chosen with x or the boxes, counted, and let go when what was asked of them is done.
export default ({ $, $$, fill, current, announce }) => {
  const MOST = 100;
  let last = null;
  const boxes = () => $$(".row-check input");
  const chosen = () => boxes().filter(({ checked }) => checked);

  function tell(isFull = false) {
    const count = $(".bulk-count");
    const { most, words } = count.dataset;
    count.textContent = isFull ? fill(most, { n: MOST }) : fill(words, { n: chosen().length });
    announce(count.textContent);
  }

  /** With Shift everybody between the last box and this one too. */
  function choose(box, isRange) {
    const all = boxes();
    if (isRange && last?.isConnected) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
      for (const each of all.slice(from, to + 1)) each.checked = box.checked;
    }
    last = box;
    const tooMany = chosen().slice(MOST);
    for (const each of tooMany) each.checked = false;
    tell(tooMany.length > 0);
  }
  /** The row with the focus when the key was pressed; this module may have come later. */
  function toggle(focused = document.body) {
    const box = $(".row-check input", focused.closest(".row") ?? current()?.closest(".row") ?? $(".row"));
    if (!box) return;
    box.checked = !box.checked;
    choose(box, false);
  }
  function letGo() {
    for (const box of chosen()) box.checked = false;
  }

  document.addEventListener("click", (event) => {
    if (event.target.matches(".row-check input")) choose(event.target, event.shiftKey);
  });
  document.addEventListener("hub:changed", ({ detail }) => { if (chosen().some(({ value }) => detail.ids.includes(value))) letGo(); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !$("dialog[open]") && chosen().length) letGo();
  });
  tell();
  return { toggle };
};
