"""Customers who take turns at one browser: a visitor id starts an epoch at each login of another customer.

These boundaries are folded from the sightings, so late evidence moves them. One that a human withdrew stays withdrawn.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from profiles.epochs import Address, see_again, standing_starts
from profiles.identity.evidence import JoinKey
from profiles.models import Boundary
from profiles.signals import Confirmation, confirmations_wanted

REASON = "login"

_LOGINS = """
SELECT v.value, c.account_id, o.scope, s.occurred_at, o.join_key, s.source
FROM unnest(%s::text[], %s::text[]) AS f(scope, join_key)
JOIN profiles_identifier v ON v.kind = 'visitor' AND v.scope = f.scope AND v.join_key = f.join_key
JOIN profiles_sighting s ON s.identifier_id = v.id AND s.withdrawn_by_id IS NULL AND s.grade <> 'claimed'
JOIN profiles_channelidentity c ON c.id = s.channel_identity_id
JOIN profiles_sighting a ON a.channel_identity_id = c.id AND a.withdrawn_by_id IS NULL AND a.grade <> 'claimed'
JOIN profiles_identifier o ON o.id = a.identifier_id AND o.kind = 'customer_id'
ORDER BY s.occurred_at, o.join_key
"""


_SEEN = """
SELECT v.value, c.account_id, c.id, s.id, s.occurred_at
FROM unnest(%s::text[], %s::text[]) AS f(scope, join_key)
JOIN profiles_identifier v ON v.kind = 'visitor' AND v.scope = f.scope AND v.join_key = f.join_key
JOIN profiles_sighting s ON s.identifier_id = v.id AND s.withdrawn_by_id IS NULL AND s.grade <> 'claimed'
JOIN profiles_channelidentity c ON c.id = s.channel_identity_id AND c.address <> v.value
"""


def refold_logins(visitors: Iterable[JoinKey]) -> set[Address]:
    """The boundaries of the visitor ids are where one customer's login followed another's; returns changed addresses.

    The caller holds the addresses.
    """
    ordered = sorted(visitors)
    if not ordered:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_LOGINS, [[key[1] for key in ordered], [key[2] for key in ordered]])
        rows = cursor.fetchall()
    wanted = _changes(rows)
    values = {key[2] for key in ordered}
    stored = {
        (row.account_id, row.address, row.starts_at): row
        for row in Boundary.objects.filter(address__in=values, reason=REASON)
    }
    stale = [row.pk for place, row in stored.items() if place not in wanted and row.withdrawn_by_id is None]
    missing = sorted(wanted.keys() - stored.keys())
    Boundary.objects.filter(id__in=stale).delete()
    Boundary.objects.bulk_create(
        (
            Boundary(
                account_id=account_id,
                address=address,
                starts_at=at,
                source=wanted[account_id, address, at],
                reason=REASON,
            )
            for account_id, address, at in missing
        ),
        ignore_conflicts=True,
    )
    gone = {place[:2] for place, row in stored.items() if row.pk in stale}
    return gone | {place[:2] for place in missing}


def recover_logins(visitors: Iterable[JoinKey]) -> None:
    """Sightings that were no news when they came, and are since a boundary lies before them, are stored.

    A customer who logged in, and again after somebody else did, was seen in both epochs; if the word of the other one
    came late, the second login left its trace only on what was recorded of it.
    """
    ordered = sorted(visitors)
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [[key[1] for key in ordered], [key[2] for key in ordered]])
        rows = cursor.fetchall()
    places = {(account_id, value) for value, account_id, *_ in rows}
    starts = standing_starts(places)
    sighted: dict[tuple[int, str, int], list[tuple[int, datetime]]] = {}
    for value, account_id, identity_id, sighting_id, at in rows:
        sighted.setdefault((account_id, value, identity_id), []).append((sighting_id, at))
    asked = []
    for (account_id, value, identity_id), sightings in sighted.items():
        mine = starts.get((account_id, value), [])
        for start, end in zip(mine, [*mine[1:], None], strict=True):
            if not any(at >= start and (end is None or at < end) for _, at in sightings):
                asked.append(Confirmation(identity_id, tuple(pk for pk, _ in sightings), start, end))
    if asked:
        answers: list[tuple[Any, Any]] = confirmations_wanted.send(sender=None, asked=asked)
        for _, again in answers:
            see_again(again, unless_earlier=False)


def _changes(rows: Iterable[tuple[str, int, str, datetime, str, str]]) -> dict[tuple[int, str, datetime], str]:
    """Where the customer of one scope changes, with the source of the login that says so. Rows come in time order."""
    last: dict[tuple[int, str, str], str] = {}
    changes: dict[tuple[int, str, datetime], str] = {}
    for visitor, account_id, scope, at, customer, source in rows:
        place = (account_id, visitor, scope)
        if place in last and last[place] != customer:
            changes[account_id, visitor, at] = source
        last[place] = customer
    return changes
