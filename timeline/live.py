"""Telling open pages that something happened: ids over Valkey, never content.

Losing one costs nothing but time: the stream's heartbeat names the head, and a page that is behind pulls.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

import redis
from django.conf import settings

from timeline.entries import EntryKind
from timeline.nudges import CHANNEL

T = TypeVar("T")

log = logging.getLogger("cxhub.live")

#: A nudge may cost this much and no more; after a failure none is tried for a while.
TIMEOUT_SECONDS = 0.1
PAUSE_SECONDS = 1.0


class Happened(NamedTuple):
    """An entry of a profile is new or changed; without an entry (0) its side panel is."""

    profile_id: int
    entry_id: int
    kind: str


#: Of a crowd that shares a phone or a browser so many are told at once; the others see it when they are next opened.
MOST_TOLD = 200


def without_entry(profile_ids: Iterable[int]) -> list[Happened]:
    """Who somebody is has changed, and what their page says beside the timeline, though nothing stands on it."""
    return [Happened(pk, 0, EntryKind.IDENTITY) for pk in sorted(profile_ids)[:MOST_TOLD]]


class Bus:
    """A publisher that gives up fast and pauses after a failure, so that a dead Valkey does not slow the work.

    Each has a connection and a pause of its own; `fault` is what the log says when something was not told.
    """

    def __init__(self, *, fault: str, pause_seconds: float) -> None:
        self.client: redis.Redis | None = None
        self.paused_until = 0.0
        self._fault = fault
        self._pause_seconds = pause_seconds

    def publish(self, channel: str, payloads: Iterable[str]) -> None:
        """Whoever listens has been told, or nobody is. Never raises, takes `TIMEOUT_SECONDS` at most."""

        def tell(client: redis.Redis) -> None:
            pipeline = client.pipeline(transaction=False)
            for payload in payloads:
                pipeline.publish(channel, payload)
            pipeline.execute()

        self.ask(tell)

    def ask(self, question: Callable[[redis.Redis], T]) -> T | None:
        """What Valkey answers; None when it does not. Never raises; a command takes `TIMEOUT_SECONDS` at most."""
        if time.monotonic() < self.paused_until:
            return None
        try:
            if self.client is None:
                self.client = redis.Redis.from_url(
                    settings.REDIS_URL,
                    socket_timeout=TIMEOUT_SECONDS,
                    socket_connect_timeout=TIMEOUT_SECONDS,
                    retry=None,
                )
            return question(self.client)
        except (redis.RedisError, OSError) as error:
            self.paused_until = time.monotonic() + self._pause_seconds
            log.warning(self._fault, extra={"fault": type(error).__name__})
            return None


_bus = Bus(fault="live nudge not sent", pause_seconds=PAUSE_SECONDS)


def publish(happened: Iterable[Happened]) -> None:
    """Open pages have been told, or will find out by the heartbeat. Never raises, takes 0.1 s at most."""
    payloads = [json.dumps({"c": h.profile_id, "e": h.entry_id, "k": h.kind}) for h in happened]
    if payloads:
        _bus.publish(CHANNEL, payloads)
