"""Senders as messages showed them, and what is stored about them already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from profiles.epochs import Address, Starts, starts_of
from profiles.identity.canonical import canonical, visitor_address
from profiles.identity.evidence import FIRST_EPOCH, JoinKey, epoch_of
from profiles.identity.values import Grade, IdentifierKind, Sender
from profiles.logins import Login
from profiles.models import Boundary
from profiles.prepared import prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderSeen:
    """A sender as one message showed it. `source` is the provider's id of that message.

    `shown` are the identifiers of the sender as they are stored, with their grades.
    """

    account_id: int
    sender: Sender
    occurred_at: datetime
    source: str
    shown: "tuple[tuple[IdentifierKey, str], ...]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown", tuple(_shown_by(self.sender)))


class IdentityKey(NamedTuple):
    """The natural key of a channel identity."""

    account_id: int
    address: str
    standing: str
    epoch_start: datetime


class IdentifierKey(NamedTuple):
    kind: str
    scope: str
    value: str


class Evidence(NamedTuple):
    """One sighting to be stored unless an equal or earlier one is."""

    key: IdentityKey
    identifier: IdentifierKey
    grade: str
    occurred_at: datetime
    source: str


class Place(NamedTuple):
    """What can be evidence only once; `epoch` tells epochs of the identifier apart where its kind asks for it."""

    identity: IdentityKey
    identifier: IdentifierKey
    grade: str
    epoch: datetime | None


@dataclass(slots=True)
class Known:
    """What the database holds about the senders of a batch, each sighting where its time says: by boundaries that are
    just being drawn, not all are there yet.

    `turns` are the boundaries that ever were: where a human withdrew the word of one login, the next may be another's.
    """

    starts: Starts
    turns: Starts
    keys: list[IdentityKey]
    identity_ids: dict[IdentityKey, int]
    earliest: dict[Place, tuple[datetime, int]] = field(default_factory=dict)
    withdrawn: dict[tuple[IdentityKey, IdentifierKey, str], int] = field(default_factory=dict)

    def place(self, identity: IdentityKey, identifier: IdentifierKey, grade: str, at: datetime) -> Place:
        epoch = None
        if identifier.kind == IdentifierKind.VISITOR:
            epoch = epoch_of(self.turns.get((identity.account_id, visitor_address(identifier.value)), ()), at)
        return Place(identity, identifier, grade, epoch)

    def place_of(self, evidence: Evidence) -> Place:
        return self.place(evidence.key, evidence.identifier, evidence.grade, evidence.occurred_at)

    def lacks(self, evidence: Evidence) -> bool:
        """Whether storing this would add evidence: an unseen identifier, or an earlier sighting of one."""
        place = self.place_of(evidence)
        return place not in self.earliest or evidence.occurred_at < self.earliest[place][0]

    def is_news(self, item: "SenderSeen", key: IdentityKey) -> bool:
        """Whether the sender is unseen, or showed what is evidence."""
        if key not in self.identity_ids:
            return True
        return any(
            self.lacks(Evidence(key, identifier, grade, item.occurred_at, item.source))
            for identifier, grade in item.shown
        )


def visitors_of(item: SenderSeen) -> set[JoinKey]:
    """The visitor ids that a message named."""
    return {join_key_of(identifier) for identifier, _ in item.shown if identifier.kind == IdentifierKind.VISITOR}


def places_of(item: SenderSeen) -> set[Address]:
    """The addresses whose boundaries say what a message adds: the sender's, and those of the visitor ids it named."""
    visitors = {(item.account_id, visitor_address(key[2])) for key in visitors_of(item)}
    return {(item.account_id, item.sender.address), *visitors}


def logins_of(item: SenderSeen) -> Iterable[Login]:
    """The customers that a message showed to be logged in at a browser."""
    named = item.shown
    for visitor, grade in named:
        if visitor.kind != IdentifierKind.VISITOR or grade == Grade.CLAIMED:
            continue
        for customer, customer_grade in named:
            if customer.kind == IdentifierKind.CUSTOMER_ID and customer_grade != Grade.CLAIMED:
                yield Login(
                    visitor.value, item.account_id, customer.scope, item.occurred_at, customer.value, item.source
                )


def new_boundaries(boundaries: Iterable[Boundary]) -> list[Boundary]:
    """Those not stored yet; one that was withdrawn is stored and stays withdrawn."""
    unique = {(b.account_id, b.address, b.starts_at, b.reason): b for b in boundaries if b.starts_at > FIRST_EPOCH}
    if not unique:
        return []
    rows = Boundary.objects.filter(account_id__in={k[0] for k in unique}, address__in={k[1] for k in unique})
    known = set(rows.values_list("account_id", "address", "starts_at", "reason"))
    return [boundary for key, boundary in unique.items() if key not in known]


_SEATS = """
SELECT id, account_id, address, standing, epoch_start FROM profiles_channelidentity
WHERE account_id = ANY(%s::bigint[]) AND address = ANY(%s::text[])
"""
_SIGHTINGS = """
SELECT s.id, s.channel_identity_id, i.kind, i.scope, i.value, s.grade, s.occurred_at, s.withdrawn_by_id
FROM profiles_sighting s JOIN profiles_identifier i ON i.id = s.identifier_id
WHERE s.channel_identity_id = ANY(%s::bigint[])
"""


def _rows(query: str, *parameters: list[Any]) -> list[Any]:
    with prepared() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())


def look_up(seen: Sequence[SenderSeen], drawn: Iterable[Boundary] = ()) -> Known:
    """What is stored about the senders; `drawn` are boundaries that are about to be."""
    accounts = {item.account_id for item in seen}
    addresses = {item.sender.address for item in seen}
    places = {place for item in seen for place in places_of(item)}
    starts, turns = starts_of(places)
    for boundary in drawn:
        for known_starts in (starts, turns):
            known_starts.setdefault((boundary.account_id, boundary.address), []).append(boundary.starts_at)
    keys = [_key(item, starts.get((item.account_id, item.sender.address), ())) for item in seen]
    wanted_seats = {key[:3] for key in keys}
    identity_ids = {
        key: pk
        for pk, account_id, address, standing, epoch_start in _rows(_SEATS, sorted(accounts), sorted(addresses))
        if (key := IdentityKey(account_id, address, standing, epoch_start))[:3] in wanted_seats
    }
    key_of = {pk: key for key, pk in identity_ids.items()}
    known = Known(starts, turns, keys, identity_ids)
    rows = _rows(_SIGHTINGS, sorted(key_of))
    for pk, identity_id, kind, scope, value, grade, at, withdrawn_by in rows:
        key = key_of[identity_id]
        key = key._replace(epoch_start=epoch_of(starts.get((key.account_id, key.address), ()), at))
        place_at = known.place(key, IdentifierKey(kind, scope, value), grade, at)
        known.earliest[place_at] = min((at, pk), known.earliest.get(place_at, (at, pk)))
        if withdrawn_by is not None:
            known.withdrawn[place_at[:3]] = withdrawn_by
    return known


def _key(item: SenderSeen, starts: Iterable[datetime]) -> IdentityKey:
    """The channel identity's key: the epoch is the last boundary not after the message."""
    epoch = epoch_of(starts, item.occurred_at)
    return IdentityKey(item.account_id, item.sender.address, str(item.sender.standing), epoch)


def _shown_by(sender: Sender) -> Iterable[tuple[IdentifierKey, str]]:
    for identifier in sender.identifiers:
        value, _ = canonical(identifier.kind, identifier.value)
        if value:
            yield IdentifierKey(str(identifier.kind), identifier.scope, value), str(identifier.grade)


def evidence_of(seen: Sequence[SenderSeen], known: Known) -> list[Evidence]:
    """The earliest sighting of each (channel identity, identifier, grade) in the batch."""
    earliest: dict[Place, Evidence] = {}
    for item, key in zip(seen, known.keys, strict=True):
        for named, grade in item.shown:
            evidence = Evidence(key, named, grade, item.occurred_at, item.source)
            place = known.place_of(evidence)
            if place not in earliest or evidence.occurred_at < earliest[place].occurred_at:
                earliest[place] = evidence
    return list(earliest.values())


def confirmed(seen: Sequence[SenderSeen], known: Known) -> list[list[int]]:
    """For each sender the stored sightings that say what its message showed."""
    found = []
    for item, key in zip(seen, known.keys, strict=True):
        places = [known.place(key, named, grade, item.occurred_at) for named, grade in item.shown]
        found.append([known.earliest[place][1] for place in places if place in known.earliest])
    return found


def join_key_of(identifier: IdentifierKey) -> JoinKey:
    _, join_key = canonical(IdentifierKind(identifier.kind), identifier.value)
    return (identifier.kind, identifier.scope, join_key)
