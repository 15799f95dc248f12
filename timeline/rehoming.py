"""Entries belong to the epoch that their time lies in: when a boundary came or went, those between are moved, logged.

Lines about identity stay: they are about the channel identity, not about who used the address at the time. So do
notes and what colleagues did about a customer (`timeline.work`): it was about the person they meant.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.dispatch import receiver
from django.utils import timezone

from profiles.models import ChannelIdentity
from profiles.signals import Confirmation, SeenAgain, Span, as_rows, confirmations_wanted, epochs_changed
from timeline.contact_times import refold_identities
from timeline.entries import Direction, EntryKind
from timeline.identity.log import said_by
from timeline.models import Entry

#: Entries of the table `timeline_entry` that a boundary moves.
MOVES = "(kind NOT IN ('identity', 'note') AND NOT (kind = 'work' AND jsonb_exists(detail, 'channel_identities')))"

_MOVE = f"""
WITH moved AS (
    UPDATE timeline_entry SET channel_identity_id = %s, changed_in = pg_current_xact_id()::text::bigint
    WHERE channel_identity_id = %s AND occurred_at >= %s AND occurred_at < coalesce(%s, 'infinity'::timestamptz)
        AND {MOVES}
    RETURNING id, occurred_at, provider_message_id, sightings
)
SELECT c.sighting_id, c.occurred_at, c.source
FROM (SELECT 1) AS always LEFT JOIN (
    SELECT DISTINCT ON (s.id) s.id AS sighting_id, m.occurred_at, coalesce(m.provider_message_id, '') AS source
    FROM moved m CROSS JOIN unnest(m.sightings) AS s(id) ORDER BY s.id, m.occurred_at, m.id
) c ON true
"""  # noqa: S608

_FIRST = """
SELECT q.channel_identity_id, s.id, e.occurred_at, coalesce(e.provider_message_id, '')
FROM jsonb_to_recordset(%s::jsonb)
    AS q(channel_identity_id bigint, sighting_ids bigint[], start timestamptz, "end" timestamptz)
CROSS JOIN LATERAL (
    SELECT occurred_at, provider_message_id, sightings FROM timeline_entry
    WHERE channel_identity_id = q.channel_identity_id AND occurred_at >= q.start
        AND occurred_at < coalesce(q."end", 'infinity') AND sightings && q.sighting_ids
    ORDER BY occurred_at, id LIMIT 1
) e
CROSS JOIN LATERAL (SELECT min(id) AS id FROM unnest(e.sightings) AS found(id) WHERE id = ANY(q.sighting_ids)) s
"""


@receiver(epochs_changed, dispatch_uid="timeline.rehoming")
def move_entries(spans: Sequence[Span], operation_id: int | None = None, **_: Any) -> tuple[set[int], list[SeenAgain]]:
    """The entries of each span are on its other channel identity, with a line about it on both."""
    holders: set[int] = set()
    again: list[SeenAgain] = []
    by = said_by(operation_id)
    for span in spans:
        count = _moved(span, again)
        if count:
            holders.add(span.to_identity_id)
            _log(span, count, by)
    refold_identities({pk for span in spans for pk in (span.from_identity_id, span.to_identity_id)})
    return holders, again


def _moved(span: Span, again: list[SeenAgain]) -> int:
    """Moves the entries of a span; `again` gains the first confirmation of each sighting among them."""
    within = Entry.objects.filter(channel_identity_id=span.from_identity_id, occurred_at__gte=span.start)
    within = within.exclude(kind__in=(EntryKind.IDENTITY, EntryKind.NOTE))
    within = within.exclude(kind=EntryKind.WORK, detail__has_key="channel_identities")
    if span.end is not None:
        within = within.filter(occurred_at__lt=span.end)
    count = within.count()
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [span.to_identity_id, span.from_identity_id, span.start, span.end])
        for sighting_id, occurred_at, source in cursor.fetchall():
            if sighting_id is not None:
                again.append(SeenAgain(span.to_identity_id, sighting_id, occurred_at, source))
    return count


def _log(span: Span, count: int, by: Mapping[str, Any]) -> None:
    accounts = dict(
        ChannelIdentity.objects.filter(id__in=[span.from_identity_id, span.to_identity_id]).values_list(
            "id", "account_id"
        )
    )
    detail = {
        "type": "rehomed",
        "entries": count,
        "from_identity": span.from_identity_id,
        "to_identity": span.to_identity_id,
        "since": span.start.isoformat(),
        **by,
    }
    Entry.objects.bulk_create(
        Entry(
            channel_identity_id=pk,
            account_id=account_id,
            kind=EntryKind.IDENTITY,
            direction=Direction.NONE,
            occurred_at=timezone.now(),
            detail=detail,
        )
        for pk, account_id in accounts.items()
    )


@receiver(confirmations_wanted, dispatch_uid="timeline.rehoming.confirmations")
def find_confirmations(asked: Sequence[Confirmation], **_: Any) -> list[SeenAgain]:
    """The first entry of each span that confirmed one of the sightings."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [as_rows(asked)])
        return [SeenAgain(*row) for row in cursor.fetchall()]
