"""Joins and separations of channel identities stand on the timeline, written in the transaction that made them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.dispatch import receiver
from django.utils import timezone

from profiles.locking import lock_rows
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
    _announce(known)
    lock_rows("profiles_profile", profiles)
    rename(profiles)
    refold(profiles)


def _announce(channel_identity_ids: Iterable[int]) -> None:
    """The newest entries of the moved channel identities count as changed, so that open pages of their new profile pull
    them; what is older is read when somebody scrolls there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE timeline_entry SET changed_in = pg_current_xact_id()::text::bigint WHERE id IN ("
            " SELECT e.id FROM unnest(%s::bigint[]) AS c(id) CROSS JOIN LATERAL ("
            "  SELECT id FROM timeline_entry WHERE channel_identity_id = c.id"
            "  ORDER BY occurred_at DESC, id DESC LIMIT 50) e)",
            [sorted(channel_identity_ids)],
        )
