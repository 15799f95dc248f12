"""What SES reports of mails that we sent: one item for each recipient it names."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.mail.events import complained, iso_moment, status, unsubscribed
from channels_ingest.adapters.reading import OddPartError, as_list, as_object, as_word, nameable
from channels_ingest.messages import Item
from timeline.entries import Delivery as State

#: Event -> (where its facts stand, our word, state).
_STATES: Mapping[str, tuple[str, str, State]] = {
    "Send": ("send", "sent", State.SENT),
    "Delivery": ("delivery", "delivered", State.DELIVERED),
    "DeliveryDelay": ("deliveryDelay", "delayed", State.SENT),
    "Bounce": ("bounce", "bounced", State.FAILED),
    "Reject": ("reject", "rejected", State.FAILED),
    "Rendering Failure": ("failure", "rejected", State.FAILED),
    "Open": ("open", "opened", State.DELIVERED),  # programs open mails too: it says no more than that it is there
    "Click": ("click", "clicked", State.DELIVERED),
}


def event_items(word: str, message: Mapping[str, Any], at: datetime) -> list[Item]:
    """The items of an event. Raises OddPartError for one without a meaning."""
    mail = as_object(message.get("mail"))
    message_id = as_word(mail.get("messageId"))
    if word == "Complaint":
        facts = as_object(message.get("complaint"))
        at = iso_moment(facts.get("timestamp"), otherwise=at)
        addresses = _addresses(facts.get("complainedRecipients"))
        return [complained(address, key=f"ses:{message_id}:complaint:{address}", at=at) for address in addresses]
    if word == "Subscription":
        return _subscription(message, message_id, at)
    if word not in _STATES:
        raise OddPartError(f"event {nameable(word)}")
    place, our_word, state = _STATES[word]
    facts = as_object(message.get(place))
    at = iso_moment(facts.get("timestamp"), otherwise=at)
    tags = as_list(as_object(mail.get("tags")).get("reference"))
    reference = as_word(tags[0]) if tags else ""
    found: list[Item] = []
    for address, reason in _recipients(word, facts, mail):
        about: dict[str, Any] = {}
        if state is State.FAILED:
            about = {"code": as_word(facts.get("bounceType")), "reason": reason}
        found.append(
            status(
                our_word,
                state,
                key=f"ses:{message_id}:{our_word}:{address}",
                target=message_id,
                at=at,
                reference=reference,
                recipient=address,
                **about,
            )
        )
    return found


def _recipients(word: str, facts: Mapping[str, Any], mail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Whom the event is about, each with the reason of a failure."""
    if word == "Bounce":
        listed = [each for each in as_list(facts.get("bouncedRecipients")) if isinstance(each, dict)]
        return [
            (as_word(each.get("emailAddress")), clean(each.get("diagnosticCode")) or as_word(each.get("status")))
            for each in listed
        ]
    reason = clean(facts.get("reason")) or clean(facts.get("errorMessage"))
    listed_words = as_list(facts.get("recipients")) or as_list(mail.get("destination"))
    return [(as_word(each), reason) for each in listed_words if isinstance(each, str)] or [("", reason)]


def _subscription(message: Mapping[str, Any], message_id: str, at: datetime) -> list[Item]:
    """What a recipient chose on SES's own page of topics."""
    facts = as_object(message.get("subscription"))
    if as_object(facts.get("newTopicPreferences")).get("unsubscribeAll") is not True:
        raise OddPartError("subscription without unsubscribeAll")
    destination = as_list(as_object(message.get("mail")).get("destination"))
    return [
        unsubscribed(address, key=f"ses:{message_id}:unsubscribed:{address}", at=at)
        for address in (as_word(each) for each in destination)
    ]


def _addresses(listed: object) -> Iterable[str]:
    return [as_word(each.get("emailAddress")) for each in as_list(listed) if isinstance(each, dict)]
