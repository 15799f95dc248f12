"""Sending a one-time code to a claimed address, from a line that reaches it.

The code goes to the channel identity of whoever truly has the address, made if nobody has written from there; so it
stands on that person's timeline, and on the claimer's as well once the code came back and the two are one.
"""

from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from channels_ingest.batches import Batch
from channels_ingest.confirming import new_code
from channels_ingest.items import write
from channels_ingest.messages import Introduction, Located
from channels_ingest.models import ConfirmationCode, Envelope
from channels_ingest.registry import ADAPTERS
from channels_ingest.routing import Router
from channels_ingest.sending.composing import send
from channels_ingest.sending.lines import sending_line
from channels_ingest.sending.wishes import Draft, Wish
from profiles.identity.canonical import canonical
from profiles.identity.mailbox import ascii_lower
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender, Standing
from profiles.models import Channel, ChannelAccount, ChannelIdentity, Sighting, StaffMember
from timeline.live import publish

#: Which channel reaches an identifier without the customer's having written there first.
CHANNEL_OF = {IdentifierKind.EMAIL: Channel.EMAIL, IdentifierKind.PHONE: Channel.SMS}


def lines_for(sighting: Sighting) -> Sequence[ChannelAccount]:
    """The enabled lines a code can be sent from."""
    channel = CHANNEL_OF.get(IdentifierKind(sighting.identifier.kind))
    accounts = ChannelAccount.objects.filter(channel=channel, is_enabled=True).order_by("id") if channel else []
    return [account for account in accounts if _can_send(account)]


def _can_send(account: ChannelAccount) -> bool:
    line = sending_line(account)
    return line is not None and line.adapter is not None and not line.lacks


@transaction.atomic
def send_code(sighting: Sighting, line: ChannelAccount, *, actor: StaffMember) -> ConfirmationCode:
    """A code is queued to the claimed address. Raises CannotConfirmError or SendRefusedError; then nothing happened."""
    code = new_code(sighting, actor=actor)
    seat = _seat(code, line)
    draft = Draft(channel_identity_id=seat.pk, text=_("Confirmation code"), confirmation=code.pk)
    send(seat.profile_id, draft, Wish(author=actor))
    return code


def _seat(code: ConfirmationCode, line: ChannelAccount) -> ChannelIdentity:
    """The channel identity of the address's owner on the line."""
    identifier = code.identifier
    kind = IdentifierKind(identifier.kind)
    grade = Grade.WEAK if kind is IdentifierKind.PHONE else Grade.PROVED  # as if they had written themselves
    seen = SeenIdentifier(kind, identifier.value, identifier.scope, grade)
    address = _address(code, line)
    sender = Sender(address=address, identifiers=(seen,))
    item = Introduction(sender=sender, key=f"code {code.pk}", source="code", occurred_at=code.asked_at)
    batch = Batch()
    batch.add(Envelope(account=line), [Located(item=item, path="")], Router(), [])
    transaction.on_commit(partial(publish, write(batch)), robust=True)
    seats = ChannelIdentity.objects.filter(
        account=line, address=address, standing=Standing.PROVED, void_in=None, epoch_start__lte=code.asked_at
    )
    return seats.latest("epoch_start")


def _address(code: ConfirmationCode, line: ChannelAccount) -> str:
    """The claimed address as the line writes it, whatever spelling was typed: what was said there of it counts."""
    identifier = code.identifier
    kind = IdentifierKind(identifier.kind)
    known = ChannelIdentity.objects.filter(
        account=line,
        standing=Standing.PROVED,
        sightings__identifier__kind=kind,
        sightings__identifier__join_key=identifier.join_key,
    )
    for address in known.order_by("-id").values_list("address", flat=True).distinct():
        spelled = f"+{address.removeprefix('+')}" if kind is IdentifierKind.PHONE else address
        if canonical(kind, spelled)[1] == identifier.join_key:
            return address
    if kind is IdentifierKind.EMAIL:
        return ascii_lower(identifier.value)
    has_bare_numbers = getattr(ADAPTERS[line.provider], "has_bare_numbers", False)
    return identifier.value.removeprefix("+") if has_bare_numbers else identifier.value
