"""A member of staff writes to a customer: entry, outbox row and queue in one transaction, or a reason why not."""

import logging
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest.adapters.base import clean, clean_json
from channels_ingest.adapters.reading import CLOCK_DIFFERENCE
from channels_ingest.adapters.sending import TakesTemplates
from channels_ingest.intake import SEND, intake
from channels_ingest.sending import guards
from channels_ingest.sending.collisions import check_unanswered
from channels_ingest.sending.guards import Closed
from channels_ingest.sending.lines import SendingLine
from channels_ingest.sending.models import OutboxMessage, TakenBack
from channels_ingest.sending.outgoing_files import attachments_of, file_fault
from channels_ingest.sending.wishes import Draft, OtherRequestError, SendRefusedError, Wish, check_failed
from channels_ingest.unsubscribing import headers_for
from channels_ingest.writing.templates import verdict_on
from channels_ingest.writing.uploads import uploads_of
from profiles.locking import lock_id, lock_rows, take_advisory_locks
from profiles.models import Channel, ChannelIdentity
from timeline.entries import Delivery, Direction, EntryKind
from timeline.models import Entry
from timeline.outgoing import mark, write_out
from timeline.recording import NewEntry

log = logging.getLogger("cxhub.sending")

#: What an automatic mail says, so that no machine answers it (RFC 3834; Microsoft, "X-Auto-Response-Suppress").
AUTOMATIC_FIELDS = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "Precedence": "auto_reply"}

#: What the sender needs besides the text.
KEPT_WORDS = ("template", "subject", "cc", "new_thread", "reply_to", "confirmation", "uploads")


def send(profile_id: int, draft: Draft, wish: Wish) -> Entry:
    """The message is queued and stands on the timeline; or it was already, by its key.

    Raises SendRefusedError, AnsweredSinceError or OtherRequestError, and then nothing has happened. Of two who answer
    the same customer at once, having seen the same, one wins.
    """
    with transaction.atomic():
        earlier = _repeated(draft, wish)
        if earlier is None:
            return _send(profile_id, draft, wish)
    return _entry(earlier)


def _repeated(draft: Draft, wish: Wish) -> int | None:
    """The entry this request has already made. Its key, and the message it replaces, are held until the end."""
    if wish.key is not None:
        take_advisory_locks([lock_id("outbox key", wish.author.pk, wish.key)])
        known = OutboxMessage.objects.filter(author=wish.author, idempotency_key=wish.key).first()
        if known is not None:
            if known.request_hash != draft.fingerprint():
                raise OtherRequestError(_("This Idempotency-Key was used for another message."))
            return known.entry_id
        if TakenBack.objects.filter(author=wish.author, idempotency_key=wish.key).exists():
            raise SendRefusedError(Closed("taken_back", _("This message was taken back, so it is not sent.")))
    if wish.replaces is not None:
        lock_rows("channels_ingest_outboxmessage", [wish.replaces.pk])
        replacing = OutboxMessage.objects.filter(replaces=wish.replaces).first()
        if replacing is not None and replacing.request_hash != draft.fingerprint():
            raise SendRefusedError(Closed("replaced", _("This message was sent again already.")))
        return replacing.entry_id if replacing else None
    return None


def _send(profile_id: int, draft: Draft, wish: Wish) -> Entry:
    text = clean(draft.text)
    places = {draft.channel_identity_id} | ({wish.replaces.entry.channel_identity_id} if wish.replaces else set())
    lock_rows("profiles_channelidentity", places)
    identity = ChannelIdentity.objects.select_related("account").filter(id=draft.channel_identity_id).first()
    if identity is None or identity.profile_id != profile_id:
        raise SendRefusedError(Closed("elsewhere", _("This address is not this customer's now. Load the page again.")))
    lock_rows("profiles_profile", [profile_id])  # two colleagues who answer on different channels wait for each other
    if wish.replaces is not None:
        _check_replaced(wish.replaces, profile_id)
    if wish.last_seen_entry is not None:
        check_unanswered(profile_id, wish.last_seen_entry, wish.author)
    if draft.template is not None:
        purpose, template_fault = verdict_on(identity.account_id, draft.template, draft.purpose)
        draft = replace(draft, purpose=purpose)
    else:
        template_fault = None
    openness = guards.openness_of(identity, purpose=draft.purpose)
    fault = openness.closed or (openness.closed_to_text if draft.template is None else None)
    if draft.template is not None and not isinstance(openness.line and openness.line.adapter, TakesTemplates):
        fault = fault or Closed("template", _("This line sends no templates: write a text."))
    fault = fault or template_fault
    uploads = uploads_of(draft.files)
    needs_text = not uploads or identity.account.channel == Channel.EMAIL  # mail providers refuse one without
    if draft.template is None and (text.strip() or needs_text):
        fault = fault or guards.text_fault(text, identity.account.channel)
    if draft.files and openness.line is not None:
        fault = fault or file_fault(openness.line, uploads, wanted=len(draft.files))
    if draft.cc and identity.account.channel != Channel.EMAIL:
        fault = fault or Closed("cc", _("Only a mail can go to others as a copy."))
    if fault is not None:
        raise SendRefusedError(fault)
    assert openness.line is not None
    return _entry(_write(identity, text, draft, wish, openness.line))


def _check_replaced(failed: OutboxMessage, profile_id: int) -> None:
    """Raises SendRefusedError for a message that is another customer's now, or arrived after all.

    The caller holds its row and its channel identity's.
    """
    failed.refresh_from_db(fields=["state"])
    if check_failed(failed).channel_identity.profile_id != profile_id:
        said = _("The message to send again is not this customer's now. Load the page again.")
        raise SendRefusedError(Closed("elsewhere", said))


def _write(identity: ChannelIdentity, text: str, draft: Draft, wish: Wish, line: SendingLine) -> int:
    """The entry and its outbox row."""
    row = OutboxMessage(
        account=identity.account,
        channel_identity=identity,
        author=wish.author,
        purpose=draft.purpose,
        replaces=wish.replaces,
        idempotency_key=wish.key,
        request_hash=draft.fingerprint(),
    )
    detail = _detail(identity, draft, wish)
    row.words = {name: detail[name] for name in KEPT_WORDS if name in detail}
    detail.pop("uploads", None)
    if draft.purpose == guards.MARKETING and identity.account.channel == Channel.EMAIL:
        row.words["fields"] = dict(headers_for(identity.pk))
    if wish.hold_seconds:
        row.next_attempt_at = timezone.now() + timedelta(seconds=wish.hold_seconds)
    entry_id = _queue(identity, row, text, detail, line)
    if wish.replaces is not None:
        mark(wish.replaces.entry_id, {"replaced_by": entry_id}, profile_id=identity.profile_id)
    return entry_id


def _detail(identity: ChannelIdentity, draft: Draft, wish: Wish) -> dict[str, Any]:
    """What the entry says besides its text."""
    detail: dict[str, Any] = {"type": "text", "by": {"id": wish.author.pk, "name": str(wish.author)}}
    if draft.template is not None:
        said = asdict(draft.template)
        # What only richer templates have is kept for those alone.
        if not said["header"]:
            del said["header"], said["header_kind"]
        detail["template"] = clean_json({key: value for key, value in said.items() if value or key == "parameters"})
    if draft.subject:
        detail["subject"] = clean(draft.subject)
    if draft.cc:
        detail["cc"] = [clean(address) for address in draft.cc]
    if draft.new_thread:
        detail["new_thread"] = True
    if draft.files:
        detail["attachments"] = attachments_of(uploads_of(draft.files))
        detail["uploads"] = list(draft.files)
        detail["type"] = detail["attachments"][0]["type"]
    if quoted := _quoted(identity, draft.answers):
        detail["reply_to"] = {"provider_message_id": quoted}
    if wish.replaces is not None:
        detail["replaces"] = wish.replaces.entry_id
    if draft.confirmation is not None:
        detail |= {"is_automatic": True, "confirmation": draft.confirmation}
    return detail


def _queue(identity: ChannelIdentity, row: OutboxMessage, text: str, detail: dict[str, Any], line: SendingLine) -> int:
    """The entry, and its outbox row with its `words`; delivered already where the commit is the delivery."""
    delivers_itself = line.adapter is None
    entry = NewEntry(
        channel_identity_id=identity.pk,
        account_id=identity.account_id,
        kind=EntryKind.MESSAGE,
        direction=Direction.OUT,
        occurred_at=_after_what_it_answers(identity),
        text=text,
        detail=detail,
        delivery=Delivery.SENT if delivers_itself else Delivery.QUEUED,
        provider_message_id=str(row.reference) if delivers_itself else None,
    )
    row.entry_id = write_out(entry, profile_id=identity.profile_id)
    if delivers_itself:
        row.state, row.settled_at = OutboxMessage.State.SENT, timezone.now()
        row.provider_message_id = str(row.reference)
    row.save()
    if not delivers_itself:
        transaction.on_commit(partial(intake.nudge, SEND), robust=True)
    return row.entry_id


def _after_what_it_answers(identity: ChannelIdentity) -> datetime:
    """Now, or just after the customer's newest message where its provider's clock is ahead of ours.

    What the provider told stays as told; ours is the time that may give way, and an answer never stands above its
    question, whichever channel that came on. The caller holds the profile's row.
    """
    now = timezone.now()
    ahead = ChannelIdentity.objects.filter(
        profile_id=identity.profile_id, last_inbound_at__range=(now, now + CLOCK_DIFFERENCE)
    )
    newest: datetime | None = ahead.aggregate(at=Max("last_inbound_at"))["at"]
    return newest + timedelta(microseconds=1) if newest else now


def send_automatic(identity: ChannelIdentity, text: str, line: SendingLine) -> int:
    """The line says this by itself; returns the entry's id. It answers nobody: the customer waits on.

    The caller holds the rows of the channel identity and of its profile, and has asked whether it may be sent.
    """
    row = OutboxMessage(account=identity.account, channel_identity=identity, purpose=guards.SERVICE)
    detail = {"type": "text", "is_automatic": True, "automatic": True}
    row.words = {"is_automatic": True}
    if identity.account.channel == Channel.EMAIL:
        row.words["fields"] = dict(AUTOMATIC_FIELDS)
    return _queue(identity, row, text, detail, line)


def _quoted(identity: ChannelIdentity, entry_id: int | None) -> str:
    """The provider's id of the message to quote. Raises SendRefusedError if it is not of this address."""
    if entry_id is None:
        return ""
    quoted = Entry.objects.filter(id=entry_id, channel_identity=identity, kind=EntryKind.MESSAGE)
    message_id = quoted.values_list("provider_message_id", flat=True).first()
    if not message_id:
        raise SendRefusedError(Closed("answers", _("The message to answer is not one of this address.")))
    return message_id


def _entry(entry_id: int) -> Entry:
    return Entry.objects.select_related("account", "channel_identity").get(id=entry_id)
