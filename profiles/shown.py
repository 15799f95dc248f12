"""What profiles and channel identities show of a person, read for comparing: only what stands, and bounded."""

from collections.abc import Collection

from django.db import connection

from profiles.identity.alike import Held, Named, Shown
from profiles.identity.values import IdentifierKind
from profiles.traits import AGENT

#: Enough of anybody; a shared tablet's profile may have thousands.
_MOST_IDENTITIES = 50
_MOST_SIGHTINGS = 100
_MOST_TRAITS = 20
_MOST_VALUES = 20

_KINDS = (IdentifierKind.CUSTOMER_ID, IdentifierKind.PHONE, IdentifierKind.EMAIL)
_BIRTH_DATES = ("birth_date", "birthdate", "birthday", "date_of_birth", "dob")

_OF_IDENTITIES = "SELECT n AS owner, n AS id FROM unnest(%s::bigint[]) n"
_OF_PROFILES = f"""
    SELECT p AS owner, c.id FROM unnest(%s::bigint[]) p CROSS JOIN LATERAL (
        SELECT id FROM profiles_channelidentity WHERE profile_id = p ORDER BY id DESC LIMIT {_MOST_IDENTITIES}
    ) c
"""  # noqa: S608

# Each step is fenced: on a young table without statistics the planner once joined everything with everything.
_HELD = """
SELECT o.owner, i.kind, i.value, i.scope, bool_and(s.grade = 'claimed'), i.status, i.shared_epochs <> '{{}}'
FROM ({owners}) o
CROSS JOIN LATERAL (
    SELECT identifier_id, grade FROM profiles_sighting
    WHERE channel_identity_id = o.id AND withdrawn_by_id IS NULL LIMIT {most}
) s
CROSS JOIN LATERAL (
    SELECT kind, value, scope, status, shared_epochs FROM profiles_identifier
    WHERE id = s.identifier_id AND kind = ANY(%s) OFFSET 0
) i
GROUP BY 1, 2, 3, 4, 6, 7 ORDER BY 1, 2, 3, 4
"""
_TOLD = """
SELECT o.owner, t.name, t.value, t.source
FROM ({owners}) o
CROSS JOIN LATERAL (
    SELECT name, value, source, last_seen FROM profiles_trait
    WHERE channel_identity_id = o.id AND withdrawn_by_id IS NULL AND name = ANY(%s) ORDER BY last_seen DESC LIMIT {most}
) t
ORDER BY o.owner, t.last_seen DESC, t.value
"""


def shown_by_profiles(profile_ids: Collection[int]) -> dict[int, Shown]:
    """What each of the profiles shows."""
    return _shown(_OF_PROFILES, profile_ids)


def shown_by_identities(channel_identity_ids: Collection[int]) -> dict[int, Shown]:
    """What each of the channel identities shows by itself."""
    return _shown(_OF_IDENTITIES, channel_identity_ids)


def _shown(owners: str, ids: Collection[int]) -> dict[int, Shown]:
    wanted = sorted(ids)
    held: dict[int, list[Held]] = {pk: [] for pk in wanted}
    told: dict[int, dict[str, list[tuple[str, str]]]] = {pk: {} for pk in wanted}
    with connection.cursor() as cursor:
        cursor.execute(_HELD.format(owners=owners, most=_MOST_SIGHTINGS), [wanted, list(_KINDS)])
        for owner, *facts in cursor.fetchall():
            kind, value, scope, is_claim, status, is_shared = facts
            held[owner].append(Held(kind, value, scope, is_claim, status, is_shared))
        cursor.execute(_TOLD.format(owners=owners, most=_MOST_TRAITS), [wanted, ["name", "username", *_BIRTH_DATES]])
        for owner, name, value, source in cursor.fetchall():
            told[owner].setdefault(name, []).append((value, source))
    return {pk: _one(held[pk], told[pk]) for pk in wanted}


def _one(held: list[Held], told: dict[str, list[tuple[str, str]]]) -> Shown:
    return Shown(
        names=tuple(Named(value, source, source == AGENT) for value, source in told.get("name", ())[:_MOST_VALUES]),
        identifiers=tuple(each for kind in _KINDS for each in [h for h in held if h.kind == kind][:_MOST_VALUES]),
        usernames=tuple(value for value, _ in told.get("username", ())[:_MOST_VALUES]),
        birth_dates=tuple(value for name in _BIRTH_DATES for value, _ in told.get(name, ())[:_MOST_VALUES]),
    )
