"""What a PostgreSQL that restarted under the web process costs: nothing that anybody sees."""

import hashlib
import hmac
import http.client
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection

from channels_ingest.models import Envelope
from profiles.models import ChannelAccount, Role
from tests.channels_ingest.evidence import event
from tests.conftest import APP_SECRET, Deliver, whatsapp_text

TokenFor = Callable[[Role], dict[str, str]]
#: More than the web process has threads, so that each of them is met.
AT_ONCE = 24


def ask(port: int, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> int:
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        caller.request(method, path, body, headers)
        return caller.getresponse().status
    finally:
        caller.close()


def everywhere(call: Callable[[int], int]) -> set[int]:
    """The statuses of as many calls at once as meet every thread."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return set(pool.map(call, range(AT_ONCE)))


def kill_backends() -> int:
    """Every other connection to the test's database is dead, as after a crash; returns how many were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_api_answers_on_after_its_connections_died(web_process: int, token_for: TokenFor) -> None:
    headers = token_for(Role.AGENT)

    def call(_n: int) -> int:
        return ask(web_process, "GET", "/api/v1/queue/", headers)

    assert everywhere(call) == {200}
    assert kill_backends() >= 2
    assert everywhere(call) == {200}


@pytest.mark.django_db(transaction=True)
def test_deliveries_are_stored_after_their_connections_died(web_process: int, whatsapp: ChannelAccount) -> None:
    def post(_n: int) -> int:
        body = json.dumps(whatsapp_text("hello", wamid=f"w.{uuid4()}")).encode()
        signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}"}
        return ask(web_process, "POST", f"/webhooks/whatsapp_cloud/{whatsapp.key}/", headers, body)

    assert everywhere(post) == {200}
    assert kill_backends() >= 2
    assert everywhere(post) == {200}
    assert Envelope.objects.count() == 2 * AT_ONCE


def test_delivery_pays_no_round_trip_for_the_health_of_its_connection(deliver: Deliver) -> None:
    assert deliver(whatsapp_text("so that the line is known", wamid="w.1")).status_code == 200
    connection.health_check_done = False  # as at the start of every request
    assert deliver(whatsapp_text("hello", wamid="w.2")).status_code == 200
    assert connection.health_check_done is False


@pytest.mark.django_db(transaction=True)
def test_events_are_stored_after_the_connections_died(web_process: int, token_for: TokenFor) -> None:
    headers = token_for(Role.INGEST)

    def call(_n: int) -> int:
        item = event(uuid4().hex)
        return ask(web_process, "POST", "/api/v1/events/", headers, json.dumps(item).encode())

    assert everywhere(call) == {202}
    assert kill_backends() >= 2
    assert everywhere(call) == {202}
    assert Envelope.objects.count() == 2 * AT_ONCE
