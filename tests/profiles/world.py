"""A small town of customers and shops: what is delivered to the hub, kept beside it as plain facts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import transaction

from channels_ingest.batches import Batch
from channels_ingest.items import write
from channels_ingest.messages import (
    AddressChange,
    Amendment,
    ConsentChange,
    Introduction,
    Located,
    Message,
)
from channels_ingest.models import Envelope
from channels_ingest.routing import Router
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender, Standing
from profiles.models import ChannelAccount, Role, StaffMember
from timeline.entries import AmendmentKind, Delivery, Direction, EntryKind
from timeline.live import Happened

START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
PHONES = [f"+4915127784{n}31" for n in range(4)]
USERS = [f"DE.77{n}" for n in range(3)]
EMAILS = ["mira@lindhaus.de", "tomas@lindhaus.de"]
CUSTOMERS = [f"K-58{n}2" for n in range(3)]
VISITORS = ["v-8c0f", "v-8c1f"]
LINES = {"A": "whatsapp", "B": "whatsapp", "S": "sms", "M": "email", "W": "store"}

Personal = Message | AddressChange | ConsentChange | Introduction | Amendment
#: What is delivered together: items, each with the name of its line.
Delivered = Sequence[tuple[str, Personal]]


@dataclass(frozen=True)
class Fact:
    """At that time a sender showed that identifier."""

    account_id: int
    address: str
    standing: str
    at: datetime
    kind: str
    scope: str
    value: str
    grade: str


@dataclass(frozen=True)
class Login:
    """A customer was logged in with a visitor id."""

    account_id: int
    visitor: str
    scope: str
    at: datetime
    customer: str
    source: str
    sender: tuple[str, str]


@dataclass
class World:
    """The hub's lines and staff, and everything that was ever delivered."""

    lines: dict[str, ChannelAccount]
    lead: StaffMember
    facts: set[Fact] = field(default_factory=set)
    logins: set[Login] = field(default_factory=set)
    #: (account, address, since when): what providers said.
    passed_on: set[tuple[int, str, datetime]] = field(default_factory=set)
    #: (account, provider message id): the sender's (address, standing) and the time.
    written: dict[tuple[int, str], tuple[str, str, datetime]] = field(default_factory=dict)
    batches: list[Delivered] = field(default_factory=list)

    def deliver(self, items: Delivered) -> list[Happened]:
        """The items are written in one transaction, as a worker does; returns what open pages are told."""
        batch, router, faults = Batch(), Router(), list[str]()
        for line, item in items:
            batch.add(Envelope(account=self.lines[line]), [Located(item=item, path="")], router, faults)
        with transaction.atomic():
            happened = write(batch)
        assert not faults
        self.note(items)
        return happened

    def note(self, items: Delivered) -> None:
        """The items are among the facts."""
        self.batches.append(items)
        for line, item in items:
            self._note(self.lines[line].pk, item)

    def _note(self, account_id: int, item: Personal) -> None:
        sender = item.sender
        if sender is None:
            return
        at = item.occurred_at
        named = [*sender.identifiers, *(item.became if isinstance(item, AddressChange) else ())]
        for each in named:
            fact = Fact(
                account_id,
                sender.address,
                str(sender.standing),
                at,
                str(each.kind),
                each.scope,
                each.value,
                str(each.grade),
            )
            self.facts.add(fact)
        self.logins |= set(_logins(account_id, sender, at, _source(item)))
        if isinstance(item, AddressChange):
            self.passed_on |= {(account_id, address, item.occurred_at + INSTANT) for address in item.left}
        if not isinstance(item, Introduction | Amendment):
            key = (account_id, _source(item))
            self.written.setdefault(key, (sender.address, str(sender.standing), at))


def _source(item: Personal) -> str:
    return item.provider_message_id if isinstance(item, Message | AddressChange) else item.key


def _logins(account_id: int, sender: Sender, at: datetime, source: str) -> Iterable[Login]:
    sure = [each for each in sender.identifiers if each.grade is not Grade.CLAIMED]
    for visitor in (each for each in sure if each.kind is IdentifierKind.VISITOR):
        for customer in (each for each in sure if each.kind is IdentifierKind.CUSTOMER_ID):
            place = (sender.address, str(sender.standing))
            yield Login(account_id, visitor.value, customer.scope, at, customer.value, source, place)


def new_world() -> World:
    """Five lines and one lead."""
    lines = {
        name: ChannelAccount.objects.create(provider="whatsapp_cloud", channel=channel, name=f"Line {name}")
        for name, channel in LINES.items()
    }
    return World(lines, StaffMember.objects.create_staff("lead@lindhaus.de", role=Role.LEAD))


def hour(n: float) -> datetime:
    return START + timedelta(hours=n)


def phone(number: int, grade: Grade = Grade.PROVED) -> SeenIdentifier:
    return SeenIdentifier(IdentifierKind.PHONE, PHONES[number], grade=grade)


def user(number: int) -> SeenIdentifier:
    return SeenIdentifier(IdentifierKind.WHATSAPP_USER, USERS[number], "portfolio")


def email(number: int, grade: Grade = Grade.PROVED) -> SeenIdentifier:
    return SeenIdentifier(IdentifierKind.EMAIL, EMAILS[number], grade=grade)


def customer(number: int, grade: Grade = Grade.PROVED) -> SeenIdentifier:
    return SeenIdentifier(IdentifierKind.CUSTOMER_ID, CUSTOMERS[number], "shop", grade)


def visitor(number: int) -> SeenIdentifier:
    return SeenIdentifier(IdentifierKind.VISITOR, VISITORS[number], "shop")


def whatsapp(number: int, *more: SeenIdentifier, name: str = "") -> Sender:
    """Somebody who writes from a number."""
    traits = {"name": name} if name else {}
    return Sender(address=PHONES[number].removeprefix("+"), identifiers=(phone(number), *more), traits=traits)


def whatsapp_user(number: int, *more: SeenIdentifier, name: str = "") -> Sender:
    """Somebody whom Meta names by a business-scoped id."""
    traits = {"name": name} if name else {}
    return Sender(address=USERS[number], identifiers=(user(number), *more), traits=traits)


def texting(number: int, *more: SeenIdentifier) -> Sender:
    return Sender(address=PHONES[number], identifiers=(phone(number, Grade.WEAK), *more))


def mailing(number: int, *more: SeenIdentifier, is_proved: bool = True) -> Sender:
    grade, standing = (Grade.PROVED, Standing.PROVED) if is_proved else (Grade.CLAIMED, Standing.UNPROVED)
    return Sender(address=EMAILS[number], standing=standing, identifiers=(email(number, grade), *more))


def shopping(number: int, *more: SeenIdentifier, name: str = "") -> Sender:
    traits = {"name": name} if name else {}
    return Sender(address=CUSTOMERS[number], identifiers=(customer(number), *more), traits=traits)


def browsing(number: int, *more: SeenIdentifier) -> Sender:
    return Sender(address=VISITORS[number], identifiers=(visitor(number), *more))


def message(
    key: str, sender: Sender, at: datetime, kind: EntryKind = EntryKind.MESSAGE, direction: Direction = Direction.IN
) -> Message:
    return Message(
        sender=sender, provider_message_id=key, occurred_at=at, direction=direction, kind=kind, text=f"text of {key}"
    )


def answer(key: str, sender: Sender, at: datetime, *, delivery: Delivery = Delivery.SENT) -> Message:
    """What the business wrote to somebody."""
    return Message(
        sender=sender, provider_message_id=key, occurred_at=at, direction=Direction.OUT, text="Hello", delivery=delivery
    )


def moved(key: str, number: int, to: int, at: datetime) -> AddressChange:
    """The provider says that a number's owner has another one now."""
    sender = whatsapp(number)
    return AddressChange(
        sender=sender, became=(phone(to),), left=(sender.address,), occurred_at=at, provider_message_id=key
    )


def consent(key: str, sender: Sender, at: datetime, *, granted: bool) -> ConsentChange:
    return ConsentChange(
        sender=sender, key=key, purpose="marketing", granted=granted, occurred_at=at, source="whatsapp"
    )


def introduction(key: str, sender: Sender, at: datetime) -> Introduction:
    """A trusted server says who somebody is."""
    return Introduction(sender=sender, key=key, source="shop", occurred_at=at)


def reaction(key: str, sender: Sender, target: str, at: datetime) -> Amendment:
    detail = {"emoji": "👍", "from": sender.address}
    return Amendment(
        kind=AmendmentKind.REACTION, key=key, target_message_id=target, occurred_at=at, sender=sender, detail=detail
    )
