// Times as they age, in the words of the server (`timeline/showing/ages.py`). Loaded when the first have aged.
export default ({ $$, say, now }) => {
  const { lang } = document.documentElement;
  const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  const weekday = new Intl.DateTimeFormat(lang, { weekday: "short" });
  const told = lang === "en" ? "en-GB" : lang; // the day before the month, as the server writes it
  const date = new Intl.DateTimeFormat(told, { day: "numeric", month: "short" });
  const dateWithYear = new Intl.DateTimeFormat(told, { day: "numeric", month: "short", year: "numeric" });
  const unitWords = (n, unit) => new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long" }).format(n);

  function span(seconds) {
    const [name, size] = seconds < 3600 ? ["minutes", 60] : seconds < 172800 ? ["hours", 3600] : ["days", 86400];
    return say(name, { n: Math.max(1, Math.floor(seconds / size)) });
  }

  function ago(moment, style) {
    const seconds = Math.max(0, (now() - moment) / 1000);
    if (style === "left") return span(Math.abs(now() - moment) / 1000); // to a moment that may lie ahead
    if (style === "span") return span(seconds);
    const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ["minute", 60];
    if (style === "words") return unitWords(Math.max(1, Math.floor(seconds / size)), unit);
    if (style === "long") return seconds < 60 ? say("justNow") : relative.format(-Math.floor(seconds / size), unit);
    if (seconds < 60) return say("now");
    if (seconds < 86400) return span(seconds);
    if (seconds < 518400) return weekday.format(moment);
    if (document.documentElement.dataset.now - moment > 518400000) return ""; // a date from the first, in the server's words
    return (moment.getFullYear() === new Date(now()).getFullYear() ? date : dateWithYear).format(moment);
  }

  function tell() {
    for (const time of $$("time[data-ago]")) time.textContent = ago(new Date(time.dateTime), time.dataset.ago) || time.textContent;
  }
  return { tell };
};
