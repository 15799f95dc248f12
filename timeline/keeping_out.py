"""Keeping senders and messages out of the queue, and letting them back in: by a colleague, with a reason, on record.

Nothing is deleted: what a blocked sender writes and what is marked as spam stands on the timeline and waits for nobody.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from profiles.locking import lock_rows
from profiles.models import ChannelAccount, ChannelIdentity, StaffMember
from profiles.reading_rights import hidden_now, words_for_restricted
from timeline.entries import Direction, EntryKind, SetAside
from timeline.live import Happened, publish
from timeline.models import CurrentTransaction, Entry
from timeline.queue import refold
from timeline.recording import NewEntry, record


def block(identity_ids: Iterable[int], *, actor: StaffMember, reason: str = "") -> list[int]:
    """The channel identities are blocked; returns those that were not.

    Raises PermissionDenied if one is on a line that who asks may not read.
    """
    return _turn(identity_ids, actor=actor, reason=reason, is_blocking=True)


def unblock(identity_ids: Iterable[int], *, actor: StaffMember, reason: str = "") -> list[int]:
    """The channel identities are in the queue again, what they wrote meanwhile waits; returns those that were not.

    Raises PermissionDenied if one is on a line that who asks may not read.
    """
    return _turn(identity_ids, actor=actor, reason=reason, is_blocking=False)


@transaction.atomic
def _turn(identity_ids: Iterable[int], *, actor: StaffMember, reason: str, is_blocking: bool) -> list[int]:
    wanted = set(identity_ids)
    closed = ChannelAccount.objects.filter(id__in=hidden_now(), channel_identities__in=wanted).first()
    if closed:
        raise PermissionDenied(words_for_restricted(closed))
    lock_rows("profiles_channelidentity", wanted)
    rows = list(
        ChannelIdentity.objects.filter(id__in=wanted, void_in=None, blocked_at__isnull=is_blocking).order_by("id")
    )
    now = timezone.now()
    ChannelIdentity.objects.filter(id__in=[row.pk for row in rows]).update(blocked_at=now if is_blocking else None)
    what = "blocked" if is_blocking else "unblocked"
    _write([_work(row, now, what, actor, reason) for row in rows])
    return [row.pk for row in rows]


@transaction.atomic
def mark_spam(entry: Entry, *, actor: StaffMember, is_spam: bool, reason: str = "") -> bool:
    """The message is spam, or is none after all, by a colleague's word; False when it was so already."""
    lock_rows("profiles_channelidentity", [entry.channel_identity_id])
    row = Entry.objects.select_related("channel_identity").get(id=entry.pk)
    if row.kind != EntryKind.MESSAGE or row.direction != Direction.IN:
        return False
    if (row.set_aside == SetAside.SPAM) == is_spam:
        return False
    Entry.objects.filter(id=row.pk).update(
        set_aside=SetAside.SPAM if is_spam else SetAside.NOT, changed_in=CurrentTransaction()
    )
    what = "spam" if is_spam else "not_spam"
    work = _work(row.channel_identity, timezone.now(), what, actor, reason, entry=row.pk)
    _write([work])
    return True


def _work(identity: ChannelIdentity, now: Any, what: str, actor: StaffMember, reason: str, **more: Any) -> NewEntry:
    return NewEntry(
        channel_identity_id=identity.pk,
        account_id=identity.account_id,
        kind=EntryKind.WORK,
        direction=Direction.NONE,
        occurred_at=now,
        detail={"type": what, "by": str(actor), "actor": actor.pk, "reason": reason[:500], **more},
    )


def _write(entries: list[NewEntry]) -> None:
    """The work entries are recorded, the queue follows, open pages are told. The channel identities are locked."""
    if not entries:
        return
    recorded = record(entries, [], {})
    ids = {pk for _, pk, _ in recorded.entries}
    profile_of = dict(ChannelIdentity.objects.filter(id__in=ids).values_list("id", "profile_id"))
    lock_rows("profiles_profile", profile_of.values())
    refold(profile_of.values())
    happened = [Happened(profile_of[pk], entry, kind) for entry, pk, kind in recorded.entries]
    transaction.on_commit(partial(publish, happened), robust=True)
