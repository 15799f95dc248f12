"""The payloads Meta posts, built from what happened: the inverse of the adapter, from Meta's printed samples.

Every function returns a `Happening`; `payload_of` puts any number of them into one delivery, as Meta batches them.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from channels_ingest.simulator.samples import media_id, sample_of

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A number of the business as Meta knows it. `display_number` and ids are made of digits."""

    account_id: str  # the WhatsApp business account (WABA)
    number_id: str
    display_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A WhatsApp user. Without a `wa_id` they hide their number behind the user name and have only a `user_id`."""

    name: str
    wa_id: str = ""
    user_id: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing Meta reports: a `piece` for the list `listed` of the webhook field `field`."""

    line: Line
    field: str
    listed: str
    piece: Json
    at: datetime
    contact: Json | None = None


def wamid_of(*parts: object) -> str:
    """A message id shaped like Meta's, always the same for the same parts."""
    digest = hashlib.sha256(json.dumps(parts, default=str).encode()).digest()
    return "wamid.HBgL" + base64.b64encode(digest[:30]).decode()


def payload_of(happenings: Sequence[Happening]) -> Json:
    """One delivery. Neighbours of the same line, field and list share a change; contacts are named once in each."""
    entries = []
    for line, of_line in groupby(happenings, key=lambda happening: happening.line):
        changes = []
        for (field, listed), group in groupby(of_line, key=lambda happening: (happening.field, happening.listed)):
            together = list(group)
            value: Json = {
                "messaging_product": "whatsapp",
                "metadata": {"display_phone_number": line.display_number, "phone_number_id": line.number_id},
            }
            if contacts := _without_repeats(happening.contact for happening in together):
                value["contacts"] = contacts
            changes.append({"value": value | {listed: [happening.piece for happening in together]}, "field": field})
        entries.append({"id": line.account_id, "changes": changes})
    return {"object": "whatsapp_business_account", "entry": entries}


def _without_repeats(contacts: Iterable[Json | None]) -> list[Json]:
    found: list[Json] = []
    for contact in contacts:
        if contact and contact not in found:
            found.append(contact)
    return found


def seconds(at: datetime) -> str:
    """A time as Meta writes it."""
    return str(int(at.timestamp()))


def contact_of(customer: Customer) -> Json:
    """The customer as `contacts[]` names them."""
    profile = {"name": customer.name} | ({"username": f"@{customer.username}"} if customer.username else {})
    contact: Json = {"profile": profile}
    if customer.wa_id:
        contact["wa_id"] = customer.wa_id
    if customer.user_id:
        contact["user_id"] = customer.user_id
    return contact


def message(
    line: Line, customer: Customer, wamid: str, at: datetime, kind: str, content: Json, **extra: Any
) -> Happening:
    """Anything a customer sends; `content` is the object named like the type, `extra` what stands beside it."""
    author: Json = {}
    if customer.wa_id:
        author["from"] = customer.wa_id
    if customer.user_id:
        author["from_user_id"] = customer.user_id
    piece = {**author, "id": wamid, "timestamp": seconds(at), "type": kind, kind: content, **extra}
    return Happening(line=line, field="messages", listed="messages", piece=piece, at=at, contact=contact_of(customer))


def echo(line: Line, customer: Customer, wamid: str, at: datetime, kind: str, content: Json, **extra: Any) -> Happening:
    """Anything the business sends from its own WhatsApp app (coexistence)."""
    recipient: Json = {}
    if customer.wa_id:
        recipient["to"] = customer.wa_id
    if customer.user_id:
        recipient["to_user_id"] = customer.user_id
    head = {"from": line.display_number, **recipient, "id": wamid, "timestamp": seconds(at)}
    piece = {**head, "type": kind, kind: content, **extra}
    return Happening(line=line, field="smb_message_echoes", listed="message_echoes", piece=piece, at=at)


def text(body: str) -> Json:
    """The content of a text message."""
    return {"body": body}


def media(kind: str, seed: str, *, caption: str = "", filename: str = "") -> Json:
    """The content of an image, voice message, video, document or sticker."""
    mime_type = {
        "image": "image/jpeg",
        "audio": "audio/ogg; codecs=opus",
        "video": "video/mp4",
        "document": "application/pdf",
        "sticker": "image/webp",
    }[kind]
    number = media_id(kind, seed)
    _, known = sample_of(number) or (kind, seed.encode())
    content: Json = {
        "mime_type": mime_type,
        "sha256": base64.b64encode(hashlib.sha256(known).digest()).decode(),
        "id": number,
    }
    if caption:
        content["caption"] = caption
    if filename:
        content["filename"] = filename
    if kind == "audio":
        content["voice"] = True
    if kind == "sticker":
        content["animated"] = False
    return content


def text_message(line: Line, customer: Customer, body: str, *, wamid: str, at: datetime, **extra: Any) -> Happening:
    """A customer writes."""
    return message(line, customer, wamid, at, "text", text(body), **extra)


def image_message(line: Line, customer: Customer, caption: str, *, wamid: str, at: datetime) -> Happening:
    """A customer sends a picture."""
    return message(line, customer, wamid, at, "image", media("image", wamid, caption=caption))


def reaction(line: Line, customer: Customer, emoji: str, *, to: str, wamid: str, at: datetime) -> Happening:
    """A customer reacts to the message `to`; an empty emoji takes the reaction back, and Meta then leaves it out."""
    content = {"message_id": to} | ({"emoji": emoji} if emoji else {})
    return message(line, customer, wamid, at, "reaction", content)


def edit(line: Line, customer: Customer, body: str, *, of: str, wamid: str, at: datetime) -> Happening:
    """A customer rewrites their text `of`."""
    new = {"type": "text", "text": text(body)}
    return message(line, customer, wamid, at, "edit", {"original_message_id": of, "message": new})


def revoke(line: Line, customer: Customer, *, of: str, wamid: str, at: datetime) -> Happening:
    """A customer deletes their message `of` for everyone."""
    return message(line, customer, wamid, at, "revoke", {"original_message_id": of})


def number_change(line: Line, customer: Customer, new_wa_id: str, *, wamid: str, at: datetime) -> Happening:
    """A customer moves to another number."""
    body = f"User {customer.name} changed from {customer.wa_id} to {new_wa_id}"
    system = {"body": body, "wa_id": new_wa_id, "type": "user_changed_number"}
    piece = {"from": customer.wa_id, "id": wamid, "timestamp": seconds(at), "system": system, "type": "system"}
    # Meta sends no contacts with it (its printed sample has none).
    return Happening(line=line, field="messages", listed="messages", piece=piece, at=at)


def preference(line: Line, customer: Customer, value: str, *, at: datetime) -> Happening:
    """A customer stops or resumes marketing messages in WhatsApp's own settings."""
    piece = {
        "wa_id": customer.wa_id,
        "detail": f"User requested to {value} marketing messages",
        "category": "marketing_messages",
        "value": value,
        "timestamp": int(at.timestamp()),
    }
    contact = contact_of(customer)
    return Happening(
        line=line, field="user_preferences", listed="user_preferences", piece=piece, at=at, contact=contact
    )


FAILURES: dict[int, str] = {
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
}


def status(line: Line, customer: Customer, state: str, *, of: str, at: datetime, failure: int = 131026) -> Happening:
    """What became of the message `of` that the business sent."""
    piece: Json = {"id": of, "status": state, "timestamp": seconds(at)}
    if customer.wa_id:
        piece["recipient_id"] = customer.wa_id
    if customer.user_id:
        piece["recipient_user_id"] = customer.user_id
    contact = contact_of(customer)
    if state == "failed":
        title = FAILURES.get(failure, "Message failed to send because of an unknown error")
        piece["errors"] = [{"code": failure, "title": title, "message": title}]
        return Happening(line=line, field="messages", listed="statuses", piece=piece, at=at)  # no contacts: see above
    if state == "sent":
        piece["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"}
    return Happening(line=line, field="messages", listed="statuses", piece=piece, at=at, contact=contact)
