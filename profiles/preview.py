"""What a merge would do, told by doing it: in a transaction that is rolled back, so the answer cannot differ."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from profiles.merging import merge
from profiles.models import Decision, StaffMember
from profiles.operations import UnknownProfileError, members
from profiles.reading import (
    AddressView,
    ConsentView,
    IdentifierView,
    ProfileView,
    TraitView,
    current_profile_id,
    describe,
)


@dataclass(frozen=True, slots=True)
class LiftedDecision:
    """An earlier *different* that the merge takes back."""

    operation: int
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Both profiles as they are, the merged one as it would be, and what changes hands.

    `moves` are the channel identities that would change their profile; `warnings` are codes: `limit` (two customer
    numbers of one shop or the like), `different` (somebody said they are different), `consents` (they differ, the
    stricter wins).
    """

    one: ProfileView
    other: ProfileView
    result: ProfileView
    moves: tuple[AddressView, ...]
    traits: tuple[TraitView, ...]
    identifiers: tuple[IdentifierView, ...]
    consents: tuple[ConsentView, ...]
    lifted_decisions: tuple[LiftedDecision, ...]
    lifted_limits: tuple[str, ...]
    warnings: tuple[str, ...]
    is_one_already: bool


def preview_merge(
    profile_id: int, other_id: int, *, actor: StaffMember, choices: Mapping[str, int] | None = None
) -> Preview:
    """What `merge` with the same arguments would do. Raises what `merge` raises."""
    members(profile_id, other_id)
    with transaction.atomic():
        one, other = _current(profile_id), _current(other_id)
        done = merge(profile_id, other_id, actor=actor, choices=choices)
        result = _current(profile_id)
        operation_id = done.operation.pk if done.operation else 0
        retracted = Decision.objects.filter(retracted_by_id=operation_id).select_related("operation__actor")
        decisions = tuple(LiftedDecision(d.operation_id, str(d.operation.actor), d.operation.reason) for d in retracted)
        aliases = Decision.objects.filter(operation_id=operation_id).values_list("aliases", flat=True)
        limits = tuple(sorted({alias for row in aliases for alias in row}))
        transaction.set_rollback(True)
    survivor = result.id
    moved = [identity for side in (one, other) if side.id != survivor for identity in side.channel_identities]
    warnings = [("limit", limits), ("different", decisions), ("consents", _consents_differ(one, other))]
    return Preview(
        one=one,
        other=other,
        result=result,
        moves=tuple(moved),
        traits=result.traits,
        identifiers=result.identifiers,
        consents=result.consents,
        lifted_decisions=decisions,
        lifted_limits=limits,
        warnings=tuple(code for code, is_so in warnings if is_so),
        is_one_already=one.id == other.id,
    )


def _current(profile_id: int) -> ProfileView:
    current = current_profile_id(profile_id)
    view = describe(current) if current is not None else None
    if view is None:
        raise UnknownProfileError(f"no profile has or had the id {profile_id}")
    return view


def _consents_differ(one: ProfileView, other: ProfileView) -> bool:
    """Whether one side agreed to a purpose that the other refused."""
    granted = {(c.purpose, c.is_granted) for c in one.consents} ^ {(c.purpose, c.is_granted) for c in other.consents}
    return any((purpose, not is_granted) in granted for purpose, is_granted in granted)
