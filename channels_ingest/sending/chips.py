"""Where a customer can be answered, as the reply box shows it: one chip for each address, with the reason if closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import F
from django.utils.translation import gettext as _

from channels_ingest.sending.guards import LONGEST_OTHER_TEXT, LONGEST_TEXT, Openness, openness_of_all
from profiles.models import Channel, ChannelIdentity
from timeline.showing.wording import channel_of, shown_address

#: Addresses of one customer that the box offers, the last used first.
MOST_CHIPS = 12
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One address. `state` says in a word or two how it stands, `reason` in a sentence why it is closed.

    `takes_text` is False when nothing, or only a template (`takes_templates`), can be sent. `line` is named when there
    are several.
    """

    id: int
    channel: str
    icon: str
    word: str
    shown: str
    line: str
    state: str
    reason: str
    caution: str
    takes_text: bool
    takes_templates: bool
    is_simulated: bool
    window_ends_at: datetime | None
    longest: int
    is_chosen: bool = False


def chips_of(profile_id: int, *, chosen: int | None = None) -> list[Chip]:
    """The customer's addresses, one of them chosen: the one asked for, else where they wrote last and can be answered.

    The one asked for is there however long ago it was used. A shop's records are no address; whoever had an address
    before is told of only where nothing else is left.
    """
    rows = ChannelIdentity.objects.filter(profile_id=profile_id, void_in=None).exclude(reply_refusal="store")
    rows = rows.select_related("account")
    identities = list(rows.order_by(F("last_seen").desc(nulls_last=True), "-id")[:MOST_CHIPS])
    if chosen is not None and len(identities) == MOST_CHIPS and chosen not in {i.pk for i in identities}:
        identities += rows.filter(pk=chosen)
    openness = openness_of_all(identities)
    present = [i for i in identities if not (c := openness[i.pk].closed) or c.code != "passed_on"]
    default = _default(present, openness) if chosen not in {i.pk for i in present} else chosen
    has_lines = len({identity.account_id for identity in present}) > len({i.account.channel for i in present})
    return [
        _chip(identity, openness[identity.pk], names_line=has_lines, is_chosen=identity.pk == default)
        for identity in present
    ]


def _default(identities: Sequence[ChannelIdentity], openness: dict[int, Openness]) -> int | None:
    """The address of the last message that may be answered; else one that is open at all; else the last used."""

    def rank(identity: ChannelIdentity) -> tuple[bool, bool, datetime]:
        found = openness[identity.pk]
        is_open = found.closed is None
        return (is_open and found.closed_to_text is None, is_open, identity.last_inbound_at or _NEVER)

    return max(identities, key=rank).pk if identities else None


def _chip(identity: ChannelIdentity, found: Openness, *, names_line: bool, is_chosen: bool) -> Chip:
    channel = identity.account.channel
    icon, word = channel_of(channel)
    closed = found.closed or found.closed_to_text
    address = identity.address.rpartition(":")[2] if identity.reply_refusal == "group" else identity.address
    return Chip(
        id=identity.pk,
        channel=channel,
        icon=icon,
        word=word,
        shown=shown_address(channel, address),
        line=identity.account.name if names_line else "",
        state=_state(found),
        reason=closed.reason if closed else "",
        caution=found.caution,
        takes_text=closed is None,
        takes_templates=channel == Channel.WHATSAPP and found.closed is None and found.line is not None,
        is_simulated=bool(found.line and found.line.is_simulated),
        window_ends_at=found.window_ends_at if closed is None else None,
        longest=LONGEST_TEXT.get(channel, LONGEST_OTHER_TEXT),
        is_chosen=is_chosen,
    )


def _state(found: Openness) -> str:
    if found.closed is None:
        return _("window closed") if found.closed_to_text else ""
    words = {
        "opted_out": _("opted out"),
        "provider_block": _("blocked"),
        "group": _("group"),
        "forged": _("forged?"),
        "credentials": _("not set up"),
        "line_off": _("switched off"),
        "receives_only": _("receives only"),
    }
    return words.get(found.closed.code, _("closed"))
