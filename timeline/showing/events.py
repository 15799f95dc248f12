"""Page views, orders, payments and custom events as an agent reads them, on the timeline and beside it.

Nothing here trusts the shape of `detail`: an odd part is left out. What the parts are is told in the README.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles.reading_rights import hidden_now
from timeline.entries import EntryKind
from timeline.models import Entry
from timeline.showing.contents import OrderItem, dicts_of, number_of
from timeline.showing.surveys import SurveyRow, survey_of
from timeline.showing.wording import EVENT_STATES, words_of

#: Channels on which somebody can be seen browsing and buying.
SITES = ("store", "chat")
#: Rows of the side panel.
PAGES_SHOWN = 5
ORDERS_SHOWN = 5
#: Orders, payments and surveys looked at for it: an order is told by several.
BUSINESS_READ = 60
#: Whoever saw a page this short a time ago is on it now.
NOW = timedelta(minutes=5)
#: Pages seen longer ago say nothing about why somebody writes now.
RECENT = timedelta(days=30)
FACTS_SHOWN = 4
#: Currencies without a smaller unit (ISO 4217).
WHOLE_CURRENCIES = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page somebody looked at. `link` is empty when a part of its address was hidden: it would lead nowhere."""

    title: str
    place: str
    link: str
    at: datetime

    @property
    def is_now(self) -> bool:
        """Whether they may still be on it."""
        return timezone.now() - self.at < NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCard:
    """An order or a payment. `amount` has its currency, and is empty when none was told; `order` is the number."""

    icon: str
    title: str
    state: str
    amount: str
    items: list[OrderItem]
    note: str
    link: str
    order: str = ""


@dataclass(slots=True, kw_only=True)
class OrderRow:
    """An order as its newest events tell it, or a payment for none."""

    icon: str
    title: str
    state: str
    amount: str
    note: str
    at: datetime
    entry_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What a customer did on the sites and in the shops, and said of it, newest first."""

    pages: list[Page]
    orders: list[OrderRow]
    surveys: list[SurveyRow]


_ACTIVITY = f"""
SELECT e.id, e.kind, e.occurred_at, e.text, e.detail FROM profiles_channelidentity c
JOIN profiles_channelaccount a ON a.id = c.account_id AND a.channel IN {SITES} AND NOT a.id = ANY(%(hidden)s)
CROSS JOIN LATERAL (
    (SELECT id, kind, occurred_at, text, detail FROM timeline_entry
     WHERE channel_identity_id = c.id AND kind = 'page_view' AND occurred_at > %(since)s
     ORDER BY occurred_at DESC, id DESC LIMIT %(pages)s)
    UNION ALL
    (SELECT id, kind, occurred_at, text, detail FROM timeline_entry
     WHERE channel_identity_id = c.id AND kind IN ('order', 'payment', 'survey')
     ORDER BY occurred_at DESC, id DESC LIMIT %(business)s)
) e WHERE c.profile_id = %(profile)s ORDER BY e.occurred_at DESC, e.id DESC
"""  # noqa: S608


def activity_of(profile_id: int) -> Activity:
    """The customer's newest pages and orders, in one query whose cost does not grow with the history."""
    since = timezone.now() - RECENT
    limits: dict[str, Any] = {
        "hidden": list(hidden_now()),
        "profile": profile_id,
        "since": since,
        "pages": PAGES_SHOWN,
        "business": BUSINESS_READ,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVITY, limits)
        rows = [
            Entry(id=pk, kind=kind, occurred_at=at, text=text, detail=json.loads(detail))
            for pk, kind, at, text, detail in cursor.fetchall()
        ]
    pages = [page_of(entry) for entry in rows if entry.kind == EntryKind.PAGE_VIEW]
    orders = _order_rows(entry for entry in rows if entry.kind in (EntryKind.ORDER, EntryKind.PAYMENT))
    surveys = [survey_of(entry) for entry in rows if entry.kind == EntryKind.SURVEY]
    return Activity(pages=pages[:PAGES_SHOWN], orders=orders[:ORDERS_SHOWN], surveys=surveys)


def page_of(entry: Entry) -> Page:
    """The page in words: its title, or where it is."""
    url = _text(entry.detail, "url")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    place = f"{parts.netloc}{unquote(parts.path).rstrip('/')}"
    is_whole = parts.scheme in ("http", "https") and "…" not in url
    title = entry.text or _text(entry.detail, "title")
    return Page(
        title=title or place or _("A page"),
        place=place if title else "",
        link=url if is_whole else "",
        at=entry.occurred_at,
    )


def card_of(entry: Entry) -> EventCard:
    """The order or payment with its amounts."""
    detail, is_order = entry.detail, entry.kind == EntryKind.ORDER
    currency = _text(detail, "currency")
    number, order = _text(detail, "number"), _text(detail, "order")
    name = _("Order %(number)s") % {"number": number} if number else _("Order")
    link = _text(detail, "url")
    return EventCard(
        icon="package" if is_order else "credit-card",
        title=name if is_order else _("Payment"),
        state=words_of(EVENT_STATES, _text(detail, "state")),
        amount=money(detail.get("total" if is_order else "amount"), currency),
        items=[_item(item, currency) for item in dicts_of(detail.get("items"))],
        note=_("for order %(number)s") % {"number": order} if order and not is_order else "",
        link=link if link.startswith(("https://", "http://")) and "…" not in link else "",
        order=number if is_order else order,
    )


def line_of(entry: Entry) -> str:
    """An order or payment in one line: "1042 · Paid · 59.90 EUR"."""
    card = card_of(entry)
    named = _text(entry.detail, "number" if entry.kind == EntryKind.ORDER else "order")
    return " · ".join(filter(None, (named, card.state, card.amount)))


def facts_of(detail: Mapping[str, Any]) -> str:
    """The first plain facts of a custom event: "plan: pro · seats: 5"."""
    facts = [
        f"{name.replace('_', ' ')}: {_plain(value)}"
        for name, value in detail.items()
        if name != "name" and isinstance(value, str | int | float) and value != ""
    ]
    return " · ".join(facts[:FACTS_SHOWN])


def money(amount: Any, currency: str) -> str:
    """An amount as people write it, with its currency; empty for what is none."""
    number = number_of(amount)
    if number is None:
        return ""
    return f"{number:,.{0 if currency in WHOLE_CURRENCIES else 2}f} {currency}".strip()


def _order_rows(entries: Iterable[Entry]) -> list[OrderRow]:
    """One row for each order, told by its newest events; a payment is noted with its order."""
    rows: dict[object, OrderRow] = {}
    for place, entry in enumerate(entries):
        card, is_order = card_of(entry), entry.kind == EntryKind.ORDER
        number = _text(entry.detail, "number" if is_order else "order")
        row = rows.setdefault(
            number or place,
            OrderRow(
                icon=card.icon, title=card.title, state="", amount="", note="", at=entry.occurred_at, entry_id=entry.pk
            ),
        )
        if is_order:
            row.icon, row.title = card.icon, card.title
        if is_order or not number:
            row.state, row.amount = row.state or card.state, row.amount or card.amount
        elif not row.note:
            row.title = row.title if row.icon == "package" else _("Order %(number)s") % {"number": number}
            row.note = _("Payment: %(facts)s") % {"facts": ", ".join(filter(None, (card.state.lower(), card.amount)))}
    return list(rows.values())


def _item(item: Mapping[str, Any], currency: str) -> OrderItem:
    quantity, price = number_of(item.get("quantity", 1)), number_of(item.get("price"))
    amount = quantity * price if quantity is not None and price is not None else None
    return OrderItem(
        product=_text(item, "name") or _text(item, "sku") or _("Unnamed product"),
        quantity="" if quantity is None else f"{quantity.normalize():f}",
        amount=money(amount, _text(item, "currency") or currency),
    )


def _plain(value: str | float) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)[:60]


def _text(part: Mapping[str, Any], name: str) -> str:
    found = part.get(name)
    return found if isinstance(found, str) else ""
