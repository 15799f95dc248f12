// Desktop notices for what is the agent's own: assigned to them, or a note that names them. The server knows whether they
// want them and what may be said; the browser is asked only when the agent says so, here or on their own page.
export default ({ $, ask, post, say, load }) => {
  const isAllowed = async () => (await window.Notification?.requestPermission()) === "granted";
  const tell = async (words) => (await load("toasts")).show(words);

  return {
    async notify(entry) {
      if (window.Notification?.permission !== "granted") return;
      const answer = await ask(`/entries/${entry}/notice/`);
      if (answer.status !== 200) return;
      const { title, body, url } = await answer.json();
      const notice = new Notification(title, { body, tag: `hub-${entry}` }); // the tag makes it one for all tabs
      notice.onclick = () => { window.focus(); location.assign(url); notice.close(); };
    },
    /** The switch on the agent's own page: off again when the browser says no. */
    attach(label) {
      const box = $("input", label);
      box.addEventListener("change", async () => {
        if (!box.checked || await isAllowed()) return;
        box.checked = false;
        tell(say("noticesDenied"));
      });
    },
    /** The offer in the inbox. */
    async run(button) {
      if (!await isAllowed()) { tell(say("noticesDenied")); return; }
      const { url, done } = button.dataset;
      if (!(await post(url, { has_notices: "on" })).ok) return;
      button.closest(".offer").remove();
      tell(done);
    },
  };
};
