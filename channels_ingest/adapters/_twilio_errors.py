"""Twilio's error codes, in words an agent can act on, and what each means for the address.

Twilio, "Error and warning dictionary" (read 2026-11). The codes are of answers to a send and of failed statuses alike.
"""

from collections.abc import Mapping
from types import MappingProxyType

from channels_ingest.adapters.troubles import OPTED_OUT, UNREACHABLE, WINDOW, Trouble, shown_words
from channels_ingest.adapters.words import gettext_noop

TROUBLES: Mapping[int, Trouble] = MappingProxyType(
    {
        # The account
        20003: Trouble(gettext_noop("Twilio refuses the line's credentials: check account_sid and auth_token")),
        20404: Trouble(gettext_noop("Twilio does not know the line's account: check account_sid")),
        20429: Trouble(gettext_noop("too many messages in a short time"), is_passing=True),
        21212: Trouble(gettext_noop("the line's own sender is not valid: check from")),
        21408: Trouble(gettext_noop("the line may not text this country: allow it in Twilio's geographic permissions")),
        21606: Trouble(gettext_noop("the line's number cannot send text messages")),
        21608: Trouble(gettext_noop("a Twilio trial account can only text numbers verified with Twilio")),
        21609: Trouble(
            gettext_noop("Twilio cannot reach the hub for reports: PUBLIC_BASE_URL must be a public address")
        ),
        21611: Trouble(gettext_noop("too many messages are waiting at Twilio for this line"), is_passing=True),
        21659: Trouble(gettext_noop("the line's number does not belong to its Twilio account")),
        21660: Trouble(gettext_noop("the line's number does not belong to its Twilio account")),
        21661: Trouble(gettext_noop("the line's number cannot send text messages")),
        30001: Trouble(gettext_noop("too many messages were waiting at Twilio for this line")),
        30002: Trouble(gettext_noop("the line's Twilio account is suspended")),
        30032: Trouble(gettext_noop("the line's toll-free number is not verified yet")),
        30034: Trouble(gettext_noop("the line's number is not registered for business texts in the US")),
        63007: Trouble(gettext_noop("Twilio has no WhatsApp sender under the line's number: check from")),
        # The address
        21211: Trouble(gettext_noop("this is no number that can be texted"), UNREACHABLE),
        21610: Trouble(
            gettext_noop("the customer texted STOP to this line; only they can undo that, by texting START"), OPTED_OUT
        ),
        21612: Trouble(gettext_noop("Twilio cannot reach this number from the line's number"), UNREACHABLE),
        21614: Trouble(gettext_noop("this number cannot receive text messages: it is no mobile number"), UNREACHABLE),
        21635: Trouble(gettext_noop("this number cannot receive text messages: it is a landline"), UNREACHABLE),
        30003: Trouble(gettext_noop("the phone was off or out of reach for too long"), UNREACHABLE),
        30004: Trouble(gettext_noop("the customer or their network blocks messages from this line")),
        30005: Trouble(gettext_noop("the network does not know this number: it may be out of use"), UNREACHABLE),
        30006: Trouble(
            gettext_noop("this number cannot receive text messages: a landline or a closed network"), UNREACHABLE
        ),
        63003: Trouble(gettext_noop("there is no WhatsApp user at this number"), UNREACHABLE),
        63024: Trouble(gettext_noop("there is no WhatsApp user at this number"), UNREACHABLE),
        63033: Trouble(gettext_noop("the customer blocked this line on WhatsApp"), OPTED_OUT),
        # The message
        21602: Trouble(gettext_noop("the message is empty")),
        21617: Trouble(gettext_noop("the message is too long: 1,600 characters are the most")),
        21619: Trouble(gettext_noop("the message is empty")),
        21620: Trouble(gettext_noop("Twilio cannot fetch the file: PUBLIC_BASE_URL must be a public address")),
        21656: Trouble(gettext_noop("the template does not take these parameters")),
        30007: Trouble(gettext_noop("the network took the message for spam")),
        30008: Trouble(gettext_noop("the network did not say why it failed")),
        30010: Trouble(gettext_noop("the message costs more than the most that the Twilio account allows")),
        30011: Trouble(gettext_noop("this network takes no pictures or files")),
        30012: Trouble(gettext_noop("it could not be delivered in time")),
        30036: Trouble(gettext_noop("it could not be delivered in time")),
        63005: Trouble(gettext_noop("WhatsApp does not take this content")),
        63013: Trouble(gettext_noop("the message is against WhatsApp's rules")),
        63016: Trouble(
            gettext_noop("more than 24 hours since the customer wrote, so only a template may be sent"), WINDOW
        ),
        63018: Trouble(gettext_noop("too many messages in a short time"), is_passing=True),
        63032: Trouble(gettext_noop("WhatsApp held it back to limit how much marketing this person gets")),
        63049: Trouble(gettext_noop("WhatsApp held it back to limit how much marketing this person gets")),
    }
)


def trouble_of(code: int, said: object = "") -> Trouble:
    """What the code means; for one without words of ours Twilio's own, without the numbers it likes to repeat."""
    if known := TROUBLES.get(code):
        return known
    return Trouble(shown_words(said) or gettext_noop("Twilio did not say why"))
