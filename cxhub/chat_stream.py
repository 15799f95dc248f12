"""The chat's event stream: what polls would tell, over one answer that stays open. See `cxhub.waiting`."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from cxhub.waiting import Answer, WaitingRoom

#: The header by which the answer to a ticket says whose events to stream. It is never passed on.
STREAMS_FOR = "x-chat-streams-for"
#: A stream ends after this; the browser asks for another ticket, which checks its rights anew.
STREAM_SECONDS = 280.0
#: A line at least this often, so that nobody between takes the stream for dead.
PING_SECONDS = 15.0
HEADERS = [
    ("content-type", "text/event-stream"),
    ("cache-control", "no-store"),
    ("content-encoding", "identity"),
    ("x-accel-buffering", "no"),
]

#: Asks for events since a cursor.
Ask = Callable[[str], Awaitable[Answer]]


async def streamed(room: WaitingRoom, ask: Ask, cursor: str) -> AsyncIterator[bytes]:
    """Everything new since the cursor as server-sent events, until the session or the time is over."""
    now = asyncio.get_running_loop().time
    deadline = now() + STREAM_SECONDS
    while now() < deadline:
        began = now()

        async def look(*, again: bool = False, since: str = cursor) -> Answer:
            return await ask(since)

        status, _, body = await room.held(look, PING_SECONDS, asyncio.Event().wait)
        if status != 200:
            yield b"event: session_expired\ndata: {}\n\n"
            return
        page = json.loads(body)
        cursor = page["cursor"]
        if page["reset"]:
            yield f"id: {cursor}\nevent: reset\ndata: {{}}\n\n".encode()
        for event in page["events"]:
            yield f"id: {cursor}\nevent: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
        yield b": ping\n\n"
        if not page["events"] and not page["reset"]:  # where the room is full it answers at once: asked no more often
            await asyncio.sleep(began + PING_SECONDS - now())
