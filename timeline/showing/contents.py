"""What a message carries beside its text, read from `detail` into plain values for the templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point on the map. The coordinates are text with a point, whatever the agent's language."""

    latitude: str
    longitude: str
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A third person as the customer describes them."""

    name: str
    company: str
    lines: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem:
    """One position; `amount` is price times quantity with its currency, empty when no price came."""

    product: str
    quantity: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A cart that the customer sent from a catalogue; `total` is empty when currencies differ or a price is missing."""

    catalog_id: str
    items: list[OrderItem]
    total: str


def place_of(detail: Mapping[str, Any]) -> Place | None:
    """The location, when both coordinates are numbers."""
    place = detail.get("location")
    if not isinstance(place, dict):
        return None
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    return Place(
        latitude=f"{latitude:.5f}",
        longitude=f"{longitude:.5f}",
        name=str(place.get("name") or ""),
        address=str(place.get("address") or ""),
    )


def cards_of(detail: Mapping[str, Any]) -> list[Card]:
    """Every contact card with its phones and e-mail addresses as lines."""
    cards = []
    for card in dicts_of(detail.get("contacts")):
        phones = [str(p.get("phone") or p.get("wa_id") or "") for p in dicts_of(card.get("phones"))]
        emails = [str(e.get("email") or "") for e in dicts_of(card.get("emails"))]
        cards.append(
            Card(
                name=str(card.get("name") or _("Nameless contact")),
                company=str(card.get("company") or ""),
                lines=[line for line in (*phones, *emails) if line],
            )
        )
    return cards


def order_of(detail: Mapping[str, Any]) -> Order | None:
    """The cart with its sums."""
    order = detail.get("order")
    if not isinstance(order, dict):
        return None
    items, sums, currencies = [], [], set()
    for item in dicts_of(order.get("items")):
        quantity, price = number_of(item.get("quantity")), number_of(item.get("price"))
        currency = str(item.get("currency") or "")
        amount = quantity * price if quantity is not None and price is not None else None
        items.append(
            OrderItem(
                product=str(item.get("product_id") or _("Unnamed product")),
                quantity="" if quantity is None else f"{quantity.normalize():f}",
                amount="" if amount is None else f"{amount:,.2f} {currency}".strip(),
            )
        )
        sums.append(amount)
        currencies.add(currency)
    known = [amount for amount in sums if amount is not None]
    is_summable = known and len(known) == len(sums) and len(currencies) == 1
    total = f"{sum(known):,.2f} {currencies.pop()}".strip() if is_summable else ""
    return Order(catalog_id=str(order.get("catalog_id") or ""), items=items, total=total)


def dicts_of(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, none if it is no list."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def number_of(value: Any) -> Decimal | None:
    """A number or decimal string exactly; None for what is none or beyond any price."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal("1e12") else None
