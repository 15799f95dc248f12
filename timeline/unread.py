"""What a member of staff has not read yet: messages of customers, by what they saw on which sender.

A sender whom they never opened counts from our last answer to that customer: what a colleague dealt with is nobody's
news. Merge and unmerge move senders, and what was read of each stays read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Min

from profiles.models import StaffMember
from profiles.prepared import prepared
from timeline.models import Entry, LastSeen, QueueRow
from timeline.snapshots import oldest_open

#: Nobody reads on from a hundred; a row says "99+".
MOST_COUNTED = 100
#: So many customers are looked through for the next one with news.
NEWEST_LOOKED_AT = 300

_NEWS = """
kind = 'message' AND direction = 'in' AND set_aside = '' AND NOT is_backfilled AND channel_identity_id = c.id
"""
_UNREAD = f"""
SELECT c.profile_id, c.id, e.id, e.occurred_at, s.seen_at FROM (
    SELECT id, profile_id, blocked_at, max(last_outbound_at) OVER (PARTITION BY profile_id) AS answered_at
    FROM profiles_channelidentity WHERE profile_id = ANY(%(profiles)s::bigint[])
) c
LEFT JOIN timeline_lastseen s ON s.member_id = %(member)s::bigint AND s.channel_identity_id = c.id
CROSS JOIN LATERAL (
    (SELECT id, occurred_at FROM timeline_entry
     WHERE s.id IS NOT NULL AND changed_in >= s.seen_in AND id > s.entry_id AND {_NEWS}
     ORDER BY changed_in LIMIT {MOST_COUNTED})
    UNION ALL
    (SELECT id, occurred_at FROM timeline_entry
     WHERE s.id IS NULL AND occurred_at > coalesce(c.answered_at, '-infinity') AND {_NEWS}
     ORDER BY occurred_at DESC LIMIT {MOST_COUNTED})
) e
WHERE c.blocked_at IS NULL
"""  # noqa: S608
_COUNTS = f"SELECT profile_id, least(count(*), {MOST_COUNTED}) FROM ({_UNREAD}) u(profile_id) GROUP BY profile_id"  # noqa: S608
_FIRST = f"""
SELECT least(count(*), {MOST_COUNTED}), (array_agg(entry ORDER BY at, entry))[1], max(seen_at)
FROM ({_UNREAD}) u(profile, sender, entry, at, seen_at)
"""  # noqa: S608
_SEEN = f"""
INSERT INTO timeline_lastseen AS known (member_id, channel_identity_id, seen_at, seen_in, entry_id)
SELECT %(member)s::bigint, sender, now(),
    least(%(cursor)s::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint),
    least(%(entry)s::bigint, (SELECT max(id) FROM timeline_entry))
FROM ({_UNREAD}) u(profile, sender, entry) WHERE entry <= %(entry)s::bigint GROUP BY sender ORDER BY sender
ON CONFLICT (member_id, channel_identity_id) DO UPDATE SET
    seen_at = EXCLUDED.seen_at, seen_in = EXCLUDED.seen_in, entry_id = EXCLUDED.entry_id
WHERE known.entry_id < EXCLUDED.entry_id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Unread:
    """What is new of a customer: how many (at most 100), the first of them, and when the member last saw something."""

    count: int
    first_entry_id: int | None
    since: datetime | None


def unread_counts(member: StaffMember, profile_ids: Iterable[int]) -> dict[int, int]:
    """How many messages of each customer the member has not read, at most 100; customers without news are left out."""
    profiles = sorted(set(profile_ids))
    if not profiles:
        return {}
    with prepared() as cursor:
        cursor.execute(_COUNTS, {"profiles": profiles, "member": member.pk})
        return dict(cursor.fetchall())


def unread_of(member: StaffMember, profile_id: int) -> Unread:
    """What is new of the customer to the member."""
    with prepared() as cursor:
        cursor.execute(_FIRST, {"profiles": [profile_id], "member": member.pk})
        return Unread(*cursor.fetchone())


def seen_until(member: StaffMember, profile_id: int) -> datetime | None:
    """When the member last saw something new of the customer; None if they never did."""
    seen = LastSeen.objects.filter(member=member, channel_identity__profile_id=profile_id)
    latest: datetime | None = seen.aggregate(latest=Max("seen_at"))["latest"]
    return latest


def mark_seen(member: StaffMember, profile_id: int, *, cursor: str, entry_id: int) -> int:
    """What the member saw is read: the entries up to `entry_id` on a page that was made at the cursor.

    Returns how many senders had news; nothing is written for the others. Raises CursorError.
    """
    asked: dict[str, Any] = {
        "profiles": [profile_id],
        "member": member.pk,
        "cursor": oldest_open(cursor),
        "entry": entry_id,
    }
    with prepared() as database:
        database.execute(_SEEN, asked)
        return int(database.rowcount)


def mark_unread(member: StaffMember, entry: Entry) -> Unread:
    """From the entry on the member has read nothing of this customer."""
    profile_id = entry.channel_identity.profile_id
    later = Entry.objects.filter(channel_identity__profile_id=profile_id, id__gte=entry.pk)
    first_changed = later.aggregate(first=Min("changed_in"))["first"]
    senders = entry.channel_identity.profile.channel_identities.order_by("pk").values_list("pk", flat=True)
    rows = [
        LastSeen(
            member=member,
            channel_identity_id=sender,
            seen_at=entry.occurred_at,
            seen_in=first_changed,
            entry_id=entry.pk - 1,
        )
        for sender in senders
    ]
    LastSeen.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["member", "channel_identity"],
        update_fields=["seen_at", "seen_in", "entry_id"],
    )
    return unread_of(member, profile_id)


def next_unread(member: StaffMember, *, after: int | None = None) -> int | None:
    """The customer with news whom something happened to last, among the newest `NEWEST_LOOKED_AT`, but not `after`."""
    newest = QueueRow.objects.order_by("-last_entry_at", "-profile_id")
    profiles = list(newest.values_list("profile_id", flat=True)[:NEWEST_LOOKED_AT])
    counts = unread_counts(member, profiles)
    return next((profile for profile in profiles if profile in counts and profile != after), None)
