"""Items of many envelopes as one set of writes: senders, entries, amendments, boundaries, consents, notices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction

from channels_ingest import errands
from channels_ingest.blocks import note_blocks
from channels_ingest.confirming import Writer, redeem, writer_of
from channels_ingest.consenting import Said, changes_in, set_aside, store_changes, unasked
from channels_ingest.media.wanted import Holder, want
from channels_ingest.messages import (
    AccountNotice,
    AddressChange,
    Amendment,
    ConsentChange,
    ContactHint,
    Errand,
    Introduction,
    Item,
    Located,
    Message,
)
from channels_ingest.models import AccountNotice as StoredNotice
from channels_ingest.models import Envelope
from channels_ingest.models import Errand as StoredErrand
from channels_ingest.ourselves import Ourselves
from channels_ingest.reached import reached
from channels_ingest.rivals import envelopes_with_rivals
from channels_ingest.routing import Router
from channels_ingest.sending.outcomes import Awaited, adopt, awaited, stand_ins
from channels_ingest.threading import resolved
from profiles.identity.values import GRADE_RANK, Grade, SeenIdentifier, Sender, Standing
from profiles.locking import lock_rows
from profiles.mentions import remember
from profiles.models import Boundary, ChannelIdentity, Mention
from profiles.resolution import Identified, identify, is_current
from profiles.reviews import raise_reviews
from profiles.seeing import SenderSeen
from profiles.traits import TraitTold, rename, tell
from timeline.entries import AmendmentKind, Delivery, Direction, EntryKind
from timeline.live import Happened, without_entry
from timeline.models import Entry
from timeline.queue import TALK, refold
from timeline.recording import (
    Held,
    NewAmendment,
    NewEntry,
    Recorded,
    are_in_place,
    hold_messages,
    record,
    refold_identities,
    reload,
)

#: The news that somebody leaves an address is their own last word there: the next epoch starts after it.
_JUST_AFTER = timedelta(microseconds=1)

_Personal = Message | Amendment | AddressChange | ConsentChange | ContactHint | Introduction


@dataclass(frozen=True, slots=True)
class _Placed:
    """An item with the account and envelope it belongs to."""

    account_id: int
    envelope_id: int | None
    item: _Personal
    set_aside: str = ""


class _Place(NamedTuple):
    """Where an item stands: its channel identity, and the sightings that it made or confirmed."""

    identity_id: int
    sightings: list[int]


@dataclass(slots=True)
class Batch:
    """The routed items of one transaction."""

    ourselves: Ourselves = field(default_factory=Ourselves)
    placed: list[_Placed] = field(default_factory=list)
    notices: list[StoredNotice] = field(default_factory=list)
    errands: list[StoredErrand] = field(default_factory=list)
    with_rivals: set[int | None] = field(default_factory=set)

    def add(self, envelope: Envelope, items: Iterable[Located], router: Router, faults: list[str]) -> list[str]:
        """The envelope's items are in the batch; those no account owns are added to `faults`.

        Returns the places of those that our own lines and colleagues wrote, which are left out.
        """
        ours = []
        for located in items:
            account_id = router.account_id(envelope.account, located.route)
            item: Item | None = located.item
            if self.ourselves.wrote(located.item):
                item = self.ourselves.behind(located.item)
            if account_id is None:
                faults.append(f"{located.path}: no account with number id {located.route}; connect it and replay")
            elif isinstance(item, Errand):
                self.errands.append(
                    StoredErrand(account_id=account_id, kind=item.kind, key=item.key[:255], detail=dict(item.detail))
                )
            elif item is None:
                ours.append(located.path)
            elif isinstance(item, AccountNotice):
                self.notices.append(
                    StoredNotice(
                        account_id=account_id,
                        key=item.key[:255],
                        kind=item.kind[:60],
                        occurred_at=item.occurred_at,
                        detail=dict(item.detail),
                    )
                )
            else:
                self._place(account_id, envelope, item)  # type: ignore[arg-type]
        return ours

    def amend(self, account_id: int, envelope_id: int | None, amendment: Amendment) -> None:
        """What the hub itself found out about a message is in the batch."""
        self.placed.append(_Placed(account_id, envelope_id, amendment))

    def _place(self, account_id: int, envelope: Envelope, item: _Personal) -> None:
        """The item, and after a message what it says about consent."""
        if not isinstance(item, Message):
            self.placed.append(_Placed(account_id, envelope.pk, item))
            return
        channel = envelope.account.channel
        changes = changes_in(item, channel)
        self.placed.append(_Placed(account_id, envelope.pk, item, set_aside(item, changes)))
        self.placed += [_Placed(account_id, envelope.pk, change) for change in changes]


def write(batch: Batch) -> list[Happened]:
    """Everything in the batch is stored, every projection follows; returns what to tell live pages.

    `batch.with_rivals` are then the envelopes of messages that were not stored, as another customer's have their ids.

    Locks are taken in the order of `profiles.locking`.
    """
    batch.notices.sort(key=lambda notice: (notice.account_id, notice.key))
    StoredNotice.objects.bulk_create(batch.notices, ignore_conflicts=True)
    errands.store(batch.errands)
    if not batch.placed:
        return []
    items = resolved([(each.account_id, each.item) for each in batch.placed])
    batch.placed = [replace(each, item=item) for each, item in zip(batch.placed, items, strict=True)]
    waiting = awaited(_references(batch.placed))
    held = hold_messages((each.account_id, key) for each in batch.placed if (key := _message_id(each.item)))
    strays = stand_ins({key: held[key] for key in waiting if key in held})
    waiting = {key: entry_id for key, entry_id in waiting.items() if key not in held or key in strays}
    held |= _by_key(waiting)
    while True:
        with transaction.atomic():
            placed = _with_proofs(batch.placed)
            identified, places = _identify(placed, [*held.values(), *strays.values()], _reached(placed, held))
            if is_current(identified) and are_in_place(held) and are_in_place(strays):
                adopt(waiting, held, strays)
                written = [
                    (each.envelope_id, each.account_id, each.item, place.identity_id)
                    for each, place in zip(placed, places, strict=True)
                    if place and isinstance(each.item, Message)
                ]
                batch.with_rivals = envelopes_with_rivals(written, held)
                happened = _record(placed, places, held, identified, strays)
                raise_reviews(identified.found)
                return happened
            transaction.set_rollback(True)  # a boundary was drawn meanwhile
        held, strays = reload(held), reload(strays)


def _references(placed: Sequence[_Placed]) -> Iterable[tuple[int, str, str]]:
    """(account, provider message id, our reference) of each status that hands our reference back."""
    for each in placed:
        item = each.item
        if isinstance(item, Amendment) and item.kind is AmendmentKind.STATUS and item.detail.get("reference"):
            yield each.account_id, item.target_message_id, str(item.detail["reference"])


def _by_key(waiting: Awaited) -> Held:
    """The entries that wait for their provider's id, under that id."""
    rows = Entry.objects.in_bulk(waiting.values()) if waiting else {}
    return {key: rows[entry_id] for key, entry_id in waiting.items()}


def _with_proofs(placed: Sequence[_Placed]) -> Sequence[_Placed]:
    """The items; who wrote a code that was sent to an address was also seen with that address, proved."""
    proofs = redeem((each.account_id, each.item) for each in placed if isinstance(each.item, Message))
    return [_proved(each, proofs) for each in placed] if proofs else placed


def _proved(placed: _Placed, proofs: Mapping[Writer, SeenIdentifier]) -> _Placed:
    item = placed.item
    if not isinstance(item, Message) or (proof := proofs.get(writer_of(placed.account_id, item))) is None:
        return placed
    sender = replace(item.sender, identifiers=(*item.sender.identifiers, proof))
    return replace(placed, item=replace(item, sender=sender))


def _reached(placed: Sequence[_Placed], held: Held) -> list[SenderSeen]:
    """Who was reached at an address from which nobody has written yet."""
    return reached(((each.account_id, each.item) for each in placed), held)


def _identify(
    placed: Sequence[_Placed], entries: Iterable[Entry], also_seen: Sequence[SenderSeen]
) -> tuple[Identified, list[_Place | None]]:
    """Everybody is identified and locked, those of `entries` too; each item's channel identity with its sightings."""
    amended = {entry.channel_identity_id for entry in entries}
    seen = [_seen(each) for each in placed]
    boundaries = [boundary for each in placed for boundary in _boundaries(each)]
    identified = identify([*(s for s in seen if s is not None), *also_seen], boundaries, also_lock=amended)
    lock_rows("profiles_channelidentity", amended.union(identified.channel_identity_ids))
    found = iter(zip(identified.channel_identity_ids, identified.sighting_ids, strict=True))
    return identified, [_Place(*next(found)) if s is not None else None for s in seen]


def _record(
    placed: Sequence[_Placed],
    places: Sequence[_Place | None],
    held: Held,
    identified: Identified,
    strays: Held,
) -> list[Happened]:
    """Traits, consents, entries and amendments are stored; the strays are gone; names and queue rows follow."""
    strayed = {entry.channel_identity_id for entry in strays.values()}
    located = list(zip(placed, places, strict=True))
    said = [Said(e.account_id, at.identity_id, e.item) for e, at in located if at and isinstance(e.item, ConsentChange)]
    if dropped := unasked(said):
        located = [(e, at) for e, at in located if not (isinstance(e.item, ConsentChange) and e.item.key in dropped)]
    news = tell(t for each, place in located if place for t in _traits(each.item, place.identity_id))
    news |= identified.born | identified.numbered
    store_changes(each for each in said if each.change.key not in dropped)
    remember(mention for each, place in located if place and (mention := _mention(each.item, place)))
    recorded = record(
        [e for each, place in located if place for e in _entries(each, place)],
        [a for each, place in located for a in _amendments(each, place)],
        held,
    )
    want(Holder(each.account_id, each.envelope_id, each.item) for each in placed)
    if any(_may_have_failed(each.item) for each in placed):
        note_blocks(pk for pk, *_ in recorded.entries)
    touched = {pk for _, pk, _ in recorded.entries} | recorded.identities | news | strayed
    seats = ChannelIdentity.objects.filter(id__in=touched | identified.changed)
    profile_of = dict(seats.values_list("id", "profile_id"))
    # Two lines of one customer are worked side by side.
    lock_rows("profiles_profile", {profile_of[pk] for pk in touched if pk in profile_of})
    if strays:  # not earlier: what goes takes the queue row along
        Entry.objects.filter(id__in=[entry.id for entry in strays.values()]).delete()
        refold_identities(strayed)
    rename(profile_of[pk] for pk in news if pk in profile_of)
    refold(profile_of[pk] for pk in (recorded.identities - _silent(recorded)) | strayed)
    happened = [Happened(profile_of[identity], entry, kind) for entry, identity, kind in recorded.entries]
    known = {profile_of[pk] for pk in news | identified.changed if pk in profile_of}
    return happened + without_entry(known - {each.profile_id for each in happened})


def _mention(item: _Personal, place: _Place) -> Mention | None:
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


def _silent(recorded: Recorded) -> set[int]:
    """Channel identities that only browsed: their queue rows stay as they are, and 1,000 page views cost no fold."""
    talked = {identity for _, identity, kind in recorded.entries if kind in TALK}
    return {identity for _, identity, _ in recorded.entries} - talked


def _message_id(item: _Personal) -> str:
    """The provider message id under which the item stands on the timeline, or of the entry it is about."""
    if isinstance(item, Amendment):
        return item.target_message_id
    if isinstance(item, ConsentChange):
        return item.key
    return item.provider_message_id if isinstance(item, (Message, AddressChange)) else ""


def _seen(placed: _Placed) -> SenderSeen | None:
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


def _with_new_identifiers(item: _Personal, sender: Sender) -> Sender:
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


def _boundaries(placed: _Placed) -> list[Boundary]:
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


def _traits(item: _Personal, channel_identity_id: int) -> list[TraitTold]:
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


def _entries(placed: _Placed, at: _Place) -> list[NewEntry]:
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


def _amendments(placed: _Placed, at: _Place | None) -> list[NewAmendment]:
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


def _may_have_failed(item: _Personal) -> bool:
    """Whether the item is about something we sent that failed, or is what we sent, of which we may have heard so."""
    if isinstance(item, Message):
        return item.direction is Direction.OUT
    return isinstance(item, Amendment) and item.detail.get("delivery") == Delivery.FAILED
