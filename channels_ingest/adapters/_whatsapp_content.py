"""What a WhatsApp message says, by type, as text and provider-free detail.

Links to Meta's media are left out: they expire within minutes and are opened with the business's token.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from channels_ingest.adapters.base import clean, clean_json
from channels_ingest.adapters.reading import OddPartError, as_link, as_list, as_object, as_word, nameable

Content = tuple[str, dict[str, Any]]

UNSUBSCRIBING_BUTTONS = frozenset({"unsubscribe", "stop promotions"})  # Meta's own labels of marketing templates


def content_of(message: dict[str, Any]) -> Content:
    """The text the customer wrote or chose, and the rest as a fresh dict with its `type`. Raises OddPartError."""
    kind = message.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or not isinstance(kind, str):
        raise OddPartError(f"message type {nameable(kind)}" if kind else "message without a type")
    content = reader(message, kind)
    if content is None:
        raise OddPartError(f"{kind} message without its content")
    return content


def surroundings_of(message: dict[str, Any]) -> dict[str, Any]:
    """What came with the content: the message replied to, forwarding, the product or the ad it started from."""
    detail: dict[str, Any] = {}
    if context := as_object(message.get("context")):
        if replied_to := as_word(context.get("id")):
            detail["reply_to"] = {"provider_message_id": replied_to}
        if context.get("frequently_forwarded") is True:
            detail["forwarded"] = "often"
        elif context.get("forwarded") is True:
            detail["forwarded"] = "once"
        if product := as_object(context.get("referred_product")):
            detail["referred_product"] = {
                "catalog_id": as_word(product.get("catalog_id")),
                "product_id": as_word(product.get("product_retailer_id")),
            }
    if referral := as_object(message.get("referral")):
        detail["referral"] = _referral(referral)
    if errors := as_list(message.get("errors")):
        detail["errors"] = clean_json(errors)
    return detail


def is_unsubscribing(message: dict[str, Any]) -> bool:
    """Whether the customer pressed a marketing template's own opt-out button."""
    if message.get("type") != "button":
        return False
    button = as_object(message.get("button"))
    pressed = {clean(button.get(name)).strip().casefold() for name in ("payload", "text")}
    return not pressed.isdisjoint(UNSUBSCRIBING_BUTTONS)


def _referral(referral: dict[str, Any]) -> dict[str, str]:
    """The ad or post that led here, without its pictures."""
    read = {name: clean(referral.get(name)) for name in _REFERRAL_FIELDS}
    read["source_url"] = as_link(referral.get("source_url"))
    read["welcome_text"] = clean(as_object(referral.get("welcome_message")).get("text"))
    return {name: value for name, value in read.items() if value}


_REFERRAL_FIELDS = ("source_type", "source_id", "headline", "body", "media_type", "ctwa_clid")


def _text(message: dict[str, Any], kind: str) -> Content | None:
    body = as_object(message.get("text")).get("body")
    return (clean(body), {"type": "text"}) if isinstance(body, str) else None


def _media(message: dict[str, Any], kind: str) -> Content | None:
    media = as_object(message.get(kind))
    if not media:
        return None
    attachment: dict[str, Any] = {
        "type": kind,
        "mime_type": clean(media.get("mime_type")),
        "provider_media_id": as_word(media.get("id")),
        "sha256": clean(media.get("sha256")),
        "name": clean(media.get("filename")),
    }
    attachment |= {flag: media[flag] for flag in ("voice", "animated") if isinstance(media.get(flag), bool)}
    return clean(media.get("caption")), {"type": kind, "attachments": [attachment]}


def _location(message: dict[str, Any], kind: str) -> Content | None:
    place = as_object(message.get("location"))
    latitude, longitude = clean_json(place.get("latitude")), clean_json(place.get("longitude"))
    if type(latitude) not in (int, float) or type(longitude) not in (int, float):  # a bool is an int to isinstance
        return None
    location = {
        "latitude": latitude,
        "longitude": longitude,
        "name": clean(place.get("name")),
        "address": clean(place.get("address")),
        "url": as_link(place.get("url")),
    }
    return ", ".join(filter(None, (location["name"], location["address"]))), {"type": "location", "location": location}


def _contacts(message: dict[str, Any], kind: str) -> Content | None:
    cards = [_card(card) for card in as_list(message.get("contacts")) if isinstance(card, dict)]
    if not cards:
        return None
    return ", ".join(card["name"] for card in cards if card["name"]), {"type": "contacts", "contacts": cards}


def _card(card: dict[str, Any]) -> dict[str, Any]:
    """A third person as the customer describes them: claimed, and no identifier of the customer."""
    name = as_object(card.get("name"))
    spelt_out = " ".join(filter(None, (clean(name.get("first_name")), clean(name.get("last_name")))))
    return {
        "name": clean(name.get("formatted_name")) or spelt_out,
        "company": clean(as_object(card.get("org")).get("company")),
        "phones": _listed(card, "phones", "phone", "wa_id", "type"),
        "emails": _listed(card, "emails", "email", "type"),
    }


def _listed(card: dict[str, Any], name: str, *fields: str) -> list[dict[str, str]]:
    """The named list of a contact card, with the fields it has."""
    found = ({key: clean(item.get(key)) for key in fields} for item in map(as_object, as_list(card.get(name))))
    return [{key: value for key, value in item.items() if value} for item in found if any(item.values())]


def _interactive(message: dict[str, Any], kind: str) -> Content | None:
    interactive = as_object(message.get("interactive"))
    chosen = interactive.get("type")
    if chosen == "nfm_reply" and (form := as_object(interactive.get("nfm_reply"))):
        choice = {"kind": "form", "name": clean(form.get("name"))}
        return clean(form.get("body")), {"type": "choice", "choice": choice, "form": _form(form.get("response_json"))}
    if chosen in ("button_reply", "list_reply") and (reply := as_object(interactive.get(chosen))):
        choice = {"kind": "button" if chosen == "button_reply" else "list"}
        choice |= {name: clean(reply.get(name)) for name in ("id", "title", "description") if reply.get(name)}
        return clean(reply.get("title")), {"type": "choice", "choice": choice}
    if chosen:
        raise OddPartError(f"interactive message of type {nameable(chosen)}")
    return None


def _form(response: object) -> Any:
    """The answers of a WhatsApp Flow: JSON inside a string; the bare string if it is no JSON after all."""
    try:
        return clean_json(json.loads(response)) if isinstance(response, str) else clean_json(response)
    except (ValueError, RecursionError):
        return clean(response)


def _button(message: dict[str, Any], kind: str) -> Content | None:
    button = as_object(message.get("button"))
    if not button:
        return None
    title = clean(button.get("text"))
    return title, {"type": "choice", "choice": {"kind": "button", "id": clean(button.get("payload")), "title": title}}


def _order(message: dict[str, Any], kind: str) -> Content | None:
    order = as_object(message.get("order"))
    if not order:
        return None
    items = [
        {
            "product_id": as_word(item.get("product_retailer_id")),
            "quantity": clean_json(item.get("quantity")),
            "price": clean_json(item.get("item_price")),
            "currency": clean(item.get("currency")),
        }
        for item in map(as_object, as_list(order.get("product_items")))
    ]
    detail = {"type": "order", "order": {"catalog_id": as_word(order.get("catalog_id")), "items": items}}
    return clean(order.get("text")), detail


def _unsupported(message: dict[str, Any], kind: str) -> Content | None:
    """Meta itself cannot pass on what the customer sent (131051); the errors beside it say so."""
    detail: dict[str, Any] = {"type": "unsupported"}
    if original := as_word(as_object(message.get("unsupported")).get("type")):
        detail["original_type"] = original
    return "", detail


_READERS: Mapping[str, Callable[[dict[str, Any], str], Content | None]] = MappingProxyType(
    {
        "text": _text,
        "image": _media,
        "audio": _media,
        "video": _media,
        "document": _media,
        "sticker": _media,
        "location": _location,
        "contacts": _contacts,
        "interactive": _interactive,
        "button": _button,
        "order": _order,
        "unsupported": _unsupported,
    }
)
