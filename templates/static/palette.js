// The palette: the box keeps the focus, arrows choose among what was found; loaded when it is first opened.
export default ({ $, $$, fill, announce, meaning }) => {
  const shortcuts = Object.fromEntries(Object.entries(meaning).map(([pressed, key]) => [key, pressed]));
  const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
  const box = () => $("#palette-q");
  const options = () => $$("#palette-found [role=option]");
  const chosen = () => $("#palette-found [aria-selected=true]");
  let isEager = false; // Enter was pressed before the answer to what was typed came

  /** Everything on the page that has a key of its own and is no place to go, by the name it has there. */
  function commands() {
    const words = JSON.parse($("#palette-found [data-commands]").dataset.commands);
    const found = new Map();
    for (const element of $$("[data-key], [data-command]")) {
      const { key = "" } = element.dataset;
      const told = element.title || words[key] || element.getAttribute("aria-label") || $$("span, b", element).map((each) => each.textContent).join(" ") || element.textContent;
      const name = told.replace(/\s*\([^)]*\)/, "").replace(/\s+/g, " ").trim();
      const isPlace = key && $(`#palette-found [data-press="${CSS.escape(key)}"]`) || key.startsWith("Ctrl+") || /^(g .|\d)$/.test(key);
      // As for the key: the last that is seen; of chosen customers only once some are chosen.
      const isTaken = !element.checkVisibility() && (found.has(key || name) || element.closest("#bulk"));
      if (name && !isPlace && !isTaken && !element.disabled && !element.closest("#sheet, [data-palette], [hidden]")) found.set(key || name, { key, name, element });
    }
    // What is done to the open customer comes before what is on every page.
    const isEverywhere = ({ element }) => Number(Boolean(element.closest(".rail, .menu")));
    return [...found.values()].sort((a, b) => isEverywhere(a) - isEverywhere(b));
  }

  function listed({ key, name, element }, number) {
    const option = document.createElement("a");
    const [word, shortcut] = [document.createElement("span"), document.createElement("kbd")];
    option.className = "hit do";
    option.id = `pal-do-${number}`;
    option.setAttribute("role", "option");
    option.tabIndex = -1;
    word.className = "hit-main";
    word.textContent = name;
    shortcut.textContent = shortcuts[key] ?? key;
    const icon = $("svg", element)?.cloneNode(true);
    option.append(...(icon ? [icon] : []), word, ...(key ? [shortcut] : []));
    option.press = element;
    return option;
  }

  function show() {
    const place = $("#palette-found [data-commands]");
    if (!place) return;
    const wanted = folded(box().value).split(/\s+/).filter(Boolean);
    const like = ({ name }) => { const words = folded(name).split(/[\s,:]+/); return wanted.every((each) => words.some((word) => word.startsWith(each))); };
    $$("[role=option]", place).forEach((option) => option.remove());
    place.append(...commands().filter(like).map(listed));
    place.hidden = !$("[role=option]", place);
    choose(options()[0]);
    const said = $("[data-palette] [role=status]");
    const n = options().filter(({ id }) => id !== "pal-all").length;
    said.textContent = n ? fill(said.dataset.count, { n }) : said.dataset.none;
    if (isEager) { isEager = false; open(); }
  }

  function choose(option) {
    for (const each of options()) each.setAttribute("aria-selected", String(each === option));
    if (option) box().setAttribute("aria-activedescendant", option.id); else box().removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function pressable(key) {
    const found = $$("[data-key]").filter(({ dataset }) => dataset.key === key);
    return found.filter((element) => element.checkVisibility()).at(-1) ?? found[0];
  }

  /** The sheet goes first: what is pressed may open another one in its place. */
  function press(option) {
    const control = option.press ?? (option.dataset.press ? pressable(option.dataset.press) : null);
    $("#sheet").close();
    announce(option.textContent);
    if (control) control.click(); else location.assign(option.href);
  }

  function open() {
    const option = chosen();
    if (!option) return;
    const { submit } = option.dataset;
    if (submit) document.getElementById(submit).requestSubmit();
    else if (option.press || option.dataset.press) press(option);
    else location.assign(option.href);
  }

  function onKey(event) {
    if (event.isComposing || event.target !== box()) return;
    const all = options();
    const place = all.indexOf(chosen());
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, PageDown: place + 8, PageUp: place - 8 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const isStep = event.key.startsWith("Arrow");
      choose(all[isStep ? (to + all.length) % all.length : Math.max(0, Math.min(all.length - 1, to))]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (($("#palette-found [data-asked]")?.dataset.asked ?? "") === box().value) open(); else isEager = true;
    }
  }

  document.addEventListener("keydown", onKey, { capture: true });
  document.addEventListener("input", (event) => { if (event.target === box()) isEager = false; });
  document.addEventListener("htmx:after:swap", (event) => { if (event.detail?.ctx?.target?.id === "palette-found") show(); });
  document.addEventListener("click", (event) => {
    const option = event.target.closest("#palette-found [role=option]");
    if (!option || event.ctrlKey || event.metaKey || event.shiftKey || !(option.press || option.dataset.press || option.dataset.submit)) return;
    event.preventDefault();
    choose(option);
    open();
  });
  return { attach: show };
};
