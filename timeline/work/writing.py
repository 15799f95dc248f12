"""Writing work: everybody it is about is locked, what is said stands on the timeline, in the state and in the queue."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from profiles.locking import done_again_after_deadlock, lock_rows
from profiles.models import ChannelIdentity, StaffMember
from profiles.operations import members
from timeline.entries import Direction, EntryKind
from timeline.live import Happened, publish
from timeline.models import Entry, QueueRow
from timeline.notices import tell_members
from timeline.queue import refold
from timeline.recording import NewEntry, record
from timeline.work.folding import fold
from timeline.work.reading import fields_of
from timeline.work.state import Fields

LONGEST_REASON = 500


class WorkRefusedError(ValueError):
    """What was asked cannot be done; the message says why, in words for the person who asked."""


class TakenError(WorkRefusedError):
    """A colleague has the customer; the message names them."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer whose channel identities and profile are locked, with their state."""

    profile_id: int
    channel_identities: list[int]
    fields: Fields
    row: QueueRow | None

    def value(self, name: str) -> Any:
        return self.fields[name]["value"] if name in self.fields else None


#: What the entry is to say, None when nothing has to change. Called under the locks.
Say = Callable[[Customer], dict[str, Any] | None]


@done_again_after_deadlock
@transaction.atomic
def perform(profile_id: int, say: Say, *, actor: StaffMember, reason: str = "") -> Entry | None:
    """What `say` decides, under the locks, stands on the timeline, in the state and in the queue."""
    because = within(reason.strip(), LONGEST_REASON)
    customer = locked(profile_id)
    said = say(customer)
    if said is None:
        return None
    detail = said | {"by": str(actor), "actor": actor.pk, "channel_identities": customer.channel_identities}
    if because:
        detail["reason"] = because
    entry = write(_place(customer.channel_identities), detail, kind=EntryKind.WORK)
    fold(entry)
    refold([customer.profile_id])
    return entry


def locked(profile_id: int) -> Customer:
    """The customer that the id leads to. Who joined or left while the rows were waited for is looked up again: a
    message, a merge or an unmerge holds these rows while it changes who is who."""
    while True:
        with transaction.atomic():
            [found] = members(profile_id)
            lock_rows("profiles_channelidentity", found)
            if members(profile_id) == [found]:
                current = ChannelIdentity.objects.values_list("profile_id", flat=True).get(id=found[0])
                lock_rows("profiles_profile", [current])
                row = QueueRow.objects.filter(profile_id=current).first()
                return Customer(current, found, fields_of(current), row)
            transaction.set_rollback(True)


def place_of(profile_id: int) -> int:
    """The channel identity on which a profile's work stands: see `_place`."""
    [found] = members(profile_id)
    return _place(found).pk


def _place(channel_identities: Collection[int]) -> ChannelIdentity:
    """Where the entry stands: with whom the customer can be reached, where they wrote last."""
    rows = ChannelIdentity.objects.filter(id__in=channel_identities, void_in=None)
    closed = Q(blocked_at__isnull=False) | ~Q(reply_refusal="")
    newest = (F("last_inbound_at").desc(nulls_last=True), F("last_outbound_at").desc(nulls_last=True), "-id")
    return rows.exclude(closed).order_by(*newest).first() or rows.order_by(*newest)[0]


def write(
    identity: ChannelIdentity, detail: dict[str, Any], *, kind: EntryKind, text: str = "", key: str | None = None
) -> Entry:
    """The entry is recorded and open pages are told. The channel identity is locked."""
    recorded = record(
        [
            NewEntry(
                channel_identity_id=identity.pk,
                account_id=identity.account_id,
                kind=kind,
                direction=Direction.NONE,
                occurred_at=timezone.now(),
                provider_message_id=key,
                text=text,
                detail=detail,
            )
        ],
        [],
        {},
    )
    [(pk, *_rest)] = recorded.entries
    transaction.on_commit(partial(publish, [Happened(identity.profile_id, pk, kind)]), robust=True)
    transaction.on_commit(partial(tell_members, pk, detail), robust=True)
    return Entry.objects.get(id=pk)


def within(text: str, longest: int) -> str:
    if len(text) > longest:
        words = ngettext("Write at most %(n)d character.", "Write at most %(n)d characters.", longest)
        raise WorkRefusedError(words % {"n": longest})
    if "\x00" in text:
        raise WorkRefusedError(_("This text holds a character that cannot be stored."))
    return text
