"""A line with customers who write, and the colleagues who work on them."""

from datetime import datetime
from typing import Any

from django.db import transaction

from channels_ingest.batches import Batch, Placed
from channels_ingest.items import write
from channels_ingest.messages import Message
from profiles.identity.values import IdentifierKind, SeenIdentifier, Sender
from profiles.models import ChannelAccount, ChannelIdentity
from timeline.entries import Delivery, Direction, EntryKind
from timeline.models import QueueRow


def line(name: str = "Line", channel: str = "whatsapp", **settings: str) -> ChannelAccount:
    return ChannelAccount.objects.create(provider="whatsapp_cloud", channel=channel, name=name, settings=settings)


def says(
    account: ChannelAccount,
    address: str,
    key: str,
    at: datetime,
    *,
    phone: str = "",
    out: bool = False,
    kind: EntryKind = EntryKind.MESSAGE,
) -> int:
    """Somebody writes, or is written to; returns the profile."""
    identifiers = (SeenIdentifier(IdentifierKind.PHONE, phone),) if phone else ()
    item = Message(
        sender=Sender(address=address, identifiers=identifiers),
        provider_message_id=key,
        occurred_at=at,
        direction=Direction.OUT if out else Direction.IN,
        delivery=Delivery.SENT if out else None,
        kind=kind,
        text=key,
    )
    with transaction.atomic():
        write(Batch(placed=[Placed(account.pk, 1, item)]))
    return seat(account, address).profile_id


def seat(account: ChannelAccount, address: str) -> ChannelIdentity:
    return ChannelIdentity.objects.get(account=account, address=address)


def row(profile_id: int) -> QueueRow:
    return QueueRow.objects.get(profile_id=profile_id)


def state(profile_id: int) -> tuple[Any, ...]:
    """What the queue says: who has them, priority, tags, snoozed until, whether resolved, whether waiting."""
    found = row(profile_id)
    return (
        found.assignee and found.assignee.name,
        found.priority,
        found.tags,
        found.snoozed_until,
        found.resolved_at is not None,
        found.waiting_since is not None,
    )
