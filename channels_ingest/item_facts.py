"""What one item says, as the rows that it becomes: who was seen, what stands on the timeline, what amends it."""

from datetime import timedelta
from typing import Any

from channels_ingest.batches import Personal, Place, Placed
from channels_ingest.messages import AddressChange, Amendment, ConsentChange, ContactHint, Introduction, Message
from profiles.identity.values import GRADE_RANK, Grade, Sender, Standing
from profiles.models import Boundary, Mention
from profiles.seeing import SenderSeen
from profiles.traits import TraitTold
from timeline.entries import AmendmentKind, Delivery, Direction, EntryKind
from timeline.recording import NewAmendment, NewEntry

#: The news that somebody leaves an address is their own last word there: the next epoch starts after it.
_JUST_AFTER = timedelta(microseconds=1)


def message_id(item: Personal) -> str:
    """The provider message id under which the item stands on the timeline, or of the entry it is about."""
    if isinstance(item, Amendment):
        return item.target_message_id
    if isinstance(item, ConsentChange):
        return item.key
    return item.provider_message_id if isinstance(item, (Message, AddressChange)) else ""


def seen_in(placed: Placed) -> SenderSeen | None:
    item = placed.item
    if item.sender is None or (isinstance(item, Amendment) and item.kind is AmendmentKind.STATUS):
        return None  # a receipt is about our own message: it makes nobody a customer
    occurred_at, source = item.occurred_at, ""
    if isinstance(item, Message):
        source = item.provider_message_id
    elif isinstance(item, (Amendment, ConsentChange, Introduction)):
        source = item.key
    elif isinstance(item, AddressChange):
        source = item.provider_message_id
    sender = item.sender
    return SenderSeen(
        account_id=placed.account_id, sender=_with_new_identifiers(item, sender), occurred_at=occurred_at, source=source
    )


def _with_new_identifiers(item: Personal, sender: Sender) -> Sender:
    """A sender who moved was also seen with the new identifiers."""
    if not isinstance(item, AddressChange):
        return sender
    return Sender(
        address=sender.address,
        standing=sender.standing,
        identifiers=(*sender.identifiers, *item.became),
        traits=sender.traits,
        reply_refusal=sender.reply_refusal,
    )


def boundaries_of(placed: Placed) -> list[Boundary]:
    item = placed.item
    if not isinstance(item, AddressChange):
        return []
    return [
        Boundary(
            account_id=placed.account_id,
            address=address,
            starts_at=item.occurred_at + _JUST_AFTER,
            source=item.provider_message_id[:255],
            reason="moved",
        )
        for address in item.left
    ]


def traits_of(item: Personal, channel_identity_id: int) -> list[TraitTold]:
    if item.sender is None:
        return []
    source, grade = "address_book" if isinstance(item, ContactHint) else "profile", Grade.CLAIMED
    if isinstance(item, Introduction):
        source, grade = item.source, Grade.PROVED
    return [
        TraitTold(
            channel_identity_id=channel_identity_id,
            name=name,
            value=value,
            source=source,
            grade=grade,
            told_at=item.occurred_at,
        )
        for name, value in item.sender.traits.items()
    ]


def entries_of(placed: Placed, at: Place) -> list[NewEntry]:
    """What the item puts on the timeline: a message, or one line about a move or a consent."""
    item = placed.item
    place: dict[str, Any] = {
        "channel_identity_id": at.identity_id,
        "account_id": placed.account_id,
        "envelope_id": placed.envelope_id,
        "sightings": at.sightings,
        "occurred_at": item.occurred_at,
    }
    if isinstance(item, Message):
        return [_message(place, item, placed.set_aside)]
    if isinstance(item, AddressChange):
        became = [{"kind": identifier.kind, "value": identifier.value} for identifier in item.became]
        detail = {"type": "moved", **item.detail, "became": became}
        return [_line(place, EntryKind.SYSTEM, item.provider_message_id, item.text, detail)]
    if isinstance(item, ConsentChange):
        facts = {"purpose": item.purpose, "is_granted": item.granted, "source": item.source}
        facts |= {"evidence": item.evidence} if item.evidence else {}
        return [_line(place, EntryKind.CONSENT, item.key, item.text, {"type": "consent", **item.detail, **facts})]
    return []


def _message(place: dict[str, Any], item: Message, set_aside: str) -> NewEntry:
    return NewEntry(
        **place,
        kind=item.kind,
        direction=item.direction,
        provider_message_id=item.provider_message_id,
        text=item.text,
        detail=dict(item.detail),
        delivery=item.delivery,
        sender_grade=_grade(item.sender) if item.direction is Direction.IN else None,
        is_placeholder=item.placeholder,
        is_backfilled=item.backfilled,
        set_aside=set_aside,
    )


def _line(place: dict[str, Any], kind: EntryKind, key: str, text: str, detail: dict[str, Any]) -> NewEntry:
    return NewEntry(**place, kind=kind, direction=Direction.NONE, provider_message_id=key, text=text, detail=detail)


def _grade(sender: Sender) -> str:
    """The best grade of the sender's own identifiers; claimed when its standing is not proved."""
    if sender.standing is not Standing.PROVED:
        return Grade.CLAIMED
    return min((i.grade for i in sender.identifiers), key=GRADE_RANK.__getitem__, default=Grade.CLAIMED)


def amendments_of(placed: Placed, at: Place | None) -> list[NewAmendment]:
    item = placed.item
    if not isinstance(item, Amendment):
        return []
    return [
        NewAmendment(
            account_id=placed.account_id,
            kind=item.kind,
            key=item.key,
            target_message_id=item.target_message_id,
            occurred_at=item.occurred_at,
            detail=dict(item.detail),
            channel_identity_id=at.identity_id if at else None,
            envelope_id=placed.envelope_id,
        )
    ]


def may_have_failed(item: Personal) -> bool:
    """Whether the item is about something we sent that failed, or is what we sent, of which we may have heard so."""
    if isinstance(item, Message):
        return item.direction is Direction.OUT
    return isinstance(item, Amendment) and item.detail.get("delivery") == Delivery.FAILED


def mention_of(item: Personal, place: Place) -> Mention | None:
    """What an item without an entry confirmed."""
    if isinstance(item, Message | AddressChange | ConsentChange) or not place.sightings:
        return None
    source = "" if isinstance(item, ContactHint) else item.key[:255]
    return Mention(
        channel_identity_id=place.identity_id,
        occurred_at=item.occurred_at,
        source=source,
        sightings=sorted(place.sightings),
    )
