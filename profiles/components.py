"""The components of channel identities that evidence connects, and giving each its profile.

A component is found by following identifiers and decisions; `profiles.identity.partition` then says which of its
channel identities are one person. Everything here runs inside the caller's transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from profiles.identity.evidence import JoinKey, Node, Passed, Ruling, Seen
from profiles.identity.partition import resolve
from profiles.identity.values import Grade, IdentifierKind
from profiles.locking import lock_id, lock_rows, take_advisory_locks
from profiles.models import Boundary, ChannelIdentity, Decision, Identifier, Sighting
from profiles.signals import Move, identity_changed


@dataclass(slots=True)
class Component:
    """Channel identities that evidence connects, with all evidence about them."""

    nodes: dict[int, Node] = field(default_factory=dict)
    profile_of: dict[int, int] = field(default_factory=dict)
    earliest: dict[tuple[int, JoinKey, str, str], datetime] = field(default_factory=dict)
    rulings: list[tuple[bool, int, int]] = field(default_factory=list)
    boundaries: list[Passed] = field(default_factory=list)


def reassign(touched: Iterable[int], *, also_lock: Iterable[int] = ()) -> list[Move]:
    """The profiles of everything connected to `touched` are what the evidence says; returns what moved.

    Locks the profiles of the component and reads it again: if another transaction had made it larger meanwhile, the
    locks are given back with the savepoint and the larger set is locked, so that they are only ever taken in order.
    """
    component = connected(touched)
    while True:
        with transaction.atomic():
            locked = set(component.profile_of.values())
            take_advisory_locks(lock_id("profile", pk) for pk in locked)
            component = connected(touched)
            if set(component.profile_of.values()) <= locked:
                lock_rows("profiles_channelidentity", {*component.nodes, *also_lock})
                return _apply(component)
            transaction.set_rollback(True)


def _apply(component: Component) -> list[Move]:
    targets = target_profiles(component)
    moves = [
        Move(pk, component.profile_of[pk], target, _shared(component, pk, targets))
        for pk, target in sorted(targets.items())
        if component.profile_of[pk] != target
    ]
    if moves:
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE profiles_channelidentity SET profile_id = %s WHERE id = %s",
                [(move.to_profile_id, move.channel_identity_id) for move in moves],
            )
        identity_changed.send(sender=None, moves=moves)
    return moves


def target_profiles(component: Component) -> dict[int, int]:
    """For each channel identity the profile it belongs to: the birth id of its block's oldest channel identity."""
    ids = {node: pk for pk, node in component.nodes.items()}
    partition = resolve(
        (Seen(component.nodes[pk], key, grade, at) for (pk, key, _, grade), at in component.earliest.items()),
        component.boundaries,
        (Ruling(same, component.nodes[one], component.nodes[other]) for same, one, other in component.rulings),
        nodes=component.nodes.values(),
    )
    return {ids[node]: min(ids[n] for n in block) for block in partition.blocks for node in block}


def _shared(component: Component, pk: int, targets: dict[int, int]) -> tuple[tuple[str, str], ...]:
    """The identifiers that `pk` shares with the block it joined, as (kind, value)."""
    block = {other for other, target in targets.items() if target == targets[pk] and other != pk}
    theirs = {key for other, key, *_ in component.earliest if other in block}
    return tuple(
        sorted({(key[0], value) for other, key, value, _ in component.earliest if other == pk and key in theirs})
    )


def connected(touched: Iterable[int]) -> Component:
    """Everything reachable from `touched` over normal identifiers and standing decisions."""
    component = Component()
    frontier = set(touched)
    while frontier:
        rows = ChannelIdentity.objects.filter(id__in=frontier)
        for pk, account_id, address, standing, epoch, profile_id in rows.values_list(
            "id", "account_id", "address", "standing", "epoch_start", "profile_id"
        ):
            component.nodes[pk] = (account_id, address, standing, epoch.isoformat())
            component.profile_of[pk] = profile_id
        frontier = (_by_identifiers(component, frontier) | _by_decisions(component, frontier)) - component.nodes.keys()
    component.boundaries = _boundaries(component)
    return component


def _by_identifiers(component: Component, frontier: set[int]) -> set[int]:
    """Adds the frontier's sightings; returns every channel identity that shares one of their join keys."""
    joinable = Q(withdrawn_by=None, identifier__status=Identifier.Status.NORMAL)
    joinable &= ~Q(grade=Grade.CLAIMED) & ~Q(identifier__kind=IdentifierKind.ORDER)
    found: set[JoinKey] = set()
    for pk, kind, scope, join_key, value, grade, at in Sighting.objects.filter(
        joinable, channel_identity_id__in=frontier
    ).values_list(
        "channel_identity_id",
        "identifier__kind",
        "identifier__scope",
        "identifier__join_key",
        "identifier__value",
        "grade",
        "occurred_at",
    ):
        seen = (pk, (kind, scope, join_key), value, grade)
        # Only the earliest is evidence: which later ones are stored is a matter of the order of arrival.
        component.earliest[seen] = min(at, component.earliest.get(seen, at))
        found.add((kind, scope, join_key))
    if not found:
        return set()
    kinds, scopes, keys = zip(*sorted(found), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT s.channel_identity_id"
            " FROM unnest(%s::text[], %s::text[], %s::text[]) AS f(kind, scope, join_key)"
            " JOIN profiles_identifier i USING (kind, scope, join_key)"
            " JOIN profiles_sighting s ON s.identifier_id = i.id"
            " WHERE i.status = 'normal' AND s.withdrawn_by_id IS NULL AND s.grade <> 'claimed'",
            [list(kinds), list(scopes), list(keys)],
        )
        return {row[0] for row in cursor.fetchall()}


def _by_decisions(component: Component, frontier: set[int]) -> set[int]:
    rows = Decision.objects.filter(Q(one_id__in=frontier) | Q(other_id__in=frontier), retracted_by=None)
    reached = set()
    for verdict, one, other in rows.values_list("verdict", "one_id", "other_id"):
        component.rulings.append((verdict == Decision.Verdict.SAME, one, other))
        reached |= {one, other}
    return reached


def _boundaries(component: Component) -> list[Passed]:
    """The component's boundaries, as news about the identifiers that the left addresses stand for."""
    by_address: dict[str, set[JoinKey]] = {}
    for _, key, value, _ in component.earliest:
        if key[0] in (IdentifierKind.PHONE, IdentifierKind.WHATSAPP_USER, IdentifierKind.EMAIL):
            by_address.setdefault(value.removeprefix("+"), set()).add(key)
            by_address.setdefault(value, set()).add(key)
    rows = Boundary.objects.filter(address__in=by_address, withdrawn_by=None).values_list("address", "starts_at")
    return [Passed(key, starts_at) for address, starts_at in rows for key in by_address[address]]
