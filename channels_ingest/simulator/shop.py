"""The shop's own server at Lindqvist & Daughters: who its customers are, what they looked at, ordered and paid.

`calls` is a pure function of the anchor time and the seed, like the stories: the same month has the same event ids.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from channels_ingest.simulator.people import Person, people
from channels_ingest.simulator.stories import DAYS, ITEMS, SEED, SIZES

SOURCE = "shop"
SITE = "https://lindqvist.example"
#: The scope of Meta's user ids for this shop.
PORTFOLIO = "117600000001874"
#: Of all customers, those who have an account at the shop; the others only write.
SHARE = 0.35
CALL_ITEMS = 60
PAGES = (("/sizes", "Size guide"), ("/returns", "Returns"), ("/repairs", "Repairs"), ("/shipping", "Shipping"))
RELATIVES = ("Robin", "Alex", "Kim", "Sasha")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: the last part of its address, the key that makes a retry the same, and its items."""

    call: str
    key: str
    items: list[dict[str, Any]]


def calls(anchor: datetime, *, seed: int = SEED) -> Iterator[Call]:
    """Who the customers are, then what they did in the `DAYS` before `anchor`, in order of time."""
    chance = random.Random(f"{seed}/shop")  # noqa: S311  (stories, not secrets)
    known = [person for person in people(seed) if person.customer.wa_id and chance.random() < SHARE]
    introductions = [_introduction(number, person, anchor) for number, person in enumerate(known)]
    introductions += [item for number, person in enumerate(known) for item in _odd_accounts(number, person, anchor)]
    events = [event for number in range(len(known)) for event in _Visits(number, anchor, seed).tell()]
    yield from _in_calls("identify", introductions)
    yield from _in_calls("events", sorted(events, key=lambda event: str(event["occurred_at"])))


def _in_calls(call: str, items: Sequence[dict[str, Any]]) -> Iterator[Call]:
    rest = iter(items)
    number = 0
    while part := list(islice(rest, CALL_ITEMS)):
        yield Call(call=call, key=f"demo-{call}-{number}", items=part)
        number += 1


def _introduction(number: int, person: Person, anchor: datetime) -> dict[str, Any]:
    identifiers = [_customer(number), {"kind": "phone", "value": f"+{person.customer.wa_id}"}]
    return {
        "source": SOURCE,
        "identifiers": identifiers,
        "traits": {"country": person.home.country, "language": person.home.language},
        "occurred_at": (anchor - timedelta(days=DAYS)).isoformat(),
    }


def _odd_accounts(number: int, person: Person, anchor: datetime) -> Iterator[dict[str, Any]]:
    """What makes people ask who is who: a family on one phone, somebody who opened a second account."""
    family = person.customer.name.split()[-1]
    odd = {"source": SOURCE, "occurred_at": (anchor - timedelta(days=3)).isoformat()}
    if number % 12 == 3:
        identifiers = [_customer(4_000 + number), {"kind": "phone", "value": f"+{person.customer.wa_id}"}]
        yield {**odd, "identifiers": identifiers, "traits": {"name": f"{RELATIVES[number % len(RELATIVES)]} {family}"}}
    if number % 12 == 7 and person.customer.user_id:
        user = {"kind": "whatsapp_user", "value": person.customer.user_id, "scope": PORTFOLIO}
        yield {**odd, "identifiers": [_customer(4_500 + number), user], "traits": {"name": person.customer.name}}


def _customer(number: int) -> dict[str, str]:
    return {"kind": "customer_id", "value": f"C-{4100 + number}"}


class _Visits:
    """What one customer did on the site: looked around, then perhaps logged in and ordered."""

    def __init__(self, number: int, anchor: datetime, seed: int) -> None:
        self.number = number
        self.anchor = anchor
        self.chance = random.Random(f"{seed}/shop/{number}")  # noqa: S311  (stories, not secrets)
        self.visitor = {"kind": "visitor", "value": f"v-{self.chance.getrandbits(48):012x}"}
        self.events: list[dict[str, Any]] = []

    def tell(self) -> list[dict[str, Any]]:
        """Everything until the anchor; every ninth customer is looking around just now."""
        for visit in range(self.chance.choice((1, 1, 2, 3))):
            minutes = self.chance.randrange(60, DAYS * 1440)
            if visit == 0 and self.number % 9 == 0:
                minutes = self.chance.randrange(6, 20)
            self._visit(self.anchor - minutes * _MINUTE)
        return [event for event in self.events if datetime.fromisoformat(event["occurred_at"]) <= self.anchor]

    def _visit(self, at: datetime) -> None:
        item = self.chance.choice(ITEMS)
        path = f"/jackets/{item.lower().replace(' ', '-').replace('ä', 'a')}"
        looked = [(path, item), *self.chance.sample(PAGES, self.chance.randrange(3))]
        for step, (page, title) in enumerate(looked):
            at += self.chance.randrange(1, 4) * _MINUTE
            who = [self.visitor] if step == 0 else [_customer(self.number), self.visitor]
            self._add("page_view", at, {"url": f"{SITE}{page}?utm_source=newsletter", "title": title}, who)
        if self.chance.random() < 0.4:
            self._order(at + 5 * _MINUTE, item)

    def _order(self, at: datetime, item: str) -> None:
        number = str(self.chance.randrange(20_000, 90_000))
        quantity, price = self.chance.choice((1, 1, 1, 2)), 79 + 10 * (ITEMS.index(item) % 9)
        name = f"{item}, {self.chance.choice(SIZES)[0]}"
        order = {
            "number": number,
            "currency": "EUR",
            "total": f"{quantity * price}.00",
            "items": [{"name": name, "quantity": quantity, "price": f"{price}.00"}],
            "url": f"{SITE}/orders/{number}",
        }
        paid = {"amount": order["total"], "currency": "EUR", "order": number, "state": "captured"}
        who = [_customer(self.number)]
        self._add("order", at, {**order, "state": "created"}, who)
        self._add("payment", at + _MINUTE, paid, who)
        self._add("order", at + timedelta(hours=20), {**order, "state": "shipped"}, who)
        self._add("order", at + timedelta(hours=70), {**order, "state": "delivered"}, who)

    def _add(self, kind: str, at: datetime, detail: dict[str, Any], who: list[dict[str, str]]) -> None:
        event_id = f"{kind}-{self.number}-{len(self.events)}"
        event = {"source": SOURCE, "id": event_id, "kind": kind, "occurred_at": at.isoformat()}
        self.events.append({**event, "identifiers": who, "detail": detail})
