"""Joins and separations of channel identities stand on the timeline, written in the transaction that made them."""

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from profiles.models import ChannelIdentity
from profiles.signals import Move, identity_changed
from profiles.traits import rename
from timeline.entries import Direction, EntryKind
from timeline.models import Entry
from timeline.queue import refold


@receiver(identity_changed, dispatch_uid="timeline.identity_log")
def write_moves(moves: Sequence[Move], **_: Any) -> None:
    """Each moved channel identity that was not just born has an entry saying where it came from and why.

    A channel identity that joins in the message that made it is no news: the message itself shows it.
    """
    profiles = {move.from_profile_id for move in moves} | {move.to_profile_id for move in moves}
    ids = [move.channel_identity_id for move in moves]
    known = dict(ChannelIdentity.objects.filter(id__in=ids, last_seen__isnull=False).values_list("id", "account_id"))
    Entry.objects.bulk_create(
        Entry(
            channel_identity_id=move.channel_identity_id,
            account_id=known[move.channel_identity_id],
            kind=EntryKind.IDENTITY,
            direction=Direction.NONE,
            occurred_at=timezone.now(),
            detail={
                "type": "joined" if move.because else "separated",
                "from_profile": move.from_profile_id,
                "to_profile": move.to_profile_id,
                "because": [{"kind": kind, "value": value} for kind, value in move.because],
            },
        )
        for move in moves
        if move.channel_identity_id in known
    )
    rename(profiles)
    refold(profiles)
