"""What the business writes: an entry at once, and what became of it later.

Everything runs in the caller's transaction, under the locks of `profiles.locking`.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import ProtectedError

from profiles.locking import lock_rows
from profiles.models import ChannelIdentity
from timeline.contact_times import refold_identities
from timeline.entries import Delivery, Direction
from timeline.live import Happened, publish
from timeline.models import CurrentTransaction, Entry
from timeline.queue import refold
from timeline.recording import (
    Held,
    NewEntry,
    are_in_place,
    hold_messages,
    record,
    refold_entries,
    reload,
)

#: What open pages are told in the place of a kind when an entry is no more.
GONE = "gone"


def write_out(entry: NewEntry, *, profile_id: int) -> int:
    """The message stands on the timeline and answers the customer; returns the entry's id.

    The caller holds the rows of the channel identity and of the profile it is on.
    """
    recorded = record([entry], [], {})
    pk, _, kind = recorded.entries[0]
    refold([profile_id])
    transaction.on_commit(partial(publish, [Happened(profile_id, pk, kind)]), robust=True)
    return pk


def mark(entry_id: int, detail: Mapping[str, Any], *, profile_id: int) -> None:
    """The entry's detail has these facts, whatever amends it later. The caller holds its channel identity's row.

    Raises PermissionDenied for one whose content is withheld from who asks: writing it back would destroy it.
    """
    entry = Entry.objects.get(id=entry_id)
    if entry.is_withheld:
        raise PermissionDenied
    original = entry.original and {**entry.original, "detail": {**entry.original["detail"], **detail}}
    columns = {"detail": {**entry.detail, **detail}, "original": original, "changed_in": CurrentTransaction()}
    Entry.objects.filter(id=entry_id).update(**columns)
    transaction.on_commit(partial(publish, [Happened(profile_id, entry_id, entry.kind)]), robust=True)


def take_out(entry: Entry) -> int:
    """The entry is gone from the timeline and from every fold, as if it had not been written; returns the profile's id.

    Only for what nobody outside has seen. The caller holds whatever would else be done with it (an outbox row).
    """
    while True:
        home = Entry.objects.values_list("channel_identity_id", flat=True).get(id=entry.pk)
        with transaction.atomic():
            lock_rows("profiles_channelidentity", {home})
            if Entry.objects.values_list("channel_identity_id", flat=True).get(id=entry.pk) == home:
                break
            transaction.set_rollback(True)  # a boundary moved it meanwhile
    profile_id = ChannelIdentity.objects.values_list("profile_id", flat=True).get(id=home)
    lock_rows("profiles_profile", [profile_id])
    entry_id = entry.pk
    Entry.objects.filter(id=entry_id).delete()
    refold_identities({home})
    refold([profile_id])
    transaction.on_commit(partial(publish, [Happened(profile_id, entry_id, GONE)]), robust=True)
    return profile_id


def settle(
    entry_id: int,
    *,
    delivery: Delivery,
    provider_message_id: str = "",
    detail: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
) -> None:
    """The entry first of all says what the provider answered, and on top of that whatever was reported of it since.

    `detail` is added to the entry's own, the keys `without` are taken away. A report may have come before: it waited
    under the provider's id. An echo of the message that came before is the same message, and goes; so does the
    placeholder of a reaction to it.
    """
    entry = Entry.objects.get(id=entry_id)
    key = (entry.account_id, provider_message_id)
    held: Held = hold_messages([key]) if provider_message_id else {}
    echo = held.get(key)
    held[entry.account_id, f"entry {entry_id}"] = entry
    while True:
        with transaction.atomic():
            lock_rows("profiles_channelidentity", {each.channel_identity_id for each in held.values()})
            if are_in_place(held):
                _write(Entry.objects.get(id=entry_id), echo, delivery, provider_message_id, detail or {}, set(without))
                return
            transaction.set_rollback(True)  # a boundary moved it meanwhile
        held = reload(held)
        echo = held.get(key)


def stands_for_ours(entry: Entry) -> bool:
    """Whether the entry may stand for a message of ours: its echo, or where a reaction waited for it."""
    return entry.direction == Direction.OUT or (entry.is_placeholder and entry.direction == Direction.NONE)


def _is_gone(echo: Entry) -> bool:
    """Whether the entry only stood for a message of ours, and is deleted.

    What was sent from here stays, also when a provider gives two messages one id.
    """
    if not stands_for_ours(echo):
        return False
    try:
        echo.delete()
    except ProtectedError:
        return False
    return True


def _write(
    entry: Entry,
    echo: Entry | None,
    delivery: Delivery,
    provider_message_id: str,
    detail: Mapping[str, Any],
    without: set[str],
) -> None:
    was_failed = entry.delivery == Delivery.FAILED
    first = entry.original or {"text": entry.text, "detail": entry.detail, "delivery": entry.delivery}
    first["detail"] = {name: value for name, value in first["detail"].items() if name not in without} | dict(detail)
    places = {entry.channel_identity_id} | ({echo.channel_identity_id} if echo is not None else set())
    profiles = set(ChannelIdentity.objects.filter(id__in=places).values_list("profile_id", flat=True))
    if echo is not None and echo.id != entry.id:  # what goes takes the queue row along, whose lock comes after these
        lock_rows("profiles_profile", profiles)
    takes_echo = echo is not None and echo.id != entry.id and _is_gone(echo)
    if provider_message_id and (echo is None or takes_echo or echo.id == entry.id):
        entry.provider_message_id = provider_message_id
    columns = {
        "provider_message_id": entry.provider_message_id,
        "text": first["text"],
        "detail": first["detail"],
        "delivery": delivery,
        "original": None,
        "changed_in": CurrentTransaction(),
    }
    Entry.objects.filter(id=entry.id).update(**columns)
    refold_entries([entry.id])
    is_failed = Entry.objects.values_list("delivery", flat=True).get(id=entry.id) == Delivery.FAILED
    identity = ChannelIdentity.objects.get(id=entry.channel_identity_id)
    if is_failed != was_failed or takes_echo:
        refold_identities(places)
        lock_rows("profiles_profile", profiles)
        refold(profiles)
    happened = [Happened(identity.profile_id, entry.id, entry.kind)]
    transaction.on_commit(partial(publish, happened), robust=True)
