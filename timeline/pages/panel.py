"""The customer beside the timeline, in the words and order of the side panel."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from profiles.identity.canonical import display_phone
from profiles.reading import AddressView, BlockView, ConsentView, IdentifierView, ProfileView, TraitView
from timeline.showing.wording import (
    GRADES,
    REPLY_REFUSALS,
    SOURCES,
    TRAITS,
    channel_of,
    identifier_of,
    shown_address,
    words_of,
)

#: Refusals that go without saying: nobody expects to write to a shop's records.
UNSAID = ("", "store")
#: Claims that a one-time code can prove, since it can be sent there.
CONFIRMED_BY_CODE = ("email", "phone")


@dataclass(frozen=True, slots=True)
class GradeWord:
    """How far something can be believed: icon, word, and the sentence behind it."""

    code: str
    icon: str
    word: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRow:
    """One address the customer writes from, and whether it can be answered. `id` is the channel identity's."""

    id: int
    account_id: int
    icon: str
    channel: str
    channel_word: str
    line: str
    address: str
    shown: str  # the address as people read it: a phone number with its plus and spaces
    group: str  # the group they wrote in, empty outside groups
    grade: GradeWord
    first_seen: datetime | None
    last_seen: datetime | None
    refusal: str
    blocked_at: datetime | None
    blocks: tuple[BlockView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierRow:
    """One identifier; `caution` says why it ties nobody together, if so.

    `claim` is the sighting that a code could prove, while it is only claimed.
    """

    icon: str
    word: str
    value: str
    shown: str
    grade: GradeWord
    caution: str
    claim: int | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRow:
    """A trait with where it came from, how old it is, and what else was told."""

    name: str
    word: str
    value: str
    source: str
    grade: GradeWord
    last_seen: datetime
    alternates: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The whole panel; `name` is never empty, `proof` is the strongest grade among the addresses."""

    profile_id: int
    name: str
    proof: GradeWord | None
    addresses: list[AddressRow]
    identifiers: list[IdentifierRow]
    facts: list[FactRow]
    first_seen: datetime | None
    last_seen: datetime | None
    channels: list[tuple[str, str, str]]  # channel, icon, word: each once
    names_lines: bool
    consents: tuple[ConsentView, ...] = ()


def panel_of(profile: ProfileView) -> Panel:
    """The profile in words."""
    addresses = [address_row(identity) for identity in profile.channel_identities]
    addresses.sort(key=lambda row: row.last_seen.timestamp() if row.last_seen else 0.0, reverse=True)
    grades = [row.grade for row in addresses]
    strength = list(GRADES)
    accounts = {identity.account_id for identity in profile.channel_identities}
    return Panel(
        profile_id=profile.id,
        name=name_of(profile.display_name),
        proof=min(grades, key=lambda grade: strength.index(grade.code)) if grades else None,
        addresses=addresses,
        identifiers=[_identifier(row) for row in profile.identifiers if row.status != "blocked"],
        facts=[_fact(trait) for trait in profile.traits],
        first_seen=min((row.first_seen for row in addresses if row.first_seen), default=None),
        last_seen=max((row.last_seen for row in addresses if row.last_seen), default=None),
        channels=list(dict.fromkeys((row.channel, row.icon, row.channel_word) for row in addresses)),
        names_lines=len(accounts) > 1,
        consents=profile.consents,
    )


def name_of(display_name: str) -> str:
    """The name to show; a customer who told none is still called something."""
    return display_name or _("Unknown customer")


def grade_of(code: str) -> GradeWord:
    """The words for a grade."""
    icon, word, meaning = GRADES.get(code, GRADES["claimed"])
    return GradeWord(code if code in GRADES else "claimed", icon, str(word), str(meaning))


def address_row(identity: AddressView) -> AddressRow:
    """One channel identity in words."""
    icon, word = channel_of(identity.channel)
    group, _colon, member = identity.address.partition(":") if identity.reply_refusal == "group" else ("", "", "")
    address = member or identity.address
    return AddressRow(
        id=identity.id,
        account_id=identity.account_id,
        icon=icon,
        channel=identity.channel,
        channel_word=word,
        line=identity.account,
        address=address,
        shown=shown_address(identity.channel, address),
        group=group,
        grade=grade_of(identity.grade),
        first_seen=identity.first_seen,
        last_seen=identity.last_seen,
        refusal=words_of(REPLY_REFUSALS, identity.reply_refusal) if identity.reply_refusal not in UNSAID else "",
        blocked_at=identity.blocked_at,
        blocks=identity.blocks,
    )


def _identifier(row: IdentifierView) -> IdentifierRow:
    icon, word = identifier_of(row.kind)
    return IdentifierRow(
        icon=icon,
        word=word,
        value=row.value,
        shown=display_phone(row.value) if row.kind == "phone" else row.value,
        grade=grade_of(row.grade),
        caution=_("Used by several people; it ties nobody together") if row.status == "generic" else "",
        claim=row.claim if row.kind in CONFIRMED_BY_CODE else None,
        last_seen=row.last_seen,
    )


def _fact(trait: TraitView) -> FactRow:
    return FactRow(
        name=trait.name,
        word=words_of(TRAITS, trait.name),
        value=trait.value,
        source=words_of(SOURCES, trait.source),
        grade=grade_of(trait.grade),
        last_seen=trait.last_seen,
        alternates=list(trait.alternates),
    )
