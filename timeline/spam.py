"""The queue's other side: customers whose messages were kept out of it, newest first."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Subquery

from profiles.models import ChannelIdentity, Profile
from timeline.models import Entry
from timeline.reading import decode_cursor, encode_cursor

PAGE_SIZE = 50

# Of each customer the newest message marked as spam, and the newest moment at which a blocked address was blocked or
# written from: whichever is later. `entry_spam` and the few blocked addresses are all that is read.
_MOMENTS = """
SELECT profile_id, max(moment) AS moment FROM (
    SELECT c.profile_id, e.occurred_at AS moment
    FROM timeline_entry e JOIN profiles_channelidentity c ON c.id = e.channel_identity_id
    WHERE e.set_aside = 'spam'
    UNION ALL
    SELECT profile_id, GREATEST(last_inbound_at, blocked_at) FROM profiles_channelidentity WHERE blocked_at IS NOT NULL
) found
WHERE %(asked)s::bigint[] IS NULL OR profile_id = ANY(%(asked)s)
GROUP BY profile_id
HAVING %(at)s::timestamptz IS NULL OR (max(moment), profile_id) < (%(at)s, %(last)s)
ORDER BY max(moment) DESC, profile_id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class KeptOut:
    """A customer with the newest message that was kept out; `entry` is None for one blocked before they wrote."""

    profile_id: int
    name: str
    entry: Entry | None
    moment: datetime


@dataclass(frozen=True, slots=True)
class KeptOutPage:
    """Some of them, and the cursor of those that follow; None where none do."""

    rows: list[KeptOut]
    next_cursor: str | None


def kept_out_page(*, after: str | None = None, limit: int = PAGE_SIZE) -> KeptOutPage:
    """Customers with messages marked as spam or with a blocked address. Raises CursorError."""
    at, last = decode_cursor(after) if after else (None, 0)
    moments = _moments(asked=None, at=at, last=last, limit=limit + 1)
    rows = _rows(moments[:limit])
    more = len(moments) > limit
    return KeptOutPage(rows, encode_cursor(rows[-1].moment, rows[-1].profile_id) if more and rows else None)


def kept_out(profile_ids: Collection[int]) -> list[KeptOut]:
    """Of these customers those that belong here."""
    return _rows(_moments(asked=list(profile_ids), at=None, last=0, limit=len(profile_ids)))


def _moments(**asked: Any) -> list[tuple[int, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(_MOMENTS, asked)
        return list(cursor.fetchall())


def _rows(moments: Iterable[tuple[int, datetime]]) -> list[KeptOut]:
    """The customers with the message that is shown of each: the newest one that was kept out."""
    moments = list(moments)
    ids = [profile_id for profile_id, _ in moments]
    kept = Entry.objects.filter(channel_identity_id=OuterRef("id"), kind="message", direction="in").order_by(
        "-occurred_at", "-id"
    )
    identities = ChannelIdentity.objects.filter(profile_id__in=ids).annotate(
        spam=Subquery(kept.filter(set_aside="spam").values("id")[:1]), newest=Subquery(kept.values("id")[:1])
    )
    shown: dict[int, set[int]] = {}
    for identity in identities:
        if entry_id := identity.newest if identity.blocked_at else identity.spam:
            shown.setdefault(identity.profile_id, set()).add(entry_id)
    entries = Entry.objects.select_related("account").in_bulk({pk for each in shown.values() for pk in each})
    names = Profile.objects.in_bulk(ids)
    found = []
    for profile_id, moment in moments:
        own = [entries[pk] for pk in shown.get(profile_id, ()) if pk in entries]
        newest = max(own, key=lambda entry: (entry.occurred_at, entry.pk), default=None)
        found.append(KeptOut(profile_id, names[profile_id].display_name, newest, moment))
    return found
