"""The live stream as its own process: who may connect, what it tells, and what it tells when Valkey is gone."""

import http.client
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from benchmarks.scratch import free_port, wait_for
from channels_ingest import pipeline
from cxhub.live import ticket_for
from profiles.models import Role, StaffMember
from tests.conftest import Deliver, whatsapp_text
from timeline.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)
PROJECT = Path(__file__).parent.parent.parent


def start_live(redis_url: str) -> tuple[subprocess.Popen[bytes], int]:
    port, parts = free_port(), connection.get_connection_params()
    database = f"postgresql:///{parts['dbname']}?" + "&".join(
        f"{name}={parts[name]}" for name in ("host", "port", "user", "password") if parts.get(name)
    )
    environ = {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "SECRET_KEY": settings.SECRET_KEY,
        "PUBLIC_BASE_URL": settings.PUBLIC_BASE_URL,
    }
    command = [sys.executable, "-m", "cxhub.live", "--port", str(port)]
    process = subprocess.Popen(command, env=environ, cwd=PROJECT)
    wait_for(f"http://127.0.0.1:{port}/livez")
    return process, port


@pytest.fixture
def live() -> Iterator[int]:
    process, port = start_live(settings.REDIS_URL)
    yield port
    process.terminate()
    process.wait(30)


@pytest.fixture
def live_without_valkey() -> Iterator[int]:
    process, port = start_live(f"redis://127.0.0.1:{free_port()}/0")
    yield port
    process.terminate()
    process.wait(30)


@pytest.fixture
def member() -> StaffMember:
    return StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT)


def ticket(member: StaffMember, *, key: str = "") -> str:
    """A fresh one: used tickets are remembered in Valkey, beyond the test."""
    return ticket_for(key or settings.SECRET_KEY, member.pk, member.access_revision, secrets.token_urlsafe(8))


class Stream:
    """An open page's connection."""

    def __init__(self, port: int, presented: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.connection.request("GET", f"/events?ticket={presented}")
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def next(self, name: str) -> dict[str, str]:
        """The data of the next event called `name`."""
        seen = ""
        while line := self.answer.readline().decode():
            if line.startswith("event: "):
                seen = line[7:].strip()
            elif line.startswith("data: ") and seen == name:
                return dict(json.loads(line[6:]))
        raise EOFError("the stream ended")

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def status_of(port: int, presented: str) -> int:
    with Stream(port, presented) as stream:
        return stream.status


def test_ticket_opens_one_stream_once(live: int, member: StaffMember) -> None:
    presented = ticket(member)
    assert status_of(live, presented) == 200
    assert status_of(live, presented) == 403


@pytest.mark.parametrize("kind", ["none", "garbage", "forged", "revoked", "inactive"])
def test_stranger_gets_no_stream(live: int, member: StaffMember, kind: str) -> None:
    presented = {"none": "", "garbage": "1.2.3", "forged": ticket(member, key="another-key" * 5)}.get(
        kind, ticket(member)
    )
    if kind == "revoked":
        StaffMember.objects.update(access_revision=7)
    if kind == "inactive":
        StaffMember.objects.update(is_active=False)
    assert status_of(live, presented) == 403


def test_only_our_own_pages_may_read_it(live: int, member: StaffMember) -> None:
    with Stream(live, ticket(member)) as stream:
        assert stream.answer.headers["Access-Control-Allow-Origin"] == settings.PUBLIC_BASE_URL


def test_event_names_the_entry_and_nothing_personal(live: int, member: StaffMember, deliver: Deliver) -> None:
    with Stream(live, ticket(member)) as stream:
        stream.next("head")
        deliver(whatsapp_text("a secret", wamid="w.1"))
        pipeline.drain()
        entry = Entry.objects.get()
        told = stream.next("e")
    assert told == {"c": entry.channel_identity.profile_id, "e": entry.pk, "k": "message"}


def test_without_valkey_the_heartbeat_tells_within_seconds(
    live_without_valkey: int, member: StaffMember, deliver: Deliver
) -> None:
    with Stream(live_without_valkey, ticket(member)) as stream:
        before = int(stream.next("head")["head"])
        deliver(whatsapp_text("hello", wamid="w.1"))
        pipeline.drain()
        started = time.monotonic()
        while int(stream.next("head")["head"]) <= before:
            assert time.monotonic() - started < 10


def test_stream_ends_when_its_holder_loses_the_right_to_it(live_without_valkey: int, member: StaffMember) -> None:
    with Stream(live_without_valkey, ticket(member)) as stream:
        stream.next("head")
        StaffMember.objects.update(is_active=False)
        with pytest.raises(EOFError):  # noqa: PT012  (which of the next heartbeats ends it is a matter of timing)
            for _ in range(10):
                stream.next("head")


def test_page_gets_its_ticket_by_session_only(client: Client, member: StaffMember) -> None:
    assert client.post("/live/ticket/").status_code == 403
    client.force_login(member)
    assert client.get("/live/ticket/").status_code == 405
    assert client.post("/live/ticket/").json()["url"].startswith(f"{settings.LIVE_URL}/events?ticket=")


def test_sigterm_with_open_streams_ends_the_process_soon(member: StaffMember) -> None:
    process, port = start_live(settings.REDIS_URL)
    streams = [Stream(port, ticket(member)) for _ in range(5)]
    started = time.monotonic()
    process.terminate()
    process.wait(30)
    assert time.monotonic() - started < 10
    for stream in streams:
        stream.close()
