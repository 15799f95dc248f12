// Toasts: thirty seconds, longer under the pointer or the focus; what went wrong stays. No more than three. Loaded with the first one.
const MOST = 3;
export default ({ $, $$, announce }) => ({
  show(words) {
    const toast = Object.assign(document.createElement("div"), { className: "toast" });
    toast.setAttribute("role", "status");
    toast.append(Object.assign(document.createElement("p"), { textContent: words }));
    $("#toasts").append(toast);
    this.attach(toast);
  },
  attach(toast) {
    announce($("p", toast).textContent);
    for (const old of $$("[data-toast]:not(.error)").slice(0, -MOST)) old.remove();
    if (toast.matches(".error")) return;
    let left = 30;
    const timer = setInterval(() => {
      if (!toast.matches(":hover, :focus-within")) left -= 1;
      if (left <= 0) toast.remove();
      if (!toast.isConnected) clearInterval(timer);
    }, 1000);
  },
});
