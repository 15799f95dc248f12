"""Whether a channel identity may be written to, and with what; the reasons are in words for the person who asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest.sending.lines import SendingLine, sending_line
from profiles.consent import AddressState, Purpose, address_state
from profiles.epochs import standing_starts
from profiles.identity.evidence import FIRST_EPOCH
from profiles.identity.values import Standing
from profiles.models import ChannelIdentity
from timeline.wording import REPLY_REFUSALS, words_of

#: How long after a customer's last message WhatsApp lets a business write free text (Meta, "Send messages").
WINDOW = timedelta(hours=24)
#: Longest text by channel, in characters (Meta 4,096; Twilio 1,600); what is longer is refused whole, never cut.
LONGEST_TEXT = {"whatsapp": 4_096, "sms": 1_600, "chat": 10_000}
LONGEST_OTHER_TEXT = 200_000
SERVICE, MARKETING = Purpose.SERVICE.value, Purpose.MARKETING.value


@dataclass(frozen=True, slots=True)
class Closed:
    """Why nothing can be sent. `code` is for programs: it is one of a few words and never changes."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Openness:
    """Whether an address can be answered now. `window_ends_at` is when WhatsApp closes it for free text.

    `closed_to_text` closes it for all but a template.
    """

    line: SendingLine | None
    closed: Closed | None
    closed_to_text: Closed | None = None
    window_ends_at: datetime | None = None
    caution: str = ""


def openness_of(identity: ChannelIdentity, *, purpose: str = SERVICE, now: datetime | None = None) -> Openness:
    """Whether `identity`, read with its account, may be written to for `purpose`."""
    line = sending_line(identity.account)
    if closed := _closed(identity, line, purpose):
        return Openness(line=line, closed=closed)
    ends_at = window_ends_at(identity)
    closed_to_text = None
    if identity.account.channel == "whatsapp" and (ends_at is None or ends_at <= (now or timezone.now())):
        closed_to_text = Closed(
            "window",
            _("More than 24 hours since the customer wrote on WhatsApp: only an approved template can be sent.")
            if ends_at
            else _("The customer has not written on WhatsApp yet: only an approved template can be sent."),
        )
    caution = ""
    if identity.standing == Standing.UNPROVED:
        caution = _("Nothing proves that this sender is who the address says. The reply goes to the address's owner.")
    return Openness(line=line, closed=None, closed_to_text=closed_to_text, window_ends_at=ends_at, caution=caution)


def window_ends_at(identity: ChannelIdentity) -> datetime | None:
    """When WhatsApp closes the address for free text; None for other channels and who never wrote."""
    if identity.account.channel != "whatsapp" or identity.last_inbound_at is None:
        return None
    return identity.last_inbound_at + WINDOW


def _closed(identity: ChannelIdentity, line: SendingLine | None, purpose: str) -> Closed | None:
    """What closes the address to everything, the lasting reasons first."""
    if identity.reply_refusal:
        return Closed(identity.reply_refusal, words_of(REPLY_REFUSALS, identity.reply_refusal))
    if identity.void_in_id is not None or _is_passed_on(identity):
        return Closed("passed_on", _("Somebody else uses this address now. Answer on another address."))
    if not identity.account.is_enabled:
        return Closed("line_off", _("The line %(line)s is switched off.") % {"line": identity.account.name})
    if line is None:
        return Closed("receives_only", _("The line %(line)s only receives.") % {"line": identity.account.name})
    if line.lacks:
        lacking = {"line": identity.account.name, "settings": ", ".join(line.lacks)}
        return Closed("credentials", _("The line %(line)s cannot send without %(settings)s.") % lacking)
    if identity.standing == Standing.FAILED:
        said = _("The mail failed the sender's own check, so it may be forged; a reply would reach somebody else.")
        return Closed("forged", said)
    state = address_state(identity, Purpose(purpose))
    return None if state.is_open else Closed(state.code, _since(state))


def _is_passed_on(identity: ChannelIdentity) -> bool:
    """Whether somebody else has the address by now."""
    address = (identity.account_id, identity.address)
    starts = [start for start in standing_starts([address]).get(address, []) if start <= timezone.now()]
    return (starts[-1] if starts else FIRST_EPOCH) > identity.epoch_start


def _since(state: AddressState) -> str:
    if state.since is None:
        return f"{state.reason}."
    date = timezone.localtime(state.since).strftime("%d %b %Y")
    return _("%(reason)s, since %(date)s.") % {"reason": state.reason, "date": date}


def text_fault(text: str, channel: str) -> Closed | None:
    """What is wrong with a text for this channel."""
    if not text.strip():
        return Closed("empty", _("There is nothing to send: write something first."))
    longest = LONGEST_TEXT.get(channel, LONGEST_OTHER_TEXT)
    if len(text) > longest:
        said = _("%(length)d characters are too many: this channel takes %(longest)d.")
        return Closed("too_long", said % {"length": len(text), "longest": longest})
    return None
