"""Reading timelines and the queue: keyset pages, never offsets, at a cost that does not grow with history.

A profile's page is the newest entries of each of its channel identities, one index scan each, merged by time.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from timeline.models import Entry

MOST_ENTRIES = 200
#: Changed entries of one pull; a page that is further behind reloads.
MOST_CHANGED = 200


class CursorError(ValueError):
    """A cursor that this hub did not make."""


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Entries newest first by (occurred_at, id); `next_cursor` is None on the last page."""

    entries: list[Entry]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Newer:
    """Entries oldest first; `next_cursor` is None when nothing newer is there now."""

    entries: list[Entry]
    next_cursor: str | None


_PAGE = """
SELECT e.id FROM profiles_channelidentity c
CROSS JOIN LATERAL (
    SELECT id, occurred_at FROM timeline_entry
    WHERE channel_identity_id = c.id {bound} {kinds}
    ORDER BY occurred_at DESC, id DESC LIMIT %(limit)s
) e
{accounts}
WHERE c.profile_id = %(profile)s {channels}
ORDER BY e.occurred_at DESC, e.id DESC LIMIT %(limit)s
"""


def timeline_page(
    profile_id: int,
    *,
    before: str | None = None,
    limit: int = 50,
    channels: Sequence[str] = (),
    kinds: Sequence[str] = (),
) -> TimelinePage:
    """The newest `limit` entries of the profile that are older than the cursor `before`. Raises CursorError."""
    parameters: dict[str, Any] = {"profile": profile_id, "limit": limit + 1}
    bound = ""
    if before:
        parameters["at"], parameters["id"] = decode_cursor(before)
        bound = "AND (occurred_at, id) < (%(at)s, %(id)s)"
    if kinds:
        parameters["kinds"] = list(kinds)
    if channels:
        parameters["channels"] = list(channels)
    query = _PAGE.format(
        bound=bound,
        kinds="AND kind = ANY(%(kinds)s)" if kinds else "",
        accounts="JOIN profiles_channelaccount a ON a.id = c.account_id" if channels else "",
        channels="AND a.channel = ANY(%(channels)s)" if channels else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        ids = [row[0] for row in cursor.fetchall()]
    entries = load(ids[:limit])
    last = entries[-1] if len(ids) > limit else None
    return TimelinePage(entries, encode_cursor(last.occurred_at, last.id) if last else None)


_NEWER = """
SELECT e.id FROM profiles_channelidentity c
CROSS JOIN LATERAL (
    SELECT id, occurred_at FROM timeline_entry
    WHERE channel_identity_id = c.id AND (occurred_at, id) > (%(at)s, %(id)s)
    ORDER BY occurred_at, id LIMIT %(limit)s
) e
WHERE c.profile_id = %(profile)s ORDER BY e.occurred_at, e.id LIMIT %(limit)s
"""


def timeline_after(profile_id: int, after: str, *, limit: int = 50) -> Newer:
    """The oldest `limit` entries of the profile that are newer than the cursor. Raises CursorError."""
    at, pk = decode_cursor(after)
    with connection.cursor() as cursor:
        cursor.execute(_NEWER, {"profile": profile_id, "at": at, "id": pk, "limit": limit + 1})
        ids = [row[0] for row in cursor.fetchall()]
    entries = load(ids[:limit])[::-1]
    last = entries[-1] if len(ids) > limit else None
    return Newer(entries, encode_cursor(last.occurred_at, last.pk) if last else None)


def timeline_around(entry: Entry, *, limit: int = 50) -> tuple[TimelinePage, str | None]:
    """A page with the entry in its middle, and the cursor to go on to newer ones; None when it ends at the newest."""
    profile_id = entry.channel_identity.profile_id
    newer = timeline_after(profile_id, encode_cursor(entry.occurred_at, entry.pk), limit=limit // 2)
    older = timeline_page(profile_id, before=encode_cursor(entry.occurred_at, entry.pk + 1), limit=limit - limit // 2)
    return TimelinePage([*newer.entries[::-1], *older.entries], older.next_cursor), newer.next_cursor


def load(ids: Sequence[int]) -> list[Entry]:
    """The entries in timeline order, newest first, with their account and channel identity."""
    rows = Entry.objects.filter(id__in=ids).select_related("account", "channel_identity")
    return sorted(rows, key=lambda entry: (entry.occurred_at, entry.id), reverse=True)


def head_cursor() -> str:
    """The oldest transaction still open: everything below it is committed and visible. Taken before the first page."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        return str(cursor.fetchone()[0])


def timeline_since(profile_id: int, cursor: str) -> tuple[list[Entry], str]:
    """The profile's entries that are new or changed since `cursor`, oldest first, and the cursor to go on with.

    An entry may come twice, none is missed: a transaction that was open at the cursor has a number at or above it.
    """
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 20):
        raise CursorError("expected the cursor of an earlier answer, a number")
    head = head_cursor()
    changed = Entry.objects.filter(channel_identity__profile_id=profile_id, changed_in__gte=int(cursor))
    ids = list(changed.order_by("-changed_in", "-id").values_list("id", flat=True)[:MOST_CHANGED])
    return load(ids)[::-1], head


def encode_cursor(at: datetime, number: int) -> str:
    """An opaque cursor for the place (at, number)."""
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), number]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, int]:
    """The place a cursor names. Raises CursorError."""
    try:
        at, number = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = datetime.fromisoformat(at)
        if place.tzinfo is None or type(number) is not int or not 0 <= number < 2**63:
            raise ValueError
        place = place.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise CursorError("expected the cursor of an earlier answer") from error
    return place, number
