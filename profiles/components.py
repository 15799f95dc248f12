"""The components of channel identities that evidence connects, read from the database.

A component is found by following open identifiers and standing decisions; `profiles.identity.partition` then says
which of its channel identities are one person. A void channel identity is read as the one its entries went back to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from profiles.identity.evidence import FIRST_EPOCH, Epochs, JoinKey, Marking, Node, Passed, Ruling, Seen, epoch_of
from profiles.identity.partition import Held, resolve
from profiles.identity.policy import Policy
from profiles.identity.values import Grade, IdentifierStatus
from profiles.identity.worth import is_worthless
from profiles.models import ChannelIdentity, Decision, Sighting


class DecisionRow(NamedTuple):
    """A standing decision between two channel identities, which may be void by now."""

    id: int
    operation_id: int
    is_same: bool
    one: int
    other: int
    aliases: tuple[str, ...]


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

    def add_decisions(self, rows: Iterable[Decision]) -> set[int]:
        """The component knows of the standing decisions; returns the channel identities they name."""
        reached = set()
        for row in rows:
            is_same = row.verdict == Decision.Verdict.SAME
            self.decisions[row.pk] = DecisionRow(
                row.pk, row.operation_id, is_same, row.one_id, row.other_id, tuple(row.aliases)
            )
            reached |= {row.one_id, row.other_id}
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


def _add_nodes(component: Component, wanted: set[int]) -> set[int]:
    """Adds the channel identities, their void ones and those that stand for them; returns the ids that are new."""
    rows = ChannelIdentity.objects.filter(Q(id__in=wanted) | Q(void_in__in=wanted) | Q(voids__in=wanted)).distinct()
    fresh = set()
    strangers: set[int] = set()
    for pk, account_id, address, standing, epoch, profile_id, void_in in rows.values_list(
        "id", "account_id", "address", "standing", "epoch_start", "profile_id", "void_in"
    ):
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


def _by_identifiers(component: Component, fresh: set[int]) -> set[int]:
    """Adds the sightings of new channel identities; returns every one that shares an open identifier with them."""
    rows = list(
        Sighting.objects.filter(channel_identity_id__in=fresh, withdrawn_by=None)
        .exclude(grade=Grade.CLAIMED)
        .values_list(
            "channel_identity_id",
            "identifier__kind",
            "identifier__scope",
            "identifier__join_key",
            "identifier__value",
            "grade",
            "occurred_at",
            "identifier__status",
            "identifier__shared_epochs",
        )
    )
    epochal = {r[1:4] for r in rows if r[8] or component.policy.each_epoch(r[1])}
    starts = boundary_starts(epochal) if epochal else {}
    found: set[JoinKey] = set()
    for pk, kind, scope, join_key, value, grade, at, status, shared in rows:
        key = (kind, scope, join_key)
        epoch = epoch_of(starts.get(key, ()), at) if key in epochal else None
        if not component.policy.joins(Seen((), key, grade, at)) or is_closed(status, shared, epoch):
            continue
        of_each = epoch if epoch and component.policy.each_epoch(kind) else FIRST_EPOCH
        place = (component.voids.get(pk, pk), key, value, grade, of_each)
        # Only the earliest is evidence: which later ones are stored is a matter of the order of arrival.
        component.seen[place] = min(at, component.seen.get(place, at))
        found.add(key)
    return _holders(found) if found else set()


def is_closed(status: str, shared: Iterable[datetime], epoch: datetime | None) -> bool:
    """Whether an identifier joins nobody in that epoch, by what is folded about it."""
    shared = list(shared)
    return epoch in shared if shared else status != IdentifierStatus.NORMAL


def _holders(keys: Iterable[JoinKey]) -> set[int]:
    """The channel identities that any of the identifiers was seen with, as more than a claim."""
    kinds, scopes, join_keys = zip(*sorted(keys), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT s.channel_identity_id"
            " FROM unnest(%s::text[], %s::text[], %s::text[]) AS f(kind, scope, join_key)"
            " JOIN profiles_identifier i USING (kind, scope, join_key)"
            " JOIN profiles_sighting s ON s.identifier_id = i.id"
            " WHERE s.withdrawn_by_id IS NULL AND s.grade <> 'claimed'",
            [list(kinds), list(scopes), list(join_keys)],
        )
        return {row[0] for row in cursor.fetchall()}


def _by_decisions(component: Component, fresh: set[int]) -> set[int]:
    rows = Decision.objects.filter(Q(one_id__in=fresh) | Q(other_id__in=fresh), retracted_by=None)
    return component.add_decisions(rows)


def _by_aliases(component: Component) -> set[int]:
    """Adds the decisions that declared values of the component to be one customer's, and so on from value to value."""
    reached: set[int] = set()
    asked: set[str] = set()
    asking = {alias_of(key) for key in component.keys if component.policy.most(key[0]) is not None}
    asking |= {alias for row in component.decisions.values() for alias in row.aliases}
    while asking:
        rows = list(Decision.objects.filter(aliases__overlap=sorted(asking), retracted_by=None))
        reached |= component.add_decisions(rows)
        asked |= asking
        asking = {alias for row in rows for alias in row.aliases} - asked
    return reached


def boundary_starts(keys: Iterable[JoinKey]) -> dict[JoinKey, set[datetime]]:
    """The standing boundaries of the addresses that the identifiers stand for."""
    starts: dict[JoinKey, set[datetime]] = {}
    ordered = sorted(keys)
    if not ordered:
        return starts
    kinds, scopes, join_keys = zip(*ordered, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.kind, i.scope, i.join_key, b.starts_at"
            " FROM unnest(%s::text[], %s::text[], %s::text[]) AS f(kind, scope, join_key)"
            " JOIN profiles_identifier i USING (kind, scope, join_key)"
            " JOIN profiles_boundary b ON b.address IN (i.value, ltrim(i.value, '+'), 'visitor:' || i.value)"
            " AND b.withdrawn_by_id IS NULL"
            " WHERE i.kind IN ('phone', 'whatsapp_user', 'email', 'visitor')",
            [list(kinds), list(scopes), list(join_keys)],
        )
        for kind, scope, join_key, starts_at in cursor.fetchall():
            starts.setdefault((kind, scope, join_key), set()).add(starts_at)
    return starts


def sorted_starts(starts: Mapping[JoinKey, set[datetime]]) -> Epochs:
    """The boundaries of each identifier, ascending."""
    return {key: sorted(times) for key, times in starts.items()}
