// Small switches, loaded at the first click on one: the theme, single keys, and copying to the clipboard.
export default ({ $, say, keep, announce, post }) => {
  const root = document.documentElement;

  function nextTheme() {
    const themes = ["system", "light", "dark"];
    const theme = themes[(themes.indexOf(root.dataset.theme ?? "system") + 1) % 3];
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    keep("theme", theme);
    announce(say(theme));
  }

  async function copy(button) {
    const text = document.getElementById(button.dataset.copyFrom)?.textContent ?? button.dataset.copy;
    try { await navigator.clipboard.writeText(text); } catch { return; } // browsers allow it only over HTTPS
    button.classList.add("done");
    announce(say("copied"));
    setTimeout(() => button.classList.remove("done"), 1500);
  }

  /** Single keys are on or off from now on, in every browser of the member. */
  function keys(box) {
    localStorage.keys = box.checked ? "on" : "off";
    post($(".shell").dataset.keepKeys, { has_keys: localStorage.keys });
  }

  return { nextTheme, copy, keys };
};
