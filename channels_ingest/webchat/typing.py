"""Somebody is typing: told at once or never, and stored nowhere."""

import json

from channels_ingest.webchat.models import ChatVisitor
from profiles.models import ChannelIdentity
from timeline.live import Bus
from timeline.nudges import CHANNEL, CHAT_CHANNEL

_bus = Bus(fault="typing not told", pause_seconds=2.0)


def tell_typing(visitor: str, agent: str) -> None:
    """The visitor's open widget shows that `agent` is writing. Never raises, takes 0.1 s at most."""
    _bus.publish(CHAT_CHANNEL, [json.dumps({"visitor": visitor, "type": "typing", "agent": agent})])


def tell_agents_typing(visitor: ChatVisitor) -> None:
    """Open pages of agents hear that the customer is writing, as `{"t": profile id}`. Never raises."""
    mine = ChannelIdentity.objects.filter(account_id=visitor.account_id, address=visitor.public_id)
    profile_id = mine.order_by("-epoch_start").values_list("profile_id", flat=True).first()
    if profile_id is not None:
        _bus.publish(CHANNEL, [json.dumps({"t": profile_id})])
