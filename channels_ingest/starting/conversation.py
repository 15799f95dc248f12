"""Whom a typed address leads to: the customer who has it, or a new one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from profiles.adding import Holding, TakenError, TypedAddress, add_address, holding_of, make_customer
from profiles.models import ChannelIdentity, StaffMember


@dataclass(frozen=True, slots=True)
class Started:
    """Where to write: the customer and the channel identity. `is_new` if the customer was made for it; `operation` can
    be undone, None if nothing had to be written down."""

    profile_id: int
    channel_identity_id: int
    is_new: bool = False
    operation: int | None = None


def start(typed: TypedAddress, *, actor: StaffMember, name: str = "") -> Started:
    """The address's owner can be written to on its line.

    Its holder on the line is found; a customer who has it on another line gains it here; nobody's makes a customer.
    Raises TakenError where several customers have it: then the agent says which.
    """
    with transaction.atomic():
        holding = holding_of(typed)
        if holding.seat is not None:
            return Started(holding.seat.profile_id, holding.seat.pk)
        if len(holding.profile_ids) > 1:
            raise TakenError(holding.profile_ids)
        if holding.profile_ids:
            return add(holding.profile_ids[0], typed, actor=actor)
    try:
        done = make_customer([typed], actor=actor, name=name)
    except TakenError:  # a colleague was quicker
        seat = holding_of(typed).seat
        if seat is None:
            raise
        return Started(seat.profile_id, seat.pk)
    [seat_id] = _seats([typed])
    return Started(done.profile_ids[0], seat_id, is_new=True)


def add(profile_id: int, typed: TypedAddress, *, actor: StaffMember, reason: str = "") -> Started:
    """The address is the customer's. Raises UnknownProfileError, TakenError."""
    done, seat_id = add_address(profile_id, typed, actor=actor, reason=reason)
    operation = done.operation.pk if done.operation else None
    return Started(done.profile_ids[0], seat_id, operation=operation)


def make(typed: Sequence[TypedAddress], *, actor: StaffMember, name: str, reason: str = "") -> Started:
    """A customer with all of the addresses, the first of them to write to. Raises TakenError."""
    done = make_customer(typed, actor=actor, name=name, reason=reason)
    return Started(done.profile_ids[0], _seats(typed)[0], is_new=True)


def _seats(typed: Sequence[TypedAddress]) -> list[int]:
    now = timezone.now()
    found = [holding_of(each, at=now).seat for each in typed]
    return [seat.pk for seat in found if isinstance(seat, ChannelIdentity)]


__all__ = ["Holding", "Started", "add", "make", "start"]
