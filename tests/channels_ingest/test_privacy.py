"""What a customer writes and who they are stays out of logs, metrics and faults, also when something breaks."""

import io
import logging
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.models import AccountSecret, Envelope
from cxhub.logs import JsonFormatter
from profiles.models import Role
from tests.channels_ingest.evidence import Shop, event, introduction
from tests.conftest import APP_SECRET, Deliver, whatsapp_text

CANARIES = ("canary-text", "15550177777", "Canary Name", APP_SECRET)


@pytest.fixture
def written() -> "io.StringIO":
    """Everything any logger writes, as the hub writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream  # type: ignore[misc]
    root.removeHandler(handler)
    root.setLevel(level)


def test_no_canary_in_logs_metrics_or_faults(client: Client, deliver: Deliver, written: io.StringIO) -> None:
    message = whatsapp_text("canary-text", wamid="w.1", wa_id="15550177777")
    message["entry"][0]["changes"][0]["value"]["contacts"][0]["profile"]["name"] = "Canary Name"
    deliver(message)
    deliver(b'{"object": "canary-text 15550177777"}')
    deliver(message, secret="wrong")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE timeline_entry ADD CONSTRAINT no_canary CHECK (text <> 'canary-text')")
    pipeline.drain()
    try:
        raise ZeroDivisionError("canary-text of 15550177777")
    except ZeroDivisionError:
        logging.getLogger("django.request").exception("failed for %s", "Canary Name")
    seen = written.getvalue() + client.get("/metrics").content.decode() + client.get("/readyz").content.decode()
    seen += " ".join(Envelope.objects.values_list("fault", flat=True))
    assert "envelope failed" in seen
    assert not [canary for canary in CANARIES if canary in seen]


def test_no_canary_of_a_trusted_server_in_logs_urls_or_faults(
    client: Client, token_for: Callable[..., dict[str, str]], written: io.StringIO
) -> None:
    shop = Shop(client, token_for(Role.INGEST))
    known = [{"kind": "phone", "value": "+15550177777"}]
    answers = [
        shop.post("identify", introduction(identifiers=known, traits={"name": "Canary Name"})),
        shop.post(
            "events", [event(identifiers=known, detail={"url": "canary-text"}), event(id="e.2", kind="canary-text")]
        ),
        shop.post("events", event(), **{"Idempotency-Key": "canary-text"}),
        shop.post("events", event("e.3"), **{"Idempotency-Key": "canary-text"}),
        shop.post("events", b'"canary-text'),
    ]
    pipeline.drain()
    seen = written.getvalue() + " ".join(Envelope.objects.values_list("fault", flat=True))
    seen += " ".join(answer.content.decode() for answer in answers)
    assert "refused: [0], [1]" in seen
    assert not [canary for canary in CANARIES if canary in seen]


def test_secrets_are_stored_encrypted(deliver: Deliver) -> None:
    stored = b"".join(bytes(secret.ciphertext) for secret in AccountSecret.objects.all())
    assert stored
    assert APP_SECRET.encode() not in stored
