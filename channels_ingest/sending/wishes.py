"""What somebody wants to send, under which conditions, and the reasons why it is not sent."""

import hashlib
import json
from dataclasses import asdict, dataclass, field

from django.utils.translation import gettext as _

from channels_ingest.adapters.sending import Template
from channels_ingest.sending import guards
from channels_ingest.sending.guards import Closed
from channels_ingest.sending.models import OutboxMessage
from profiles.models import StaffMember
from profiles.reading_rights import words_for_restricted
from timeline.entries import Delivery
from timeline.models import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants to send. `answers` is the entry it quotes; `files` are the ids of what was uploaded for it.

    `subject`, `cc` and `new_thread`, with which a mail answers none of the earlier ones, are for mail only.
    `confirmation` is the id of a code that is written in place of the text when it is sent.
    """

    channel_identity_id: int
    text: str
    purpose: str = guards.SERVICE
    template: Template | None = None
    answers: int | None = None
    subject: str = ""
    cc: tuple[str, ...] = ()
    confirmation: int | None = None
    new_thread: bool = False
    files: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """The same for the same request."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode("utf-8", "replace")).hexdigest()


@dataclass(slots=True, kw_only=True)
class Wish:
    """Under which conditions it is to be sent.

    `last_seen_entry` is the newest entry its author has seen; `key` makes a repeated request the same one. For
    `hold_seconds` it stays here, so that its author can take it back.
    """

    author: StaffMember
    last_seen_entry: int | None = None
    key: str | None = None
    replaces: OutboxMessage | None = field(default=None)
    hold_seconds: float = 0.0


class SendRefusedError(ValueError):
    """It cannot be sent; the message says why, in words for its author. `code` is one word for programs."""

    def __init__(self, closed: Closed) -> None:
        super().__init__(closed.reason)
        self.code = closed.code


class AnsweredSinceError(Exception):
    """Somebody else answered after what the author has seen: `entry` is the newest such answer."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(_("Somebody answered since."))
        self.entry = entry


class OtherRequestError(ValueError):
    """The idempotency key names another request."""


def check_failed(failed: OutboxMessage) -> Entry:
    """The message's entry. Raises SendRefusedError unless it failed or was not confirmed, and may be read."""
    entry = Entry.objects.select_related("channel_identity", "account").get(id=failed.entry_id)
    if entry.is_withheld:
        raise SendRefusedError(Closed("restricted", words_for_restricted(entry.account)))
    is_open = failed.state in (OutboxMessage.State.QUEUED, OutboxMessage.State.SENDING)
    if is_open or entry.delivery not in (Delivery.FAILED, Delivery.UNKNOWN):
        said = _("Only a message that failed or was not confirmed is sent again.")
        raise SendRefusedError(Closed("not_failed", said))
    return entry
