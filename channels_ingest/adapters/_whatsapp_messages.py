"""WhatsApp messages as items: a customer's, the business's own from its app, and those of the imported history."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from channels_ingest.adapters._whatsapp_content import content_of, is_unsubscribing, surroundings_of
from channels_ingest.adapters._whatsapp_events import system_items
from channels_ingest.adapters._whatsapp_senders import (
    Circumstances,
    Ids,
    author_ids,
    digits_of,
    recipient_ids,
    sender_of,
)
from channels_ingest.adapters.base import clean, clean_json
from channels_ingest.adapters.reading import OddPartError, as_list, as_moment, as_object, as_word, nameable
from channels_ingest.messages import Amendment, ConsentChange, Item, Message, NotUnderstood
from profiles.identity.values import Sender
from timeline.entries import AmendmentKind, Delivery, Direction

_HISTORY_STATUSES: Mapping[str, Delivery] = MappingProxyType(
    {
        "SENT": Delivery.SENT,
        "DELIVERED": Delivery.DELIVERED,
        "READ": Delivery.READ,
        "PLAYED": Delivery.READ,
        "ERROR": Delivery.FAILED,
    }
)


#: To look a member of an enum up takes 0.2 µs on Python 3.11, and these are looked up for each message.
_IN, _OUT = Direction.IN, Direction.OUT


class _Side(Struct, frozen=True):
    """Whose message it is: the customer it belongs to, and its direction. `author` is who reacts."""

    sender: Sender
    direction: Direction
    author: str
    group: str = ""
    delivery: Delivery | None = None
    backfilled: bool = False


def customer_items(here: Circumstances, message: dict[str, Any]) -> list[Item]:
    """A message of a customer."""
    group = as_word(message.get("group_id"))
    sender = sender_of(here, author_ids(message), group=group)
    return _items(here, message, _Side(sender, _IN, sender.address, group))


def echo_items(here: Circumstances, message: dict[str, Any]) -> list[Item]:
    """What the business wrote in its own WhatsApp app, beside the API."""
    sender = sender_of(here, recipient_ids(message))
    author = as_word(message.get("from")) or here.own_number
    return _items(here, message, _Side(sender, _OUT, author, delivery=Delivery.SENT))


def history_items(here: Circumstances, message: dict[str, Any], *, thread: dict[str, Any]) -> list[Item]:
    """A message from before the line was connected; the thread names the customer, `from` tells the direction."""
    named = as_object(thread.get("context")) or thread
    ids = Ids(as_word(named.get("wa_id")), as_word(named.get("user_id")), as_word(named.get("parent_user_id")))
    thread_id = as_word(thread.get("id"))
    if "." in thread_id:  # a user id is CC.xxx, a number has digits only
        ids = Ids(ids.phone, ids.user or thread_id, ids.parent)
    else:
        ids = Ids(ids.phone or thread_id, ids.user, ids.parent)
    return _backfilled_items(here, message, sender_of(here, ids))


def history_media_items(here: Circumstances, message: dict[str, Any]) -> list[Item]:
    """The content of a media placeholder of the history, without its thread.

    Of one the business sent nothing names the customer: it amends the placeholder, which does.
    """
    if not _is_ours(here, message):
        return _backfilled_items(here, message, sender_of(here, author_ids(message)))
    to = recipient_ids(message)
    if to.phone or to.user:
        return _backfilled_items(here, message, sender_of(here, to))
    text, detail = content_of(message)
    target = _target(message, "id")
    content = _amendment(here, message, AmendmentKind.EDIT, None, target, text=text, detail=detail)
    return [replace(content, key=f"{target}:media")]


def _backfilled_items(here: Circumstances, message: dict[str, Any], sender: Sender) -> list[Item]:
    """A message of the past, with the delivery state it had then."""
    if not _is_ours(here, message):
        side = _Side(sender=sender, direction=_IN, author=sender.address, backfilled=True)
    else:
        status = as_object(message.get("history_context")).get("status")
        delivery = _HISTORY_STATUSES.get(status, Delivery.UNKNOWN) if isinstance(status, str) else None
        side = _Side(sender=sender, direction=_OUT, author=here.own_number, delivery=delivery, backfilled=True)
    return _items(here, message, side)


def _is_ours(here: Circumstances, message: dict[str, Any]) -> bool:
    """Whether the line itself wrote it: `from` is the display number, which Meta prints with or without spaces."""
    return bool(here.own_number) and digits_of(as_word(message.get("from"))) == here.own_number


def _items(here: Circumstances, message: dict[str, Any], side: _Side) -> list[Item]:
    """The message as an entry, or as the amendment of another one."""
    wamid = as_word(message.get("id"))
    if not wamid:
        raise OddPartError("message without an id")
    kind = message.get("type")
    if kind == "reaction":
        # The emoji is empty or missing when the reaction was taken back; both are printed by Meta.
        emoji = clean(as_object(message.get("reaction")).get("emoji"))
        target = _target(message, "reaction", "message_id")
        reaction = {"emoji": emoji, "from": side.author}
        return [_amendment(here, message, AmendmentKind.REACTION, side.sender, target, **reaction)]
    if kind == "revoke":
        target = _target(message, "revoke", "original_message_id")
        return [_amendment(here, message, AmendmentKind.REVOKE, side.sender, target)]
    if kind == "edit":
        target = _target(message, "edit", "original_message_id")
        text, detail = content_of(as_object(as_object(message.get("edit")).get("message")))
        return [_amendment(here, message, AmendmentKind.EDIT, side.sender, target, text=text, detail=detail)]
    if kind == "system":
        return system_items(here, message, side.sender)
    return _entry_items(here, message, side)


def _target(message: dict[str, Any], *path: str) -> str:
    """The id of the message amended, at `path`."""
    found: Any = message
    for name in path:
        found = as_object(found).get(name)
    if not (target := as_word(found)):
        raise OddPartError(f"{nameable(message.get('type'))} of no message")
    return target


def _amendment(
    here: Circumstances,
    message: dict[str, Any],
    kind: AmendmentKind,
    sender: Sender | None,
    target: str,
    **detail: Any,
) -> Amendment:
    """What `message` does to `target`; the event's key is its own id."""
    return Amendment(
        kind=kind,
        key=as_word(message.get("id")),
        target_message_id=target,
        occurred_at=as_moment(message.get("timestamp"), otherwise=here.received_at),
        sender=sender,
        detail=detail,
    )


def _entry_items(here: Circumstances, message: dict[str, Any], side: _Side) -> list[Item]:
    """The message with its content; a placeholder that can be replayed if the content is not understood."""
    text, detail, reason = "", {}, ""
    placeholder = message.get("type") == "media_placeholder"
    if placeholder:  # the file follows in a webhook of its own, under the same id
        detail = {"type": "media"} | surroundings_of(message)
    else:
        try:
            text, detail = content_of(message)
            detail |= surroundings_of(message)
        except OddPartError as odd:
            detail, reason = _unread(here, message, str(odd))
    if side.group:
        detail["group"] = {"id": side.group, "sender": side.sender.address.removeprefix(f"{side.group}:")}
    entry = Message(
        sender=side.sender,
        provider_message_id=as_word(message.get("id")),
        occurred_at=as_moment(message.get("timestamp"), otherwise=here.received_at),
        direction=side.direction,
        text=text,
        detail=detail,
        delivery=side.delivery,
        placeholder=placeholder or bool(reason),
        backfilled=side.backfilled,
    )
    if reason:
        return [entry, NotUnderstood(reason=reason)]
    if side.direction is _IN and is_unsubscribing(message):
        return [entry, opt_out_by_button(entry)]
    return [entry]


def _unread(here: Circumstances, message: dict[str, Any], reason: str) -> tuple[dict[str, Any], str]:
    """The detail of a message without readable content, and the reason it is not understood.

    Where the content is missing altogether, Meta's error beside it is the explanation: there is no more to be had.
    """
    detail = {"type": "unsupported"} | surroundings_of(message)
    errors = [*as_list(message.get("errors")), *here.errors]
    if errors:
        detail["errors"] = clean_json(errors)
        if not message.get(str(message.get("type"))):
            return detail, ""
    return detail | {"raw": clean_json(message)}, reason


def opt_out_by_button(entry: Message) -> ConsentChange:
    """What the opt-out button of a marketing template means."""
    return ConsentChange(
        sender=entry.sender,
        key=f"{entry.provider_message_id}:consent",
        purpose="marketing",
        granted=False,
        occurred_at=entry.occurred_at,
        source="template_button",
        text=entry.text,
        evidence=entry.provider_message_id,
    )
