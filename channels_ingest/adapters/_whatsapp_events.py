"""WhatsApp items that are no content: statuses, moves to another number or id, preferences, account news."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from channels_ingest.adapters._whatsapp_senders import (
    Circumstances,
    Ids,
    author_ids,
    identifiers_of,
    participant_ids,
    recipient_ids,
    sender_of,
    traits_of,
)
from channels_ingest.adapters.base import clean, clean_json
from channels_ingest.adapters.reading import (
    OddPartError,
    as_moment,
    as_object,
    as_word,
    digest,
    first_word,
    nameable,
)
from channels_ingest.messages import (
    AccountNotice,
    AddressChange,
    Amendment,
    ConsentChange,
    ContactHint,
    Item,
    Message,
    NotUnderstood,
)
from profiles.identity.values import Grade, Sender
from timeline.entries import AmendmentKind, Delivery, Direction, EntryKind

STATUSES: Mapping[str, Delivery] = MappingProxyType(
    {
        "sent": Delivery.SENT,
        "delivered": Delivery.DELIVERED,
        "read": Delivery.READ,
        "played": Delivery.READ,  # a voice message listened to
        "failed": Delivery.FAILED,
        "deleted": Delivery.UNKNOWN,  # says nothing about having arrived
        "warning": Delivery.UNKNOWN,  # likewise: sent, but a catalogue item in it does not exist
    }
)

GRANTING: Mapping[str, bool] = MappingProxyType({"stop": False, "resume": True, "signup": True})

NUMBER_CHANGES = ("user_changed_number", "customer_changed_number")  # the second is the spelling before v12
MOVES = (*NUMBER_CHANGES, "user_changed_user_id")

ACCOUNT_FIELDS = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_settings_update",
        "account_update",
        "business_capability_update",
        "business_status_update",
        "flows",
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "partner_solutions",
        "payment_configuration_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "template_category_update",
    }
)


def status_items(here: Circumstances, status: dict[str, Any]) -> list[Item]:
    """One state of a message the business sent; a word never heard of is kept and marks the envelope."""
    wamid, word = as_word(status.get("id")), as_word(status.get("status"))
    if not wamid or not word:
        raise OddPartError("status without a message id or a state")
    if status.get("type") == "payment":  # its `failed` means the payment, not the message
        word, delivery = f"payment_{word}", Delivery.UNKNOWN
    else:
        delivery = STATUSES.get(word, Delivery.UNKNOWN)
    sender = _status_sender(here, status)
    detail: dict[str, Any] = {"status": word, "delivery": delivery.value}
    for name in ("errors", "pricing"):
        if status.get(name):
            detail[name] = clean_json(status[name])
    if reference := as_word(status.get("biz_opaque_callback_data")):
        detail["reference"] = reference
    # In a group each member reports for themselves.
    member = f":{sender.address}" if sender and sender.reply_refusal else ""
    amendment = Amendment(
        kind=AmendmentKind.STATUS,
        key=f"{wamid}:{word}{member}",
        target_message_id=wamid,
        occurred_at=as_moment(status.get("timestamp"), otherwise=here.received_at),
        sender=sender,
        detail=detail,
    )
    if word in STATUSES or word.startswith("payment_"):
        return [amendment]
    return [amendment, NotUnderstood(reason=f"status {nameable(word)}")]


def _status_sender(here: Circumstances, status: dict[str, Any]) -> Sender | None:
    """Whom the message went to, as far as the status says."""
    in_group = status.get("recipient_type") == "group"
    group = as_word(status.get("recipient_id")) if in_group else ""
    try:
        return sender_of(here, participant_ids(status) if in_group else recipient_ids(status), group=group)
    except OddPartError:
        return None


def system_items(here: Circumstances, message: dict[str, Any], sender: Sender) -> list[Item]:
    """A move to another number or user id, or a remark of WhatsApp in the conversation."""
    system = as_object(message.get("system"))
    kind = as_word(system.get("type"))
    new = Ids(
        first_word(system, "wa_id", "new_wa_id"), as_word(system.get("user_id")), as_word(system.get("parent_user_id"))
    )
    left = _left(old=author_ids(message), new=new)
    if kind not in MOVES or not left:
        return _remark(here, message, sender, kind)
    return [
        AddressChange(
            sender=sender,
            became=identifiers_of(new, here.scope),
            left=left,
            occurred_at=as_moment(message.get("timestamp"), otherwise=here.received_at),
            provider_message_id=as_word(message.get("id")),
            text=clean(system.get("body")),
            detail={"type": "system", "event": kind},
        )
    ]


def _remark(here: Circumstances, message: dict[str, Any], sender: Sender, kind: str) -> list[Item]:
    """What WhatsApp says in a conversation; of a kind that is not known it may be more than words."""
    understood = kind == "customer_identity_changed"
    remark = Message(
        sender=sender,
        provider_message_id=as_word(message.get("id")),
        occurred_at=as_moment(message.get("timestamp"), otherwise=here.received_at),
        direction=Direction.NONE,
        kind=EntryKind.SYSTEM,
        text=clean(as_object(message.get("system")).get("body")),
        detail={"type": "system", "event": kind} | ({} if understood else {"raw": clean_json(message)}),
        placeholder=not understood,
    )
    return [remark] if understood else [remark, NotUnderstood(reason=f"system message of type {nameable(kind)}")]


def _left(*, old: Ids, new: Ids) -> tuple[str, ...]:
    """The addresses that are this person's no longer: those for which a different new one is named."""
    pairs = ((old.phone, new.phone), (old.user, new.user))
    return tuple(was for was, becomes in pairs if was and becomes and was != becomes)


def user_id_update_items(here: Circumstances, update: dict[str, Any]) -> list[Item]:
    """The rotation of a user id. Meta gives the event no id, so it gets one made of both user ids.

    The `wa_id` beside it may be the old number or the new one: it is sighted with the previous id only.
    """
    ids, parents = as_object(update.get("user_id")), as_object(update.get("parent_user_id"))
    previous, current = as_word(ids.get("previous")), as_word(ids.get("current"))
    if not previous or not current or previous == current:
        raise OddPartError("user id update without a previous and a current id")
    before = Ids(as_word(update.get("wa_id")), previous, as_word(parents.get("previous")))
    sender = Sender(
        address=previous,
        identifiers=identifiers_of(before, here.scope),
        traits=traits_of(here.contacts.find(before)),
    )
    return [
        AddressChange(
            sender=sender,
            became=identifiers_of(Ids("", current, as_word(parents.get("current"))), here.scope),
            left=(previous,),
            occurred_at=as_moment(update.get("timestamp"), otherwise=here.received_at),
            provider_message_id=f"user_id_update:{digest(previous, current)}",
            text=clean(update.get("detail")),
            detail={"type": "system", "event": "user_id_update"},
        )
    ]


def preference_items(here: Circumstances, preference: dict[str, Any]) -> list[Item]:
    """The customer stopped, resumed or signed up for marketing messages; service messages stay allowed."""
    category, value = as_word(preference.get("category")), as_word(preference.get("value"))
    if category != "marketing_messages" or value not in GRANTING:
        raise OddPartError(f"preference {nameable(value)} for {nameable(category)}")
    own = Ids(as_word(preference.get("wa_id")), as_word(preference.get("user_id")), "")
    sender = sender_of(here, own)
    detail = {"value": value}
    if signup := as_word(preference.get("signup_id")):
        detail["signup_id"] = signup
    return [
        ConsentChange(
            sender=sender,
            key=f"user_preferences:{sender.address}:{value}:{as_word(preference.get('timestamp'))}",
            purpose="marketing",
            granted=GRANTING[value],
            occurred_at=as_moment(preference.get("timestamp"), otherwise=here.received_at),
            source="user_preferences",
            text=clean(preference.get("detail")),
            detail=detail,
        )
    ]


def address_book_items(here: Circumstances, change: dict[str, Any]) -> list[Item]:
    """A contact the business saved in its own WhatsApp app: claimed. One it removed is account news only."""
    contact, action = as_object(change.get("contact")), change.get("action")
    if change.get("type") != "contact" or action not in ("add", "remove"):
        raise OddPartError(f"state sync {nameable(action)} of {nameable(change.get('type'))}")
    if action == "remove":
        return [notice(here, "contact_removed", change, {})]
    ids = Ids(as_word(contact.get("phone_number")), as_word(contact.get("user_id")), "")
    if not (ids.user or ids.phone):
        raise OddPartError("saved contact without a number")
    name = clean(contact.get("full_name")).strip() or clean(contact.get("first_name")).strip()
    sender = Sender(
        address=ids.user or ids.phone,
        identifiers=identifiers_of(ids, here.scope, Grade.CLAIMED),
        traits={"name": name} if name else {},
    )
    said_at = as_object(change.get("metadata")).get("timestamp")
    return [ContactHint(sender=sender, occurred_at=as_moment(said_at, otherwise=here.received_at))]


def error_items(here: Circumstances, error: dict[str, Any]) -> list[Item]:
    """An error of the line itself, such as a rate limit or a refusal to share history."""
    return [notice(here, "error", error, clean_json(error))]


def account_items(here: Circumstances, value: dict[str, Any], *, kind: str) -> list[Item]:
    """News of the account, as Meta words it."""
    return [notice(here, kind, value, clean_json(value))]


def notice(here: Circumstances, kind: str, signed: dict[str, Any], detail: dict[str, Any]) -> AccountNotice:
    """Account news. Its key is made of what Meta signed, since Meta gives it no id."""
    return AccountNotice(
        key=f"{kind}:{digest(here.account_id, here.route, here.entry_time, signed)}",
        kind=kind,
        occurred_at=as_moment(here.entry_time, otherwise=here.received_at),
        detail=detail,
    )
