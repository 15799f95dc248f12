"""Text messages (SMS, MMS) through Twilio."""

import re
from datetime import datetime

from channels_ingest.adapters._twilio import LONGEST_TEXT, Fields, TwilioChannel, content_of, opting_items
from channels_ingest.adapters.base import AccountSettings, Adapter
from channels_ingest.adapters.reading import OddPartError, as_word
from channels_ingest.adapters.sending import FileRules
from channels_ingest.adapters.words import gettext_noop
from channels_ingest.messages import Item, Message
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender
from timeline.entries import Direction

_MB = 1024 * 1024
#: Twilio, "Accepted content types for media" (read 2026-11): pictures are fitted to the phone, others are sent as they
#: are, up to what carriers take.
MMS = FileRules(
    most_bytes={
        **dict.fromkeys(("image/jpeg", "image/png", "image/gif"), 5 * _MB),
        **dict.fromkeys(("audio/", "video/", "application/pdf", "text/vcard", "text/calendar", "text/plain"), 600_000),
    },
    takes=gettext_noop("MMS takes pictures (JPEG, PNG, GIF), sound, film, PDF, contact cards and plain text."),
    per_message=10,
    total_bytes=5 * _MB,
    longest_caption=LONGEST_TEXT,
    fetches=True,
)
NO_MMS = FileRules(refusal=gettext_noop("This line sends text only: MMS works from numbers of the US and Canada."))
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_SHORT_CODE = re.compile(r"\d{3,8}")


class SmsTwilio(TwilioChannel):
    """See `base.Adapter` and `sending.Sends`."""

    provider = "sms_twilio"
    channel = "sms"

    def message_items(self, fields: Fields, sid: str, account: AccountSettings, received_at: datetime) -> list[Item]:
        """A text message, and what it means for consent. Twilio tells no time: it is that of receipt."""
        sender = sender_of(as_word(fields.get("From")))
        text, detail = content_of(fields)
        if opting := fields.get("OptOutType", ""):
            detail["opt_out"] = as_word(opting).lower()
        message = Message(
            sender=sender,
            provider_message_id=sid,
            occurred_at=received_at,
            direction=Direction.IN,
            text=text,
            detail=detail,
        )
        return [message, *opting_items(fields, sid, sender, received_at)]

    def file_rules(self, account: AccountSettings) -> FileRules:
        """What Twilio sends as MMS, which only lines of the US and Canada can; a messaging service may hold one."""
        ours = account.plain.get("from", "")
        return MMS if not ours or ours.startswith(("+1", "MG")) else NO_MMS


def sender_of(address: str) -> Sender:
    """Who texted. The number of a text message can be forged and is passed on, so it is weak.

    A short code or a name is a service's and joins nobody; a name cannot be answered. Raises OddPartError.
    """
    if not address:
        raise OddPartError("nobody named as the customer")
    if _NUMBER.fullmatch(address):
        return Sender(address=address, identifiers=(SeenIdentifier(IdentifierKind.PHONE, address, "", Grade.WEAK),))
    refusal = "short_code" if _SHORT_CODE.fullmatch(address) else "sender_name"
    return Sender(address=address, reply_refusal=refusal)


ADAPTER: Adapter = SmsTwilio()
