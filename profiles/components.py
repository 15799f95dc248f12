"""The components of channel identities that evidence connects, read from the database.

A component is found by following open identifiers and standing decisions; `profiles.identity.partition` then says
which of its channel identities are one person. A void channel identity is read as the one its entries went back to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from profiles.identity.evidence import FIRST_EPOCH, Epochs, JoinKey, Marking, Node, Passed, Ruling, Seen, epoch_of
from profiles.identity.partition import Held, resolve
from profiles.identity.policy import Policy
from profiles.identity.values import IdentifierStatus
from profiles.identity.worth import is_worthless


class DecisionRow(NamedTuple):
    """A standing decision between two channel identities, which may be void by now."""

    id: int
    operation_id: int
    is_same: bool
    one: int
    other: int
    aliases: Sequence[str]


@dataclass(slots=True)
class Component:
    """Channel identities that evidence connects, with all evidence about them.

    `voids` leads from void ones to those that stand for them; `seen` is the earliest joining sighting of each (channel
    identity, identifier, value as received, grade, epoch start); closed identifiers are left out.
    """

    policy: Policy
    nodes: dict[int, Node] = field(default_factory=dict)
    profile_of: dict[int, int] = field(default_factory=dict)
    voids: dict[int, int] = field(default_factory=dict)
    seen: dict[tuple[int, JoinKey, str, str, datetime], datetime] = field(default_factory=dict)
    decisions: dict[int, DecisionRow] = field(default_factory=dict)
    starts: dict[JoinKey, set[datetime]] = field(default_factory=dict)

    @property
    def keys(self) -> set[JoinKey]:
        """The identifiers that join, or might."""
        return {key for _, key, *_ in self.seen}

    @property
    def profiles(self) -> set[int]:
        return set(self.profile_of.values())

    def add(self, rows: Iterable[DecisionRow]) -> set[int]:
        """The component knows of the standing decisions; returns the channel identities they name."""
        reached = set()
        for row in rows:
            self.decisions[row.id] = row
            reached |= {row.one, row.other}
        return reached

    def sightings(self) -> list[Seen]:
        return [Seen(self.nodes[pk], key, grade, at) for (pk, key, _, grade, _), at in self.seen.items()]

    def boundaries(self) -> list[Passed]:
        return [Passed(key, start) for key, starts in self.starts.items() for start in starts]

    def rulings(self) -> list[Ruling]:
        """The standing decisions between channel identities that are not void."""
        found = []
        for row in self.decisions.values():
            one, other = self.voids.get(row.one, row.one), self.voids.get(row.other, row.other)
            if one != other:
                aliases = frozenset(key_of(alias) for alias in row.aliases)
                found.append(Ruling(row.is_same, self.nodes[one], self.nodes[other], row.operation_id, aliases))
        return found

    def markings(self) -> list[Marking]:
        """Humans opened these identifiers, though their form would close them."""
        return [Marking(key, IdentifierStatus.NORMAL) for key in self.keys if is_worthless(key[0], key[2])]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the evidence says: the profile of each channel identity, and the ties that were held, between their ids."""

    targets: Mapping[int, int]
    held: tuple[tuple[int, int, Held], ...]


def outcome_of(component: Component) -> Outcome:
    """Each channel identity's profile is the birth id of its block's oldest channel identity."""
    ids = {node: pk for pk, node in component.nodes.items()}
    partition = resolve(
        component.sightings(),
        component.boundaries(),
        [*component.rulings(), *component.markings()],
        component.policy,
        component.nodes.values(),
        shared={},  # what is closed was left out
    )
    eldest: dict[int, int] = {pk: pk for pk in component.nodes}
    for void, standing in component.voids.items():
        eldest[standing] = min(eldest[standing], void)
    targets = {ids[node]: min(eldest[ids[n]] for n in block) for block in partition.blocks for node in block}
    targets |= {void: targets[standing] for void, standing in component.voids.items()}
    return Outcome(targets, tuple((ids[held.one], ids[held.other], held) for held in partition.held))


def alias_of(key: JoinKey) -> str:
    """An identifier as `Decision.aliases` stores it."""
    return "|".join(key)


def key_of(alias: str) -> JoinKey:
    """The identifier that `Decision.aliases` stores so."""
    kind, scope, join_key = alias.split("|", 2)
    return (kind, scope, join_key)


def connected(touched: Iterable[int], policy: Policy) -> Component:
    """Everything reachable from `touched` over open identifiers and standing decisions."""
    component = Component(policy)
    frontier = set(touched)
    while frontier:
        fresh = _add_nodes(component, frontier)
        reached = _by_identifiers(component, fresh) | _by_decisions(component, fresh)
        frontier = reached - component.profile_of.keys()
        if not frontier:
            frontier = _by_aliases(component) - component.profile_of.keys()
    component.starts = boundary_starts(component.keys)
    return component


# Each branch finds its rows by an index; joined by OR, they once made the planner read everybody.
_NODES = """
SELECT id, account_id, address, standing, epoch_start, profile_id, void_in_id FROM profiles_channelidentity
WHERE id IN (
    SELECT unnest(%(ids)s::bigint[])
    UNION SELECT id FROM profiles_channelidentity WHERE void_in_id = ANY(%(ids)s)
    UNION SELECT void_in_id FROM profiles_channelidentity WHERE id = ANY(%(ids)s) AND void_in_id IS NOT NULL
)
"""


def _add_nodes(component: Component, wanted: set[int]) -> set[int]:
    """Adds the channel identities, their void ones and those that stand for them; returns the ids that are new."""
    fresh = set()
    strangers: set[int] = set()
    for pk, account_id, address, standing, epoch, profile_id, void_in in _rows(_NODES, {"ids": sorted(wanted)}):
        if pk in component.profile_of:
            continue
        fresh.add(pk)
        component.profile_of[pk] = profile_id
        if void_in is None:
            component.nodes[pk] = (account_id, address, standing, epoch.isoformat())
        else:
            component.voids[pk] = void_in
        strangers.add(void_in or pk)
    if more := strangers - wanted - component.profile_of.keys():
        fresh |= _add_nodes(component, more)
    return fresh


_SEEN = """
SELECT s.channel_identity_id, i.kind, i.scope, i.join_key, i.value, s.grade, s.occurred_at, i.status, i.shared_epochs
FROM profiles_sighting s JOIN profiles_identifier i ON i.id = s.identifier_id
WHERE s.channel_identity_id = ANY(%(ids)s) AND s.withdrawn_by_id IS NULL AND s.grade <> 'claimed'
ORDER BY s.occurred_at
"""


def _by_identifiers(component: Component, fresh: set[int]) -> set[int]:
    """Adds the sightings of new channel identities; returns every one that shares an open identifier with them."""
    rows = _rows(_SEEN, {"ids": sorted(fresh)})
    epochal = {r[1:4] for r in rows if r[8] or component.policy.each_epoch(r[1])}
    starts = boundary_starts(epochal) if epochal else {}
    found: set[JoinKey] = set()
    shut: dict[tuple[int, JoinKey, str, datetime], bool] = {}
    for pk, kind, scope, join_key, value, grade, at, status, shared in rows:
        key = (kind, scope, join_key)
        if not component.policy.joins(Seen((), key, grade, at)):
            continue
        epoch = epoch_of(starts.get(key, ()), at) if key in epochal else None
        of_each = epoch if epoch and component.policy.each_epoch(kind) else FIRST_EPOCH
        standing = component.voids.get(pk, pk)
        # Only the earliest is evidence, also where it joins nobody: which later ones are stored depends on the order of
        # arrival.
        if not shut.setdefault((standing, key, grade, of_each), is_closed(status, shared, epoch)):
            component.seen.setdefault((standing, key, value, grade, of_each), at)
            found.add(key)
    return users_of(found)


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple]:  # type: ignore[type-arg]
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def is_closed(status: str, shared: Iterable[datetime], epoch: datetime | None) -> bool:
    """Whether an identifier joins nobody in that epoch, by what is folded about it."""
    shared = list(shared)
    return epoch in shared if shared else status != IdentifierStatus.NORMAL


# Each step is fenced: on a young table without statistics the planner once joined everything with everything.
_USERS = """
SELECT DISTINCT s.channel_identity_id
FROM unnest(%(kinds)s::text[], %(scopes)s::text[], %(join_keys)s::text[]) AS f(kind, scope, join_key)
CROSS JOIN LATERAL (
    SELECT id FROM profiles_identifier WHERE (kind, scope, join_key) = (f.kind, f.scope, f.join_key) OFFSET 0
) i
CROSS JOIN LATERAL (
    SELECT channel_identity_id FROM profiles_sighting
    WHERE identifier_id = i.id AND withdrawn_by_id IS NULL AND grade <> 'claimed' OFFSET 0
) s
"""


def users_of(keys: Iterable[JoinKey]) -> set[int]:
    """The channel identities that were seen with any of the identifiers, as more than a claim."""
    ordered = sorted(keys)
    if not ordered:
        return set()
    kinds, scopes, join_keys = zip(*ordered, strict=True)
    parameters = {"kinds": list(kinds), "scopes": list(scopes), "join_keys": list(join_keys)}
    return {row[0] for row in _rows(_USERS, parameters)}


_DECISIONS = """
SELECT id, operation_id, verdict = 'same', one_id, other_id, aliases FROM profiles_decision
WHERE retracted_by_id IS NULL AND {which}
"""
_NAMING = _DECISIONS.format(which="(one_id = ANY(%(ids)s) OR other_id = ANY(%(ids)s))")
_LENDING = _DECISIONS.format(which="aliases && %(aliases)s::varchar[]")


def _by_decisions(component: Component, fresh: set[int]) -> set[int]:
    return component.add(DecisionRow(*row) for row in _rows(_NAMING, {"ids": sorted(fresh)}))


def _by_aliases(component: Component) -> set[int]:
    """Adds the decisions that declared values of the component to be one customer's, and so on from value to value."""
    reached: set[int] = set()
    asked: set[str] = set()
    asking = {alias_of(key) for key in component.keys if component.policy.most(key[0]) is not None}
    asking |= {alias for row in component.decisions.values() for alias in row.aliases}
    while asking:
        rows = [DecisionRow(*row) for row in _rows(_LENDING, {"aliases": sorted(asking)})]
        reached |= component.add(rows)
        asked |= asking
        asking = {alias for row in rows for alias in row.aliases} - asked
    return reached


_STARTS = """
SELECT i.kind, i.scope, i.join_key, b.starts_at
FROM unnest(%(kinds)s::text[], %(scopes)s::text[], %(join_keys)s::text[]) AS f(kind, scope, join_key)
JOIN profiles_identifier i USING (kind, scope, join_key)
JOIN profiles_boundary b ON b.address IN (i.value, ltrim(i.value, '+'), 'visitor:' || i.value)
    AND b.withdrawn_by_id IS NULL
WHERE i.kind IN ('phone', 'whatsapp_user', 'email', 'visitor')
"""


def boundary_starts(keys: Iterable[JoinKey]) -> dict[JoinKey, set[datetime]]:
    """The standing boundaries of the addresses that the identifiers stand for."""
    starts: dict[JoinKey, set[datetime]] = {}
    ordered = sorted(keys)
    if not ordered:
        return starts
    kinds, scopes, join_keys = zip(*ordered, strict=True)
    parameters = {"kinds": list(kinds), "scopes": list(scopes), "join_keys": list(join_keys)}
    for kind, scope, join_key, starts_at in _rows(_STARTS, parameters):
        starts.setdefault((kind, scope, join_key), set()).add(starts_at)
    return starts


def sorted_starts(starts: Mapping[JoinKey, set[datetime]]) -> Epochs:
    """The boundaries of each identifier, ascending."""
    return {key: sorted(times) for key, times in starts.items()}
