"""The live stream: a small ASGI app that tells open pages the ids of what happened. No ORM, no content.

`python -m cxhub.live --port N`. Nudges come over Valkey pub/sub and may be lost; the heartbeat names the head, the
newest committed transaction that touched the timeline, so a page that is behind pulls. A lost nudge is late, not lost.
"""

import argparse
import asyncio
import contextlib
import json
import logging.config
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import redis.asyncio as redis
import uvicorn
from django.core.signing import BadSignature, TimestampSigner

from cxhub import logs
from cxhub.env import Environment, load
from cxhub.running.parent_death import die_with_parent
from cxhub.running.settled import settle
from timeline.nudges import CHANNEL

log = logging.getLogger("cxhub.live")

TICKET_SALT = "cxhub.live.ticket"
#: A ticket is used at once or not at all.
TICKET_SECONDS = 30
HEARTBEAT_SECONDS = 15.0
#: While Valkey is away the heartbeat is all there is.
HEARTBEAT_ALONE_SECONDS = 2.0
#: What asking Valkey about a ticket may cost a page that connects.
VALKEY_SECONDS = 0.5
#: A stream ends after this; the page connects again with a new ticket, which checks its rights anew.
STREAM_SECONDS = 600.0
#: Events a slow page may be behind before they are dropped; the next heartbeat makes it pull.
MOST_WAITING = 500

_HEAD = """
SELECT coalesce((SELECT changed_in FROM timeline_entry
    WHERE changed_in < pg_snapshot_xmin(pg_current_snapshot())::text::bigint ORDER BY changed_in DESC LIMIT 1), 0)
"""
#: What a page that connects may not have seen, transactions that older ones still hold back included.
_NEWEST = "SELECT coalesce(max(changed_in), 0) FROM timeline_entry"
_STILL_ALLOWED = "SELECT id, access_revision FROM profiles_staffmember WHERE is_active AND id = ANY(%s)"

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def ticket_for(secret_key: str, member_id: int, access_revision: int, nonce: str) -> str:
    """A signed permission to connect once within `TICKET_SECONDS`."""
    signer = TimestampSigner(key=secret_key, salt=TICKET_SALT, fallback_keys=[])
    return signer.sign(f"{member_id}.{access_revision}.{nonce}")


class Stream:
    """One connected page."""

    def __init__(self, member_id: int, access_revision: int) -> None:
        self.member = (member_id, access_revision)
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_WAITING)

    def offer(self, event: bytes | None) -> None:
        """The event is waiting to be sent, or dropped if the page is far behind. None ends the stream."""
        with contextlib.suppress(asyncio.QueueFull):
            self.waiting.put_nowait(event)


class Live:
    """The ASGI app with its two feeds: Valkey's nudges and PostgreSQL's head."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.streams: set[Stream] = set()
        self.used: dict[str, float] = {}
        self.is_bus_up = False
        self.is_due = asyncio.Event()
        self.connected: list[Stream] = []
        self.is_connected = asyncio.Event()
        self.head = 0
        self.feeds: list[asyncio.Task[None]] = []
        self.bus: redis.Redis | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._respond(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                feeds = (self._nudges(), self._heartbeats(), self._greetings())
                self.feeds = [asyncio.create_task(feed) for feed in feeds]
                await send({"type": "lifespan.startup.complete"})
            else:
                for feed in self.feeds:
                    feed.cancel()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if method == "GET" and path == "/livez":
            await self._answer(send, 200, b"ok\n")
        elif method == "GET" and path == "/events":
            member = await self._redeem(parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])[0])
            if member is None:
                await self._answer(send, 403, b"ask for a new ticket\n")
            else:
                await self._stream(Stream(*member), receive, send)
        else:
            await self._answer(send, 404, b"not here\n")

    async def _answer(self, send: Send, status: int, body: bytes) -> None:
        headers = [*self._cors(), (b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _cors(self) -> list[tuple[bytes, bytes]]:
        page = urlsplit(self.environment.public_base_url)
        return [(b"access-control-allow-origin", f"{page.scheme}://{page.netloc}".encode()), (b"vary", b"Origin")]

    async def _redeem(self, ticket: str) -> tuple[int, int] | None:
        """Whose ticket this is, if it is genuine, fresh, unused, and its holder still has these rights."""
        signer = TimestampSigner(key=self.environment.secret_key, salt=TICKET_SALT, fallback_keys=[])
        try:
            member_id, revision, nonce = signer.unsign(ticket, max_age=TICKET_SECONDS).split(".")
        except (BadSignature, ValueError):
            return None
        if await self._is_used(nonce):
            return None
        member = (int(member_id), int(revision))
        return member if member in await self._still_allowed([member]) else None

    async def _is_used(self, nonce: str) -> bool:
        now = time.monotonic()
        self.used = {key: until for key, until in self.used.items() if until > now}
        if nonce in self.used:
            return True
        self.used[nonce] = now + TICKET_SECONDS
        if self.bus is not None and self.is_bus_up:  # another live process may have seen it
            with contextlib.suppress(redis.RedisError, OSError, TimeoutError):
                async with asyncio.timeout(VALKEY_SECONDS):
                    return not await self.bus.set(f"cxhub:ticket:{nonce}", 1, nx=True, ex=TICKET_SECONDS)
        return False

    async def _stream(self, stream: Stream, receive: Receive, send: Send) -> None:
        headers = [
            *self._cors(),
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"content-encoding", b"identity"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        self.streams.add(stream)
        self.connected.append(stream)
        self.is_connected.set()
        sending = asyncio.create_task(self._send_events(stream, send))
        leaving = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({sending, leaving}, timeout=STREAM_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.streams.discard(stream)
            for task in (sending, leaving):
                task.cancel()
            with contextlib.suppress(Exception):
                await send({"type": "http.response.body", "body": b""})

    @staticmethod
    async def _send_events(stream: Stream, send: Send) -> None:
        while (event := await stream.waiting.get()) is not None:
            await send({"type": "http.response.body", "body": event, "more_body": True})

    def _tell_all(self, event: bytes) -> None:
        for stream in self.streams:
            stream.offer(event)

    def _pass_on(self, payload: bytes) -> None:
        """The nudge is passed on: one `to` somebody only to their pages, all others to everybody's."""
        event = b"event: e\ndata: " + payload + b"\n\n"
        if b'"to"' not in payload:
            self._tell_all(event)
            return
        members = set(json.loads(payload)["to"])
        for stream in self.streams:
            if stream.member[0] in members:
                stream.offer(event)

    async def _nudges(self) -> None:
        """Every nudge is passed on; a lost connection is made again, for ever."""
        while True:
            try:
                async for payload in self._subscription():
                    self._pass_on(payload)
            except (redis.RedisError, OSError) as error:
                log.warning("no nudges from Valkey", extra={"fault": type(error).__name__})
            self.is_bus_up = False
            self.is_due.set()  # from now on the heartbeat is all there is
            await asyncio.sleep(1)

    async def _subscription(self) -> AsyncIterator[bytes]:
        self.bus = redis.Redis.from_url(self.environment.redis_url or "", socket_connect_timeout=2, socket_timeout=None)
        async with self.bus.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(CHANNEL)
            self.is_bus_up = True
            self.is_due.set()  # what was told while nobody listened
            while True:
                message = await channel.get_message(timeout=30)
                if message is not None:
                    yield message["data"]

    async def _heartbeats(self) -> None:
        """Every page hears the head in time, and streams whose holder lost the right to them end."""
        while True:
            try:
                await self._beat()
            except (psycopg.Error, OSError) as error:
                log.warning("no heartbeat from PostgreSQL", extra={"fault": type(error).__name__})
            self.is_due.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS if self.is_bus_up else HEARTBEAT_ALONE_SECONDS):
                    await self.is_due.wait()

    async def _greetings(self) -> None:
        """Every page that connects hears what was newest after it could hear nudges: nothing falls between.

        Pages that connect together, as after a restart, cost one question.
        """
        while True:
            await self.is_connected.wait()
            self.is_connected.clear()
            connected, self.connected = self.connected, []
            newest = self.head
            try:
                async with await self._database() as database:
                    row = await (await database.execute(_NEWEST)).fetchone()
                    newest = row[0] if row else newest
            except (psycopg.Error, OSError) as error:
                log.warning("no head for new streams", extra={"fault": type(error).__name__})
            for stream in connected:
                stream.offer(_event("head", {"head": str(newest)}))

    async def _beat(self) -> None:
        async with await self._database() as database:
            row = await (await database.execute(_HEAD)).fetchone()
        self.head = row[0] if row else 0
        self._tell_all(_event("head", {"head": str(self.head)}))
        asked = list(self.streams)  # a stream that comes while we ask was just checked by its ticket
        allowed = await self._still_allowed([stream.member for stream in asked])
        for stream in asked:
            if stream.member not in allowed:
                stream.offer(None)

    async def _still_allowed(self, members: list[tuple[int, int]]) -> set[tuple[int, int]]:
        if not members:
            return set()
        async with await self._database() as database:
            rows = await database.execute(_STILL_ALLOWED, [sorted({member_id for member_id, _ in members})])
            return set(members) & {(row[0], row[1]) for row in await rows.fetchall()}

    async def _database(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        """A plain connection for one question; at this rate a kept one would only be one more thing to mend."""
        return await psycopg.AsyncConnection.connect(
            self.environment.database_url or "", connect_timeout=5, autocommit=True
        )


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(name: str, data: dict[str, str]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def main() -> None:
    """Serves until SIGTERM; open streams are ended within two seconds of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    die_with_parent()
    logging.config.dictConfig(logs.configuration(level=os.environ.get("CXHUB_LOG_LEVEL", "INFO")))
    settle()
    uvicorn.run(
        Live(load(os.environ)),
        host=arguments.host,
        port=arguments.port,
        log_config=None,  # its loggers go the way of all others; its own would print plain text
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        server_header=False,
    )


if __name__ == "__main__":
    main()
