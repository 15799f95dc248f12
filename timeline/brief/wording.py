"""The lines of the brief in words, with the icon of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from timeline.brief.values import Finding, Happened, Rule
from timeline.showing.ages import in_words
from timeline.showing.dates import written
from timeline.showing.wording import EVENT_STATES, channel_of, isolated, reason_of, type_of, words_of
from timeline.showing.work_lines import work_line

ICONS: Mapping[Rule, str] = {
    Rule.QUESTION: "circle-help",
    Rule.REPEAT: "history",
    Rule.PROMISE: "calendar-clock",
    Rule.ORDER: "package",
    Rule.FAILED: "circle-alert",
    Rule.MOOD: "megaphone",
    Rule.SWITCH: "arrow-left-right",
    Rule.COLLEAGUES: "users",
    Rule.FILES: "paperclip",
}
#: What an agent should do something about.
URGENT = (Rule.ORDER, Rule.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its words, what is quoted, and the entry it leads to."""

    rule: str
    icon: str
    words: str
    quote: str
    entry: int
    at: datetime
    is_urgent: bool


def line_of(finding: Finding, now: datetime) -> Line:
    """The finding in words."""
    says = {
        Rule.QUESTION: _question,
        Rule.REPEAT: _repeat,
        Rule.PROMISE: _promise,
        Rule.ORDER: _order,
        Rule.FAILED: _failed,
        Rule.MOOD: _mood,
        Rule.SWITCH: _switch,
        Rule.COLLEAGUES: _colleagues,
        Rule.FILES: _files,
    }[finding.rule]
    is_overdue = finding.rule == Rule.PROMISE and finding.facts["day"] < timezone.localtime(now).date()
    return Line(
        rule=finding.rule,
        icon=ICONS[finding.rule],
        words=says(finding, now),
        quote=finding.quote,
        entry=finding.entry,
        at=finding.at,
        is_urgent=is_overdue or finding.rule in URGENT,
    )


def by_channel(channel: str) -> str:
    """How something was said: "by e-mail", "on WhatsApp"."""
    known = {
        "email": _("by e-mail"),
        "sms": _("by SMS"),
        "whatsapp": _("on WhatsApp"),
        "chat": _("in web chat"),
    }
    return known.get(channel) or _("by %(channel)s") % {"channel": channel_of(channel)[1]}


def _question(finding: Finding, now: datetime) -> str:
    facts = {"channel": by_channel(finding.facts["channel"]), "when": in_words(finding.at, now, "long")}
    return _("Not answered, asked %(channel)s %(when)s") % facts


def _repeat(finding: Finding, now: datetime) -> str:
    facts = {"channel": by_channel(finding.facts["channel"]), "when": in_words(finding.at, now, "long")}
    said = (
        _("Asked again %(channel)s %(when)s") if finding.facts["is_again"] else _("Asked the same %(channel)s %(when)s")
    )
    return said % facts


def _promise(finding: Finding, now: datetime) -> str:
    day: date = finding.facts["day"]
    late = (timezone.localtime(now).date() - day).days
    facts = {"day": written(day, "weekday"), "n": late}
    if finding.facts.get("is_written"):
        said = _("We promised this for %(day)s") % facts
    else:
        said = _("We named %(day)s") % facts
    if late > 0:
        return f"{said}, {ngettext('%(n)d day late', '%(n)d days late', late) % facts}"
    return f"{said}, {_('today')}" if late == 0 else said


def _order(finding: Finding, now: datetime) -> str:
    facts: dict[str, Any] = {
        "number": finding.facts["number"],
        "state": words_of(EVENT_STATES, finding.facts["state"]).lower(),
    }
    if due := finding.facts.get("due"):
        facts["day"] = written(due, "weekday")
        if facts["state"]:
            return _("Order %(number)s is late: promised for %(day)s, still “%(state)s”") % facts
        return _("Order %(number)s is late: promised for %(day)s") % facts
    if finding.facts["kind"] == "payment":
        named = _("Payment for order %(number)s: %(state)s") if facts["number"] else _("Payment: %(state)s")
    else:
        named = _("Order %(number)s: %(state)s") if facts["number"] else _("Order: %(state)s")
    return named % facts


def _failed(finding: Finding, now: datetime) -> str:
    count = finding.facts["count"]
    facts = {"n": count, "channel": by_channel(finding.facts["channel"]), "reason": reason_of(finding.facts["errors"])}
    said = ngettext(
        "Our message %(channel)s did not arrive", "%(n)d of our messages did not arrive, the last %(channel)s", count
    )
    return (f"{said}: %(reason)s" if facts["reason"] else said) % facts


def _mood(finding: Finding, now: datetime) -> str:
    facts = finding.facts
    capitals, marks = facts["capitals"], facts["marks"]
    parts = []
    if capitals:
        parts.append(ngettext("%(n)d message in capitals", "%(n)d messages in capitals", capitals) % {"n": capitals})
    if marks:
        parts.append(ngettext("%(n)d with “???” or “!!!”", "%(n)d with “???” or “!!!”", marks) % {"n": marks})
    parts += [_("wrote “%(word)s”") % {"word": word} for word in facts["words"]]
    parts += [score_words(score["score"], score["of"]) for score in facts["scores"]]
    said = ", ".join(parts)
    return said[:1].upper() + said[1:]


def score_words(score: float, best: float) -> str:
    """A score in words: "gave 2 of 5"."""
    return _("gave %(score)s of %(best)s") % {"score": f"{score:g}", "best": f"{best:g}"}


def _switch(finding: Finding, now: datetime) -> str:
    facts = finding.facts
    after: timedelta = facts["after"]
    told = {
        "from": channel_of(facts["from"])[1],
        "to": channel_of(facts["to"])[1],
        "after": in_words(now - after, now, "words"),
        "n": facts["count"],
    }
    said = _("Went from %(from)s to %(to)s, %(after)s later") % told
    if facts["count"] > 1:
        more = ngettext("%(n)d change of channel in all", "%(n)d changes of channel in all", facts["count"])
        said = f"{said}; {more % told}"
    return said


def _colleagues(finding: Finding, now: datetime) -> str:
    facts = finding.facts
    last: Happened = facts["last"]
    counts = [
        (facts["answers"], ngettext("%(n)d answer", "%(n)d answers", facts["answers"])),
        (facts["notes"], ngettext("%(n)d note", "%(n)d notes", facts["notes"])),
        (facts["work"], ngettext("%(n)d change", "%(n)d changes", facts["work"])),
    ]
    told = ", ".join(words % {"n": n} for n, words in counts if n)
    names = ", ".join(isolated(name) for name in facts["names"])
    line = work_line(last.detail) if last.kind == "work" else None
    if line and facts["answers"] + facts["notes"] + facts["work"] == 1:
        return line[1]
    return f"{names}: {told}" if names else told


def _files(finding: Finding, now: datetime) -> str:
    facts = finding.facts
    count, names = facts["count"], ", ".join(facts["names"])
    said = ngettext("%(n)d file from the customer", "%(n)d files from the customer", count) % {"n": count}
    if names:
        return f"{said}: {names}"
    return f"{said}: {type_of(facts['type'])[1]}" if facts["type"] and count == 1 else said
