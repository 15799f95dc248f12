"""What stands above a mail: the subject it goes on under, and who gets a copy."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from channels_ingest.adapters.mail.writing import checked_address, reply_subject
from channels_ingest.adapters.sending import CannotSendError
from profiles.identity.mailbox import email_join_key
from profiles.models import ChannelIdentity
from profiles.own import own_keys
from profiles.reading_rights import hidden_now
from timeline.entries import Direction, EntryKind
from timeline.models import Entry

MOST_COPIES = 50
#: Copies that are offered: a mail to a whole company is not answered to all of it unasked.
MOST_OFFERED = 20
#: An address, alone or behind a name.
_WRITTEN = re.compile(r"[^<>\r\n]*<([^<>\s]+)>|([^<>\s]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFields:
    """What the box offers: the thread's subject, and the others who were on the last mail without ourselves."""

    to: str
    subject: str
    cc: str


class AddressError(ValueError):
    """One of the addresses is none that mail can be sent to; the message names it."""


def fields_for(identity: ChannelIdentity) -> MailFields:
    """What an answer to the newest mail of this channel identity that a person wrote starts with."""
    told = _newest(identity.pk)
    subject = told.get("subject")
    people = [each for name in ("to", "cc") for each in _words(told.get(name))]
    return MailFields(
        to=identity.address,
        subject=reply_subject(subject) if isinstance(subject, str) and subject.strip() else "",
        cc=", ".join(_others(people, identity.address, told.get("reply_address"))),
    )


def _newest(channel_identity_id: int) -> dict[str, Any]:
    mails = Entry.objects.filter(
        channel_identity_id=channel_identity_id,
        kind=EntryKind.MESSAGE,
        direction=Direction.IN,
        detail__automatic__isnull=True,
    ).exclude(account_id__in=hidden_now())
    found = mails.order_by("-occurred_at", "-id").values_list("detail", flat=True).first()
    return found if isinstance(found, dict) else {}


def _others(people: Iterable[str], *theirs: object) -> list[str]:
    """Who else was on the mail: neither we nor the customer, each once."""
    known = own_keys() | {email_join_key(each) for each in theirs if isinstance(each, str) and each}
    found: dict[str, str] = {}
    for address in people:
        try:
            checked = checked_address(address)
        except CannotSendError:
            continue
        if not {email_join_key(checked), email_join_key(_untagged(checked))} & known:
            found.setdefault(email_join_key(checked), checked)
    return list(found.values())[:MOST_OFFERED]


def _untagged(address: str) -> str:
    """Without what stands behind a plus sign: our own reply addresses carry a token there."""
    local, _at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def copies_of(typed: str) -> tuple[str, ...]:
    """The addresses in what somebody typed, each once. Raises AddressError."""
    parts = [part.strip() for part in re.split(r"[,;\n]", typed) if part.strip()]
    if len(parts) > MOST_COPIES:
        raise AddressError(_("Copies go to %(most)d people at most.") % {"most": MOST_COPIES})
    found: dict[str, str] = {}
    for part in parts:
        written = _WRITTEN.fullmatch(part)
        try:
            checked = checked_address(written[1] or written[2] if written else "")
        except CannotSendError as error:
            raise AddressError(_("%(typed)s is no e-mail address.") % {"typed": part[:80]}) from error
        found.setdefault(email_join_key(checked), checked)
    return tuple(found.values())


def _words(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
