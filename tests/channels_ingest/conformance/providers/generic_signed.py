"""A gateway that signs by Standard Webhooks; the signature is by the reference library."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

from channels_ingest.adapters._standard_webhooks import WINDOW
from channels_ingest.adapters.generic_signed import ADAPTER
from channels_ingest.simulator.plays.base import Person
from channels_ingest.simulator.plays.generic_signed import PLAY
from tests.channels_ingest.conformance.description import Description, Signed


def sign(body: bytes, *, secret: str, url: str, at: datetime) -> Signed:
    message_id = f"msg_{hashlib.sha256(body).hexdigest()[:16]}"
    try:
        signature = Webhook(secret).sign(message_id, at, body.decode())
    except UnicodeDecodeError:  # the library signs text alone; the spec signs bytes
        content = f"{message_id}.{int(at.timestamp())}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signature = f"v1,{base64.b64encode(hmac.digest(key, content, 'sha256')).decode()}"
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    return Signed(body=body, headers=headers)


def batch(messages: Sequence[tuple[str, str]]) -> bytes:
    said = [
        {"type": "message", "id": f"m-{key}", "from": "+14155550123", "at": "2026-03-01T14:05:00Z", "text": text}
        for text, key in messages
    ]
    return json.dumps(said).encode()


DESCRIPTION = Description(
    adapter=ADAPTER,
    values={"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    signing="secret",
    another="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    sign=sign,
    message=lambda text, key: batch([(text, key)]),
    batch=batch,
    payloads=["generic-*.json"],
    window=WINDOW,
    play=PLAY,
    person=Person(address="+14155550123", name="Mira Lind"),
)
