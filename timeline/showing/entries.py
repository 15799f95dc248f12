"""Entries as an agent reads them: each with its words, icons and grouping, ready for the templates.

Nothing here trusts the shape of `detail`: it came from a customer through a provider, and an odd part is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from timeline.entries import Direction, EntryKind
from timeline.identity.lines import IdentityLine
from timeline.models import Entry
from timeline.showing.events import card_of, facts_of, page_of
from timeline.showing.marks import mark_days
from timeline.showing.message_parts import fill_message
from timeline.showing.notes import note_of
from timeline.showing.parts import list_of, object_of, word_of
from timeline.showing.previews import LINE_ICONS, consent_title
from timeline.showing.shapes import Day, EntryView
from timeline.showing.surveys import survey_of
from timeline.showing.wording import SOURCES, channel_of, identifier_words, isolated, words_of
from timeline.showing.work_lines import work_line

#: Kind -> template in `templates/entry/` and class of the entry; every other kind is one line. A note is a `memo`:
#: `note` is a word of the reply box.
SHAPES: Mapping[str, str] = {
    EntryKind.MESSAGE: "message",
    EntryKind.CONSENT: "consent",
    EntryKind.PAGE_VIEW: "page",
    EntryKind.ORDER: "event",
    EntryKind.PAYMENT: "event",
    EntryKind.IDENTITY: "identity",
    EntryKind.NOTE: "memo",
}


def days_of(
    entries: Iterable[Entry],
    *,
    customer: str,
    names_lines: bool,
    replied_to: Mapping[tuple[int, str], Entry],
    lines: Mapping[int, IdentityLine | None],
    opened: int | None = None,
) -> list[Day]:
    """`entries` (oldest first) by day, with what neighbours share; one about identity without a line is left out.

    The fold of the entry `opened` is open.
    """
    days: list[Day] = []
    for entry in entries:
        if entry.kind == EntryKind.IDENTITY and lines.get(entry.pk) is None:
            continue
        view = _view(entry, customer=customer, names_line=names_lines, replied_to=replied_to, lines=lines)
        key = timezone.localdate(entry.occurred_at).isoformat()
        if not days or days[-1].key != key:
            days.append(Day(key, entry.occurred_at, []))
        days[-1].entries.append(view)
    mark_days(days, opened=opened)
    return days


def answered_ids(entries: Sequence[Entry]) -> list[tuple[int, str]]:
    """(account, provider message id) of every message that one of `entries` answers."""
    found = (
        (entry.account_id, word_of(object_of(entry.detail, "reply_to"), "provider_message_id")) for entry in entries
    )
    return [pair for pair in found if pair[1]]


def _view(
    entry: Entry,
    *,
    customer: str,
    names_line: bool,
    replied_to: Mapping[tuple[int, str], Entry],
    lines: Mapping[int, IdentityLine | None],
) -> EntryView:
    icon, word = channel_of(entry.account.channel)
    is_message = entry.kind == EntryKind.MESSAGE
    view = EntryView(
        entry=entry,
        shape=SHAPES.get(entry.kind, "line"),
        channel=entry.account.channel,
        channel_icon=icon,
        channel_word=word,
        who=(word_of(object_of(entry.detail, "by"), "name") or entry.account.name)
        if entry.direction == Direction.OUT
        else customer,
        line=entry.account.name if names_line else "",
    )
    if entry.is_withheld:
        view.shape, view.icon = "line", "lock"
        view.title = _("1 entry in %(line)s, restricted") % {"line": isolated(entry.account.name)}
    elif is_message:
        fill_message(view, customer, replied_to)
    elif view.shape == "page":
        view.page = page_of(entry)
    elif view.shape == "event":
        view.card = card_of(entry)
    elif view.shape == "memo":
        view.colleague_note = note_of(entry)
    elif view.shape == "identity":
        view.identity = lines.get(entry.pk)
    elif view.shape == "consent":
        view.is_held = entry.detail.get("purpose") == "hold" and entry.detail.get("is_granted") is False
        icons = "triangle-alert" if view.is_held else "bell-off"
        view.icon = "bell" if entry.detail.get("is_granted") is True else icons
        view.title = consent_title(entry)
        source = str(entry.detail.get("source") or "")
        view.note = words_of(SOURCES, source) if source else ""
        if by := word_of(entry.detail, "by"):
            view.note = f"{isolated(by)}: {word_of(entry.detail, 'reason')}"
    else:
        _fill_line(view, entry)
    return view


def _fill_line(view: EntryView, entry: Entry) -> None:
    """What is said in one line: work, and whatever has no shape of its own."""
    if entry.kind == EntryKind.WORK and (line := work_line(entry.detail)):
        view.icon, view.title, view.note = line
        return
    if entry.kind == EntryKind.SURVEY:
        survey = survey_of(entry)
        view.icon, view.title, view.note = LINE_ICONS[entry.kind], survey.title, survey.text
        return
    view.icon = LINE_ICONS.get(entry.kind, "info")
    view.title = entry.text or words_of({}, str(entry.detail.get("event") or entry.kind))
    if entry.kind == EntryKind.CUSTOM:
        view.note = facts_of(entry.detail)
    elif entry.detail.get("type") == "moved" and not entry.text:
        became = ", ".join(_identifiers(entry.detail, "became"))
        view.title = _("The customer moved to %(identifiers)s") % {"identifiers": became}


def _identifiers(detail: Mapping[str, Any], name: str) -> list[str]:
    """The identifiers listed under `name`, in words."""
    parts = (part for part in list_of(detail, name) if isinstance(part, dict))
    return [identifier_words(word_of(part, "kind"), word_of(part, "value")) for part in parts]
