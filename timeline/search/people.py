"""Choosing a customer by anything a colleague would type: a number, an e-mail address, a phone number, a name."""

from dataclasses import dataclass

from profiles.reading import address_views
from profiles.searching import find_customers
from timeline.pages.panel import AddressRow, address_row, name_of

MOST = 6


@dataclass(frozen=True, slots=True)
class Found:
    """A customer, with the addresses that tell namesakes apart."""

    id: int
    name: str
    addresses: list[AddressRow]


def people_like(asked: str, *, without: int) -> list[Found]:
    """Up to six customers, those with that very identifier or number first."""
    found = [each for each in find_customers(asked) if each.profile_id != without][:MOST]
    people = [Found(each.profile_id, name_of(each.display_name), addresses_of(each.profile_id)) for each in found]
    return [person for person in people if person.addresses]


def addresses_of(profile_id: int) -> list[AddressRow]:
    """The three addresses that were used last, each once however many lines it wrote to."""
    rows: dict[tuple[str, str], AddressRow] = {}
    for row in map(address_row, address_views(profile_id)):
        rows.setdefault((row.channel, row.shown), row)
    return list(rows.values())[:3]
