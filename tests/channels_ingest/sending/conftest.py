"""A customer who wrote a moment ago, staff who answer, and the hub's own web process to play the provider."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.models import OutboxMessage
from channels_ingest.sending.courier import send_due
from channels_ingest.simulator import reporting
from profiles.models import ApiToken, ChannelIdentity, Role, StaffMember
from tests.conftest import Deliver, whatsapp_text
from timeline.models import Entry

CUSTOMER = "15550100001"


@pytest.fixture
def nora(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm")


@pytest.fixture
def elias(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("elias@example.com", role=Role.LEAD, name="Elias Berg")


def bearer(member: StaffMember, role: Role | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {ApiToken.issue(member, role or Role(member.role))}"}


@pytest.fixture
def mira(deliver: Deliver) -> ChannelIdentity:
    """Mira wrote a minute ago."""
    assert deliver(whatsapp_text("Where is my parcel?", wamid="in.1", at=int(time.time()) - 60)).status_code == 200
    pipeline.drain()
    return ChannelIdentity.objects.get(address=CUSTOMER)


Answer = Callable[..., HttpResponse]


@pytest.fixture
def answer(client: Client, mira: ChannelIdentity, nora: StaffMember) -> Answer:
    """Answers Mira over the API, as Nora unless somebody else is named."""
    tokens: dict[int, dict[str, str]] = {}

    def post(
        text: str = "On its way.", *, author: StaffMember = nora, key: str = "", profile: int = 0, **more: Any
    ) -> HttpResponse:
        headers = tokens.setdefault(author.pk, bearer(author)) | ({"Idempotency-Key": key} if key else {})
        body = {"channel_identity": mira.pk, "text": text, **more}
        url = f"/api/v1/profiles/{profile or mira.profile_id}/messages/"
        return client.post(url, body, content_type="application/json", headers=headers)

    return post


@pytest.fixture
def simulated(live_server: Any, settings: Any) -> str:
    """The simulator is reached at the test's own server."""
    settings.LOOPBACK_URL = live_server.url
    settings.PUBLIC_BASE_URL = live_server.url
    return str(live_server.url)


def work() -> None:
    """Everything due is sent, reported and read."""
    send_due()
    deadline = time.monotonic() + 20
    while not reporting.is_idle() and time.monotonic() < deadline:
        while reporting.report_one():
            pass
        pipeline.drain()
        time.sleep(0.02)
    pipeline.drain()


def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statuses are reported without waiting."""
    from channels_ingest.simulator import faults

    monkeypatch.setattr(faults, "STEPS", tuple((word, 0.0) for word, _ in faults.STEPS))


def the_message() -> OutboxMessage:
    return OutboxMessage.objects.select_related("entry").get()


def the_answer() -> Entry:
    return Entry.objects.get(direction="out")


def together(work: list[Callable[[], Any]]) -> list[Any]:
    """All of it starts at the same moment, each in a thread with a connection of its own."""
    gate = threading.Barrier(len(work))
    results: list[Any] = [None] * len(work)

    def run(number: int) -> None:
        gate.wait()
        try:
            results[number] = work[number]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
