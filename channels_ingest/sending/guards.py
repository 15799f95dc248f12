"""Whether a channel identity may be written to, and with what; the reasons are in words for the person who asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from channels_ingest.sending.lines import SendingLine, sending_line
from channels_ingest.writing.snippets import gap_in
from profiles.consent import AddressState, Purpose, address_states
from profiles.epochs import standing_starts
from profiles.identity.evidence import FIRST_EPOCH
from profiles.identity.values import Standing
from profiles.models import ChannelIdentity
from profiles.reading_rights import hidden_now, words_for_restricted
from timeline.showing.wording import REPLY_REFUSALS, words_of

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
    return openness_of_all([identity], purpose=purpose, now=now)[identity.pk]


def openness_of_all(
    identities: Sequence[ChannelIdentity], *, purpose: str = SERVICE, now: datetime | None = None
) -> dict[int, Openness]:
    """The same for many, in a few queries besides one for each account."""
    now = now or timezone.now()
    lines = {account: sending_line(account) for account in {identity.account for identity in identities}}
    states = address_states([identity.pk for identity in identities], Purpose(purpose))
    starts = standing_starts((identity.account_id, identity.address) for identity in identities)
    found = {}
    for identity in identities:
        line = lines[identity.account]
        closed = _closed(identity, line, starts.get((identity.account_id, identity.address), []))
        state = states[identity.pk]
        if closed is None and not state.is_open:
            closed = Closed(state.code, _since(state))
        found[identity.pk] = Openness(line=line, closed=closed) if closed else _open(identity, line, now)
    return found


def _open(identity: ChannelIdentity, line: SendingLine | None, now: datetime) -> Openness:
    """An address that is open, at least to a template."""
    ends_at = window_ends_at(identity)
    closed_to_text = None
    if identity.account.channel == "whatsapp" and (ends_at is None or ends_at <= now):
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


def _closed(identity: ChannelIdentity, line: SendingLine | None, starts: Iterable[datetime]) -> Closed | None:
    """What closes the address to everything but the customer's own word, the lasting reasons first."""
    if identity.account_id in hidden_now():
        return Closed("restricted", words_for_restricted(identity.account))
    if identity.reply_refusal:
        return Closed(identity.reply_refusal, words_of(REPLY_REFUSALS, identity.reply_refusal))
    if identity.void_in_id is not None or _is_passed_on(identity, starts):
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
    return None


def _is_passed_on(identity: ChannelIdentity, starts: Iterable[datetime]) -> bool:
    """Whether somebody else has the address by now; `starts` are its standing boundaries."""
    return max((start for start in starts if start <= timezone.now()), default=FIRST_EPOCH) > identity.epoch_start


def _since(state: AddressState) -> str:
    if state.since is None:
        return f"{state.reason}."
    date = timezone.localtime(state.since).strftime("%d %b %Y")
    return _("%(reason)s, since %(date)s.") % {"reason": state.reason, "date": date}


def text_fault(text: str, channel: str) -> Closed | None:
    """What is wrong with a text for this channel."""
    if not text.strip():
        return Closed("empty", _("There is nothing to send: write something first."))
    if gap := gap_in(text):
        return Closed("gap", gap)
    longest = LONGEST_TEXT.get(channel, LONGEST_OTHER_TEXT)
    if len(text) > longest:
        said = _("%(length)d characters are too many: this channel takes %(longest)d.")
        return Closed("too_long", said % {"length": len(text), "longest": longest})
    return None
