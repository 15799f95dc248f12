"""When somebody was first and last heard of at a channel identity: columns folded from its entries.

Everything runs in the caller's transaction, which holds the rows of the channel identities.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from profiles.prepared import prepared
from timeline.entries import Delivery, Direction, EntryKind
from timeline.models import Entry

#: What colleagues and the hub itself write is no sign of life of the customer's.
_UNSEEN = (EntryKind.IDENTITY, EntryKind.WORK, EntryKind.NOTE)

# LEAST and GREATEST pass over NULL, so a first entry needs no case of its own.
_FOLD = """
UPDATE profiles_channelidentity c SET
    first_seen = LEAST(c.first_seen, f.first), last_seen = GREATEST(c.last_seen, f.last),
    last_inbound_at = GREATEST(c.last_inbound_at, f.inbound),
    last_outbound_at = GREATEST(c.last_outbound_at, f.outbound)
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    AS f(id, first, last, inbound, outbound)
WHERE c.id = f.id
"""


def is_automatic_answer(entry: Entry) -> bool:
    """Whether the hub said it by itself: that answers nobody."""
    return entry.direction == Direction.OUT and entry.detail.get("is_automatic") is True


def fold_identities(written: Iterable[Entry], filled: set[int]) -> None:
    """First and last times of each channel identity include the written entries."""
    folds: dict[int, list[datetime | None]] = {}
    for entry in written:
        if entry.kind in _UNSEEN:
            continue
        fold = folds.setdefault(entry.channel_identity_id, [entry.occurred_at, entry.occurred_at, None, None])
        fold[0] = min(fold[0] or entry.occurred_at, entry.occurred_at)
        fold[1] = max(fold[1] or entry.occurred_at, entry.occurred_at)
        is_counted = entry.delivery != Delivery.FAILED and not is_automatic_answer(entry)
        if entry.kind == EntryKind.MESSAGE and entry.direction != Direction.NONE and is_counted:
            place = 2 if entry.direction == Direction.IN else 3
            fold[place] = max(fold[place] or entry.occurred_at, entry.occurred_at)
    if rows := [(pk, *fold) for pk, fold in folds.items() if pk not in filled]:
        with prepared() as cursor:
            cursor.execute(_FOLD, [list(column) for column in zip(*rows, strict=True)])
    refold_identities(filled)


_REFOLD_IDENTITIES = """
UPDATE profiles_channelidentity c SET
    first_seen = f.first, last_seen = f.last, last_inbound_at = f.inbound, last_outbound_at = f.outbound,
    blocked_at = f.blocked
FROM (
    SELECT i.id, min(e.occurred_at) FILTER (WHERE e.kind <> 'work') AS first,
        max(e.occurred_at) FILTER (WHERE e.kind <> 'work') AS last,
        max(e.occurred_at) FILTER (WHERE e.kind = 'message' AND e.direction = 'in') AS inbound,
        max(e.occurred_at) FILTER (WHERE e.kind = 'message' AND e.direction = 'out'
            AND e.delivery IS DISTINCT FROM 'failed' AND NOT e.detail @> '{"is_automatic": true}') AS outbound,
        nullif(greatest(max(e.occurred_at) FILTER (WHERE e.kind = 'work' AND e.detail->>'type' = 'blocked'),
            max(e.occurred_at) FILTER (WHERE e.kind = 'work' AND e.detail->>'type' = 'unblocked')),
            max(e.occurred_at) FILTER (WHERE e.kind = 'work' AND e.detail->>'type' = 'unblocked')) AS blocked
    FROM unnest(%s::bigint[]) AS i(id)
    LEFT JOIN timeline_entry e ON e.channel_identity_id = i.id AND e.kind NOT IN ('identity', 'note')
    GROUP BY i.id
) f
WHERE c.id = f.id AND (c.first_seen, c.last_seen, c.last_inbound_at, c.last_outbound_at, c.blocked_at)
    IS DISTINCT FROM (f.first, f.last, f.inbound, f.outbound, f.blocked)
"""


def refold_identities(identity_ids: Iterable[int]) -> int:
    """The folded columns of the channel identities are computed from all their entries; returns how many were wrong."""
    ordered = sorted(set(identity_ids))
    if not ordered:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_REFOLD_IDENTITIES, [ordered])
        return int(cursor.rowcount)
