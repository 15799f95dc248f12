"""Who a WhatsApp item is from or for: the circumstances of one change, its contacts, and the sender rule.

Meta, "Business-scoped user IDs" (revision of 7 May 2026): a user with a username may come without any phone number;
ids of the parent portfolio are spelt in several ways, in the printed samples and since the renaming of 5 May 2026.
"""

import re
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.reading import OddPartError, as_list, as_object, as_word, first_word
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender

GROUP_REFUSAL = "group"
LONGEST_TRAIT = 200  # characters; WhatsApp allows far fewer
_TRAITS = ("name", "username")


class Ids(Struct, frozen=True):
    """What Meta calls one user, as received; empty where it did not say."""

    phone: str = ""  # the wa_id
    user: str = ""  # the business-scoped user id (BSUID)
    parent: str = ""  # the BSUID at the parent portfolio


class Contacts(Struct, frozen=True):
    """A change's `contacts[]`, found by id: their order and number say nothing about the messages."""

    by_user: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_phone: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_parent: dict[str, dict[str, Any]] = field(default_factory=dict)

    def find(self, ids: Ids) -> dict[str, Any]:
        """The contact of `ids`, empty if there is none.

        The parent id comes last; it also finds the contact where the BSUID is misprinted (meta-text-bsuid-only.json).
        """
        return self.by_user.get(ids.user) or self.by_phone.get(ids.phone) or self.by_parent.get(ids.parent) or {}


class Circumstances(Struct, frozen=True, kw_only=True):
    """What every item of one change shares. `entry_time` is what Meta wrote there, on account-level news only."""

    route: str
    account_id: str
    scope: str
    own_number: str
    contacts: Contacts
    errors: list[Any]
    received_at: datetime
    entry_time: object = None


def contacts_of(value: dict[str, Any]) -> Contacts:
    """The contacts of a change by each of their ids; of two with the same id the first counts."""
    contacts = Contacts()
    for contact in as_list(value.get("contacts")):
        if isinstance(contact, dict):
            if user := as_word(contact.get("user_id")):
                contacts.by_user.setdefault(user, contact)
            if phone := as_word(contact.get("wa_id")):
                contacts.by_phone.setdefault(phone, contact)
            if parent := as_word(contact.get("parent_user_id")):
                contacts.by_parent.setdefault(parent, contact)
    return contacts


def author_ids(message: dict[str, Any]) -> Ids:
    """The ids of who wrote a message."""
    return Ids(
        as_word(message.get("from")),
        as_word(message.get("from_user_id")),
        first_word(message, "from_parent_user_id", "parent_from_user_id", "parent_user_id"),
    )


def recipient_ids(message: dict[str, Any]) -> Ids:
    """The ids of the customer a message of the business went to."""
    return Ids(
        first_word(message, "to", "recipient_id"),
        first_word(message, "to_user_id", "recipient_user_id"),
        first_word(
            message, "to_parent_user_id", "recipient_parent_user_id", "parent_recipient_user_id", "parent_user_id"
        ),
    )


def participant_ids(status: dict[str, Any]) -> Ids:
    """The ids of the group member a group's status speaks of."""
    return Ids(
        as_word(status.get("recipient_participant_id")),
        as_word(status.get("recipient_participant_user_id")),
        first_word(status, "recipient_participant_parent_user_id", "parent_recipient_participant_user_id"),
    )


def digits_of(number: str) -> str:
    """`number` without spaces and signs: Meta prints the display number either way."""
    return number if number.isdigit() else re.sub(r"\D", "", number)


#: To look a member of an enum up takes 0.2 µs on Python 3.11, and this one is looked up for each message.
_PHONE = IdentifierKind.PHONE


def phone_identifier(phone: str, grade: Grade = Grade.PROVED) -> SeenIdentifier | None:
    """The wa_id as a phone identifier; None if it is not made of digits and so cannot be a number."""
    digits = phone.removeprefix("+")
    return SeenIdentifier(_PHONE, f"+{digits}", "", grade) if digits.isascii() and digits.isdigit() else None


def identifiers_of(ids: Ids, scope: str, grade: Grade = Grade.PROVED) -> tuple[SeenIdentifier, ...]:
    """Everything `ids` ties together. A parent id is a user id of its own, wider scope."""
    seen = []
    if phone := phone_identifier(ids.phone, grade):
        seen.append(phone)
    if ids.user:
        seen.append(SeenIdentifier(IdentifierKind.WHATSAPP_USER, ids.user, scope, grade))
    if ids.parent:
        seen.append(SeenIdentifier(IdentifierKind.WHATSAPP_USER, ids.parent, f"{scope}/parent", grade))
    return tuple(seen)


def traits_of(contact: dict[str, Any]) -> dict[str, str]:
    """The self-chosen name and username, as received: shown, never an identifier."""
    traits = {}
    if profile := as_object(contact.get("profile")):
        for name in _TRAITS:
            if value := clean(profile.get(name)).strip():
                traits[name] = value[:LONGEST_TRAIT]
    return traits


def sender_of(here: Circumstances, own: Ids, *, group: str = "") -> Sender:
    """The customer's side. The item's own ids win; its contact fills in what they leave out.

    The address is the BSUID if there is one, else the wa_id. A group member is one sender per group: tied to the person
    by identifiers, but not to be replied to there. Raises OddPartError if nobody is named.
    """
    contact = here.contacts.find(own)
    ids = Ids(
        own.phone or as_word(contact.get("wa_id")),
        own.user or as_word(contact.get("user_id")),
        own.parent or as_word(contact.get("parent_user_id")),
    )
    address = ids.user or ids.phone
    if not address:
        raise OddPartError("nobody named as the customer")
    return Sender(
        address=f"{group}:{address}" if group else address,
        identifiers=identifiers_of(ids, here.scope),
        traits=traits_of(contact),
        reply_refusal=GROUP_REFUSAL if group else "",
    )
