"""Reading timelines and the queue: keyset pages, never offsets, at a cost that does not grow with history.

A profile's page is the newest entries of each of its channel identities, one index scan each, merged by time.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from profiles.ids import BIGGEST_ID
from profiles.prepared import prepared
from timeline.filters import EVERYTHING, TALK, TimelineFilter
from timeline.models import Entry
from timeline.snapshots import SEEN, CursorError, check_snapshot, unseen

MOST_ENTRIES = 200
#: Changed entries of one pull; a page that is further behind reloads.
MOST_CHANGED = 200


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


#: One ordered index scan for each channel identity, and for each kind if only some are asked for.
_SCAN = """
SELECT id, occurred_at FROM timeline_entry
WHERE channel_identity_id = c.id {only} {bound} ORDER BY {order} LIMIT %(limit)s
"""
_WHOLE = "SELECT e.id, e.occurred_at FROM profiles_channelidentity c CROSS JOIN LATERAL ({scan}) e {narrowed}"
_BY_KIND = """
SELECT e.id, e.occurred_at FROM profiles_channelidentity c
JOIN profiles_channelaccount a ON a.id = c.account_id
CROSS JOIN LATERAL (
    SELECT unnest(%(kinds)s::text[]) AS kind
    UNION SELECT unnest(%(talk)s::text[]) WHERE a.channel = ANY(%(talk_on)s)
) w
CROSS JOIN LATERAL ({scan}) e {narrowed}
"""
_RISING, _FALLING = "occurred_at, id", "occurred_at DESC, id DESC"
#: Behind every entry: where a page begins that has no cursor.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_OF_CHANNELS = "AND c.account_id IN (SELECT id FROM profiles_channelaccount WHERE channel = ANY(%(channels)s))"


def timeline_page(
    profile_id: int,
    *,
    before: str | None = None,
    limit: int = 50,
    channels: Sequence[str] = (),
    kinds: Sequence[str] = (),
    only: TimelineFilter = EVERYTHING,
) -> TimelinePage:
    """The newest `limit` entries of the profile that are older than the cursor `before`. Raises CursorError."""
    place = decode_cursor(before) if before else None
    found = _read(profile_id, place, limit + 1, is_rising=False, only=only, channels=channels, kinds=kinds)
    entries = found[:limit]
    last = entries[-1] if len(found) > limit else None
    return TimelinePage(entries, encode_cursor(last.occurred_at, last.id) if last else None)


def timeline_after(profile_id: int, after: str, *, limit: int = 50, only: TimelineFilter = EVERYTHING) -> Newer:
    """The oldest `limit` entries of the profile that are newer than the cursor. Raises CursorError."""
    found = _read(profile_id, decode_cursor(after), limit + 1, is_rising=True, only=only)[::-1]
    entries = found[:limit]
    last = entries[-1] if len(found) > limit else None
    return Newer(entries, encode_cursor(last.occurred_at, last.pk) if last else None)


def _read(
    profile_id: int,
    place: tuple[datetime, int] | None,
    limit: int,
    *,
    is_rising: bool,
    only: TimelineFilter,
    channels: Sequence[str] = (),
    kinds: Sequence[str] = (),
) -> list[Entry]:
    """The next `limit` entries from the place on, towards the newest or the oldest, in one query; newest first."""
    side, order = (">", _RISING) if is_rising else ("<", _FALLING)
    at, pk = place or (_NEVER, 0)
    bound = f"AND (occurred_at, id) {side} (%(at)s, %(id)s)" if place else ""
    narrowed = f"WHERE c.profile_id = %(profile)s {_OF_CHANNELS if channels else ''}"
    if only.chosen or kinds:
        query = _BY_KIND.format(scan=_kind_scan(is_rising=is_rising), narrowed=narrowed)
    else:
        query = _WHOLE.format(scan=_SCAN.format(only="", bound=bound, order=order), narrowed=narrowed)
    if only.chosen:  # what failed is never hidden
        failed = _SCAN.format(only="AND delivery = 'failed'", bound=bound, order=order)
        query += " UNION " + _WHOLE.format(scan=failed, narrowed=narrowed)
    parameters = {
        "profile": profile_id,
        "limit": limit,
        "channels": list(channels),
        "kinds": [*only.kinds, *kinds],
        "talk": list(TALK),
        "talk_on": list(only.channels),
        "at": at,
        "id": pk,
    }
    ids = f"SELECT id FROM ({query}) found ORDER BY {order} LIMIT %(limit)s"  # noqa: S608
    return _in_order(Entry.objects.filter(id__in=RawSQL(*_positional(ids, parameters))))  # noqa: S611  (no user text)


def _kind_scan(*, is_rising: bool) -> str:
    """A scan that only the index by kind can answer in its order.

    With `kind = w.kind` the planner takes a kind for frequent that this address has none of, and reads its whole
    history by the index by time.
    """
    side, other, way = (">", "<", "") if is_rising else ("<", ">", " DESC")
    bound = f"(kind, occurred_at, id) {side} (w.kind, %(at)s, %(id)s) AND kind {other}= w.kind"
    order = f"kind{way}, occurred_at{way}, id{way}"
    return _SCAN.format(only=f"AND {bound}", bound="", order=order)


def _positional(query: str, named: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The query with its parameters in order, as Django's expressions take them."""
    values: list[Any] = []

    def put(found: re.Match[str]) -> str:
        values.append(named[found[1]])
        return "%s"

    return re.sub(r"%\((\w+)\)s", put, query), values


def timeline_around(
    entry: Entry, *, limit: int = 50, only: TimelineFilter = EVERYTHING
) -> tuple[TimelinePage, str | None]:
    """A page with the entry in its middle, and the cursor to go on to newer ones; None when it ends at the newest.

    The entry is on it even where the filter leaves it out.
    """
    profile_id = entry.channel_identity.profile_id
    here = encode_cursor(entry.occurred_at, entry.pk)
    newer = timeline_after(profile_id, here, limit=limit // 2, only=only)
    older = timeline_page(profile_id, before=here, limit=limit - limit // 2 - 1, only=only)
    [entry] = load([entry.pk])
    return TimelinePage([*newer.entries[::-1], entry, *older.entries], older.next_cursor), newer.next_cursor


def load(ids: Sequence[int]) -> list[Entry]:
    """The entries in timeline order, newest first, with their account and channel identity."""
    return _in_order(Entry.objects.filter(id__in=ids))


def _in_order(rows: QuerySet[Entry]) -> list[Entry]:
    found = rows.select_related("account", "channel_identity")
    return sorted(found, key=lambda entry: (entry.occurred_at, entry.id), reverse=True)


def head_cursor() -> str:
    """What a reader of this moment has seen. Taken before the first page."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {SEEN}")
        return str(cursor.fetchone()[0])


#: The cursor is of the same moment as what is seen.
_CHANGED = f"""
SELECT {SEEN}, ARRAY(
    SELECT e.id FROM profiles_channelidentity c JOIN timeline_entry e ON e.channel_identity_id = c.id
    WHERE c.profile_id = %(profile)s::bigint AND {unseen("e.changed_in", "%(seen)s")}
    ORDER BY e.changed_in DESC, e.id DESC LIMIT {MOST_CHANGED}
)
"""  # noqa: S608


def timeline_since(profile_id: int, cursor: str) -> tuple[list[Entry], str]:
    """The profile's entries that are new or changed since `cursor`, oldest first, and the cursor to go on with.

    None is missed and none comes twice. Raises CursorError.
    """
    seen = check_snapshot(cursor)
    with prepared() as database:
        database.execute(_CHANGED, {"profile": profile_id, "seen": seen})
        head, ids = database.fetchone()
    return load(ids)[::-1] if ids else [], head


def encode_cursor(at: datetime, number: int) -> str:
    """An opaque cursor for the place (at, number)."""
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), number]).encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, int]:
    """The place a cursor names. Raises CursorError."""
    try:
        at, number = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = datetime.fromisoformat(at)
        if place.tzinfo is None or type(number) is not int or not 0 <= number <= BIGGEST_ID:
            raise ValueError
        place = place.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise CursorError("expected the cursor of an earlier answer") from error
    return place, number
