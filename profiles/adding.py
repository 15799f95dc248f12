"""What staff write down: a customer made by hand, an address that a customer gave.

An address becomes the very channel identity its owner will write from. What staff typed is a claim: it joins nobody,
and a *same* decision ties the address to its customer until that operation is undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles.components import Component, boundary_starts, is_closed
from profiles.epochs import bear, standing_starts
from profiles.identity.canonical import canonical
from profiles.identity.evidence import FIRST_EPOCH, JoinKey, epoch_of
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender, Standing
from profiles.locking import lock_rows
from profiles.merging import merge
from profiles.models import ChannelIdentity, Decision, Operation, Profile, Sighting, StaffMember
from profiles.models.evidence import TYPED
from profiles.operations import Done, Scope, VerbRefusedError, Wrote, members, perform
from profiles.resolution import identifier_ids, identify
from profiles.seeing import IdentifierKey, SenderSeen
from profiles.traits import AGENT, TraitTold, rename, tell


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedAddress:
    """An address that staff typed: on which line, how its owner's messages will spell it, and what it identifies."""

    account_id: int
    address: str
    kind: IdentifierKind
    value: str

    @property
    def key(self) -> JoinKey:
        return (str(self.kind), "", canonical(self.kind, self.value)[1])

    @property
    def sender(self) -> Sender:
        return Sender(address=self.address, identifiers=(SeenIdentifier(self.kind, self.value, grade=Grade.CLAIMED),))


class TakenError(VerbRefusedError):
    """The address belongs to somebody else: `profile_ids` are the current profiles that have it, at least one."""

    def __init__(self, profile_ids: Sequence[int]) -> None:
        super().__init__(_("This address belongs to another customer already. Compare the two, nothing was changed."))
        self.profile_ids = tuple(profile_ids)


@dataclass(frozen=True, slots=True)
class Holding:
    """Who has an address. `seat` is its channel identity on the line, `profile_ids` who still has it: they were seen
    with it as more than a claim, or staff typed it for them."""

    seat: ChannelIdentity | None
    profile_ids: tuple[int, ...]

    @property
    def everybody(self) -> tuple[int, ...]:
        """The holder on the line first."""
        mine = (self.seat.profile_id,) if self.seat else ()
        return tuple(dict.fromkeys([*mine, *self.profile_ids]))


def holding_of(typed: TypedAddress, *, at: datetime | None = None) -> Holding:
    """Who has the address, in any spelling, at that time. A number that several share is nobody's."""
    at = at or timezone.now()
    kind, scope, join_key = typed.key
    starts = sorted(boundary_starts({typed.key}).get(typed.key, ()))
    seen = Sighting.objects.filter(
        identifier__kind=kind, identifier__scope=scope, identifier__join_key=join_key, withdrawn_by=None
    ).select_related("identifier", "channel_identity")
    found: list[ChannelIdentity] = []
    profile_ids: dict[int, None] = {}
    for sighting in seen.order_by("occurred_at", "id"):
        identity, identifier = sighting.channel_identity, sighting.identifier
        epoch = epoch_of(starts, sighting.occurred_at)
        is_present = epoch == epoch_of(starts, at) and identity.void_in_id is None
        is_own_word = sighting.grade != Grade.CLAIMED or sighting.source.startswith(TYPED)
        if not is_present or not is_own_word:
            continue
        found.append(identity)
        if not is_closed(identifier.status, identifier.shared_epochs, epoch):
            profile_ids[identity.profile_id] = None
    return Holding(_seat(typed, found, at), tuple(profile_ids))


def _seat(typed: TypedAddress, found: Sequence[ChannelIdentity], at: datetime) -> ChannelIdentity | None:
    """The channel identity from which the address's owner writes on the line: the very address before a variant."""
    place = (typed.account_id, typed.address)
    exact = ChannelIdentity.objects.filter(
        account_id=place[0],
        address=place[1],
        standing=Standing.PROVED,
        void_in=None,
        epoch_start=epoch_of(standing_starts([place]).get(place, ()), at),
    )
    if (seat := exact.select_related("account").first()) is not None:
        return seat
    on_line = [
        each
        for each in found
        if each.account_id == typed.account_id and each.standing == Standing.PROVED and not each.reply_refusal
    ]
    return max(on_line, key=lambda each: (each.last_inbound_at is not None, each.pk), default=None)


def is_bare(profile_id: int) -> bool:
    """Whether a profile is only one address that staff typed: nobody wrote, was written to, proved or named there."""
    mine = list(ChannelIdentity.objects.filter(profile_id=profile_id)[:2])
    if len(mine) != 1 or mine[0].first_seen is not None or mine[0].traits.exists():
        return False
    return not mine[0].sightings.exclude(grade=Grade.CLAIMED, source__startswith=TYPED).exists()


def _were_told_apart(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether a colleague's standing word keeps the two apart."""
    between = Q(one__in=one, other__in=other) | Q(one__in=other, other__in=one)
    return Decision.objects.filter(between, verdict=Decision.Verdict.DIFFERENT, retracted_by=None).exists()


@transaction.atomic
def make_customer(
    addresses: Sequence[TypedAddress],
    *,
    actor: StaffMember,
    name: str = "",
    reason: str = "",
    at: datetime | None = None,
) -> Done:
    """A customer with these addresses, and the name if one is given. Raises TakenError if somebody has one of them.

    Two colleagues who make the same one at once: the second is told that it is taken.
    """
    if not addresses:
        raise VerbRefusedError(_("A customer needs at least one address."))
    at = at or timezone.now()
    if taken := dict.fromkeys(pk for typed in addresses for pk in holding_of(typed, at=at).everybody):
        raise TakenError(list(taken))
    source = f"{TYPED}{actor.pk}"
    seen = [
        SenderSeen(account_id=typed.account_id, sender=typed.sender, occurred_at=at, source=source)
        for typed in addresses
    ]
    identified = identify(seen)
    ids = sorted(set(identified.channel_identity_ids))
    if not set(ids) <= identified.born:  # somebody was quicker
        profiles = ChannelIdentity.objects.filter(id__in=set(ids) - identified.born)
        raise TakenError(sorted(set(profiles.values_list("profile_id", flat=True))))

    def write(_component: Component, operation: Operation) -> Wrote:
        _tie(operation, ids[0], ids[1:])
        return Wrote.EVIDENCE

    done = perform(
        Operation.Verb.ADD,
        actor=actor,
        reason=reason,
        reach=lambda: Scope(touched=set(ids)),
        write=write,
        about=ids,
        detail={"kind": str(addresses[0].kind), "value": addresses[0].value, "made": True},
    )
    if name.strip():
        set_name(ids[0], name, actor=actor, at=at)
    lock_rows("profiles_profile", ids[:1])
    rename(ids[:1])
    return done


def add_address(
    profile_id: int, typed: TypedAddress, *, actor: StaffMember, reason: str = "", at: datetime | None = None
) -> tuple[Done, int]:
    """The address is the customer's, and nobody joins them by it; returns its channel identity too.

    Nothing is done if it is theirs already. An address that a colleague typed, and that is nobody's and was never used,
    goes to this customer, unless somebody said that it is not theirs. Raises UnknownProfileError, TakenError if it
    belongs to somebody else.
    """
    at = at or timezone.now()
    [mine] = members(profile_id)
    born: list[int] = []
    seats: list[int] = []

    def write(component: Component, operation: Operation) -> Wrote:
        born.clear()
        seats.clear()
        current = component.profile_of[profile_id]
        found = holding_of(typed, at=at)
        if others := [pk for pk in found.everybody if pk != current]:
            raise TakenError(others)
        if found.seat is not None:
            seats.append(found.seat.pk)
            return Wrote.NOTHING
        born.append(_bear(typed, at, f"{TYPED}{actor.pk}"))
        seats.extend(born)
        _tie(operation, min(mine), born)
        return Wrote.EVIDENCE

    with transaction.atomic():
        found = holding_of(typed, at=at)
        if found.seat is not None and found.seat.pk not in mine:
            rest = set(found.everybody) - {found.seat.profile_id}
            if not rest and is_bare(found.seat.profile_id) and not _were_told_apart(mine, [found.seat.pk]):
                verb = Operation.Verb.ADD
                done = merge(profile_id, found.seat.profile_id, actor=actor, reason=reason, verb=verb)
                return done, found.seat.pk
        done = perform(
            Operation.Verb.ADD,
            actor=actor,
            reason=reason,
            reach=lambda: Scope(touched=set(mine), keys={typed.key}, seats={(typed.account_id, typed.address)}),
            write=write,
            about=mine[:1],
            detail={"kind": str(typed.kind), "value": typed.value},
            born=born,
        )
        return done, seats[0]


def _bear(typed: TypedAddress, at: datetime, source: str) -> int:
    """The address's channel identity, with what was typed as a claim. The caller holds address and identifier."""
    place = (typed.account_id, typed.address)
    epoch = epoch_of(standing_starts([place]).get(place, ()), at)
    pk = bear(*place, str(Standing.PROVED), epoch)
    Profile.objects.filter(id=pk).update(display_name=typed.address[:200])
    kind, scope, _key = typed.key
    identifier = IdentifierKey(kind, scope, canonical(typed.kind, typed.value)[0])
    Sighting.objects.create(
        identifier_id=identifier_ids({identifier})[identifier],
        channel_identity_id=pk,
        grade=Grade.CLAIMED,
        source=source,
        occurred_at=max(at, FIRST_EPOCH),
    )
    return pk


def _tie(operation: Operation, first: int, others: Sequence[int]) -> None:
    """The channel identities are one person by this operation's word."""
    Decision.objects.bulk_create(
        Decision(operation=operation, verdict=Decision.Verdict.SAME, one_id=min(first, pk), other_id=max(first, pk))
        for pk in others
    )


def set_name(channel_identity_id: int, name: str, *, actor: StaffMember, at: datetime | None = None) -> None:
    """Staff call the person so, which is shown before what a channel says."""
    told = TraitTold(
        channel_identity_id=channel_identity_id,
        name="name",
        value=name.strip()[:200],
        source=AGENT,
        grade=Grade.CLAIMED,
        told_at=at or timezone.now(),
    )
    tell([told])
