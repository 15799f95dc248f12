"""Why a customer is one person, as the identity page says it: what was seen at each address and what follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from profiles.identity.partition import MOST_TOLD
from profiles.models.evidence import TYPED
from profiles.reading import AddressView
from profiles.why import BoundaryWhy, DecisionWhy, HeldWhy, OtherProfile, SightingWhy, Why
from profiles.wording import because_words, kind_words, value_words
from timeline.identity.graph import Graph, graph_of
from timeline.identity.operation_rows import OperationRow, rows_of
from timeline.identity.why_api import source_entries
from timeline.pages.panel import AddressRow, GradeWord, address_row, grade_of, name_of
from timeline.showing.wording import identifier_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingRow:
    """One identifier as it was seen at an address. `tie` says what follows from it, `others` who else uses it."""

    id: int
    icon: str
    word: str
    shown: str
    status: str
    grade: GradeWord
    entry_id: int | None
    occurred_at: datetime
    tie: str
    is_tying: bool
    others: tuple[OtherProfile, ...]
    withdrawn_by: int | None


@dataclass(frozen=True, slots=True)
class BoundaryRow:
    """From `since` on somebody else uses the address. `can_withdraw`: it was told, not worked out from log-ins."""

    id: int
    since: datetime
    because: str
    can_withdraw: bool
    withdrawn_by: int | None


@dataclass(frozen=True, slots=True)
class Card:
    """One channel identity."""

    row: AddressRow
    epoch: int
    sightings: list[SightingRow]
    boundaries: list[BoundaryRow]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A tie to another customer that was not taken. `crowd`: to so many, of whom only some are listed; else 0."""

    words: str
    because: str
    other: OtherProfile
    crowd: int


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A human's word about two addresses."""

    operation: int
    is_same: bool
    words: str
    other: OtherProfile | None
    actor: str
    reason: str
    at: datetime
    is_standing: bool


@dataclass(frozen=True, slots=True)
class WhyPage:
    """The whole page."""

    profile_id: int
    name: str
    cards: list[Card]
    held: list[HeldRow]
    decisions: list[DecisionRow]
    operations: list[OperationRow]
    graph: Graph | None
    is_cut: bool


def why_page(found: Why) -> WhyPage:
    """The reasons in sentences."""
    rows = {identity.id: address_row(identity) for identity in found.channel_identities}
    names = {pk: f"{row.channel_word} {row.shown}" for pk, row in rows.items()}
    entries = source_entries(found.sightings)
    sightings: dict[int, list[SightingRow]] = {}
    for sighting in sorted(found.sightings, key=lambda s: (s.withdrawn_by is not None, s.occurred_at)):
        row = _sighting(sighting, names, entries)
        sightings.setdefault(sighting.channel_identity, []).append(row)
    return WhyPage(
        profile_id=found.id,
        name=name_of(found.display_name),
        cards=[
            Card(rows[i.id], i.epoch, sightings.get(i.id, []), _boundaries(i, found.boundaries))
            for i in found.channel_identities
        ],
        held=[_held(held) for held in found.held],
        decisions=[_decision(decision, names) for decision in reversed(found.decisions)],
        operations=rows_of(found.operations),
        graph=graph_of(list(rows.values()), found.sightings),
        is_cut=found.is_cut,
    )


def identifier_line(kind: str, value: str) -> str:
    """An identifier in a sentence: "phone number +46 70 174 06 88"; a browser's id says nothing to anybody."""
    return f"{kind_words(kind)} {value_words(kind, value)}".strip()


def _sighting(sighting: SightingWhy, names: Mapping[int, str], entries: Mapping[int, int]) -> SightingRow:
    icon, word = identifier_of(sighting.kind)
    return SightingRow(
        id=sighting.id,
        icon=icon,
        word=word,
        shown=value_words(sighting.kind, sighting.value),
        status=sighting.status,
        grade=grade_of(sighting.grade),
        entry_id=entries.get(sighting.id),
        occurred_at=sighting.occurred_at,
        tie=_tie(sighting, names),
        is_tying=bool(sighting.ties),
        others=tuple(OtherProfile(other.id, name_of(other.display_name)) for other in sighting.also_used_by),
        withdrawn_by=sighting.withdrawn_by,
    )


def _tie(sighting: SightingWhy, names: Mapping[int, str]) -> str:
    if sighting.withdrawn_by is not None:
        return _("Withdrawn: it counts as never seen here")
    if sighting.status == "blocked":
        return _("Nobody’s own, so it ties nobody together")
    if sighting.status == "generic":
        return _("Used by several people, so it ties nobody together")
    if sighting.grade == "claimed" and sighting.source.startswith(TYPED):
        return _("Written down by a colleague, so it ties nobody else until it is proved")
    if sighting.grade == "claimed":
        return _("Only claimed, so it ties nobody together until it is proved")
    if sighting.ties:
        tied = [names[pk] for pk in sighting.ties if pk in names]
        return _("Ties this address to %(addresses)s") % {"addresses": ", ".join(tied)}
    return _("Seen only here")


def _boundaries(identity: AddressView, boundaries: Iterable[BoundaryWhy]) -> list[BoundaryRow]:
    reasons = {
        "moved": _("the channel said that the address changed hands"),
        "agent": _("a colleague said so"),
        "login": _("another customer logged in with this browser"),
    }
    return [
        BoundaryRow(b.id, b.starts_at, reasons.get(b.reason, b.reason), b.reason != "login", b.withdrawn_by)
        for b in boundaries
        if (b.channel, b.address) == (identity.channel, identity.address)
    ]


def _held(held: HeldWhy) -> HeldRow:
    other = OtherProfile(held.other_profile.id, name_of(held.other_profile.display_name))
    crowd = held.rivals if held.rivals > MOST_TOLD else 0
    return HeldRow(identifier_line(held.kind, held.value), because_words(held.because), other, crowd)


def _decision(decision: DecisionWhy, names: Mapping[int, str]) -> DecisionRow:
    one, other = names.get(decision.one, ""), names.get(decision.other, "")
    named = decision.other_profile
    facts = {"one": one, "other": other or (name_of(named.display_name) if named else "")}
    is_same = decision.verdict == "same"
    words = _("%(one)s and %(other)s are one person") if is_same else _("%(one)s and %(other)s are different people")
    return DecisionRow(
        decision.operation,
        is_same,
        words % facts,
        named,
        decision.actor,
        decision.reason,
        decision.at,
        decision.retracted_by is None,
    )
