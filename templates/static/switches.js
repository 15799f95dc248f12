// Small switches, loaded at the first click on one: the theme, and copying to the clipboard.
export default ({ say, keep, announce }) => {
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

  return { nextTheme, copy };
};
