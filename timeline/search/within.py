"""Searching one customer's whole history, the newest first.

A rare word is looked up in the index of words and the few entries that have it are asked whose they are. A common one
is found by walking back through the customer's own entries; the answer says how far that went.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from profiles.reading_rights import hidden_now
from profiles.terms import terms_of, tsquery
from timeline.models import Entry, SearchCursor
from timeline.search.finding import LONGEST_ASKED, EntryFound, found_in, rare, says, unindexed

#: Hits of one answer; who has more asks for another word.
MOST_HITS = 100
#: Entries of the customer that a walk looks at.
STRETCH = 30_000

_WALK = """
WITH newest AS MATERIALIZED (
    SELECT e.id, e.occurred_at FROM profiles_channelidentity c
    CROSS JOIN LATERAL (
        SELECT id, occurred_at FROM timeline_entry
        WHERE channel_identity_id = c.id ORDER BY occurred_at DESC, id DESC LIMIT %(stretch)s
    ) e
    WHERE c.profile_id = %(profile)s AND NOT c.account_id = ANY(%(hidden)s)
    ORDER BY e.occurred_at DESC, e.id DESC LIMIT %(stretch)s
)
SELECT (SELECT CASE WHEN count(*) = %(stretch)s THEN min(occurred_at) END FROM newest), ARRAY(
    SELECT n.id FROM newest n JOIN timeline_entrywords w ON w.entry_id = n.id
    WHERE w.words @@ %(query)s::tsquery ORDER BY n.occurred_at DESC, n.id DESC LIMIT %(limit)s
)
"""


@dataclass(frozen=True, slots=True)
class Within:
    """The hits, newest first; `has_more` if there are others, `searched_back_to` if the walk ended before the story."""

    hits: list[EntryFound]
    has_more: bool = False
    searched_back_to: datetime | None = None


def search_within(profile_id: int, asked: str) -> Within:
    """The customer's entries in which every term is found."""
    terms = terms_of(asked[:LONGEST_ASKED])
    if not terms:
        return Within([])
    query = tsquery(terms)
    known = rare(query)
    back_to: datetime | None = None
    if known is None:
        ids, back_to = _walk(profile_id, query)
    else:
        ids = [pk for _at, pk in known]
    ids += [pk for _at, pk, text in unindexed(SearchCursor.objects.filter(id=1).first()) if says(terms, text)]
    rows = Entry.objects.filter(id__in=ids, channel_identity__profile_id=profile_id)
    rows = rows.exclude(account_id__in=hidden_now()).order_by("-occurred_at", "-id")
    rows = rows.select_related("account", "channel_identity__profile")
    hits = [found for entry in rows[: MOST_HITS + 1] if (found := found_in(entry, terms)) is not None]
    return Within(hits[:MOST_HITS], len(hits) > MOST_HITS, back_to)


def _walk(profile_id: int, query: str) -> tuple[list[int], datetime | None]:
    parameters: dict[str, Any] = {
        "profile": profile_id,
        "query": query,
        "stretch": STRETCH,
        "limit": MOST_HITS + 1,
        "hidden": list(hidden_now()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_WALK, parameters)
        back_to, ids = cursor.fetchone()
    return ids, back_to if len(ids) <= MOST_HITS else None
