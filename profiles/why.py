"""Why a profile is who it is: what ties each channel identity in, what was held, and what humans decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from profiles.components import connected, outcome_of
from profiles.identity.evidence import FIRST_EPOCH
from profiles.identity.partition import Held
from profiles.identity.values import IdentifierStatus
from profiles.models import Boundary, ChannelIdentity, Decision, Operation, Profile, Sighting
from profiles.policies import active_policy
from profiles.reading import AddressView, address_views

#: Sightings and operations of one answer; a customer with more is told so by `is_cut`.
MOST = 500


@dataclass(frozen=True, slots=True)
class SightingWhy:
    """One sighting: what was seen, how far it can be believed, where from, and whether it ties anybody in."""

    id: int
    channel_identity: int
    kind: str
    scope: str
    value: str
    status: str
    grade: str
    source: str
    occurred_at: datetime
    recorded_at: datetime
    withdrawn_by: int | None
    ties: tuple[int, ...]
    also_used_by: tuple["OtherProfile", ...]


@dataclass(frozen=True, slots=True)
class OtherProfile:
    id: int
    display_name: str


@dataclass(frozen=True, slots=True)
class BoundaryWhy:
    """Somebody else uses the address from then on. `reason` is moved, agent or login."""

    id: int
    channel: str
    address: str
    starts_at: datetime
    reason: str
    source: str
    operation: int | None
    withdrawn_by: int | None


@dataclass(frozen=True, slots=True)
class DecisionWhy:
    id: int
    operation: int
    verdict: str
    one: int
    other: int
    other_profile: OtherProfile | None
    actor: str
    reason: str
    at: datetime
    retracted_by: int | None


@dataclass(frozen=True, slots=True)
class HeldWhy:
    """A tie between this profile and another that was not taken; `rivals` are all whom it was not taken to."""

    one: int
    other: int
    other_profile: OtherProfile
    kind: str
    scope: str
    value: str
    because: str
    rivals: int


@dataclass(frozen=True, slots=True)
class OperationView:
    """One use of a verb, for the log and for undoing it."""

    id: int
    verb: str
    actor: str
    reason: str
    created_at: datetime
    is_standing: bool
    undoes: int | None
    subjects: tuple[OtherProfile, ...]
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Why:
    """Everything that makes a profile one person, and what keeps it apart from others."""

    id: int
    display_name: str
    policy: int
    channel_identities: tuple[AddressView, ...]
    sightings: tuple[SightingWhy, ...]
    boundaries: tuple[BoundaryWhy, ...]
    decisions: tuple[DecisionWhy, ...]
    held: tuple[HeldWhy, ...]
    operations: tuple[OperationView, ...]
    is_cut: bool


def why(profile_id: int) -> Why | None:
    """The reasons behind a current profile; None for any other id."""
    addresses = address_views(profile_id)
    if not addresses:
        return None
    members = list(ChannelIdentity.objects.filter(profile_id=profile_id))
    ids = {member.pk for member in members}
    policy = active_policy()
    component = connected(ids, policy)
    rows = Sighting.objects.filter(channel_identity_id__in=ids).select_related("identifier")
    # Only the first of each is evidence; later ones were stored because they came before it.
    firsts = rows.order_by("channel_identity_id", "identifier_id", "grade", "occurred_at", "id")
    firsts = firsts.distinct("channel_identity_id", "identifier_id", "grade")
    sightings = sorted(firsts[: MOST + 1], key=lambda sighting: (sighting.occurred_at, sighting.pk))
    held = [
        (*((one, other) if one in ids else (other, one)), tie)
        for one, other, tie in outcome_of(component).held
        if (one in ids) != (other in ids) and tie.identifier is not None
    ]
    decisions = list(
        Decision.objects.filter(Q(one_id__in=ids) | Q(other_id__in=ids)).select_related("operation__actor")[:MOST]
    )
    foreign = {other for _, other, _ in held} | {pk for d in decisions for pk in (d.one_id, d.other_id)}
    named = _named(foreign | ids)
    users = _also_used_by(sightings, profile_id)
    tied = _tied(sightings)
    return Why(
        id=profile_id,
        display_name=members[0].profile.display_name,
        policy=policy.version,
        channel_identities=addresses,
        sightings=tuple(_sighting(s, tied, users) for s in sightings[:MOST]),
        boundaries=tuple(_boundaries(members)),
        decisions=tuple(_decision(decision, ids, named) for decision in decisions),
        held=tuple(_held(held, named)),
        operations=tuple(operations_about([profile_id, *ids])),
        is_cut=len(sightings) > MOST,
    )


def operations_about(profile_ids: Iterable[int], *, limit: int = 100) -> list[OperationView]:
    """The operations about any of the profiles, newest first."""
    rows = Operation.objects.filter(subjects__overlap=list(set(profile_ids)))
    return operation_views(rows.select_related("actor").order_by("-id")[:limit])


def operation_views(rows: Iterable[Operation]) -> list[OperationView]:
    """The operations with the names their subjects have now."""
    operations = list(rows)
    subjects = {pk for operation in operations for pk in operation.subjects}
    names = dict(Profile.objects.filter(id__in=subjects).values_list("id", "display_name"))
    return [
        OperationView(
            id=operation.pk,
            verb=operation.verb,
            actor=str(operation.actor),
            reason=operation.reason,
            created_at=operation.created_at,
            is_standing=operation.is_standing,
            undoes=operation.undoes_id,
            subjects=tuple(OtherProfile(pk, names.get(pk, "")) for pk in operation.subjects),
            detail=operation.detail,
        )
        for operation in operations
    ]


def _named(channel_identity_ids: Iterable[int]) -> dict[int, OtherProfile]:
    rows = ChannelIdentity.objects.filter(id__in=set(channel_identity_ids)).select_related("profile")
    return {row.pk: OtherProfile(row.profile_id, row.profile.display_name) for row in rows}


def _tied(sightings: Iterable[Sighting]) -> dict[tuple[str, str, str], set[int]]:
    """The channel identities of the profile by the identifiers they share, claims and withdrawn sightings apart."""
    tied: dict[tuple[str, str, str], set[int]] = {}
    for sighting in sightings:
        if sighting.withdrawn_by_id is None and sighting.grade != "claimed":
            found = sighting.identifier
            tied.setdefault((found.kind, found.scope, found.join_key), set()).add(sighting.channel_identity_id)
    return tied


def _also_used_by(sightings: Iterable[Sighting], profile_id: int) -> dict[int, tuple[OtherProfile, ...]]:
    """For each shared identifier up to five other profiles that use it."""
    shared = {s.identifier_id: s.identifier for s in sightings if s.identifier.status == IdentifierStatus.GENERIC}
    found = {}
    for pk, identifier in shared.items():
        profiles = Profile.objects.filter(
            channel_identities__sightings__identifier__kind=identifier.kind,
            channel_identities__sightings__identifier__scope=identifier.scope,
            channel_identities__sightings__identifier__join_key=identifier.join_key,
            channel_identities__sightings__withdrawn_by=None,
        ).exclude(id=profile_id)
        rows = profiles.distinct().order_by("id").values_list("id", "display_name")[:5]
        found[pk] = tuple(OtherProfile(*row) for row in rows)
    return found


def _sighting(
    sighting: Sighting, tied: dict[tuple[str, str, str], set[int]], users: dict[int, tuple[OtherProfile, ...]]
) -> SightingWhy:
    found = sighting.identifier
    joins = sighting.withdrawn_by_id is None and sighting.grade != "claimed" and found.status == IdentifierStatus.NORMAL
    others = tied.get((found.kind, found.scope, found.join_key), set()) - {sighting.channel_identity_id}
    return SightingWhy(
        id=sighting.pk,
        channel_identity=sighting.channel_identity_id,
        kind=found.kind,
        scope=found.scope,
        value=found.value,
        status=found.status,
        grade=sighting.grade,
        source=sighting.source,
        occurred_at=sighting.occurred_at,
        recorded_at=sighting.recorded_at,
        withdrawn_by=sighting.withdrawn_by_id,
        ties=tuple(sorted(others)) if joins else (),
        also_used_by=users.get(sighting.identifier_id, ()),
    )


def _boundaries(members: Iterable[ChannelIdentity]) -> Iterable[BoundaryWhy]:
    places = {(m.account_id, m.address) for m in members}
    rows = Boundary.objects.filter(account_id__in={p[0] for p in places}, address__in={p[1] for p in places})
    for row in rows.select_related("account").order_by("starts_at"):
        if (row.account_id, row.address) in places and row.starts_at > FIRST_EPOCH:
            yield BoundaryWhy(
                row.pk,
                row.account.channel,
                row.address,
                row.starts_at,
                row.reason,
                row.source,
                row.operation_id,
                row.withdrawn_by_id,
            )


def _held(ties: Iterable[tuple[int, int, Held]], named: dict[int, OtherProfile]) -> Iterable[HeldWhy]:
    """One for each other profile, identifier and reason, however many channel identities have them."""
    told = set()
    for one, other, tie in ties:
        if tie.identifier is not None and other in named:
            key = (named[other].id, tie.identifier, tie.because)
            if key not in told:
                told.add(key)
                yield HeldWhy(one, other, named[other], *tie.identifier, because=tie.because, rivals=tie.rivals)


def _decision(decision: Decision, mine: set[int], named: dict[int, OtherProfile]) -> DecisionWhy:
    one, other = (
        (decision.one_id, decision.other_id) if decision.one_id in mine else (decision.other_id, decision.one_id)
    )
    return DecisionWhy(
        id=decision.pk,
        operation=decision.operation_id,
        verdict=decision.verdict,
        one=one,
        other=other,
        other_profile=named.get(other) if other not in mine else None,
        actor=str(decision.operation.actor),
        reason=decision.operation.reason,
        at=decision.operation.created_at,
        retracted_by=decision.retracted_by_id,
    )
