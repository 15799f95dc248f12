"""What a change of evidence reaches: everybody and every identifier here is locked before it, and folded after it."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection
from django.db.models import Q

from profiles.epochs import Address
from profiles.identity.canonical import visitor_address
from profiles.identity.evidence import JoinKey
from profiles.identity.values import IdentifierKind
from profiles.locking import lock_id
from profiles.models import ChannelIdentity, Identifier

#: Kinds whose values are addresses, so that a boundary there is one of theirs too.
_ADDRESSES = (IdentifierKind.PHONE, IdentifierKind.WHATSAPP_USER, IdentifierKind.EMAIL, IdentifierKind.VISITOR)


def lock_numbers(addresses: Iterable[Address], keys: Iterable[JoinKey]) -> set[int]:
    """The advisory locks of whoever writes evidence about the addresses or identifiers."""
    return {lock_id("identity", *address) for address in addresses} | {lock_id("identifier", *key) for key in keys}


def identities_at(addresses: Collection[Address]) -> set[int]:
    """The channel identities of the addresses, in all their epochs."""
    if not addresses:
        return set()
    rows = ChannelIdentity.objects.filter(
        account_id__in={a[0] for a in addresses}, address__in={a[1] for a in addresses}
    )
    return {pk for pk, *place in rows.values_list("id", "account_id", "address") if tuple(place) in addresses}


def addresses_of(channel_identity_ids: Collection[int]) -> set[Address]:
    """The addresses of the channel identities."""
    return set(ChannelIdentity.objects.filter(id__in=channel_identity_ids).values_list("account_id", "address"))


# Each step is fenced: on a young table without statistics the planner once joined everything with everything.
_NEIGHBOURS = """
SELECT profile_id FROM profiles_channelidentity WHERE id = ANY(%(ids)s)
UNION
SELECT c.profile_id
FROM unnest(%(kinds)s::text[], %(scopes)s::text[], %(join_keys)s::text[]) AS f(kind, scope, join_key)
CROSS JOIN LATERAL (
    SELECT id FROM profiles_identifier
    WHERE (kind, scope, join_key) = (f.kind, f.scope, f.join_key) AND status = 'normal' OFFSET 0
) i
CROSS JOIN LATERAL (
    SELECT channel_identity_id FROM profiles_sighting
    WHERE identifier_id = i.id AND withdrawn_by_id IS NULL AND grade <> 'claimed' OFFSET 0
) s
CROSS JOIN LATERAL (SELECT profile_id FROM profiles_channelidentity WHERE id = s.channel_identity_id OFFSET 0) c
"""


def neighbours_of(channel_identity_ids: Iterable[int], keys: Iterable[JoinKey]) -> set[int]:
    """The profiles of the channel identities and of whoever was seen with one of the identifiers while it is open."""
    ordered = sorted(keys)
    parameters: dict[str, Any] = {
        "ids": sorted(channel_identity_ids),
        "kinds": [key[0] for key in ordered],
        "scopes": [key[1] for key in ordered],
        "join_keys": [key[2] for key in ordered],
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEIGHBOURS, parameters)
        return {row[0] for row in cursor.fetchall()}


def keys_at(channel_identity_ids: Collection[int]) -> set[JoinKey]:
    """The identifiers that the channel identities were seen with."""
    rows = Identifier.objects.filter(sightings__channel_identity_id__in=channel_identity_ids)
    return set(rows.values_list("kind", "scope", "join_key")) if channel_identity_ids else set()


def keys_of(addresses: Collection[Address]) -> set[JoinKey]:
    """The identifiers whose status a boundary there may change: those seen there, and those the address stands for."""
    if not addresses:
        return set()
    values = {address for _, address in addresses}
    values |= {f"+{value}" for value in values} | {value.removeprefix(f"{IdentifierKind.VISITOR}:") for value in values}
    rows = Identifier.objects.filter(Q(kind__in=_ADDRESSES, value__in=values))
    return keys_at(identities_at(addresses)) | set(rows.values_list("kind", "scope", "join_key"))


def browsers_of(visitors: Collection[JoinKey]) -> set[Address]:
    """The addresses whose login boundaries depend on who was seen with the visitor ids."""
    if not visitors:
        return set()
    rows = Identifier.objects.filter(kind=IdentifierKind.VISITOR, join_key__in={key[2] for key in visitors})
    return {
        (account_id, visitor_address(value))
        for kind, scope, join_key, value, account_id in rows.values_list(
            "kind", "scope", "join_key", "value", "sightings__channel_identity__account_id"
        ).distinct()
        if (kind, scope, join_key) in visitors and account_id is not None
    }
