"""Makes entries searchable: a follower behind the messages, which never wait for it.

It goes by `Entry.changed_in`, so whoever writes or amends an entry need not think of search. What was there before is
read backwards, the newest first. A step is one short transaction that moves the cursor together with the words, so a
crash only repeats it. What the follower has not reached yet is compared one by one when somebody asks
(`timeline.search.finding`), so that nothing is late.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from profiles.locking import lock_id
from profiles.name_search import index_names
from profiles.words import words_in
from timeline.entries import EntryKind
from timeline.models import Entry, SearchCursor

#: Entries of a step: some 60 ms of work.
STEP_ROWS = 500
#: The cursor is not moved over fewer transactions that wrote nothing to search: each move is a transaction itself.
IDLE_TRANSACTIONS = 20
#: Of the words of one entry, with their places.
MOST_BYTES = 500_000
#: What people write, and what they bought. Page views and machine events are no text, lines about work say nothing new.
SEARCHED = (EntryKind.MESSAGE, EntryKind.NOTE, EntryKind.ORDER, EntryKind.PAYMENT, EntryKind.SURVEY)
#: A step that finds a lock held gives up and is tried again later.
_STEP_LIMITS = "SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '10s'"

#: What changed since the cursor and was not read since; also what a younger transaction than an open one wrote.
#: What is numbered beyond all that can be seen comes from the server that the database was restored from.
UNREAD = """
FROM timeline_entry e LEFT JOIN timeline_entrywords w ON w.entry_id = e.id
WHERE e.changed_in >= %(from)s AND e.kind = ANY(%(kinds)s) AND w.changed_in IS DISTINCT FROM e.changed_in
    AND e.changed_in < (
        SELECT greatest(pg_snapshot_xmax(s)::text::bigint, pg_current_xact_id_if_assigned()::text::bigint + 1)
        FROM pg_current_snapshot() s)
"""
_COLUMNS = "e.id, e.changed_in, e.kind, e.occurred_at, e.text, e.detail"
_CHANGED = f"SELECT {_COLUMNS} {UNREAD} ORDER BY e.changed_in, e.id LIMIT %(rows)s"
_BEFORE = f"SELECT {_COLUMNS} FROM timeline_entry e WHERE id < %s ORDER BY id DESC LIMIT %s"  # noqa: S608

_STORE = """
INSERT INTO timeline_entrywords AS w (entry_id, changed_in, occurred_at, words)
SELECT id, changed_in, at, words::tsvector
FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[]) AS f(id, changed_in, at, words)
ON CONFLICT (entry_id) DO UPDATE SET
    changed_in = EXCLUDED.changed_in, occurred_at = EXCLUDED.occurred_at, words = EXCLUDED.words
"""


def catch_up(*, seconds: float) -> int:
    """What was written since the last time is searchable, for about so many seconds; returns how many steps had work.

    A step of messages, then one of names: neither waits until the other is through.
    """
    ends_at = time.monotonic() + seconds
    steps = 0
    while step() | bool(index_names()):
        steps += 1
        if time.monotonic() >= ends_at:
            break
    return steps


@transaction.atomic
def step(rows: int = STEP_ROWS) -> bool:
    """The next entries are searchable and the cursor stands behind them; False when there is nothing to do now."""
    with connection.cursor() as cursor:
        cursor.execute(_STEP_LIMITS)
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_id("task", "search")])
        if not cursor.fetchone()[0]:
            return False
    oldest_open, following = open_transactions()
    place = SearchCursor.objects.filter(id=1).first()
    if place is None or place.followed_to > following:
        start_over()
        return True
    return _follow(place, oldest_open, rows) or _go_back(place, rows)


def open_transactions() -> tuple[int, int]:
    """The oldest transaction of the whole server that is still open, and the next one to come."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() s"
        )
        oldest_open, following = cursor.fetchone()
        return oldest_open, following


def start_over() -> None:
    """Every entry is read again, the newest first; what is searchable stays so meanwhile.

    Also after the database was restored into another server, where transactions are counted anew.
    """
    oldest_open, _ = open_transactions()
    last = Entry.objects.aggregate(last=Max("id"))["last"] or 0
    place = {"followed_to": oldest_open, "backfill_below": last + 1}
    SearchCursor.objects.update_or_create(id=1, defaults=place)


def searchable_text(kind: str, text: str, detail: Mapping[str, Any]) -> str:
    """Everything a reader of the entry sees as text; empty for what is not searched, or was deleted by its writer."""
    if kind not in SEARCHED or detail.get("revoked_at"):
        return ""
    parts = [str(detail.get("subject") or ""), text, str(detail.get("number") or detail.get("order_number") or "")]
    for name in ("attachments", "items", "contacts"):
        listed = detail.get(name)
        parts += [str(p.get("name") or "") for p in (listed if isinstance(listed, list) else []) if isinstance(p, dict)]
    place = detail.get("location")
    if isinstance(place, dict):
        parts += [str(place.get("name") or ""), str(place.get("address") or "")]
    return "\n".join(part for part in parts if part)


def _follow(place: SearchCursor, oldest_open: int, rows: int) -> bool:
    """What changed and can be seen. The cursor stops at the oldest open transaction, which may yet show more."""
    parameters: dict[str, Any] = {"from": place.followed_to, "kinds": list(SEARCHED), "rows": rows}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, parameters)
        found = cursor.fetchall()
    _store(found)
    read_to = min(oldest_open, found[-1][1]) if len(found) == rows else oldest_open
    if read_to > place.followed_to and (found or read_to - place.followed_to > IDLE_TRANSACTIONS):
        place.followed_to = read_to
        place.save()
    return bool(found)


def _go_back(place: SearchCursor, rows: int) -> bool:
    if place.backfill_below <= 1:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, [place.backfill_below, rows])
        found = cursor.fetchall()
    _store(found)
    place.backfill_below = found[-1][0] if len(found) == rows else 0
    place.save()
    return True


def _store(rows: Iterable[Sequence[Any]]) -> None:
    """The entries are found by what they say now, and by nothing when they say nothing."""
    kept = sorted(
        (pk, changed_in, at, as_tsvector(searchable_text(kind, text, json.loads(detail))))
        for pk, changed_in, kind, at, text, detail in rows
        if kind in SEARCHED
    )
    if kept:
        with connection.cursor() as cursor:
            cursor.execute(_STORE, [list(column) for column in zip(*kept, strict=True)])


def as_tsvector(text: str) -> str:
    """The words of the text with their places, in PostgreSQL's notation; empty if there are none.

    Behind MOST_BYTES of different words nothing more is searched: PostgreSQL takes no more than a mebibyte.
    """
    places: dict[str, list[str]] = {}
    size = 0
    for number, word in enumerate(words_in(text), start=1):
        where = places.get(word.text)
        size += 2 if where else len(word.text.encode()) + 8
        if size > MOST_BYTES:
            break
        places.setdefault(word.text, []).append(str(number))
    return " ".join(f"'{word}':{','.join(where[:255])}" for word, where in places.items())
