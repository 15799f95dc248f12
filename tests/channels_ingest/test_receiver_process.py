"""The receiver under the hub's own web server: what only a real connection can do."""

import hashlib
import hmac
import http.client
import json
import os
from collections.abc import Iterable, Iterator

import pytest
from django.conf import settings
from django.db import connection

from benchmarks.scratch import server
from channels_ingest.models import Envelope
from profiles.models import ChannelAccount
from tests.conftest import APP_SECRET, whatsapp_text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web() -> Iterator[int]:
    """The port of a web process on the test's database."""
    parts = connection.get_connection_params()
    database = f"postgresql:///{parts['dbname']}?" + "&".join(
        f"{name}={parts[name]}" for name in ("host", "port", "user", "password") if parts.get(name)
    )
    environ = {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": settings.SECRET_KEY,
    }
    with server("cxhub.wsgi:application", environ) as port:
        yield port


def post_in_chunks(port: int, account: ChannelAccount, body: bytes, chunks: Iterable[bytes]) -> int:
    """The status of a delivery signed as `body` and sent as `chunks`, without a length."""
    signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
    sender = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    path = f"/webhooks/whatsapp_cloud/{account.key}/"
    try:
        sender.request("POST", path, iter(chunks), headers, encode_chunked=True)
        return sender.getresponse().status
    finally:
        sender.close()


def test_delivery_in_chunks_is_stored_as_the_bytes_that_came(web: int, whatsapp: ChannelAccount) -> None:
    body = json.dumps(whatsapp_text("hello " * 20_000, wamid="wamid.1")).encode()
    pieces = [body[at : at + 7_000] for at in range(0, len(body), 7_000)]
    assert post_in_chunks(web, whatsapp, body, pieces) == 200
    assert bytes(Envelope.objects.get().body) == body


def test_chunks_that_were_not_signed_are_refused_and_too_many_are_413(web: int, whatsapp: ChannelAccount) -> None:
    assert post_in_chunks(web, whatsapp, b"{}", [b"{", b" }"]) == 401
    biggest = b" " * 4_000_000
    assert post_in_chunks(web, whatsapp, biggest, [biggest]) == 200
    assert post_in_chunks(web, whatsapp, biggest + b" ", [biggest, b" "]) == 413
    assert Envelope.objects.count() == 1
