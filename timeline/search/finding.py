"""Searching everything that was ever written: the newest first, at a cost that the size of the hub does not set.

A look at the newest entries answers a common question, the index of words a rare one. What is in between, so that
sorting all it finds would cost, is answered by walking back from the newest, a stretch at a time; the answer then says
how far it went, and its cursor goes on there.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction

from profiles.reading_rights import hidden_now
from profiles.terms import Term, occurrences, terms_of, tsquery
from profiles.words import words_in
from timeline.models import Entry, SearchCursor
from timeline.reading import decode_cursor, encode_cursor
from timeline.search.index import SEARCHED, UNREAD, searchable_text

LONGEST_ASKED = 320
#: More matches are a common question: these many are sorted in a few milliseconds.
MOST_SORTED = 2_000
#: Entries that are looked at first: some three milliseconds, and enough for a word that every hundredth has.
GLANCE = 4_000
#: Entries that a walk looks at before it answers.
STRETCH = 30_000
#: Reading the index for a rare word takes a few milliseconds; what takes longer is common, however it ends.
_INDEX_MILLISECONDS = 250
#: Entries that the index has not reached are compared one by one, the newest so many.
MOST_UNINDEXED = 1_000
#: Characters of each of them that are compared: many long mails at once must not hold up a search.
MOST_COMPARED = 20_000
SNIPPET_CHARACTERS = 180
_BEFORE_MATCH = 50
_CANCELED = "57014"  # PostgreSQL's query_canceled: the time was over

Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text, and whether it is what was asked for."""

    text: str
    is_match: bool = False


@dataclass(frozen=True, slots=True)
class EntryFound:
    """An entry with the customer it belongs to now and the words around the first match."""

    entry: Entry
    profile_id: int
    display_name: str
    snippet: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class EntriesFound:
    """A page, newest first by (occurred_at, id). `searched_back_to` is set when the walk ended before the history did.

    `is_complete` is false while older entries are still being read into the index.
    """

    entries: list[EntryFound]
    next_cursor: str | None
    searched_back_to: datetime | None = None
    is_complete: bool = True


def search_entries(asked: str, *, before: str | None = None, limit: int = 20) -> EntriesFound:
    """The page of entries older than the cursor in which every term is found. Raises CursorError."""
    terms = terms_of(asked[:LONGEST_ASKED])
    place = decode_cursor(before) if before else None
    if not terms:
        return EntriesFound([], None)
    indexed = SearchCursor.objects.filter(id=1).first()
    fresh = unindexed(indexed)
    places = [(at, pk) for at, pk, text in fresh if says(terms, text)]
    found, walk = _look(tsquery(terms), place, limit + 1)
    places = sorted({each for each in [*found, *places] if place is None or each < place}, reverse=True)
    if walk and walk.end:
        places = [each for each in places if each >= walk.end]
    entries = _first(places, terms, limit + 1)
    is_complete = indexed is not None and indexed.backfill_below <= 1 and len(fresh) < MOST_UNINDEXED
    if len(entries) > limit:
        last = entries[limit - 1].entry
        return EntriesFound(entries[:limit], encode_cursor(last.occurred_at, last.pk), is_complete=is_complete)
    end = walk.end if walk else None
    back_to = end[0] if walk and end and walk.is_stretch else None
    return EntriesFound(entries, encode_cursor(*end) if end else None, back_to, is_complete)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where a walk ended, None at the beginning of the history; `is_stretch` if it had looked at enough by then."""

    end: Place | None
    is_stretch: bool


def _look(query: str, place: Place | None, limit: int) -> tuple[list[Place], _Walk | None]:
    """Where the query is found, from the place on. The newest entries alone often fill the page."""
    found, walk = _walk(query, place, limit, GLANCE)
    if walk.end is None or not walk.is_stretch:
        return found, walk
    few = rare(query)
    return _walk(query, place, limit, STRETCH) if few is None else (few, None)


def rare(query: str) -> list[Place] | None:
    """Where the query is found, newest first; None if that is in too many entries, or takes too long to tell."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # The walk is chosen here, not by the planner: without statistics it takes a rare word for a common one.
            cursor.execute(
                f"SET LOCAL statement_timeout = {_INDEX_MILLISECONDS};"
                " SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off"
            )
            cursor.execute(
                "SELECT occurred_at, entry_id FROM timeline_entrywords w"  # noqa: S608
                f" WHERE words @@ %(query)s::tsquery{readable()} LIMIT %(most)s",
                {"query": query, "most": MOST_SORTED + 1, "hidden": list(hidden_now())},
            )
            rows = cursor.fetchall()
            cursor.execute(
                "SET LOCAL statement_timeout = DEFAULT; SET LOCAL enable_seqscan = DEFAULT;"
                " SET LOCAL enable_indexscan = DEFAULT"
            )
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _CANCELED:
            raise
        return None
    return rows if len(rows) <= MOST_SORTED else None


def readable() -> str:
    """Narrows `timeline_entrywords w` to what may be read: what is hidden neither fills a page nor is counted."""
    if not hidden_now():
        return ""
    return " AND NOT EXISTS (SELECT FROM timeline_entry e WHERE e.id = w.entry_id AND e.account_id = ANY(%(hidden)s))"


def _walk(query: str, place: Place | None, limit: int, length: int) -> tuple[list[Place], _Walk]:
    """What a stretch of so many entries, from the newest on or from the place, has of it."""
    parameters: dict[str, Any] = {"query": query, "limit": limit, "stretch": length, "hidden": list(hidden_now())}
    bound = ""
    if place:
        parameters["at"], parameters["id"] = place
        bound = "WHERE (occurred_at, entry_id) < (%(at)s, %(id)s)"
    stretch = f"FROM timeline_entrywords {bound} ORDER BY occurred_at DESC, entry_id DESC"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT occurred_at, entry_id FROM (SELECT * {stretch} LIMIT %(stretch)s) w"  # noqa: S608
            f" WHERE words @@ %(query)s::tsquery{readable()} ORDER BY occurred_at DESC, entry_id DESC LIMIT %(limit)s",
            parameters,
        )
        found = cursor.fetchall()
        if len(found) == limit:
            return found, _Walk(found[-1], is_stretch=False)
        cursor.execute(f"SELECT occurred_at, entry_id {stretch} OFFSET %(stretch)s - 1 LIMIT 1", parameters)
        return found, _Walk(cursor.fetchone(), is_stretch=True)


def unindexed(indexed: SearchCursor | None) -> list[tuple[datetime, int, str]]:
    """The newest entries that the index has not reached, with their text."""
    parameters: dict[str, Any] = {
        "from": indexed.followed_to if indexed else 0,
        "kinds": list(SEARCHED),
        "most": MOST_UNINDEXED,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT e.occurred_at, e.id, e.kind, left(e.text, {MOST_COMPARED}), e.detail {UNREAD}"
            " ORDER BY e.changed_in DESC LIMIT %(most)s",
            parameters,
        )
        rows = cursor.fetchall()
    return [(at, pk, searchable_text(kind, text, json.loads(detail))) for at, pk, kind, text, detail in rows]


def says(terms: Sequence[Term], text: str) -> bool:
    return occurrences(terms, words_in(text)) is not None


def _first(places: Sequence[Place], terms: Sequence[Term], limit: int) -> list[EntryFound]:
    """The first entries that still say it: one may have been edited or deleted since it was read into the index."""
    found: list[EntryFound] = []
    for start in range(0, len(places), limit):
        ids = [pk for _, pk in places[start : start + limit]]
        rows = Entry.objects.select_related("account", "channel_identity__profile").in_bulk(ids)
        found += [each for pk in ids if pk in rows and (each := found_in(rows[pk], terms)) is not None]
        if len(found) >= limit:
            break
    return found[:limit]


def found_in(entry: Entry, terms: Sequence[Term]) -> EntryFound | None:
    text = searchable_text(entry.kind, entry.text, entry.detail)
    where = occurrences(terms, words_in(text))
    if where is None:
        return None
    profile = entry.channel_identity.profile
    return EntryFound(entry, profile.pk, profile.display_name, snippet_of(text, where))


def snippet_of(text: str, where: Sequence[tuple[int, int]]) -> tuple[Segment, ...]:
    """A line of the text around the first match, cut between words, with every match in it marked."""
    where = [(place, min(end, place + SNIPPET_CHARACTERS)) for place, end in where]  # a word may be the whole text
    start = 0 if where[0][0] <= _BEFORE_MATCH else _between_words(text, where[0][0] - _BEFORE_MATCH, where[0][0])
    end = min(len(text), max(start + SNIPPET_CHARACTERS, where[0][1]))
    end = len(text) if end == len(text) else _last_gap(text, where[0][1], end)
    segments = [Segment("… ")] if start else []
    place = start
    for match_start, match_end in where:
        if match_end > end:
            break
        if match_start > place:
            segments.append(Segment(text[place:match_start]))
        segments.append(Segment(text[match_start:match_end], is_match=True))
        place = match_end
    if place < end:
        segments.append(Segment(text[place:end]))
    return tuple([*segments, Segment(" …")] if end < len(text) else segments)


_GAP = re.compile(r"\s+")


def _between_words(text: str, start: int, end: int) -> int:
    gap = _GAP.search(text, start, end)
    return gap.end() if gap else start


def _last_gap(text: str, start: int, end: int) -> int:
    gaps = [gap.start() for gap in _GAP.finditer(text, start, end)]
    return gaps[-1] if gaps else end
