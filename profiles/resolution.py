"""From senders to channel identities and profiles: `identify` is the only writer of evidence from messages.

A sender whose evidence is already stored costs three reads and no lock. New evidence takes the locks of
`profiles.locking`, is stored, and the components it touches are resolved anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.db import connection, transaction

from profiles.assignment import Amended, reassign
from profiles.components import Component, users_of
from profiles.epochs import Address, Starts, rehome, standing_starts
from profiles.identity.canonical import canonical, visitor_address
from profiles.identity.evidence import JoinKey
from profiles.identity.values import Grade, IdentifierKind
from profiles.locking import take_advisory_locks
from profiles.logins import Login, recover_logins, refold_logins
from profiles.models import Boundary, Identifier
from profiles.policies import active_policy
from profiles.reach import browsers_of, identities_at, keys_of, lock_numbers, neighbours_of
from profiles.reviews import Found, claims_about, conflicts_of
from profiles.seeing import (
    Evidence,
    IdentifierKey,
    IdentityKey,
    Known,
    SenderSeen,
    confirmed,
    evidence_of,
    join_key_of,
    logins_of,
    look_up,
    new_boundaries,
    places_of,
    visitors_of,
)
from profiles.sharing import refold_status
from profiles.signals import Move

#: Advisory locks of one transaction; 20,000 exhaust PostgreSQL's shared memory, 12,000 pass (measured).
MOST_LOCKS = 10_000


@dataclass(slots=True)
class Identified:
    """For each `SenderSeen`, in order, its channel identity and the sightings it made or confirmed; what changed.

    `starts` are the boundaries of the addresses that were `asked` about: if others stand once the channel identities
    are locked, it was in vain (`is_current`). `numbered` gained a phone number, by which they may be named. `changed`
    are all of whom something new is known, those included whose address turned out to be shared.
    """

    channel_identity_ids: list[int]
    sighting_ids: list[list[int]]
    asked: set[Address]
    starts: Starts
    changed: set[int] = field(default_factory=set)
    born: set[int] = field(default_factory=set)
    numbered: set[int] = field(default_factory=set)
    moves: Sequence[Move] = ()
    found: list[Found] = field(default_factory=list)


def identify(
    seen: Sequence[SenderSeen], boundaries: Iterable[Boundary] = (), *, also_lock: Iterable[int] = ()
) -> Identified:
    """Every sender has a channel identity, every sighting and boundary is stored, every touched profile is resolved.

    Must run in a transaction. New evidence of a batch is stored at once, so its size is bounded by `MOST_LOCKS`. Read
    again under the locks, it may need more of them: then they are given back and taken anew, in order.
    """
    drawn = new_boundaries(boundaries)
    known = look_up(seen, drawn)
    result = Identified([], [], {place for item in seen for place in places_of(item)}, {})
    news = _news(seen, known, drawn)
    while news.locks:
        with transaction.atomic():
            held = news.locks
            take_advisory_locks(held)
            drawn = new_boundaries(drawn)
            known = look_up(seen, drawn)
            news = _news(seen, known, drawn)
            if news.locks <= held:
                known = _store_all(seen, known, news, result, also_lock) if news.locks else known
                break
            transaction.set_rollback(True)
        news.locks |= held
    result.starts = {address: starts for address, starts in known.starts.items() if address in result.asked}
    result.channel_identity_ids = [known.identity_ids[key] for key in known.keys]
    result.sighting_ids = confirmed(seen, known)
    return result


@dataclass(slots=True)
class _News:
    """What a batch adds, and the locks that takes: of its news, and of everybody seen with a visitor id they name.

    A login may start an epoch of the visitor id, in which what others showed is news again.
    """

    drawn: Sequence[Boundary]
    visitors: set[JoinKey] = field(default_factory=set)
    logins: set[Login] = field(default_factory=set)
    locks: set[int] = field(default_factory=set)


def _news(seen: Sequence[SenderSeen], known: Known, drawn: Sequence[Boundary]) -> _News:
    """Raises OverflowError for more locks than one transaction may take."""
    news = _News(drawn)
    fresh = [known.is_news(item, key) for item, key in zip(seen, known.keys, strict=True)]
    for item, is_fresh in zip(seen, fresh, strict=True):
        news.visitors |= visitors_of(item) if is_fresh else set()
    addresses: set[Address] = {(boundary.account_id, boundary.address) for boundary in drawn}
    changing = addresses | browsers_of(news.visitors)
    keys = keys_of(changing)
    for item, is_fresh in zip(seen, fresh, strict=True):
        if is_fresh or visitors_of(item) & news.visitors:
            addresses.add((item.account_id, item.sender.address))
            addresses |= {(item.account_id, visitor_address(key[2])) for key in visitors_of(item)}
            keys |= {join_key_of(identifier) for identifier, _ in item.shown}
            news.logins |= set(logins_of(item))
    news.locks = lock_numbers(addresses | changing, keys)
    if len(news.locks) > MOST_LOCKS:
        raise OverflowError(
            f"a batch may take {MOST_LOCKS} identity locks, this one needs {len(news.locks)}: make it smaller"
        )
    return news


def is_current(identified: Identified) -> bool:
    """Whether the boundaries that were gone by still stand, asked once the channel identities are locked."""
    return standing_starts(identified.asked) == {a: sorted(set(s)) for a, s in identified.starts.items()}


def _store_all(
    seen: Sequence[SenderSeen], known: Known, news: _News, result: Identified, also_lock: Iterable[int]
) -> Known:
    """Everything the batch adds is stored and resolved; the caller holds its identifiers and addresses."""
    ordered = sorted(news.drawn, key=lambda boundary: (boundary.account_id, boundary.address, boundary.starts_at))
    Boundary.objects.bulk_create(ordered)
    moved = refold_logins(news.visitors, news.logins)
    adding = _Adding(
        seen, news, look_up(seen) if moved else known, {(b.account_id, b.address) for b in ordered} | moved
    )
    adding.write(adding.known)
    touched = {*adding.born, *adding.fresh_ids(), *identities_at(adding.addresses), *users_of(news.visitors)}
    policy = active_policy()
    written = adding

    def amend(_: Component) -> Amended:
        nonlocal written
        written = replace(adding, addresses=set(adding.addresses), fresh=list(adding.fresh), born=set(adding.born))
        written.take_turns()
        rehomed = rehome(written.addresses)
        while rehomed.touched and written.take_turns():  # what was withdrawn is told of an epoch, and epochs moved
            rehomed |= rehome(written.addresses)
        keys = written.keys() | keys_of(written.addresses)
        changed = refold_status(keys, policy, growing=not written.addresses)
        again = rehomed.touched | users_of(changed)
        result.changed = again | written.fresh_ids()
        if len(written.fresh) > len(adding.fresh):
            again |= written.born | written.fresh_ids()
        return Amended(again, rehomed.born | written.born, rehomed.touched)

    guess = neighbours_of(touched, adding.joining_keys())
    done = reassign(touched, policy, amend=amend, also_lock={*also_lock, *known.identity_ids.values()}, guess=guess)
    result.moves, result.born = done.moves, written.born
    fresh = written.fresh_keys()
    result.numbered = {pk for pk, key in fresh if key[0] == IdentifierKind.PHONE}
    result.found = conflicts_of(done, fresh) + claims_about(fresh)
    return written.known


@dataclass(slots=True)
class _Adding:
    """What a batch has added so far. `addresses` are those whose boundaries changed."""

    seen: Sequence[SenderSeen]
    news: _News
    known: Known
    addresses: set[Address]
    fresh: list[Evidence] = field(default_factory=list)
    born: set[int] = field(default_factory=set)

    def write(self, known: Known) -> None:
        """Channel identities and sightings that are not stored yet are."""
        self.known = known
        self.born |= _bear(self.seen, known)
        fresh = [evidence for evidence in evidence_of(self.seen, known) if known.lacks(evidence)]
        _store(fresh, known)
        self.fresh += fresh

    def take_turns(self) -> bool:
        """The visitor ids have the boundaries that all logins say, also those on timelines that nobody adds to now.

        Each boundary, and who logged in at that moment, may make a later login news again. Returns whether any moved.
        """
        turned, moved, is_first = False, set[Address](), bool(self.news.visitors)
        while moved or is_first:
            recover_logins(self.news.visitors)
            moved, is_first = refold_logins(self.news.visitors), False
            self.addresses |= moved
            if moved:
                turned = True
                self.write(look_up(self.seen))
        return turned

    def fresh_keys(self) -> set[tuple[int, JoinKey]]:
        ids = self.known.identity_ids
        return {(ids[e.key], join_key_of(e.identifier)) for e in self.fresh if e.key in ids}

    def fresh_ids(self) -> set[int]:
        return {pk for pk, _ in self.fresh_keys()}

    def joining_keys(self) -> set[JoinKey]:
        """The identifiers by which those who were seen now may come to others."""
        return {join_key_of(each.identifier) for each in self.fresh if each.grade != Grade.CLAIMED}

    def keys(self) -> set[JoinKey]:
        """The identifiers whose status may have changed."""
        return {join_key_of(each.identifier) for each in self.fresh} | _beside_customer_ids(self.fresh, self.known)


_BEAR = """
WITH born AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('profiles_channelidentity', 'id')) AS id, f.*
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
        AS f(account_id, address, standing, epoch_start, reply_refusal)
), profiles AS (
    INSERT INTO profiles_profile (id, display_name, created_at) SELECT id, '', now() FROM born
)
INSERT INTO profiles_channelidentity
    (id, profile_id, account_id, address, standing, epoch_start, reply_refusal, created_at)
SELECT id, id, account_id, address, standing, epoch_start, reply_refusal, now() FROM born
RETURNING id, account_id, address, standing, epoch_start
"""


def _bear(seen: Sequence[SenderSeen], known: Known) -> set[int]:
    """The channel identities that did not exist yet now do, each with a profile of the same id; returns their ids."""
    refusals = {
        key: item.sender.reply_refusal
        for item, key in zip(seen, known.keys, strict=True)
        if key not in known.identity_ids
    }
    if not refusals:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_BEAR, [*map(list, zip(*refusals, strict=True)), list(refusals.values())])
        born = {IdentityKey(*key): pk for pk, *key in cursor.fetchall()}
    known.identity_ids.update(born)
    return set(born.values())


_STORE = """
INSERT INTO profiles_sighting
    (identifier_id, channel_identity_id, grade, source, occurred_at, recorded_at, withdrawn_by_id)
SELECT identifier_id, channel_identity_id, grade, source, occurred_at, now(), withdrawn_by_id
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[])
    AS f(identifier_id, channel_identity_id, grade, source, occurred_at, withdrawn_by_id)
RETURNING id, identifier_id, channel_identity_id, grade, occurred_at
"""


def _store(fresh: Sequence[Evidence], known: Known) -> None:
    """The sightings and their identifiers are stored. What was withdrawn at that place stays so."""
    if not fresh:
        return
    identifiers = identifier_ids({evidence.identifier for evidence in fresh})
    places = [known.place_of(evidence) for evidence in fresh]
    rows = [
        (
            identifiers[evidence.identifier],
            known.identity_ids[evidence.key],
            evidence.grade,
            evidence.source[:255],
            evidence.occurred_at,
            known.withdrawn.get(place[:3]),
        )
        for evidence, place in zip(fresh, places, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, list(map(list, zip(*rows, strict=True))))
        stored = {row: pk for pk, *row_parts in cursor.fetchall() if (row := tuple(row_parts))}
    for (identifier, identity, grade, _, at, _), place in zip(rows, places, strict=True):
        known.earliest[place] = (at, stored[identifier, identity, grade, at])


def _beside_customer_ids(fresh: Iterable[Evidence], known: Known) -> set[JoinKey]:
    """What the channel identities that gained a customer id were seen with: a new anchor may close it."""
    owners = {known.identity_ids[e.key] for e in fresh if e.identifier.kind == IdentifierKind.CUSTOMER_ID}
    if not owners:
        return set()
    rows = Identifier.objects.filter(sightings__channel_identity_id__in=owners)
    return set(rows.values_list("kind", "scope", "join_key"))


def identifier_ids(wanted: set[IdentifierKey]) -> dict[IdentifierKey, int]:
    """The ids of the identifiers, made where they are missing."""

    missing = sorted(wanted)
    found: dict[IdentifierKey, int] = {}
    with connection.cursor() as cursor:
        for statement in (_FIND, _MAKE, _FIND):  # somebody may make one between the first two
            kinds, scopes, values = map(list, zip(*missing, strict=True))
            join_keys = [canonical(IdentifierKind(key.kind), key.value)[1] for key in missing]
            cursor.execute(statement, {"kinds": kinds, "scopes": scopes, "values": values, "join_keys": join_keys})
            found |= {IdentifierKey(*key): pk for pk, *key in cursor.fetchall()}
            missing = [key for key in missing if key not in found]
            if not missing:
                break
    return found


_FIND = """
SELECT i.id, i.kind, i.scope, i.value FROM unnest(%(kinds)s::text[], %(scopes)s::text[], %(values)s::text[])
    AS f(kind, scope, value)
JOIN profiles_identifier i USING (kind, scope, value)
"""
_MAKE = """
INSERT INTO profiles_identifier (kind, scope, value, join_key, status, shared_epochs)
SELECT f.*, 'normal', '{}' FROM unnest(%(kinds)s::text[], %(scopes)s::text[], %(values)s::text[], %(join_keys)s::text[])
    AS f(kind, scope, value, join_key)
ON CONFLICT DO NOTHING RETURNING id, kind, scope, value
"""
