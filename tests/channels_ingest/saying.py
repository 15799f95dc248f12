"""Customers who write on any channel, without a provider between: items go into the batch as workers put them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from channels_ingest.batches import Batch
from channels_ingest.items import write
from channels_ingest.messages import Amendment, Item, Located, Message
from channels_ingest.models import Envelope
from channels_ingest.routing import Router
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender, Standing
from profiles.models import ChannelAccount, ChannelIdentity
from timeline.entries import AmendmentKind, Delivery, Direction

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KINDS = {"sms": IdentifierKind.PHONE, "whatsapp": IdentifierKind.PHONE, "email": IdentifierKind.EMAIL}
#: Any provider will do: nothing asks its adapter.
PROVIDER = "whatsapp_cloud"


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def account(channel: str, name: str = "") -> ChannelAccount:
    return ChannelAccount.objects.get_or_create(provider=PROVIDER, name=name or channel, defaults={"channel": channel})[
        0
    ]


@dataclass
class Customer:
    """One address on one line."""

    line: ChannelAccount
    address: str = "+15550100001"
    standing: Standing = Standing.PROVED

    @property
    def sender(self) -> Sender:
        identifiers = (SeenIdentifier(KINDS[self.line.channel], self.address, grade=Grade.WEAK),)
        return Sender(address=self.address, standing=self.standing, identifiers=identifiers)

    @property
    def identity(self) -> ChannelIdentity:
        return ChannelIdentity.objects.get(account=self.line, address=self.address, standing=self.standing)

    def message(self, text: str, minutes: float, *, out: bool = False, **more: Any) -> Message:
        detail: Mapping[str, Any] = {"type": "text", **more.pop("detail", {})}
        return Message(
            sender=self.sender,
            provider_message_id=more.pop("key", f"m{minutes}"),
            occurred_at=at(minutes),
            direction=Direction.OUT if out else Direction.IN,
            text=text,
            detail=detail,
            delivery=Delivery.SENT if out else None,
            **more,
        )

    def writes(self, text: str, minutes: float, **more: Any) -> None:
        put(self.line, self.message(text, minutes, **more))

    def gets(self, text: str, minutes: float, **more: Any) -> None:
        put(self.line, self.message(text, minutes, out=True, **more))


def failure(target: str, minutes: float, code: Any) -> Amendment:
    detail = {"status": "failed", "delivery": "failed", "errors": [{"code": code}]}
    return Amendment(
        kind=AmendmentKind.STATUS,
        key=f"{target}:failed",
        target_message_id=target,
        occurred_at=at(minutes),
        detail=detail,
    )


def put(line: ChannelAccount, *items: Item) -> None:
    """The items are written in one transaction."""
    batch, faults = Batch(), list[str]()
    batch.add(Envelope(account=line), [Located(item=item, path="") for item in items], Router(), faults)
    with transaction.atomic():
        write(batch)
    assert not faults
