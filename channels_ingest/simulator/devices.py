"""What the customer holds in their hands: their phone, their mailbox and the shop's page, line by line.

What the customer wrote is shown as the hub recorded it, so that what is seen here has arrived; what they got is what
the simulated provider took.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels_ingest.adapters.base import clean
from channels_ingest.sending.lines import sending_line
from channels_ingest.simulator.models import SimulatedMessage
from channels_ingest.simulator.plays.registry import PLAYS
from profiles.identity.canonical import phone_value
from profiles.models import Channel, ChannelAccount
from timeline.entries import Direction, EntryKind
from timeline.models import Entry

#: Messages of one conversation; a newcomer's play is short.
MOST_SHOWN = 80
#: What the provider has refused is kept under such an id, to be counted and not to be shown.
_REFUSED = "refused:"

GIVEN = ("Mira", "Noor", "Tomás", "Aoife", "Yuki", "Salma", "Jonas", "Ifeoma", "Lea", "Kamil", "דנה", "أمل")
FAMILY = ("Lind", "Haddad", "Ferreira", "Byrne", "Sato", "Okafor", "Weber", "Nowak", "Holm", "Costa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The customer who is played; kept in the session of who plays."""

    name: str
    phone: str
    email: str

    def address_on(self, channel: str) -> str:
        """Where a line of that channel reaches them, as its provider writes it."""
        if channel == Channel.WHATSAPP:
            return self.phone.removeprefix("+")
        return self.email if channel == Channel.EMAIL else self.phone

    def addresses_on(self, channel: str) -> list[str]:
        """All the ways in which providers write that address."""
        if channel == Channel.EMAIL:
            return [self.email]
        return [self.phone, self.phone.removeprefix("+"), f"whatsapp:{self.phone}"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on a device. `mine`: the customer wrote it. `message_id` is the provider's, `files` are names."""

    key: str
    at: datetime
    text: str
    mine: bool
    subject: str = ""
    message_id: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """The lines of one channel that the simulator plays, as the customer sees them."""

    channel: str
    lines: list[ChannelAccount]


def somebody_new() -> Played:
    """A customer nobody has met: made up, with a number and a domain that are kept free for fiction."""
    name = f"{secrets.choice(GIVEN)} {secrets.choice(FAMILY)}"
    number = f"+44770090{secrets.randbelow(10_000):04d}"  # Ofcom, numbers for drama
    return Played(name=name, phone=number, email=f"{number[-6:]}@customer.example")


def as_played(values: Any) -> Played | None:
    """The customer out of a session or a form; None if something is missing or is no number or address."""
    if not isinstance(values, dict):
        return None
    name, phone, email = (clean(values.get(field)).strip()[:200] for field in ("name", "phone", "email"))
    phone = phone_value(phone)
    local, at, domain = email.partition("@")
    is_mail = bool(local and at and domain) and not any(c.isspace() or c in '<>",;' for c in email)
    return Played(name=name, phone=phone, email=email) if name and len(phone) > 5 and is_mail else None


def devices() -> list[Device]:
    """Every enabled line that the simulator plays, by channel in the order in which a newcomer looks."""
    lines: dict[str, list[ChannelAccount]] = {}
    for account in ChannelAccount.objects.filter(is_enabled=True).order_by("id"):
        if is_played(account):
            lines.setdefault(account.channel, []).append(account)
    order = (Channel.WHATSAPP, Channel.SMS, Channel.EMAIL, Channel.CHAT)
    return [Device(channel, lines[channel]) for channel in order if channel in lines]


def is_played(account: ChannelAccount) -> bool:
    """Whether the customer's side can be played here: a line with credentials reaches real people."""
    if account.channel == Channel.CHAT:
        return True
    line = sending_line(account)
    return account.provider in PLAYS and line is not None and line.is_simulated


def conversation(account: ChannelAccount, played: Played) -> list[Shown]:
    """The newest messages between the customer and the line, oldest first."""
    addresses = played.addresses_on(account.channel)
    return sorted([*_got(account, addresses), *_wrote(account, addresses)], key=lambda each: each.at)[-MOST_SHOWN:]


def _got(account: ChannelAccount, addresses: list[str]) -> Iterable[Shown]:
    rows = SimulatedMessage.objects.filter(account=account, to__in=addresses).exclude(message_id__startswith=_REFUSED)
    for row in rows.order_by("-id")[:MOST_SHOWN]:
        yield Shown(f"got-{row.pk}", row.taken_at, row.text, False, row.subject, row.message_id, _files(row.extra))


def _files(extra: Any) -> tuple[str, ...]:
    """What came along, by name or by the link it is fetched from."""
    told = extra.get("files") if isinstance(extra, dict) else ""
    return tuple(line.partition("?")[0][-80:] for line in told.split("\n") if line) if isinstance(told, str) else ()


def _wrote(account: ChannelAccount, addresses: list[str]) -> Iterable[Shown]:
    rows = Entry.objects.filter(
        channel_identity__account=account,
        channel_identity__address__in=addresses,
        kind=EntryKind.MESSAGE,
        direction=Direction.IN,
    )
    for row in rows.order_by("-occurred_at", "-id")[:MOST_SHOWN]:
        subject = str(row.detail.get("subject", ""))
        yield Shown(f"wrote-{row.pk}", row.recorded_at, row.text, True, subject, row.provider_message_id or "")
