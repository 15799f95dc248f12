"""Entries as an agent reads them: each with its words, icons and grouping, ready for the templates.

Nothing here trusts the shape of `detail`: it came from a customer through a provider, and an odd part is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from timeline.entries import Direction, EntryKind
from timeline.identity.lines import IdentityLine
from timeline.models import Entry
from timeline.showing.attachments import Attachment, Formatted, attachments_of, formatted_of
from timeline.showing.contents import Card, Order, Place, cards_of, order_of, place_of
from timeline.showing.events import EventCard, Page, card_of, facts_of, line_of, page_of
from timeline.showing.mails import MailView, mail_of
from timeline.showing.wording import (
    DELIVERIES,
    DOUBTS,
    SOURCES,
    channel_of,
    consent_line,
    identifier_words,
    isolated,
    reason_of,
    type_of,
    words_of,
)
from timeline.showing.work_lines import work_line

#: Messages of one sender on one channel this close together share one header.
GROUP_GAP = timedelta(minutes=3)
PREVIEW_CHARACTERS = 140
#: Content types that need no word: the text is all there is to say.
PLAIN_TYPES = (None, "text", "mail")
#: Kind -> template in `templates/entry/`; every other kind is one line.
SHAPES: Mapping[str, str] = {
    EntryKind.MESSAGE: "message",
    EntryKind.CONSENT: "consent",
    EntryKind.PAGE_VIEW: "page",
    EntryKind.ORDER: "event",
    EntryKind.PAYMENT: "event",
    EntryKind.IDENTITY: "identity",
}
LINE_ICONS: Mapping[str, str] = {
    EntryKind.PAGE_VIEW: "globe",
    EntryKind.ORDER: "package",
    EntryKind.PAYMENT: "credit-card",
    EntryKind.NOTE: "sticky-note",
    EntryKind.SURVEY: "star",
    EntryKind.WORK: "inbox",
    EntryKind.IDENTITY: "fingerprint",
    EntryKind.SYSTEM: "info",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """One line that stands for an entry; `word` names what is no text, `icon` goes with it."""

    text: str
    word: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The message that a message answers."""

    entry_id: int
    who: str
    preview: Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """How far a sent message came, as icon and word, with the reason of a failure, a doubt or a delay.

    `sends_again` says that it was written here and may be sent once more; `again_id` is the entry that did so.
    """

    icon: str
    word: str
    tone: str
    reason: str
    sends_again: bool = False
    again_id: int | None = None
    is_simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EditView:
    """A text that was replaced, and when."""

    previous_text: str
    at: datetime | None


@dataclass(slots=True, kw_only=True)
class EntryView:
    """One entry with everything its template shows. `shape` names the template in `templates/entry/`."""

    entry: Entry
    shape: str
    channel_icon: str
    channel_word: str
    who: str
    line: str  # the account's name, when the customer wrote to more than one
    is_continued: bool = False
    icon: str = ""
    title: str = ""
    note: str = ""
    type_word: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    formatted: Formatted | None = None
    place: Place | None = None
    cards: list[Card] = field(default_factory=list)
    order: Order | None = None
    choice: str = ""
    choice_description: str = ""
    quote: Quote | None = None
    delivery: DeliveryView | None = None
    reactions: list[dict[str, str]] = field(default_factory=list)
    edits: list[EditView] = field(default_factory=list)
    revoked_at: datetime | None = None
    forwarded: str = ""
    referral: dict[str, str] = field(default_factory=dict)
    is_group: bool = False
    page: Page | None = None
    card: EventCard | None = None
    identity: IdentityLine | None = None
    mail: MailView | None = None
    missing: str = ""  # why there is no content, said honestly
    doubt: str = ""  # why its sender may be somebody else
    is_held: bool = False  # a message that may have been an opt-out: somebody should look

    @property
    def text(self) -> str:
        """What is said now: of a mail, without what repeats earlier ones."""
        return self.mail.text if self.mail else self.entry.text

    @property
    def is_out(self) -> bool:
        """Whether the business said it."""
        return self.entry.direction == Direction.OUT

    @property
    def group_key(self) -> str:
        """What neighbours must share to stand under one header."""
        if self.shape != "message":
            return ""
        return f"{self.entry.channel_identity_id}.{self.entry.direction}.{self.author_id}"

    @property
    def author_id(self) -> str:
        """Which colleague wrote it, if one did: each has a header of their own."""
        by = self.entry.detail.get("by")
        return str(by.get("id", "")) if isinstance(by, dict) else ""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the timeline in the agent's zone, oldest entry first."""

    key: str
    moment: datetime
    entries: list[EntryView]


def days_of(
    entries: Iterable[Entry],
    *,
    customer: str,
    names_lines: bool,
    replied_to: Mapping[tuple[int, str], Entry],
    lines: Mapping[int, IdentityLine | None],
) -> list[Day]:
    """`entries` (oldest first) by day, grouped under shared headers; one about identity without a line is left out."""
    days: list[Day] = []
    previous: EntryView | None = None
    for entry in entries:
        if entry.kind == EntryKind.IDENTITY and lines.get(entry.pk) is None:
            continue
        view = _view(entry, customer=customer, names_line=names_lines, replied_to=replied_to, lines=lines)
        key = timezone.localdate(entry.occurred_at).isoformat()
        if not days or days[-1].key != key:
            days.append(Day(key, entry.occurred_at, []))
            previous = None
        view.is_continued = previous is not None and _continues(view, previous)
        days[-1].entries.append(view)
        previous = view
    return days


def answered_ids(entries: Sequence[Entry]) -> list[tuple[int, str]]:
    """(account, provider message id) of every message that one of `entries` answers."""
    found = ((entry.account_id, _word(_object(entry.detail, "reply_to"), "provider_message_id")) for entry in entries)
    return [pair for pair in found if pair[1]]


def preview_of(entry: Entry) -> Preview:
    """The entry in one line, for the queue and for quotes."""
    detail = entry.detail
    if entry.kind == EntryKind.CONSENT:
        return Preview(_consent_title(entry), icon="bell-off")
    if entry.kind in (EntryKind.ORDER, EntryKind.PAYMENT):
        return Preview(line_of(entry), word=words_of({}, entry.kind), icon=LINE_ICONS[entry.kind])
    mail = mail_of(detail, entry.text)
    text = " ".join((mail.text if mail else entry.text).split())[:PREVIEW_CHARACTERS]
    if entry.kind != EntryKind.MESSAGE:
        return Preview(text or words_of({}, entry.kind), icon=LINE_ICONS.get(entry.kind, "info"))
    if detail.get("revoked_at"):
        return Preview("", word=_("Deleted message"), icon="trash-2")
    content_type = str(detail.get("type") or "text")
    if mail and mail.subject:
        return Preview(f"{mail.subject}: {text}"[:PREVIEW_CHARACTERS] if text else mail.subject)
    if content_type in ("text", "mail", "choice") and text:
        return Preview(text)
    if entry.is_placeholder and not text:
        return Preview("", word=_("Message without content yet"), icon="file-question")
    attachments = attachments_of(detail, channel_of(entry.account.channel)[1])
    if attachments:
        return Preview(text or attachments[0].name, word=attachments[0].word, icon=attachments[0].icon)
    icon, word = type_of(content_type)
    return Preview(text, word=word, icon=icon)


def _continues(view: EntryView, previous: EntryView) -> bool:
    near = view.entry.occurred_at - previous.entry.occurred_at <= GROUP_GAP
    return bool(near and view.group_key and view.group_key == previous.group_key)


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
        channel_icon=icon,
        channel_word=word,
        who=(_word(_object(entry.detail, "by"), "name") or entry.account.name)
        if entry.direction == Direction.OUT
        else customer,
        line=entry.account.name if names_line else "",
    )
    if is_message:
        _fill_message(view, customer, replied_to)
    elif view.shape == "page":
        view.page = page_of(entry)
    elif view.shape == "event":
        view.card = card_of(entry)
    elif view.shape == "identity":
        view.identity = lines.get(entry.pk)
    elif view.shape == "consent":
        view.is_held = entry.detail.get("purpose") == "hold" and entry.detail.get("is_granted") is False
        icons = "triangle-alert" if view.is_held else "bell-off"
        view.icon = "bell" if entry.detail.get("is_granted") is True else icons
        view.title = _consent_title(entry)
        source = str(entry.detail.get("source") or "")
        view.note = words_of(SOURCES, source) if source else ""
        if by := _word(entry.detail, "by"):
            view.note = f"{isolated(by)}: {_word(entry.detail, 'reason')}"
    elif entry.kind == EntryKind.WORK and (line := work_line(entry.detail)):
        view.icon, view.title, view.note = line
    else:
        view.icon = LINE_ICONS.get(entry.kind, "info")
        view.title = entry.text or words_of({}, str(entry.detail.get("event") or entry.kind))
        if entry.kind == EntryKind.CUSTOM:
            view.note = facts_of(entry.detail)
        elif entry.detail.get("type") == "moved" and not entry.text:
            became = ", ".join(_identifiers(entry.detail, "became"))
            view.title = _("The customer moved to %(identifiers)s") % {"identifiers": became}
    return view


def _identifiers(detail: Mapping[str, Any], name: str) -> list[str]:
    """The identifiers listed under `name`, in words."""
    parts = (part for part in _list(detail, name) if isinstance(part, dict))
    return [identifier_words(_word(part, "kind"), _word(part, "value")) for part in parts]


def _fill_message(view: EntryView, customer: str, replied_to: Mapping[tuple[int, str], Entry]) -> None:
    entry, detail = view.entry, view.entry.detail
    view.mail = mail_of(detail, entry.text)
    view.type_word = type_of(str(detail.get("type") or ""))[1] if detail.get("type") not in PLAIN_TYPES else ""
    view.attachments = attachments_of(detail, view.channel_word, entry_id=entry.pk)
    view.formatted = formatted_of(detail, entry.pk)
    view.place = place_of(detail)
    view.cards = cards_of(detail)
    view.order = order_of(detail)
    choice = _object(detail, "choice")
    view.choice = {"button": _("Pressed a button"), "list": _("Chose from a list"), "form": _("Filled in a form")}.get(
        _word(choice, "kind"), _("Chose") if choice else ""
    )
    view.choice_description = _word(choice, "description")
    view.quote = _quote(entry, customer, replied_to)
    view.delivery = _delivery(entry) if view.is_out else None
    view.doubt = "" if view.is_out else str(DOUBTS.get(entry.sender_grade or "", ""))
    view.reactions = [r for r in _list(detail, "reactions") if isinstance(r, dict) and r.get("emoji")]
    view.edits = [
        EditView(previous_text=_word(edit, "previous_text"), at=_moment(edit.get("at")))
        for edit in _list(detail, "edits")
        if isinstance(edit, dict)
    ]
    view.revoked_at = _moment(detail.get("revoked_at"))
    view.forwarded = {"often": _("Forwarded many times")}.get(
        str(detail.get("forwarded")), _("Forwarded") if detail.get("forwarded") else ""
    )
    view.referral = {key: str(value) for key, value in _object(detail, "referral").items() if value}
    view.is_group = bool(detail.get("group"))
    view.missing = _missing(view)


def _missing(view: EntryView) -> str:
    entry, detail = view.entry, view.entry.detail
    if entry.is_placeholder and detail.get("raw"):
        return _("The hub cannot read this kind of message yet. It is kept and appears here once it can.")
    if detail.get("type") == "unsupported":
        said = _("%(channel)s does not pass on this kind of message. Ask the customer to send it another way.")
        return said % {"channel": view.channel_word}
    if entry.is_placeholder:
        return _("The content of this message has not arrived yet.")
    has_content = (
        entry.text or view.attachments or view.place or view.cards or view.order or view.choice or view.formatted
    )
    return "" if has_content else _("An empty message.")


def _quote(entry: Entry, customer: str, replied_to: Mapping[tuple[int, str], Entry]) -> Quote | None:
    answered = _word(_object(entry.detail, "reply_to"), "provider_message_id")
    other = replied_to.get((entry.account_id, answered)) if answered else None
    if other is None:
        return None
    who = other.account.name if other.direction == Direction.OUT else customer
    return Quote(entry_id=other.pk, who=who, preview=preview_of(other))


def _delivery(entry: Entry) -> DeliveryView | None:
    if not entry.delivery:
        return None
    icon, word, tone = DELIVERIES.get(entry.delivery, DELIVERIES["unknown"])
    detail = entry.detail
    again_id = detail.get("replaced_by")
    return DeliveryView(
        icon=icon,
        word=str(word),
        tone=tone,
        reason=_reason(entry.delivery, detail),
        sends_again=bool(_object(detail, "by"))
        and entry.delivery in ("failed", "unknown")
        and not again_id
        and "confirmation" not in detail,
        again_id=again_id if isinstance(again_id, int) else None,
        is_simulated=detail.get("is_simulated") is True,
    )


def _reason(delivery: str, detail: Mapping[str, Any]) -> str:
    """Why it failed, why nobody knows, or why it still waits."""
    if delivery == "failed":
        return reason_of(detail.get("errors"))
    return _word(detail, {"unknown": "doubt", "queued": "delay"}.get(delivery, ""))


def _consent_title(entry: Entry) -> str:
    purpose = str(entry.detail.get("purpose") or "")
    granted = entry.detail.get("is_granted")
    if not purpose or granted is None:
        return entry.text or _("Consent changed")
    return consent_line(purpose, is_granted=granted is True, channel=channel_of(entry.account.channel)[1])


def _object(detail: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = detail.get(name)
    return value if isinstance(value, dict) else {}


def _list(detail: Mapping[str, Any], name: str) -> list[Any]:
    value = detail.get(name)
    return value if isinstance(value, list) else []


def _word(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _moment(value: Any) -> datetime | None:
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
