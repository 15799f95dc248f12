"""The receiver under the hub's own web server: what only a real connection can do."""

import hashlib
import hmac
import http.client
import json
from collections.abc import Iterable

import pytest

from channels_ingest.models import Envelope
from profiles.models import ChannelAccount
from tests.conftest import APP_SECRET, whatsapp_text

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_delivery_in_chunks_is_stored_as_the_bytes_that_came(web_process: int, whatsapp: ChannelAccount) -> None:
    body = json.dumps(whatsapp_text("hello " * 20_000, wamid="wamid.1")).encode()
    pieces = [body[at : at + 7_000] for at in range(0, len(body), 7_000)]
    assert post_in_chunks(web_process, whatsapp, body, pieces) == 200
    assert bytes(Envelope.objects.get().body) == body


def test_chunks_that_were_not_signed_are_refused_and_too_many_are_413(
    web_process: int, whatsapp: ChannelAccount
) -> None:
    assert post_in_chunks(web_process, whatsapp, b"{}", [b"{", b" }"]) == 401
    biggest = b" " * 4_000_000
    assert post_in_chunks(web_process, whatsapp, biggest, [biggest]) == 200
    assert post_in_chunks(web_process, whatsapp, biggest + b" ", [biggest, b" "]) == 413
    assert Envelope.objects.count() == 1
