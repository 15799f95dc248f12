"""Somebody is typing: told at once or never, and stored nowhere."""

import json
import logging
import time

import redis
from django.conf import settings

from channels_ingest.webchat.models import ChatVisitor
from profiles.models import ChannelIdentity
from timeline.nudges import CHANNEL, CHAT_CHANNEL

log = logging.getLogger("cxhub.chat")

TIMEOUT_SECONDS = 0.1
PAUSE_SECONDS = 2.0


class _Bus:
    """Valkey, given up fast and left alone for a while after a failure."""

    def __init__(self) -> None:
        self.client: redis.Redis | None = None
        self.paused_until = 0.0

    def publish(self, channel: str, payload: str) -> None:
        if time.monotonic() < self.paused_until:
            return
        try:
            if self.client is None:
                self.client = redis.Redis.from_url(
                    settings.REDIS_URL,
                    socket_timeout=TIMEOUT_SECONDS,
                    socket_connect_timeout=TIMEOUT_SECONDS,
                    retry=None,
                )
            self.client.publish(channel, payload)
        except (redis.RedisError, OSError) as error:
            self.paused_until = time.monotonic() + PAUSE_SECONDS
            log.warning("typing not told", extra={"fault": type(error).__name__})


_bus = _Bus()


def tell_typing(visitor: str, agent: str) -> None:
    """The visitor's open widget shows that `agent` is writing. Never raises, takes 0.1 s at most."""
    _bus.publish(CHAT_CHANNEL, json.dumps({"visitor": visitor, "type": "typing", "agent": agent}))


def tell_agents_typing(visitor: ChatVisitor) -> None:
    """Open pages of agents hear that the customer is writing, as `{"t": profile id}`. Never raises."""
    mine = ChannelIdentity.objects.filter(account_id=visitor.account_id, address=visitor.public_id)
    profile_id = mine.order_by("-epoch_start").values_list("profile_id", flat=True).first()
    if profile_id is not None:
        _bus.publish(CHANNEL, json.dumps({"t": profile_id}))
