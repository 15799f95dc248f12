"""What staff typed, as the line will spell it when its owner writes: a number or a mailbox, or the reason why not."""

import re

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from channels_ingest.registry import ADAPTERS
from channels_ingest.sending.lines import SendingLine, sending_line
from profiles.adding import TypedAddress
from profiles.identity.canonical import canonical, is_valid_phone, national_number, phone_value
from profiles.identity.mailbox import ascii_lower
from profiles.identity.values import IdentifierKind
from profiles.identity.worth import Reason, is_own, worthless
from profiles.models import Channel, ChannelAccount
from profiles.own import own_calling_code, own_keys
from profiles.reading_rights import hidden_now

#: What identifies somebody on a channel; on others nobody can be written to who has not written first.
KINDS = {
    Channel.WHATSAPP: IdentifierKind.PHONE,
    Channel.SMS: IdentifierKind.PHONE,
    Channel.EMAIL: IdentifierKind.EMAIL,
}
#: A mailbox of several people can be written to like any other; it ties nobody together anyway.
_GOOD_ENOUGH = frozenset({"", Reason.ROLE, Reason.SERVICE_NUMBER})


_SCHEME = re.compile(r"\A(?:tel|sms|whatsapp):\s*", re.IGNORECASE)


class AddressRefusedError(ValueError):
    """Nobody can be written to there; the message says why, for who typed it."""


def lines_to_start_on() -> list[tuple[ChannelAccount, SendingLine]]:
    """The lines on which we may write first, by name: switched on, and with all they need to send."""
    accounts = (
        ChannelAccount.objects.filter(is_enabled=True, channel__in=KINDS)
        .exclude(id__in=hidden_now())
        .order_by(Lower("name"), "id")
    )
    lines = ((account, sending_line(account)) for account in accounts)
    return [(account, line) for account, line in lines if line is not None and line.adapter and not line.lacks]


def typed_on(account: ChannelAccount, text: str) -> TypedAddress:
    """The address on this line. Raises AddressRefusedError."""
    kind = KINDS.get(Channel(account.channel))
    if kind is None:
        raise AddressRefusedError(_("Nobody can be written to on this line before they wrote."))
    text = text.strip()
    value = _number(text, account) if kind is IdentifierKind.PHONE else _mailbox(text)
    if is_own(kind, value, own_keys()):
        raise AddressRefusedError(_("This is one of our own addresses."))
    return TypedAddress(account_id=account.pk, address=_spelled(account, kind, value), kind=kind, value=value)


def kind_of(text: str) -> IdentifierKind | None:
    """What somebody typed, by its look; None for a name."""
    if "@" in text:
        return IdentifierKind.EMAIL
    return IdentifierKind.PHONE if len(phone_value(text)) > 5 else None


def _number(text: str, account: ChannelAccount) -> str:
    """A number without a country code is one of the line's own country, if there it can be."""
    value = phone_value(_written(text))
    if not value:
        raise AddressRefusedError(_("This is no phone number."))
    if not _written(text).startswith(("+", "00")):
        code = own_calling_code(account.pk)
        value = national_number(_written(text), code) if code else ""
        if not value:
            raise AddressRefusedError(_("Write the number with its country code: +44 20 7946 0958."))
    if not is_valid_phone(value) or worthless(IdentifierKind.PHONE, value) not in _GOOD_ENOUGH:
        raise AddressRefusedError(_("No phone can have this number. Is a digit missing?"))
    return value


def _written(text: str) -> str:
    """Without what people write around a number: `tel:`, and the zero in `+44 (0)20`."""
    bare = _SCHEME.sub("", text.strip())
    return bare.replace("(0)", "", 1) if bare.startswith(("+", "00")) else bare


def _mailbox(text: str) -> str:
    value, _key = canonical(IdentifierKind.EMAIL, text)
    reason = worthless(IdentifierKind.EMAIL, value, reserved_domains=frozenset())
    if not value or value.count("@") != 1 or reason not in _GOOD_ENOUGH:
        raise AddressRefusedError(_("This is no e-mail address."))
    return ascii_lower(value)


def _spelled(account: ChannelAccount, kind: IdentifierKind, value: str) -> str:
    """As the line's provider names the sender of a message from there."""
    if kind is IdentifierKind.PHONE and getattr(ADAPTERS[account.provider], "has_bare_numbers", False):
        return value.removeprefix("+")
    return value
