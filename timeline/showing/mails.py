"""What a mail says beside its text, in an agent's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from timeline.showing.quoting import Folded, fold
from timeline.showing.quoting_words import FORWARD_SUBJECT

AUTOMATIC: Mapping[str, str | Promise] = {
    "auto_reply": _lazy("Automatic reply"),
    "notification": _lazy("Automatic notice"),
    "list": _lazy("Mailing list"),
    "bounce": _lazy("Mail came back"),
    "complaint": _lazy("Spam complaint"),
}


#: Characters of a subject that are shown; a longer one is a text of its own, and the message as it came has it.
MOST_OF_SUBJECT = 300


@dataclass(frozen=True, slots=True)
class Mark:
    """Something an agent should know of a mail; `more` explains it."""

    icon: str
    word: str
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """A mail ready to be shown: `text` is what its writer says now, `repeated` what repeats `earlier` mails.

    With `earlier` 0, what is folded is a signature alone. `cc` are the addresses of `copies` others.
    """

    subject: str
    text: str
    repeated: str
    earlier: int
    cc: str
    copies: int
    marks: tuple[Mark, ...]
    written_at: datetime | None


def mail_of(detail: Mapping[str, Any], text: str) -> MailView | None:
    """The mail; None for an entry that is none."""
    if detail.get("type") != "mail" and not detail.get("subject"):
        return None
    folded = folded_mail(detail, text)
    cc = detail.get("cc")
    return MailView(
        subject=Truncator(_word(detail, "subject")).chars(MOST_OF_SUBJECT),
        text=folded.shown.strip("\n"),
        repeated=folded.folded.strip("\n"),
        earlier=folded.earlier,
        cc=", ".join(str(address) for address in cc) if isinstance(cc, list) else "",
        copies=len(cc) if isinstance(cc, list) else 0,
        marks=tuple(_marks(detail)),
        written_at=_moment(detail.get("date")),
    )


def folded_mail(detail: Mapping[str, Any], text: str) -> Folded:
    """What it repeats is folded. A mail that hands another on shows all: what it hands on is news."""
    if FORWARD_SUBJECT.match(_word(detail, "subject")):
        return Folded(text, "")
    return fold(text, is_answer=any(detail.get(name) for name in ("in_reply_to", "reply_to", "thread")))


def _marks(detail: Mapping[str, Any]) -> Iterator[Mark]:
    automatic = detail.get("automatic")
    if isinstance(automatic, dict) and automatic.get("kind"):
        word = str(AUTOMATIC.get(_word(automatic, "kind")) or _("Automatic mail"))
        yield Mark("info", word, _("Nobody waits for an answer to it"))
    verdict = detail.get("verdict")
    if isinstance(verdict, dict) and verdict.get("reason") == "dmarc_failed":
        yield Mark(
            "triangle-alert", _("Forged sender"), _("The owner of that domain says that it did not send this mail")
        )
    thread = detail.get("thread")
    if isinstance(thread, dict) and thread.get("is_addressee") is False:
        more = _("It answers a mail of yours that went to another address")
        yield Mark("user-x", _("Somebody else answers"), more)
    if reply_address := _word(detail, "reply_address"):
        yield Mark("reply", _("Wants answers at %(address)s") % {"address": reply_address})
    faults = detail.get("faults")
    if isinstance(faults, list) and faults:
        yield Mark("file-question", _("Not all of it was readable"), ", ".join(str(fault) for fault in faults))


def _word(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _moment(value: object) -> datetime | None:
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
