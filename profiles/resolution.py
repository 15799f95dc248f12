"""From senders to channel identities and profiles: `identify` is the only writer of evidence from messages.

A sender whose evidence is already stored costs three reads and no lock. New evidence takes the locks of
`profiles.locking`, is stored, and the components it touches are resolved anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from profiles.components import reassign
from profiles.identity.canonical import canonical
from profiles.identity.values import IdentifierKind, Sender
from profiles.locking import lock_id, take_advisory_locks
from profiles.models import FIRST_EPOCH, Boundary, ChannelIdentity, Identifier, Profile, Sighting
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


@dataclass(slots=True)
class Identified:
    """For each `SenderSeen`, in order, its channel identity; and what that changed."""

    channel_identity_ids: list[int]
    born: set[int]
    moves: list[Move]


@dataclass(slots=True)
class _Known:
    """What the database holds about the senders of a batch."""

    keys: list[IdentityKey]
    identity_ids: dict[IdentityKey, int]
    earliest: dict[tuple[int, IdentifierKey, str], datetime]

    def lacks(self, evidence: _Evidence) -> bool:
        """Whether storing this would add evidence: an unseen sender or identifier, or an earlier sighting of one."""
        identity_id = self.identity_ids.get(evidence.key)
        if identity_id is None:
            return True
        seen = self.earliest.get((identity_id, evidence.identifier, evidence.grade))
        return seen is None or evidence.occurred_at < seen


def identify(seen: Sequence[SenderSeen], *, also_lock: Iterable[int] = ()) -> Identified:
    """Every sender has a channel identity, every sighting is stored, every touched profile is resolved.

    Must run in a transaction. New evidence of a batch is stored at once, so its size is bounded by `MOST_LOCKS`.
    """
    known = _look_up(seen)
    fresh = [evidence for evidence in _evidence(seen, known.keys) if known.lacks(evidence)]
    unborn = [key for key in known.keys if key not in known.identity_ids]
    born: set[int] = set()
    moves: list[Move] = []
    if fresh or unborn:
        take_advisory_locks(_lock_numbers(fresh, unborn))
        known = _look_up(seen)  # somebody may have stored the same in the meantime
        born = _bear(seen, known)
        fresh = [evidence for evidence in _evidence(seen, known.keys) if known.lacks(evidence)]
        touched = _store(fresh, known.identity_ids) | born
        moves = reassign(touched, also_lock={*also_lock, *known.identity_ids.values()})
    return Identified([known.identity_ids[key] for key in known.keys], born, moves)


def store_boundaries(boundaries: Iterable[Boundary]) -> None:
    """The boundaries are stored once each. Called before `identify` sees anything later than them."""
    ordered = sorted(boundaries, key=lambda boundary: (boundary.account_id, boundary.address, boundary.starts_at))
    Boundary.objects.bulk_create(ordered, ignore_conflicts=True)


def _look_up(seen: Sequence[SenderSeen]) -> _Known:
    accounts = {item.account_id for item in seen}
    addresses = {item.sender.address for item in seen}
    starts: dict[tuple[int, str], list[datetime]] = {}
    rows = Boundary.objects.filter(account_id__in=accounts, address__in=addresses, withdrawn_by=None)
    for account_id, address, starts_at in rows.values_list("account_id", "address", "starts_at"):
        starts.setdefault((account_id, address), []).append(starts_at)
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
    earliest: dict[tuple[int, IdentifierKey, str], datetime] = {}
    sightings = Sighting.objects.filter(channel_identity_id__in=identity_ids.values(), withdrawn_by=None).values_list(
        "channel_identity_id", "identifier__kind", "identifier__scope", "identifier__value", "grade", "occurred_at"
    )
    for identity_id, kind, scope, value, grade, occurred_at in sightings:
        place = (identity_id, IdentifierKey(kind, scope, value), grade)
        earliest[place] = min(occurred_at, earliest.get(place, occurred_at))
    return _Known(keys, identity_ids, earliest)


def _key(item: SenderSeen, starts: Iterable[datetime]) -> IdentityKey:
    """The channel identity's key: the epoch is the last boundary not after the message."""
    epoch = max((start for start in starts if start <= item.occurred_at), default=FIRST_EPOCH)
    return IdentityKey(item.account_id, item.sender.address, str(item.sender.standing), epoch)


def _evidence(seen: Sequence[SenderSeen], keys: Sequence[IdentityKey]) -> list[_Evidence]:
    """The earliest sighting of each (channel identity, identifier, grade) in the batch."""
    earliest: dict[tuple[IdentityKey, IdentifierKey, str], _Evidence] = {}
    for item, key in zip(seen, keys, strict=True):
        for identifier in item.sender.identifiers:
            value, _ = canonical(identifier.kind, identifier.value)
            if not value:
                continue
            named = IdentifierKey(str(identifier.kind), identifier.scope, value)
            evidence = _Evidence(key, named, str(identifier.grade), item.occurred_at, item.source)
            place = (key, named, evidence.grade)
            if place not in earliest or evidence.occurred_at < earliest[place].occurred_at:
                earliest[place] = evidence
    return list(earliest.values())


def _lock_numbers(fresh: Iterable[_Evidence], unborn: Iterable[IdentityKey]) -> set[int]:
    numbers = {lock_id("identity", key.account_id, key.address) for key in unborn}
    for evidence in fresh:
        _, join_key = canonical(IdentifierKind(evidence.identifier.kind), evidence.identifier.value)
        numbers.add(lock_id("identity", evidence.key.account_id, evidence.key.address))
        numbers.add(lock_id("identifier", evidence.identifier.kind, evidence.identifier.scope, join_key))
    if len(numbers) > MOST_LOCKS:
        raise OverflowError(
            f"a batch may take {MOST_LOCKS} identity locks, this one needs {len(numbers)}: make it smaller"
        )
    return numbers


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


def _store(fresh: Sequence[_Evidence], identity_ids: dict[IdentityKey, int]) -> set[int]:
    """The sightings and their identifiers are stored; returns the channel identities that gained evidence."""
    if not fresh:
        return set()
    identifiers = identifier_ids({evidence.identifier for evidence in fresh})
    Sighting.objects.bulk_create(
        (
            Sighting(
                identifier_id=identifiers[evidence.identifier],
                channel_identity_id=identity_ids[evidence.key],
                grade=evidence.grade,
                source=evidence.source[:255],
                occurred_at=evidence.occurred_at,
            )
            for evidence in fresh
        ),
        ignore_conflicts=True,
    )
    return {identity_ids[evidence.key] for evidence in fresh}


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
