"""Customers' messages as the simulated provider takes them: kept where it lists them, and posted to the hub.

A provider may fail to post: `#unheard` before the text, or as the account's `simulated_fault`, keeps the message and
posts nothing.
"""

from datetime import datetime

from channels_ingest.accounts import settings_of
from channels_ingest.simulator.faults import fault_of
from channels_ingest.simulator.lines import webhook_url
from channels_ingest.simulator.models import SimulatedMessage
from channels_ingest.simulator.plays.base import Person, PlaysListing
from channels_ingest.simulator.plays.registry import PLAYS
from channels_ingest.simulator.reporting import deliver
from profiles.models import ChannelAccount

#: Marks what customers wrote among the kept messages; the devices show the hub's own record of it.
INCOMING = "incoming"


def write(account: ChannelAccount, person: Person, text: str, at: datetime) -> bool:
    """The provider has the message; whether the hub took its webhook, or there was to be none."""
    play = PLAYS[account.provider]
    post = play.incoming(person, text, at, settings_of(account), webhook_url=webhook_url(account))
    if isinstance(play, PlaysListing):
        SimulatedMessage.objects.get_or_create(
            account=account,
            message_id=play.message_id_of(post),
            defaults={"to": "", "text": text, "taken_at": at, "extra": {INCOMING: post.body.decode()}},
        )
    if fault_of(account.setting("simulated_fault"), text).word == "unheard":
        return True
    return deliver(post)


def kept(account: ChannelAccount) -> list[tuple[datetime, bytes]]:
    """What customers wrote, newest first, with the body of each webhook."""
    rows = SimulatedMessage.objects.filter(account=account, to="", extra__has_key=INCOMING).order_by("-taken_at", "-id")
    return [(row.taken_at, str(row.extra[INCOMING]).encode()) for row in rows]
