"""Streams of chats in a waiting room that is full."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cxhub import chat_stream, waiting
from cxhub.env import load
from cxhub.waiting import WAITS_FOR, Answer, WaitingRoom

NOTHING = json.dumps({"events": [], "cursor": "c", "reset": False}).encode()


class Chat:
    """An application without news, which counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, cursor: str) -> Answer:
        self.asked += 1
        return 200, [(WAITS_FOR, "v_one")], NOTHING


def run(work: Any) -> Any:
    with ThreadPoolExecutor(1) as other_thread:  # the browser tests leave an event loop running in this one
        return other_thread.submit(asyncio.run, work).result()


def test_stream_in_a_full_room_asks_no_more_often_than_it_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_WAITING", 0)
    monkeypatch.setattr(chat_stream, "PING_SECONDS", 0.2)
    monkeypatch.setattr(chat_stream, "STREAM_SECONDS", 0.5)
    chat = Chat()

    async def read() -> list[bytes]:
        return [part async for part in chat_stream.streamed(WaitingRoom(load({})), chat, "c")]

    assert run(read()) == [b": ping\n\n"] * 3
    assert chat.asked == 3


def test_one_visitor_takes_a_few_places_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_OF_ONE", 2)
    room, chat = WaitingRoom(load({})), Chat()
    monkeypatch.setattr(room, "_start", lambda: None)

    async def hold() -> None:
        async def look(*, again: bool = False) -> Answer:
            return await chat("c")

        held = [asyncio.create_task(room.held(look, 0.3, asyncio.Event().wait)) for _ in range(5)]
        await asyncio.sleep(0.1)
        assert (room.count, sum(each.done() for each in held)) == (2, 3)
        await asyncio.gather(*held)

    run(hold())
