"""Finding a customer by anything a colleague would type: a number, an e-mail address, a phone number, a name."""

from dataclasses import dataclass

from django.db import connection

from profiles.identity.canonical import phone_value
from profiles.identity.values import IdentifierKind
from profiles.models import Profile
from profiles.reading import address_views, current_profile_id, holders
from timeline.agents import BIGGEST_ID
from timeline.panel import AddressRow, address_row, name_of

MOST = 6
SHORTEST_PHONE = 6


@dataclass(frozen=True, slots=True)
class Found:
    """A customer, with the addresses that tell namesakes apart."""

    id: int
    name: str
    addresses: list[AddressRow]


def people_like(asked: str, *, without: int) -> list[Found]:
    """Up to six customers, those with that very identifier or number first."""
    ids = dict.fromkeys([*_by_number(asked), *_by_identifier(asked), *_by_name(asked)])
    ids.pop(without, None)
    names = dict(Profile.objects.filter(id__in=ids).values_list("id", "display_name"))
    people = [Found(pk, name_of(names.get(pk, "")), _addresses(pk)) for pk in list(ids)[:MOST]]
    return [person for person in people if person.addresses]


def _by_number(asked: str) -> list[int]:
    digits = asked.removeprefix("#")
    current = current_profile_id(int(digits)) if digits.isdecimal() and int(digits) <= BIGGEST_ID else None
    return [current] if current is not None else []


def _by_identifier(asked: str) -> list[int]:
    found = list(holders(IdentifierKind.CUSTOMER_ID, asked)[:MOST])
    if "@" in asked:
        found += holders(IdentifierKind.EMAIL, asked)[:MOST]
    elif len(phone_value(asked)) > SHORTEST_PHONE:
        found += holders(IdentifierKind.PHONE, phone_value(asked))[:MOST]
    return found


_NAMED = """
SELECT p.id FROM profiles_profile p
WHERE p.display_name ILIKE %s AND EXISTS (SELECT FROM profiles_channelidentity c WHERE c.profile_id = p.id)
ORDER BY p.id DESC LIMIT %s
"""


def _by_name(asked: str) -> list[int]:
    """By a part of the name, whatever its case: ILIKE, which the index on parts of names answers."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [f"%{connection.ops.prep_for_like_query(asked)}%", MOST + 1])
        return [row[0] for row in cursor.fetchall()]


def _addresses(profile_id: int) -> list[AddressRow]:
    return [address_row(view) for view in address_views(profile_id)[:3]]
