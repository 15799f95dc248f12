"""Customers who take turns at one browser: a visitor id starts an epoch at each login of another customer.

These boundaries are folded from the sightings, so late evidence moves them. One that a human withdrew stays withdrawn.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from profiles.epochs import INSTANT, Address, see_again, starts_of
from profiles.identity.canonical import visitor_address
from profiles.identity.evidence import JoinKey
from profiles.mentions import first_mentions
from profiles.models import Boundary
from profiles.signals import Confirmation, confirmations_wanted
from profiles.standing import refold_withdrawn

REASON = "login"

# Each step is fenced: on a young table without statistics the planner once joined everything with everything.
_LOGINS = """
SELECT v.value, c.account_id, o.scope, s.occurred_at, o.join_key, s.source
FROM unnest(%s::text[], %s::text[]) AS f(scope, join_key)
CROSS JOIN LATERAL (
    SELECT id, value FROM profiles_identifier
    WHERE kind = 'visitor' AND scope = f.scope AND join_key = f.join_key OFFSET 0
) v
CROSS JOIN LATERAL (
    SELECT channel_identity_id, occurred_at, source FROM profiles_sighting
    WHERE identifier_id = v.id AND withdrawn_by_id IS NULL AND grade <> 'claimed' OFFSET 0
) s
CROSS JOIN LATERAL (SELECT account_id FROM profiles_channelidentity WHERE id = s.channel_identity_id OFFSET 0) c
CROSS JOIN LATERAL (
    SELECT identifier_id FROM profiles_sighting
    WHERE channel_identity_id = s.channel_identity_id AND withdrawn_by_id IS NULL AND grade <> 'claimed' OFFSET 0
) a
CROSS JOIN LATERAL (
    SELECT scope, join_key FROM profiles_identifier WHERE id = a.identifier_id AND kind = 'customer_id' OFFSET 0
) o
"""


_SEEN = """
SELECT v.value, c.account_id, c.id, s.id, s.occurred_at
FROM unnest(%s::text[], %s::text[]) AS f(scope, join_key)
CROSS JOIN LATERAL (
    SELECT id, value FROM profiles_identifier
    WHERE kind = 'visitor' AND scope = f.scope AND join_key = f.join_key OFFSET 0
) v
CROSS JOIN LATERAL (
    SELECT id, channel_identity_id, occurred_at FROM profiles_sighting
    WHERE identifier_id = v.id AND grade <> 'claimed' OFFSET 0
) s
JOIN profiles_channelidentity c ON c.id = s.channel_identity_id AND c.address NOT IN (v.value, 'visitor:' || v.value)
"""


class Login(NamedTuple):
    """A customer of `scope` was logged in with the visitor id `visitor` on the account."""

    visitor: str
    account_id: int
    scope: str
    at: datetime
    customer: str
    source: str


def refold_logins(visitors: Iterable[JoinKey], coming: Iterable[Login] = ()) -> set[Address]:
    """The boundaries of the visitor ids are where one customer's login followed another's; returns changed addresses.

    `coming` are logins that are about to be stored. The caller holds the addresses.
    """
    ordered = sorted(visitors)
    if not ordered:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_LOGINS, [[key[1] for key in ordered], [key[2] for key in ordered]])
        logins = {Login(*row) for row in cursor.fetchall()} | set(coming)
    wanted = _changes(sorted(logins, key=lambda login: (login.at, login.customer, login.source)))
    values = {visitor_address(key[2]) for key in ordered}
    stored = {
        (row.account_id, row.address, row.starts_at): row
        for row in Boundary.objects.filter(address__in=values, reason=REASON).select_related("withdrawn_by")
    }
    missing = {place: source for place, source in wanted.items() if place not in stored}
    Boundary.objects.bulk_create(
        Boundary(
            account_id=account_id, address=address, starts_at=at, source=missing[account_id, address, at], reason=REASON
        )
        for account_id, address, at in sorted(missing)
    )
    changed = {place for place, row in stored.items() if _is_changed(row, is_wanted=place in wanted)}
    return {place[:2] for place in changed | missing.keys()}


def _is_changed(row: Boundary, *, is_wanted: bool) -> bool:
    """Takes a boundary away that the logins do not say any more, or brings one back that they say again.

    One that a human once withdrew is not deleted but counts as withdrawn by that operation, though it was undone since.
    """
    if is_wanted == (row.withdrawn_by is None) or (row.withdrawn_by is not None and row.withdrawn_by.is_standing):
        return False
    by = None if is_wanted else row.retractions.order_by("-operation_id").values_list("operation_id", flat=True).first()
    if is_wanted or by is not None:
        Boundary.objects.filter(id=row.pk).update(withdrawn_by_id=by)
    else:
        row.delete()
    return True


def recover_logins(visitors: Iterable[JoinKey]) -> None:
    """Sightings that were no news when they came, and are since a boundary lies before them, are stored.

    A customer who logged in, and again after somebody else did, was seen in both epochs; if the word of the other one
    came late, the second login left its trace only on what was recorded of it. Of two who logged in at the same moment
    either may be the next, so both are asked for once more.
    """
    ordered = sorted(visitors)
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [[key[1] for key in ordered], [key[2] for key in ordered]])
        rows = cursor.fetchall()
    places = {(account_id, visitor_address(value)) for value, account_id, *_ in rows}
    _, starts = starts_of(places)  # also the withdrawn: what lies after one may be a turn all the same
    sighted: dict[tuple[int, str, int], list[datetime]] = {}
    known: dict[str, set[int]] = {}
    for value, account_id, identity_id, sighting_id, at in rows:
        sighted.setdefault((account_id, visitor_address(value), identity_id), []).append(at)
        known.setdefault(visitor_address(value), set()).add(sighting_id)
    tied = Counter((account_id, value, at) for (account_id, value, _), times in sighted.items() for at in set(times))
    asked = []
    for (account_id, value, identity_id), times in sighted.items():
        mine = starts.get((account_id, value), [])
        for start, end in zip(mine, [*mine[1:], None], strict=False):  # without boundaries there is no span
            within = [at for at in times if at >= start and (end is None or at < end)]
            since = start
            if start in within and tied[account_id, value, start] > 1:
                within.remove(start)
                since += INSTANT
            if start not in within:
                asked.append(Confirmation(identity_id, tuple(sorted(known[value])), since, min(within, default=end)))
    if asked:
        answers: list[tuple[Any, Any]] = confirmations_wanted.send(sender=None, asked=asked)
        again = first_mentions(asked) + [each for _, found in answers for each in found]
        see_again(again)
        refold_withdrawn({each.channel_identity_id for each in again})


def _changes(logins: Iterable[Login]) -> dict[tuple[int, str, datetime], str]:
    """Where the customer of one scope changes, with the source of the login that says so. Logins come in time order."""
    last: dict[tuple[int, str, str], str] = {}
    changes: dict[tuple[int, str, datetime], str] = {}
    for login in logins:
        place = (login.account_id, login.visitor, login.scope)
        if place in last and last[place] != login.customer:
            changes[login.account_id, visitor_address(login.visitor), login.at] = login.source
        last[place] = login.customer
    return changes
