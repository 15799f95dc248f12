"""What leaves no entry, and still confirmed who somebody is: kept for boundaries that are drawn later."""

from collections.abc import Iterable

from django.db import connection

from profiles.models import Mention
from profiles.signals import Confirmation, SeenAgain, Span, as_rows

_MOVE = """
WITH moved AS (
    UPDATE profiles_mention SET channel_identity_id = %s
    WHERE channel_identity_id = %s AND occurred_at >= %s AND occurred_at < coalesce(%s, 'infinity'::timestamptz)
    RETURNING id, occurred_at, source, sightings
)
SELECT DISTINCT ON (s.id) s.id, m.occurred_at, m.source
FROM moved m CROSS JOIN unnest(m.sightings) AS s(id) ORDER BY s.id, m.occurred_at, m.id
"""

_FIRST = """
SELECT q.channel_identity_id, s.id, m.occurred_at, m.source
FROM jsonb_to_recordset(%s::jsonb)
    AS q(channel_identity_id bigint, sighting_ids bigint[], start timestamptz, "end" timestamptz)
CROSS JOIN LATERAL (
    SELECT occurred_at, source, sightings FROM profiles_mention
    WHERE channel_identity_id = q.channel_identity_id AND occurred_at >= q.start
        AND occurred_at < coalesce(q."end", 'infinity') AND sightings && q.sighting_ids
    ORDER BY occurred_at, id LIMIT 1
) m
CROSS JOIN LATERAL (SELECT min(id) AS id FROM unnest(m.sightings) AS found(id) WHERE id = ANY(q.sighting_ids)) s
"""


def remember(mentions: Iterable[Mention]) -> None:
    """The mentions are stored, each once. The caller holds the rows of their channel identities."""
    ordered = sorted(mentions, key=lambda m: (m.channel_identity_id, m.occurred_at, m.source))
    Mention.objects.bulk_create(ordered, ignore_conflicts=True)


def move_mentions(span: Span) -> list[SeenAgain]:
    """Mentions within the span go along; returns the first of each sighting."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [span.to_identity_id, span.from_identity_id, span.start, span.end])
        return [SeenAgain(span.to_identity_id, *row) for row in cursor.fetchall()]


def first_mentions(asked: Iterable[Confirmation]) -> list[SeenAgain]:
    """The first mention of each span that confirmed one of the sightings."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [as_rows(asked)])
        return [SeenAgain(*row) for row in cursor.fetchall()]
