"""What a mail says besides its text: made of the mail it answers, and of our own key for its thread."""

from email.utils import format_datetime
from typing import Any

from django.utils.translation import gettext as _

from channels_ingest.adapters.mail.threads import head_of
from channels_ingest.adapters.mail.writing import line as one_line
from channels_ingest.adapters.mail.writing import reply_subject
from channels_ingest.adapters.sending import MailHead
from channels_ingest.sending.lines import SendingLine
from channels_ingest.sending.models import OutboxMessage
from timeline.entries import Direction, EntryKind
from timeline.models import Entry


def mail_head(message: OutboxMessage, line: SendingLine) -> MailHead:
    """The head of an outbox message. The same at every attempt: what came in since is not what it answers.

    `words["fields"]` are fields to be added, such as List-Unsubscribe. Raises CannotSendError.
    """
    words: dict[str, Any] = message.words
    answered = None if words.get("new_thread") else _answered(message)
    subject = one_line(str(words.get("subject", "")))
    if not subject and answered and answered.get("subject"):
        subject = reply_subject(str(answered["subject"]))
    fields = words.get("fields")
    return head_of(
        str(message.reference),
        message.channel_identity.address,
        line.settings,
        subject=subject or _("Message from %(line)s") % {"line": message.account.name},
        answered=answered,
        cc=tuple(words.get("cc", ())),
        extra={"Date": format_datetime(message.created_at), **(fields if isinstance(fields, dict) else {})},
    )


def _answered(message: OutboxMessage) -> dict[str, Any] | None:
    """The mail that is quoted, or else the newest one that came from this address before; not a machine's."""
    mails = Entry.objects.filter(
        channel_identity_id=message.channel_identity_id,
        kind=EntryKind.MESSAGE,
        direction=Direction.IN,
        id__lt=message.entry_id,
    )
    quoted = str(message.words.get("reply_to", {}).get("provider_message_id", ""))
    mails = mails.filter(provider_message_id=quoted) if quoted else mails.filter(detail__automatic__isnull=True)
    return mails.order_by("-occurred_at", "-id").values_list("detail", flat=True).first()
