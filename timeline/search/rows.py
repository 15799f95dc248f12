"""What was found as a list shows it: customers and entries, in words."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from profiles.models import StaffMember
from profiles.searching import CustomerFound, Matched
from timeline.models import LastSeen, QueueRow
from timeline.pages.panel import AddressRow, name_of
from timeline.search.finding import EntryFound, Segment
from timeline.search.people import addresses_of
from timeline.showing.wording import TRAITS, channel_of, identifier_of, shown_address, words_of

RECENT = 6


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """What of a customer was found, in words; `is_ltr` for what is no language."""

    icon: str
    word: str
    value: str
    is_past: bool
    is_ltr: bool


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer that was found; `matched` says by what, unless their name says it: then `addresses` tell more."""

    id: int
    name: str
    matched: list[MatchedRow]
    addresses: list[AddressRow]


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry that was found; `url` opens its customer's timeline there."""

    id: int
    url: str
    name: str
    channel: str
    icon: str
    word: str
    is_out: bool
    at: datetime
    snippet: tuple[Segment, ...]


def recent_rows(member: StaffMember | None = None) -> list[CustomerRow]:
    """Whom the member read last, then who was active last: what most people look for."""
    names = _last_read(member) if member else {}
    for row in QueueRow.objects.order_by("-last_entry_at", "-profile_id").select_related("profile")[:RECENT]:
        names.setdefault(row.profile_id, row.profile.display_name)
    return [CustomerRow(pk, name_of(name), [], addresses_of(pk)) for pk, name in list(names.items())[:RECENT]]


def _last_read(member: StaffMember) -> dict[int, str]:
    rows = (
        LastSeen.objects.filter(member=member).select_related("channel_identity__profile").order_by("-seen_at", "-id")
    )
    profiles = [row.channel_identity.profile for row in rows[: 3 * RECENT]]
    return {profile.pk: profile.display_name for profile in profiles}


def customer_row(found: CustomerFound) -> CustomerRow:
    """A customer that was found, and by what."""
    matched = [_matched(each) for each in found.matched if each.value != found.display_name]
    addresses = [] if matched else addresses_of(found.profile_id)
    return CustomerRow(found.profile_id, name_of(found.display_name), matched[:3], addresses)


def _matched(found: Matched) -> MatchedRow:
    if found.kind in TRAITS and found.kind not in ("email", "phone"):
        return MatchedRow("user", words_of(TRAITS, found.kind), found.value, found.is_past, is_ltr=False)
    if found.kind == "profile":
        return MatchedRow("id-card", "", found.value, found.is_past, is_ltr=True)
    icon, word = identifier_of(found.kind)
    value = shown_address("sms", found.value) if found.kind == "phone" else found.value
    return MatchedRow(icon, word, value, found.is_past, is_ltr=True)


def entry_row(found: EntryFound) -> EntryRow:
    """An entry that was found, with the words around the match."""
    entry = found.entry
    icon, word = channel_of(entry.account.channel)
    return EntryRow(
        id=entry.pk,
        url=f"{reverse('inbox-customer', args=['all', found.profile_id])}?entry={entry.pk}#e-{entry.pk}",
        name=name_of(found.display_name),
        channel=entry.account.channel,
        icon=icon,
        word=word,
        is_out=entry.direction == "out",
        at=entry.occurred_at,
        snippet=found.snippet,
    )
