// Parts of the side panel that an agent folded stay folded, for every customer; the server reads the cookie.
export default ({ keep }) => ({
  attach(parts) {
    const remember = ({ target }) => {
      const { fold } = target.dataset;
      if (!fold) return;
      const closed = new Set(parts.dataset.closed.split(".").filter(Boolean));
      closed[target.open ? "delete" : "add"](fold);
      parts.dataset.closed = [...closed].join(".");
      keep("closed", parts.dataset.closed || "none");
    };
    parts.closest("#side")?.addEventListener("toggle", remember, { capture: true });
  },
});
