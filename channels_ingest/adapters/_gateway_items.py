"""The hub's own JSON for gateways that have no adapter, as items. `docs/generic-gateway.md` is its contract."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from channels_ingest.adapters._trusted_people import MOST_IDENTIFIERS, identifier_of
from channels_ingest.adapters.base import clean, clean_json
from channels_ingest.adapters.reading import (
    OddPartError,
    as_iso_moment,
    as_link,
    as_list,
    as_object,
    as_word,
    nameable,
)
from channels_ingest.adapters.troubles import OPTED_OUT, UNREACHABLE, WINDOW, shown_words
from channels_ingest.messages import Amendment, ConsentChange, Item, Message
from profiles.identity.values import GRADE_RANK, Grade, IdentifierKind, SeenIdentifier, Sender
from timeline.entries import AmendmentKind, Delivery, Direction

LONGEST_NAME = 200
MOST_ATTACHMENTS = 30
CLOSES = frozenset({OPTED_OUT, WINDOW, UNREACHABLE})
_STATES = frozenset({"queued", "sent", "delivered", "read", "failed"})
_ATTACHMENT_TYPES = ("image", "audio", "video")
#: To look a member of an enum up takes 0.2 µs on Python 3.11, and these are looked up for each message.
_IN, _PHONE, _WEAK = Direction.IN, IdentifierKind.PHONE, Grade.WEAK
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Terms(Struct, frozen=True, kw_only=True):
    """How far the account believes its gateway, and under which name the gateway's own ids stand."""

    received_at: datetime
    is_believed: bool = False
    source: str = ""


Reader = Callable[[Mapping[str, Any], Terms], Item]


def item_of(said: object, terms: Terms) -> Item:
    """What one object of a delivery means. Raises OddPartError saying what is wrong with it."""
    if not isinstance(said, dict):
        raise OddPartError("expected an object")
    reader = READERS.get(as_word(said.get("type")))
    if reader is None:
        raise OddPartError(f"type {nameable(said.get('type'))}: expected one of {', '.join(READERS)}")
    return reader(said, terms)


def _message(said: Mapping[str, Any], terms: Terms) -> Message:
    """A message of a customer, or (`direction` out) one that the business wrote elsewhere."""
    direction = said.get("direction", "in")
    if direction not in ("in", "out"):
        raise OddPartError("direction: expected in or out")
    attachments = _attachments(said.get("attachments"))
    detail: dict[str, Any] = {"type": attachments[0]["type"] if attachments else "text"}
    if attachments:
        detail["attachments"] = attachments
    if answers := as_word(said.get("reply_to")):
        detail["reply_to"] = {"provider_message_id": answers}
    if subject := clean(said.get("subject")):
        detail["subject"] = subject
    if extra := as_object(said.get("extra")):
        detail["extra"] = clean_json(extra)
    text = said.get("text", "")
    if not isinstance(text, str) or not (text or attachments):
        raise OddPartError("text: expected a text, or attachments with web addresses")
    return Message(
        sender=sender_of(said.get("from" if direction == "in" else "to"), terms),
        provider_message_id=_id(said),
        occurred_at=_at(said, terms),
        direction=_IN if direction == "in" else Direction.OUT,
        text=clean(text),
        detail=detail,
        delivery=None if direction == "in" else Delivery.SENT,
    )


def _edit(said: Mapping[str, Any], terms: Terms) -> Amendment:
    """A new text for a message, or its removal."""
    target = as_word(said.get("message"))
    if not target:
        raise OddPartError("message: expected the id of the message")
    is_edit = said.get("type") == "edit"
    return Amendment(
        kind=AmendmentKind.EDIT if is_edit else AmendmentKind.REVOKE,
        key=_id(said),
        target_message_id=target,
        occurred_at=_at(said, terms),
        sender=sender_of(said.get("from"), terms) if said.get("from") else None,
        detail={"text": clean(said.get("text")), "detail": {}} if is_edit else {},
    )


def _status(said: Mapping[str, Any], terms: Terms) -> Amendment:
    """What became of a message the hub sent."""
    word, target = as_word(said.get("status")), as_word(said.get("id"))
    if word not in _STATES:
        raise OddPartError(f"status {nameable(word)}: expected one of {', '.join(sorted(_STATES))}")
    if not target:
        raise OddPartError("id: expected the id that the answer to the send gave")
    detail: dict[str, Any] = {"status": word, "delivery": word}
    if error := as_object(said.get("error")):
        detail["errors"] = [error_of(error)]
    if reference := as_word(said.get("reference")):
        detail["reference"] = reference
    return Amendment(
        kind=AmendmentKind.STATUS,
        key=f"{target}:{word}",
        target_message_id=target,
        occurred_at=_at(said, terms),
        detail=detail,
    )


def _consent(said: Mapping[str, Any], terms: Terms) -> ConsentChange:
    """The customer opted in or out with the gateway."""
    purpose, granted = said.get("purpose", "all"), said.get("granted")
    if purpose not in ("all", "marketing"):
        raise OddPartError("purpose: expected all or marketing")
    if not isinstance(granted, bool):
        raise OddPartError("granted: expected true or false")
    return ConsentChange(
        sender=sender_of(said.get("from"), terms),
        key=f"{_id(said)}:consent",
        purpose=purpose,
        granted=granted,
        occurred_at=_at(said, terms),
        source="provider",
        text=clean(said.get("text")),
    )


READERS: Mapping[str, Reader] = MappingProxyType(
    {"message": _message, "edit": _edit, "revoke": _edit, "status": _status, "consent": _consent}
)


def error_of(error: Mapping[str, Any]) -> dict[str, Any]:
    """The gateway's reason for a failure, as `Amendment.detail["errors"]` holds it."""
    code = as_word(error.get("code"))
    words = shown_words(error.get("message")) or (f"error {nameable(code)}" if code else "")
    closes = error.get("closes")
    found: dict[str, Any] = {"code": nameable(code) if code else "", "message": words}
    return found | ({"closes": closes} if isinstance(closes, str) and closes in CLOSES else {})


def sender_of(said: object, terms: Terms) -> Sender:
    """The customer: an address, or an object with more. A number that is the address is an identifier by itself.

    `docs/decisions/believing-gateways.md`: a number is weak and everything else a claim, unless the account says that
    its gateway proves who its senders are; and nothing is better than the gateway says.
    """
    whole = {"address": said} if isinstance(said, str) else as_object(said)
    address = as_word(whole.get("address")).strip()
    if not address:
        raise OddPartError("from: expected the customer's address")
    listed = whole.get("identifiers")
    given = as_list(listed)
    if len(given) > MOST_IDENTIFIERS or not (listed is None or isinstance(listed, list)):
        raise OddPartError(f"from.identifiers: expected a list of at most {MOST_IDENTIFIERS}")
    seen = [_identifier(each, terms, f"from.identifiers[{number}]") for number, each in enumerate(given)]
    if _E164.fullmatch(address) and not any(i.kind is _PHONE and i.value == address for i in seen):
        seen.insert(0, SeenIdentifier(_PHONE, address, "", _WEAK))
    names = ((name, clean(whole.get(name)).strip()) for name in ("name", "username") if name in whole)
    return Sender(
        address=address,
        identifiers=tuple(dict.fromkeys(seen)) if len(seen) > 1 else tuple(seen),
        traits={name: value[:LONGEST_NAME] for name, value in names if value},
    )


def _identifier(given: object, terms: Terms, place: str) -> SeenIdentifier:
    """One identifier, at most as good as the account's terms and as the gateway itself says."""
    found = identifier_of(given, terms.source, place)
    if found.kind in (IdentifierKind.CUSTOMER_ID, IdentifierKind.VISITOR, IdentifierKind.ORDER) and not found.scope:
        raise OddPartError(f"{place}.scope: a {found.kind} needs the name of the system that gave it out")
    stated = as_object(given).get("grade")
    usual = Grade.WEAK if found.kind is IdentifierKind.PHONE else Grade.CLAIMED
    if stated is None:
        return replace(found, grade=usual)
    if stated not in (Grade.PROVED, Grade.WEAK, Grade.CLAIMED):
        raise OddPartError(f"{place}.grade: expected proved, weak or claimed")
    most = Grade.PROVED if terms.is_believed else usual
    return replace(found, grade=max(Grade(stated), most, key=GRADE_RANK.__getitem__))


def _attachments(listed: object) -> list[dict[str, Any]]:
    """Files that are at the gateway, as links."""
    found = []
    for said in as_list(listed)[:MOST_ATTACHMENTS]:
        file = as_object(said)
        if link := as_link(file.get("url")):
            mime_type = clean(file.get("mime_type"))
            kind = mime_type.partition("/")[0]
            kind = kind if kind in _ATTACHMENT_TYPES else "document"
            found.append({"type": kind, "mime_type": mime_type, "link": link, "name": clean(file.get("name"))})
    return found


def _id(said: Mapping[str, Any]) -> str:
    message_id = as_word(said.get("id"))
    if not message_id:
        raise OddPartError("id: expected the gateway's id of it")
    return message_id


def _at(said: Mapping[str, Any], terms: Terms) -> datetime:
    return as_iso_moment(said.get("at"), otherwise=terms.received_at)
