"""Correcting the evidence: withdraw what was wrong, mark what is shared, say who uses an address since when, undo."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from profiles.components import Component, users_of
from profiles.epochs import Address
from profiles.identity.canonical import canonical
from profiles.identity.evidence import FIRST_EPOCH, JoinKey
from profiles.identity.values import IdentifierKind
from profiles.models import (
    Boundary,
    ChannelIdentity,
    Decision,
    Identifier,
    Marking,
    Operation,
    Retraction,
    Sighting,
    StaffMember,
    Trait,
)
from profiles.operations import Done, Scope, VerbRefusedError, Write, Wrote, perform
from profiles.reach import addresses_of, browsers_of, identities_at, keys_at, keys_of
from profiles.standing import refold_standing, same_sightings


def withdraw_sighting(sighting: Sighting, *, actor: StaffMember, reason: str = "") -> Done:
    """The identifier does not belong to that channel identity: as if it had never been seen with it, at that grade.

    Seen again at that grade it stays withdrawn; undo brings it back. Withdrawing twice does nothing.
    """

    def write(_: Component, operation: Operation) -> Wrote:
        if Sighting.objects.get(id=sighting.pk).withdrawn_by_id is not None:
            return Wrote.NOTHING
        Retraction.objects.create(operation=operation, sighting=sighting)
        Sighting.objects.filter(same_sightings([sighting])).update(withdrawn_by=operation)
        return Wrote.EVIDENCE

    key = _key_of(sighting.identifier)
    return perform(
        Operation.Verb.WITHDRAW,
        actor=actor,
        reason=reason,
        reach=lambda: _scope([sighting.channel_identity_id], {key}),
        write=write,
        about=[sighting.channel_identity_id],
        detail={"what": "sighting", "kind": key[0], "value": sighting.identifier.value, "grade": sighting.grade},
    )


def withdraw_trait(trait: Trait, *, actor: StaffMember, reason: str = "") -> Done:
    """The value is wrong and is not shown again. Withdrawing twice does nothing."""

    def write(_: Component, operation: Operation) -> Wrote:
        if Trait.objects.get(id=trait.pk).withdrawn_by_id is not None:
            return Wrote.NOTHING
        Retraction.objects.create(operation=operation, trait=trait)
        Trait.objects.filter(id=trait.pk).update(withdrawn_by=operation)
        return Wrote.EVIDENCE

    return perform(
        Operation.Verb.WITHDRAW,
        actor=actor,
        reason=reason,
        reach=lambda: Scope(touched={trait.channel_identity_id}),
        write=write,
        about=[trait.channel_identity_id],
        detail={"what": "trait", "name": trait.name, "value": trait.value},
    )


def draw_boundary(channel_identity: ChannelIdentity, since: datetime, *, actor: StaffMember, reason: str = "") -> Done:
    """Somebody else writes from this address since then: what came later becomes another person's.

    Raises VerbRefusedError for a time before any message there can be.
    """
    if since <= FIRST_EPOCH:
        raise VerbRefusedError("nobody can have written from this address before then")
    place = (channel_identity.account_id, channel_identity.address)

    def write(_: Component, operation: Operation) -> Wrote:
        boundary, is_new = Boundary.objects.get_or_create(
            account_id=place[0],
            address=place[1],
            starts_at=since,
            reason="agent",
            defaults={"source": f"operation {operation.pk}", "operation": operation},
        )
        if not is_new and boundary.withdrawn_by_id is not None:
            raise VerbRefusedError("this boundary was drawn before and withdrawn; undo that instead")
        return Wrote.EVIDENCE if is_new else Wrote.NOTHING

    return _change_address(
        channel_identity, Operation.Verb.SPLIT, actor, reason, write, {"what": "boundary", "since": since.isoformat()}
    )


def withdraw_boundary(boundary: Boundary, *, actor: StaffMember, reason: str = "") -> Done:
    """The same person goes on using the address: what came later goes back. Withdrawing twice does nothing."""

    def write(_: Component, operation: Operation) -> Wrote:
        if Boundary.objects.get(id=boundary.pk).withdrawn_by_id is not None:
            return Wrote.NOTHING
        Retraction.objects.create(operation=operation, boundary=boundary)
        Boundary.objects.filter(id=boundary.pk).update(withdrawn_by=operation)
        return Wrote.EVIDENCE

    identity = ChannelIdentity.objects.filter(account_id=boundary.account_id, address=boundary.address).first()
    if identity is None:
        raise VerbRefusedError("nobody has written from this address yet")
    detail = {"what": "boundary", "since": boundary.starts_at.isoformat()}
    return _change_address(identity, Operation.Verb.WITHDRAW, actor, reason, write, detail)


def _change_address(
    identity: ChannelIdentity,
    verb: str,
    actor: StaffMember,
    reason: str,
    write: Write,
    detail: dict[str, Any],
) -> Done:
    """A verb about an address: everybody who was ever seen there is resolved anew."""
    place = {(identity.account_id, identity.address)}
    about = sorted(identities_at(place))
    return perform(
        verb, actor=actor, reason=reason, reach=lambda: _scope((), (), place), write=write, about=about, detail=detail
    )


def mark(kind: str, scope: str, value: str, status: str, *, actor: StaffMember, reason: str = "") -> Done:
    """The identifier is generic, blocked or normal by a human's word, in all its variants; joins follow.

    Raises VerbRefusedError for an identifier that was never seen. Marking it as it is marked does nothing.
    """
    _, join_key = canonical(IdentifierKind(kind), value)
    key: JoinKey = (kind, scope, join_key)
    rows = Identifier.objects.filter(kind=kind, scope=scope, join_key=join_key)
    if not rows.exists():
        raise VerbRefusedError("this identifier was never seen")

    def write(_: Component, operation: Operation) -> Wrote:
        words = Marking.objects.filter(kind=kind, scope=scope, join_key=join_key, operation__is_standing=True)
        latest = words.exclude(operation=operation).order_by("-operation_id").values_list("status", flat=True).first()
        if latest == status or (latest is None and {status} == set(rows.values_list("status", flat=True))):
            return Wrote.NOTHING
        Marking.objects.create(operation=operation, kind=kind, scope=scope, join_key=join_key, status=status)
        return Wrote.EVIDENCE

    users = users_of([key])

    return perform(
        Operation.Verb.MARK,
        actor=actor,
        reason=reason,
        reach=lambda: _scope((), {key}),
        write=write,
        about=sorted(users)[:20],
        detail={"kind": kind, "value": value, "status": status},
    )


def undo(operation: Operation, *, actor: StaffMember, reason: str = "") -> Done:
    """Everything is as if the operation had not been; undoing an undo does it again. Twice does nothing."""
    chain = [operation]
    while (undone := chain[-1].undoes) is not None:
        chain.append(undone)
    root = chain[-1]

    def write(_: Component, undoing: Operation) -> Wrote:
        rows = Operation.objects.filter(id__in=[link.pk for link in chain]).order_by("id").select_for_update()
        stands = {row.pk: row.is_standing for row in rows}
        # What an undo had taken back may have been undone once more since: then there is nothing to do again.
        if not stands[operation.pk] or not all(stands[link.pk] for link in chain[2::2]):
            return Wrote.NOTHING
        for link in chain:
            Operation.objects.filter(id=link.pk).update(is_standing=not stands[link.pk])
        undoing.undoes = operation
        undoing.save(update_fields=["undoes"])
        refold_standing([link.pk for link in chain])
        return Wrote.EVIDENCE

    return perform(
        Operation.Verb.UNDO,
        actor=actor,
        reason=reason,
        reach=lambda: _scope_of(root),
        write=write,
        about=_about(root) or sorted(_scope_of(root).touched)[:20],
        detail={"verb": root.verb, "undid": root.pk},
    )


def _about(operation: Operation) -> list[int]:
    """The channel identities that an operation was about: those whose birth gave its subjects their ids."""
    return list(ChannelIdentity.objects.filter(id__in=operation.subjects).order_by("id").values_list("id", flat=True))


def _scope_of(operation: Operation) -> Scope:
    """Everything that an operation wrote or took back bears on."""
    decisions = Decision.objects.filter(Q(operation=operation) | Q(retractions__operation=operation))
    touched = {pk for pair in decisions.values_list("one_id", "other_id") for pk in pair} | set(_about(operation))
    sightings = Sighting.objects.filter(retractions__operation=operation).select_related("identifier")
    touched |= {s.channel_identity_id for s in sightings}
    touched |= set(Trait.objects.filter(retractions__operation=operation).values_list("channel_identity_id", flat=True))
    keys = {_key_of(s.identifier) for s in sightings}
    keys |= {(m.kind, m.scope, m.join_key) for m in Marking.objects.filter(operation=operation)}
    boundaries = Boundary.objects.filter(Q(operation=operation) | Q(retractions__operation=operation))
    addresses = set(boundaries.values_list("account_id", "address"))
    return _scope(touched, keys, addresses)


def _scope(channel_identity_ids: Iterable[int], keys: Iterable[JoinKey], addresses: Collection[Address] = ()) -> Scope:
    """The identifiers, what customer ids among them may have closed, and everybody who was seen with any of these.

    What a boundary of the addresses moves takes all identifiers there along; so does a login that is none any more.
    """
    mine = {*channel_identity_ids, *identities_at(addresses)}
    wanted = {*keys, *keys_of(addresses)}
    if customers := {key for key in wanted if key[0] == IdentifierKind.CUSTOMER_ID}:
        wanted |= keys_at(mine | users_of(customers))
    browsers = browsers_of({key for key in wanted if key[0] == IdentifierKind.VISITOR})
    mine |= identities_at(browsers)
    return Scope(
        touched=mine | users_of(wanted),
        keys=wanted | keys_of(browsers),
        addresses={*addresses, *browsers},
        seats=addresses_of(mine),
    )


def _key_of(identifier: Identifier) -> JoinKey:
    return (identifier.kind, identifier.scope, identifier.join_key)
