"""Who an item of a trusted server is about: its identifiers, the address they give, and what it says of the person."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.reading import OddPartError, as_word
from profiles.identity.canonical import phone_value, visitor_address
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender
from profiles.identity.worth import Reason, worthless

#: With the address each is a lock, and a batch of a thousand items must stay below what one transaction may hold.
MOST_IDENTIFIERS = 8
LONGEST_VALUE = 254  # an e-mail address, RFC 5321
LONGEST_SCOPE = 120
LONGEST_ADDRESS = 320
MOST_TRAITS = 50
LONGEST_TRAIT_NAME = 40
LONGEST_TRAIT = 500
#: Kinds whose values mean something only within the system that gave them out; its name is the scope.
SCOPED = frozenset({IdentifierKind.CUSTOMER_ID, IdentifierKind.VISITOR, IdentifierKind.ORDER})
#: A shop's records are no conversation: nothing can be sent there.
REPLY_REFUSAL = "store"

_PHONE = re.compile(r"(\+|00)[0-9 ()./-]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def sender_of(given: object, source: str, traits: dict[str, str] | None = None) -> Sender:
    """The person with these identifiers. Raises OddPartError saying which identifier is wrong and why."""
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_IDENTIFIERS:
        raise OddPartError(f"identifiers: expected a list of 1 to {MOST_IDENTIFIERS}")
    found = list(dict.fromkeys(identifier_of(each, source, f"identifiers[{n}]") for n, each in enumerate(given)))
    _check_customer_ids(found)
    address = _address(found, source)
    return Sender(address=address, identifiers=tuple(found), traits=traits or {}, reply_refusal=REPLY_REFUSAL)


def with_order(sender: Sender, number: str, source: str) -> Sender:
    """The sender, also seen with the order's number, so that agents find the customer by it. It joins nobody."""
    order = SeenIdentifier(IdentifierKind.ORDER, number, source)
    if not number or order in sender.identifiers or len(sender.identifiers) >= MOST_IDENTIFIERS:
        return sender
    return replace(sender, identifiers=(*sender.identifiers, order))


def identifier_of(given: object, source: str, place: str) -> SeenIdentifier:
    """One identifier as a trusted server states it: proved. Raises OddPartError saying what is wrong with it."""
    if not isinstance(given, dict):
        raise OddPartError(f"{place}: expected an object with kind and value")
    name = given.get("kind")
    if not isinstance(name, str) or name not in list(IdentifierKind):
        raise OddPartError(f"{place}.kind: expected one of {', '.join(IdentifierKind)}")
    kind = IdentifierKind(name)
    value = as_word(given.get("value")).strip()
    if not value or len(value) > LONGEST_VALUE or not value.isprintable():
        raise OddPartError(f"{place}.value: expected 1 to {LONGEST_VALUE} printable characters")
    scope = _scope(kind, given.get("scope"), source, place)
    return SeenIdentifier(kind, _checked(kind, value, place), scope, Grade.PROVED)  # the server that posts it is ours


def _checked(kind: IdentifierKind, value: str, place: str) -> str:
    """The value, a phone number without its punctuation. Only what can be one is taken: the kind is believed."""
    if kind is IdentifierKind.PHONE:
        number = phone_value(value) if _PHONE.fullmatch(value) else ""
        if not _E164.fullmatch(number):
            raise OddPartError(f"{place}.value: expected a phone number in international form, such as +4670174060")
        return number
    if kind is IdentifierKind.EMAIL and not _EMAIL.fullmatch(value):
        raise OddPartError(f"{place}.value: expected an e-mail address")
    if kind in SCOPED and worthless(kind, value) == Reason.PLACEHOLDER:
        # Everybody to whom broken software gives "undefined" would have one address, whatever joins them or not.
        raise OddPartError(f"{place}.value: a placeholder is no {kind}")
    return value


def _scope(kind: IdentifierKind, given: object, source: str, place: str) -> str:
    if given is None or given == "":
        if kind is IdentifierKind.WHATSAPP_USER:
            raise OddPartError(f"{place}.scope: a whatsapp_user needs the portfolio it belongs to")
        return source if kind in SCOPED else ""
    if kind in (IdentifierKind.PHONE, IdentifierKind.EMAIL):
        raise OddPartError(f"{place}.scope: {kind} has none")
    scope = as_word(given).strip()
    if not scope or len(scope) > LONGEST_SCOPE or not scope.isprintable():
        raise OddPartError(f"{place}.scope: expected 1 to {LONGEST_SCOPE} printable characters")
    return scope


def _check_customer_ids(found: Sequence[SeenIdentifier]) -> None:
    """One person has one number at one shop: two of them are two people, and the item cannot be about both."""
    scopes = [identifier.scope for identifier in found if identifier.kind is IdentifierKind.CUSTOMER_ID]
    if len(scopes) != len(set(scopes)):
        raise OddPartError("identifiers: two customer_ids of one scope are two people; send an item for each")


def _address(found: Sequence[SeenIdentifier], source: str) -> str:
    """The strongest identifier, the source's own before a foreign one, as the address on the source's line.

    What can only be one thing stands as it is: the source's own customer ids and visitor ids, phone numbers, mailboxes.
    The rest is written `kind:value` or `kind@scope:value`: ids of another scope, customer ids that look like a phone
    number or a mailbox, and visitor ids of digits only, because visitor 42 is not customer 42.
    """
    order = list(IdentifierKind)
    naming = [identifier for identifier in found if identifier.kind is not IdentifierKind.ORDER]
    if not naming:
        raise OddPartError("identifiers: an order alone names nobody; add who ordered")
    best = min(naming, key=lambda each: (order.index(each.kind), each.scope != source))
    if _is_plain(best, source):
        return best.value
    address = f"{best.kind}:{best.value}" if best.scope == source else f"{best.kind}@{best.scope}:{best.value}"
    if len(address) > LONGEST_ADDRESS:
        raise OddPartError(f"identifiers: kind, scope and value: expected at most {LONGEST_ADDRESS} characters")
    return address


def _is_plain(identifier: SeenIdentifier, source: str) -> bool:
    """Whether the value alone says what it is, on the source's line."""
    if identifier.kind in (IdentifierKind.PHONE, IdentifierKind.EMAIL):
        return True
    if identifier.scope != source or re.search("[@:]|^[+]", identifier.value):
        return False
    if identifier.kind is IdentifierKind.VISITOR:
        return visitor_address(identifier.value) == identifier.value
    return identifier.kind is IdentifierKind.CUSTOMER_ID


def traits_of(given: object) -> dict[str, str]:
    """The traits as text; null is not told. Raises OddPartError naming the trait that is wrong.

    Numbers and booleans are written as JSON writes them, objects and lists as compact JSON: an agent can still read an
    address in it, and nothing is refused only for being a list. `first_name` and `last_name` also give the `name`.
    """
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MOST_TRAITS:
        raise OddPartError(f"traits: expected an object of at most {MOST_TRAITS} names")
    traits: dict[str, str] = {}
    for number, (name, value) in enumerate(given.items()):
        if clean(name) != name or not 1 <= len(name) <= LONGEST_TRAIT_NAME or not name.isprintable():
            raise OddPartError(f"traits: name {number + 1}: expected 1 to {LONGEST_TRAIT_NAME} printable characters")
        text = _trait(value)
        if len(text) > LONGEST_TRAIT:
            raise OddPartError(f"traits: value {number + 1}: expected at most {LONGEST_TRAIT} characters")
        if text:
            traits[name] = text
    whole = " ".join(filter(None, (traits.get("first_name"), traits.get("last_name"))))
    if whole and "name" not in traits:
        traits["name"] = whole[:LONGEST_TRAIT]
    return traits


def _trait(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value).strip()
    if isinstance(value, float) and not math.isfinite(value):
        raise OddPartError("traits: a number is too large")
    try:
        return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except RecursionError:
        raise OddPartError("traits: nested too deep") from None
