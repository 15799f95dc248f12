"""Long polls under the hub's own web server: held without threads, woken at once, given up when the process ends."""

import asyncio
import base64
import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from django.conf import settings

from channels_ingest import pipeline
from channels_ingest.accounts import connect
from channels_ingest.webchat import tickets, tokens
from channels_ingest.webchat.models import ChatVisitor
from channels_ingest.webchat.typing import tell_typing
from profiles.models import ChannelAccount, ChannelIdentity
from tests.channels_ingest.chatting import ORIGIN
from timeline.live import Happened, publish
from timeline.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chat(db: None) -> ChannelAccount:
    return connect("webchat", name="Shop chat", values={"allowed_origins": ORIGIN})


def visitor(chat: ChannelAccount) -> ChatVisitor:
    made = ChatVisitor.objects.create(account=chat, public_id=tokens.new_public_id())
    ChannelIdentity.objects.create(
        id=made.pk + 10_000, account=chat, address=made.public_id, profile=profile(made.pk + 10_000)
    )
    return made


def profile(pk: int) -> Any:
    from profiles.models import Profile

    return Profile.objects.create(id=pk)


def headers_of(visitor: ChatVisitor) -> dict[str, str]:
    session = tokens.Session(
        widget=visitor.account.key, visitor_id=visitor.pk, generation=visitor.generation, is_verified=False
    )
    return {"Origin": ORIGIN, "Authorization": f"Bearer {tokens.write(session)}"}


def poll(port: int, headers: dict[str, str], after: str = "", wait: int = 0) -> tuple[dict[str, Any], float]:
    """The answer and how long it took."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    try:
        connection.request("GET", f"/chat/v1/events?after={after}&wait={wait}", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("X-Chat-Waits-For") is None
        return json.loads(answer.read()), time.monotonic() - started
    finally:
        connection.close()


def answered(visitor: ChatVisitor, text: str) -> None:
    """An agent's answer, committed and told to open pages."""
    mine = ChannelIdentity.objects.get(address=visitor.public_id)
    entry = Entry.objects.create(
        channel_identity=mine, account=visitor.account, kind="message", direction="out", delivery="sent",
        occurred_at=datetime.now(UTC), text=text, provider_message_id=text,
    )  # fmt: skip
    publish([Happened(mine.profile_id, entry.pk, "message")])


def test_poll_without_news_is_held_and_an_answer_ends_it(web_process: int, chat: ChannelAccount) -> None:
    mine = visitor(chat)
    headers = headers_of(mine)
    cursor = poll(web_process, headers)[0]["cursor"]
    with ThreadPoolExecutor(1) as other:
        held = other.submit(poll, web_process, headers, cursor, 20)
        time.sleep(1)
        told_at = time.monotonic()
        answered(mine, "Hello")
        answer, seconds = held.result(timeout=10)
        lag = time.monotonic() - told_at
    assert [event["text"] for event in answer["events"]] == ["Hello"]
    assert seconds > 0.9
    assert lag < 10  # of the 20 s it would be held
    assert poll(web_process, headers, answer["cursor"], 1)[1] > 0.9


def test_answer_to_one_visitor_wakes_no_other(web_process: int, chat: ChannelAccount) -> None:
    one, other = visitor(chat), visitor(chat)
    cursor = poll(web_process, headers_of(one))[0]["cursor"]
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(poll, web_process, headers_of(one), cursor, 2)
        time.sleep(0.5)
        answered(other, "not for you")
        answer, seconds = held.result(timeout=10)
    assert answer["events"] == []
    assert seconds > 1.9


def test_typing_is_told_and_stored_nowhere(web_process: int, chat: ChannelAccount) -> None:
    mine = visitor(chat)
    cursor = poll(web_process, headers_of(mine))[0]["cursor"]
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(poll, web_process, headers_of(mine), cursor, 10)
        time.sleep(1)
        tell_typing(mine.public_id, "Ana")
        answer, seconds = held.result(timeout=10)
    assert answer["events"] == [{"type": "typing", "agent": "Ana"}]
    assert seconds < 8  # of 10
    assert Entry.objects.count() == 0


def next_event(lines: Iterator[str]) -> dict[str, str]:
    told: dict[str, str] = {}
    while line := next(lines):
        name, _, value = line.partition(": ")
        told[name] = value
    return told if "event" in told else next_event(lines)


def test_stream_tells_what_polls_would_and_resumes(web_process: int, chat: ChannelAccount) -> None:
    mine = visitor(chat)
    with httpx.Client(base_url=f"http://127.0.0.1:{web_process}", timeout=20, trust_env=False) as site:

        def url() -> str:
            return str(site.post("/chat/v1/stream-tickets", headers=headers_of(mine)).json()["url"])

        first_url = url()
        with site.stream("GET", first_url, headers={"Origin": ORIGIN}) as stream:
            assert (stream.status_code, stream.headers["Content-Type"]) == (200, "text/event-stream")
            assert stream.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert "X-Chat-Streams-For" not in stream.headers
            assert site.get(first_url, headers={"Origin": ORIGIN}).status_code == 403  # a ticket is good once
            lines = stream.iter_lines()
            assert next_event(lines)["event"] == "reset"
            answered(mine, "one")
            first = next_event(lines)
            assert (first["event"], json.loads(first["data"])["text"]) == ("message", "one")
        answered(mine, "two")
        resuming = {"Origin": ORIGIN, "Last-Event-ID": first["id"]}
        with site.stream("GET", url(), headers=resuming) as stream:
            lines = stream.iter_lines()
            assert json.loads(next_event(lines)["data"])["text"] == "two"
            ChatVisitor.objects.update(generation=5)
            answered(mine, "three")
            assert next_event(lines)["event"] == "session_expired"


def test_no_ticket_tells_its_session(chat: ChannelAccount) -> None:
    session_token = headers_of(visitor(chat))["Authorization"].removeprefix("Bearer ")
    ticket = tickets.write(session_token)
    parts = [ticket, *ticket.split(":")]
    told = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts if part]
    assert not any(session_token.encode() in each for each in told)
    assert (tickets.redeem(ticket), tickets.redeem(ticket)) == (session_token, "")


def test_stream_without_a_good_ticket_is_refused(web_process: int, chat: ChannelAccount) -> None:
    for ticket in ("", "x", "a:b:c"):
        url = f"http://127.0.0.1:{web_process}/chat/v1/stream?ticket={ticket}"
        assert httpx.get(url, headers={"Origin": ORIGIN}, trust_env=False).status_code == 403


def test_hundreds_of_held_polls_hold_nobody_else_up(web_process: int, chat: ChannelAccount) -> None:
    visitors = [visitor(chat) for _ in range(300)]
    cursor = poll(web_process, headers_of(visitors[0]))[0]["cursor"]
    answers: list[dict[str, Any]] = []

    async def one(each: ChatVisitor) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", web_process)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers_of(each).items())
        writer.write(
            f"GET /chat/v1/events?after={cursor}&wait=20 HTTP/1.1\r\nHost: x\r\n"
            f"Connection: close\r\n{head}\r\n".encode()
        )
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
        answers.append(json.loads(body))
        writer.close()

    async def everybody() -> None:
        await asyncio.gather(*map(one, visitors))

    crowd = threading.Thread(target=lambda: asyncio.run(everybody()))
    crowd.start()
    time.sleep(4)
    took = []
    for _ in range(20):
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", web_process, timeout=5)
        connection.request("GET", "/livez")
        assert connection.getresponse().status == 200
        connection.close()
        took.append(time.monotonic() - started)
    assert sorted(took)[10] < 1
    told_at = time.monotonic()
    for each in visitors:
        answered(each, f"to {each.pk}")
    crowd.join(timeout=30)
    print(
        f"300 held polls: /livez {sorted(took)[10] * 1000:.1f} ms, all answered in {time.monotonic() - told_at:.2f} s"
    )
    assert sorted(a["events"][0]["text"] for a in answers) == sorted(f"to {each.pk}" for each in visitors)


def test_without_valkey_an_answer_is_late_and_not_lost(chat: ChannelAccount) -> None:
    mine = visitor(chat)
    headers = headers_of(mine)
    with web_process_without_valkey() as port:
        cursor = poll(port, headers)[0]["cursor"]
        with ThreadPoolExecutor(1) as other:
            held = other.submit(poll, port, headers, cursor, 20)
            time.sleep(1.5)
            told_at = time.monotonic()
            answered(mine, "Hello")
            answer, _ = held.result(timeout=10)
            assert time.monotonic() - told_at < 10  # of the 20 s it would be held
    assert [event["text"] for event in answer["events"]] == ["Hello"]


@contextmanager
def web_process_without_valkey() -> Iterator[int]:
    import os

    from django.db import connection

    from benchmarks.scratch import server

    parts = connection.get_connection_params()
    database = f"postgresql:///{parts['dbname']}?" + "&".join(
        f"{name}={parts[name]}" for name in ("host", "port", "user", "password") if parts.get(name)
    )
    environ = {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": settings.SECRET_KEY,
    }
    with server("cxhub.front:application", environ) as port:
        yield port


def test_held_poll_does_not_keep_the_process_from_ending(chat: ChannelAccount) -> None:
    mine = visitor(chat)
    headers = headers_of(mine)
    pool = ThreadPoolExecutor(1)
    with web_process_without_valkey() as port:
        cursor = poll(port, headers)[0]["cursor"]
        held = pool.submit(poll, port, headers, cursor, 20)
        time.sleep(1)
        started = time.monotonic()
    print(f"ended in {time.monotonic() - started:.1f} s with a poll held")
    assert time.monotonic() - started < 15  # of the 20 s it would be held
    held.exception(timeout=10)
    pool.shutdown()
    assert pipeline.drain().faults == 0
