// Desktop notices for what is the agent's own: assigned to them, or a note that names them. Never a customer's words.
// The browser is asked only when the agent ticks the box of their own page.
export default ({ $, ask, say, load }) => ({
  async notify(entry) {
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    const answer = await ask(`/entries/${entry}/notice/`);
    if (!answer.ok) return;
    const { title, name, url } = await answer.json();
    const notice = new Notification(title, { body: name, tag: `hub-${entry}` }); // the tag makes it one for all tabs
    notice.onclick = () => { window.focus(); location.assign(url); notice.close(); };
  },
  attach(label) {
    const box = $("input", label);
    box.addEventListener("change", async () => {
      if (!box.checked || (await window.Notification?.requestPermission()) === "granted") return;
      box.checked = false;
      (await load("toasts")).show(say("noticesDenied"));
    });
  },
});
