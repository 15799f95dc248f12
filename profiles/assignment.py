"""Giving every channel identity of a component the profile that the evidence says, under the one lock order."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from profiles.components import Component, Outcome, connected, outcome_of
from profiles.identity.policy import Policy
from profiles.locking import lock_id, lock_rows, take_advisory_locks
from profiles.signals import Move, identity_changed


@dataclass(frozen=True, slots=True)
class Amended:
    """The channel identities that further evidence touched, and the operation that wrote it, if a human did.

    Those `born` meanwhile are nobody else's yet, so their profiles need no lock. `retold` are those whose entries,
    traits or numbers came or went, which names and queue rows are made of.
    """

    touched: Collection[int] = ()
    born: Collection[int] = ()
    retold: Collection[int] = ()
    operation_id: int | None = None


#: Writes more evidence once everything is locked. It runs again when the component turns out larger than what is
#: locked, and then what it wrote before is gone.
Amend = Callable[[Component], Amended]


@dataclass(frozen=True, slots=True)
class Reassigned:
    """What moved, and what the evidence says of the component."""

    moves: Sequence[Move]
    component: Component
    outcome: Outcome


def reassign(
    touched: Iterable[int],
    policy: Policy,
    *,
    amend: Amend | None = None,
    also_lock: Iterable[int] = (),
    guess: Iterable[int] = (),
) -> Reassigned:
    """The profiles of everything connected to `touched` are what the evidence says.

    Locks the profiles of the component and reads it again: if another transaction had made it larger meanwhile, the
    locks are given back with the savepoint and the larger set is locked, so that they are only ever taken in order.
    A good `guess` at those profiles saves the first reading.
    """
    wanted, rows = set(touched), set(also_lock)
    locked = set(guess) or connected(wanted, policy).profiles
    while True:
        with transaction.atomic():
            take_advisory_locks(lock_id("profile", pk) for pk in locked)
            component = connected(wanted, policy)
            if component.profiles <= locked:
                rows |= component.profile_of.keys()
                lock_rows("profiles_channelidentity", rows)
                amended = amend(component) if amend else Amended()
                if amended.touched:
                    wanted |= set(amended.touched)
                    component = connected({*wanted, *component.profile_of}, policy)
                    locked |= set(amended.born)
                if component.profiles <= locked and component.profile_of.keys() <= {*rows, *amended.born}:
                    return _apply(component, amended)
            transaction.set_rollback(True)
        locked = component.profiles
        rows |= component.profile_of.keys()


_MOVE = """
UPDATE profiles_channelidentity c SET profile_id = f.profile_id
FROM unnest(%s::bigint[], %s::bigint[]) AS f(id, profile_id) WHERE c.id = f.id
"""


def _apply(component: Component, amended: Amended) -> Reassigned:
    outcome = outcome_of(component)
    moves = [
        Move(pk, component.profile_of[pk], target, _because(component, pk, outcome))
        for pk, target in sorted(outcome.targets.items())
        if component.profile_of[pk] != target
    ]
    if moves:
        with connection.cursor() as cursor:
            cursor.execute(_MOVE, [[m.channel_identity_id for m in moves], [m.to_profile_id for m in moves]])
    retold = {outcome.targets[pk] for pk in amended.retold if pk in outcome.targets}
    if moves or retold:
        identity_changed.send(sender=None, moves=moves, operation_id=amended.operation_id, retold=retold)
    return Reassigned(moves, component, outcome)


def _because(component: Component, pk: int, outcome: Outcome) -> tuple[tuple[str, str], ...]:
    """The identifiers that `pk` shares with the block it joined, as (kind, value)."""
    mine = component.voids.get(pk, pk)
    block = {other for other, target in outcome.targets.items() if target == outcome.targets[pk] and other != mine}
    theirs = {key for other, key, *_ in component.seen if other in block}
    found = {(key[0], value) for other, key, value, *_ in component.seen if other == mine and key in theirs}
    return tuple(sorted(found))
