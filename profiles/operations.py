"""One use of a verb, whichever it is: locked, written as one operation, everything it touches resolved anew.

The verbs themselves are in `profiles.merging` (who is one person) and `profiles.correcting` (what the evidence is).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from django.db import connection, transaction

from profiles.assignment import Amended, reassign
from profiles.components import Component, users_of
from profiles.epochs import Address, Rehomed, rehome
from profiles.identity.evidence import JoinKey
from profiles.identity.values import IdentifierKind
from profiles.ids import BIGGEST_ID
from profiles.locking import done_again_after_deadlock, take_advisory_locks
from profiles.logins import recover_logins, refold_logins
from profiles.models import ChannelIdentity, Operation, StaffMember
from profiles.policies import active_policy
from profiles.reach import keys_of, lock_numbers
from profiles.reviews import conflicts_of, raise_reviews
from profiles.sharing import refold_status


class UnknownProfileError(LookupError):
    """An id that no profile has or had."""


class VerbRefusedError(ValueError):
    """What was asked cannot be done; the message says why, in words for the person who asked."""


@dataclass(frozen=True, slots=True)
class Done:
    """The operation, None when there was nothing to do, and the current profiles it was about, the survivor first."""

    operation: Operation | None
    profile_ids: tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class Scope:
    """What a verb touches: channel identities whose component it changes, identifiers whose status may, addresses whose
    epochs may. Nobody may learn anything of the `seats` meanwhile: their identifiers are among those."""

    touched: set[int] = field(default_factory=set)
    keys: set[JoinKey] = field(default_factory=set)
    addresses: set[Address] = field(default_factory=set)
    seats: set[Address] = field(default_factory=set)

    @property
    def visitors(self) -> set[JoinKey]:
        return {key for key in self.keys if key[0] == IdentifierKind.VISITOR}

    def lock_numbers(self) -> set[int]:
        return lock_numbers(self.addresses | self.seats, self.keys)


class Wrote(Enum):
    """What a verb did under the locks."""

    NOTHING = auto()  # there was nothing to do
    DECISIONS = auto()  # and the component knows of them
    EVIDENCE = auto()  # the component is to be read again


#: Writes the verb's evidence for an operation.
Write = Callable[[Component, Operation], Wrote]


@done_again_after_deadlock
def perform(
    verb: str,
    *,
    actor: StaffMember,
    reason: str,
    reach: Callable[[], Scope],
    write: Write,
    about: Collection[int],
    detail: dict[str, Any] | None = None,
    born: Collection[int] = (),
) -> Done:
    """`write` ran under every lock it needs, as one operation, and all profiles are what the evidence then says.

    `about` are channel identities; the profiles they belong to, before and after, are the operation's subjects. `born`
    holds, once `write` ran, the channel identities that it made.
    """
    with transaction.atomic():
        scope = _locked(reach)
        policy = active_policy()
        latest: list[Operation] = []  # of the last run of `amend`; an earlier one was rolled back

        def amend(component: Component) -> Amended:
            latest.clear()
            because = reason.replace("\0", "")[:500]
            operation = Operation.objects.create(verb=verb, actor=actor, reason=because, detail=detail or {})
            wrote = write(component, operation)
            if wrote is Wrote.NOTHING:
                operation.delete()
                return Amended()
            latest.append(operation)
            addresses, moved = _moved(scope, operation)
            opened = refold_status(scope.keys | keys_of(addresses), policy)
            touched = {*moved.touched, *users_of(opened)}
            if wrote is Wrote.EVIDENCE:
                touched |= scope.touched
            return Amended(touched, {*moved.born, *born}, {*scope.touched, *moved.touched}, operation.pk)

        touched = {*scope.touched, *about}
        profile_of = dict(ChannelIdentity.objects.filter(id__in=touched).values_list("id", "profile_id"))
        done = reassign(touched, policy, amend=amend, guess=set(profile_of.values()))
        before = sorted({profile_of[pk] for pk in about})
        after = sorted({done.outcome.targets[pk] for pk in about})
        operation = latest[0] if latest else None
        if operation is not None:
            subjects = dict.fromkeys([*after, *before, *(m.from_profile_id for m in done.moves)])
            operation.subjects = list(subjects)
            operation.save(update_fields=["subjects"])
            raise_reviews(conflicts_of(done, ()))
        return Done(operation, tuple(after))


def _locked(reach: Callable[[], Scope]) -> Scope:
    """What a verb reaches, locked; if that has grown meanwhile, the locks are given back and taken anew, in order."""
    scope, held = reach(), set[int]()
    while not (needed := scope.lock_numbers()) <= held:
        held |= needed
        with transaction.atomic():
            take_advisory_locks(held)
            scope = reach()
            if scope.lock_numbers() <= held:
                return scope
            transaction.set_rollback(True)
    return scope


def _moved(scope: Scope, operation: Operation) -> tuple[set[Address], Rehomed]:
    """Everything lies in the epochs that now are; returns the addresses they are of, and whom that touched.

    What was withdrawn is told of an epoch, so those that a human moved may make a login count again, or count no more.
    """
    addresses, moved = scope.addresses | _moved_logins(scope), Rehomed()
    fresh = addresses
    while fresh:
        moved |= rehome(fresh, operation_id=operation.pk)
        fresh = _moved_logins(scope)
        addresses |= fresh
    return addresses, moved


def _moved_logins(scope: Scope) -> set[Address]:
    """The addresses whose login boundaries changed with the evidence."""
    addresses: set[Address] = set()
    if not scope.visitors:
        return addresses
    moved = refold_logins(scope.visitors)
    while True:  # each boundary, and who logged in at that moment, may make a later login news again
        addresses |= moved
        recover_logins(scope.visitors)
        moved = refold_logins(scope.visitors)
        if not moved:
            break
    return addresses


_MEMBERS = """
SELECT asked.id, member.id FROM unnest(%s::bigint[]) AS asked(id)
JOIN profiles_channelidentity seat ON seat.id = asked.id
JOIN profiles_channelidentity member ON member.profile_id = seat.profile_id
ORDER BY member.id
"""


def members(*profile_ids: int) -> list[list[int]]:
    """The channel identities of the profile that each id leads to, oldest first. Raises UnknownProfileError."""
    found: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, [[pk for pk in set(profile_ids) if pk <= BIGGEST_ID]])
        for asked, member in cursor.fetchall():
            found.setdefault(asked, []).append(member)
    for profile_id in profile_ids:
        if profile_id not in found:
            raise UnknownProfileError(f"no profile has or had the id {profile_id}")
    return [found[profile_id] for profile_id in profile_ids]
