"""Joins and separations of channel identities stand on the timeline, written in the transaction that made them."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.dispatch import receiver
from django.utils import timezone

from profiles.locking import lock_rows
from profiles.models import ChannelIdentity, Operation
from profiles.signals import Move, identity_changed
from profiles.traits import rename
from timeline.entries import Direction, EntryKind
from timeline.live import Happened, publish, without_entry
from timeline.models import Entry
from timeline.queue import refold


@receiver(identity_changed, dispatch_uid="timeline.identity.log")
def write_moves(moves: Sequence[Move], operation_id: int | None = None, retold: Collection[int] = (), **_: Any) -> None:
    """Whoever joined or was separated has a line saying where from and why, on both sides; names and queue follow.

    What evidence did is told of those who had anything on a timeline before: a channel identity that joins in the
    message that made it is no news, the message itself shows it.
    """
    profiles = {move.from_profile_id for move in moves} | {move.to_profile_id for move in moves}
    seats = ChannelIdentity.objects.filter(id__in={move.channel_identity_id for move in moves} | profiles)
    current: dict[int, int] = {}
    known: dict[int, int] = {}
    for pk, account_id, profile_id, last_seen in seats.values_list("id", "account_id", "profile_id", "last_seen"):
        current[pk] = profile_id
        if operation_id or last_seen:  # what a human did is told of everybody
            known[pk] = account_id
    lines = _lines(moves, known, operation_id)
    Entry.objects.bulk_create(lines)
    _announce(known.keys() & {move.channel_identity_id for move in moves})
    profiles |= set(retold)
    lock_rows("profiles_profile", profiles)
    rename(profiles)
    refold(profiles)
    happened = [Happened(current[line.channel_identity_id], line.id, line.kind) for line in lines]
    # Open pages of a customer who is no more learn it, too: they go on where the customer went.
    gone = profiles - set(current.values()) if lines else set()
    happened += [Happened(profile_id, lines[0].id, EntryKind.IDENTITY) for profile_id in gone]
    happened += without_entry(set(retold) - {each.profile_id for each in happened})
    transaction.on_commit(partial(publish, happened), robust=True)


def _lines(moves: Sequence[Move], known: Mapping[int, int], operation_id: int | None) -> list[Entry]:
    """For each pair of profiles one line on the oldest channel identity that moved, one on the oldest of the others."""
    by = said_by(operation_id)
    moved: dict[tuple[int, int], list[Move]] = {}
    for move in moves:
        if move.channel_identity_id in known:
            moved.setdefault((move.from_profile_id, move.to_profile_id), []).append(move)
    lines = []
    for (source, target), group in sorted(moved.items()):
        # Whoever goes to the id that one of them was born with left; everybody else joined somebody.
        has_left = any(move.channel_identity_id == target for move in moves)
        because = sorted({reason for move in group for reason in move.because})
        detail = {
            "type": "separated" if has_left else "joined",
            "from_profile": source,
            "to_profile": target,
            "because": [{"kind": kind, "value": value} for kind, value in because],
            "channel_identities": [move.channel_identity_id for move in group],
            **by,
        }
        lines.append(_line(group[0].channel_identity_id, known, detail))
        other_side = source if has_left else target
        if other_side in known and other_side != group[0].channel_identity_id:
            lines.append(_line(other_side, known, detail | {"is_mirror": True}))
    return lines


def said_by(operation_id: int | None) -> dict[str, Any]:
    """What a line tells of the operation that it comes from; nothing of evidence."""
    if operation_id is None:
        return {}
    operation = Operation.objects.select_related("actor").get(id=operation_id)
    return {"operation": operation.pk, "verb": operation.verb, "by": str(operation.actor)}


def _line(channel_identity_id: int, known: Mapping[int, int], detail: dict[str, Any]) -> Entry:
    return Entry(
        channel_identity_id=channel_identity_id,
        account_id=known[channel_identity_id],
        kind=EntryKind.IDENTITY,
        direction=Direction.NONE,
        occurred_at=timezone.now(),
        detail=detail,
    )


_ANNOUNCE = """
UPDATE timeline_entry SET changed_in = pg_current_xact_id()::text::bigint WHERE id IN (
    SELECT id FROM (
        SELECT e.id, row_number() OVER (PARTITION BY c.profile_id ORDER BY e.occurred_at DESC, e.id DESC) AS place
        FROM profiles_channelidentity c CROSS JOIN LATERAL (
            SELECT id, occurred_at FROM timeline_entry WHERE channel_identity_id = c.id
            ORDER BY occurred_at DESC, id DESC LIMIT %(page)s
        ) e
        WHERE c.id = ANY(%(ids)s)
    ) newest WHERE place <= %(page)s
)
"""
#: Entries of a customer's first page.
_PAGE = 50


def _announce(channel_identity_ids: Collection[int]) -> None:
    """The newest entries of those who moved count as changed, so that open pages of their new profile pull them; what
    is older is read when somebody scrolls there."""
    if channel_identity_ids:
        with connection.cursor() as cursor:
            cursor.execute(_ANNOUNCE, {"ids": sorted(channel_identity_ids), "page": _PAGE})
