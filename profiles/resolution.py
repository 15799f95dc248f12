"""From senders to channel identities and profiles: `identify` is the only writer of evidence from messages.

A sender whose evidence is already stored costs three reads and no lock. New evidence takes the locks of
`profiles.locking`, is stored, and the components it touches are resolved anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from profiles.assignment import Amended, reassign
from profiles.components import Component
from profiles.epochs import Address, rehome, standing_starts
from profiles.identity.canonical import canonical, visitor_address
from profiles.identity.evidence import JoinKey, epoch_of
from profiles.identity.values import Grade, IdentifierKind, Sender
from profiles.locking import lock_id, take_advisory_locks
from profiles.logins import Login, recover_logins, refold_logins
from profiles.models import Boundary, ChannelIdentity, Identifier, Profile, Sighting
from profiles.policies import active_policy
from profiles.reviews import Found, claims_about, conflicts_of
from profiles.sharing import refold_status, users_of
from profiles.signals import Move

#: Advisory locks of one transaction; 20,000 exhaust PostgreSQL's shared memory, 12,000 pass (measured).
MOST_LOCKS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderSeen:
    """A sender as one message showed it. `source` is the provider's id of that message."""

    account_id: int
    sender: Sender
    occurred_at: datetime
    source: str


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


class _Evidence(NamedTuple):
    """One sighting to be stored unless an equal or earlier one is."""

    key: IdentityKey
    identifier: IdentifierKey
    grade: str
    occurred_at: datetime
    source: str


class _Place(NamedTuple):
    """What can be evidence only once; `epoch` tells epochs of the identifier apart where its kind asks for it."""

    identity_id: int
    identifier: IdentifierKey
    grade: str
    epoch: datetime | None


@dataclass(slots=True)
class Identified:
    """For each `SenderSeen`, in order, its channel identity and the sightings it made or confirmed; what changed.

    `starts` are the boundaries of the addresses that were `asked` about: if others stand once the channel identities
    are locked, it was in vain (`is_current`).
    """

    channel_identity_ids: list[int]
    sighting_ids: list[list[int]]
    asked: set[Address]
    starts: dict[Address, list[datetime]]
    born: set[int] = field(default_factory=set)
    moves: Sequence[Move] = ()
    found: list[Found] = field(default_factory=list)


@dataclass(slots=True)
class _Known:
    """What the database holds about the senders of a batch."""

    starts: dict[Address, list[datetime]]
    keys: list[IdentityKey]
    identity_ids: dict[IdentityKey, int]
    earliest: dict[_Place, tuple[datetime, int]] = field(default_factory=dict)
    withdrawn: dict[tuple[int, IdentifierKey, str], int] = field(default_factory=dict)

    def place(self, identity_id: int, account_id: int, identifier: IdentifierKey, grade: str, at: datetime) -> _Place:
        epoch = None
        if identifier.kind == IdentifierKind.VISITOR:
            epoch = epoch_of(self.starts.get((account_id, visitor_address(identifier.value)), ()), at)
        return _Place(identity_id, identifier, grade, epoch)

    def place_of(self, evidence: _Evidence) -> _Place | None:
        identity_id = self.identity_ids.get(evidence.key)
        if identity_id is None:
            return None
        return self.place(
            identity_id, evidence.key.account_id, evidence.identifier, evidence.grade, evidence.occurred_at
        )

    def lacks(self, evidence: _Evidence) -> bool:
        """Whether storing this would add evidence: an unseen sender or identifier, or an earlier sighting of one."""
        place = self.place_of(evidence)
        return place is None or place not in self.earliest or evidence.occurred_at < self.earliest[place][0]


def identify(
    seen: Sequence[SenderSeen], boundaries: Iterable[Boundary] = (), *, also_lock: Iterable[int] = ()
) -> Identified:
    """Every sender has a channel identity, every sighting and boundary is stored, every touched profile is resolved.

    Must run in a transaction. New evidence of a batch is stored at once, so its size is bounded by `MOST_LOCKS`.
    """
    drawn = _new_boundaries(boundaries)
    known = _look_up(seen, drawn)
    fresh = [evidence for evidence in _evidence(seen, known) if known.lacks(evidence)]
    unborn = [key for key in known.keys if key not in known.identity_ids]
    result = Identified([], [], {(item.account_id, item.sender.address) for item in seen}, {})
    if fresh or unborn or drawn:
        take_advisory_locks(_lock_numbers(fresh, unborn, drawn))
        known = _store_all(seen, _new_boundaries(drawn), result, also_lock)
    result.starts = {address: starts for address, starts in known.starts.items() if address in result.asked}
    result.channel_identity_ids = [known.identity_ids[key] for key in known.keys]
    result.sighting_ids = _confirmed(seen, known)
    return result


def is_current(identified: Identified) -> bool:
    """Whether the boundaries that were gone by still stand, asked once the channel identities are locked."""
    return standing_starts(identified.asked) == {a: sorted(set(s)) for a, s in identified.starts.items()}


def _store_all(
    seen: Sequence[SenderSeen], drawn: Sequence[Boundary], result: Identified, also_lock: Iterable[int]
) -> _Known:
    """Everything the batch adds is stored and resolved; the caller holds its identifiers and addresses."""
    ordered = sorted(drawn, key=lambda boundary: (boundary.account_id, boundary.address, boundary.starts_at))
    Boundary.objects.bulk_create(ordered, ignore_conflicts=True)
    addresses: set[Address] = {(boundary.account_id, boundary.address) for boundary in ordered}
    coming = [login for item in seen for login in _logins(item)]
    visitors = {
        (login.kind, login.scope, login.value)
        for item in seen
        for login, _ in _named(item)
        if login.kind == IdentifierKind.VISITOR
    }
    addresses |= refold_logins(visitors, coming)
    known = _look_up(seen)
    fresh = _write(seen, known, result)
    while moved := refold_logins(visitors):  # each boundary may make a later login news again
        addresses |= moved
        recover_logins(visitors)
        known = _look_up(seen)
        fresh += _write(seen, known, result)
    keys = {_join_key(evidence.identifier) for evidence in fresh}
    keys |= _beside_customer_ids(fresh, known)
    touched = {*result.born, *(known.identity_ids[e.key] for e in fresh if e.key in known.identity_ids)}
    touched |= _at(addresses)
    policy = active_policy()

    def amend(_: Component) -> Amended:
        moved = rehome(addresses)
        changed = refold_status(keys, policy, growing=not addresses)
        return Amended(moved.touched | users_of(changed), moved.born, moved.touched)

    done = reassign(touched, policy, amend=amend, also_lock={*also_lock, *known.identity_ids.values()})
    result.moves = done.moves
    fresh_keys = {(known.identity_ids[e.key], _join_key(e.identifier)) for e in fresh if e.key in known.identity_ids}
    result.found = conflicts_of(done, fresh_keys) + claims_about(fresh_keys)
    return known


def _logins(item: SenderSeen) -> Iterable[Login]:
    """The customers that a message showed to be logged in at a browser."""
    named = list(_named(item))
    for visitor, grade in named:
        if visitor.kind != IdentifierKind.VISITOR or grade == Grade.CLAIMED:
            continue
        for customer, customer_grade in named:
            if customer.kind == IdentifierKind.CUSTOMER_ID and customer_grade != Grade.CLAIMED:
                yield Login(
                    visitor.value, item.account_id, customer.scope, item.occurred_at, customer.value, item.source
                )


def _at(addresses: Iterable[Address]) -> set[int]:
    wanted = set(addresses)
    if not wanted:
        return set()
    rows = ChannelIdentity.objects.filter(account_id__in={a[0] for a in wanted}, address__in={a[1] for a in wanted})
    return {pk for pk, *place in rows.values_list("id", "account_id", "address") if tuple(place) in wanted}


def _new_boundaries(boundaries: Iterable[Boundary]) -> list[Boundary]:
    """Those not stored yet; one that was withdrawn is stored and stays withdrawn."""
    unique = {(b.account_id, b.address, b.starts_at): b for b in boundaries}
    if not unique:
        return []
    rows = Boundary.objects.filter(account_id__in={k[0] for k in unique}, address__in={k[1] for k in unique})
    known = set(rows.values_list("account_id", "address", "starts_at"))
    return [boundary for key, boundary in unique.items() if key not in known]


def _look_up(seen: Sequence[SenderSeen], drawn: Iterable[Boundary] = ()) -> _Known:
    """What is stored about the senders; `drawn` are boundaries that are about to be."""
    accounts = {item.account_id for item in seen}
    addresses = {item.sender.address for item in seen}
    places = {(item.account_id, item.sender.address) for item in seen}
    places |= {
        (item.account_id, visitor_address(named.value))
        for item in seen
        for named, _ in _named(item)
        if named.kind == IdentifierKind.VISITOR
    }
    starts = standing_starts(places)
    for boundary in drawn:
        place = starts.setdefault((boundary.account_id, boundary.address), [])
        place.append(boundary.starts_at)
    keys = [_key(item, starts.get((item.account_id, item.sender.address), ())) for item in seen]
    wanted = set(keys)
    identities = ChannelIdentity.objects.filter(account_id__in=accounts, address__in=addresses)
    identity_ids = {
        key: pk
        for pk, account_id, address, standing, epoch_start in identities.values_list(
            "id", "account_id", "address", "standing", "epoch_start"
        )
        if (key := IdentityKey(account_id, address, standing, epoch_start)) in wanted
    }
    known = _Known(starts, keys, identity_ids)
    account_of = {pk: key.account_id for key, pk in identity_ids.items()}
    rows = Sighting.objects.filter(channel_identity_id__in=account_of).values_list(
        "id",
        "channel_identity_id",
        "identifier__kind",
        "identifier__scope",
        "identifier__value",
        "grade",
        "occurred_at",
        "withdrawn_by_id",
    )
    for pk, identity_id, kind, scope, value, grade, at, withdrawn_by in rows:
        place_at = known.place(identity_id, account_of[identity_id], IdentifierKey(kind, scope, value), grade, at)
        known.earliest[place_at] = min((at, pk), known.earliest.get(place_at, (at, pk)))
        if withdrawn_by is not None:
            known.withdrawn[place_at[:3]] = withdrawn_by
    return known


def _key(item: SenderSeen, starts: Iterable[datetime]) -> IdentityKey:
    """The channel identity's key: the epoch is the last boundary not after the message."""
    epoch = epoch_of(starts, item.occurred_at)
    return IdentityKey(item.account_id, item.sender.address, str(item.sender.standing), epoch)


def _named(item: SenderSeen) -> Iterable[tuple[IdentifierKey, str]]:
    """The identifiers of a sender with their grades, as they are stored."""
    for identifier in item.sender.identifiers:
        value, _ = canonical(identifier.kind, identifier.value)
        if value:
            yield IdentifierKey(str(identifier.kind), identifier.scope, value), str(identifier.grade)


def _evidence(seen: Sequence[SenderSeen], known: _Known) -> list[_Evidence]:
    """The earliest sighting of each (channel identity, identifier, grade) in the batch."""
    earliest: dict[tuple[IdentityKey, IdentifierKey, str, datetime | None], _Evidence] = {}
    for item, key in zip(seen, known.keys, strict=True):
        for named, grade in _named(item):
            evidence = _Evidence(key, named, grade, item.occurred_at, item.source)
            epoch = known.place(0, key.account_id, named, grade, item.occurred_at).epoch
            place = (key, named, grade, epoch)
            if place not in earliest or evidence.occurred_at < earliest[place].occurred_at:
                earliest[place] = evidence
    return list(earliest.values())


def _confirmed(seen: Sequence[SenderSeen], known: _Known) -> list[list[int]]:
    """For each sender the stored sightings that say what its message showed."""
    found = []
    for item, key in zip(seen, known.keys, strict=True):
        places = (
            known.place(known.identity_ids[key], key.account_id, named, grade, item.occurred_at)
            for named, grade in _named(item)
        )
        found.append([known.earliest[place][1] for place in places if place in known.earliest])
    return found


def _join_key(identifier: IdentifierKey) -> JoinKey:
    _, join_key = canonical(IdentifierKind(identifier.kind), identifier.value)
    return (identifier.kind, identifier.scope, join_key)


def _lock_numbers(fresh: Iterable[_Evidence], unborn: Iterable[IdentityKey], drawn: Iterable[Boundary]) -> set[int]:
    numbers = {lock_id("identity", key.account_id, key.address) for key in unborn}
    numbers |= {lock_id("identity", boundary.account_id, boundary.address) for boundary in drawn}
    for evidence in fresh:
        numbers.add(lock_id("identity", evidence.key.account_id, evidence.key.address))
        numbers.add(lock_id("identifier", *_join_key(evidence.identifier)))
    if len(numbers) > MOST_LOCKS:
        raise OverflowError(
            f"a batch may take {MOST_LOCKS} identity locks, this one needs {len(numbers)}: make it smaller"
        )
    return numbers


def _write(seen: Sequence[SenderSeen], known: _Known, result: Identified) -> list[_Evidence]:
    """Channel identities and sightings that are not stored yet are; returns the evidence that was new."""
    result.born |= _bear(seen, known)
    fresh = [evidence for evidence in _evidence(seen, known) if known.lacks(evidence)]
    _store(fresh, known)
    return fresh


def _bear(seen: Sequence[SenderSeen], known: _Known) -> set[int]:
    """The channel identities that did not exist yet now do, each with a profile of the same id; returns their ids."""
    refusals = {
        key: item.sender.reply_refusal
        for item, key in zip(seen, known.keys, strict=True)
        if key not in known.identity_ids
    }
    if not refusals:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('profiles_channelidentity', 'id')) FROM generate_series(1, %s)",
            [len(refusals)],
        )
        ids = [row[0] for row in cursor.fetchall()]
    Profile.objects.bulk_create(Profile(id=pk) for pk in ids)
    ChannelIdentity.objects.bulk_create(
        ChannelIdentity(id=pk, profile_id=pk, reply_refusal=refusal, **key._asdict())
        for pk, (key, refusal) in zip(ids, refusals.items(), strict=True)
    )
    known.identity_ids.update(zip(refusals, ids, strict=True))
    return set(ids)


def _store(fresh: Sequence[_Evidence], known: _Known) -> None:
    """The sightings and their identifiers are stored. What was withdrawn at that place stays so."""
    if not fresh:
        return
    identifiers = identifier_ids({evidence.identifier for evidence in fresh})
    places = [known.place_of(evidence) for evidence in fresh]
    rows = Sighting.objects.bulk_create(
        Sighting(
            identifier_id=identifiers[evidence.identifier],
            channel_identity_id=known.identity_ids[evidence.key],
            grade=evidence.grade,
            source=evidence.source[:255],
            occurred_at=evidence.occurred_at,
            withdrawn_by_id=known.withdrawn.get(place[:3]) if place else None,
        )
        for evidence, place in zip(fresh, places, strict=True)
    )
    for row, place in zip(rows, places, strict=True):
        if place:
            known.earliest[place] = (row.occurred_at, row.pk)


def _beside_customer_ids(fresh: Iterable[_Evidence], known: _Known) -> set[JoinKey]:
    """What the channel identities that gained a customer id were seen with: a new anchor may close it."""
    owners = {known.identity_ids[e.key] for e in fresh if e.identifier.kind == IdentifierKind.CUSTOMER_ID}
    if not owners:
        return set()
    rows = Identifier.objects.filter(sightings__channel_identity_id__in=owners)
    return set(rows.values_list("kind", "scope", "join_key"))


def identifier_ids(wanted: set[IdentifierKey]) -> dict[IdentifierKey, int]:
    """The ids of the identifiers, made where they are missing."""

    def find() -> dict[IdentifierKey, int]:
        kinds, scopes, values = map(set, zip(*wanted, strict=True))
        rows = Identifier.objects.filter(kind__in=kinds, scope__in=scopes, value__in=values)
        return {
            key: pk
            for pk, kind, scope, value in rows.values_list("id", "kind", "scope", "value")
            if (key := IdentifierKey(kind, scope, value)) in wanted
        }

    found = find()
    missing = sorted(wanted - found.keys())
    if not missing:
        return found
    Identifier.objects.bulk_create(
        (Identifier(**key._asdict(), join_key=canonical(IdentifierKind(key.kind), key.value)[1]) for key in missing),
        ignore_conflicts=True,
    )
    return find()
