"""An outbox row as the value that an adapter renders."""

from collections.abc import Callable, Mapping
from typing import Any

from channels_ingest.adapters.sending import CannotSendError, MailHead, Outgoing, Template
from channels_ingest.confirming import CannotConfirmError, text_of
from channels_ingest.models import ConfirmationCode
from channels_ingest.sending.lines import SendingLine, status_url
from channels_ingest.sending.mail_heads import mail_head
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.sending.outgoing_files import outgoing_files
from profiles.models import Channel

#: What mails say besides their text, by channel; raises CannotSendError.
HEADS: Mapping[str, Callable[[OutboxMessage, SendingLine], MailHead]] = {Channel.EMAIL: mail_head}


def outgoing_of(message: OutboxMessage, line: SendingLine) -> Outgoing:
    """The message as its adapter takes it; read with its entry, account and channel identity."""
    channel = message.account.channel
    words: dict[str, Any] = message.words
    template = words.get("template")
    reference = str(message.reference)
    return Outgoing(
        reference=reference,
        address=message.channel_identity.address,
        text=_text(message),
        status_url=status_url(message.account, reference),
        answers=str(words.get("reply_to", {}).get("provider_message_id", "")),
        template=template_of(template) if template else None,
        mail=HEADS[channel](message, line) if channel in HEADS else None,
        files=outgoing_files(message, line),
    )


def _text(message: OutboxMessage) -> str:
    """What goes out: as it stands on the timeline, but for a code, which nobody sees. Raises CannotSendError."""
    code = message.words.get("confirmation")
    if code is None:
        return message.entry.text
    try:
        return text_of(ConfirmationCode.objects.get(id=code))
    except CannotConfirmError as error:
        raise CannotSendError(str(error)) from error


def template_of(words: Mapping[str, Any]) -> Template:
    """The template as the row keeps it."""
    return Template(
        name=words["name"],
        language=words["language"],
        parameters=tuple(words.get("parameters", ())),
        names=tuple(words.get("names", ())),
        header=words.get("header", ""),
        header_kind=words.get("header_kind", "text"),
        buttons=tuple((int(place), str(kind), str(value)) for place, kind, value in words.get("buttons", ())),
    )
