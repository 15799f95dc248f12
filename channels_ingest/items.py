"""Items of many envelopes as one set of writes: senders, entries, amendments, boundaries, consents, notices."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from msgspec import structs

from channels_ingest import edits, errands
from channels_ingest.batches import Batch, Personal, Place, Placed
from channels_ingest.blocks import note_blocks
from channels_ingest.confirming import Writer, redeem, writer_of
from channels_ingest.consenting import Said, store_changes, unasked
from channels_ingest.item_facts import (
    amendments_of,
    boundaries_of,
    entries_of,
    may_have_failed,
    mention_of,
    message_id,
    seen_in,
    traits_of,
)
from channels_ingest.joining import joined
from channels_ingest.media.wanted import Holder, want
from channels_ingest.messages import Amendment, ConsentChange, Message
from channels_ingest.models import AccountNotice as StoredNotice
from channels_ingest.reached import reached
from channels_ingest.rivals import envelopes_with_rivals
from channels_ingest.sending.outcomes import Awaited, adopt, awaited, stand_ins
from channels_ingest.threading import resolved
from profiles.identity.values import SeenIdentifier
from profiles.locking import lock_rows, profiles_of
from profiles.mentions import remember
from profiles.resolution import Identified, identify, is_current
from profiles.reviews import raise_reviews
from profiles.seeing import SenderSeen
from profiles.traits import rename, tell
from timeline.contact_times import refold_identities
from timeline.entries import AmendmentKind
from timeline.live import Happened, without_entry
from timeline.models import Entry
from timeline.queue import TALK, refold
from timeline.recording import (
    Held,
    Recorded,
    are_in_place,
    hold_messages,
    record,
    reload,
)


def write(batch: Batch) -> list[Happened]:
    """Everything in the batch is stored, every projection follows; returns what to tell live pages.

    `batch.with_rivals` are then the envelopes of messages that were not stored, as another customer's have their ids;
    `batch.wanted` is how many files are to be fetched.

    Locks are taken in the order of `profiles.locking`.
    """
    batch.notices.sort(key=lambda notice: (notice.account_id, notice.key))
    StoredNotice.objects.bulk_create(batch.notices, ignore_conflicts=True)
    errands.store(batch.errands)
    if not batch.placed:
        return []
    batch.placed = _with_items(batch.placed, joined)
    batch.placed = _with_items(batch.placed, resolved)
    batch.placed = _with_items(batch.placed, edits.followed)
    waiting = awaited(_references(batch.placed))
    held = _hold(batch.placed)
    if (followed := _with_items(batch.placed, edits.followed)) != batch.placed:  # the edit between came in meanwhile
        batch.placed = followed
        held = _hold(batch.placed)
    strays = stand_ins({key: held[key] for key in waiting if key in held})
    waiting = {key: entry_id for key, entry_id in waiting.items() if key not in held or key in strays}
    misplaced = edits.misplaced(((each.account_id, each.item) for each in batch.placed), held)
    strays |= {key: held.pop(key) for key in misplaced}
    held |= _by_key(waiting)
    while True:
        with transaction.atomic():
            placed = _with_proofs(batch.placed)
            identified, places = _identify(placed, [*held.values(), *strays.values()], _reached(placed, held))
            if is_current(identified) and are_in_place(held) and are_in_place(strays):
                adopt(waiting, held, strays)
                edits.lead_on(misplaced)
                written = [
                    (each.envelope_id, each.account_id, each.item, place.identity_id)
                    for each, place in zip(placed, places, strict=True)
                    if place and isinstance(each.item, Message)
                ]
                batch.with_rivals = envelopes_with_rivals(written, held)
                batch.wanted = want(Holder(each.account_id, each.envelope_id, each.item) for each in placed)
                happened = _record(placed, places, held, identified, strays)
                raise_reviews(identified.found)
                return happened
            transaction.set_rollback(True)  # a boundary was drawn meanwhile
        held, strays = reload(held), reload(strays)


def _with_items(placed: Sequence[Placed], change: Callable[[Sequence[tuple[int, Any]]], list[Any]]) -> list[Placed]:
    """The same places with what `change` makes of their items."""
    items = change([(each.account_id, each.item) for each in placed])
    return [replace(each, item=item) for each, item in zip(placed, items, strict=True)]


def _hold(placed: Sequence[Placed]) -> Held:
    return hold_messages((each.account_id, key) for each in placed for key in _keys(each.item))


def _keys(item: Personal) -> tuple[str, ...]:
    """The message ids that nobody else may write about meanwhile: the item's, and an edit's own."""
    key = message_id(item)
    return (key, item.key) if isinstance(item, Amendment) and edits.is_edit(item) else (key,) if key else ()


def _references(placed: Sequence[Placed]) -> Iterable[tuple[int, str, str]]:
    """(account, provider message id, our reference) of each status that hands our reference back."""
    for each in placed:
        item = each.item
        if isinstance(item, Amendment) and item.kind is AmendmentKind.STATUS and item.detail.get("reference"):
            yield each.account_id, item.target_message_id, str(item.detail["reference"])


def _by_key(waiting: Awaited) -> Held:
    """The entries that wait for their provider's id, under that id."""
    rows = Entry.objects.in_bulk(waiting.values()) if waiting else {}
    return {key: rows[entry_id] for key, entry_id in waiting.items()}


def _with_proofs(placed: Sequence[Placed]) -> Sequence[Placed]:
    """The items; who wrote a code that was sent to an address was also seen with that address, proved."""
    proofs = redeem((each.account_id, each.item) for each in placed if isinstance(each.item, Message))
    return [_proved(each, proofs) for each in placed] if proofs else placed


def _proved(placed: Placed, proofs: Mapping[Writer, SeenIdentifier]) -> Placed:
    item = placed.item
    if not isinstance(item, Message) or (proof := proofs.get(writer_of(placed.account_id, item))) is None:
        return placed
    sender = replace(item.sender, identifiers=(*item.sender.identifiers, proof))
    return replace(placed, item=structs.replace(item, sender=sender))


def _reached(placed: Sequence[Placed], held: Held) -> list[SenderSeen]:
    """Who was reached at an address from which nobody has written yet."""
    return reached(((each.account_id, each.item) for each in placed), held)


def _identify(
    placed: Sequence[Placed], entries: Iterable[Entry], also_seen: Sequence[SenderSeen]
) -> tuple[Identified, list[Place | None]]:
    """Everybody is identified and locked, those of `entries` too; each item's channel identity with its sightings."""
    amended = {entry.channel_identity_id for entry in entries}
    seen = [seen_in(each) for each in placed]
    boundaries = [boundary for each in placed for boundary in boundaries_of(each)]
    identified = identify([*(s for s in seen if s is not None), *also_seen], boundaries, also_lock=amended)
    lock_rows("profiles_channelidentity", amended.union(identified.channel_identity_ids))
    found = iter(zip(identified.channel_identity_ids, identified.sighting_ids, strict=True))
    return identified, [Place(*next(found)) if s is not None else None for s in seen]


def _record(
    placed: Sequence[Placed],
    places: Sequence[Place | None],
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
    news = tell(t for each, place in located if place for t in traits_of(each.item, place.identity_id))
    news |= identified.born | identified.numbered
    store_changes(each for each in said if each.change.key not in dropped)
    remember(mention for each, place in located if place and (mention := mention_of(each.item, place)))
    recorded = record(
        [e for each, place in located if place for e in entries_of(each, place)],
        [a for each, place in located for a in amendments_of(each, place)],
        held,
    )
    if any(may_have_failed(each.item) for each in placed):
        note_blocks(pk for pk, *_ in recorded.entries)
    touched = {pk for _, pk, _ in recorded.entries} | recorded.identities | news | strayed
    profile_of = profiles_of(touched | identified.changed)
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


def _silent(recorded: Recorded) -> set[int]:
    """Channel identities that only browsed: their queue rows stay as they are, and 1,000 page views cost no fold."""
    talked = {identity for _, identity, kind in recorded.entries if kind in TALK}
    return {identity for _, identity, _ in recorded.entries} - talked
