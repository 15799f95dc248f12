"""Proving a claim with a one-time code: who reads the claimed address and can write the code here is one person.

The code is sent to the claimed address and typed where the claim was made; the message that holds it then shows the
identifier as proved, and is evidence like any other. Only a sender that cannot be forged can redeem one: who proved
once would else lend the proof to everybody who writes the same address into a From.
"""

import hashlib
import hmac
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest.keys import key_for
from channels_ingest.messages import Message
from channels_ingest.models import ConfirmationCode
from profiles.epochs import Address, standing_starts
from profiles.identity.evidence import epoch_of
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Standing
from profiles.identity.worth import is_own
from profiles.locking import lock_id, take_advisory_locks
from profiles.models import Sighting, StaffMember
from profiles.own import own_keys
from timeline.entries import Direction, EntryKind

#: How long a code can be typed; a mail may be slow.
VALID = timedelta(minutes=30)
#: Wrong codes until it is dead: one in 200,000 guesses would hit.
TRIES = 5
#: Codes asked for one claimed address within an hour, by whomever: nobody floods a stranger's mailbox through us.
MOST_AN_HOUR = 3
#: Between the provider's clock and ours.
CLOCK_DIFFERENCE = timedelta(minutes=5)

_TYPED = re.compile(r"\s*(\d{3})[\s-]?(\d{3})\s*\.?\s*", re.ASCII)


class CannotConfirmError(ValueError):
    """No code can be sent for this claim; the message says why, for an agent. `code` is one word for programs."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def digits_of(code: ConfirmationCode) -> str:
    """The six digits. They are stored nowhere: SECRET_KEY and the row make them."""
    digest = hmac.new(key_for("channels_ingest.confirming"), code.salt.bytes, hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def text_of(code: ConfirmationCode) -> str:
    """What the message says. Made when it is sent, so that no table and no colleague ever shows the digits.

    Raises CannotConfirmError for a code that is over: who reads it could do nothing with it.
    """
    if code.expires_at <= timezone.now():
        raise CannotConfirmError("over", _("The code was over before it could be sent. Ask for a new one."))
    facts = {"code": digits_of(code), "minutes": int(VALID.total_seconds() // 60)}
    return (
        _("Your code is %(code)s. Enter it where you are writing with us, within %(minutes)d minutes.") % facts
        + "\n"
        + _("If you did not ask for it, ignore this message and give the code to nobody.")
    )


def new_code(sighting: Sighting, *, actor: StaffMember) -> ConfirmationCode:
    """A code for the claim, which replaces an earlier one. Raises CannotConfirmError."""
    identifier, identity = sighting.identifier, sighting.channel_identity
    if sighting.grade != Grade.CLAIMED or sighting.withdrawn_by_id is not None:
        raise CannotConfirmError("no_claim", _("Only a claim that stands can be confirmed."))
    if identifier.kind not in (IdentifierKind.EMAIL, IdentifierKind.PHONE):
        raise CannotConfirmError("kind", _("A code can only be sent to a phone number or a mail address."))
    if identity.standing != Standing.PROVED:
        raise CannotConfirmError("forgeable", _("This sender can be forged, so that a code would prove nothing."))
    if is_own(IdentifierKind(identifier.kind), identifier.value, own_keys()):
        raise CannotConfirmError("own", _("This address is one of ours, so that a code would prove nothing."))
    now = timezone.now()
    # Two who ask at once would else each find the other's code missing.
    take_advisory_locks([lock_id("confirmation code", identifier.kind, identifier.join_key)])
    lately = ConfirmationCode.objects.filter(
        identifier__kind=identifier.kind,
        identifier__join_key=identifier.join_key,
        asked_at__gt=now - timedelta(hours=1),
    )
    if lately.count() >= MOST_AN_HOUR:
        raise CannotConfirmError("too_many", _("Three codes were sent to this address within the hour. Wait a while."))
    open_codes = ConfirmationCode.objects.filter(channel_identity=identity, identifier=identifier, used_by="")
    open_codes.filter(expires_at__gt=now).update(expires_at=now)
    return ConfirmationCode.objects.create(
        channel_identity=identity,
        identifier=identifier,
        asked_by=actor,
        salt=uuid.uuid4(),
        asked_at=now,
        expires_at=now + VALID,
        tries_left=TRIES,
    )


#: Who wrote which message: (account id, address, standing, provider message id). Two may have one message id.
Writer = tuple[int, str, str, str]


def writer_of(account_id: int, message: Message) -> Writer:
    """The key of the message in what `redeem` returns."""
    return (account_id, message.sender.address, str(message.sender.standing), message.provider_message_id)


def redeem(messages: Iterable[tuple[int, Message]]) -> Mapping[Writer, SeenIdentifier]:
    """What messages prove by the code they hold; each is (account id, message).

    A wrong code costs a try; one for a claim that was withdrawn, or made by whoever had the address before, is worth
    nothing. Called before any identity lock, in the transaction that records the messages; told the same message again
    it says the same.
    """
    typed = [(account_id, m, digits) for account_id, m in messages if (digits := _typed(m))]
    if not typed:
        return {}
    places = Q()
    for account_id, message, _digits in typed:
        places |= Q(channel_identity__account_id=account_id, channel_identity__address=message.sender.address)
    stands = Sighting.objects.filter(
        channel_identity=OuterRef("channel_identity"),
        identifier=OuterRef("identifier"),
        grade=Grade.CLAIMED,
        withdrawn_by=None,
    )
    codes = list(
        ConfirmationCode.objects.filter(places)
        .filter(~Q(used_by="") | Exists(stands))  # who takes the claim back takes the code back
        .select_related("channel_identity", "identifier")
        .order_by("id")
        .select_for_update(of=("self",))
    )
    starts = standing_starts(_place(code) for code in codes)
    proofs = {}
    for account_id, message, digits in sorted(typed, key=lambda each: each[1].occurred_at):
        place = (account_id, message.sender.address)
        epoch = epoch_of(starts.get(place, ()), message.occurred_at)
        for code in codes:
            is_theirs = bool(code.used_by) or code.channel_identity.epoch_start == epoch
            if _place(code) == place and is_theirs and _is_redeemed(code, message, digits):
                identifier = code.identifier
                kind = IdentifierKind(identifier.kind)
                proofs[writer_of(account_id, message)] = SeenIdentifier(kind, identifier.value, identifier.scope)
    return proofs


def _place(code: ConfirmationCode) -> Address:
    return (code.channel_identity.account_id, code.channel_identity.address)


def _typed(message: Message) -> str:
    """The six digits if the message is a code and nothing else."""
    is_written = message.direction is Direction.IN and message.kind is EntryKind.MESSAGE and not message.backfilled
    if not is_written or message.sender.standing is not Standing.PROVED:
        return ""
    match = _TYPED.fullmatch(message.text)
    return match[1] + match[2] if match else ""


def _is_redeemed(code: ConfirmationCode, message: Message, digits: str) -> bool:
    """Whether the message holds this code in time; the row says so afterwards, or that a try is gone."""
    if code.used_by:
        return code.used_by == message.provider_message_id
    is_open = code.asked_at - CLOCK_DIFFERENCE <= message.occurred_at <= code.expires_at and code.tries_left > 0
    if not is_open:
        return False
    if hmac.compare_digest(digits, digits_of(code)):
        code.used_by, code.used_at = message.provider_message_id, message.occurred_at
        code.save(update_fields=["used_by", "used_at"])
        return True
    code.tries_left -= 1
    code.save(update_fields=["tries_left"])
    return False
