"""What a customer writes, and the secret that signs it, stay out of logs and faults, also when recording breaks."""

import io
import logging
from collections.abc import Iterator

import pytest
from django.db import connection

from channels_ingest import pipeline
from channels_ingest.models import Envelope
from cxhub.logs import JsonFormatter
from tests.channels_ingest.conformance.conftest import Line

CANARY = "canary-text"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything any logger writes, as the hub writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_no_canary_in_logs_or_faults(line: Line, written: io.StringIO) -> None:
    body = line.of.message(CANARY, "1")
    assert line.deliver(body).status_code == 200
    assert line.deliver(body[: -len(body) // 3]).status_code in (200, line.of.adapter.refusal_status)
    assert line.deliver(body, secret=line.of.another).status_code == line.of.adapter.refusal_status
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE timeline_entry ADD CONSTRAINT no_canary CHECK (text <> '{CANARY}')")
    pipeline.drain()
    seen = written.getvalue() + " ".join(Envelope.objects.values_list("fault", flat=True))
    assert "envelope failed" in seen
    assert CANARY not in seen
    assert line.secret not in seen
