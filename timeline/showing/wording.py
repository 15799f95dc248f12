"""The words and icons an agent reads for the codes that the timeline stores. Icons are ids of the sprite."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from profiles.identity.canonical import display_phone

Word = str | Promise

#: Channel -> (icon, word). Colour is only the third cue, so both are always shown.
CHANNELS: Mapping[str, tuple[str, Word]] = {
    "whatsapp": ("whatsapp", "WhatsApp"),
    "sms": ("message-square-text", _lazy("SMS")),
    "email": ("mail", _lazy("E-mail")),
    "chat": ("message-circle", _lazy("Web chat")),
    "store": ("store", _lazy("Store")),
}

#: Channels whose addresses are phone numbers, or provider ids that are no number.
PHONE_CHANNELS = ("whatsapp", "sms")

#: Content type -> (icon, what an agent calls one of it).
TYPES: Mapping[str, tuple[str, Word]] = {
    "image": ("image", _lazy("Photo")),
    "audio": ("music", _lazy("Audio")),
    "voice": ("mic", _lazy("Voice note")),
    "video": ("video", _lazy("Video")),
    "document": ("file-text", _lazy("Document")),
    "sticker": ("sticker", _lazy("Sticker")),
    "location": ("map-pin", _lazy("Location")),
    "contacts": ("contact", _lazy("Contact card")),
    "order": ("shopping-bag", _lazy("Order")),
    "choice": ("list-checks", _lazy("Choice")),
    "unsupported": ("file-question", _lazy("Unsupported message")),
}
FILE = ("paperclip", _lazy("File"))

#: Delivery -> (icon, word, tone).
DELIVERIES: Mapping[str, tuple[str, Word, str]] = {
    "queued": ("timer", _lazy("Queued"), "quiet"),
    "sent": ("check", _lazy("Sent"), "quiet"),
    "delivered": ("check-check", _lazy("Delivered"), "quiet"),
    "read": ("check-check", _lazy("Read"), "good"),
    "failed": ("circle-alert", _lazy("Failed"), "bad"),
    "unknown": ("circle-help", _lazy("Not confirmed"), "quiet"),
}

#: Grade -> (icon, word, what it means).
GRADES: Mapping[str, tuple[str, Word, Word]] = {
    "decided": ("badge-check", _lazy("Confirmed by your team"), _lazy("A colleague decided this")),
    "proved": ("shield-check", _lazy("Verified"), _lazy("The channel vouches for it")),
    "weak": ("shield", _lazy("Not verified"), _lazy("A text message's sender can be forged")),
    "claimed": ("shield", _lazy("Claimed"), _lazy("Somebody typed it; nothing proves it")),
}

#: Why the sender of a message may be somebody else, by its grade.
DOUBTS: Mapping[str, Word] = {
    "weak": _lazy("Number can be forged"),
    "claimed": _lazy("Sender not proved"),
}

IDENTIFIERS: Mapping[str, tuple[str, Word]] = {
    "customer_id": ("id-card", _lazy("Customer number")),
    "whatsapp_user": ("whatsapp", _lazy("WhatsApp user")),
    "phone": ("phone", _lazy("Phone")),
    "email": ("mail", _lazy("E-mail")),
    "visitor": ("globe", _lazy("Web visitor")),
    "order": ("package", _lazy("Order")),
}

#: The code, icon and word of each that is more than none.
PRIORITIES: Mapping[int, tuple[str, str, Word]] = {
    3: ("urgent", "chevrons-up", _lazy("Urgent")),
    2: ("high", "chevron-up", _lazy("High")),
    1: ("low", "chevron-down", _lazy("Low")),
}
NO_PRIORITY: Word = _lazy("No priority")

REPLY_REFUSALS: Mapping[str, Word] = {
    "group": _lazy("This is a group; the hub does not answer into groups yet"),
    "unreadable_sender": _lazy("The mail names no single sender that could be answered"),
    "store": _lazy("What a shop knows of them; nothing can be sent here"),
    "short_code": _lazy("A service's short code: answers to it reach nobody"),
    "sender_name": _lazy("Sent under a name instead of a number: it cannot be answered"),
}

TRAITS: Mapping[str, Word] = {
    "name": _lazy("Name"),
    "username": _lazy("User name"),
    "email": _lazy("E-mail"),
    "phone": _lazy("Phone"),
    "language": _lazy("Language"),
    "locale": _lazy("Language"),
    "country": _lazy("Country"),
    "country_code": _lazy("Country"),
    "city": _lazy("City"),
    "company": _lazy("Company"),
    "address": _lazy("Address"),
    "birthday": _lazy("Birthday"),
    "timezone": _lazy("Time zone"),
}

PURPOSES: Mapping[str, Word] = {
    "marketing": _lazy("Marketing"),
    "all": _lazy("All messages"),
    "hold": _lazy("Possible opt-out"),
}

SOURCES: Mapping[str, Word] = {
    "user_preferences": _lazy("changed in the app's own settings"),
    "template_button": _lazy("pressed the opt-out button"),
    "keyword": _lazy("wrote a keyword"),
    "provider": _lazy("wrote a keyword, which the provider obeyed"),
    "probable": _lazy("not a keyword, so somebody should read it"),
    "list_unsubscribe": _lazy("unsubscribed from a mail"),
    "complaint": _lazy("reported a mail as spam"),
    "profile": _lazy("the customer's own profile"),
    "address_book": _lazy("your address book"),
    "whatsapp_cloud": "WhatsApp",
    "whatsapp_twilio": "WhatsApp",
    "sms_twilio": _lazy("SMS"),
    "agent": _lazy("entered by your team"),
}

#: What became of an order or payment, as shops call it.
EVENT_STATES: Mapping[str, Word] = {
    "canceled": _lazy("Cancelled"),
    "captured": _lazy("Received"),
    "succeeded": _lazy("Received"),
    "fulfilled": _lazy("Shipped"),
}

#: Meta's error codes whose own words say little to an agent (Meta, "Error codes", WhatsApp Cloud API).
REASONS: Mapping[int, Word] = {
    131026: _lazy("the customer's phone cannot receive it: not on WhatsApp, or an outdated app"),
    131047: _lazy("more than 24 hours since the customer wrote, so only a template may be sent"),
    131049: _lazy("WhatsApp held it back to limit how much marketing this person gets"),
    131050: _lazy("the customer stopped marketing messages from this line"),
    131053: _lazy("WhatsApp could not take the attachment"),
    130472: _lazy("this person is in an experiment of WhatsApp's and gets no marketing"),
    131056: _lazy("too many messages to this person in a short time"),
    131048: _lazy("WhatsApp limits this line because of spam reports"),
    131051: _lazy("WhatsApp does not pass on this type of message"),
}


def channel_of(channel: str) -> tuple[str, str]:
    """Icon and word of a channel, also of one this release has no word for."""
    icon, word = CHANNELS.get(channel, ("message-square", channel.replace("_", " ").capitalize()))
    return icon, str(word)


def type_of(content_type: str, *, is_voice: bool = False) -> tuple[str, str]:
    """Icon and word of a content type; the paperclip for one without a word of its own."""
    icon, word = TYPES.get("voice" if is_voice and content_type == "audio" else content_type, FILE)
    return icon, str(word)


def identifier_of(kind: str) -> tuple[str, str]:
    """Icon and word of a kind of identifier."""
    icon, word = IDENTIFIERS.get(kind, ("fingerprint", kind.replace("_", " ").capitalize()))
    return icon, str(word)


def identifier_words(kind: str, value: str) -> str:
    """One identifier in words: "Phone +49 1511 2345678"."""
    return f"{identifier_of(kind)[1]} {display_phone(value) if kind == 'phone' else value}".strip()


def shown_address(channel: str, address: str) -> str:
    """A phone number as people read it, the end of a browser's mark; any other address as it is."""
    if channel == "chat":
        return _("Browser %(mark)s") % {"mark": address[-4:].upper()}
    is_number = channel in PHONE_CHANNELS and address.removeprefix("+").isdecimal()
    return display_phone(f"+{address.removeprefix('+')}") if is_number else address


def isolated(name: str) -> str:
    """A name for the middle of a sentence: one in a right-to-left script does not turn the words around it."""
    is_turned = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)
    return f"\u2068{name}\u2069" if is_turned else name


def words_of(known: Mapping[str, Word], code: str) -> str:
    """The word for `code`, or the code itself made readable."""
    return str(known.get(code) or code.replace("_", " ").strip().capitalize())


def reason_of(errors: Any) -> str:
    """Why a provider refused, in words an agent can act on; the provider's own words where we have none."""
    for error in errors if isinstance(errors, list) else []:
        if not isinstance(error, dict):
            continue
        code = error.get("code")
        if isinstance(code, int) and code in REASONS:
            return str(REASONS[code])
        data = error.get("error_data")
        details = data.get("details") if isinstance(data, dict) else ""
        if words := details or error.get("message") or error.get("title"):
            return _(str(words))  # adapters write theirs to be translated
        if code:
            return _("error %(code)s") % {"code": code}
    return ""


def consent_line(purpose: str, *, is_granted: bool, channel: str) -> str:
    """One consent in words: "Marketing by WhatsApp: withdrawn"."""
    if purpose == "hold":
        said = _("Looked at: no opt-out by %(channel)s") if is_granted else _("Perhaps an opt-out by %(channel)s")
        return said % {"channel": channel}
    state = _("given") if is_granted else _("withdrawn")
    line = {"purpose": words_of(PURPOSES, purpose), "channel": channel, "state": state}
    return _("%(purpose)s by %(channel)s: %(state)s") % line
