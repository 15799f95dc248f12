"""An entry in one line: for the queue, for quotes, for whatever stands for it elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from timeline.entries import EntryKind
from timeline.models import Entry
from timeline.showing.attachments import attachments_of
from timeline.showing.events import line_of
from timeline.showing.mails import mail_of
from timeline.showing.surveys import survey_of
from timeline.showing.wording import channel_of, consent_line, type_of, words_of
from timeline.showing.work_lines import work_line

PREVIEW_CHARACTERS = 140
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
#: What stands for an entry that says nothing itself.
KIND_WORDS: Mapping[str, Promise] = {
    EntryKind.PAGE_VIEW: _lazy("A page"),
    EntryKind.ORDER: _lazy("Order"),
    EntryKind.PAYMENT: _lazy("Payment"),
    EntryKind.NOTE: _lazy("Note"),
    EntryKind.WORK: _lazy("Work"),
    EntryKind.IDENTITY: _lazy("Identity"),
}


@dataclass(frozen=True, slots=True)
class Preview:
    """One line that stands for an entry; `word` names what is no text, `icon` goes with it."""

    text: str
    word: str = ""
    icon: str = ""


def preview_of(entry: Entry) -> Preview:
    """The entry in one line, for the queue and for quotes."""
    return Preview("", word=_("Restricted"), icon="lock") if entry.is_withheld else _told(entry)


def _told(entry: Entry) -> Preview:
    detail = entry.detail
    if entry.kind == EntryKind.CONSENT:
        return Preview(consent_title(entry), icon="bell-off")
    if entry.kind in (EntryKind.ORDER, EntryKind.PAYMENT):
        return Preview(line_of(entry), word=words_of(KIND_WORDS, entry.kind), icon=LINE_ICONS[entry.kind])
    if entry.kind == EntryKind.SURVEY:
        survey = survey_of(entry)
        return Preview(survey.text[:PREVIEW_CHARACTERS], word=survey.title, icon=LINE_ICONS[entry.kind])
    mail = mail_of(detail, entry.text)
    text = " ".join((mail.text if mail else entry.text).split())[:PREVIEW_CHARACTERS]
    if entry.kind != EntryKind.MESSAGE:
        return _line(entry, text)
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


def _line(entry: Entry, text: str) -> Preview:
    """What is no message: work in words, else its text or its kind."""
    if entry.kind == EntryKind.WORK and (line := work_line(entry.detail)):
        return Preview(line[1], icon=line[0])
    return Preview(text or words_of(KIND_WORDS, entry.kind), icon=LINE_ICONS.get(entry.kind, "info"))


def consent_title(entry: Entry) -> str:
    purpose = str(entry.detail.get("purpose") or "")
    granted = entry.detail.get("is_granted")
    if not purpose or granted is None:
        return entry.text or _("Consent changed")
    return consent_line(purpose, is_granted=granted is True, channel=channel_of(entry.account.channel)[1])
