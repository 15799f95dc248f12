"""Long polls of the web chat: held here, in the web process's event loop, so that hundreds of them take no thread.

A poll asks, and if there is no news it waits until there may be some, then asks again. What wakes it is one query for
all who wait: which of their conversations changed since the last query. It is asked when Valkey says that anything
happened, and every few seconds anyway, so a lost nudge or a dead Valkey is late, never lost.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import psycopg
import redis.asyncio as redis

from cxhub.env import Environment
from timeline.nudges import CHANNEL, CHAT_CHANNEL

log = logging.getLogger("cxhub.chat")

#: The header by which an answer says that it has no news, and whose news to wait for. It is never passed on.
WAITS_FOR = "x-chat-waits-for"
MOST_SECONDS = 25.0
#: Polls held at one time; above it an answer without news goes out at once, and the widget asks again later.
MOST_WAITING = 1_000
#: Of these, polls and streams of one visitor: no stranger takes the places of all others.
MOST_OF_ONE = 20
HEARTBEAT_SECONDS = 10.0
#: While Valkey is away the heartbeat is all there is.
HEARTBEAT_ALONE_SECONDS = 1.0
#: Nudges within this time are one.
COALESCE_SECONDS = 0.02
PAUSE_SECONDS = 1.0

_CHANGED = """
WITH moment AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
SELECT m.snapshot::text, ARRAY(
    SELECT DISTINCT c.address FROM timeline_entry e
    JOIN profiles_channelidentity c ON c.id = e.channel_identity_id
    WHERE e.changed_in >= pg_snapshot_xmin(%(since)s::pg_snapshot)::text::bigint
        AND NOT pg_visible_in_snapshot(e.changed_in::text::xid8, %(since)s::pg_snapshot)
        AND c.account_id IN (SELECT id FROM profiles_channelaccount WHERE provider = 'webchat')
) FROM moment m
"""

_NOW = "SELECT pg_current_snapshot()::text, ARRAY[]::text[]"
#: Changed conversations remembered for polls that are being asked meanwhile; beyond it all are asked once more.
MOST_REMEMBERED = 10_000

Answer = tuple[int, list[tuple[str, str]], bytes]


class Look(Protocol):
    """Asks the application; `again` when it is not the caller who asks anew."""

    async def __call__(self, *, again: bool = False) -> Answer: ...


class Waiter:
    """One held poll."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.signal: dict[str, Any] | None = None


class WaitingRoom:
    """Everybody who waits in this process. Its feeds run while somebody does."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.waiters: dict[str, set[Waiter]] = {}
        self.count = 0
        self.turn = 0  # how many checks there were
        self.first_turn = 0  # the check before which nobody knows what changed
        self.changed: dict[str, int] = {}  # in which check a conversation was last found changed
        self.is_bus_up = False
        self.is_due = asyncio.Event()
        self.since = ""
        self.feeds: list[asyncio.Task[None]] = []

    async def held(self, look: Look, seconds: float, is_gone: Callable[[], Awaitable[object]]) -> Answer:
        """The first answer with news, or the last without, after at most `seconds`; sooner if the caller is gone."""
        deadline = asyncio.get_running_loop().time() + min(seconds, MOST_SECONDS)
        again = False
        while True:
            turn = self.turn
            answer, who = parted(await look(again=again), WAITS_FOR)
            again = True
            left = deadline - asyncio.get_running_loop().time()
            if not who or left <= 0 or self._is_full(who):
                return answer
            waiter = Waiter()
            with self._seated(who, waiter):
                is_current = turn >= self.first_turn and self.changed.get(who, 0) <= turn
                if is_current and not await _first(waiter.woken.wait(), is_gone(), seconds=left):
                    return answer
            if waiter.signal is not None:
                return _with_signal(answer, waiter.signal)

    def _is_full(self, who: str) -> bool:
        return self.count >= MOST_WAITING or len(self.waiters.get(who, ())) >= MOST_OF_ONE

    @contextlib.contextmanager
    def _seated(self, who: str, waiter: Waiter) -> Any:
        self.waiters.setdefault(who, set()).add(waiter)
        self.count += 1
        self._start()
        try:
            yield
        finally:
            self.count -= 1
            self.waiters[who].discard(waiter)
            if not self.waiters[who]:
                del self.waiters[who]

    def _start(self) -> None:
        if not self.feeds or any(feed.done() for feed in self.feeds):
            for feed in self.feeds:
                feed.cancel()
            self.since = ""
            self.feeds = [asyncio.create_task(self._nudges()), asyncio.create_task(self._checks())]
        if not self.since:
            self.is_due.set()

    def _wake(self, who: str, signal: dict[str, Any] | None = None) -> None:
        for waiter in self.waiters.get(who, ()):
            waiter.signal = signal
            waiter.woken.set()

    async def _checks(self) -> None:
        """Whoever has news is woken in time, for ever."""
        connection: psycopg.AsyncConnection[Any] | None = None
        while True:
            try:
                if connection is None or connection.closed:
                    connection = await psycopg.AsyncConnection.connect(
                        self.environment.database_url or "", connect_timeout=5, autocommit=True
                    )
                await self._check(connection)
            except (psycopg.Error, OSError) as error:
                log.warning("chats are not woken by PostgreSQL", extra={"fault": type(error).__name__})
                if connection is not None:
                    await connection.close()
                connection, self.since = None, ""
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS if self.is_bus_up else HEARTBEAT_ALONE_SECONDS):
                    await self.is_due.wait()
                    await asyncio.sleep(COALESCE_SECONDS)
            self.is_due.clear()

    async def _check(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Asks what changed since the last time. The first time nobody knows, so everybody looks for themselves."""
        if not self.waiters:
            self.since = ""  # an old moment would find half the database changed
            return
        cursor = await connection.execute(_CHANGED if self.since else _NOW, {"since": self.since})
        row = await cursor.fetchone()
        if row is None:
            return
        self.turn += 1
        if not self.since:
            self.first_turn, self.changed = self.turn, {}
        for who in row[1] if self.since else list(self.waiters):
            self.changed[who] = self.turn
            self._wake(who)
        self.since = row[0]
        if len(self.changed) > MOST_REMEMBERED:
            self.since = ""

    async def _nudges(self) -> None:
        """Every nudge makes a check due, every signal goes to its visitor; a lost connection is made again."""
        while True:
            try:
                async for channel, payload in self._subscription():
                    if channel == CHAT_CHANNEL:
                        self._pass_on(payload)
                    elif self.waiters:
                        self.is_due.set()
            except (redis.RedisError, OSError) as error:
                log.warning("chats hear nothing from Valkey", extra={"fault": type(error).__name__})
            self.is_bus_up = False
            self.is_due.set()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _subscription(self) -> AsyncIterator[tuple[str, bytes]]:
        bus = redis.Redis.from_url(self.environment.redis_url or "", socket_connect_timeout=2, socket_timeout=None)
        async with bus, bus.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(CHANNEL, CHAT_CHANNEL)
            self.is_bus_up = True
            self.is_due.set()  # what was told while nobody listened
            while True:
                message = await channel.get_message(timeout=30)
                if message is not None:
                    yield message["channel"].decode(), message["data"]

    def _pass_on(self, payload: bytes) -> None:
        with contextlib.suppress(ValueError, TypeError, KeyError):
            signal = json.loads(payload)
            self._wake(str(signal.pop("visitor")), signal)


async def _first(woken: Awaitable[object], gone: Awaitable[object], *, seconds: float) -> bool:
    """Waits for the first of them; whether it was `woken`."""
    tasks = [asyncio.ensure_future(woken), asyncio.ensure_future(gone)]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0] in done
    finally:
        for task in tasks:
            task.cancel()


def parted(answer: Answer, inner: str) -> tuple[Answer, str]:
    """The answer as it may go out, and the value of a header that only this process reads."""
    status, headers, body = answer
    value = next((value for name, value in headers if name.lower() == inner), "")
    return (status, [pair for pair in headers if pair[0].lower() != inner], body), value


def _with_signal(answer: Answer, signal: dict[str, Any]) -> Answer:
    """The answer without news, which now has a signal that is stored nowhere."""
    status, headers, body = answer
    body = json.dumps({**json.loads(body), "events": [signal]}).encode()
    kept = [pair for pair in headers if pair[0].lower() != "content-length"]
    return status, [*kept, ("content-length", str(len(body)))], body
